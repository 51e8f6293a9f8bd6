"""Results on disk: a SQLite file that holds every repetition from the moment it ended."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from nishimori.errors import BadArgument
from nishimori.simulate.plan import Measurement
from nishimori.simulate.specification import FORMAT
from nishimori.storage import differences, key, require_path, sentences, told_of, transaction

__all__ = ["Store"]

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
        with self._sentences("written"), transaction(self._file):
            self._file.executemany(
                "INSERT OR REPLACE INTO measurements VALUES (?, ?, ?, ?, ?)", rows
            )
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
        told = told_of(self._spec, FORMAT)
        with transaction(self._file):
            (tables,) = self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables == 0:
                self._file.execute(f"PRAGMA application_id = {_APPLICATION}")
                for statement in _TABLES.split(";")[:-1]:
                    self._file.execute(statement)
                self._file.executemany("INSERT INTO about VALUES (?, ?)", told.items())
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

    def _sentences(self, done: str) -> AbstractContextManager[None]:
        return sentences(self.path, done, self._had_results)
