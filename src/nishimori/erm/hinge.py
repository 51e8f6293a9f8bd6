"""The support vector machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nishimori.erm.base import Estimator, FloatArray, Kinks

__all__ = ["Hinge"]


@dataclass(frozen=True, kw_only=True)
class Hinge(Estimator):
    r"""Loss max(1 - y z, 0) on labels +-1: the support vector machine.

    Parameters
    ----------
    regularization : float, array_like or "optimal", default 1
        lambda_reg; scikit-learn's C is 1/lambda_reg.
    l1 : float, default 0

    Notes
    -----
    In the margin u = y omega,

    .. math:: g(u) = \mathrm{clip}\Big(\frac{1 - u}{V}, 0, 1\Big).

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Sign(0.2), signal_variance=0.7, noise_variance=0.3)
    >>> state = nm.erm.Hinge(regularization=0.5).solve(problem, 2.0)
    >>> print(f"{state.test_error:.12f} {state.train_loss:.12f}")
    0.331298961472 0.292425556087

    References
    ----------
    .. [1] Aubin, Krzakala, Lu, Zdeborova, NeurIPS 2020, arXiv:2006.06560.
    """

    labels: ClassVar[Literal["real", "sign", "any"]] = "sign"
    sources: ClassVar[tuple[str, ...]] = ("aubin2020",)

    def latex_loss(self, t: str = "t") -> str:
        return rf"\max(1 - {t}, 0)"

    def latex_score(self, t: str = "t") -> str:
        return rf"\max\left(0, \min\left(\frac{{1 - {t}}}{{V}}, 1\right)\right)"

    def reduced(self, t: FloatArray) -> FloatArray:
        return np.maximum(1.0 - t, 0.0)

    def minimizers(self) -> tuple[float, float]:
        return 1.0, np.inf

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        inner = (1.0 - t) / susceptibility
        inside = (inner >= 0.0) & (inner <= 1.0)
        return np.clip(inner, 0.0, 1.0), np.where(inside, 1.0 / susceptibility, 0.0)

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return np.maximum(1.0 - t - susceptibility, 0.0)

    @property
    def kinks(self) -> Kinks:
        return ((1.0, -1.0, 0.0),)
