"""Polynomials, the Hermite polynomials among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nishimori.activations.base import Activation, FloatArray, Parity
from nishimori.arguments import require_integer, require_number
from nishimori.errors import BadArgument
from nishimori.latex import polynomial

__all__ = ["Hermite", "Polynomial"]


def _taylor(coefficients: FloatArray, x: FloatArray, order: int) -> FloatArray:
    out = np.zeros((x.size, order + 1))
    for n in range(min(order, coefficients.size - 1) + 1):
        binomials = [math.comb(j, n) for j in range(n, coefficients.size)]
        out[:, n] = np.polynomial.polynomial.polyval(x, coefficients[n:] * binomials)
    return out


def _parity(coefficients: FloatArray) -> Parity:
    if not np.any(coefficients[0::2]):
        return "odd"
    return "none" if np.any(coefficients[1::2]) else "even"


@dataclass(frozen=True)
class Polynomial(Activation):
    """phi(x) = sum_j coefficients[j] x^j, ascending.

    Parameters
    ----------
    coefficients : sequence of float
        At least one; the moments are exact for any degree up to 64.

    Examples
    --------
    >>> import nishimori as nm
    >>> cubic = nm.activations.Polynomial([0.0, 1.0, 0.0, 0.5])
    >>> cubic.parity, float(cubic(2.0))
    ('odd', 6.0)
    """

    coefficients: tuple[float, ...]

    def __init__(self, coefficients: Sequence[float]) -> None:
        values = np.atleast_1d(np.asarray(coefficients, dtype=object))
        if values.ndim != 1 or not 1 <= values.size <= 65:
            raise BadArgument(
                "Polynomial: coefficients must be a flat sequence of 1 to 65 numbers (ascending "
                f"powers), got shape {values.shape}"
            )
        numbers = tuple(require_number("coefficients", v, "Polynomial") for v in values)
        while len(numbers) > 1 and numbers[-1] == 0.0:
            numbers = numbers[:-1]
        object.__setattr__(self, "coefficients", numbers)

    def latex(self, argument: str = "x") -> str:
        return polynomial(self.coefficients, argument)

    def value(self, x: FloatArray) -> FloatArray:
        return np.asarray(np.polynomial.polynomial.polyval(x, np.asarray(self.coefficients)))

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return _taylor(np.asarray(self.coefficients), x, order)

    @property
    def parity(self) -> Parity:  # type: ignore[override]
        return _parity(np.asarray(self.coefficients))

    @property
    def bounded_derivatives(self) -> bool:  # type: ignore[override]
        return len(self.coefficients) <= 2

    @property
    def polynomial_degree(self) -> int:
        return len(self.coefficients) - 1

    def __str__(self) -> str:
        return "polynomial:" + "+".join(f"{c:g}x^{j}" for j, c in enumerate(self.coefficients))


@dataclass(frozen=True)
class Hermite(Activation):
    """The probabilists' Hermite polynomial He_n, not normalised: He_3(x) = x^3 - 3x.

    Parameters
    ----------
    n : int
        Degree, 0 to 32.
    """

    n: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", require_integer("n", self.n, "Hermite", 0, 32))

    def latex(self, argument: str = "x") -> str:
        return polynomial(self._coefficients().tolist(), argument)

    def _coefficients(self) -> FloatArray:
        series = np.zeros(self.n + 1)
        series[-1] = 1.0
        return np.asarray(np.polynomial.hermite_e.herme2poly(series))

    def value(self, x: FloatArray) -> FloatArray:
        return np.asarray(np.polynomial.polynomial.polyval(x, self._coefficients()))

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        # He_n^(k)/k! = binom(n, k) He_{n-k}
        out = np.zeros((x.size, order + 1))
        for k in range(min(order, self.n) + 1):
            out[:, k] = math.comb(self.n, k) * np.polynomial.hermite_e.hermeval(
                x, [0.0] * (self.n - k) + [1.0]
            )
        return out

    @property
    def parity(self) -> Parity:  # type: ignore[override]
        return "odd" if self.n % 2 else "even"

    @property
    def bounded_derivatives(self) -> bool:  # type: ignore[override]
        return self.n <= 1

    @property
    def polynomial_degree(self) -> int:
        return self.n
