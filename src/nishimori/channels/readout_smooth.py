"""Readouts without affine pieces: adaptive grids over the field, and their error estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray, Information
from nishimori.errors import BadArgument

__all__ = ["SmoothReadout", "panel_edges"]

BoolArray = NDArray[np.bool_]

_REACH = 8.5
_MOST_PANELS = 4000
_COARSE, _FINE = (12, 4.0), (16, 4.0)
_FIELDS = 16


@cache
def _tail(order: int) -> FloatArray:
    """Rows that give the last three Legendre coefficients of values at Gauss-Legendre nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    table = np.polynomial.legendre.legvander(nodes, order - 1)[:, -3:]
    out: FloatArray = (table * weights[:, None]).T * (np.arange(order - 3, order) + 0.5)[:, None]
    return out


@lru_cache(maxsize=64)
def panel_edges(
    activation: Activation, low: float, high: float, spread: float, precision: float = 1e-8
) -> tuple[FloatArray, bool]:
    """Edges between which the function is a polynomial and moves by 2.5 `spread` at most.

    With an infinite `spread` only the first is asked for, to `precision` of the smaller of
    `spread` and the whole range. The second result tells whether the panels were enough.
    """
    inner = [t for t in (*activation.breakpoints, *activation.knots) if low < t < high]
    edges = np.unique([low, *inner, *np.linspace(low, high, 9)])
    scale = min(spread, float(np.ptp(activation.value(edges)))) * precision
    a, b = edges[:-1], edges[1:]
    done = [edges]
    count = a.size
    while a.size:
        if count > _MOST_PANELS:
            return np.unique(np.concatenate(done)), False
        narrow = b - a <= 1e-12 * np.maximum(1.0, np.abs(a))
        split = ~(_resolved(activation, a, b, spread, scale) | narrow)
        a, b = a[split], b[split]
        middle = 0.5 * (a + b)
        done.append(middle)
        count += middle.size
        a, b = np.concatenate([a, middle]), np.concatenate([middle, b])
    return _merged(activation, np.unique(np.concatenate(done)), spread, scale), True


def _resolved(
    activation: Activation, a: FloatArray, b: FloatArray, spread: float, scale: float
) -> BoolArray:
    """Whether the function is a polynomial between a and b and moves by 2.5 `spread` at most."""
    from nishimori._kernels.rules import gauss_legendre

    nodes, _ = gauss_legendre(16)
    points = 0.5 * (a + b)[:, None] + 0.5 * (b - a)[:, None] * nodes
    values = activation.value(points.ravel()).reshape(points.shape)
    moved = np.ptp(values, axis=1)
    rough = np.abs(values @ _tail(16).T).max(axis=1)
    allowed = scale + 1e-14 * np.abs(values).max(axis=1)
    fine: BoolArray = (rough <= allowed) & (moved <= 2.5 * spread)
    return fine


def _merged(activation: Activation, edges: FloatArray, spread: float, scale: float) -> FloatArray:
    """The edges without those between panels that are as well one."""
    start = 1
    idle = 0
    while idle < 2 and edges.size > 2:
        inner = np.arange(start, edges.size - 1, 2)
        if inner.size == 0:
            break
        fine = _resolved(activation, edges[inner - 1], edges[inner + 1], spread, scale)
        fine &= ~np.isin(edges[inner], activation.breakpoints)
        edges = np.delete(edges, inner[fine])
        idle = 0 if fine.any() else idle + 1
        start = 3 - start
    return edges


@lru_cache(maxsize=16)
def _slope_series(activation: Activation, reach: float) -> tuple[FloatArray, FloatArray]:
    """Edges on [-reach, reach], and a Legendre series of f' on each panel, shape (k, panel)."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges, _ = panel_edges(activation, -reach, reach, math.inf, precision=1e-13)
    half = 0.5 * np.diff(edges)[:, None]
    points = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes
    values = activation.value(points.ravel()).reshape(points.shape)
    transform = np.polynomial.legendre.legvander(nodes, 23) * weights[:, None]
    series = (values @ transform) * (np.arange(24) + 0.5)
    return edges, np.polynomial.legendre.legder(series.T, axis=0) / half[:, 0]


def _slopes(activation: Activation, h: FloatArray) -> FloatArray:
    """f'(h); for a function that does not tell it, from a fit of its values."""
    if activation.declares_knots:
        return np.ascontiguousarray(activation.taylor(h, 1)[:, 1])
    reach = 2.0 ** math.ceil(math.log2(max(1.0, float(np.abs(h).max()))))
    edges, series = _slope_series(activation, reach)
    panel = np.clip(np.searchsorted(edges, h, side="right") - 1, 0, edges.size - 2)
    x = (2.0 * h - edges[panel] - edges[panel + 1]) / (edges[panel + 1] - edges[panel])
    slopes = np.polynomial.legendre.legval(x, series[:, panel], tensor=False)
    return np.asarray(slopes, dtype=np.float64)


