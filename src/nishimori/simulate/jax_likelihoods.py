"""Log-likelihoods ln P_out(y|h) and label means of the channels, in JAX.

Only imported when a posterior is sampled: JAX is part of the optional extra ``bayes``.
"""

from __future__ import annotations

import math
from functools import singledispatch
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jax.scipy.special import gammaln, log_ndtr

from nishimori.channels import (
    Channel,
    Custom,
    Laplace,
    Linear,
    Logistic,
    Ordinal,
    Poisson,
    Readout,
    Sign,
)
from nishimori.errors import BadArgument
from nishimori.simulate.jax_networks import activate, require_gradient

__all__ = ["classes", "log_likelihood", "mean_label", "require_smooth"]

Traced = Any

_NOISY = (Linear, Sign, Readout, Ordinal)


def require_smooth(channel: Channel, owner: str) -> None:
    """Refuse, in a sentence, a channel whose likelihood has no gradient to follow."""
    name = type(channel).__name__
    if isinstance(channel, _NOISY):
        if channel.noise == 0.0:
            raise BadArgument(
                f"{owner}: without noise {name} gives the posterior a hard boundary that "
                f"Hamiltonian Monte Carlo cannot cross; {name} with noise > 0 would be accepted"
            )
        if isinstance(channel, Readout):
            require_gradient(channel.activation, owner)
    elif isinstance(channel, Custom):
        _require_custom(channel, owner)
    elif log_likelihood.dispatch(type(channel)) is log_likelihood.dispatch(object):
        raise BadArgument(
            f"{owner}: {name} gives the posterior a hard boundary that Hamiltonian Monte Carlo "
            "cannot cross; Linear, Sign, Readout, Ordinal (each with noise > 0), Logistic, "
            "Laplace and Poisson would be accepted"
        )


def _require_custom(channel: Custom, owner: str) -> None:
    if channel.outputs is None:
        raise BadArgument(
            f"{owner}: the mean of a continuous label is not known from a Custom likelihood; "
            "Custom with outputs would be accepted"
        )
    label = jnp.full(3, channel.outputs[0])
    try:
        jax.eval_shape(jax.grad(lambda h: log_likelihood(channel, label, h).sum()), jnp.ones(3))
    except Exception as error:  # whatever a user's function may raise
        raise BadArgument(
            f"{owner}: the log_likelihood of a Custom channel must take and return JAX arrays, "
            f"written with operators or jax.numpy; it failed: {type(error).__name__}"
        ) from error


@singledispatch
def log_likelihood(channel: Channel, y: Traced, h: Traced) -> Traced:
    """ln P_out(y|h), element by element."""
    raise BadArgument(f"simulate: {type(channel).__name__} has no likelihood in JAX")


@log_likelihood.register
def _(channel: Linear, y: Traced, h: Traced) -> Traced:
    return _normal(y - h, channel.noise)


@log_likelihood.register
def _(channel: Readout, y: Traced, h: Traced) -> Traced:
    return _normal(y - activate(channel.activation, h), channel.noise)


@log_likelihood.register
def _(channel: Laplace, y: Traced, h: Traced) -> Traced:
    return -jnp.abs(y - h) / channel.scale - math.log(2.0 * channel.scale)


@log_likelihood.register
def _(channel: Sign, y: Traced, h: Traced) -> Traced:
    clean = log_ndtr(y * h / math.sqrt(channel.noise))
    if channel.flip == 0.0:
        return clean
    if channel.flip == 0.5:
        return jnp.full_like(clean, -math.log(2.0))
    return jnp.logaddexp(math.log(channel.flip), math.log1p(-2.0 * channel.flip) + clean)


@log_likelihood.register
def _(channel: Logistic, y: Traced, h: Traced) -> Traced:
    return -jnp.logaddexp(0.0, -y * h)


@log_likelihood.register
def _(channel: Poisson, y: Traced, h: Traced) -> Traced:
    if channel.link == "exp":
        return y * h - jnp.exp(h) - gammaln(y + 1.0)
    # ln ln(1 + e^h) is h where e^h is below the rounding of 1
    small = h < -37.0
    log_rate = jnp.where(small, h, jnp.log(jnp.logaddexp(0.0, jnp.where(small, 0.0, h))))
    return y * log_rate - jnp.logaddexp(0.0, h) - gammaln(y + 1.0)


@log_likelihood.register
def _(channel: Ordinal, y: Traced, h: Traced) -> Traced:
    top = len(channel.thresholds)
    edges = jnp.asarray(channel.thresholds)
    index = jnp.asarray(y, int)
    scale = 1.0 / math.sqrt(channel.noise)
    # at either end one edge is infinite: any other stands in, and is not looked at
    below = (edges[jnp.clip(index - 1, 0, top - 1)] - h) * scale
    above = (edges[jnp.clip(index, 0, top - 1)] - h) * scale
    inner = (index > 0) & (index < top)
    inside = _interval(jnp.where(inner, below, -1.0), jnp.where(inner, above, 1.0))
    ends = jnp.where(index == 0, log_ndtr(above), log_ndtr(-below))
    return jnp.where(inner, inside, ends)


@log_likelihood.register
def _(channel: Custom, y: Traced, h: Traced) -> Traced:
    return jnp.asarray(channel.log_likelihood(y, h))


def _normal(residual: Traced, variance: float) -> Traced:
    return -0.5 * (jnp.square(residual) / variance + math.log(2.0 * math.pi * variance))


def _interval(low: Traced, high: Traced) -> Traced:
    """ln[Phi(high) - Phi(low)], both ends in the lower half where the interval is not astride."""
    flip = low > 0.0
    low, high = jnp.where(flip, -high, low), jnp.where(flip, -low, high)
    large = log_ndtr(high)
    return large + jnp.log(-jnp.expm1(log_ndtr(low) - large))


def classes(channel: Channel) -> np.ndarray | None:
    """The labels, where they are finitely many."""
    if isinstance(channel, Sign | Logistic):
        return np.array([-1.0, 1.0])
    if isinstance(channel, Ordinal):
        return np.arange(len(channel.thresholds) + 1.0)
    if isinstance(channel, Custom) and channel.outputs is not None:
        return np.asarray(channel.outputs)
    return None


@singledispatch
def mean_label(channel: Channel, h: Traced) -> Traced:
    """E[y|h] of labels that are not finitely many."""
    raise BadArgument(f"simulate: {type(channel).__name__} has no mean label in JAX")


@mean_label.register(Linear)
@mean_label.register(Laplace)
def _(channel: Linear | Laplace, h: Traced) -> Traced:
    return h


@mean_label.register
def _(channel: Readout, h: Traced) -> Traced:
    return activate(channel.activation, h)


@mean_label.register
def _(channel: Poisson, h: Traced) -> Traced:
    return jnp.exp(h) if channel.link == "exp" else jnp.logaddexp(0.0, h)
