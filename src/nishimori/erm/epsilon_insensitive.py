"""Support vector regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nishimori.erm.base import Estimator, FloatArray, require_positive

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

    def __post_init__(self) -> None:
        super().__post_init__()
        value = require_positive("epsilon", self.epsilon, "EpsilonInsensitive")
        object.__setattr__(self, "epsilon", value)

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

    def cuts(self, susceptibility: FloatArray) -> FloatArray:
        near = np.full(np.shape(susceptibility), self.epsilon)
        far = self.epsilon + np.asarray(susceptibility)
        return np.stack([-far, -near, near, far], axis=-1)
