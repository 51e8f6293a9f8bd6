"""Sign and step: piecewise constant, with a jump at the origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import Activation, AffinePieces, FloatArray, Parity
from nishimori.latex import call

__all__ = ["Sign", "Step"]


@dataclass(frozen=True)
class Sign(Activation):
    """phi(x) = sign(x), 0 at the origin."""

    parity: ClassVar[Parity] = "odd"

    def latex(self, argument: str = "x") -> str:
        return call(r"\operatorname{sign}", argument)

    def value(self, x: FloatArray) -> FloatArray:
        return np.sign(x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return self.pieces.taylor(x, order, side)

    @property
    def pieces(self) -> AffinePieces:
        return AffinePieces((0.0,), (0.0, 0.0), (-1.0, 1.0))


@dataclass(frozen=True)
class Step(Activation):
    """phi(x) = 1 for x > 0, else 0."""

    def latex(self, argument: str = "x") -> str:
        return rf"\mathbf{{1}}[{argument} > 0]"

    def value(self, x: FloatArray) -> FloatArray:
        return np.where(x > 0.0, 1.0, 0.0)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return self.pieces.taylor(x, order, side)

    @property
    def pieces(self) -> AffinePieces:
        return AffinePieces((0.0,), (0.0, 0.0), (0.0, 1.0))
