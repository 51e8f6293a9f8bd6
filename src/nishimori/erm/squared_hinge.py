"""The squared hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nishimori.erm.base import Estimator, FloatArray, Kinks

__all__ = ["SquaredHinge"]


@dataclass(frozen=True, kw_only=True)
class SquaredHinge(Estimator):
    r"""Loss max(1 - y z, 0)^2/2 on labels +-1.

    Parameters
    ----------
    regularization : float, array_like or "optimal", default 1
        lambda_reg; scikit-learn has no 1/2 in its loss, so its C is 1/(2 lambda_reg).
    l1 : float, default 0

    Notes
    -----
    In the margin u = y omega, :math:`g(u) = \max(1 - u, 0)/(1 + V)`.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Sign(0.2), signal_variance=0.7, noise_variance=0.3)
    >>> state = nm.erm.SquaredHinge(regularization=0.5).solve(problem, 2.0)
    >>> print(f"{state.test_error:.12f} {state.train_loss:.12f}")
    0.326487633118 0.164249711297

    References
    ----------
    .. [1] Aubin, Krzakala, Lu, Zdeborova, NeurIPS 2020, arXiv:2006.06560.
    """

    labels: ClassVar[Literal["real", "sign", "any"]] = "sign"
    sources: ClassVar[tuple[str, ...]] = ("aubin2020",)

    def latex_loss(self, t: str = "t") -> str:
        return rf"\tfrac12 \max(1 - {t}, 0)^2"

    def latex_score(self, t: str = "t") -> str:
        return rf"\frac{{\max(1 - {t}, 0)}}{{1 + V}}"

    def reduced(self, t: FloatArray) -> FloatArray:
        return 0.5 * np.square(np.maximum(1.0 - t, 0.0))

    def minimizers(self) -> tuple[float, float]:
        return 1.0, np.inf

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        slope = 1.0 / (1.0 + susceptibility)
        return np.maximum(1.0 - t, 0.0) * slope, np.where(t <= 1.0, slope, 0.0)

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return 0.5 * np.square(np.maximum(1.0 - t, 0.0) / (1.0 + susceptibility))

    @property
    def kinks(self) -> Kinks:
        return ((1.0, 0.0, 0.0),)
