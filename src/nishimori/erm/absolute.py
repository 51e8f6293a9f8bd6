"""Least absolute deviations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.erm.base import Estimator, FloatArray, Kinks

__all__ = ["Absolute"]


@dataclass(frozen=True, kw_only=True)
class Absolute(Estimator):
    r"""Loss abs(y - z).

    Parameters
    ----------
    regularization : float, array_like or "optimal", default 1
    l1 : float, default 0

    Notes
    -----
    .. math:: g(r) = \mathrm{clip}(r/V, -1, 1).

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
    >>> state = nm.erm.Absolute(regularization=0.5).solve(problem, 2.0)
    >>> print(f"{state.test_error:.12f}")
    0.555094271567

    References
    ----------
    .. [1] Advani, Ganguli, Phys. Rev. X 6 (2016) 031034, arXiv:1601.04650.
    """

    sources: ClassVar[tuple[str, ...]] = ("advani2016",)

    def latex_loss(self, t: str = "t") -> str:
        return rf"\lvert {t} \rvert"

    def latex_score(self, t: str = "t") -> str:
        return rf"\max\left(-1, \min\left(\frac{{{t}}}{{V}}, 1\right)\right)"

    def reduced(self, t: FloatArray) -> FloatArray:
        return np.abs(t)

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        inner = t / susceptibility
        inside = np.abs(inner) <= 1.0
        return np.clip(inner, -1.0, 1.0), np.where(inside, 1.0 / susceptibility, 0.0)

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return np.maximum(np.abs(t) - susceptibility, 0.0)

    @property
    def kinks(self) -> Kinks:
        return ((0.0, -1.0, 1.0),)
