"""What SQLite files of results share: names, keys, and sentences for what goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import numpy as np

from nishimori.arguments import shown
from nishimori.errors import BadArgument, OutputError

__all__ = ["canonical", "differences", "key", "require_path", "sentences", "told_of", "transaction"]


def require_path(path: Any) -> str:
    """A file's name as text, or a sentence; SQLite would keep ``""`` in memory, and lose it."""
    try:
        name = os.fsdecode(path)
    except (TypeError, UnicodeError):
        name = ""
    if not name or "\0" in name or name == ":memory:":
        raise BadArgument(
            f"store: expected the name of a file such as 'runs.sqlite', got {shown(path)}"
        )
    return name


def canonical(spec: Mapping[str, Any]) -> str:
    """One text for one specification, which is made of the types of JSON."""
    return json.dumps(spec, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def key(spec: Mapping[str, Any]) -> str:
    """The digest of a specification."""
    return hashlib.sha256(canonical(spec).encode()).hexdigest()


def told_of(spec: Mapping[str, Any], form: int) -> dict[str, str]:
    """What a file says of the results in it: their specification, and where they were computed."""
    return {
        "format": str(form),
        "key": key(spec),
        "specification": canonical(spec),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What differs between two specifications, in words: "seed (0 there, 1 here)"."""
    parts = []
    for name in dict.fromkeys([*one, *other]):
        first, second = one.get(name), other.get(name)
        if first != second:
            there, here = _apart(_text(first), _text(second))
            parts.append(f"{name} ({there} there, {here} here)")
    return ", ".join(parts)


@contextmanager
def transaction(file: sqlite3.Connection) -> Iterator[None]:
    """All that is executed inside, or nothing of it."""
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
        file.execute("COMMIT")
    except BaseException:
        if file.in_transaction:
            file.execute("ROLLBACK")
        raise


@contextmanager
def sentences(path: str, done: str, kept: bool) -> Iterator[None]:
    """Turn what SQLite raises into one sentence.

    Parameters
    ----------
    path : str
    done : str
        What the file could not be: "opened", "read" or "written".
    kept : bool
        Whether it holds results of before.
    """
    try:
        yield
    except sqlite3.Error as error:
        text = str(error).lower()
        if "not a database" in text or "malformed" in text:
            raise BadArgument(
                f"store: {path!r} is not a results file of nishimori ({error}); give another name"
            ) from None
        if "full" in text:
            why = "the disk is full; make room"
        elif "locked" in text:
            why = "another process keeps it; wait for it"
        elif "readonly" in text or "unable to open" in text:
            why = f"{error}; give a file in a writable directory"
        else:
            why = f"{error}; see to the disk"
        text = f"store: {path!r} cannot be {done}: {why}"
        if kept:
            text += ". What was saved before is kept, and running again goes on from there"
        raise OutputError(text) from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _apart(first: str, second: str) -> tuple[str, str]:
    """The beginnings of two texts, or what is around the first place where they differ."""
    same = (a == b for a, b in zip(first, second, strict=False))
    place = sum(takewhile(bool, same))
    start = place - 20 if place > 40 else 0
    return _short(first, start), _short(second, start)


def _short(text: str, start: int) -> str:
    text = f"...{text[start:]}" if start else text
    return text if len(text) <= 60 else f"{text[:57]}..."
