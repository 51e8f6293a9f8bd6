"""Definitions with other parameters: ``channel.noise`` of a channel, ``activation.gain``."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from nishimori.errors import BadArgument, suggest

__all__ = ["changed", "require_parameter"]


def changed(definition: Any, changes: Mapping[str, Any]) -> Any:
    """A definition of the same kind with other parameters, by dotted names.

    Examples
    --------
    >>> import nishimori as nm
    >>> channel = nm.channels.Readout(nm.activations.Tanh(), noise=0.1)
    >>> changed(channel, {"noise": 0.2, "activation.gain": 2.0})
    Readout(activation=Tanh(gain=2.0), noise=0.2)
    """
    if not changes:
        return definition
    direct: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for path, value in changes.items():
        name, dot, rest = path.partition(".")
        if dot:
            nested.setdefault(name, {})[rest] = value
        else:
            direct[name] = value
    arguments = _arguments(definition) | direct
    for name, inner in nested.items():
        arguments[name] = changed(arguments[name], inner)
    return type(definition)(**arguments)


def require_parameter(definitions: Iterable[Any], path: str, owner: str) -> None:
    """Refuse, in a sentence, a dotted name that one of the definitions does not have."""
    name, dot, rest = path.partition(".")
    inner = []
    for definition in definitions:
        known = _names(definition.__class__)
        if name not in known:
            kind = type(definition).__name__
            if not known:
                raise BadArgument(f"sweep: {owner} {kind} takes no parameters, got {name!r}")
            error = suggest(name, known, f"parameter of {owner} {kind}")
            raise BadArgument(f"sweep: {error}")
        inner.append(getattr(definition, name))
    if dot:
        require_parameter(inner, rest, f"{owner}.{name}")


@lru_cache(maxsize=256)
def _names(kind: Any) -> tuple[str, ...]:
    if not kind.__module__.startswith("nishimori."):
        return ()
    return tuple(
        parameter.name
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    )


def _arguments(definition: Any) -> dict[str, Any]:
    own = definition.expression_arguments() if hasattr(definition, "expression_arguments") else {}
    return {
        name: own[name] if name in own else getattr(definition, name)
        for name in _names(definition.__class__)
    }
