"""Where message passing starts from, other than from knowing nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

from nishimori.channels import Channel
from nishimori.simulate.field_posteriors import output_score

__all__ = ["informed_start", "is_blind", "spectral_start"]

FloatArray = NDArray[np.float64]
State = tuple[FloatArray, FloatArray]

_ALMOST_ZERO = 1e-9
_CREDIT = 0.1  # self-overlap of a spectral start
_FLOOR = -20.0  # of T(y), which goes to -inf where a label tells that h = c_0
_HALVINGS = 60


def is_blind(channel: Channel, y: FloatArray, offset: float, variance: float) -> bool:
    """Whether the labels tell nothing of the sign of fields of which nothing else is known."""
    score, _ = output_score(channel, y, offset, variance)
    return bool((np.abs(score) * math.sqrt(variance) < _ALMOST_ZERO).all())


def informed_start(
    denoise: Callable[[FloatArray, float], State],
    truth: FloatArray,
    overlap: float,
    rng: np.random.Generator,
) -> State:
    """The posterior given sqrt(r) a + z, at the r where a . a_hat/d is `overlap`."""
    noise = rng.standard_normal(truth.size)

    def at(r: float) -> State:
        return denoise(r * truth + math.sqrt(r) * noise, r)

    low, high = -30.0, 30.0  # of ln r
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if float(np.mean(truth * at(math.exp(middle))[0])) < overlap:
            low = middle
        else:
            high = middle
    return at(math.exp(0.5 * (low + high)))


def spectral_start(
    channel: Channel,
    x: FloatArray,
    y: FloatArray,
    offset: float,
    variance: float,
    prior: State,
    rng: np.random.Generator,
) -> State:
    """Along the leading eigenvector of sum T(y) x x^T, T = 1 - V/E[(h - c_0)^2 | y]."""
    score, bend = output_score(channel, y, offset, variance)
    # E[t^2 | y] = 1 + V (g^2 - (-dg)), of t = (h - c_0)/sqrt(V)
    square = 1.0 + variance * (np.square(score) - bend)
    weight = np.maximum(1.0 - 1.0 / np.maximum(square, 1e-9), _FLOOR)
    direction = _leading(x, weight, rng)
    spread = np.sqrt(prior[1])
    mean = direction * spread
    mean *= math.sqrt(_CREDIT * float(prior[1].sum()) / float(mean @ mean))
    return mean, (1.0 - _CREDIT) * prior[1]


def _leading(x: FloatArray, weight: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The unit eigenvector of sum_mu weight_mu x_mu x_mu^T with the largest eigenvalue."""
    d = x.shape[1]
    if not (weight.any() and x.any()):
        return np.asarray(rng.standard_normal(d)) / math.sqrt(d)
    if d < 20:
        return np.asarray(np.linalg.eigh((x.T * weight) @ x)[1][:, -1])
    matrix = LinearOperator((d, d), matvec=lambda u: x.T @ (weight * (x @ np.ravel(u))))
    start = rng.standard_normal(d)
    return np.asarray(eigsh(matrix, k=1, which="LA", v0=start, tol=1e-3, maxiter=1000)[1][:, 0])
