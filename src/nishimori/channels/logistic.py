"""Logistic labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from nishimori.channels.base import Channel, FloatArray, Information
from nishimori.channels.formulas import binary_information
from nishimori.channels.laws import LabelLaw
from nishimori.channels.sign import Sign

__all__ = ["Logistic"]

_NODES = 16
_CUTS = (0.0, 2.0, 5.0, 9.0, 15.0, 23.0, 40.0)


@cache
def _field_rule() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes t, and weights times sigma(-t) and sigma(t) sigma(-t)."""
    from nishimori._kernels.rules import gauss_legendre

    nodes, weights = gauss_legendre(12)
    left, right = np.array(_CUTS[:-1])[:, None], np.array(_CUTS[1:])[:, None]
    field = np.ravel(left + 0.5 * (right - left) * (1.0 + nodes))
    weight = np.ravel(0.5 * (right - left) * weights)
    small = np.exp(-field) / (1.0 + np.exp(-field))
    return field, weight * small, weight * small * (1.0 - small)


@dataclass(frozen=True)
class Logistic(Channel):
    r"""y = +-1 with P(y | h) = 1/(1 + exp(-y h)).

    Notes
    -----
    With :math:`w = \omega + c_0`,

    .. math:: Z_\pm = E_z\, \sigma(\pm(w + \sqrt V z)), \quad
              F = E_\omega \frac{(\partial_\omega Z_+)^2}{Z_+ Z_-}, \quad
              \Psi_{out} = E [Z_+ \ln Z_+ + Z_- \ln Z_-].

    `gibbs` is the misclassification of a label drawn afresh for one sample of the posterior.

    Examples
    --------
    The field known and zero: F is the variance of a fair coin in units of 0 and 1.

    >>> import nishimori as nm
    >>> fisher, entropy = nm.channels.Logistic().information([0.0, 0.5], [0.0, 0.5])
    >>> print(f"{fisher[0]:.3f} {fisher[1]:.10f} {entropy[0]:.10f}")
    0.250 0.1867899563 -0.6931471806

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    metrics: ClassVar[tuple[str, ...]] = ("misclassification", "mean_square", "log_loss", "gibbs")
    even_in_offset: ClassVar[bool] = True
    binary: ClassVar[bool] = True
    costly: ClassVar[bool] = True

    def latex_law(self) -> str:
        return r"P_{\mathrm{out}}(y \mid h) &= \frac{1}{1 + e^{-y h}}, \qquad y = \pm 1"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        chance = rf"\frac{{1}}{{1 + e^{{\mp({omega} + \sqrt{{V}}\,z)}}}}"
        return rf"Z_\pm &= \mathbb{{E}}_z {chance}", *binary_information()

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        from nishimori._kernels import logistic

        return Information(*logistic.information(signal, variance, offset, *_field_rule()))

    def conditional_entropy(self, variance: float, offset: float) -> float:
        known, rest = np.array([float(variance)]), np.zeros(1)
        return float(self.evaluate(known, rest, offset).entropy[0])

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        from nishimori._kernels import logistic
        from nishimori._kernels.rules import gauss_legendre

        if metric == "log_loss":
            return -self.evaluate(signal, variance, offset).entropy
        pair: FloatArray
        wrong: FloatArray
        pair, wrong = logistic.errors(
            signal, variance, offset, *_field_rule(), *gauss_legendre(_NODES)
        )
        if metric == "misclassification":
            return wrong
        return (4.0 if metric == "mean_square" else 2.0) * pair

    def label_law(self, field: FloatArray) -> LabelLaw:
        small = np.exp(-np.abs(field))
        less, more = small / (1.0 + small), 1.0 / (1.0 + small)
        above = np.where(field >= 0.0, more, less)
        below = np.where(field >= 0.0, less, more)
        weights = np.stack([above, below], axis=1)
        return LabelLaw(np.array([[1.0, -1.0]]), weights, np.zeros((1, 1)))

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        return ((0.0, 3.0),)

    def without_noise(self) -> Sign:
        return Sign()
