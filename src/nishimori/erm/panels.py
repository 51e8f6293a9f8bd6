"""Piecewise Chebyshev series of a function given as a callable, which find its kinks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument

__all__ = ["DEGREES", "NODES", "Function", "resolved"]

FloatArray = NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]

DEGREES = 18
_HIGHEST = 1e100  # of a function
_NARROWEST = 1e-11  # panel around a kink that was not declared
_NARROW = 1e-4  # panels like this mean that a derivative jumps
_MOST = 600
_TAIL = 4  # coefficients of a resolved panel that are rounding
NODES = np.cos(np.pi * (np.arange(DEGREES) + 0.5) / DEGREES)
# the angles reduced in integers: an error of theirs would be one of every derivative
_ANGLES = np.outer(np.arange(DEGREES), 2 * np.arange(DEGREES) + 1) % (4 * DEGREES)
_TRANSFORM = np.cos(np.pi * _ANGLES / (2 * DEGREES))
_TRANSFORM *= 2.0 / DEGREES
_TRANSFORM[0] *= 0.5


def resolved(
    function: Function, base: FloatArray, owner: str, where: str, declared: tuple[float, ...] = ()
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Edges of panels, series on them of the function, its slope and curvature, and its kinks.

    Panels end at `base` and at the kinks, those `declared` and those found, which are returned.

    Raises
    ------
    BadArgument
        If a value is NaN, or infinite between finite values.
    """
    first, last = float(base.min()), float(base.max())
    inner = tuple(b for b in declared if first < b < last)
    known = np.concatenate([base, inner])
    edges, series = _derivatives(*_panels(function, np.unique(known), owner, where))
    found = np.append(_singular(edges), _overlooked(edges, series, inner))
    for _ in range(3 if found.size else 0):  # panels that end there, as if declared
        close = np.abs(found[:, None] - known) < 1e-12 * np.maximum(1.0, np.abs(known))
        places = np.unique(np.append(known, found[~close.any(axis=1)]))
        edges, series = _derivatives(*_panels(function, places, owner, where))
        found = _sharpened(found, edges, series)
    return edges, series, found


def _panels(
    function: Function, edges: FloatArray, owner: str, where: str
) -> tuple[FloatArray, FloatArray]:
    """Panels on which the function is a polynomial to rounding, and its values at their nodes."""
    panels = np.stack([edges[:-1], edges[1:]], axis=1)
    done: list[tuple[float, float, FloatArray]] = []
    while panels.size:
        half = 0.5 * (panels[:, 1] - panels[:, 0])
        nodes = (0.5 * (panels[:, 0] + panels[:, 1]))[:, None] + half[:, None] * NODES
        with np.errstate(all="ignore"):
            values = function(nodes.ravel())
        values = values.reshape(nodes.shape)
        bad = np.isnan(values) | (values == -np.inf)
        if bad.any():
            at = np.argmin(np.where(bad, np.abs(nodes), np.inf))
            raise BadArgument(
                f"{owner}: loss is {values.flat[at]:g} at {where} {nodes.flat[at]:.6g}"
            )
        steep = np.asarray((values > _HIGHEST).any(axis=1))
        finite = np.where(steep[:, None], 0.0, values)
        tail = np.abs(finite @ _TRANSFORM[-3:].T).max(axis=1)
        # rounding of values, and of differences from places of the size of t inside the loss
        moved = np.ptp(finite, axis=1) / half * np.abs(panels).max(axis=1)
        rough = tail > 2e-15 * (1e-3 + np.abs(values).max(axis=1)) + 3e-16 * moved
        narrow = half <= _NARROWEST * np.maximum(1.0, np.abs(panels[:, 0]))
        split = rough & ~narrow & ~steep & (len(done) + len(panels) < _MOST)
        done.extend(
            (float(a), float(b), row)
            for (a, b), row in zip(panels[~split & ~steep], values[~split & ~steep], strict=True)
        )
        low, high = panels[split].T
        middle = 0.5 * (low + high)
        panels = np.concatenate([np.stack([low, middle], axis=1), np.stack([middle, high], axis=1)])
    done.sort(key=lambda item: item[0])
    if not done:
        raise BadArgument(f"{owner}: loss is nowhere below {_HIGHEST:g}")
    left, right = np.array([item[:2] for item in done]).T
    gaps = left[1:] != right[:-1]
    if gaps.any():
        nearest = right[:-1][gaps][np.argmin(np.abs(right[:-1][gaps]))]
        raise BadArgument(
            f"{owner}: loss is not convex: it is infinite between finite values, "
            f"beyond {where} {nearest:.6g}"
        )
    return np.append(left, right[-1]), np.stack([item[2] for item in done])


