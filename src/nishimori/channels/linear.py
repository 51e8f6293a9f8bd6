"""Linear readout with Gaussian label noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.channels.base import Channel, FloatArray, Information, require_noise
from nishimori.channels.laws import LabelLaw, LabelMoments
from nishimori.latex import Symbol

__all__ = ["Linear"]


@dataclass(frozen=True)
class Linear(Channel):
    r"""y = h + sqrt(noise) z.

    Parameters
    ----------
    noise : float, default 0
        Variance Delta of the label noise; >= 0.

    Notes
    -----
    .. math:: F = \frac1{V + \Delta}, \qquad \Psi_{out} = -\tfrac12 \ln 2\pi e (V + \Delta).

    With a Gaussian prior the mmse v solves
    :math:`v^2 + (s + \alpha - 1) v - s = 0`, :math:`s = (\eta + \Delta)/\lambda`; the root is
    taken without cancellation. A known offset is removed by an intercept.

    Examples
    --------
    >>> import nishimori as nm
    >>> fisher, entropy = nm.channels.Linear(noise=0.1).information(0.5, 0.4)
    >>> print(f"{fisher:.12f}")
    2.000000000000

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    noise: float = 0.0

    metrics: ClassVar[tuple[str, ...]] = ("mean_square", "log_loss", "gibbs")
    ignores_offset: ClassVar[bool] = True
    proven: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "noise", require_noise("noise", self.noise, "Linear"))

    def latex_law(self) -> str:
        return r"y &= h + \sqrt{\Delta}\,\zeta" if self.noise else "y &= h"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        total = r"V + \Delta" if self.noise else "V"
        inside = f"({total})" if self.noise else total
        entropy = rf"-\tfrac12 \ln 2\pi e\,{inside}"
        return rf"F &= \frac{{1}}{{{total}}}", rf"\Psi_{{\mathrm{{out}}}} &= {entropy}"

    def latex_error(self, omega: str = r"\omega") -> str:
        return r"V + \Delta" if self.noise else "V"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        if not self.noise:
            return ()
        return (Symbol(r"\Delta", r"the variance of the label noise", self.noise),)

    def latex_gaussian(self) -> str:
        noise = r"\eta + \Delta" if self.noise else r"\eta"
        return rf"v^2 + (s + \alpha - 1)\,v - s &= 0, \qquad s = \frac{{{noise}}}{{\lambda}}"

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        total = variance + self.noise
        with np.errstate(divide="ignore", over="ignore"):
            fisher = 1.0 / total
            entropy = -0.5 * (math.log(2.0 * math.pi * math.e) + np.log(total))
        return Information(fisher, entropy, np.full(total.shape, 2e-16))

    def conditional_entropy(self, variance: float, offset: float) -> float:
        if self.noise == 0.0:
            return math.inf
        return -0.5 * math.log(2.0 * math.pi * math.e * self.noise)

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        if metric == "log_loss":
            return -self.evaluate(signal, variance, offset).entropy
        if metric == "gibbs":
            return 2.0 * variance + self.noise
        return variance + self.noise

    def without_noise(self) -> Linear:
        return Linear(0.0)

    def label_law(self, field: FloatArray) -> LabelLaw:
        return LabelLaw(field[:, None], np.ones((1, 1)), np.full((1, 1), self.noise))

    def additive_noise(self) -> tuple[FloatArray, FloatArray]:
        return np.array([self.noise]), np.ones(1)

    def label_moments(self, variance: float, offset: float) -> LabelMoments:
        return LabelMoments(offset * offset + variance + self.noise, 1.0)

    def gaussian_conjugate(
        self, alpha: FloatArray, signal_variance: float, noise_variance: float
    ) -> FloatArray:
        s = (noise_variance + self.noise) / signal_variance
        # with x = s + alpha - 1: v = (sqrt(x^2 + 4 s) - x)/2, or its conjugate form
        x = s + (alpha - 1.0)
        root = np.hypot(x, 2.0 * math.sqrt(s))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            mmse = np.where(x > 0.0, 2.0 * s / (root + x), 0.5 * (root - x))
            return np.where(math.isfinite(s), alpha / (mmse + s), 0.0)
