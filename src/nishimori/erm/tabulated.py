"""A convex function of one variable, given as a callable, and its proximal operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument

__all__ = ["ConvexTable"]

FloatArray = NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]

_NODES = 18
_LARGEST = 2.0**14  # of t that is tabulated; the function goes on as a straight line
_HIGHEST = 1e100  # of a loss
_NARROWEST = 1e-11  # panel around a kink that was not declared
_NARROW = 1e-4  # panels like this mean that a derivative jumps
_MOST = 600
_POWERS = 2.0 ** np.arange(-1.0, np.log2(_LARGEST) + 1.0)
_X = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
_TRANSFORM = np.cos(np.outer(np.arange(_NODES), np.pi * (np.arange(_NODES) + 0.5) / _NODES))
_TRANSFORM *= 2.0 / _NODES
_TRANSFORM[0] *= 0.5


@dataclass(frozen=True, eq=False)
class ConvexTable:
    """Chebyshev series of a function and its first two derivatives, panel by panel.

    Attributes
    ----------
    edges : ndarray
        Ends of the panels, ascending; kinks are among them.
    series : ndarray, shape (3, panel, degree)
        Of the function, its slope and its curvature.
    below, above : ndarray
        The slope on both sides of each edge.
    """

    edges: FloatArray
    series: FloatArray
    below: FloatArray
    above: FloatArray

    @classmethod
    def of(
        cls, function: Function, breakpoints: tuple[float, ...], owner: str, where: str = "t ="
    ) -> ConvexTable:
        """Tabulate, or say where the function is not convex; `where` precedes the place.

        Raises
        ------
        BadArgument
            If a value is NaN or the function is not convex; says where.
        """
        edges, series = _derivatives(*_resolve(function, breakpoints, owner, where))
        found = np.append(_singular(edges), _overlooked(edges, series, breakpoints))
        known = np.concatenate([_POWERS, -_POWERS, [0.0], breakpoints])
        for _ in range(3 if found.size else 0):  # panels that end there, as if declared
            close = np.abs(found[:, None] - known) < 1e-12 * np.maximum(1.0, np.abs(known))
            places = (*breakpoints, *found[~close.any(axis=1)].tolist())
            edges, series = _derivatives(*_resolve(function, places, owner, where))
            found = _sharpened(found, edges, series)
        slope, curvature = series[1], series[2]
        ends = np.array([1.0, -1.0])
        right, left = (np.polynomial.chebyshev.chebval(x, slope.T) for x in ends)
        below = np.concatenate([left[:1], right])
        above = np.concatenate([left, right[-1:]])
        largest = np.abs(series[0]).sum(axis=1)
        _require_convex(edges, below, above, curvature, largest, owner, where)
        # what rounding left of jumps
        scale = 1e-9 * (np.abs(below) + np.abs(above) + 1e-300)
        smooth = above - below < scale
        middle = 0.5 * (below + above)
        below, above = np.where(smooth, middle, below), np.where(smooth, middle, above)
        return cls(edges, series, below, above)

    def images(self, susceptibility: FloatArray) -> FloatArray:
        """What the edges are the proximal points of: both ends of each; one more axis."""
        v = np.asarray(susceptibility, dtype=np.float64)[..., None]
        return np.concatenate([self.edges + v * self.below, self.edges + v * self.above], axis=-1)

    def value(self, t: FloatArray) -> FloatArray:
        """The function."""
        inside = np.clip(t, self.edges[0], self.edges[-1])
        panel = np.clip(np.searchsorted(self.edges, inside) - 1, 0, self.edges.size - 2)
        outside = np.where(t > inside, self.above[-1], self.below[0]) * (t - inside)
        return self._at(0, panel, inside) + outside

    def proximal(
        self, t: FloatArray, susceptibility: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """P with p + V f'(p) = t, the f'(p) that makes it so, and f''(p)/(1 + V f''(p))."""
        shape = t.shape
        v = np.broadcast_to(susceptibility, shape).ravel()
        t = t.ravel()
        low = np.zeros(t.size, dtype=np.int_)  # the last edge whose lower image is below t
        high = np.full(t.size, self.edges.size)
        while (high - low > 1).any():
            middle = (low + high) // 2
            reached = self.edges[middle % self.edges.size]
            image = reached + v * self.below[middle % self.edges.size]
            up = (image <= t) & (middle < self.edges.size)
            low, high = np.where(up, middle, low), np.where(up, high, middle)
        last = self.edges.size - 1
        first_image = self.edges[0] + v * self.below[0]
        kink = (t <= self.edges[low] + v * self.above[low]) & (t >= first_image)
        panel = np.clip(low, 0, last - 1)
        left, right = self.edges[panel], self.edges[panel + 1]
        p, slope, curvature = self._newton(t, v, panel, left, right)
        straight = (t < first_image) | ((low == last) & ~kink)
        end = np.where(t < first_image, self.below[0], self.above[-1])
        p = np.where(straight, t - v * end, np.where(kink, self.edges[low], p))
        slope = np.where(straight, end, np.where(kink, (t - self.edges[low]) / v, slope))
        soft = np.maximum(curvature, 0.0)
        soft = soft / (1.0 + v * soft)
        soft = np.where(straight, 0.0, np.where(kink, 1.0 / v, soft))
        return p.reshape(shape), slope.reshape(shape), soft.reshape(shape)

    def _newton(
        self,
        t: FloatArray,
        v: FloatArray,
        panel: NDArray[np.int_],
        left: FloatArray,
        right: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        start, end = left + v * self.above[panel], right + v * self.below[panel + 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip((t - start) / (end - start), 0.0, 1.0)
        p = left + np.where(np.isfinite(share), share, 0.5) * (right - left)
        low, high = left.copy(), right.copy()
        todo = np.arange(t.size)
        for _ in range(60):
            here = p[todo]
            slope = self._at(1, panel[todo], here)
            curvature = np.maximum(self._at(2, panel[todo], here), 0.0)
            wrong = here + v[todo] * slope - t[todo]
            above = wrong > 0.0
            high[todo] = np.where(above, here, high[todo])
            low[todo] = np.where(above, low[todo], here)
            new = here - wrong / (1.0 + v[todo] * curvature)
            outside = ~((new >= low[todo]) & (new <= high[todo]))
            new = np.where(outside, 0.5 * (low[todo] + high[todo]), new)
            p[todo] = new
            todo = todo[np.abs(new - here) > 1e-15 * (1.0 + np.abs(here))]
            if todo.size == 0:
                break
        return p, self._at(1, panel, p), self._at(2, panel, p)

    def _at(self, order: int, panel: NDArray[np.int_], t: FloatArray) -> FloatArray:
        """The series of one derivative at places in known panels (Clenshaw)."""
        shape = t.shape
        panel, t = panel.ravel(), t.ravel()
        left, right = self.edges[panel], self.edges[panel + 1]
        twice = 2.0 * ((t - left) - (right - t)) / (right - left)
        c = self.series[order].T
        b1, b2 = np.zeros(t.size), np.zeros(t.size)
        for k in range(_NODES - 1, 0, -1):
            b1, b2 = twice * b1 - b2 + c[k, panel], b1
        return (0.5 * twice * b1 - b2 + c[0, panel]).reshape(shape)


def _resolve(
    function: Function, breakpoints: tuple[float, ...], owner: str, where: str
) -> tuple[FloatArray, FloatArray]:
    """Panels on which the function is a polynomial to rounding, and its values at their nodes."""
    inner = [b for b in breakpoints if abs(b) < _LARGEST]
    edges = np.unique(np.concatenate([-_POWERS, [0.0], _POWERS, inner]))
    panels = np.stack([edges[:-1], edges[1:]], axis=1)
    done: list[tuple[float, float, FloatArray]] = []
    while panels.size:
        half = 0.5 * (panels[:, 1] - panels[:, 0])
        nodes = (0.5 * (panels[:, 0] + panels[:, 1]))[:, None] + half[:, None] * _X
        with np.errstate(all="ignore"):
            values = np.asarray(function(nodes.ravel()), dtype=np.float64)
        if values.shape != (nodes.size,):
            raise BadArgument(
                f"{owner}: loss must return the broadcast shape of its arguments, "
                f"{(nodes.size,)}, got {values.shape}"
            )
        values = values.reshape(nodes.shape)
        bad = np.isnan(values) | (values == -np.inf)
        if bad.any():
            raise BadArgument(f"{owner}: loss is {values[bad][0]:g} at {where} {nodes[bad][0]:g}")
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
    left = np.array([item[0] for item in done])
    if not np.array_equal(left[1:], np.array([item[1] for item in done[:-1]])):
        raise BadArgument(f"{owner}: loss is not convex: it is infinite between finite values")
    return np.append(left, done[-1][1]), np.stack([item[2] for item in done])


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
    large = np.abs(series) > 2e-15 * np.abs(series).max(axis=1, keepdims=True)
    degree = np.where(large, np.arange(series.shape[1]), 0).max(axis=1)
    return np.where(np.arange(series.shape[1]) <= degree[:, None], series, 0.0)


def _differentiated(series: FloatArray) -> FloatArray:
    out = np.zeros_like(series)
    out[:, :-1] = np.polynomial.chebyshev.chebder(series, axis=1)
    return out


def _require_convex(
    edges: FloatArray,
    below: FloatArray,
    above: FloatArray,
    curvature: FloatArray,
    largest: FloatArray,
    owner: str,
    where: str,
) -> None:
    width = np.diff(edges)
    slopes = np.maximum(np.abs(below[1:]), np.abs(above[:-1]))
    # what rounding of values does to derivatives on narrow panels
    rounding = 1e-13 * (largest + slopes * np.abs(edges[1:])) / width
    doubt = np.maximum(np.append(rounding, 0.0), np.append(0.0, rounding))
    size = 1e-8 * (1.0 + np.abs(below) + np.abs(above)) + doubt
    falls = above < below - size
    if falls.any():
        raise BadArgument(
            f"{owner}: loss is not convex: its slope falls at {where} {edges[falls][0]:g}"
        )
    bends = np.polynomial.chebyshev.chebval(_X, curvature.T)
    half = 0.5 * width[:, None]
    size = np.abs(bends).max(axis=1) + 2.0 * slopes / width + 1e-3
    concave = bends < -(1e-7 * size + 300.0 * rounding / width)[:, None]
    if concave.any():
        nodes = (0.5 * (edges[:-1] + edges[1:]))[:, None] + half * _X
        places = nodes[concave]
        raise BadArgument(
            f"{owner}: loss is not convex: its slope falls near "
            f"{where} {places[np.argmin(np.abs(places))]:.3g}"
        )
