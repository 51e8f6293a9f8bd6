"""Posterior mean and variance of a weight under every prior of the package."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from nishimori.errors import BadArgument
from nishimori.priors import Discrete, GaussBernoulli, Gaussian, GaussianMixture, Prior, Rademacher

__all__ = ["mixture_of", "posterior_moments"]

FloatArray = NDArray[np.float64]
Mixture = tuple[FloatArray, FloatArray, FloatArray]


@singledispatch
def mixture_of(prior: Prior) -> Mixture:
    """A prior as a mixture of Gaussians: means, variances (0 for an atom), weights."""
    raise BadArgument(f"gamp: {type(prior).__name__} weights are not known to message passing")


@mixture_of.register
def _(prior: Gaussian) -> Mixture:
    return np.zeros(1), np.ones(1), np.ones(1)


@mixture_of.register
def _(prior: Rademacher) -> Mixture:
    return np.array([-1.0, 1.0]), np.zeros(2), np.full(2, 0.5)


@mixture_of.register
def _(prior: GaussBernoulli) -> Mixture:
    density = prior.density
    return np.zeros(2), np.array([0.0, 1.0 / density]), np.array([1.0 - density, density])


@mixture_of.register
def _(prior: Discrete) -> Mixture:
    values = np.asarray(prior.values)
    return values, np.zeros_like(values), np.asarray(prior.weights)


@mixture_of.register
def _(prior: GaussianMixture) -> Mixture:
    return np.asarray(prior.means), np.asarray(prior.variances), np.asarray(prior.weights)


def posterior_moments(
    mixture: Mixture, linear: FloatArray, precision: float, scale: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    r"""Mean and variance of a under :math:`P_0(a)\, e^{B a - A a^2/2}`, at an array of B.

    Parameters
    ----------
    mixture : tuple of ndarray
        `mixture_of` the prior.
    linear : ndarray
        B.
    precision : float
        A >= 0.
    scale : ndarray, optional
        Standard deviation of each weight beside the prior's own, for Gaussian weights.
    """
    means, variances, weights = mixture
    spread = variances[:, None] * (1.0 if scale is None else np.square(scale))
    centre = means[:, None]
    inside = 1.0 + precision * spread
    mean = (centre + spread * linear) / inside
    variance = np.broadcast_to(spread / inside, mean.shape)
    if weights.size == 1:
        return mean[0], variance[0].copy()
    exponent = spread * np.square(linear) + 2.0 * centre * linear - precision * centre * centre
    with np.errstate(divide="ignore"):
        logs = 0.5 * (exponent / inside - np.log(inside)) + np.log(weights)[:, None]
    share = np.exp(logs - logsumexp(logs, axis=0))
    found = (share * mean).sum(axis=0)
    return found, (share * (variance + np.square(mean - found))).sum(axis=0)
