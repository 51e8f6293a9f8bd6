"""Hard tanh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import Activation, AffinePieces, FloatArray, Parity

__all__ = ["HardTanh"]


@dataclass(frozen=True)
class HardTanh(Activation):
    """phi(x) = x clipped to [-1, 1]."""

    parity: ClassVar[Parity] = "odd"

    def latex(self, argument: str = "x") -> str:
        return rf"\max(-1, \min({argument}, 1))"

    def value(self, x: FloatArray) -> FloatArray:
        return np.clip(x, -1.0, 1.0)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return self.pieces.taylor(x, order, side)

    @property
    def pieces(self) -> AffinePieces:
        return AffinePieces((-1.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 1.0))
