"""What a sweep returns: rows that stay in their store until they are asked for."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import suggest
from nishimori.results.origin import Origin
from nishimori.sweeps.grid import Grid
from nishimori.sweeps.labels import labels_of
from nishimori.sweeps.records import BOOL, INT, TEXT
from nishimori.sweeps.store import Quantity, Store

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["Sweep"]

_AT_ONCE = 10_000


class Sweep:
    """The table of a sweep: a row for every point of the grid, failures included.

    Made by `nishimori.sweep`. The rows are read from the store whenever they are asked for, so a
    sweep of a million points takes no memory before that.

    Attributes
    ----------
    dims : tuple of str
        The axes of the grid; the last one varies fastest.
    shape : tuple of int
        How many values each has.
    coordinates : dict of str to (str, sequence)
        By name, the axis along which it varies, and its labels there: numbers and text as they
        are, objects as their short text.
    fixed : dict of str to object
        Labels of what stayed the same.
    specification : dict
        What was computed, as text that decides on every number; the key of the store.
    origin : Origin
        The call that made it.
    """

    def __init__(
        self, grid: Grid, store: Store, specification: Mapping[str, Any], subject: Any
    ) -> None:
        self.dims: tuple[str, ...] = tuple(axis.name for axis in grid.axes)
        self.shape: tuple[int, ...] = grid.shape
        self.coordinates: dict[str, tuple[str, Sequence[Any]]] = {
            name: (axis.name, labels_of(name, values))
            for axis in grid.axes
            for name, values in axis.columns.items()
        }
        self.fixed: dict[str, Any] = {
            name: labels_of(name, [value])[0] for name, value in grid.fixed.items()
        }
        self.specification = dict(specification)
        self._grid = grid
        self._subject = subject
        self._store = store

    def __len__(self) -> int:
        return math.prod(self.shape)

    @property
    def origin(self) -> Origin:
        """The call that made it, without the store and the executor: they change no number."""
        axes = {
            axis.name: axis.columns[axis.name]
            if list(axis.columns) == [axis.name]
            else axis.columns
            for axis in self._grid.axes
        }
        grid = {name: _listed(values) for name, values in axes.items()} | self._grid.fixed
        return Origin(None, "nm.sweep", {"subject": self._subject, "grid": grid})

    @property
    def quantities(self) -> list[str]:
        """The names of what was computed, in the order of the rows."""
        return [quantity.name for quantity in self._store.quantities()]

    def rows(self, *, failed: bool = False) -> Iterator[dict[str, Any]]:
        """One dict per point, in the order of the grid: labels, quantities, status and error.

        Parameters
        ----------
        failed : bool, default False
            Only the points that failed.

        Notes
        -----
        A number that is not known is NaN. The error is a sentence, empty where nothing went wrong.
        """
        quantities = self._store.quantities()
        missing = [math.nan if _numeric(q) else None for q in quantities]
        truths = [q.kinds == BOOL for q in quantities]
        columns = ["point", "status", "error", *(f"q{q.number}" for q in quantities)]
        steps = self._steps()
        for point, status, error, *values in self._store.points(columns, failed=failed):
            row = {
                name: labels[point // steps[axis] % self.shape[self.dims.index(axis)]]
                for name, (axis, labels) in self.coordinates.items()
            }
            row = {k: v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
            parts = zip(quantities, values, missing, truths, strict=True)
            for quantity, value, instead, truth in parts:
                if value is None:
                    row[quantity.name] = instead
                else:
                    row[quantity.name] = bool(value) if truth else value
            yield row | {"status": status, "error": error}

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Where the point failed, in the shape of the grid."""
        out = np.zeros(len(self), dtype=np.bool_)
        for (point,) in self._store.points(["point"], failed=True):
            out[point] = True
        return out.reshape(self.shape)

    def arrays(self, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """Quantities (all of them by default) and ``status``, as arrays of the grid's shape."""
        known = {quantity.name: quantity for quantity in self._store.quantities()}
        wanted = [*known, "status", "error"] if names is None else list(names)
        for name in wanted:
            if name not in known and name not in ("status", "error"):
                raise suggest(name, [*known, "status", "error"], "quantity")
        columns = [f"q{known[name].number}" if name in known else name for name in wanted]
        out = {
            name: np.full(len(self), np.nan if name in known and _numeric(known[name]) else None)
            for name in wanted
        }
        rows = self._store.points(["point", *columns])
        while batch := _some(rows):
            points, *parts = zip(*batch, strict=True)
            where = np.array(points)
            for name, values in zip(wanted, parts, strict=True):
                out[name][where] = np.array(values, dtype=out[name].dtype)
        return {
            name: _typed(values, known.get(name)).reshape(self.shape)
            for name, values in out.items()
        }

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays([name])[name]

    def to_xarray(self) -> xarray.Dataset:
        """A variable for each quantity, the axes of the grid as labelled coordinates.

        Needs xarray; ``attrs`` say what was computed.
        """
        from nishimori.export.sweeps import to_xarray

        return to_xarray(self)

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a data frame; needs pandas."""
        from nishimori.export.sweeps import to_pandas

        return to_pandas(self)

    def to_csv(
        self, path: str | os.PathLike[str] | None = None, *, force: bool = False
    ) -> str | None:
        """The rows as CSV to the last digit, then comment lines (``#``) that say how it was made.

        `nishimori.export.reproduce` reads it back, and computes the sweep again.

        Parameters
        ----------
        path : str or os.PathLike, optional
            Where to; row by row, so that memory does not limit it.
        force : bool, default False
            Whether a file that exists may be overwritten.

        Returns
        -------
        str or None
            The text, but None where it went to `path`: it may be larger than the memory.

        Raises
        ------
        OutputError
            If the file exists or cannot be written.
        """
        from nishimori.export.sweeps import comment_pieces, csv_pieces, deliver, describe_sweep

        pieces = chain(csv_pieces(self), comment_pieces(describe_sweep(self)))
        return deliver(pieces, path, force)

    def to_json(
        self, path: str | os.PathLike[str] | None = None, *, force: bool = False
    ) -> str | None:
        """What made it, its specification and the rows as JSON, NaN as null.

        Arguments, what is returned (None where there is a path) and errors as in `to_csv`.
        """
        from nishimori.export.sweeps import deliver, json_pieces

        return deliver(json_pieces(self), path, force)

    def _steps(self) -> dict[str, int]:
        """How far apart neighbours along each axis are."""
        return {name: math.prod(self.shape[place + 1 :]) for place, name in enumerate(self.dims)}

    def labels_at_points(self, name: str) -> NDArray[Any]:
        """The labels of one coordinate, point by point."""
        axis, labels = self.coordinates[name]
        indices = np.arange(len(self)) // self._steps()[axis] % self.shape[self.dims.index(axis)]
        found: NDArray[Any] = as_array(labels)[indices]
        return found

    @property
    def summary(self) -> str:
        """One line: how many points, and how they ended."""
        counts = self._store.statuses()
        said = ", ".join(f"{count} {status}" for status, count in counts.items())
        failures = self._store.count("failed")
        text = f"{len(self)} points: {said}"
        if failures:
            row = next(self._store.points(["error"], failed=True))
            text += f"; {failures} failed (the first: {row[0]})"
        return text

    def __repr__(self) -> str:
        axes = " x ".join(f"{name} ({n})" for name, n in zip(self.dims, self.shape, strict=True))
        count = f"{len(self)} point{'' if len(self) == 1 else 's'}"
        lines = [f"<Sweep of {count}: {axes or 'no axis'}"]
        lines.append(f"  {'quantities':<15}{', '.join(self.quantities) or 'none'}")
        failures = self._store.count("failed")
        lines.append(f"  {'status':<15}{failures or 'none'} failed>")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from nishimori.export.html import sweep_html

        return sweep_html(self)


def as_array(labels: Sequence[Any]) -> NDArray[Any]:
    """Labels as numbers where all are, else as text."""
    if isinstance(labels, np.ndarray):
        return labels
    if all(isinstance(label, int | float) for label in labels):
        return np.array(labels)
    return np.array([str(label) for label in labels])


def _listed(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _listed(column) for name, column in values.items()}
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


def _numeric(quantity: Quantity) -> bool:
    return not quantity.kinds & TEXT and quantity.kinds not in (BOOL, INT)


def _some(rows: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for _, row in zip(range(_AT_ONCE), rows, strict=False)]


def _typed(values: NDArray[Any], quantity: Quantity | None) -> NDArray[Any]:
    """Truth values and integers as such where none is missing; numbers else."""
    if quantity is None or quantity.kinds & TEXT:
        return values
    if quantity.kinds in (BOOL, INT):
        whole = {BOOL: np.bool_, INT: np.int64}[quantity.kinds]
        if any(value is None for value in values):
            return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        return values.astype(whole)
    return values.astype(np.float64)
