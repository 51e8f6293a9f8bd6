"""Lines without points far outside their axes, which TeX's numbers cannot hold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nishimori.figures.axis import Axis, beyond

__all__ = ["clipped", "far", "stretches"]

FloatArray = NDArray[np.float64]

_BEYOND = 2.0  # panels: farther points are moved along their line to there


def stretches(good: NDArray[np.bool_]) -> list[slice]:
    """Where `good` holds for two points at least, one after the other."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(int), [0]])))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [slice(start, end) for start, end in pairs if end - start > 1]


def far(axis: Axis) -> tuple[float, float]:
    """Values so far beyond an axis that it does not matter how far."""
    if axis.log:
        decades = _BEYOND * (math.log10(axis.high) - math.log10(axis.low))
        return beyond(axis.low, -decades), beyond(axis.high, decades)
    reach = _BEYOND * (axis.high - axis.low)
    return axis.low - reach, axis.high + reach


def clipped(x: FloatArray, y: FloatArray, across: Axis, up: Axis) -> tuple[FloatArray, FloatArray]:
    """A line whose points far outside are replaced by where it leaves the neighbourhood."""
    x, y = np.array(x), np.array(y)
    for axis, values in ((across, x), (up, y)):
        bad = ~np.isfinite(values) | ((values <= 0.0) if axis.log else np.zeros(x.size, bool))
        x[bad], y[bad] = np.nan, np.nan
    low, high = far(up)
    out_x, out_y = [], []
    for k in range(x.size):
        before, after = max(k - 1, 0), min(k + 1, x.size - 1)
        if np.isnan(y[k]) or low <= y[k] <= high:
            out_x.append(x[k])
            out_y.append(y[k])
            continue
        bound = high if y[k] > high else low
        crossings = [n for n in (before, after) if n != k and low <= y[n] <= high]
        for n in crossings:
            share = _share(up, y[k], y[n], bound)
            out_x.append(_between(across, x[k], x[n], share))
            out_y.append(bound)
        if not crossings:
            out_x.append(x[k])
            out_y.append(bound)
    return np.array(out_x), np.array(out_y)


def _share(axis: Axis, start: float, end: float, at: float) -> float:
    if axis.log:
        start, end, at = np.log([start, end, at])
    return float((at - start) / (end - start))


def _between(axis: Axis, start: float, end: float, share: float) -> float:
    if axis.log:
        return float(np.exp((1.0 - share) * np.log(start) + share * np.log(end)))
    return float(start + share * (end - start))
