"""What states and curves of every kind have in common: points, rows, reprs, tables, plots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status
from nishimori.results.origin import Origin
from nishimori.results.travel import Travels, one_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Point", "Points"]

AnyPoint = TypeVar("AnyPoint", bound="Point")

_SUMMARY = ("regularization", "overlap", "mmse", "test_error", "train_loss")


class Point(Travels):
    """One computed point: a frozen dataclass, made without a repr of its own."""

    if TYPE_CHECKING:
        alpha: float
        status: Status

    @property
    def _title(self) -> str:
        raise NotImplementedError

    def row(self) -> dict[str, Any]:
        """The attributes by name, the status as its lower-case label."""
        row = {name: getattr(self, name) for name in _numbers_of(self)}
        row["status"] = self.status.label
        return row

    def rows(self) -> list[dict[str, Any]]:
        """The one row, as the exports write it."""
        return [self.row()]

    def plot(
        self,
        ax: Axes | None = None,
        *,
        axes: Axes | None = None,
        quantity: str = "test_error",
        **style: Any,
    ) -> Axes:
        """Draw `quantity` at this alpha as one point (extra ``plot``); returns the axes."""
        from nishimori.export.pictures import draw_points

        return draw_points(self, one_axes(ax, axes), quantity=quantity, **style)

    def __repr__(self) -> str:
        shown = [f"{name} {getattr(self, name):.8g}" for name in _SUMMARY if hasattr(self, name)]
        kind = type(self).__name__
        return f"<{kind} at alpha = {self.alpha:g}: {', '.join(shown)}, {self.status.label}>"

    def _repr_html_(self) -> str:
        from nishimori.export.html import state_html

        return state_html(self)

    def __str__(self) -> str:
        lines = [f"{self._title} at alpha = {self.alpha:g}: {self.status.label}"]
        for name, value in self.row().items():
            if isinstance(value, float) and name != "alpha":
                lines.append(f"  {name:<26}{value: .12g}")
        return "\n".join(lines)


class Points(Travels, Generic[AnyPoint]):
    """Many points: a frozen dataclass of arrays, made without a repr of its own."""

    if TYPE_CHECKING:
        alpha: NDArray[np.float64]
        status: NDArray[np.int_]
        origin: Origin | None

    _kind: ClassVar[Any]
    """The dataclass of one point."""
    _columns: ClassVar[tuple[str, ...]]
    """Of the table, the last being the residual."""

    @property
    def shape(self) -> tuple[int, ...]:
        """That of alpha."""
        return self.alpha.shape

    def __len__(self) -> int:
        return self.alpha.size

    def state(self, index: int | tuple[int, ...]) -> AnyPoint:
        """The point at `index` (of the flattened curve for an integer)."""
        values: dict[str, Any] = {}
        for name in _numbers_of(self._kind):
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value = value.flat[index] if isinstance(index, int) else value[index]
                value = value.item()
            values[name] = value
        values["status"] = Status(values["status"])
        found: AnyPoint = self._kind(**values, origin=self.origin)
        return found

    def __iter__(self) -> Iterator[AnyPoint]:
        return (self.state(index) for index in range(len(self)))

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point, as the JSON and CSV exports write them."""
        names = _numbers_of(self._kind)
        columns = []
        for name in names:
            value = getattr(self, name)
            flat = value.ravel().tolist() if isinstance(value, np.ndarray) else [value] * len(self)
            columns.append([Status(v).label for v in flat] if name == "status" else flat)
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Where the status is a failure."""
        return np.isin(self.status, [member.value for member in Status if member.failed])

    def __repr__(self) -> str:
        kind, count = type(self).__name__, len(self)
        lines = [f"<{kind} of {count} point{'' if count == 1 else 's'}, shape {self.alpha.shape}"]
        for name in ("alpha", *_SUMMARY) if count else ():
            if hasattr(self, name):
                values = getattr(self, name).ravel()
                lines.append(f"  {name:<15}{values[0]:.8g} to {values[-1]:.8g}")
        failures = int(self.failed.sum())
        lines.append(f"  {'status':<15}{failures or 'none'} failed>")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from nishimori.export.html import curve_html

        return curve_html(self)

    def __str__(self) -> str:
        lines = ["".join(f"{name:>20}" for name in self._columns) + "  status"]
        for row in self.rows():
            numbers = (f"{row[name]:>20.12g}" for name in self._columns[:-1])
            lines.append("".join(numbers) + f"{row['residual']:>20.1e}  {row['status']}")
        return "\n".join(lines)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        axes: Axes | None = None,
        quantity: str = "test_error",
        **style: Any,
    ) -> Axes:
        """Draw `quantity` against alpha with matplotlib (extra ``plot``); returns the axes.

        `ax` (or `axes`) is where to draw, by default the current axes of pyplot; `style` goes to
        `Axes.plot`.
        """
        from nishimori.export.plots import draw_curve

        return draw_curve(self, one_axes(ax, axes), quantity=quantity, **style)


def _numbers_of(result: Any) -> list[str]:
    """The names of its fields, but for where it came from."""
    return [field.name for field in fields(result) if field.name != "origin"]
