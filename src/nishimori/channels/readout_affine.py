"""Piecewise affine readouts: which of the closed forms and sums applies, and when to refine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nishimori.activations.base import AffinePieces
from nishimori.channels.base import FloatArray, Information

__all__ = ["AffineReadout"]

_ROUNDING = 5e-15
# an estimated error above the first asks for shorter steps, as long as they help
_REFINED_ABOVE = 2e-12
_STEPS = (0.5, 0.25)


@dataclass(frozen=True)
class AffineReadout:
    """a_k h + b_k between breakpoints, with Gaussian noise of variance `noise`.

    `even` tells that the integrands are even functions of the field where the offset is 0.
    """

    pieces: AffinePieces
    noise: float
    even: bool

    @cached_property
    def _breaks(self) -> FloatArray:
        return np.array(self.pieces.breakpoints, dtype=np.float64)

    @cached_property
    def _slopes(self) -> FloatArray:
        return np.array(self.pieces.slopes, dtype=np.float64)

    @cached_property
    def _intercepts(self) -> FloatArray:
        return np.array(self.pieces.intercepts, dtype=np.float64)

    @cached_property
    def _images(self) -> tuple[FloatArray, FloatArray]:
        """The values on the left and the right of each breakpoint, one number at a kink."""
        left = self._slopes[:-1] * self._breaks + self._intercepts[:-1]
        right = self._slopes[1:] * self._breaks + self._intercepts[1:]
        jumps = np.isin(self._breaks, self.pieces.jumps)
        return left, np.where(jumps, right, left)

    @cached_property
    def _monotone(self) -> bool:
        left, right = self._images
        changes = np.concatenate([self._slopes, right - left])
        return bool((changes >= 0.0).all() or (changes <= 0.0).all())

    @cached_property
    def is_fold(self) -> bool:
        """Whether the function is b + a |h - t|."""
        left, right = self._images
        return bool(
            self._breaks.size == 1
            and self._slopes[0] == -self._slopes[1] != 0.0
            and left[0] == right[0]
        )

    @property
    def small_share(self) -> float:
        """Share s2/V below which an even function's dZ, odd in omega, drowns in rounding."""
        return 0.0 if self.noise == 0.0 and self.is_fold else 1e-7

    @cached_property
    def _tells(self) -> bool:
        """Whether no label is made by two sloped pieces."""
        left, right = self._images
        starts = np.append(math.copysign(math.inf, -self._slopes[0]), right)
        ends = np.append(left, math.copysign(math.inf, self._slopes[-1]))
        sloped = self._slopes != 0.0
        low = np.minimum(starts, ends)[sloped]
        high = np.maximum(starts, ends)[sloped]
        order = np.argsort(low)
        return bool((low[order][1:] >= high[order][:-1]).all())

    @cached_property
    def _atoms(self) -> tuple[NDArray[np.int64], int]:
        """The number of each flat piece's value, -1 for sloped pieces, and how many there are."""
        number = np.full(self._slopes.size, -1, dtype=np.int64)
        flat = self._slopes == 0.0
        values, index = np.unique(self._intercepts[flat], return_inverse=True)
        number[flat] = index
        return number, values.size

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        """See `Channel.evaluate`."""
        fisher = np.empty(signal.size)
        entropy = np.empty(signal.size)
        error = np.full(signal.size, _ROUNDING)
        certain = variance == 0.0
        for i in np.flatnonzero(certain):
            fisher[i], entropy[i] = self._certain(float(signal[i]), offset)
        rest = np.flatnonzero(~certain)
        if rest.size == 0:
            return Information(fisher, entropy, error)
        if not self.pieces.breakpoints:
            fisher[rest], entropy[rest] = self._one_line(variance[rest])
            return Information(fisher, entropy, error)
        steps = np.ones((2, rest.size))
        found = self._integrate(signal[rest], variance[rest], offset, 1.0, 1.0)
        for step in _STEPS:
            late = found[2:4] > _REFINED_ABOVE
            if not late.any():
                break
            steps[late] = step
            again = np.flatnonzero(late.any(axis=0))
            for field, label in np.unique(steps[:, again], axis=1).T.tolist():
                some = again[(steps[:, again] == [[field], [label]]).all(axis=0)]
                where = rest[some]
                found[:, some] = self._integrate(
                    signal[where], variance[where], offset, field, label
                )
        # far beyond the last label that tells anything, rounding is all there is
        fisher[rest], entropy[rest] = np.maximum(found[0], 0.0), found[1]
        error[rest] += np.minimum(found[2] + found[3] + found[4], 1.0)
        return Information(fisher, entropy, error)

    def _integrate(
        self,
        signal: FloatArray,
        variance: FloatArray,
        offset: float,
        field_step: float,
        label_step: float,
    ) -> FloatArray:
        """Fisher, entropy, and the errors due to the steps in the field and in the label."""
        from nishimori._kernels import affine_noiseless, readout_affine

        left, right = self._images
        if self.noise > 0.0:
            out: FloatArray = readout_affine.information(
                signal,
                variance,
                self.noise,
                offset,
                self._breaks,
                left,
                right,
                self._slopes,
                self.even,
                not self._monotone,
                field_step,
                label_step,
            )
            return out
        if self.is_fold:
            parts = affine_noiseless.fold(
                signal, variance, offset, self._breaks[0], abs(self._slopes[0]), field_step
            )
        elif self._tells:
            parts = affine_noiseless.unshared(
                signal,
                variance,
                offset,
                self._breaks,
                self._slopes,
                *self._atoms,
                self.even,
                field_step,
            )
        else:
            parts = self._shared(signal, variance, offset, field_step)
        return np.stack([*parts, np.zeros(signal.size), np.zeros(signal.size)])

    def _shared(
        self, signal: FloatArray, variance: FloatArray, offset: float, step: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Two Gauss-Legendre grids, and their difference as error of the coarser one."""
        from nishimori._kernels import readout_shared
        from nishimori._kernels.rules import gauss_legendre

        coarse, fine = (
            readout_shared.information(
                signal,
                variance,
                offset,
                self._breaks,
                self._slopes,
                self._intercepts,
                self.even,
                *gauss_legendre(count),
                4.0 * step,
            )
            for count in (14, 20)
        )
        gap = np.maximum(_relative(coarse[0], fine[0]), np.abs(fine[1] - coarse[1]))
        # the finer grid is the better one, by much more than this
        return fine[0], fine[1], np.where(gap < 1e-6, 0.03 * gap, gap)

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

    def spread(self, signal: FloatArray, variance: FloatArray, offset: float) -> FloatArray:
        """E Var[f(h) | omega]."""
        from nishimori._kernels import affine_spread

        if not self.pieces.breakpoints:
            return self.pieces.slopes[0] ** 2 * variance
        left, right = self._images
        out: FloatArray = affine_spread.spread(
            signal, variance, offset, self._breaks, right - left, self._slopes, self.even
        )
        return out


def _relative(one: FloatArray, other: FloatArray) -> FloatArray:
    """Relative difference; 0 where both are 0."""
    difference = np.abs(one - other)
    return np.divide(difference, np.abs(other), out=np.ones_like(other), where=other != 0.0) * (
        difference != 0.0
    )
