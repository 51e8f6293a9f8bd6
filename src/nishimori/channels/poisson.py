"""Counts with a Poisson law."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, get_args

import numpy as np

from nishimori.channels.base import Channel, FloatArray, Information
from nishimori.errors import BadArgument, suggest

__all__ = ["Poisson"]

Link = Literal["exp", "softplus"]
_NODES = 14
_LARGEST = 40  # 2**40 counts in one window


@dataclass(frozen=True)
class Poisson(Channel):
    r"""y = 0, 1, 2, ... with a Poisson law of rate f(h).

    Parameters
    ----------
    link : {"exp", "softplus"}, default "exp"
        f(h) = exp(h), or ln(1 + exp(h)).

    Notes
    -----
    With :math:`Z_y(\omega) = E_z\, e^{-f} f^y/y!`, :math:`f = f(c_0 + \omega + \sqrt V z)`,

    .. math:: F = E_\omega \sum_{y \ge 0} \frac{(\partial_\omega Z_y)^2}{Z_y}, \qquad
              \Psi_{out} = E_\omega \sum_{y \ge 0} Z_y \ln Z_y.

    ``mean_square`` is :math:`E f + E\, \mathrm{Var}(f|\omega)`, the noise of the count and what
    is unknown of the rate; without label noise it is the second term alone. ``gibbs`` is the mean
    square of y - f(h'), h' a sample of the field's posterior. Where rates far above a thousand
    matter (the exponential link, with a variance of the field above 1) one evaluation takes
    milliseconds, and rates above 1e11 enter as normal variables.

    Examples
    --------
    A known field carries f'(h)^2/f(h) per count: the rate itself for the exponential link.

    >>> import nishimori as nm
    >>> fisher, _ = nm.channels.Poisson("exp").information(0.0, [0.0, 0.5], 1.0)
    >>> print(" ".join(f"{x:.10f}" for x in fisher))
    2.7182818285 1.1618079493

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    link: Link = "exp"

    metrics: ClassVar[tuple[str, ...]] = ("mean_square", "log_loss", "gibbs")
    costly: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.link, str):
            raise BadArgument(f"Poisson: link must be 'exp' or 'softplus', got {self.link!r}")
        if self.link not in get_args(Link):
            raise suggest(self.link, get_args(Link), "link of Poisson")

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        from nishimori._kernels import poisson

        soft = self.link == "softplus"
        return Information(*poisson.information(signal, variance, offset, soft, *_sum_rules()))

    def conditional_entropy(self, variance: float, offset: float) -> float:
        known, rest = np.array([variance]), np.zeros(1)
        return float(self.evaluate(known, rest, offset).entropy[0])

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        if metric == "log_loss":
            return -self.evaluate(signal, variance, offset).entropy
        mean, unknown = _rate_moments(self.link, signal, variance, offset)
        return mean + (2.0 * unknown if metric == "gibbs" else unknown)

    def without_noise(self) -> _Rate:
        return _Rate(self.link)

    def __str__(self) -> str:
        return f"poisson:link={self.link}"


@dataclass(frozen=True)
class _Rate(Channel):
    """The rate of a `Poisson` channel as a label: what its error without label noise is about."""

    link: Link

    metrics: ClassVar[tuple[str, ...]] = ("mean_square", "gibbs")

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        _, unknown = _rate_moments(self.link, signal, variance, offset)
        return 2.0 * unknown if metric == "gibbs" else unknown

    def without_noise(self) -> _Rate:
        return self

    def __str__(self) -> str:
        return f"the rate of poisson:link={self.link}"


def _rate_moments(
    link: Link, signal: FloatArray, variance: FloatArray, offset: float
) -> tuple[FloatArray, FloatArray]:
    """E f(h) and E Var(f(h) | omega)."""
    if link == "exp":
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.exp(offset + 0.5 * (signal + variance))
            unknown = np.exp(2.0 * (offset + signal) + variance) * np.expm1(variance)
        return mean, unknown
    from nishimori._kernels import poisson
    from nishimori._kernels.rules import gauss_legendre

    mean, unknown = poisson.clean_errors(signal, variance, offset, *gauss_legendre(16))
    return mean, unknown


@cache
def _sum_rules() -> tuple[FloatArray, FloatArray]:
    """Gauss rules for sums over 2^k counts, from the recurrence of the Gram polynomials.

    Row k holds nodes and weights over 2^k; rows of fewer counts than 32 are not used.
    """
    nodes = np.zeros((_LARGEST, _NODES))
    weights = np.zeros((_LARGEST, _NODES))
    n = np.arange(1.0, _NODES)
    for k in range(5, _LARGEST):
        size = 2.0**k
        beside = np.sqrt(n * n * (1.0 - (n / size) ** 2) / (4.0 * (4.0 * n * n - 1.0)))
        jacobi = np.diag(np.full(_NODES, 0.5 - 0.5 / size))
        jacobi += np.diag(beside, 1) + np.diag(beside, -1)
        nodes[k], vectors = np.linalg.eigh(jacobi)
        weights[k] = vectors[0] ** 2
    return nodes, weights
