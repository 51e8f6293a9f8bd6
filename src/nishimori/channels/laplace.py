"""Linear readout with Laplace label noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.arguments import require_positive
from nishimori.channels.base import Channel, FloatArray, Information
from nishimori.channels.laws import LabelLaw, LabelMoments
from nishimori.channels.linear import Linear
from nishimori.latex import Symbol

__all__ = ["Laplace"]

_NODES = 16
_MIXTURE = np.arange(-25.0, 26.7, 0.17)


@dataclass(frozen=True)
class Laplace(Channel):
    r"""y = h + Laplace noise of density exp(-abs(x)/scale)/(2 scale).

    Parameters
    ----------
    scale : float
        b > 0; the noise has variance 2 b^2.

    Notes
    -----
    The density p of :math:`x = y - \omega = \sqrt V z + \mathrm{Laplace}(b)` does not depend on
    omega. With :math:`\sigma = \sqrt V/b`, :math:`u = x/\sqrt V` and the Mills ratio M,

    .. math:: p = \frac{\phi(u)}{2b} [M(\sigma - u) + M(\sigma + u)], \qquad
              F = \int \frac{p'^2}{p}\, dx, \qquad \Psi_{out} = \int p \ln p\, dx.

    `gibbs` is the mean square of y - h', h' a sample of the field's posterior. A known offset is
    removed by an intercept.

    Examples
    --------
    With the field known, F = 1/b^2; with V = b^2 it is less than either noise alone would leave.

    >>> import nishimori as nm
    >>> fisher, _ = nm.channels.Laplace(0.5).information(0.0, [0.0, 0.25])
    >>> print(" ".join(f"{x:.10f}" for x in fisher))
    4.0000000000 1.4738976909

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    scale: float

    metrics: ClassVar[tuple[str, ...]] = ("mean_square", "log_loss", "gibbs")
    ignores_offset: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", require_positive("scale", self.scale, "Laplace"))

    def latex_law(self) -> str:
        density = r"\frac{1}{2b}\,e^{-\lvert \zeta \rvert/b}"
        return rf"y &= h + \zeta, \qquad p(\zeta) = {density}"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        mills = r"\left[ M(\sigma - u) + M(\sigma + u) \right]"
        return (
            rf"p(x) &= \frac{{\phi(u)}}{{2b}} {mills}, \qquad u = \frac{{x}}{{\sqrt{{V}}}}",
            r"\sigma &= \frac{\sqrt{V}}{b}, \qquad M(t) = \frac{1 - \Phi(t)}{\phi(t)}",
            r"F &= \int \mathrm{d}x\, \frac{p'(x)^2}{p(x)}",
            r"\Psi_{\mathrm{out}} &= \int \mathrm{d}x\, p(x) \ln p(x)",
        )

    def latex_error(self, omega: str = r"\omega") -> str:
        return "V + 2b^2"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (Symbol("b", "the scale of the label noise", self.scale),)

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        from nishimori._kernels import laplace
        from nishimori._kernels.rules import gauss_legendre

        nodes, weights = gauss_legendre(_NODES)
        top = np.polynomial.legendre.legval(nodes, np.eye(_NODES)[-1])
        return Information(*laplace.information(variance, self.scale, nodes, weights, top))

    def conditional_entropy(self, variance: float, offset: float) -> float:
        return -1.0 - math.log(2.0 * self.scale)

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        if metric == "log_loss":
            return -self.evaluate(signal, variance, offset).entropy
        noise = 2.0 * self.scale * self.scale
        return noise + (2.0 * variance if metric == "gibbs" else variance)

    def label_law(self, field: FloatArray) -> LabelLaw:
        variances, weights = self.additive_noise()
        return LabelLaw(field[:, None], weights[None], variances[None])

    def additive_noise(self) -> tuple[FloatArray, FloatArray]:
        # a Gaussian whose variance is exponential with mean 2 b^2; in its square root t by the
        # trapezoid rule in u, t = ln(1 + e^u): logarithmic near 0, and even in the tail, where
        # exp(-t^2) meets exp(-(x/2bt)^2); to 4e-14 for residuals up to 500 b
        t = np.logaddexp(0.0, _MIXTURE)
        weights = t * np.exp(-t * t) / (1.0 + np.exp(-_MIXTURE))
        return 2.0 * np.square(self.scale * t), weights / weights.sum()

    def label_moments(self, variance: float, offset: float) -> LabelMoments:
        return LabelMoments(offset * offset + variance + 2.0 * self.scale**2, 1.0)

    def without_noise(self) -> Linear:
        return Linear(0.0)
