"""The command line that was asked for, with the options of a file written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nishimori.cli.options import FLAG, Option, flag

__all__ = ["spelled_out"]

_UNSPOKEN = ("force", "output", "plot", "quiet")  # where results go, not what they are


def spelled_out(
    verb: str, texts: Mapping[str, Any], values: Mapping[str, Any], options: Sequence[Option]
) -> list[str]:
    """The command that needs no file of options.

    Parameters
    ----------
    texts : mapping
        What was given as text, by option name.
    values : mapping
        What was read, from the file too.
    options : sequence of Option
        Those of the verb.
    """
    command = ["nishimori", verb]
    for option in options:
        name = option.name
        if name not in values or name in _UNSPOKEN:
            continue
        if option.kind is FLAG:
            command += [flag(name)] if values[name] else []
            continue
        text = _typed(texts[name]) if name in texts else _text(values[name])
        command += [f"{flag(name)}={text}"] if text.startswith("-") else [flag(name), text]
    return command


def _typed(value: Any) -> str:
    """As it was typed; bytes that are no text cannot be written to a file."""
    return str(value).encode(errors="replace").decode()


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_layer(v) if isinstance(v, Mapping) else _text(v) for v in value)
    return repr(value) if isinstance(value, float) else _typed(value)


def _layer(layer: Mapping[str, Any]) -> str:
    rest = [f"{name}={_text(value)}" for name, value in layer.items() if name != "activation"]
    return ":".join([layer["activation"], *rest])
