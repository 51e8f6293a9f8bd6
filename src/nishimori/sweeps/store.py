"""The rows of a sweep in a SQLite file, from the moment their chunk has ended."""

from __future__ import annotations

import json
import os
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from nishimori.errors import BadArgument, OutputError
from nishimori.storage import differences, key, require_path, sentences, told_of, transaction
from nishimori.sweeps.records import Block

__all__ = ["FORMAT", "Quantity", "Store"]

FORMAT = 1
"""Of the file; grows whenever old files could be misread."""

_APPLICATION = 0x4E535757  # "NSWW", in the header of the file
_PATIENCE = 5.0  # seconds that another process may keep the file
_MOST_QUANTITIES = 1900  # SQLite has 2000 columns
_ABOUT = ("point", "status", "failed", "error")
_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE quantities (
    name TEXT PRIMARY KEY, number INTEGER NOT NULL, point INTEGER NOT NULL, place INTEGER NOT NULL,
    kinds INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE done (first INTEGER PRIMARY KEY, stop INTEGER NOT NULL);
CREATE TABLE points (
    point INTEGER PRIMARY KEY, status TEXT NOT NULL, failed INTEGER NOT NULL, error TEXT NOT NULL
);
"""


class Quantity(NamedTuple):
    """One quantity: its name, its column ``q<number>``, where it is first, and its kinds."""

    name: str
    number: int
    point: int
    place: int
    kinds: int


class Store:
    """One file, one sweep; without a path, one that SQLite keeps and forgets.

    A chunk is one transaction, on the disk before the next one is written (rollback journal,
    ``synchronous=FULL``). While it is open for writing the file is locked: the lock ends with the
    process, however that ends.

    Parameters
    ----------
    path : str, os.PathLike or None
        Made if it does not exist.
    spec : mapping
        What the sweep is of.

    Raises
    ------
    BadArgument
        If the file is not of this sweep (says what differs), or is not a store of sweeps.
    OutputError
        If it cannot be read or written, or another process keeps it.
    """

    def __init__(self, path: str | os.PathLike[str] | None, spec: Mapping[str, Any]) -> None:
        self.path = None if path is None else require_path(path)
        self._spec = spec
        self._kept = False
        self._numbers: dict[str, Quantity] = {}
        with self._sentences("opened"):
            self._file: sqlite3.Connection | None = self._connect()
        try:
            with self._sentences("read"):
                self._open(self._file)
        except BaseException:
            self._file.close()
            raise

        if self.path is None:
            weakref.finalize(self, self._file.close)

    def finish(self) -> None:
        """Let the file go; reading opens it anew. What has no path stays."""
        if self.path is not None and self._file is not None:
            self._file.close()
            self._file = None

    # Writing.

    def save(self, first: int, stop: int, block: Block) -> None:
        """Write the rows of the cells from `first` up to `stop`, whole or not at all."""
        file = self._writing()
        known = dict(self._numbers)
        try:
            with self._sentences("written"), transaction(file):
                self._write(file, block)
                file.execute(
                    "INSERT OR REPLACE INTO done VALUES (?, max(?, coalesce("
                    "(SELECT stop FROM done WHERE first = ?), 0)))",
                    (first, stop, first),
                )
        except BaseException:
            self._numbers = known
            raise
        self._kept = True

    def _write(self, file: sqlite3.Connection, block: Block) -> None:
        columns = [self._learn(file, name, *rest) for name, rest in block.quantities.items()]
        names = [*_ABOUT, *columns]
        marks = ", ".join("?" * len(names))
        file.executemany(
            f"INSERT OR REPLACE INTO points ({', '.join(names)}) VALUES ({marks})",
            (row + (None,) * (len(names) - len(row)) for row in block.rows),
        )

    def _learn(
        self, file: sqlite3.Connection, name: str, _: int, point: int, place: int, kinds: int
    ) -> str:
        """The column of a quantity, made if it is new."""
        old = self._numbers.get(name)
        if old is None:
            number = len(self._numbers)
            if number >= _MOST_QUANTITIES:
                raise OutputError(
                    f"sweep: there are more than {_MOST_QUANTITIES} quantities; return the same "
                    "names at every point"
                )
            file.execute(f"ALTER TABLE points ADD COLUMN q{number}")
            new = Quantity(name, number, point, place, kinds)
        else:
            where = min((old.point, old.place), (point, place))
            new = Quantity(name, old.number, *where, old.kinds | kinds)
        if new != old:
            file.execute("INSERT OR REPLACE INTO quantities VALUES (?, ?, ?, ?, ?)", new)
            self._numbers[name] = new
        return f"q{new.number}"

    # Reading.

    def done(self) -> Iterator[tuple[int, int]]:
        """Ranges of cells that have ended: ascending, merged where they meet."""
        low = high = 0
        for first, stop in self._rows("SELECT first, stop FROM done ORDER BY first"):
            if first > high:
                if high > low:
                    yield low, high
                low, high = first, stop
            high = max(high, stop)
        if high > low:
            yield low, high

    def quantities(self) -> list[Quantity]:
        """Every quantity, in the order in which the points have them."""
        found = self._rows("SELECT * FROM quantities ORDER BY point, place, name")
        return [Quantity(*row) for row in found]

    def points(self, columns: Iterable[str], *, failed: bool = False) -> Iterator[tuple[Any, ...]]:
        """Some columns of every row, or of every failed one, by ascending point."""
        where = " WHERE failed" if failed else ""
        return self._rows(f"SELECT {', '.join(columns)} FROM points{where} ORDER BY point")

    def count(self, condition: str = "1") -> int:
        """How many rows there are."""
        ((number,),) = self._rows(f"SELECT count(*) FROM points WHERE {condition}")
        return int(number)

    def statuses(self) -> dict[str, int]:
        """How often each status is, the most frequent first."""
        query = "SELECT status, count(*) FROM points GROUP BY status ORDER BY count(*) DESC, status"
        return dict(self._rows(query))

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        with self._sentences("read"), self._reading() as file:
            yield from file.execute(query)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._file is not None:
            yield self._file
            return
        assert self.path is not None
        name = os.path.abspath(self.path).replace("%", "%25").replace("?", "%3f")
        uri = f"file:{name.replace('#', '%23')}?mode=ro"
        file = sqlite3.connect(uri, timeout=_PATIENCE, isolation_level=None, uri=True)
        try:
            yield file
        finally:
            file.close()

    # Opening.

    def _connect(self) -> sqlite3.Connection:
        name = "" if self.path is None else self.path
        return sqlite3.connect(
            name, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )

    def _open(self, file: sqlite3.Connection) -> None:
        file.execute("PRAGMA locking_mode = EXCLUSIVE")
        file.execute("PRAGMA synchronous = FULL")
        (application,) = file.execute("PRAGMA application_id").fetchone()
        (tables,) = file.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._kept = application == _APPLICATION
        if tables == 0 and application in (0, _APPLICATION):
            self._create(file)
        elif application != _APPLICATION:
            raise BadArgument(
                f"store: {self.path!r} is a SQLite file, but not one of sweeps of nishimori; "
                "give another name"
            )
        self._compare(file)
        found = file.execute("SELECT * FROM quantities")
        self._numbers = {row[0]: Quantity(*row) for row in found}

    def _create(self, file: sqlite3.Connection) -> None:
        told = told_of(self._spec, FORMAT)
        with self._sentences("written"), transaction(file):
            file.execute(f"PRAGMA application_id = {_APPLICATION}")
            for statement in _TABLES.split(";")[:-1]:
                file.execute(statement)
            file.executemany("INSERT INTO about VALUES (?, ?)", told.items())

    def _compare(self, file: sqlite3.Connection) -> None:
        about = dict(file.execute("SELECT name, value FROM about"))
        if about.get("key") == key(self._spec):
            return
        there = json.loads(about.get("specification", "{}"))
        raise BadArgument(
            f"store: {self.path!r} is of another sweep; it differs in "
            f"{differences(_flat(there), _flat(self._spec))}; give another file"
        )

    def require_writable(self) -> None:
        """Find out before any work whether rows can be saved."""
        with self._sentences("written"):
            file = self._writing()
            file.execute("BEGIN EXCLUSIVE")
            file.execute("UPDATE about SET value = value")
            file.execute("ROLLBACK")

    def _writing(self) -> sqlite3.Connection:
        assert self._file is not None
        return self._file

    def _sentences(self, done: str) -> AbstractContextManager[None]:
        return sentences(self.path or "(temporary)", done, self._kept and self.path is not None)


def _flat(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A specification with the axes of its grid as entries of their own."""
    out = {name: value for name, value in spec.items() if name not in ("grid", "shape")}
    return out | {f"grid {name}": value for name, value in spec.get("grid", {}).items()}
