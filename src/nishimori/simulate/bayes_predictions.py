"""The best prediction of a fresh label whose field is known up to h ~ N(omega, V)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nishimori.channels import (
    Channel,
    Custom,
    Door,
    Laplace,
    Linear,
    Logistic,
    Ordinal,
    Poisson,
    Readout,
    Sign,
)
from nishimori.errors import BadArgument
from nishimori.simulate.field_posteriors import log_likelihood
from nishimori.simulate.labels import label_cells

__all__ = ["best_prediction"]

FloatArray = NDArray[np.float64]

_NODES = np.linspace(-8.5, 8.5, 201)  # of a standard normal variable, by the trapezoid rule
_WEIGHTS = np.exp(-0.5 * _NODES**2)
_WEIGHTS /= _WEIGHTS.sum()
_ROWS = 4000
_FIELDS = 1001  # where the mean of a label without a closed form is tabulated


@singledispatch
def best_prediction(channel: Channel, omega: FloatArray, variance: float) -> FloatArray:
    """The most probable label where the error counts wrong labels, else the label's mean.

    Parameters
    ----------
    omega : ndarray
        Means of the fields, the offset included.
    variance : float
        Of each field around it.
    """
    raise BadArgument(f"gamp: {type(channel).__name__} labels cannot be predicted here")


@best_prediction.register(Linear)
@best_prediction.register(Laplace)
def _(channel: Channel, omega: FloatArray, variance: float) -> FloatArray:
    return omega


@best_prediction.register(Sign)
@best_prediction.register(Logistic)
def _(channel: Channel, omega: FloatArray, variance: float) -> FloatArray:
    return np.where(omega >= 0.0, 1.0, -1.0)


@best_prediction.register
def _(channel: Door, omega: FloatArray, variance: float) -> FloatArray:
    width = math.sqrt(variance)
    inside = ndtr((channel.threshold - omega) / width) - ndtr((-channel.threshold - omega) / width)
    return np.where(inside >= 0.5, 1.0, -1.0)


@best_prediction.register
def _(channel: Ordinal, omega: FloatArray, variance: float) -> FloatArray:
    edges = np.array([-math.inf, *channel.thresholds, math.inf])
    below = ndtr((edges - omega[:, None]) / math.sqrt(variance + channel.noise))
    return np.diff(below, axis=1).argmax(axis=1).astype(np.float64)


@best_prediction.register
def _(channel: Readout, omega: FloatArray, variance: float) -> FloatArray:
    mean = _averaged(channel.activation.value, omega, variance)
    return np.where(mean >= 0.0, 1.0, -1.0) if channel.metrics[0] == "misclassification" else mean


@best_prediction.register
def _(channel: Poisson, omega: FloatArray, variance: float) -> FloatArray:
    if channel.link == "exp":
        return np.exp(omega + 0.5 * variance)
    return _averaged(lambda h: np.logaddexp(0.0, h), omega, variance)


@best_prediction.register
def _(channel: Custom, omega: FloatArray, variance: float) -> FloatArray:
    law = log_likelihood(channel)
    reach = 8.5 * math.sqrt(variance)
    fields = np.linspace(omega.min() - reach, omega.max() + reach, _FIELDS)
    if channel.outputs is not None:
        labels = np.asarray(channel.outputs)
        chances = np.exp(law(labels[:, None], fields))
        means = [_averaged(_interpolator(fields, row), omega, variance) for row in chances]
        return labels[np.stack(means).argmax(axis=0)]
    middle, width = label_cells(channel)
    mass = np.stack([np.exp(law(middle, np.full_like(middle, h))) * width for h in fields])
    return _averaged(_interpolator(fields, mass @ middle / mass.sum(axis=1)), omega, variance)


def _interpolator(places: FloatArray, values: FloatArray) -> Callable[[FloatArray], FloatArray]:
    return lambda h: np.interp(h, places, values)


def _averaged(
    function: Callable[[FloatArray], FloatArray], omega: FloatArray, variance: float
) -> FloatArray:
    """E f(omega + sqrt(variance) z)."""
    width, out = math.sqrt(variance), np.empty_like(omega)
    for start in range(0, omega.size, _ROWS):
        h = omega[start : start + _ROWS, None] + width * _NODES
        out[start : start + _ROWS] = function(h.ravel()).reshape(h.shape) @ _WEIGHTS
    return out
