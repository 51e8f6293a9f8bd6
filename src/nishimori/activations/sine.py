"""Sine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import (
    Activation,
    FloatArray,
    LayerMoments,
    Parity,
    require_positive,
)
from nishimori.latex import call, times

__all__ = ["Sine"]


@dataclass(frozen=True)
class Sine(Activation):
    r"""phi(x) = sin(gain x).

    Parameters
    ----------
    gain : float, default 1
        Angular frequency; > 0.

    Notes
    -----
    With a = gain^2 c and C = exp(-2 gain^2 m), the moments are closed:

    .. math:: \kappa^2 c = \tfrac a2 e^{-a} (1 + C), \quad M = \tfrac12 e^{-a} (1 - C), \quad
              \epsilon = \tfrac12 e^{-a} [2(\sinh a - a) + (1 - C)(e^{-a} - 1 + a)].
    """

    gain: float = 1.0

    parity: ClassVar[Parity] = "odd"
    bounded_derivatives: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", require_positive("gain", self.gain, "Sine"))

    def latex(self, argument: str = "x") -> str:
        return call(r"\sin", times(self.gain, argument))

    def value(self, x: FloatArray) -> FloatArray:
        return np.sin(self.gain * x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        out = np.empty((x.size, order + 1))
        cycle = (np.sin(self.gain * x), np.cos(self.gain * x))
        factor = 1.0
        for n in range(order + 1):
            out[:, n] = factor * cycle[n % 2] * (-1.0) ** (n // 2)
            factor *= self.gain / (n + 1)
        return out

    def closed_moments(self, c: float, m: float) -> LayerMoments:
        square = self.gain * self.gain
        a = square * c
        decay = math.exp(-a)
        apart = -math.expm1(-2.0 * square * m)  # 1 - C
        slope_square = 0.5 * square * decay * (2.0 - apart)
        # e^{-a} times each bracket, written so that a large a does not overflow
        first = _scaled_sinh_excess(a)
        second = decay * _exponential_excess(a)
        residual = 0.5 * (first + apart * second) / c
        slope = self.gain * math.exp(-0.5 * a)
        mean_square = 0.5 * decay * apart
        rounding = 4e-16 * (1.0 + a)  # of exp(-a)
        errors = (rounding, rounding, rounding, rounding)
        return LayerMoments(slope_square, residual, mean_square, slope, *errors)


def _scaled_sinh_excess(a: float) -> float:
    """2 exp(-a) (sinh a - a)."""
    if a < 1.0:
        total, term, n = 0.0, a, 1
        while True:
            term *= a * a / ((n + 1) * (n + 2))
            n += 2
            total += term
            if term <= 1e-18 * total or total == 0.0:
                return 2.0 * math.exp(-a) * total
    return -math.expm1(-2.0 * a) - 2.0 * a * math.exp(-a)


def _exponential_excess(a: float) -> float:
    """exp(-a) - 1 + a."""
    if a < 1.0:
        total, term, n = 0.0, -a, 1
        while True:
            n += 1
            term *= -a / n
            total += term
            if abs(term) <= 1e-18 * abs(total) or total == 0.0:
                return total
    return math.expm1(-a) + a
