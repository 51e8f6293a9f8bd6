"""What is in a figure, in no language of a drawing program: items on panels.

Texts may hold mathematics between dollar signs; everything else is taken as it is, special
characters included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_choice, require_number, require_positive, shown
from nishimori.errors import BadArgument
from nishimori.figures.palette import BLACK, CYCLE, DASHES, GREY, MARKERS, SHADE

__all__ = ["Band", "Item", "Line", "Note", "Panel", "Points", "Span", "Threshold"]

FloatArray = NDArray[np.float64]
Scale = Literal["auto", "linear", "log"]

LEGENDS = ("auto", "none", "above", "upper right", "upper left", "lower right", "lower left")
SCALES = ("auto", "linear", "log")


@dataclass(frozen=True, eq=False)
class Line:
    """A line through points, broken where one is not finite.

    Attributes
    ----------
    x, y : array_like
        Of one length.
    label : str, optional
        For the legend.
    color : str, optional
        As ``"#rrggbb"``; by default the next of `palette.CYCLE`.
    dash : str, optional
        A key of `palette.DASHES`; by default the next.
    width : float, default 1.2
        In points.
    legend_marker : str, optional
        Of points that share its legend entry.
    """

    x: FloatArray
    y: FloatArray
    label: str | None = None
    color: str | None = None
    dash: str | None = None
    width: float = 1.2
    legend_marker: str | None = None

    def __post_init__(self) -> None:
        _settle_arrays(self, "x", "y")
        if self.dash is not None:
            require_choice("dash", self.dash, "Line", tuple(DASHES))


@dataclass(frozen=True, eq=False)
class Points:
    """Markers, with bars of length `error` to either side.

    Attributes
    ----------
    x, y : array_like
        Of one length; what is not finite is left out.
    error : array_like, optional
        Half-lengths of the bars, at least 0; there is none where it is not finite.
    label, color : str, optional
        As of `Line`.
    marker : str, optional
        One of `palette.MARKERS` or "ring"; by default the next.
    filled : bool, default False
        White inside otherwise.
    size : float, default 4
        In points.
    """

    x: FloatArray
    y: FloatArray
    error: FloatArray | None = None
    label: str | None = None
    color: str | None = None
    marker: str | None = None
    filled: bool = False
    size: float = 4.0

    def __post_init__(self) -> None:
        _settle_arrays(self, "x", "y", *(() if self.error is None else ("error",)))
        if self.error is not None and (self.error < 0.0).any():
            least = np.nanmin(self.error)
            raise BadArgument(f"Points: error must be at least 0, or NaN for no bar, got {least:g}")
        if self.marker is not None:
            require_choice("marker", self.marker, "Points", (*MARKERS, "ring"))


@dataclass(frozen=True, eq=False)
class Band:
    """The region between two lines, broken where one is not finite."""

    x: FloatArray
    low: FloatArray
    high: FloatArray
    label: str | None = None
    color: str = SHADE
    opacity: float = 1.0

    def __post_init__(self) -> None:
        _settle_arrays(self, "x", "low", "high")


@dataclass(frozen=True)
class Span:
    """A region between two values of one axis, across the whole panel."""

    low: float
    high: float
    label: str | None = None
    color: str = SHADE
    axis: Literal["x", "y"] = "x"

    def __post_init__(self) -> None:
        _settle_numbers(self, "low", "high")


@dataclass(frozen=True)
class Threshold:
    """A thin line at one value of one axis, its name along it, by default where there is room."""

    value: float
    label: str | None = None
    axis: Literal["x", "y"] = "x"
    color: str = GREY
    dash: str = "solid"
    side: Literal["left", "right"] | None = None

    def __post_init__(self) -> None:
        _settle_numbers(self, "value")
        require_choice("dash", self.dash, "Threshold", tuple(DASHES))


@dataclass(frozen=True)
class Note:
    """A few words at a point, on one side of it."""

    x: float
    y: float
    text: str
    side: Literal["left", "right", "above", "below"] = "right"
    color: str = BLACK

    def __post_init__(self) -> None:
        _settle_numbers(self, "x", "y")


Item = Line | Points | Band | Span | Threshold | Note


@dataclass(frozen=True, eq=False)
class Panel:
    """One pair of axes and what is on them, drawn in order.

    Attributes
    ----------
    items : sequence of items
    x_label, y_label : str
    x_scale, y_scale : {"auto", "linear", "log"}
        "auto" is logarithmic where all values are positive and span more than a decade.
    x_limits, y_limits : pair of float, optional
        By default, where the data are.
    legend : str, default "auto"
        A corner such as "upper right", "above" the panel, "none", or "auto": the emptiest corner.
    legend_title : str, optional
    weight : float, default 1
        Its height (or width, in a row) relative to the other panels.
    """

    items: Sequence[Item]
    x_label: str = ""
    y_label: str = ""
    x_scale: Scale = "auto"
    y_scale: Scale = "auto"
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None
    legend: str = "auto"
    legend_title: str | None = None
    weight: float = 1.0

    def __post_init__(self) -> None:
        require_choice("legend", self.legend, "Panel", LEGENDS)
        for name in ("x_scale", "y_scale"):
            require_choice(name, getattr(self, name), "Panel", SCALES)
        for item in self.items:
            if not isinstance(item, Item):
                raise BadArgument(
                    "Panel: items must be Line, Points, Band, Span, Threshold or Note of "
                    f"nishimori.figures, got {shown(item)}"
                )
        for name in ("x_limits", "y_limits"):
            _require_limits(name, getattr(self, name))
        object.__setattr__(self, "weight", require_positive("weight", self.weight, "Panel"))
        object.__setattr__(self, "items", _in_turn(self.items))


def style_of(place: int) -> dict[str, Any]:
    """Colour and dash of the line at `place`, from 0 on."""
    dashes = tuple(DASHES)
    return {"color": CYCLE[place % len(CYCLE)], "dash": dashes[place % len(dashes)]}


def marker_of(place: int) -> str:
    """Marker of the points at `place`, from 0 on."""
    return MARKERS[place % len(MARKERS)]


def _in_turn(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items, those without colour, dash or marker given the next ones."""
    settled: list[Item] = []
    lines = points = 0
    for item in items:
        if isinstance(item, Line):
            style = style_of(lines)
            lines += item.color is None or item.dash is None
            item = replace(
                item, color=item.color or style["color"], dash=item.dash or style["dash"]
            )
        elif isinstance(item, Points):
            color, marker = style_of(points)["color"], marker_of(points)
            points += item.color is None or item.marker is None
            item = replace(item, color=item.color or color, marker=item.marker or marker)
        settled.append(item)
    return tuple(settled)


