"""Huber regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.arguments import require_positive
from nishimori.erm.base import Estimator, FloatArray, Kinks
from nishimori.latex import Symbol, cases

__all__ = ["Huber"]


@dataclass(frozen=True)
class Huber(Estimator):
    r"""Loss r^2/2 of small residuals r = y - z, threshold (abs(r) - threshold/2) of larger ones.

    Parameters
    ----------
    threshold : float
        Where the loss becomes linear; > 0.
    regularization : float, array_like or "optimal", default 1
    l1 : float, default 0

    Notes
    -----
    .. math:: g(r) = \mathrm{clip}\Big(\frac{r}{1 + V}, -\delta, \delta\Big).

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Linear(0.3), signal_variance=0.8, noise_variance=0.2)
    >>> state = nm.erm.Huber(0.5, regularization=0.3).solve(problem, 2.0)
    >>> print(f"{state.test_error:.12f}")
    0.782140541559

    References
    ----------
    .. [1] Huber, Ann. Math. Statist. 35 (1964) 73.
    """

    threshold: float

    sources: ClassVar[tuple[str, ...]] = ("huber1964",)

    def __post_init__(self) -> None:
        super().__post_init__()
        value = require_positive("threshold", self.threshold, "Huber")
        object.__setattr__(self, "threshold", value)

    def latex_loss(self, t: str = "t") -> str:
        far = rf"\delta\,(\lvert {t} \rvert - \tfrac12 \delta)"
        near = rf"\tfrac12 {t}^2", rf"\lvert {t} \rvert \le \delta"
        return cases((near, (far, rf"\lvert {t} \rvert > \delta")))

    def latex_score(self, t: str = "t") -> str:
        return rf"\max\left(-\delta, \min\left(\frac{{{t}}}{{1 + V}}, \delta\right)\right)"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (Symbol(r"\delta", "where the loss becomes linear", self.threshold),)

    def reduced(self, t: FloatArray) -> FloatArray:
        size = np.abs(t)
        clipped = np.minimum(size, self.threshold)
        return clipped * (size - 0.5 * clipped)

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        slope = 1.0 / (1.0 + susceptibility)
        inner = t * slope
        inside = np.abs(inner) <= self.threshold
        return np.clip(inner, -self.threshold, self.threshold), np.where(inside, slope, 0.0)

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        size = np.abs(t)
        inner = size / (1.0 + susceptibility)
        outer = size - susceptibility * self.threshold
        return self.reduced(np.where(inner <= self.threshold, inner, outer))

    @property
    def kinks(self) -> Kinks:
        end = self.threshold
        return ((-end, -end, -end), (end, end, end))
