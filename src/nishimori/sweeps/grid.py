"""The grid of a sweep: named axes, some of them zipped, and the settings of every cell."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nishimori.arguments import shown
from nishimori.errors import BadArgument
from nishimori.expressions import write

__all__ = ["Axis", "Cells", "Grid", "described", "item"]

_MOST_POINTS = 10**12
_RESERVED = ("status", "error")
_LONG = 2000  # characters of values that a specification spells out
_HOW = (
    "write {name: values} for an axis, {axis: {name: values, name: values}} for values that go "
    "together, or {name: value} for what stays the same"
)


def item(values: Sequence[Any], index: int) -> Any:
    """One of the values, as a Python number where it is one of NumPy's."""
    value = values[index]
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True, eq=False)
class Axis:
    """One dimension: as many values of one name, or of several that go together.

    Attributes
    ----------
    name : str
        Of the dimension.
    columns : dict of str to sequence
        Values by the name of what they are given to; all equally many.
    """

    name: str
    columns: dict[str, Sequence[Any]]

    @property
    def size(self) -> int:
        """How many values there are."""
        return len(next(iter(self.columns.values())))


@dataclass(frozen=True, eq=False)
class Grid:
    """All axes, and what stays the same.

    Attributes
    ----------
    axes : tuple of Axis
        The last one varies fastest.
    fixed : dict of str to object
    """

    axes: tuple[Axis, ...]
    fixed: dict[str, Any]

    @classmethod
    def of(cls, grid: Any) -> Grid:
        """What the user wrote, checked for all that can be checked without the subject."""
        if not isinstance(grid, Mapping):
            raise BadArgument(f"sweep: grid must be a mapping, got {shown(grid)}; {_HOW}")
        axes: list[Axis] = []
        fixed: dict[str, Any] = {}
        for name, value in grid.items():
            if not isinstance(name, str) or not name.strip():
                raise BadArgument(f"sweep: names in the grid are text, got {shown(name)}; {_HOW}")
            if isinstance(value, Mapping):
                axes.append(Axis(name, _zipped(name, value)))
            elif (values := _values(name, value)) is None:
                fixed[name] = value.item() if isinstance(value, np.ndarray | np.generic) else value
            else:
                axes.append(Axis(name, {name: values}))
        found = cls(tuple(axes), fixed)
        found._check_names()
        if found.size > _MOST_POINTS:
            raise BadArgument(
                f"sweep: the grid has {found.size:.3g} points, and at most {_MOST_POINTS:.0e} "
                "can be numbered"
            )
        return found

    def _check_names(self) -> None:
        for name in (*self.names, *(axis.name for axis in self.axes)):
            if name in _RESERVED:
                raise BadArgument(
                    f"sweep: the rows have a column {name!r} of their own; the grid must give "
                    "its another name"
                )
        seen = set(self.fixed)
        for name in [name for axis in self.axes for name in axis.columns]:
            if name in seen:
                raise BadArgument(f"sweep: the grid gives {name!r} twice; give it once")
            seen.add(name)
        for axis in self.axes:
            if axis.name in seen and axis.name not in axis.columns:
                raise BadArgument(
                    f"sweep: the axis {axis.name!r} of zipped values has the name of another entry "
                    "of the grid; give it another"
                )

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(axis.size for axis in self.axes)

    @property
    def size(self) -> int:
        """How many points there are."""
        return math.prod(self.shape)

    @property
    def names(self) -> list[str]:
        """Of everything that the grid gives, axes first."""
        return [*(name for axis in self.axes for name in axis.columns), *self.fixed]

    def values(self, name: str) -> Sequence[Any]:
        """Every value that the grid gives to `name`; empty where it gives none."""
        for axis in self.axes:
            if name in axis.columns:
                return axis.columns[name]
        return (self.fixed[name],) if name in self.fixed else ()

    def cells(self, batched: str | None) -> Cells:
        """The grid without the axis of `batched`, whose values each cell has all of."""
        kept, step, batch = [], 1, None
        for axis in reversed(self.axes):
            if list(axis.columns) == [batched]:
                batch = step
            else:
                kept.append((axis, 0, axis.size, step))
            step *= axis.size
        count = self.size // len(self.values(str(batched))) if batch else self.size
        together = self.values(str(batched)) if batch else None
        return Cells(tuple(kept), self.fixed, count, together, batch or 0)

    def description(self) -> dict[str, str]:
        """Axes and what stays the same, as texts that decide on every point."""
        out: dict[str, str] = {}
        for axis in self.axes:
            parts = {name: described(values, name) for name, values in axis.columns.items()}
            alone = list(parts) == [axis.name]
            out[axis.name] = (
                parts[axis.name]
                if alone
                else "; ".join(f"{name}: {text}" for name, text in parts.items())
            )
        return out | {name: _written(value, name) for name, value in self.fixed.items()}


