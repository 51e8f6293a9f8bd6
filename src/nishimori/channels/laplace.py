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

__all__ = ["Laplace"]

_NODES = 16
_EDGES = np.array([0.0, 1e-4, 1e-3, 1e-2, 0.1, 0.4, 1.0, 2.0, 3.2, 4.6, 6.3])


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
        # a Gaussian whose variance is exponential with mean 2 b^2; in t, its square root
        from nishimori._kernels.rules import gauss_legendre

        x, w = gauss_legendre(10)
        half = 0.5 * np.diff(_EDGES)
        t = ((_EDGES[:-1] + half)[:, None] + half[:, None] * x).ravel()
        weights = (half[:, None] * w).ravel() * 2.0 * t * np.exp(-t * t)
        return 2.0 * np.square(self.scale * t), weights / weights.sum()

    def label_moments(self, variance: float, offset: float) -> LabelMoments:
        return LabelMoments(offset * offset + variance + 2.0 * self.scale**2, 1.0)

    def without_noise(self) -> Linear:
        return Linear(0.0)
