"""Gaussian error linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import Activation, FloatArray
from nishimori.latex import call, grouped

__all__ = ["GELU"]


@dataclass(frozen=True)
class GELU(Activation):
    """phi(x) = x Phi(x), with Phi the normal distribution function (the exact form)."""

    bounded_derivatives: ClassVar[bool] = True

    def latex(self, argument: str = "x") -> str:
        return grouped(argument) + call(r"\,\Phi", argument)

    def value(self, x: FloatArray) -> FloatArray:
        from nishimori._kernels import normal

        return x * normal.normal_cdf_of(np.ascontiguousarray(x))

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        from nishimori._kernels import taylor

        distribution = taylor.normal_distribution(np.ascontiguousarray(x), order)
        out = x[:, None] * distribution
        out[:, 1:] += distribution[:, :-1]
        return out

    @property
    def scale(self) -> float:
        return 1.0

    @property
    def knots(self) -> tuple[float, ...]:
        return (-9.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0)
