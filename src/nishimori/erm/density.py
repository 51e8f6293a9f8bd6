"""The law of margins y z and of residuals y - z."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from nishimori.arguments import require_array
from nishimori.channels import Sign
from nishimori.erm.base import Estimator
from nishimori.erm.checks import check_solved
from nishimori.erm.general import components
from nishimori.erm.labelled import LabelledLoss
from nishimori.errors import BadArgument
from nishimori.features import LinearStudent

if TYPE_CHECKING:
    from nishimori.features import Features
    from nishimori.glm import GLM
    from nishimori.results import ErmState

__all__ = ["margin_density"]

FloatArray = NDArray[np.float64]


def margin_density(
    estimator: Estimator,
    problem: GLM,
    state: ErmState,
    u: ArrayLike,
    features: Features | None = None,
    *,
    training: bool = False,
) -> FloatArray:
    """See `Estimator.margin_density`."""
    check_solved(estimator, problem, state, features, "margin_density", curves=False)
    places = require_array("u", u, "margin_density")
    if not np.isfinite(places).all():
        raise BadArgument("margin_density: u must be finite")
    if estimator.for_labels(problem.channel).labels == "sign" and state.self_overlap == 0.0:
        raise BadArgument("margin_density: the output is 0, every margin is, there is no density")
    flat = places.ravel()
    estimator = estimator.for_labels(problem.channel)
    rho = (LinearStudent() if features is None else features).geometry(problem).target_variance
    if not training:
        return _fresh(estimator, problem, rho, state, flat).reshape(places.shape)[()]
    if isinstance(estimator, LabelledLoss):
        raise BadArgument(
            "margin_density: that of the training samples is known for losses of the margin y z "
            "or the residual y - z, and this one is neither; use training=False"
        )
    v = float(state.susceptibility)
    if estimator.separable_only:
        out = np.where(flat > 1.0, _fresh(estimator, problem, rho, state, flat), 0.0)
    elif v == math.inf:
        raise BadArgument("margin_density: every training sample is fitted, there is no density")
    else:
        before = _before(estimator, flat, v)
        _, slope = estimator.score(before[:, None], np.full((1, 1), v))
        stretch = 1.0 - v * slope[:, 0]
        fresh = _fresh(estimator, problem, rho, state, before)
        out = np.where(stretch > 1e-12, fresh / np.maximum(stretch, 1e-12), 0.0)
    return out.reshape(places.shape)[()]


def _fresh(
    estimator: Estimator, problem: GLM, rho: float, state: ErmState, t: FloatArray
) -> FloatArray:
    channel, q, m = problem.channel, state.self_overlap, state.overlap
    noise = channel.additive_noise()
    if estimator.labels == "real" and noise is not None:
        variances, weights = noise
        total = rho + q - 2.0 * m + variances
        return _normal(t[:, None], np.zeros(1), total) @ weights
    gap = max(q * rho - m * m, 0.0)
    offset = 0.0 if channel.ignores_offset else problem.offset
    if estimator.labels == "sign" and isinstance(channel, Sign) and offset == 0.0:
        with np.errstate(divide="ignore", invalid="ignore"):
            steep = t * (m / math.sqrt(q * (gap + channel.noise * q)))
        side = (1.0 - 2.0 * channel.flip) * ndtr(steep) + channel.flip
        return 2.0 * _normal(t, np.zeros(1), np.full(1, q)) * side
    lean, narrow = m / rho, gap / rho
    finest = 1.5 * math.sqrt(narrow) / abs(lean) if lean != 0.0 else math.inf
    law = components(channel, rho, offset, finest, 20)
    if estimator.labels == "sign":
        mean, spread = law.label * lean * law.field, np.full(law.field.shape, narrow)
    else:
        mean, spread = law.label - lean * law.field, narrow + law.variance
    return np.concatenate(
        [_normal(part[:, None], mean, spread) @ law.weight for part in np.array_split(t, t.size)]
    )


def _normal(t: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):  # far out
        return np.exp(-0.5 * np.square(t - mean) / variance) / np.sqrt(2.0 * math.pi * variance)


def _before(estimator: Estimator, after: FloatArray, v: float) -> FloatArray:
    """The margins (residuals) of the cavity that training moves to `after`, by bisection."""
    sign = 1.0 if estimator.labels == "sign" else -1.0

    def moved(t: FloatArray) -> FloatArray:
        g, _ = estimator.score(t[:, None], np.full((1, 1), v))
        return t + sign * v * g[:, 0]

    reach = np.ones_like(after)
    for _ in range(200):
        outside = (moved(after - reach) > after) | (moved(after + reach) < after)
        if not outside.any():
            break
        reach = np.where(outside, 2.0 * reach, reach)
    low, high = after - reach, after + reach
    for _ in range(100):
        middle = 0.5 * (low + high)
        below = moved(middle) < after
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)