@dataclass(frozen=True)
class SmoothReadout:
    """f(h) with Gaussian noise of variance `noise`, f any function."""

    activation: Activation
    noise: float

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        out = np.empty((3, signal.size))
        for i in range(signal.size):
            out[:, i] = self._one(float(signal[i]), float(variance[i]), offset)
        return Information(out[0].copy(), out[1].copy(), out[2].copy())

    def spread(self, signal: FloatArray, variance: FloatArray, offset: float) -> FloatArray:
        """E Var[f(h) | omega], by a sum of squares."""
        out = np.zeros(signal.size)
        for i in range(signal.size):
            if variance[i] > 0.0:
                out[i] = self._spread(float(signal[i]), float(variance[i]), offset)
        return out

    def _edges(self, total: float, offset: float, spread: float) -> tuple[FloatArray, bool]:
        # rounded up, so that neighbouring requests share one table
        reach = 9.0 * 2.0 ** (0.25 * math.ceil(2.0 * math.log2(total)))
        return panel_edges(self.activation, offset - reach, offset + reach, spread)

    def _fields(
        self, signal: float, variance: float, offset: float
    ) -> tuple[FloatArray, FloatArray]:
        """First panels of the known field: no feature of the readout falls between them."""
        width = _REACH * math.sqrt(signal)
        low, high = offset - width, offset + width
        if self._folded(offset):
            low = offset
        root = math.sqrt(variance)
        cuts = [low, high]
        for t in self.activation.breakpoints:
            d = root
            cuts.append(t)
            while d < 2.0 * width:
                cuts += [t - d, t + d]
                d *= 3.0
        resolved, _ = self._edges(signal + variance, offset, math.inf)
        cuts += list(resolved)
        kept = [low]
        closest = max(0.5 * root, 1e-13 * abs(offset))
        for t in sorted(cuts):
            if t - kept[-1] > min(closest, 0.3 * width) and t < high:
                kept.append(t)
        kept.append(high)
        edges = np.array(kept)
        parts = np.ceil(np.diff(edges) / (3.0 * math.sqrt(signal))).astype(int)
        fine = [
            a + (b - a) * np.arange(n) / n
            for a, b, n in zip(edges[:-1], edges[1:], parts, strict=True)
        ]
        whole = np.append(np.concatenate(fine), high)
        return whole[:-1], whole[1:]

    def _folded(self, offset: float) -> bool:
        return offset == 0.0 and self.activation.parity != "none"

    def _one(self, signal: float, variance: float, offset: float) -> tuple[float, float, float]:
        if variance == 0.0:
            return self._certain(signal, offset)
        edges, resolved = self._edges(signal + variance, offset, math.sqrt(self.noise))
        if not resolved:
            raise BadArgument(
                f"Readout: noise {self.noise:g} is too small beside the values of "
                f"{self.activation} to be resolved"
            )
        if signal == 0.0:
            known, reach = np.array([offset]), np.array([_REACH])
            fine = self._labels(known, reach, variance, edges, *_FINE)
            coarse = self._labels(known, reach, variance, edges, *_COARSE)
            fisher, entropy = float(fine[0][0]), float(fine[1][0])
            if offset == 0.0 and self.activation.parity == "even":
                return 0.0, entropy, abs(float(coarse[1][0]) - entropy)
            gap = abs(float(coarse[0][0]) - fisher) / fisher if fisher > 0.0 else 0.0
            return fisher, entropy, gap
        return self._integrate(signal, variance, offset, edges)

    def _integrate(
        self, signal: float, variance: float, offset: float, edges: FloatArray
    ) -> tuple[float, float, float]:
        from nishimori._kernels.rules import gauss_legendre

        nodes, weights = gauss_legendre(_FIELDS)
        root = math.sqrt(signal)
        twice = 2.0 if self._folded(offset) else 1.0
        low, high = self._fields(signal, variance, offset)
        fisher = entropy = doubt = gap = 0.0
        first = resolved = True
        for _ in range(12):
            half = 0.5 * (high - low)
            x = (((low - offset) + half)[:, None] + half[:, None] * nodes) / root
            reach = np.sqrt(np.maximum(_REACH**2 - x * x, 9.0)).ravel()
            known = (offset + root * x).ravel()
            share = np.exp(-0.5 * x * x) / (math.sqrt(2.0 * math.pi) * root) * half[:, None]
            f, e = self._labels(known, reach, variance, edges, *_FINE)
            f, e = f.reshape(x.shape) * share, e.reshape(x.shape) * share
            parts = f @ weights
            if first:
                whole = abs(parts.sum())
                some = np.arange(1, known.size, 5)
                g, _ = self._labels(known[some], reach[some], variance, edges, *_COARSE)
                seen = np.broadcast_to(share * weights, x.shape).ravel()[some]
                exact = (f * weights).ravel()[some].sum()
                gap = abs(float(g @ seen) / exact - 1.0) if exact > 0.0 else 0.0
                first = False
            rough = np.abs(f @ _tail(_FIELDS).T).max(axis=1) / max(whole, 1e-300)
            rough_entropy = np.abs(e @ _tail(_FIELDS).T).max(axis=1)
            # sixteen nodes integrate twice as many orders as they resolve
            split = (rough > 3e-7) | (rough_entropy > 3e-7)
            fisher += float(parts[~split].sum())
            entropy += float((e @ weights)[~split].sum())
            doubt += float((np.minimum(1.0, rough[~split]) ** 1.85).sum())
            low, high = low[split], high[split]
            if low.size == 0:
                break
            if low.size > 500:
                resolved = False
                break
            middle = 0.5 * (low + high)
            low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        else:
            resolved = False
        error = 2e-15 + doubt + (0.03 * gap if gap < 1e-6 else gap)
        return twice * fisher, twice * entropy, (error if resolved else 1.0)

    def _labels(
        self,
        known: FloatArray,
        reach: FloatArray,
        variance: float,
        edges: FloatArray,
        order: int,
        length: float,
    ) -> tuple[FloatArray, FloatArray]:
        """Integrals over labels for each known field."""
        from nishimori._kernels import readout_smooth
        from nishimori._kernels.rules import gauss_legendre

        rule = gauss_legendre(order)
        deviation = math.sqrt(variance)
        z, weight, first, _ = readout_smooth.field_nodes(
            known, reach, deviation, edges, *rule, 1.25 * length
        )
        h = np.repeat(known, np.diff(first) * order) + deviation * z
        value = self.activation.value(h)
        derivative, jumps = np.empty(0), np.empty(0)
        moved = np.maximum.reduceat(value, first[:-1] * order) - np.minimum.reduceat(
            value, first[:-1] * order
        )
        if float(np.max(moved)) ** 2 < 1e-2 * self.noise:
            derivative = _slopes(self.activation, h)
            jumps = self._jumps(known, reach, deviation)
        out: tuple[FloatArray, FloatArray] = readout_smooth.information(
            z, weight, first, value, derivative, jumps, deviation, self.noise, *rule, length
        )
        return out

    def _jumps(self, known: FloatArray, reach: FloatArray, deviation: float) -> FloatArray:
        rows: list[tuple[float, float, float, float]] = []
        for t in self.activation.jumps:
            point = np.array([t])
            below = float(self.activation.taylor(point, 0, -1)[0, 0])
            above = float(self.activation.taylor(point, 0, 1)[0, 0])
            z = (t - known) / deviation
            for k in np.flatnonzero(np.abs(z) < reach):
                rows.append((float(k), float(z[k]), below, above))
        return np.array(rows, dtype=np.float64).ravel()

    def _certain(self, signal: float, offset: float) -> tuple[float, float, float]:
        """The limit V = 0: F = E f'^2 / noise."""
        entropy = -0.5 * math.log(2.0 * math.pi * math.e * self.noise)
        if self.activation.jumps:
            return math.inf, entropy, 0.0
        if signal == 0.0:
            slope = float(_slopes(self.activation, np.array([offset]))[0])
            return slope * slope / self.noise, entropy, 1e-13
        h, weight = self._line(signal, offset)
        slopes = _slopes(self.activation, h)
        return float(weight @ slopes**2) / self.noise, entropy, 1e-12

    def _line(self, signal: float, offset: float) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights of h ~ N(offset, signal)."""
        from nishimori._kernels.rules import gauss_legendre

        nodes, weights = gauss_legendre(24)
        root = math.sqrt(signal)
        inner, _ = self._edges(signal, offset, math.inf)
        steps = offset + root * np.linspace(-_REACH, _REACH, 9)
        edges = np.unique([*steps, *inner[(inner > steps[0]) & (inner < steps[-1])]])
        half = 0.5 * np.diff(edges)[:, None]
        h = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes).ravel()
        weight = (half * weights).ravel() * np.exp(-0.5 * ((h - offset) / root) ** 2)
        return h, weight / (math.sqrt(2.0 * math.pi) * root)

    def _spread(self, signal: float, variance: float, offset: float) -> float:
        from nishimori._kernels import readout_smooth
        from nishimori._kernels.rules import gauss_legendre

        edges, _ = self._edges(signal + variance, offset, math.inf)
        known, mass = np.array([offset]), np.ones(1)
        if signal > 0.0:
            low, high = self._fields(signal, variance, offset)
            nodes, weights = gauss_legendre(24)
            half = 0.5 * (high - low)[:, None]
            known = (0.5 * (high + low)[:, None] + half * nodes).ravel()
            mass = (half * weights).ravel() * np.exp(-0.5 * (known - offset) ** 2 / signal)
            mass *= (2.0 if self._folded(offset) else 1.0) / math.sqrt(2.0 * math.pi * signal)
        deviation = math.sqrt(variance)
        reach = np.full(known.size, 9.5)
        z, weight, first, _ = readout_smooth.field_nodes(
            known, reach, deviation, edges, *gauss_legendre(20), 4.0
        )
        starts = first[:-1] * 20
        count = np.diff(first) * 20
        value = self.activation.value(np.repeat(known, count) + deviation * z)
        value = value - np.repeat(self.activation.value(known), count)
        mean = np.add.reduceat(weight * value, starts)
        square = np.add.reduceat(weight * (value - np.repeat(mean, count)) ** 2, starts)
        return float(mass @ square)
