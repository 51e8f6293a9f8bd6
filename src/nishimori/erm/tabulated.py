"""A convex function of one variable, given as a callable, and its proximal operator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nishimori.erm.panels import DEGREES, NODES, Function, resolved
from nishimori.errors import BadArgument

__all__ = ["ConvexTable"]

FloatArray = NDArray[np.float64]

_LARGEST = 2.0**14  # of t that is tabulated; the function goes on as a straight line
_LEVEL = 1e-12  # of a slope that is none
_NARROW = 1e-6  # interval that is a point
_FARTHEST = 20.0  # from 0 that a minimum is believed
_POWERS = 2.0 ** np.arange(-1.0, np.log2(_LARGEST) + 1.0)


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
        cls,
        function: Function,
        breakpoints: tuple[float, ...],
        owner: str,
        where: str = "t =",
        stretch: float = 1.0,
    ) -> ConvexTable:
        """Tabulate, or say where the function is not convex; `where` precedes the place.

        Another `stretch` of the panels gives a table with other errors.

        Raises
        ------
        BadArgument
            If a value is NaN or the function is not convex; says where.
        """
        base = stretch * np.concatenate([-_POWERS[::-1], [0.0], _POWERS])
        edges, series, _ = resolved(function, base, owner, where, breakpoints)
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

    def minimizers(self) -> tuple[float, float]:
        """The interval on which the function is least; (inf, inf) where it is not attained."""
        falls, rises = self.above < -_LEVEL, self.below > _LEVEL
        first = int(np.argmin(falls)) if not falls.all() else self.edges.size
        last = self.edges.size - 1 - int(np.argmin(rises[::-1])) if not rises.all() else -1
        low = self._level(first - 1, -_LEVEL) if first > 0 else -np.inf
        high = self._level(last, _LEVEL) if last < self.edges.size - 1 else np.inf
        if max(low, -high) > _FARTHEST:  # a tail that numbers cannot tell from a minimum
            return np.inf, np.inf
        return (low, high) if high - low > _NARROW else (0.5 * (low + high),) * 2

    def _level(self, panel: int, level: float) -> float:
        """Where the slope passes `level` in a panel, or the edge that is as near as no matter."""
        if not 0 <= panel < self.edges.size - 1:
            return np.inf if panel > 0 else -np.inf
        left, right = float(self.edges[panel]), float(self.edges[panel + 1])
        ends, where = (left, right), np.array([panel])
        for _ in range(100):
            middle = 0.5 * (left + right)
            passed = float(self._at(1, where, np.array([middle]))[0]) > level
            left, right = (left, middle) if passed else (middle, right)
        nearest = min(ends, key=lambda end: abs(end - middle))
        return nearest if abs(nearest - middle) < 1e-8 * max(1.0, abs(nearest)) else middle

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
        for k in range(DEGREES - 1, 0, -1):
            b1, b2 = twice * b1 - b2 + c[k, panel], b1
        return (0.5 * twice * b1 - b2 + c[0, panel]).reshape(shape)


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
    falls = edges[above < below - size]
    bends = np.polynomial.chebyshev.chebval(NODES, curvature.T)
    half = 0.5 * width[:, None]
    size = np.abs(bends).max(axis=1) + 2.0 * slopes / width + 1e-3
    concave = bends < -(1e-7 * size + 300.0 * rounding / width)[:, None]
    nodes = (0.5 * (edges[:-1] + edges[1:]))[:, None] + half * NODES
    bent = nodes[concave]
    if falls.size + bent.size == 0:
        return
    corner, bend = (
        float(places[np.argmin(np.abs(places))]) if places.size else np.inf
        for places in (falls, bent)
    )
    place = f"at {where} {corner:.6g}" if abs(corner) <= abs(bend) else f"near {where} {bend:.3g}"
    raise BadArgument(f"{owner}: loss is not convex: its slope falls {place}")
