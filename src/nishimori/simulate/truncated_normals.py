"""Normal variables cut off at two ends, and mixtures of them: what labels leave of a field."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["HALF_LOG_2PI", "Moments", "mix", "truncated"]

FloatArray = NDArray[np.float64]
Moments = tuple[FloatArray, FloatArray, FloatArray]

HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(56)
_DEPTH = 41.0  # below its largest value, exp(-41) = 2e-18, a density counts as zero
_ROWS = 1000


def truncated(low: FloatArray, high: FloatArray) -> Moments:
    """ln mass, mean and variance of a standard normal variable between `low` and `high`.

    Where the ends are equal or crossed the mass is zero. By Gauss-Legendre quadrature from the
    larger end of the density on: unlike differences of distribution functions it keeps all digits
    of narrow intervals and of tails.
    """
    log_mass, mean, variance = (np.empty(low.size) for _ in range(3))
    for start in range(0, low.size, _ROWS):
        part = slice(start, start + _ROWS)
        found = _truncated(low[part], high[part])
        log_mass[part], mean[part], variance[part] = found
    return log_mass, mean, variance


def _truncated(low: FloatArray, high: FloatArray) -> Moments:
    turned = -low > high  # keep to intervals whose end nearest to 0 is the lower one
    near, far = np.where(turned, -high, low), np.where(turned, -low, high)
    empty = ~(far > near) | np.isinf(near) & (near > 0.0)
    mode = np.where(empty, 0.0, np.maximum(near, 0.0))
    depth = 2.0 * _DEPTH / (mode + np.sqrt(np.square(mode) + 2.0 * _DEPTH))
    left = np.where(empty, 0.0, np.maximum(near, -depth) - mode)
    right = np.where(empty, 1.0, np.minimum(far - mode, depth))
    half = 0.5 * (right - left)
    x = (left + half)[:, None] + half[:, None] * _NODES  # from the mode
    density = _WEIGHTS * np.exp(-x * (mode[:, None] + 0.5 * x))
    total = density.sum(axis=1)
    shift = (density * x).sum(axis=1) / total
    variance = (density * np.square(x - shift[:, None])).sum(axis=1) / total
    with np.errstate(divide="ignore"):
        log_mass = np.log(half * total) - 0.5 * np.square(mode) - HALF_LOG_2PI
    mean = np.where(turned, -(mode + shift), mode + shift)
    return np.where(empty, -np.inf, log_mass), np.where(empty, 0.0, mean), variance


def mix(log_weights: FloatArray, means: FloatArray, variances: FloatArray) -> Moments:
    """ln of the total weight, mean and variance of a mixture; one component per row.

    Where no component has weight, the total is -inf and the moments are those of equal weights.
    """
    top = log_weights.max(axis=0)
    none = np.isneginf(top)
    share = np.where(none, 1.0, np.exp(log_weights - np.where(none, 0.0, top)))
    total = share.sum(axis=0)
    share = share / total
    mean = (share * means).sum(axis=0)
    variance = (share * (variances + np.square(means - mean))).sum(axis=0)
    return np.where(none, -np.inf, top + np.log(total)), mean, variance
