"""What the priors that are mixtures of Gaussians and atoms have in common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nishimori.errors import BadArgument
from nishimori.priors.base import Denoised, FloatArray, denoised

__all__ = [
    "evaluate_mixture",
    "require_list",
    "require_weights",
    "root_of_moment",
    "shannon_entropy",
]


_ROUNDING = 2e-15  # of a sum that is one: what has been rescaled once is left as it is
_CENTRED = 1e-15
_FAR = 1e30
_RESOLVED = 6400.0  # of r D^2: exp(-r D^2/8) is below the smallest number


def evaluate_mixture(
    conjugate: FloatArray, means: FloatArray, variances: FloatArray, weights: FloatArray
) -> Denoised:
    """Denoise a mixture of N(means, variances) with unit second moment."""
    from nishimori._kernels import denoising
    from nishimori._kernels.rules import gauss_legendre

    conjugate = np.ascontiguousarray(conjugate)
    # a shift of the law changes neither mmse nor deficit, and costs no digits if made before
    mean = float(weights @ means)
    if abs(mean) < _CENTRED:
        mean = 0.0
    order = np.argsort(means, kind="stable")
    parts = [np.ascontiguousarray(part[order]) for part in (means - mean, variances, weights)]
    far = np.minimum(conjugate, _FAR)
    table = denoising.mixture(far, *parts, *gauss_legendre(14))
    at_infinity = np.isinf(conjugate)
    if not variances.any():
        _recover(table, conjugate, *parts)
    elif (conjugate > _FAR).any():
        _continue(table, conjugate, float(weights[variances > 0.0].sum()))
    if mean != 0.0:
        table[:, 0] += mean**2
        table[:, 2] += 0.5 * conjugate * mean**2
    limit = shannon_entropy(weights) if not variances.any() else math.inf
    table[at_infinity] = 1.0, 0.0, math.inf, limit, 0.0
    return denoised(conjugate, table)


def _recover(
    table: FloatArray, r: FloatArray, means: FloatArray, variances: FloatArray, weights: FloatArray
) -> None:
    """Where no two values can be confused any more, to the last representable mmse: v = 0."""
    gaps = np.diff(means)
    resolved = r * np.min(gaps, initial=np.inf) ** 2 > _RESOLVED if gaps.size else r > 0.0
    entropy, moment = shannon_entropy(weights), float(weights @ means**2)
    table[resolved, 0], table[resolved, 1], table[resolved, 4] = moment, 0.0, 0.0
    table[resolved, 2] = 0.5 * r[resolved] * moment - entropy
    table[resolved, 3] = entropy


def _continue(table: FloatArray, r: FloatArray, density: float) -> None:
    """Beyond _FAR the components are known and their values measured: v ~ 1/r."""
    far = (r > _FAR) & (r < np.inf)
    ratio = _FAR / r[far]
    gained = -0.5 * density * np.log(ratio)
    information = 0.5 * _FAR * (table[far, 0] + table[far, 1]) - table[far, 2]
    table[far, 2] = 0.5 * r[far] * (table[far, 0] + table[far, 1]) - information - gained
    table[far, 0] += table[far, 1] * (1.0 - ratio)
    table[far, 1] *= ratio
    table[far, 3] += gained
    table[far, 4] *= ratio**2


def root_of_moment(moment: float) -> float:
    """Its square root, or 1 within rounding: what has been rescaled once is left as it is."""
    return 1.0 if abs(moment - 1.0) < _ROUNDING else math.sqrt(moment)


def shannon_entropy(weights: FloatArray) -> float:
    """-sum w ln w in nats."""
    positive = weights[weights > 0.0]
    return float(-np.sum(positive * np.log(positive)))


def require_list(name: str, values: Any, owner: str) -> FloatArray:
    """A flat, non-empty array of finite floats, or a sentence."""
    try:
        array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        raise BadArgument(f"{owner}: {name} must be numbers, got {values!r}") from None
    if array.ndim != 1 or array.size == 0:
        raise BadArgument(f"{owner}: {name} must be a flat sequence of at least one number")
    if not np.isfinite(array).all():
        raise BadArgument(f"{owner}: {name} must be finite, got {array[~np.isfinite(array)][0]}")
    return array


def require_weights(values: Any, count: int, owner: str) -> FloatArray:
    """Non-negative weights that sum to one (to 1e-9, then exactly), or a sentence."""
    weights = require_list("weights", values, owner)
    if weights.size != count:
        raise BadArgument(f"{owner}: {count} values need {count} weights, got {weights.size}")
    if (weights < 0.0).any():
        raise BadArgument(f"{owner}: weights must be at least 0, got {weights.min():g}")
    total = float(weights.sum())
    if abs(total - 1.0) > 1e-9:
        raise BadArgument(f"{owner}: weights must sum to 1, they sum to {total:.12g}")
    return weights if abs(total - 1.0) < _ROUNDING else weights / total
