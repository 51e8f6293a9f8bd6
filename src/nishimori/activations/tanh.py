"""Hyperbolic tangent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import Activation, FloatArray, Parity, require_positive
from nishimori.latex import call, times

__all__ = ["Tanh"]


@dataclass(frozen=True)
class Tanh(Activation):
    """phi(x) = tanh(gain x).

    Parameters
    ----------
    gain : float, default 1
        Slope at the origin; > 0.

    Examples
    --------
    >>> import nishimori as nm
    >>> print(f"{nm.activations.Tanh(gain=2.0)(0.5):.12f}")
    0.761594155956
    """

    gain: float = 1.0

    parity: ClassVar[Parity] = "odd"
    bounded_derivatives: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", require_positive("gain", self.gain, "Tanh"))

    def latex(self, argument: str = "x") -> str:
        return call(r"\tanh", times(self.gain, argument))

    def value(self, x: FloatArray) -> FloatArray:
        return np.tanh(self.gain * x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        from nishimori._kernels import taylor

        return taylor.tanh(self.gain * x, order) * self.gain ** np.arange(order + 1.0)

    @property
    def scale(self) -> float:
        return 1.0 / self.gain

    @property
    def knots(self) -> tuple[float, ...]:
        return symmetric_knots(1.0 / self.gain)


def symmetric_knots(unit: float) -> tuple[float, ...]:
    """Edges around a saturating step whose nearest complex poles lie at +- i pi/2 `unit`."""
    positive = (1.25, 3.0, 6.0, 10.5, 15.0, 20.0)
    return tuple(unit * k for k in (*(-p for p in positive[::-1]), 0.0, *positive))
