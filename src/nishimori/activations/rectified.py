"""ReLU and its relatives: two straight lines that meet at the origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import (
    Activation,
    AffinePieces,
    FloatArray,
    Parity,
)
from nishimori.arguments import require_number
from nishimori.latex import number

__all__ = ["Abs", "LeakyReLU", "ReLU"]


@dataclass(frozen=True)
class ReLU(Activation):
    """phi(x) = max(x, 0)."""

    def latex(self, argument: str = "x") -> str:
        return rf"\max({argument}, 0)"

    def value(self, x: FloatArray) -> FloatArray:
        return np.maximum(x, 0.0)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return self.pieces.taylor(x, order, side)

    @property
    def pieces(self) -> AffinePieces:
        return AffinePieces((0.0,), (0.0, 1.0), (0.0, 0.0))


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """phi(x) = x for x > 0, slope x below.

    Parameters
    ----------
    slope : float, default 0.01
    """

    slope: float = 0.01

    def __post_init__(self) -> None:
        object.__setattr__(self, "slope", require_number("slope", self.slope, "LeakyReLU"))

    def latex(self, argument: str = "x") -> str:
        sign, size = "-" if self.slope < 0.0 else "+", abs(self.slope)
        factor = "" if size == 1.0 else number(size) + r"\,"
        return rf"\max({argument}, 0) {sign} {factor}\min({argument}, 0)"

    def value(self, x: FloatArray) -> FloatArray:
        return np.where(x > 0.0, x, self.slope * x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return self.pieces.taylor(x, order, side)

    @property
    def pieces(self) -> AffinePieces:
        return AffinePieces((0.0,), (self.slope, 1.0), (0.0, 0.0))


@dataclass(frozen=True)
class Abs(Activation):
    """phi(x) = abs(x)."""

    parity: ClassVar[Parity] = "even"

    def latex(self, argument: str = "x") -> str:
        return rf"\lvert {argument} \rvert"

    def value(self, x: FloatArray) -> FloatArray:
        return np.abs(x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return self.pieces.taylor(x, order, side)

    @property
    def pieces(self) -> AffinePieces:
        return AffinePieces((0.0,), (-1.0, 1.0), (0.0, 0.0))
