"""Piecewise affine readouts: the choice of grids, and their error estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nishimori.activations.base import AffinePieces
from nishimori.channels.base import FloatArray, Information

__all__ = ["AffineReadout"]

# nodes per panel, and its length in widths of the narrowest feature
_COARSE, _FINE = (14, 4.0), (20, 4.0)
_FINER = ((28, 4.0), (24, 2.0), (24, 1.0))


@dataclass(frozen=True)
class AffineReadout:
    """a_k h + b_k between breakpoints, with Gaussian noise of variance `noise`.

    `even` tells that the integrands are even functions of the field where the offset is 0.
    """

    pieces: AffinePieces
    noise: float
    even: bool

    @property
    def _arrays(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        return (
            np.array(self.pieces.breakpoints, dtype=np.float64),
            np.array(self.pieces.slopes, dtype=np.float64),
            np.array(self.pieces.intercepts, dtype=np.float64),
        )

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        """See `Channel.evaluate`."""
        fisher = np.empty(signal.size)
        entropy = np.empty(signal.size)
        error = np.full(signal.size, 2e-15)
        certain = variance == 0.0
        for i in np.flatnonzero(certain):
            fisher[i], entropy[i] = self._certain(float(signal[i]), offset)
        rest = np.flatnonzero(~certain)
        if rest.size == 0:
            return Information(fisher, entropy, error)
        if not self.pieces.breakpoints:
            fisher[rest], entropy[rest] = self._one_line(variance[rest])
            return Information(fisher, entropy, error)
        coarse = self._integrate(signal[rest], variance[rest], offset, *_COARSE)
        fine = self._integrate(signal[rest], variance[rest], offset, *_FINE)
        fisher[rest], entropy[rest] = fine
        gap = _gap(coarse, fine)
        for count, length in _FINER:
            again = np.flatnonzero(gap > 3e-11)
            if again.size == 0:
                break
            where = rest[again]
            finer = self._integrate(signal[where], variance[where], offset, count, length)
            gap[again] = _gap((fisher[where], entropy[where]), finer)
            fisher[where], entropy[where] = finer
        # the finer grid is the better one, by much more than this
        error[rest] += np.where(gap < 1e-6, 0.03 * gap, gap)
        return Information(fisher, entropy, error)

    def _one_line(self, variance: FloatArray) -> tuple[FloatArray, FloatArray]:
        slope = self.pieces.slopes[0]
        total = slope * slope * variance + self.noise
        if slope == 0.0 and self.noise == 0.0:
            return np.zeros(variance.size), np.zeros(variance.size)
        return slope * (slope / total), -0.5 * np.log(2.0 * math.pi * math.e * total)

    def _certain(self, signal: float, offset: float) -> tuple[float, float]:
        """Fisher information and entropy where h is known: V = 0."""
        slopes = np.abs(self.pieces.slopes)
        if self.noise == 0.0:
            if not slopes.any():
                return (math.inf if slopes.size > 1 else 0.0), 0.0
            return math.inf, math.inf
        entropy = -0.5 * math.log(2.0 * math.pi * math.e * self.noise)
        if self.pieces.jumps:
            return math.inf, entropy
        if signal == 0.0:
            left = np.searchsorted(self.pieces.breakpoints, offset, side="left")
            right = np.searchsorted(self.pieces.breakpoints, offset, side="right")
            # at a kink, both sides of the field are as likely
            mean = 0.5 * (self.pieces.slopes[left] + self.pieces.slopes[right])
            return mean * mean / self.noise, entropy
        edges = np.array([-math.inf, *self.pieces.breakpoints, math.inf])
        scaled = (edges - offset) / math.sqrt(2.0 * signal)
        above = np.array([math.erfc(x) for x in scaled])
        below = np.array([math.erfc(-x) for x in scaled])
        share = 0.5 * np.where(scaled[:-1] > 0.0, above[:-1] - above[1:], below[1:] - below[:-1])
        return float((share * slopes * slopes).sum()) / self.noise, entropy

    def _integrate(
        self, signal: FloatArray, variance: FloatArray, offset: float, count: int, length: float
    ) -> tuple[FloatArray, FloatArray]:
        from nishimori._kernels import readout_affine
        from nishimori._kernels.rules import gauss_legendre

        rule = gauss_legendre(count)
        out: tuple[FloatArray, FloatArray] = readout_affine.information(
            signal, variance, self.noise, offset, *self._arrays, self.even, *rule, length
        )
        return out

    def spread(self, signal: FloatArray, variance: FloatArray, offset: float) -> FloatArray:
        """E Var[f(h) | omega], by a sum of squares."""
        from nishimori._kernels import readout_affine
        from nishimori._kernels.rules import gauss_legendre

        if not self.pieces.breakpoints:
            return self.pieces.slopes[0] ** 2 * variance
        rule = gauss_legendre(20)
        out: FloatArray = readout_affine.spread(
            signal, variance, offset, *self._arrays, self.even, *rule, 4.0
        )
        return out


def _gap(one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Relative difference of the Fisher informations, or absolute one of the entropies."""
    with np.errstate(invalid="ignore", divide="ignore"):
        first = np.abs(one[0] - other[0]) / np.abs(other[0])
    first = np.where(one[0] == other[0], 0.0, first)
    gap = np.maximum(first, np.abs(one[1] - other[1]))
    return np.where(np.isnan(gap), 1.0, gap)
