"""The identity: a linear layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import Activation, FloatArray, LayerMoments, Parity

__all__ = ["Identity"]


@dataclass(frozen=True)
class Identity(Activation):
    """phi(x) = x."""

    parity: ClassVar[Parity] = "odd"
    bounded_derivatives: ClassVar[bool] = True

    def latex(self, argument: str = "x") -> str:
        return argument

    def value(self, x: FloatArray) -> FloatArray:
        return x.copy()

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        out = np.zeros((x.size, order + 1))
        out[:, 0] = x
        out[:, 1:2] = 1.0
        return out

    def closed_moments(self, c: float, m: float) -> LayerMoments:
        return LayerMoments(1.0, 0.0, m, 1.0, 0.0, 0.0, 0.0, 0.0)

    @property
    def polynomial_degree(self) -> int:
        return 1
