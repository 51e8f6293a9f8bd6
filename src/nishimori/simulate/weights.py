"""Weights of every prior, drawn from its definition."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument
from nishimori.priors import Discrete, GaussBernoulli, Gaussian, GaussianMixture, Prior, Rademacher

__all__ = ["draw_weights"]

FloatArray = NDArray[np.float64]


@singledispatch
def draw_weights(prior: Prior, size: int, rng: np.random.Generator) -> FloatArray:
    """`size` independent weights of unit second moment."""
    raise BadArgument(f"simulate: weights of {type(prior).__name__} cannot be drawn")


@draw_weights.register
def _(prior: Gaussian, size: int, rng: np.random.Generator) -> FloatArray:
    return rng.standard_normal(size)


@draw_weights.register
def _(prior: Rademacher, size: int, rng: np.random.Generator) -> FloatArray:
    return rng.choice([-1.0, 1.0], size)


@draw_weights.register
def _(prior: GaussBernoulli, size: int, rng: np.random.Generator) -> FloatArray:
    kept = rng.random(size) < prior.density
    return np.where(kept, rng.standard_normal(size), 0.0) / math.sqrt(prior.density)


@draw_weights.register
def _(prior: Discrete, size: int, rng: np.random.Generator) -> FloatArray:
    return rng.choice(np.asarray(prior.values), size, p=np.asarray(prior.weights))


@draw_weights.register
def _(prior: GaussianMixture, size: int, rng: np.random.Generator) -> FloatArray:
    part = rng.choice(len(prior.weights), size, p=np.asarray(prior.weights))
    spread = np.sqrt(np.asarray(prior.variances))[part]
    return np.asarray(prior.means)[part] + spread * rng.standard_normal(size)
