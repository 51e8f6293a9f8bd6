"""Ridge regression: the square loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.erm.base import Estimator, FloatArray

__all__ = ["Ridge"]


@dataclass(frozen=True, kw_only=True)
class Ridge(Estimator):
    r"""Square loss (y - z)^2/2 on real labels.

    Parameters
    ----------
    regularization : float, array_like or "optimal", default 1
        lambda_reg >= 0; scikit-learn's ``Ridge(alpha=lambda_reg)`` on x/sqrt(d). At 0 the limit
        from above: the interpolator of least norm where alpha < 1.
    l1 : float, default 0
        Weight of the l1 norm: `Lasso` and `ElasticNet` are short names.

    Notes
    -----
    Isotropic inputs have a closed form: with b = 1 - lambda_reg V,

    .. math:: \lambda_{reg} V^2 + (\lambda_{reg} + \alpha - 1) V - 1 = 0, \quad m = \lambda b, \quad
              E = \frac{\lambda (1 - b)^2 + \eta + \Delta}{1 - b^2/\alpha}, \quad
              q = \lambda b^2 + E b^2/\alpha .

    Any channel acts as Gaussian noise: only E y^2 and the slope E[y h]/E h^2 matter. The best
    regularisation is (eta + Delta)/lambda, where the test error of a linear readout is Bayes's.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(channel=nm.channels.Linear(noise=0.1))
    >>> curve = nm.erm.Ridge(regularization="optimal").learning_curve(problem, [0.5, 2.0])
    >>> print(" ".join(f"{e:.12f}" for e in curve.test_error))
    0.674165738677 0.184428877022
    >>> print(" ".join(f"{e:.12f}" for e in problem.learning_curve([0.5, 2.0]).test_error))
    0.674165738677 0.184428877022

    References
    ----------
    .. [1] Cui, Krzakala, Zdeborova, ICML 2023, arXiv:2302.00375.
    """

    is_square: ClassVar[bool] = True
    sources: ClassVar[tuple[str, ...]] = ("cui2023",)

    def latex_loss(self, t: str = "t") -> str:
        return rf"\tfrac12 {t}^2"

    def latex_score(self, t: str = "t") -> str:
        return rf"\frac{{{t}}}{{1 + V}}"

    def reduced(self, t: FloatArray) -> FloatArray:
        return 0.5 * t * t

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        slope = 1.0 / (1.0 + susceptibility)
        return t * slope, np.broadcast_to(slope, t.shape)

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return 0.5 * np.square(t / (1.0 + susceptibility))
