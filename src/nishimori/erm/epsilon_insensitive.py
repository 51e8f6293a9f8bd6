"""Support vector regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nishimori.arguments import require_positive
from nishimori.erm.base import Estimator, FloatArray, Kinks
from nishimori.latex import Symbol

__all__ = ["EpsilonInsensitive"]


@dataclass(frozen=True)
class EpsilonInsensitive(Estimator):
    r"""Loss max(abs(y - z) - epsilon, 0): support vector regression.

    Parameters
    ----------
    epsilon : float
        Half the width of the tube without loss; > 0.
    regularization : float, array_like or "optimal", default 1
    l1 : float, default 0

    Notes
    -----
    .. math:: g(r) = \mathrm{sign}(r)\,\mathrm{clip}\Big(\frac{|r| - \epsilon}{V}, 0, 1\Big).

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
    >>> state = nm.erm.EpsilonInsensitive(0.4, regularization=0.5).solve(problem, 2.0)
    >>> print(f"{state.test_error:.12f}")
    0.511975329002

    References
    ----------
    .. [1] Drucker et al., NIPS 1996.
    """

    epsilon: float

    sources: ClassVar[tuple[str, ...]] = ("drucker1996",)

    def __post_init__(self) -> None:
        super().__post_init__()
        value = require_positive("epsilon", self.epsilon, "EpsilonInsensitive")
        object.__setattr__(self, "epsilon", value)

    def latex_loss(self, t: str = "t") -> str:
        return rf"\max(\lvert {t} \rvert - \epsilon, 0)"

    def latex_score(self, t: str = "t") -> str:
        inner = rf"\frac{{\lvert {t} \rvert - \epsilon}}{{V}}"
        return rf"\operatorname{{sign}}({t})\,\max\left(0, \min\left({inner}, 1\right)\right)"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (Symbol(r"\epsilon", "half the width of the tube without loss", self.epsilon),)

    def reduced(self, t: FloatArray) -> FloatArray:
        return np.maximum(np.abs(t) - self.epsilon, 0.0)

    def minimizers(self) -> tuple[float, float]:
        return -self.epsilon, self.epsilon

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        inner = (np.abs(t) - self.epsilon) / susceptibility
        inside = (inner >= 0.0) & (inner <= 1.0)
        slope = np.where(inside, 1.0 / susceptibility, 0.0)
        return np.copysign(np.clip(inner, 0.0, 1.0), t), slope

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return np.maximum(np.abs(t) - self.epsilon - susceptibility, 0.0)

    @property
    def kinks(self) -> Kinks:
        return ((-self.epsilon, -1.0, 0.0), (self.epsilon, 0.0, 1.0))
