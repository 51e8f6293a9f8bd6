"""Results on disk: a SQLite file that holds every repetition from the moment it ended."""

from __future__ import annotations

import json
import math
import os
import platform
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from nishimori.arguments import shown
from nishimori.errors import BadArgument, OutputError
from nishimori.simulate.plan import Measurement
from nishimori.simulate.specification import FORMAT, canonical, differences, key

__all__ = ["Store", "require_path"]

_APPLICATION = 0x4E534D53  # "NSMS", in the header of the file
_PATIENCE = 60.0  # seconds that another process may keep the file
_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE measurements (
    point INTEGER NOT NULL, repetition INTEGER NOT NULL, estimator INTEGER NOT NULL,
    test_error REAL, failure TEXT NOT NULL,
    PRIMARY KEY (point, repetition, estimator)
) WITHOUT ROWID;
"""


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


class Store:
    """One file, one specification.

    Every repetition is a transaction of its own, on the disk before the next one begins (rollback
    journal, ``synchronous=FULL``): what was saved survives a killed process and a power cut.

    Parameters
    ----------
    path : str or os.PathLike
        Made if it does not exist.
    spec : mapping
        See `specification`.

    Raises
    ------
    BadArgument
        If the file is not of this specification and version (says what differs), or is not a
        results file.
    OutputError
        If it cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str], spec: Mapping[str, Any]) -> None:
        self.path = require_path(path)
        self._spec = spec
        self._had_results = False
        with self._sentences("opened"):
            self._file = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
        try:
            with self._sentences("read"):
                self._open()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Let the file go; all that was saved is in it already."""
        self._file.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self) -> dict[tuple[int, int], list[Measurement]]:
        """The measurements of every repetition that has ended, by point and repetition."""
        found: dict[tuple[int, int], list[Measurement]] = {}
        query = (
            "SELECT point, repetition, test_error, failure FROM measurements "
            "ORDER BY point, repetition, estimator"
        )
        with self._sentences("read"):
            for point, repetition, error, failure in self._file.execute(query):
                value = math.nan if error is None else float(error)
                found.setdefault((point, repetition), []).append(Measurement(value, failure))
        return found

    def save(self, point: int, repetition: int, measured: list[Measurement]) -> None:
        """Write one repetition, whole or not at all."""
        rows = [
            (point, repetition, k, None if math.isnan(m.error) else m.error, m.failure)
            for k, m in enumerate(measured)
        ]
        with self._sentences("written"):
            self._file.execute("BEGIN IMMEDIATE")
            try:
                self._file.executemany(
                    "INSERT OR REPLACE INTO measurements VALUES (?, ?, ?, ?, ?)", rows
                )
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise
        self._had_results = True

    def require_writable(self) -> None:
        """Find out before any work whether results can be saved."""
        with self._sentences("written"):
            self._file.execute("BEGIN IMMEDIATE")
            self._file.execute("UPDATE about SET value = value")
            self._file.execute("ROLLBACK")

    def _open(self) -> None:
        self._file.execute("PRAGMA synchronous = FULL")
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (tables,) = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._had_results = application == _APPLICATION
        if tables == 0 and application in (0, _APPLICATION):
            self._create()
            return
        if application != _APPLICATION:
            raise BadArgument(
                f"store: {self.path!r} is a SQLite file, but not one of results of nishimori; "
                "give another name"
            )
        self._compare()

    def _create(self) -> None:
        about = {
            "format": str(FORMAT),
            "key": key(self._spec),
            "specification": canonical(self._spec),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
        }
        self._file.execute("BEGIN IMMEDIATE")
        try:
            (tables,) = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables == 0:
                self._file.execute(f"PRAGMA application_id = {_APPLICATION}")
                for statement in _TABLES.split(";")[:-1]:
                    self._file.execute(statement)
                self._file.executemany("INSERT INTO about VALUES (?, ?)", about.items())
            self._file.execute("COMMIT")
        except BaseException:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
            raise
        if tables:  # another process was faster
            self._compare()

    def _compare(self) -> None:
        about = dict(self._file.execute("SELECT name, value FROM about"))
        if about.get("key") == key(self._spec):
            return
        there = json.loads(about.get("specification", "{}"))
        raise BadArgument(
            f"store: the results in {self.path!r} are of another specification; it differs in "
            f"{differences(there, self._spec)}; give another file"
        )

    @contextmanager
    def _sentences(self, done: str) -> Iterator[None]:
        """Turn what SQLite raises into one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            text = str(error).lower()
            if "not a database" in text or "malformed" in text:
                raise BadArgument(
                    f"store: {self.path!r} is not a results file of nishimori ({error}); give "
                    "another name"
                ) from None
            if "full" in text:
                why = "the disk is full; make room"
            elif "locked" in text:
                why = "another process keeps it; wait for it"
            elif "readonly" in text or "unable to open" in text:
                why = f"{error}; give a file in a writable directory"
            else:
                why = f"{error}; see to the disk"
            text = f"store: {self.path!r} cannot be {done}: {why}"
            if self._had_results:
                text += ". What was saved before is kept, and running again goes on from there"
            raise OutputError(text) from None
