"""Weights with finitely many values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nishimori.errors import BadArgument
from nishimori.latex import Symbol, numbers
from nishimori.priors.base import Denoised, FloatArray, Prior
from nishimori.priors.mixtures import (
    evaluate_mixture,
    require_list,
    require_weights,
    root_of_moment,
    shannon_entropy,
)

__all__ = ["Custom", "Discrete"]


@dataclass(frozen=True, init=False)
class Discrete(Prior):
    """a = values[k] with probability weights[k], rescaled to unit second moment.

    Parameters
    ----------
    values : sequence of float
        Not all zero.
    weights : sequence of float
        Non-negative, of sum 1.

    Attributes
    ----------
    values, weights : tuple of float
        After the rescaling, which the repr shows; values ascending, equal ones merged.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.priors.Discrete([-3.0, 0.0, 3.0], [0.125, 0.75, 0.125])
    Discrete(values=(-2.0, 0.0, 2.0), weights=(0.125, 0.75, 0.125))
    """

    values: tuple[float, ...]
    weights: tuple[float, ...]

    def __init__(self, values: Sequence[float], weights: Sequence[float]) -> None:
        owner = type(self).__name__
        numbers = require_list("values", values, owner)
        shares = require_weights(weights, numbers.size, owner)
        numbers, shares = _merged(numbers, shares)
        largest = float(np.abs(numbers).max())
        if largest == 0.0:
            raise BadArgument(f"{owner}: the second moment is 0; some value must not be 0")
        if numbers.size == 1:
            raise BadArgument(
                f"{owner}: at least two values need a weight; one alone leaves nothing to learn"
            )
        if largest > 1e100 or root_of_moment(float(shares @ numbers**2)) != 1.0:
            numbers = numbers / largest
            numbers = numbers / math.sqrt(float(shares @ numbers**2))
            numbers, shares = _merged(numbers, shares)  # some may have become equal, as 0
        object.__setattr__(self, "values", tuple(numbers.tolist()))
        object.__setattr__(self, "weights", tuple(shares.tolist()))

    def latex_law(self) -> str:
        return r"\Pr(a = a_k) &= w_k"

    def latex_posterior_mean(self) -> str:
        weight = r"w_k e^{\sqrt{r}\,Y a_k - r a_k^2/2}"
        return rf"\frac{{\sum_k a_k {weight}}}{{\sum_k {weight}}}"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (
            *super().latex_symbols(),
            Symbol("a_k", "the values of a weight", f"({numbers(self.values)})"),
            Symbol("w_k", "their probabilities", f"({numbers(self.weights)})"),
        )

    @property
    def information_limit(self) -> float:
        return shannon_entropy(np.array(self.weights))

    @property
    def mean(self) -> float:
        return float(np.dot(self.weights, self.values))

    def evaluate(self, conjugate: FloatArray) -> Denoised:
        values = np.array(self.values)
        return evaluate_mixture(conjugate, values, np.zeros_like(values), np.array(self.weights))

    def __str__(self) -> str:
        return f"{type(self).__name__.lower()}:{len(self.values)} values"


def _merged(numbers: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ascending values that have a weight, equal ones once."""
    numbers, inverse = np.unique(numbers, return_inverse=True)
    shares = np.asarray(np.bincount(inverse, shares), dtype=np.float64)
    return numbers[shares > 0.0], shares[shares > 0.0]


@dataclass(frozen=True, init=False)
class Custom(Discrete):
    """Any law of a weight, tabulated: values with weights, rescaled to unit second moment.

    The law is the discrete one of the table. For a density, give quadrature nodes and weights
    times density: the result is that of the density for as long as the observation does not
    resolve the nodes, r times the square of their distance being small.

    Examples
    --------
    A uniform law by Gauss-Legendre quadrature:

    >>> import numpy as np, nishimori as nm
    >>> nodes, weights = np.polynomial.legendre.leggauss(64)
    >>> mmse, _ = nm.priors.Custom(nodes, weights / 2).denoise(1.0)
    >>> print(f"{mmse:.9f}")
    0.487790183
    """
