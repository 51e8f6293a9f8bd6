"""Reading back what a file says about itself."""

from __future__ import annotations

import csv
import json
import os
import re
import struct
import zlib
from typing import Any

from nishimori.errors import BadArgument

__all__ = ["plain_cell", "read_document"]

_KEY = "nishimori"
_COMMENT = "# "
_WANTED = "expected a CSV, JSON, PNG, PDF, SVG or EPS file that nishimori has written"
_WORDS = ("name", "expression", "why", "at", "column", "of")
_PNG = b"\x89PNG\r\n\x1a\n"


def read_document(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a CSV, JSON, PNG, PDF, SVG or EPS file says about itself.

    Raises
    ------
    BadArgument
        If it cannot be read, is cut short, or says nothing.
    """
    path = os.fspath(path)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadArgument(f"cannot read {path!r}: {reason}; {_WANTED}") from None
    if not content.strip():
        raise BadArgument(f"{path!r} is empty; {_WANTED}")
    extension = os.path.splitext(path)[1].lower()
    if extension in (".tex", ".dat"):
        raise BadArgument(
            f"{path!r} is made for LaTeX: its comments say what made it, but its numbers are not "
            "compared; give a CSV, JSON or picture of the result"
        )
    try:
        document = _reader(content)(content)
    except (ValueError, KeyError, IndexError, TypeError, struct.error, zlib.error, csv.Error):
        document = None
    except RecursionError:
        document = None
    if not _is_document(document):
        raise BadArgument(f"{path!r} does not say how it was made, or is cut short; {_WANTED}")
    if not document["results"]:
        raise BadArgument(
            f"{path!r} is a table for reading, which is not compared; write it with --format csv "
            "or json"
        )
    found: dict[str, Any] = document
    return found


def _is_document(document: Any) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get(_KEY), str):
        return False
    entries, command = document.get("results"), document.get("command")
    return (
        isinstance(command, str | None)
        and isinstance(entries, list)
        and all(isinstance(entry, dict) for entry in entries)
        and all(isinstance(entry.get(word), str | None) for entry in entries for word in _WORDS)
    )


def _reader(content: bytes) -> Any:
    start = content.lstrip()[:200]
    if content.startswith(_PNG):
        return _from_png
    if start.startswith(b"%PDF"):
        return _from_pdf
    if start.startswith(b"%!PS"):
        return _from_eps
    if start.startswith((b"<?xml", b"<svg")):
        return _from_svg
    return _from_json if start.startswith(b"{") else _from_text


def _from_json(content: bytes) -> Any:
    return json.loads(content)


def _from_text(content: bytes) -> Any:
    """One line of names, then numbers; comment lines anywhere."""
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    document: dict[str, Any] = {"command": None, "results": []}
    for line in lines:
        if line.startswith(_COMMENT):
            _take_comment(line.removeprefix(_COMMENT).rstrip("\r\n"), document)
    table = csv.DictReader(line for line in lines if line.strip() and not line.startswith("#"))
    if document["results"]:
        document["rows"] = [{k: plain_cell(v) for k, v in row.items()} for row in table]
    return document


def _take_comment(comment: str, document: dict[str, Any]) -> None:
    word, _, rest = comment.partition(" ")
    if word == _KEY:
        document[_KEY] = rest
    elif word == "command:":
        document["command"] = rest
    elif word == "expression:":
        document["results"].append(_entry(rest))
    elif word == "column":
        column, _, made = rest.partition(": ")
        of, _, text = made.partition(" of ")
        document["results"].append({**_entry(text), "name": column, "column": column, "of": of})


def _entry(text: str) -> dict[str, Any]:
    why = text.removeprefix("none: ")
    if why != text:
        return {"name": "", "expression": None, "why": why}
    return {"name": "", "expression": text}


def plain_cell(cell: Any) -> Any:
    """A cell of CSV as a number, a truth value, None or a word."""
    words = {"true": True, "false": False, "": None}
    if not isinstance(cell, str):  # a line too short, or too long
        return cell
    if cell in words:
        return words[cell]
    try:
        return float(cell)
    except ValueError:
        return cell


def _from_png(content: bytes) -> Any:
    found, place, kind = None, len(_PNG), b""
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        key, _, rest = data.partition(b"\0")
        if key == _KEY.encode() and kind == b"tEXt":
            found = json.loads(rest.decode("latin-1"))
        elif key == _KEY.encode() and kind == b"iTXt":
            packed, rest = rest[0], rest[2:].split(b"\0", 2)[2]
            found = json.loads(zlib.decompress(rest) if packed else rest)
        place += 12 + length
    return found if kind == b"IEND" and place == len(content) else None


def _from_pdf(content: bytes) -> Any:
    if b"%%EOF" not in content[-1024:]:
        return None
    start = content.index(b"/Keywords (") + len(b"/Keywords (")
    text = re.match(rb"(?:[^()\\]+|\\.)*", content[start:], re.DOTALL)
    assert text is not None
    raw = re.sub(rb"\\([()\\])", rb"\1", text[0])
    return json.loads(raw.decode("utf-16") if raw[:2] == b"\xfe\xff" else raw.decode("latin-1"))


def _from_svg(content: bytes) -> Any:
    from html import unescape

    found = re.search(rb"<dc:description>(.*?)</dc:description>", content, re.DOTALL)
    whole = content.rstrip().endswith(b"</svg>")
    return json.loads(unescape(found[1].decode())) if found and whole else None


def _from_eps(content: bytes) -> Any:
    parts = re.findall(rf"^%{_KEY} (.*)$".encode(), content, re.MULTILINE)
    return json.loads(b"".join(parts)) if content.rstrip().endswith(b"showpage") else None
