"""The square loss on class labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nishimori.erm.base import Estimator, FloatArray

__all__ = ["SquareClassification"]


@dataclass(frozen=True, kw_only=True)
class SquareClassification(Estimator):
    r"""Square loss (1 - y z)^2/2 = (y - z)^2/2 on labels +-1; the test error counts wrong signs.

    Parameters
    ----------
    regularization : float, array_like or "optimal", default 1
    l1 : float, default 0

    Notes
    -----
    Given the input, a label is a multiple of its field plus uncorrelated noise, so the equations
    are those of `Ridge`. For sign labels with flips p and V' = E h^2 + noise the best
    regularisation is

    .. math:: \lambda_{reg} = \frac{\pi V'}{2 \lambda (1 - 2p)^2} - \mathrm{tr}\,\Sigma/d,

    for the square loss and for the misclassification.

    Examples
    --------
    >>> import nishimori as nm
    >>> square = nm.erm.SquareClassification(regularization="optimal")
    >>> state = square.solve(nm.GLM(channel=nm.channels.Sign()), 2.0)
    >>> print(f"{state.regularization:.12f} {state.test_error:.12f}")
    0.570796326795 0.186027902646

    References
    ----------
    .. [1] Cui, Krzakala, Zdeborova, ICML 2023, arXiv:2302.00375.
    """

    labels: ClassVar[Literal["real", "sign", "any"]] = "sign"
    is_square: ClassVar[bool] = True
    sources: ClassVar[tuple[str, ...]] = ("cui2023",)

    def latex_loss(self, t: str = "t") -> str:
        return rf"\tfrac12 (1 - {t})^2"

    def latex_score(self, t: str = "t") -> str:
        return rf"\frac{{1 - {t}}}{{1 + V}}"

    def reduced(self, t: FloatArray) -> FloatArray:
        return 0.5 * np.square(1.0 - t)

    def minimizers(self) -> tuple[float, float]:
        return 1.0, 1.0

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        slope = 1.0 / (1.0 + susceptibility)
        return (1.0 - t) * slope, np.broadcast_to(slope, t.shape)

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return 0.5 * np.square((1.0 - t) / (1.0 + susceptibility))
