"""What every file says about itself: the call behind it, the version, and its own numbers."""

from __future__ import annotations

import json
import os
import re
import shlex
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nishimori._version import __version__
from nishimori.errors import BadArgument, NishimoriError
from nishimori.export.tables import to_json

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "describe",
    "figure_metadata",
    "header_lines",
    "read_document",
    "register",
    "registered",
]

_KEY = "nishimori"
_FORMAT = 1
_COMMENT = "# "
_FIGURES: WeakKeyDictionary[Any, list[dict[str, Any]]] = WeakKeyDictionary()


def describe(
    results: Mapping[str, Any], command: Sequence[str] | None = None, **more: Any
) -> dict[str, Any]:
    """The document of some results: how each is made again, and its rows.

    Parameters
    ----------
    results : mapping of str
        Results by the name they go by in the file.
    command : sequence of str, optional
        The command line that made them; by default one that evaluates the expressions.
    **more
        More entries.
    """
    entries = []
    for name, result in results.items():
        entry: dict[str, Any] = {"name": name, "kind": type(result).__name__}
        try:
            entry["expression"] = result.origin.expression if result.origin else None
        except NishimoriError as error:
            entry["expression"], entry["why"] = None, str(error)
        entries.append({**entry, "rows": result.rows()})
    made = [entry["expression"] for entry in entries if entry["expression"]]
    return {
        _KEY: __version__,
        "format": _FORMAT,
        "command": _spell(command, made),
        **more,
        "results": entries,
    }


def header_lines(document: Mapping[str, Any]) -> list[str]:
    """Comment lines for the top of a text file: the document without its numbers."""
    lines = [f"nishimori {document[_KEY]}"]
    if document["command"]:
        lines.append(f"command: {document['command']}")
    for entry in document["results"]:
        if entry["expression"]:
            lines.append(f"expression: {entry['expression']}")
    return [_COMMENT + line for line in lines]


def register(figure: Figure, document: Mapping[str, Any]) -> None:
    """Remember what has been drawn in a figure, for when it is saved."""
    _FIGURES.setdefault(figure, []).append(dict(document))


def registered(figure: Figure) -> dict[str, Any] | None:
    """The document of everything drawn in a figure, or None."""
    documents = _FIGURES.get(figure)
    if not documents:
        return None
    entries: list[Any] = []
    for document in documents:
        entries += [entry for entry in document["results"] if entry not in entries]
    return {**documents[-1], "results": entries}


def figure_metadata(document: Mapping[str, Any], extension: str) -> dict[str, Any]:
    """`document` as the metadata of a picture, as matplotlib takes it."""
    text = to_json(document)
    packed = json.dumps(json.loads(text), separators=(",", ":"))
    if extension == "png":
        return {"Software": f"nishimori {document[_KEY]}", _KEY: packed}
    if extension == "pdf":
        return {"Creator": f"nishimori {document[_KEY]}", "Keywords": packed}
    if extension == "svg":
        return {"Creator": f"nishimori {document[_KEY]}", "Description": packed}
    return {}


def read_document(path: str) -> dict[str, Any]:
    """What a CSV, JSON, PNG, PDF or SVG file says about itself.

    Raises
    ------
    BadArgument
        If it cannot be read or says nothing.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise BadArgument(f"cannot read {path!r}: {error.strerror}") from None
    extension = os.path.splitext(path)[1].lower()
    readers = {".png": _from_png, ".pdf": _from_pdf, ".svg": _from_svg, ".json": _from_json}
    try:
        document = readers.get(extension, _from_text)(content)
    except (ValueError, KeyError, IndexError, struct.error, zlib.error):
        document = None
    if not isinstance(document, dict) or _KEY not in document or "results" not in document:
        raise BadArgument(
            f"{path!r} does not say how it was made; expected a CSV, JSON, PNG, PDF or SVG file "
            "that nishimori has written"
        )
    return document


def _spell(command: Sequence[str] | None, expressions: Sequence[str]) -> str | None:
    if command is not None:
        return shlex.join(command)
    if not expressions:
        return None
    code = "import nishimori as nm; " + "; ".join(f"print({text})" for text in expressions)
    return f"python -c {shlex.quote(code)}"


def _from_json(content: bytes) -> Any:
    return json.loads(content)


def _from_text(content: bytes) -> Any:
    """Comment lines, then one line of names, then numbers."""
    import csv

    lines = content.decode().splitlines()
    comments = [line.removeprefix(_COMMENT) for line in lines if line.startswith(_COMMENT)]
    document: dict[str, Any] = {"command": None, "results": []}
    for comment in comments:
        name, _, rest = comment.partition(" ")
        if name == _KEY:
            document[_KEY] = rest
        elif name == "command:":
            document["command"] = rest
        elif name == "expression:":
            document["results"].append({"expression": rest, "rows": []})
    table = csv.DictReader(line for line in lines if line and not line.startswith("#"))
    rows = [{name: _number(cell) for name, cell in row.items()} for row in table]
    if len(document["results"]) > 1:  # several in one table: made again by the command
        document["results"] = []
    if not document["results"]:
        document["results"].append({"expression": None})
    document["results"][0]["rows"] = rows
    return document


def _number(cell: str | None) -> Any:
    words = {"true": True, "false": False, "": None, None: None}
    if cell in words:
        return words[cell]
    try:
        return float(cell or "")
    except ValueError:
        return cell


def _from_png(content: bytes) -> Any:
    place = 8
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        key, _, rest = data.partition(b"\0")
        if key.decode("latin-1") == _KEY and kind == b"tEXt":
            return json.loads(rest.decode("latin-1"))
        if key.decode("latin-1") == _KEY and kind == b"iTXt":
            packed, rest = rest[0], rest[2:].split(b"\0", 2)[2]
            return json.loads(zlib.decompress(rest) if packed else rest)
        place += 12 + length
    return None


def _from_pdf(content: bytes) -> Any:
    start = content.index(b"/Keywords (") + len(b"/Keywords (")
    text = re.match(rb"(?:[^()\\]|\\.)*", content[start:], re.DOTALL)
    assert text is not None
    raw = re.sub(rb"\\([()\\])", rb"\1", text[0])
    raw = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), raw)
    return json.loads(raw.decode("utf-16") if raw[:2] == b"\xfe\xff" else raw.decode("latin-1"))


def _from_svg(content: bytes) -> Any:
    from html import unescape

    found = re.search(rb"<dc:description>(.*?)</dc:description>", content, re.DOTALL)
    return json.loads(unescape(found[1].decode())) if found else None
