"""Exponential linear unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nishimori.activations.base import Activation, FloatArray
from nishimori.arguments import require_number
from nishimori.latex import cases, times

__all__ = ["ELU"]


@dataclass(frozen=True)
class ELU(Activation):
    """phi(x) = x for x > 0, alpha (exp(x) - 1) below.

    Parameters
    ----------
    alpha : float, default 1
        The slope just below the origin and the depth of the plateau.

    Notes
    -----
    Even for alpha = 1 the second derivative jumps at the origin, so it is not twice
    differentiable there and the origin is listed among the kinks.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", require_number("alpha", self.alpha, "ELU"))

    def latex(self, argument: str = "x") -> str:
        return cases(
            (
                (argument, rf"{argument} > 0"),
                (times(self.alpha, rf"e^{{{argument}}} - 1"), rf"{argument} \le 0"),
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        return np.where(x > 0.0, x, self.alpha * np.expm1(np.minimum(x, 0.0)))

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        from nishimori._kernels import taylor

        out = np.zeros((x.size, order + 1))
        above = (x > 0.0) | ((x == 0.0) & (side > 0))
        out[above, 0] = x[above]
        out[above, 1:2] = 1.0
        below = x[~above]
        out[~above] = self.alpha * taylor.exponential(below, order)
        out[~above, 0] = self.alpha * np.expm1(below)
        return out

    @property
    def kinks(self) -> tuple[float, ...]:
        return (0.0,)

    @property
    def scale(self) -> float:
        return 1.0

    @property
    def knots(self) -> tuple[float, ...]:
        return (-40.0, -20.0, -10.0, -5.0, -2.5)