def _derivatives(edges: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The edges, and the series of the function, its slope and its curvature."""
    half = 0.5 * np.diff(edges)[:, None]
    series = _chopped(values @ _TRANSFORM.T)
    slope = _differentiated(series) / half
    return edges, np.stack([series, slope, _differentiated(slope) / half])


def _singular(edges: FloatArray) -> FloatArray:
    """The middles of the narrowest of each run of narrow panels."""
    width = np.diff(edges)
    narrow = np.flatnonzero(width < _NARROW * np.maximum(1.0, np.abs(edges[1:])))
    places = []
    for run in np.split(narrow, np.flatnonzero(np.diff(narrow) > 1) + 1):
        if run.size:
            least = run[np.argmin(width[run])]
            places.append(0.5 * float(edges[least] + edges[least + 1]))
    return np.array(places)


def _overlooked(
    edges: FloatArray, series: FloatArray, breakpoints: tuple[float, ...]
) -> FloatArray:
    """Edges at which slopes differ: a kink is there, or between the edge and the nearest node."""
    left, right = (np.polynomial.chebyshev.chebval(x, series[1].T) for x in (1.0, -1.0))
    width = np.minimum(edges[1:-1] - edges[:-2], edges[2:] - edges[1:-1])
    jump, size = np.abs(right[1:] - left[:-1]), np.abs(right[1:]) + np.abs(left[:-1])
    differ = (jump > 1e-8 * size + 1e-12 * (1.0 + np.abs(edges[1:-1])) / width) & (width > _NARROW)
    places = edges[1:-1][differ]
    return places[~np.isin(places, breakpoints)]


def _sharpened(places: FloatArray, edges: FloatArray, series: FloatArray) -> FloatArray:
    """Where the branches on both sides meet: in value at a kink, else in slope.

    The branches are those of the nearest panels that are not narrow, continued.
    """
    width = np.diff(edges)
    wide = np.flatnonzero(width >= _NARROW * np.maximum(1.0, np.abs(edges[1:])))
    after = np.searchsorted(wide, np.searchsorted(edges, places))
    out = places.copy()
    for i in np.flatnonzero((after > 0) & (after < wide.size)):
        panels = wide[after[i] - 1], wide[after[i]]
        left, right = (
            np.asarray(np.polynomial.chebyshev.chebval(x, series[:, panel].T))
            for panel in panels
            for x in [(2.0 * places[i] - edges[panel] - edges[panel + 1]) / width[panel]]
        )
        jump = right - left
        # branches that touch at a distance d differ by J d^2/2 and J d
        touch = abs(2.0 * jump[0] * jump[2] - jump[1] ** 2) < 0.2 * jump[1] ** 2
        kink = abs(jump[1]) > 1e-4 * (abs(left[1]) + abs(right[1])) and not touch
        top, bottom = (jump[0], jump[1]) if kink else (jump[1], jump[2])
        reach = max(1e-3, 0.004 * float(width[list(panels)].max()))
        if abs(top) < reach * abs(bottom):
            out[i] -= top / bottom
    out = np.unique(out)
    apart = np.diff(out) > 1e-9 * np.maximum(1.0, np.abs(out[1:]))
    return out[np.append(True, apart)] if out.size else out


def _chopped(series: FloatArray) -> FloatArray:
    """Without the last coefficients, where they are rounding: a straight line stays one."""
    size = np.abs(series)
    most = size.max(axis=1, keepdims=True)
    noise = 3.0 * np.sqrt(np.square(series[:, -_TAIL:]).mean(axis=1, keepdims=True))
    large = size > np.clip(noise, 8e-16 * most, 2e-15 * most)
    degree = np.where(large, np.arange(series.shape[1]), 0).max(axis=1)
    return np.where(np.arange(series.shape[1]) <= degree[:, None], series, 0.0)


def _differentiated(series: FloatArray) -> FloatArray:
    out = np.zeros_like(series)
    out[:, :-1] = np.polynomial.chebyshev.chebder(series, axis=1)
    return out