def _settle_arrays(item: Any, *names: str) -> None:
    kind = type(item).__name__
    for name in names:
        try:
            values = np.array(getattr(item, name), dtype=np.float64)
        except (TypeError, ValueError):
            raise BadArgument(
                f"{kind}: {name} must be an array of numbers, got {shown(getattr(item, name))}"
            ) from None
        values = values.ravel()
        values.flags.writeable = False
        object.__setattr__(item, name, values)
    sizes = {name: getattr(item, name).size for name in names}
    if len(set(sizes.values())) > 1:
        said = ", ".join(f"{size} {name}" for name, size in sizes.items())
        raise BadArgument(f"{kind}: arrays must be of one length, got {said}")


def _settle_numbers(item: Any, *names: str) -> None:
    for name in names:
        number = require_number(name, getattr(item, name), type(item).__name__)
        object.__setattr__(item, name, number)


def _require_limits(name: str, limits: Any) -> None:
    if limits is None:
        return
    try:
        low, high = (float(value) for value in limits)
    except (TypeError, ValueError):
        raise BadArgument(f"Panel: {name} must be two numbers, got {shown(limits)}") from None
    if not (np.isfinite([low, high]).all() and low < high):
        raise BadArgument(f"Panel: {name} must be finite and ascending, got {shown(limits)}")


def labelled(items: Sequence[Item]) -> list[Line | Points | Band | Span]:
    """Those with an entry in the legend."""
    return [
        item
        for item in items
        if isinstance(item, Line | Points | Band | Span) and item.label is not None
    ]
