"""What every file says about itself: the call behind it, the version, and its own numbers.

A document is a dict with the keys ``nishimori`` (the version), ``format``, ``command`` and
``results``: a list of entries, each with a name, a kind and an ``expression`` that makes the result
again. The numbers of an entry are its own ``rows``; or those of the document, of which it may make
one ``column`` only; or what the document holds under the key that the entry is ``at``.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from nishimori._version import __version__
from nishimori.errors import NishimoriError
from nishimori.export.reading import read_document
from nishimori.export.tables import to_json
from nishimori.expressions import is_readable, write
from nishimori.results.origin import Origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

__all__ = [
    "describe",
    "describe_rows",
    "entry_of",
    "eps_with",
    "figure_metadata",
    "header_lines",
    "read_document",
    "register",
    "registered",
    "with_comments",
]

_KEY = "nishimori"
_FORMAT = 1
_COMMENT = "# "
_EPS_WIDTH = 200

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
    entries = [
        {**entry_of(name, result), "rows": result.rows()} for name, result in results.items()
    ]
    return _document(entries, command, more)


def describe_rows(
    rows: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
    command: Sequence[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The document of one table, which the results of `entries` have made.

    Arguments as in `describe`; entries are those of `entry_of`.
    """
    return {**_document(entries, command, more), "rows": list(rows)}


def entry_of(name: str, result: Any, **where: Any) -> dict[str, Any]:
    """How a result, or a problem, is made again; `where` in the document its numbers are.

    ``column="test_error_ridge", of="test_error"`` for one column of the rows, ``at="reduction"``
    for another key of the document.
    """
    entry: dict[str, Any] = {"name": name, "kind": type(result).__name__}
    try:
        entry["expression"] = _expression(result)
    except NishimoriError as error:
        entry |= {"expression": None, "why": str(error)}
    if entry["expression"] is None:
        entry.setdefault("why", "it was computed from data that the file does not hold")
    return {**entry, **where}


def header_lines(document: Mapping[str, Any]) -> list[str]:
    """Comment lines for a text file: the document without its numbers."""
    lines = [f"{_KEY} {document[_KEY]}"]
    if document["command"]:
        lines.append(f"command: {document['command']}")
    for entry in document["results"]:
        made = entry["expression"] or f"none: {entry.get('why', 'unknown')}"
        if "column" in entry:
            lines.append(f"column {entry['column']}: {entry['of']} of {made}")
        elif "at" not in entry:
            lines.append(f"expression: {made}")
    return [_COMMENT + " ".join(line.splitlines()) for line in lines]


def with_comments(text: str, document: Mapping[str, Any]) -> str:
    """`text` with the comment lines of `document` under it, where no reader of tables trips."""
    return "\n".join([text.rstrip("\n"), *header_lines(document), ""])


def register(figure: Figure | SubFigure, document: Mapping[str, Any]) -> None:
    """Remember what has been drawn in a figure, for when it is saved."""
    root: Any = figure
    while getattr(root, "figure", root) is not root:  # a subfigure is saved with its figure
        root = root.figure
    _FIGURES.setdefault(root, []).append(dict(document))


def registered(figure: Figure) -> dict[str, Any] | None:
    """The document of everything drawn in a figure, or None."""
    documents = _FIGURES.get(figure)
    if not documents:
        return None
    entries = list(
        {repr(entry): entry for document in documents for entry in document["results"]}.values()
    )
    commands = list(dict.fromkeys(d["command"] for d in documents if d["command"]))
    return {**documents[-1], "command": "; ".join(commands) or None, "results": entries}


def figure_metadata(document: Mapping[str, Any], extension: str) -> dict[str, Any]:
    """`document` as the metadata of a picture, as matplotlib takes it."""
    packed = _packed(document)
    maker = f"{_KEY} {document[_KEY]}"
    if extension == "png":
        return {"Software": maker, _KEY: packed}
    if extension == "pdf":
        return {"Creator": maker, "Keywords": packed}
    if extension == "svg":
        return {"Creator": maker, "Description": packed}
    return {"Creator": maker} if extension == "eps" else {}


def eps_with(content: bytes, document: Mapping[str, Any]) -> bytes:
    """An EPS picture with `document` as comments, since matplotlib has no other place for it."""
    packed = _packed(document)
    parts = [packed[k : k + _EPS_WIDTH] for k in range(0, len(packed), _EPS_WIDTH)]
    lines = "".join(f"%{_KEY} {part}\n" for part in parts).encode()
    head, mark, rest = content.partition(b"%%EndComments\n")
    return head + mark + lines + rest if mark else content


def _packed(document: Mapping[str, Any]) -> str:
    return json.dumps(json.loads(to_json(document)), separators=(",", ":"))


def _document(
    entries: Sequence[Mapping[str, Any]], command: Sequence[str] | None, more: Mapping[str, Any]
) -> dict[str, Any]:
    spelled = _evaluation(entries) if command is None else shlex.join(command)
    return {_KEY: __version__, "format": _FORMAT, "command": spelled, **more, "results": entries}


def _expression(result: Any) -> str | None:
    if not hasattr(result, "origin"):
        return write(result) if hasattr(result, "learning_curve") else None  # a problem
    if not isinstance(result.origin, Origin):
        return None
    text = result.origin.expression
    if result.origin.method == "nm.sweep":  # its failures are rows
        return text
    failed = getattr(result, "failed", getattr(getattr(result, "status", None), "failed", False))
    if (failed if isinstance(failed, bool) else failed.any()) and "on_failure=" not in text:
        text = f"{text[:-1]}, on_failure='return')"
    return text


def _evaluation(entries: Sequence[Mapping[str, Any]]) -> str | None:
    """A command that evaluates the expressions and prints their numbers."""
    made = list(dict.fromkeys(entry["expression"] for entry in entries))
    if not made or not all(text and is_readable(text) for text in made):
        return None
    code = "import nishimori as nm; "
    if any(word in text for text in made for word in ("inf", "nan")):
        code += "from math import inf, nan; "
    code += "; ".join(f"print({text}.to_csv(), end='')" for text in made)
    plain = not any(character in code for character in '"$`\\!')
    return f'python -c "{code}"' if plain else f"python -c {shlex.quote(code)}"
