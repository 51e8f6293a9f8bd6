"""Sigmoid, SiLU (swish) and softplus: the logistic function, times x, and integrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.activations.base import Activation, FloatArray, require_positive
from nishimori.activations.tanh import symmetric_knots
from nishimori.latex import number, times

__all__ = ["SiLU", "Sigmoid", "Softplus"]


def _sigmoid(x: FloatArray) -> FloatArray:
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0.0, 1.0, decay) / (1.0 + decay)


def _taylor(x: FloatArray, order: int) -> FloatArray:
    from nishimori._kernels import taylor

    out: FloatArray = taylor.sigmoid(x, order)
    return out


@dataclass(frozen=True)
class Sigmoid(Activation):
    """phi(x) = 1/(1 + exp(-gain x)).

    Parameters
    ----------
    gain : float, default 1
        > 0.
    """

    gain: float = 1.0

    bounded_derivatives: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", require_positive("gain", self.gain, "Sigmoid"))

    def latex(self, argument: str = "x") -> str:
        return rf"\frac{{1}}{{1 + e^{{{times(-self.gain, argument)}}}}}"

    def value(self, x: FloatArray) -> FloatArray:
        return _sigmoid(self.gain * x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return _taylor(self.gain * x, order) * self.gain ** np.arange(order + 1.0)

    @property
    def scale(self) -> float:
        return 2.0 / self.gain

    @property
    def knots(self) -> tuple[float, ...]:
        return symmetric_knots(2.0 / self.gain)


@dataclass(frozen=True)
class SiLU(Activation):
    """phi(x) = x/(1 + exp(-gain x)).

    Parameters
    ----------
    gain : float, default 1
        > 0.
    """

    gain: float = 1.0

    bounded_derivatives: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", require_positive("gain", self.gain, "SiLU"))

    def latex(self, argument: str = "x") -> str:
        return rf"\frac{{{argument}}}{{1 + e^{{{times(-self.gain, argument)}}}}}"

    def value(self, x: FloatArray) -> FloatArray:
        return x * _sigmoid(self.gain * x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        series = _taylor(self.gain * x, order) * self.gain ** np.arange(order + 1.0)
        out = x[:, None] * series
        out[:, 1:] += series[:, :-1]
        return out

    @property
    def scale(self) -> float:
        return 2.0 / self.gain

    @property
    def knots(self) -> tuple[float, ...]:
        return symmetric_knots(2.0 / self.gain)


@dataclass(frozen=True)
class Softplus(Activation):
    """phi(x) = log(1 + exp(gain x))/gain.

    Parameters
    ----------
    gain : float, default 1
        > 0.
    """

    gain: float = 1.0

    bounded_derivatives: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", require_positive("gain", self.gain, "Softplus"))

    def latex(self, argument: str = "x") -> str:
        integral = rf"\ln(1 + e^{{{times(self.gain, argument)}}})"
        return integral if self.gain == 1.0 else rf"\frac{{{integral}}}{{{number(self.gain)}}}"

    def value(self, x: FloatArray) -> FloatArray:
        t = self.gain * x
        return (np.maximum(t, 0.0) + np.log1p(np.exp(-np.abs(t)))) / self.gain

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        series = _taylor(self.gain * x, order)
        out = np.empty((x.size, order + 1))
        out[:, 0] = self.value(x)
        n = np.arange(1.0, order + 1.0)
        out[:, 1:] = series[:, :-1] * self.gain ** (n - 1.0) / n
        return out

    @property
    def scale(self) -> float:
        return 2.0 / self.gain

    @property
    def knots(self) -> tuple[float, ...]:
        return symmetric_knots(2.0 / self.gain)
