"""Door labels: whether the field lies within a symmetric interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nishimori.arguments import require_positive
from nishimori.channels.base import Channel, FloatArray, Information
from nishimori.channels.formulas import binary_information
from nishimori.channels.laws import LabelLaw
from nishimori.latex import Symbol

__all__ = ["Door"]

_NODES = 16


@dataclass(frozen=True)
class Door(Channel):
    r"""y = +1 if abs(h) < threshold, else -1.

    Parameters
    ----------
    threshold : float
        K > 0.

    Notes
    -----
    With :math:`w = \omega + c_0`,

    .. math:: Z_+ = \Phi\Big(\frac{K - w}{\sqrt V}\Big) - \Phi\Big(-\frac{K + w}{\sqrt V}\Big),
              \quad Z_- = 1 - Z_+, \quad
              F = E_\omega \frac{(\partial_\omega Z_+)^2}{Z_+ Z_-}, \quad
              \Psi_{out} = E [Z_+ \ln Z_+ + Z_- \ln Z_-].

    Without an offset the labels are even in h: nothing is learnt from nothing, and learning
    starts at the weak recovery threshold. `gibbs` is the misclassification of one sample of the
    posterior.

    Examples
    --------
    A median door is a fair coin before anything is learnt.

    >>> import nishimori as nm
    >>> door = nm.channels.Door(0.6744897501960817)
    >>> fisher, entropy = door.information([0.0, 0.5], [1.0, 0.5])
    >>> print(f"{fisher[0]:.3f} {fisher[1]:.10f} {entropy[0]:.12f}")
    0.000 0.5559327198 -0.693147180560

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    threshold: float

    metrics: ClassVar[tuple[str, ...]] = ("misclassification", "mean_square", "log_loss", "gibbs")
    even_in_offset: ClassVar[bool] = True
    binary: ClassVar[bool] = True

    def __post_init__(self) -> None:
        threshold = require_positive("threshold", self.threshold, "Door")
        object.__setattr__(self, "threshold", threshold)

    def latex_law(self) -> str:
        return r"y &= \operatorname{sign}(K - \lvert h \rvert)"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        below = omega if omega == r"\omega" else rf"({omega})"
        inside = (
            rf"\Phi\left(\frac{{K - {below}}}{{\sqrt{{V}}}}\right)"
            rf" - \Phi\left(\frac{{-K - {below}}}{{\sqrt{{V}}}}\right)"
        )
        return rf"Z_+ &= {inside}", r"Z_- &= 1 - Z_+", *binary_information()

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (Symbol("K", "the threshold of the door", self.threshold),)

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        from nishimori._kernels import door
        from nishimori._kernels.rules import gauss_legendre

        nodes, weights = gauss_legendre(_NODES)
        top = np.polynomial.legendre.legval(nodes, np.eye(_NODES)[-1])
        return Information(
            *door.information(signal, variance, self.threshold, offset, nodes, weights, top)
        )

    def conditional_entropy(self, variance: float, offset: float) -> float:
        return 0.0

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        from nishimori._kernels import door
        from nishimori._kernels.rules import gauss_legendre

        if metric == "log_loss":
            return -self.evaluate(signal, variance, offset).entropy
        nodes, weights = gauss_legendre(_NODES)
        pair: FloatArray
        wrong: FloatArray
        pair, wrong = door.errors(signal, variance, self.threshold, offset, nodes, weights)
        if metric == "misclassification":
            return wrong
        return (4.0 if metric == "mean_square" else 2.0) * pair

    def without_noise(self) -> Door:
        return self

    def label_law(self, field: FloatArray) -> LabelLaw:
        inside = np.where(np.abs(field) < self.threshold, 1.0, 0.0)
        weights = np.stack([inside, 1.0 - inside], axis=1)
        return LabelLaw(np.array([[1.0, -1.0]]), weights, np.zeros((1, 1)))

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        return (-self.threshold, 0.0), (self.threshold, 0.0)

    def in_units_of(self, variance: float) -> Door | None:
        threshold = self.threshold / math.sqrt(variance)
        return replace(self, threshold=threshold) if 0.0 < threshold < math.inf else None
