"""The best prediction of a fresh label whose field is known up to h ~ N(omega, V)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import ndtr

from nishimori.activations import AffinePieces
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
from nishimori.simulate.adaptive_weights import cells_of, weigh
from nishimori.simulate.log_likelihoods import log_likelihood, smooth_length
from nishimori.simulate.readout_posteriors import affine_pieces
from nishimori.simulate.truncated_normals import truncated

__all__ = ["best_prediction", "label_mean"]

FloatArray = NDArray[np.float64]
Function = Callable[[FloatArray], FloatArray]

_REACH = 8.5
_WIDEST = 1.5  # cell, in standard deviations
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_ROWS = 200
_STEPS = 400  # between the fields at which the mean of a user's label is tabulated


@singledispatch
def best_prediction(channel: Channel, omega: FloatArray, variance: float) -> FloatArray:
    """The most probable label where the test error counts wrong ones, else the label's mean.

    Parameters
    ----------
    channel : Channel
    omega : ndarray
        Means of the fields, the offset included.
    variance : float
        V > 0 of each field around it, the structural noise included.
    """
    return label_mean(channel, omega, variance)


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
def _(channel: Custom, omega: FloatArray, variance: float) -> FloatArray:
    if channel.outputs is None:
        return label_mean(channel, omega, variance)
    law = log_likelihood(channel)

    def chance(label: float) -> FloatArray:
        def of_field(h: FloatArray) -> FloatArray:
            field = h[:, None]
            return np.exp(law.value(np.full_like(field, label), field))[:, 0]

        return _averaged(of_field, omega, variance, law.length, law.cuts)

    chances = np.stack([chance(label) for label in channel.outputs])
    return np.asarray(channel.outputs)[chances.argmax(axis=0)]


@singledispatch
def label_mean(channel: Channel, omega: FloatArray, variance: float) -> FloatArray:
    """E y at fields N(omega, variance)."""
    raise BadArgument(
        f"gamp: the mean label of {type(channel).__name__} is not known to message passing; use "
        "one of nishimori.channels, or Custom"
    )


@label_mean.register(Linear)
@label_mean.register(Laplace)
def _(channel: Channel, omega: FloatArray, variance: float) -> FloatArray:
    return omega


@label_mean.register
def _(channel: Readout, omega: FloatArray, variance: float) -> FloatArray:
    activation = channel.activation
    pieces = affine_pieces(activation)
    if pieces is not None:
        return _affine_mean(pieces, omega, math.sqrt(variance))
    length = smooth_length(activation)
    return _averaged(activation.value, omega, variance, length, tuple(activation.breakpoints))


@label_mean.register
def _(channel: Poisson, omega: FloatArray, variance: float) -> FloatArray:
    if channel.link == "exp":
        return np.exp(omega + 0.5 * variance)
    return _averaged(lambda h: np.logaddexp(0.0, h), omega, variance, 4.0, ())


@label_mean.register
def _(channel: Custom, omega: FloatArray, variance: float) -> FloatArray:
    law = log_likelihood(channel)
    reach = _REACH * math.sqrt(variance)
    low, high = omega.min() - reach, omega.max() + reach
    edges = np.array([low, *(cut for cut in law.cuts if low < cut < high), high])
    pieces = [_tabulated(channel, a, b) for a, b in zip(edges, edges[1:], strict=False)]

    def mean(h: FloatArray) -> FloatArray:
        which = np.clip(np.searchsorted(edges, h) - 1, 0, len(pieces) - 1)
        out = np.empty_like(h)
        for k, piece in enumerate(pieces):
            out[which == k] = piece(h[which == k])
        return out

    return _averaged(mean, omega, variance, law.length, law.cuts)


def _affine_mean(pieces: AffinePieces, omega: FloatArray, width: float) -> FloatArray:
    ends = np.array([-math.inf, *pieces.breakpoints, math.inf])
    total = np.zeros_like(omega)
    for slope, level, low, high in zip(
        pieces.slopes, pieces.intercepts, ends[:-1], ends[1:], strict=True
    ):
        mass, mean, _ = truncated((low - omega) / width, (high - omega) / width)
        total += np.exp(mass) * (level + slope * (omega + width * mean))
    return total


def _averaged(
    function: Function,
    omega: FloatArray,
    variance: float,
    length: float,
    cuts: tuple[float, ...],
) -> FloatArray:
    """E f(omega + sqrt(variance) z), f smooth on `length` between its `cuts`."""
    width, out = math.sqrt(variance), np.empty_like(omega)
    longest = max(min(_WIDEST, length / width), 2.0 * _REACH / _STEPS)
    for start in range(0, omega.size, _ROWS):
        centre = omega[start : start + _ROWS]
        ends = np.full_like(centre, _REACH)
        edges = cells_of(-ends, ends, longest, (np.array(cuts) - centre[:, None]) / width)
        half = 0.5 * np.diff(edges, axis=1)[:, :, None]
        t = edges[:, :-1, None] + half * (1.0 + _NODES)
        weight = half * _WEIGHTS * np.exp(-0.5 * np.square(t))
        h = centre[:, None, None] + width * t
        value = function(h.ravel()).reshape(h.shape)
        out[start : start + _ROWS] = (value * weight).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
    return out


def _tabulated(channel: Custom, low: float, high: float) -> Function:
    """E[y|h] between two fields, of a continuous label."""
    assert channel.support is not None
    law, (first, last) = log_likelihood(channel), channel.support
    inside = 1e-9 * (high - low)
    fields = np.linspace(low + inside, high - inside, _STEPS)

    def label(s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """A coordinate for the support, and the logarithm of its slope."""
        if math.isfinite(first) and math.isfinite(last):
            return s, np.zeros_like(s)
        if math.isfinite(first) or math.isfinite(last):
            return first + np.exp(s) if math.isfinite(first) else last - np.exp(s), s
        return np.sinh(s), np.log(np.cosh(s))

    def log_weight(row: NDArray[np.intp], s: FloatArray) -> FloatArray:
        y, log_slope = label(s)
        flat = law.value(y.reshape(-1, 1), np.repeat(fields[row], s.shape[1])[:, None])
        return flat.reshape(s.shape) + log_slope

    if math.isfinite(first) and math.isfinite(last):
        ends = first, last
    else:
        ends = (-36.0, 25.0) if math.isfinite(first) or math.isfinite(last) else (-25.0, 25.0)
    whole = np.ones_like(fields)
    no_cuts = np.empty((fields.size, 0))
    edges = cells_of(ends[0] * whole, ends[1] * whole, (ends[1] - ends[0]) / 32, no_cuts)
    found = weigh(log_weight, edges)
    return CubicSpline(fields, found.mean(label(found.point)[0]))
