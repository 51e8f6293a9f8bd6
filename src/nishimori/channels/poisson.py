"""Counts with a Poisson law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, get_args

import numpy as np

from nishimori.channels.base import Channel, FloatArray, Information
from nishimori.channels.formulas import information_of, law_average
from nishimori.channels.laws import LabelLaw, LabelMoments, field_rule
from nishimori.errors import BadArgument, suggest

__all__ = ["Poisson"]

Link = Literal["exp", "softplus"]
_NODES = 14
_LARGEST = 40  # 2**40 counts in one window
_FEW, _CHARLIER = 60.0, 40  # rates below which counts are summed one by one, nodes above


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

    def latex_law(self) -> str:
        rate = "e^{h}" if self.link == "exp" else r"\ln(1 + e^{h})"
        law = r"P_{\mathrm{out}}(y \mid h) &= e^{-f(h)}\, \frac{f(h)^y}{y!}"
        return rf"{law}, \qquad f(h) = {rate}, \qquad y = 0, 1, 2, \dots"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        law = law_average(r"\left[ e^{-f} \frac{f^y}{y!} \right]_{f = f({h})}", omega)
        return law, *information_of(r"\sum_{y \ge 0}")

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

    def label_law(self, field: FloatArray) -> LabelLaw:
        return _count_law(_rate(self.link, field))

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        return ((0.0, 3.0),) if self.link == "softplus" else ()

    def label_moments(self, variance: float, offset: float) -> LabelMoments:
        if self.link == "exp":
            mean = math.exp(offset + 0.5 * variance)
            return LabelMoments(mean + math.exp(2.0 * (offset + variance)), mean)
        h, w = field_rule(variance, offset, self.field_scales(variance, offset))
        rate = _rate(self.link, h)
        slope = float(w @ (rate * (h - offset))) / variance if variance > 0.0 else 0.0
        return LabelMoments(float(w @ (rate + rate * rate)), slope)

    def without_noise(self) -> _Rate:
        return _Rate(self.link)

    def __str__(self) -> str:
        return f"poisson:link={self.link}"


@dataclass(frozen=True)
class _Rate(Channel):
    """The rate of a `Poisson` channel as a label: what its error without label noise is about."""

    link: Link

    metrics: ClassVar[tuple[str, ...]] = ("mean_square", "gibbs")

    def label_law(self, field: FloatArray) -> LabelLaw:
        return LabelLaw(_rate(self.link, field)[:, None], np.ones((1, 1)), np.zeros((1, 1)))

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        return ((0.0, 3.0),) if self.link == "softplus" else ()

    def label_moments(self, variance: float, offset: float) -> LabelMoments:
        noisy = Poisson(self.link).label_moments(variance, offset)
        mean, _ = _rate_moments(self.link, np.array([variance]), np.zeros(1), offset)
        return LabelMoments(noisy.mean_square - float(mean[0]), noisy.slope)

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        _, unknown = _rate_moments(self.link, signal, variance, offset)
        return 2.0 * unknown if metric == "gibbs" else unknown

    def without_noise(self) -> _Rate:
        return self

    def __str__(self) -> str:
        return f"the rate of poisson:link={self.link}"


def _rate(link: Link, field: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.exp(field) if link == "exp" else np.logaddexp(0.0, field)


def _count_law(rate: FloatArray) -> LabelLaw:
    """Counts one by one where the rate is small, else nodes of the Gauss-Charlier rule."""
    counts = np.arange(_FEW + 12.0 * math.sqrt(_FEW) + 30.0)
    log_factorial = np.array([math.lgamma(y + 1.0) for y in counts])
    few = rate <= _FEW
    values = np.broadcast_to(counts, (rate.size, counts.size)).copy()
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        log = np.where(few, np.log(rate), 0.0)[:, None]
        power = np.where(counts == 0.0, 0.0, counts * log)
        weights = np.exp(power - np.where(few, rate, 0.0)[:, None] - log_factorial)
    k = np.arange(float(_CHARLIER))
    for i in np.flatnonzero(~few):
        beside = np.sqrt(rate[i] * k[1:])
        jacobi = np.diag(rate[i] + k) + np.diag(beside, 1) + np.diag(beside, -1)
        nodes, vectors = np.linalg.eigh(jacobi)
        values[i, :_CHARLIER], weights[i] = nodes, 0.0
        weights[i, :_CHARLIER] = np.square(vectors[0])
    return LabelLaw(values, weights, np.zeros((1, 1)))


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
