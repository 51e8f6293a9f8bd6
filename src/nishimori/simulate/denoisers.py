"""Posterior mean and variance of a weight under every prior of the package."""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.errors import BadArgument
from nishimori.priors import Discrete, GaussBernoulli, Gaussian, GaussianMixture, Prior, Rademacher
from nishimori.simulate.truncated_normals import mix

__all__ = ["Mixture", "mixture_of", "posterior_moments"]

FloatArray = NDArray[np.float64]

_NUMBERS = 2**20  # of a table of components by weights that is held at a time


class Mixture(NamedTuple):
    """A law as a mixture of Gaussians; a variance of 0 makes an atom."""

    means: FloatArray
    variances: FloatArray
    weights: FloatArray


@singledispatch
def mixture_of(prior: Prior) -> Mixture:
    """A prior as a mixture of Gaussians."""
    raise BadArgument(
        f"gamp: weights of {type(prior).__name__} are not known to message passing; use one of "
        "nishimori.priors"
    )


@mixture_of.register
def _(prior: Gaussian) -> Mixture:
    return Mixture(np.zeros(1), np.ones(1), np.ones(1))


@mixture_of.register
def _(prior: Rademacher) -> Mixture:
    return Mixture(np.array([-1.0, 1.0]), np.zeros(2), np.full(2, 0.5))


@mixture_of.register
def _(prior: GaussBernoulli) -> Mixture:
    density = prior.density
    if density == 1.0:
        return mixture_of(Gaussian())
    weights = np.array([1.0 - density, density])
    return Mixture(np.zeros(2), np.array([0.0, 1.0 / density]), weights)


@mixture_of.register
def _(prior: Discrete) -> Mixture:
    values = np.asarray(prior.values)
    return Mixture(values, np.zeros_like(values), np.asarray(prior.weights))


@mixture_of.register
def _(prior: GaussianMixture) -> Mixture:
    return Mixture(*(np.asarray(a) for a in (prior.means, prior.variances, prior.weights)))


def posterior_moments(
    mixture: Mixture, linear: ArrayLike, precision: float, scale: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    r"""Mean and variance of a under :math:`P_0(a)\, e^{B a - A a^2/2}`, at an array of B.

    Parameters
    ----------
    mixture : Mixture
        `mixture_of` the prior.
    linear : array_like of shape (d,)
        B.
    precision : float
        A >= 0.
    scale : ndarray of shape (d,), optional
        Standard deviation of each weight, where they are independent Gaussians.

    Examples
    --------
    A weight that is +1 or -1: tanh B, and 1 - tanh^2 B to all digits.

    >>> import nishimori as nm
    >>> from nishimori.simulate.denoisers import mixture_of, posterior_moments
    >>> mean, variance = posterior_moments(mixture_of(nm.priors.Rademacher()), [1.0, 50.0], 2.0)
    >>> print(f"{mean[0]:.12f} {variance[0]:.12f} {variance[1]:.6e}")
    0.761594155956 0.419974341614 1.488030e-43
    """
    b = np.asarray(linear, dtype=np.float64)
    if mixture.weights.size == 1:
        spread = mixture.variances[0] * (np.ones_like(b) if scale is None else np.square(scale))
        variance = spread / (1.0 + precision * spread)
        return (mixture.means[0] + spread * b) / (1.0 + precision * spread), variance
    mean, variance = np.empty_like(b), np.empty_like(b)
    step = max(_NUMBERS // mixture.weights.size, 1)
    for start in range(0, b.size, step):
        part = slice(start, start + step)
        mean[part], variance[part] = _of_components(mixture, b[part], precision)
    return mean, variance


def _of_components(
    mixture: Mixture, b: FloatArray, precision: float
) -> tuple[FloatArray, FloatArray]:
    centre, spread = mixture.means[:, None], mixture.variances[:, None]
    inside = 1.0 + precision * spread
    exponent = spread * np.square(b) + 2.0 * centre * b - precision * np.square(centre)
    logs = 0.5 * (exponent / inside - np.log(inside)) + np.log(mixture.weights)[:, None]
    variances = np.broadcast_to(spread / inside, logs.shape)
    _, mean, variance = mix(logs, (centre + spread * b) / inside, variances)
    return mean, variance
