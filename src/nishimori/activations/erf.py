"""Error function."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import Activation, FloatArray, Parity, require_positive
from nishimori.latex import call, times

__all__ = ["Erf"]

_ROOT_2 = math.sqrt(2.0)


@dataclass(frozen=True)
class Erf(Activation):
    """phi(x) = erf(gain x).

    Parameters
    ----------
    gain : float, default 1
        > 0; the slope at the origin is 2 gain / sqrt(pi).
    """

    gain: float = 1.0

    parity: ClassVar[Parity] = "odd"
    bounded_derivatives: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", require_positive("gain", self.gain, "Erf"))

    def latex(self, argument: str = "x") -> str:
        return call(r"\operatorname{erf}", times(self.gain, argument))

    def value(self, x: FloatArray) -> FloatArray:
        from nishimori._kernels import normal

        return normal.erf(self.gain * x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        from nishimori._kernels import taylor

        out = 2.0 * taylor.normal_distribution(_ROOT_2 * self.gain * x, order)
        out *= (_ROOT_2 * self.gain) ** np.arange(order + 1.0)
        out[:, 0] = self.value(x)
        return out

    @property
    def scale(self) -> float:
        return 0.7 / self.gain

    @property
    def knots(self) -> tuple[float, ...]:
        return tuple(k / self.gain for k in (-6.0, -4.5, -3.0, -1.5, 0.0, 1.5, 3.0, 4.5, 6.0))
