"""What a backend needs besides the items: scales, limits, ticks and the place of the legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nishimori.figures.axis import Axis, axis_of, ticks_of
from nishimori.figures.description import (
    Band,
    Item,
    Line,
    Note,
    Panel,
    Points,
    Threshold,
    labelled,
)

__all__ = ["Settled", "height_of_legends", "settle", "settle_all"]

FloatArray = NDArray[np.float64]

_LEAST = 0.1  # inches of an axis, on axes of others
_MARGIN = 0.04  # of an axis, beside the data
_STEP = 0.01  # of an axis, between places along a line
_FREE = 4.0  # places that the legend may cover; if it would cover more, it goes above
_LETTER = 0.05  # inches of one character of a legend
_ACROSS, _UP = 0.24, 0.15  # inches between numbers at an axis
_ROW = 0.16  # inches of one row of it
_CORNERS = {
    "upper right": (1, 1),
    "upper left": (0, 1),
    "lower left": (0, 0),
    "lower right": (1, 0),
}


@dataclass(frozen=True, eq=False)
class Settled:
    """A panel with its axes and the corner of its legend."""

    panel: Panel
    x: Axis
    y: Axis
    legend: str
    legend_columns: int
    names: dict[int, tuple[str, str]]
    """By place of a threshold in the panel: the side of its line that its name is on, and where."""

    @property
    def rows_above(self) -> int:
        """Of a legend above the panel."""
        if self.legend != "above":
            return 0
        title = self.panel.legend_title is not None
        return math.ceil(len(labelled(self.panel.items)) / self.legend_columns) + title


def settle_all(panels: Sequence[Panel], columns: int, size: tuple[float, float]) -> list[Settled]:
    """Every panel; those above each other that share a label share their axis too."""
    total, rows = sum(panel.weight for panel in panels), -(-len(panels) // columns)
    settled = []
    for panel in panels:
        part = panel.weight / total
        across = size[0] * (part if rows == 1 else 1.0 / columns)
        settled.append(settle(panel, across, size[1] * (part if columns == 1 else 1.0 / rows)))
    for column in range(columns):
        members = range(column, len(panels), columns)
        shared = {settled[k].x.label for k in members}
        if len(members) < 2 or len(shared) != 1 or len({settled[k].x.log for k in members}) != 1:
            continue
        low = min(settled[k].x.low for k in members)
        high = max(settled[k].x.high for k in members)
        for k in members:
            below = k + columns < len(panels)
            old = settled[k]
            ticks = ticks_of(old.x.log, low, high, (size[0] / columns - 0.6) / _ACROSS)
            axis = Axis("" if below else old.x.label, old.x.log, low, high, ticks)
            settled[k] = Settled(old.panel, axis, old.y, old.legend, old.legend_columns, old.names)
    return settled


def height_of_legends(panels: Sequence[Panel], columns: int, size: tuple[float, float]) -> float:
    """Inches that legends above panels take, in all rows."""
    heights = [_ROW * settled.rows_above for settled in settle_all(panels, columns, size)]
    return sum(max(heights[k : k + columns]) for k in range(0, len(heights), columns))


def settle(panel: Panel, width: float, height: float) -> Settled:
    """The axes of a panel of so many inches, and a free corner for its legend."""
    values = _values(panel.items, "x")
    margin = _MARGIN if any(isinstance(item, Points) for item in panel.items) else 0.0
    inches = (max(width - 0.6, _LEAST), max(height - 0.5, _LEAST))
    room = inches[0] / _ACROSS, inches[1] / _UP
    x = axis_of(panel.x_label, panel.x_scale, panel.x_limits, values, values, margin, room[0])
    up, bars = (_values(panel.items, "y", x, bars=bars) for bars in (False, True))
    y = axis_of(panel.y_label, panel.y_scale, panel.y_limits, up, bars, _MARGIN, room[1])
    names = _names(panel.items, x, y, inches)
    entries = labelled(panel.items)
    legend = panel.legend if entries else "none"
    texts = [str(item.label) for item in entries] + [panel.legend_title or ""]
    across = 0.55 + _LETTER * max(len(_visible(text)) for text in texts)
    if legend == "auto":
        box = (
            across / inches[0],
            (0.08 + _ROW * (len(entries) + bool(panel.legend_title))) / inches[1],
        )
        legend = _emptiest(panel.items, x, y, box, names)
    fit = max(1, min(len(entries), int((width - 0.15) / across)))
    even = math.ceil(len(entries) / math.ceil(len(entries) / fit)) if entries else 1
    return Settled(panel, x, y, legend, even, names)


def _values(
    items: Iterable[Item], name: str, within: Axis | None = None, *, bars: bool = False
) -> FloatArray:
    """All values on an axis, on y only those whose x can be seen.

    With `bars` also how far bars and bands reach, which decides on the limits but not on the scale.
    """
    found = [np.empty(0)]
    for item in items:
        if isinstance(item, Line | Points | Band):
            seen = np.ones(item.x.size, dtype=bool)
            if within is not None:
                place = within.place(item.x)
                seen = (place > -1e-9) & (place < 1.0 + 1e-9)
            found += [values[seen] for values in _arrays(item, name, bars)]
        elif isinstance(item, Note):
            found.append(np.array([item.x if name == "x" else item.y]))
        elif isinstance(item, Threshold) and item.axis == name:
            found.append(np.array([item.value]))
    return np.concatenate(found)


def _arrays(item: Line | Points | Band, name: str, bars: bool) -> list[FloatArray]:
    if name == "x":
        return [item.x]
    if isinstance(item, Band):
        return [item.low, item.high] if bars else []
    if bars and isinstance(item, Points) and item.error is not None:
        return [item.y, item.y - item.error, item.y + item.error]
    return [item.y]


def _names(
    items: Sequence[Item], x: Axis, y: Axis, inches: tuple[float, float]
) -> dict[int, tuple[str, str]]:
    """The side of its line that a threshold is named on and the height: where there is room."""
    found: dict[int, tuple[str, str]] = {}
    thick = 0.75 * _ROW / inches[0]
    for k, item in enumerate(items):
        if not isinstance(item, Threshold) or item.axis != "x" or not item.label:
            continue
        others = [_drawn(other, x, y, found.get(n)) for n, other in enumerate(items) if n != k]
        length = _LETTER * len(_visible(item.label)) / inches[1]
        starts = {"left": -thick, "right": 0.0}
        lows = {"top": 1.0 - length, "middle": 0.5 - 0.5 * length, "bottom": 0.0}
        at = float(x.place(item.value))
        covered = {
            (side, where): sum(
                weight * _inside(across - at - starts[side], thick, up - lows[where], length)
                for across, up, weight in others
            )
            for side in ((item.side,) if item.side else starts)
            for where in lows
        }
        found[k] = min(covered, key=lambda place: covered[place])
    return found


def _inside(across: FloatArray, width: float, up: FloatArray, height: float) -> int:
    return int(((across >= 0.0) & (across <= width) & (up >= 0.0) & (up <= height)).sum())


def _emptiest(
    items: Sequence[Item],
    x: Axis,
    y: Axis,
    box: tuple[float, float],
    names: dict[int, tuple[str, str]],
) -> str:
    """The corner in which a box of this size covers least of what is drawn, or "above"."""
    counts = dict.fromkeys(_CORNERS, 0.0)
    for k, item in enumerate(items):
        across, up, weight = _drawn(item, x, y, names.get(k))
        for name, (right, top) in _CORNERS.items():
            start, low = right * (1.0 - box[0]), top * (1.0 - box[1])
            counts[name] += weight * _inside(across - start, box[0], up - low, box[1])
    best = min(counts, key=lambda name: counts[name])
    return best if counts[best] <= _FREE else "above"


def _drawn(
    item: Item, x: Axis, y: Axis, name: tuple[str, str] | None = None
) -> tuple[FloatArray, FloatArray, float]:
    """Places that an item covers, close to each other along lines, and how much they matter."""
    nothing = np.empty(0)
    if isinstance(item, Points):
        across, up = x.place(item.x), y.place(item.y)
        weight = 8.0
    elif isinstance(item, Line):
        across, up = _dense(x.place(item.x), y.place(item.y))
        weight = 1.0
    elif isinstance(item, Band):
        across, up = _dense(x.place(item.x), y.place(0.5 * (item.low + item.high)))
        weight = 0.3
    elif isinstance(item, Note):
        across, up = (np.atleast_1d(axis.place(v)) for axis, v in ((x, item.x), (y, item.y)))
        weight = 30.0
    elif isinstance(item, Threshold) and item.axis == "x":
        up = np.linspace(0.0, 1.0, 100)
        across = np.full(up.size, float(x.place(item.value)))
        weight = 1.0
        if name is not None:  # and beside the line its name
            third = {"top": up > 0.7, "bottom": up < 0.3, "middle": np.abs(up - 0.5) < 0.15}[
                name[1]
            ]
            beside = across[third] + (0.03 if name[0] == "right" else -0.03)
            across = np.concatenate([across, *[beside] * 3])
            up = np.concatenate([up, *[up[third]] * 3])
    else:
        return nothing, nothing, 0.0
    seen = np.isfinite(across) & np.isfinite(up) & (np.abs(up - 0.5) <= 0.5)
    return across[seen], up[seen], weight


def _dense(across: FloatArray, up: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Places along a line, `_STEP` apart."""
    parts: list[tuple[FloatArray, FloatArray]] = [
        (np.clip(across[:1], -1.0, 2.0), np.clip(up[:1], -1.0, 2.0))
    ]
    for k in np.flatnonzero(np.isfinite(across[:-1] + across[1:] + up[:-1] + up[1:])):
        ends = np.clip(across[k : k + 2], -1.0, 2.0), np.clip(up[k : k + 2], -1.0, 2.0)
        length = math.hypot(*(end[1] - end[0] for end in ends))
        share = np.linspace(0.0, 1.0, math.ceil(length / _STEP) + 1)[1:]
        parts.append((ends[0][0] + share * (ends[0][1] - ends[0][0]),
                      ends[1][0] + share * (ends[1][1] - ends[1][0])))  # fmt: skip
    one, other = zip(*parts, strict=True)
    dense = np.concatenate(one), np.concatenate(other)
    cells = np.unique(np.floor(np.stack(dense)[:, np.isfinite(dense[0])] / _STEP), axis=1)
    return cells[0] * _STEP, cells[1] * _STEP


def _visible(text: str) -> str:
    """Roughly the characters that a text with mathematics shows."""
    out, skipping = [], False
    for letter in text:
        if letter == "\\":
            skipping = True
            out.append("x")
        elif not letter.isalpha():
            skipping = False
        if not skipping and letter not in "${}^_":
            out.append(letter)
    return "".join(out)
