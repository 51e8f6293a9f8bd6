"""ln P_out(y | h) of the channels whose fields are averaged numerically, and where it varies."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from nishimori.activations import Activation
from nishimori.activations import Custom as CustomActivation
from nishimori.channels import Channel, Custom, Logistic, Poisson, Readout
from nishimori.errors import BadArgument
from nishimori.simulate.truncated_normals import HALF_LOG_2PI

__all__ = ["LogLikelihood", "log_likelihood", "smooth_length"]

FloatArray = NDArray[np.float64]

_UNKNOWN_LENGTH = 0.5  # on which a function of the user's is first looked at
_DENSEST = 25.0  # ln of the largest density that a user's law may have


class LogLikelihood(NamedTuple):
    """A law of labels for numerical averages.

    `value(y, h)` is ln P_out up to the constant `log_norm` and never above `ceiling`; between
    `cuts` it varies on no smaller length than `length` in h, its narrow peaks apart.
    """

    value: Callable[[FloatArray, FloatArray], FloatArray]
    ceiling: float = 0.0
    length: float = math.inf
    cuts: tuple[float, ...] = ()
    log_norm: float = 0.0


@singledispatch
def log_likelihood(channel: Channel) -> LogLikelihood:
    """ln P_out(y | h) as a function of arrays y of shape (m, 1) and h of shape (m, k)."""
    raise BadArgument(
        f"gamp: labels of {type(channel).__name__} are not known to message passing; use one of "
        "nishimori.channels, or Custom"
    )


@log_likelihood.register
def _(channel: Logistic) -> LogLikelihood:
    return LogLikelihood(lambda y, h: -np.logaddexp(0.0, -y * h), length=4.0)


@log_likelihood.register
def _(channel: Poisson) -> LogLikelihood:
    def of_count(y: FloatArray, h: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore"):
            if channel.link == "exp":
                return y * h - np.exp(h) - gammaln(y + 1.0)
            rate = np.logaddexp(0.0, h)
            # ln ln(1 + e^h) = h + ln(ln(1 + e^h)/e^h), of which the second is -e^h/2 + ...
            log_rate = np.where(h < -30.0, h, np.log(np.maximum(rate, 1e-300)))
        return y * log_rate - rate - gammaln(y + 1.0)

    return LogLikelihood(of_count, length=4.0)


@log_likelihood.register
def _(channel: Readout) -> LogLikelihood:
    noise, activation = channel.noise, channel.activation

    def of_noisy(y: FloatArray, h: FloatArray) -> FloatArray:
        value = activation.value(h.ravel()).reshape(h.shape)
        return np.square(y - value) * (-0.5 / noise)

    cuts = tuple(activation.breakpoints)
    log_norm = -0.5 * math.log(noise) - HALF_LOG_2PI
    return LogLikelihood(of_noisy, length=smooth_length(activation), cuts=cuts, log_norm=log_norm)


@log_likelihood.register
def _(channel: Custom) -> LogLikelihood:
    def of_users(y: FloatArray, h: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            found = np.asarray(channel.log_likelihood(y, h), dtype=np.float64)
        found = np.broadcast_to(found, np.broadcast_shapes(y.shape, h.shape))
        bad = ~(found < np.inf)
        if bad.any():
            i, j = np.argwhere(bad)[0]
            raise BadArgument(
                f"Custom: log_likelihood is {found[i, j]:g} at y = {y[i, 0]:g}, h = {h[i, j]:g}"
            )
        return found

    finite = channel.outputs is not None
    return LogLikelihood(
        of_users,
        ceiling=0.0 if finite else _DENSEST,
        length=_UNKNOWN_LENGTH,
        cuts=channel.breakpoints,
    )


def smooth_length(activation: Activation) -> float:
    """On which a function between its breakpoints is nearly a polynomial of low degree."""
    length = activation.scale if activation.polynomial_degree is None else math.inf
    if isinstance(activation, CustomActivation):
        return min(length, _UNKNOWN_LENGTH)
    return 2.0 * length