@dataclass(frozen=True, eq=False)
class Cells:
    """What is computed one by one: the points of a grid, or the points but for one axis.

    Attributes
    ----------
    axes : tuple of (Axis, int, int, int)
        The fastest first; the index of the first value that is here, how many values the whole
        axis has, and how far apart in the grid its neighbours are.
    fixed : dict of str to object
    count : int
    together : sequence or None
        The values of the axis that every cell has all of.
    step : int
        How far apart in the grid those are.
    """

    axes: tuple[tuple[Axis, int, int, int], ...]
    fixed: dict[str, Any]
    count: int
    together: Sequence[Any] | None
    step: int

    @property
    def points_each(self) -> int:
        """Points of the grid in each cell."""
        return 1 if self.together is None else len(self.together)

    def settings(self, cell: int) -> dict[str, Any]:
        """What the grid gives to this cell, but for the values that it has all of."""
        values = dict(self.fixed)
        for axis, start, size, _ in self.axes:
            cell, index = divmod(cell, size)
            for name, column in axis.columns.items():
                values[name] = item(column, index - start)
        return values

    def points(self, cell: int) -> range:
        """The numbers of its points in the grid."""
        first = 0
        for _, _, size, step in self.axes:
            cell, index = divmod(cell, size)
            first += index * step
        if self.together is None:
            return range(first, first + 1)
        return range(first, first + self.step * len(self.together), self.step)

    def cell(self, point: int) -> int:
        """The cell that has a point of the grid."""
        cell, unit = 0, 1
        for _, _, size, step in self.axes:
            cell += point // step % size * unit
            unit *= size
        return cell

    def part(self, first: int, stop: int) -> Cells:
        """The same for some cells only, without the values that they do not need."""
        axes = []
        low, high = first, stop - 1
        for axis, start, size, step in self.axes:
            (low, a), (high, b) = divmod(low, size), divmod(high, size)
            if low == high and b - a + 1 < axis.size:
                columns = {
                    name: column[a - start : b + 1 - start] for name, column in axis.columns.items()
                }
                axis, start = Axis(axis.name, columns), a
            axes.append((axis, start, size, step))
        return Cells(tuple(axes), self.fixed, self.count, self.together, self.step)


def described(values: Iterable[Any], name: str) -> str:
    """Values as text; where it is long, how many there are, the first, and a digest of all."""
    digest = hashlib.sha256()
    texts: list[str] = []
    length = count = 0
    for value in _plain(values):
        text = _written(value, name)
        digest.update(text.encode() + b"\n")
        count += 1
        length += len(text)
        if length <= _LONG:
            texts.append(text)
    if length <= _LONG:
        return f"[{', '.join(texts)}]"
    first = texts[0] if texts else "..."
    return f"{count} values from {first} on, sha256 {digest.hexdigest()}"


def _plain(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield value.item() if isinstance(value, np.generic) else value


def _written(value: Any, name: str) -> str:
    try:
        return write(value)
    except BadArgument as error:
        raise BadArgument(
            f"sweep: a store needs to know what {name} is: {error}; use numbers, text, arrays and "
            "objects of nishimori, or leave store out"
        ) from None


def _zipped(axis: str, values: Mapping[Any, Any]) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {}
    for name, column in values.items():
        if not isinstance(name, str) or not name.strip():
            raise BadArgument(f"sweep: names in the grid are text, got {shown(name)}; {_HOW}")
        found = None if isinstance(column, Mapping) else _values(name, column)
        if found is None:
            raise BadArgument(
                f"sweep: {name!r} of the zipped axis {axis!r} must be a sequence, got "
                f"{shown(column)}"
            )
        columns[name] = found
    if not columns:
        raise BadArgument(f"sweep: the zipped axis {axis!r} is empty; {_HOW}")
    if len({len(column) for column in columns.values()}) > 1:
        lengths = ", ".join(f"{name} has {len(column)}" for name, column in columns.items())
        raise BadArgument(
            f"sweep: the values of the zipped axis {axis!r} must be equally many: {lengths}"
        )
    return columns


def _values(name: str, value: Any) -> Sequence[Any] | None:
    """The values of an axis; None for a single one."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return None
    if isinstance(value, set | frozenset):
        raise BadArgument(f"sweep: the values of {name} have no order in a set; give a list")
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return None
        if value.ndim > 1:
            raise BadArgument(
                f"sweep: the values of {name} must be a list or an array of one dimension, got "
                f"one of shape {value.shape}"
            )
        values: Any = value.copy()
    else:
        values = value if isinstance(value, range | tuple) else list(value)
    if len(values) == 0:
        raise BadArgument(f"sweep: {name} has no values; give at least one")
    return values
