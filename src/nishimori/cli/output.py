"""Where results go: standard output, a file or a picture, checked before any work is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from nishimori.errors import BadArgument, OutputError

__all__ = ["check_targets", "flush_standard_output", "note", "write_result"]


def check_targets(values: Mapping[str, Any]) -> None:
    """Refuse files that cannot be written, or that would overwrite each other or the options.

    Raises
    ------
    BadArgument, OutputError
        Before anything is computed; nothing is left behind.
    """
    from nishimori.export.files import check_writable

    taken = {os.path.realpath(values["config"]): "--config"} if "config" in values else {}
    for name in ("output", "plot"):
        if name not in values:
            continue
        path = values[name]
        other = taken.setdefault(os.path.realpath(path), f"--{name}")
        if other != f"--{name}":
            raise BadArgument(f"--{name} and {other} name the same file {path!r}")
        if name == "plot":
            from nishimori.export.plots import check_plot

            check_plot(path)
        check_writable(path)


def write_result(text: str, values: Mapping[str, Any]) -> None:
    """Put `text` on standard output, or into the file of ``--output``."""
    if "output" in values:
        from nishimori.export.files import write_atomically

        write_atomically(values["output"], text.encode())
        note(f"result written to {values['output']}", values)
    else:
        flush_standard_output(text)


def flush_standard_output(text: str = "") -> None:
    """Write `text` and all that waits; a reader that has seen enough and left is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_standard_output()
    except OSError as error:
        _silence_standard_output()
        raise OutputError(f"cannot write to standard output: {error.strerror}") from None


def note(text: str, values: Mapping[str, Any]) -> None:
    """A line on standard error, unless ``--quiet``."""
    if not values.get("quiet"):
        print(f"nishimori: {text}", file=sys.stderr)


def _silence_standard_output() -> None:
    """Keep the interpreter's last flush from failing once more."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
