"""Where results go: standard output, a file or a picture, checked before any work is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nishimori.errors import BadArgument, OutputError

__all__ = [
    "check_targets",
    "document_for",
    "flush_standard_output",
    "note",
    "picture_command",
    "write_document",
    "write_result",
]


def check_targets(values: Mapping[str, Any]) -> None:
    """Refuse files that exist (but for ``--force``), that cannot be written, or that are the same.

    Raises
    ------
    BadArgument, OutputError
        Before anything is computed; nothing is left behind.
    """
    from nishimori.export.files import check_writable, refuse_existing

    read = ("config", "file")
    taken = {os.path.realpath(values[name]): f"--{name}" for name in read if name in values}
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
        refuse_existing(path, bool(values.get("force")), "--force")


def document_for(
    values: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]] | None,
    entries: Sequence[Mapping[str, Any]],
    **more: Any,
) -> dict[str, Any]:
    """What a file of this command says about itself: see `nishimori.export.provenance`."""
    from nishimori.export.provenance import describe_rows

    document = describe_rows(rows or (), entries, values.get("command"), **more)
    if rows is None:
        del document["rows"]
    return document


def picture_command(values: Mapping[str, Any]) -> list[str] | None:
    """The command that draws the picture of ``--plot``."""
    command: list[str] | None = values.get("command")
    return None if command is None else [*command, "--plot", values["plot"]]


def write_document(
    document: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    table: Callable[[], str],
    values: Mapping[str, Any],
) -> None:
    """Write the result in the format that was asked for.

    JSON is the whole document. CSV and tables are followed by comment lines in a file, and by
    nothing on standard output, where other programs read them.
    """
    from nishimori.export import tables
    from nishimori.export.provenance import with_comments

    form = values.get("format", "table")
    if form == "json":
        write_result(tables.to_json(document), values)
        return
    text = tables.to_csv(rows) if form == "csv" else table()
    if "output" in values:
        said = document if form == "csv" else {**document, "results": []}
        text = with_comments(text, said)
    write_result(text, values)


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
