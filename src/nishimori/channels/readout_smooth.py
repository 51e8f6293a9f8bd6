"""Readouts without affine pieces: the two integrals, panel by panel over the known field."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray, Information
from nishimori.channels.readout_fields import (
    REACH,
    Sums,
    first_edges,
    is_folded,
    known_sums,
    level,
    span,
    within,
)
from nishimori.channels.readout_local import local_information
from nishimori.channels.readout_panels import panel_edges, slopes
from nishimori.channels.readout_product import product_table
from nishimori.channels.readout_spread import expected_spread
from nishimori.errors import UnresolvedIntegral

__all__ = ["SmoothReadout"]

_WHOLE = 400.0  # a range of fields in units of sqrt(V) that one table may serve
_CELL, _MARGIN = 32.0, 12.5  # what a table serves where the range is longer, and its margins


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
        known, rest = signal.tolist(), variance.tolist()
        found = [
            expected_spread(self.activation, s, v, offset) for s, v in zip(known, rest, strict=True)
        ]
        return np.array(found)

    def _one(self, signal: float, variance: float, offset: float) -> tuple[float, float, float]:
        if variance == 0.0:
            return self._certain(signal, offset)
        if signal == 0.0:
            known, reach, share = np.array([offset]), np.array([REACH]), np.ones(1)
            both, error = self._labels(known, reach, share, variance, span(variance, offset))
            fisher, entropy = float(both[0, 0]), float(both[1, 0])
            if offset == 0.0 and self.activation.parity == "even":
                return 0.0, entropy, error
        else:
            # panels are those that do at rounded variances
            larger = 2.0 ** (0.5 * math.ceil(2.0 * math.log2(signal)))
            edges = _settled(self, larger, level(variance), offset)
            sums = self._sums(
                signal, variance, offset, within(edges, self.activation, signal, offset)
            )
            fisher, entropy, error = float(sums.values[0]), float(sums.values[1]), sums.error
        if not fisher > 0.0:
            return fisher, entropy, (0.0 if fisher == 0.0 else math.nan)
        # places beside a breakpoint are rounded
        place = max((abs(t) for t in self.activation.breakpoints), default=0.0)
        return fisher, entropy, error / fisher + 3e-17 * place / math.sqrt(variance) + 1e-15

    def _sums(self, signal: float, variance: float, offset: float, edges: FloatArray) -> Sums:
        """F and the entropy."""
        ends = span(signal + variance, offset)

        def integrand(
            known: FloatArray, reach: FloatArray, share: FloatArray
        ) -> tuple[FloatArray, float]:
            return self._labels(known, reach, share, variance, ends)

        folded = is_folded(self.activation, offset)
        return known_sums(integrand, folded, signal, offset, edges, 1.0)

    def _labels(
        self,
        known: FloatArray,
        reach: FloatArray,
        share: FloatArray,
        variance: float,
        ends: tuple[float, float],
    ) -> tuple[FloatArray, float]:
        """Both integrals over labels for each known field, and the error of sum share * F."""
        deviation = math.sqrt(variance)
        if ends[1] - ends[0] <= _WHOLE * deviation:
            fisher, entropy, error = self._tabulated(known, reach, share, deviation, ends)
            return np.stack([fisher, entropy]), error
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
        low = level(deviation)
        cell = np.floor(known[left] / (_CELL * low))
        for c in np.unique(cell):
            at = left[cell == c]
            part = (c * _CELL - _MARGIN) * low, ((c + 1.0) * _CELL + _MARGIN) * low
            arguments = known[at], reach[at], share[at], deviation
            fisher[at], entropy[at], more = self._tabulated(*arguments, part, _MARGIN * low)
            error += more
        return np.stack([fisher, entropy]), error

    def _tabulated(
        self,
        known: FloatArray,
        reach: FloatArray,
        share: FloatArray,
        deviation: float,
        ends: tuple[float, float],
        margin: float = 0.0,
    ) -> tuple[FloatArray, FloatArray, float]:
        table = product_table(self.activation, self.noise, *ends, level(deviation), margin)
        if table is None:
            raise UnresolvedIntegral(
                f"Readout: noise {self.noise:g} is too small beside the values of "
                f"{self.activation} to be resolved"
            )
        fisher, entropy, _ = table.information(known, reach, share, deviation)
        seen = float(share @ fisher)
        # dZ = E z P / sqrt(V) is lost in rounding where F is small
        rounding = 1e-16 * table.contrast * math.sqrt(seen) / deviation
        return fisher, entropy, table.doubt * seen + rounding

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
        inner, _ = panel_edges(self.activation, *span(signal, offset), math.inf)
        steps = offset + root * np.linspace(-REACH, REACH, 9)
        edges = np.unique([*steps, *inner[(inner > steps[0]) & (inner < steps[-1])]])
        half = 0.5 * np.diff(edges)[:, None]
        h = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes).ravel()
        weight = (half * weights).ravel() * np.exp(-0.5 * ((h - offset) / root) ** 2)
        return h, weight / (math.sqrt(2.0 * math.pi) * root)


@lru_cache(maxsize=256)
def _settled(form: SmoothReadout, signal: float, variance: float, offset: float) -> FloatArray:
    """Edges of the known field's panels, halved until both integrals are resolved."""
    edges = first_edges(form.activation, signal, variance, offset)
    return form._sums(signal, variance, offset, edges).edges
