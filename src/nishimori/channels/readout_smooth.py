"""Readouts without affine pieces: the two integrals, panel by panel over the known field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray, Information
from nishimori.channels.readout_local import local_information
from nishimori.channels.readout_panels import panel_edges, remainder, slopes
from nishimori.channels.readout_product import product_table
from nishimori.errors import BadArgument

__all__ = ["SmoothReadout"]

_REACH = 8.5
_FIELDS = 16
_WHOLE = 200.0  # a range of fields in units of sqrt(V) that one table may serve
_CELL = 32.0  # what a table serves besides its margins, where the range is longer
_ROUGH = 1e-13  # of a panel's share of F: it is halved while its error may be larger
_MOST_FIELDS = 2000  # panels of the known field


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

    def _edges(self, total: float, offset: float) -> FloatArray:
        """Between them the function is a polynomial."""
        return panel_edges(self.activation, *self._span(total, offset), math.inf)[0]

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
        resolved = self._edges(signal + variance, offset)
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
        even = offset == 0.0 and self.activation.parity == "even"
        if signal == 0.0:
            known, reach, share = np.array([offset]), np.array([_REACH]), np.ones(1)
            f, e, error = self._labels(known, reach, share, variance, self._span(variance, offset))
            fisher, entropy = float(f[0]), float(e[0])
            return (0.0, entropy, error) if even else self._rated(fisher, entropy, error, variance)
        low, high = self._panels(signal, variance, offset)
        span = self._span(signal + variance, offset)
        fisher, entropy, error, _ = self._sum(signal, variance, offset, span, low, high)
        return self._rated(fisher, entropy, error, variance)

    def _rated(
        self, fisher: float, entropy: float, error: float, variance: float
    ) -> tuple[float, float, float]:
        """With a relative error, rounding included: dZ is lost in it where F is small."""
        if not fisher > 0.0:
            return fisher, entropy, (0.0 if fisher == 0.0 else math.nan)
        rounding = 1e-15 + 1e-16 / math.sqrt(variance * fisher)
        place = max((abs(t) for t in self.activation.breakpoints), default=0.0)
        rounding += 3e-17 * place / math.sqrt(variance)
        return fisher, entropy, error / fisher + rounding

    def _span(self, total: float, offset: float) -> tuple[float, float]:
        """Fields that count, rounded up so that neighbouring requests share one table."""
        reach = 9.0 * 2.0 ** (0.25 * math.ceil(2.0 * math.log2(total) - 1e-9))
        return offset - reach, offset + reach

    def _panels(
        self, signal: float, variance: float, offset: float
    ) -> tuple[FloatArray, FloatArray]:
        """Panels of the known field that resolved both integrals at rounded variances."""
        # rounded to octaves: down where it matters how fine, up where how far
        known = 2.0 ** math.ceil(math.log2(signal))
        rest = 2.0 ** math.floor(math.log2(variance))
        total = 2.0 ** (0.5 * math.ceil(2.0 * math.log2(signal + variance) - 1e-9))
        known = max(min(known, total - rest), signal)
        if known == signal:  # only rounded if the total allows: keep the key rounded all the same
            known = 2.0 ** math.ceil(math.log2(signal))
        edges = _settled(self, known, rest, offset)
        width = _REACH * math.sqrt(signal)
        ends = (offset if self._folded(offset) else offset - width), offset + width
        inside = edges[(edges > ends[0]) & (edges < ends[1])]
        closest = 0.05 * width
        if inside.size:
            lowest = edges[0] >= ends[0]
            cut = (inside - ends[0] > closest) | lowest | (np.diff(inside, append=np.inf) < closest)
            inside = inside[cut & ((ends[1] - inside > closest) | (inside.size > 400))]
        edges = np.array([ends[0], *inside[inside > ends[0]], ends[1]])
        return edges[:-1], edges[1:]

    def _sum(
        self,
        signal: float,
        variance: float,
        offset: float,
        span: tuple[float, float],
        low: FloatArray,
        high: FloatArray,
    ) -> tuple[float, float, float, FloatArray]:
        """F, the entropy, the error of F and the edges of the panels that it took."""
        from nishimori._kernels.rules import gauss_legendre

        nodes, weights = gauss_legendre(_FIELDS)
        root = math.sqrt(signal)
        twice = 2.0 if self._folded(offset) else 1.0
        fisher = entropy = error = 0.0
        edges = [low, high]
        whole = 0.0
        for _ in range(40):
            half = 0.5 * (high - low)[:, None]
            x = ((low - offset)[:, None] + half + half * nodes) / root
            density = np.exp(-0.5 * x * x) / (math.sqrt(2.0 * math.pi) * root) * half
            reach = np.sqrt(np.maximum(_REACH**2 - x * x, 9.0)).ravel()
            known = (offset + root * x).ravel()
            share = (density * weights).ravel()
            f, e, doubt = self._labels(known, reach, share, variance, span)
            f, e = f.reshape(x.shape) * density, e.reshape(x.shape) * density
            parts = f @ weights
            whole = max(whole, float(np.abs(parts).sum()))
            rough = remainder(f)
            split = (rough > _ROUGH * whole) | (remainder(e) > _ROUGH)
            split &= high - low > 1e-14 * (np.abs(low) + np.abs(high))
            if low.size > _MOST_FIELDS:
                split[:] = False
            fisher += float(parts[~split].sum())
            entropy += float((e @ weights)[~split].sum())
            # what is done again does not count, and each part only as much as it is
            error += float(rough[~split].sum()) + doubt * (1.0 if not split.any() else 0.0)
            low, high = low[split], high[split]
            if low.size == 0:
                break
            middle = 0.5 * (low + high)
            edges.append(middle)
            low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        return twice * fisher, twice * entropy, twice * error, np.unique(np.concatenate(edges))

    def _labels(
        self,
        known: FloatArray,
        reach: FloatArray,
        share: FloatArray,
        variance: float,
        span: tuple[float, float],
    ) -> tuple[FloatArray, FloatArray, float]:
        """Integrals over labels for each known field, and the error of sum share * F."""
        deviation = math.sqrt(variance)
        if span[1] - span[0] <= _WHOLE * deviation:
            return self._tabulated(known, reach, share, deviation, span)
        fisher, entropy = np.full((2, known.size), np.nan)
        error = 0.0
        free = np.ones(known.size, dtype=np.bool_)
        for t in self.activation.breakpoints:
            free &= np.abs(known - t) > 1.05 * deviation * reach
        if free.any():
            at = np.flatnonzero(free)
            arguments = known[at], reach[at], share[at], deviation
            fisher[at], entropy[at], error = local_information(
                self.activation, self.noise, *arguments
            )
        left = np.flatnonzero(np.isnan(fisher))
        level = 2.0 ** (0.5 * math.floor(2.0 * math.log2(deviation)))
        cell = np.floor(known[left] / (_CELL * level))
        for c in np.unique(cell):
            at = left[cell == c]
            ends = (c * _CELL - 12.5) * level, ((c + 1.0) * _CELL + 12.5) * level
            arguments = known[at], reach[at], share[at], deviation
            fisher[at], entropy[at], more = self._tabulated(*arguments, ends)
            error += more
        return fisher, entropy, error

    def _tabulated(
        self,
        known: FloatArray,
        reach: FloatArray,
        share: FloatArray,
        deviation: float,
        span: tuple[float, float],
    ) -> tuple[FloatArray, FloatArray, float]:
        level = 2.0 ** (0.5 * math.floor(2.0 * math.log2(deviation)))
        table = product_table(self.activation, self.noise, *span, level)
        if table is None:
            raise BadArgument(
                f"Readout: noise {self.noise:g} is too small beside the values of "
                f"{self.activation} to be resolved"
            )
        return table.information(known, reach, share, deviation)

    def _certain(self, signal: float, offset: float) -> tuple[float, float, float]:
        """The limit V = 0: F = E f'^2 / noise."""
        entropy = -0.5 * math.log(2.0 * math.pi * math.e * self.noise)
        if self.activation.jumps:
            return math.inf, entropy, 0.0
        if signal == 0.0:
            slope = float(slopes(self.activation, np.array([offset]))[0])
            return slope * slope / self.noise, entropy, 1e-13
        h, weight = self._line(signal, offset)
        rates = slopes(self.activation, h)
        return float(weight @ rates**2) / self.noise, entropy, 1e-12

    def _line(self, signal: float, offset: float) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights of h ~ N(offset, signal)."""
        from nishimori._kernels.rules import gauss_legendre

        nodes, weights = gauss_legendre(24)
        root = math.sqrt(signal)
        inner = self._edges(signal, offset)
        steps = offset + root * np.linspace(-_REACH, _REACH, 9)
        edges = np.unique([*steps, *inner[(inner > steps[0]) & (inner < steps[-1])]])
        half = 0.5 * np.diff(edges)[:, None]
        h = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes).ravel()
        weight = (half * weights).ravel() * np.exp(-0.5 * ((h - offset) / root) ** 2)
        return h, weight / (math.sqrt(2.0 * math.pi) * root)

    def _spread(self, signal: float, variance: float, offset: float) -> float:
        from nishimori._kernels import readout_smooth
        from nishimori._kernels.rules import gauss_legendre

        edges = self._edges(signal + variance, offset)
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


@lru_cache(maxsize=256)
def _settled(form: SmoothReadout, signal: float, variance: float, offset: float) -> FloatArray:
    """Edges of the known field's panels, halved until both integrals are resolved."""
    span = form._span(signal + variance, offset)
    low, high = form._fields(signal, variance, offset)
    return form._sum(signal, variance, offset, span, low, high)[3]
