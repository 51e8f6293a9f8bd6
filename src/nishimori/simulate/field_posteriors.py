r"""What a label tells about its field: mean and variance of h ~ N(omega, V) given y, every channel.

From them follow, for message passing, :math:`g = (E[h|y] - \omega)/V`, the derivative of
:math:`\ln Z(y, \omega)` with :math:`Z = E\, P_{out}(y|h)`, and
:math:`-\partial_\omega g = (1 - Var[h|y]/V)/V`. A label whose law is made of intervals and straight
lines leaves h a mixture of truncated normal variables; any other is averaged on a grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr, logsumexp

from nishimori.activations import Activation, AffinePieces
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

__all__ = ["FieldPosterior", "affine_pieces", "field_posterior", "log_likelihood"]

FloatArray = NDArray[np.float64]

_REACH = 8.5  # standard deviations that a grid covers
_POINTS = 257
_ROWS = 2000  # labels whose grids are held at a time
_NEGLIGIBLE = 40.0  # below the largest log-weight
_HALVINGS = 100
_LOG_2PI = math.log(2.0 * math.pi)


class FieldPosterior(NamedTuple):
    """Moments of the field given the label, and the logarithm of Z."""

    mean: FloatArray
    variance: FloatArray
    log_evidence: FloatArray


class Piece(NamedTuple):
    """Part of a posterior: exp(log_weight) N(mean, variance) between two ends."""

    log_weight: FloatArray
    mean: FloatArray
    variance: FloatArray
    low: FloatArray
    high: FloatArray


@singledispatch
def field_posterior(
    channel: Channel, y: FloatArray, omega: FloatArray, variance: float
) -> FieldPosterior:
    """Of h ~ N(omega, variance) given y ~ P_out(. | h), at arrays of one shape."""
    raise BadArgument(f"gamp: {type(channel).__name__} labels are not known to message passing")


@field_posterior.register
def _(channel: Linear, y: FloatArray, omega: FloatArray, variance: float) -> FieldPosterior:
    return _of_pieces(omega, variance, [_straight(y, omega, variance, 1.0, 0.0, channel.noise)])


@field_posterior.register
def _(channel: Sign, y: FloatArray, omega: FloatArray, variance: float) -> FieldPosterior:
    with np.errstate(divide="ignore"):
        right, wrong = math.log1p(-channel.flip), float(np.log(channel.flip))
    above = _slab(omega, variance + channel.noise, 0.0, math.inf, np.where(y > 0, right, wrong))
    below = _slab(omega, variance + channel.noise, -math.inf, 0.0, np.where(y > 0, wrong, right))
    inner = _of_pieces(omega, variance + channel.noise, [above, below])
    return _without_noise(inner, omega, variance, channel.noise)


@field_posterior.register
def _(channel: Door, y: FloatArray, omega: FloatArray, variance: float) -> FieldPosterior:
    k = channel.threshold
    inside, outside = np.where(y > 0, 0.0, -np.inf), np.where(y > 0, -np.inf, 0.0)
    return _of_pieces(
        omega,
        variance,
        [
            _slab(omega, variance, -k, k, inside),
            _slab(omega, variance, -math.inf, -k, outside),
            _slab(omega, variance, k, math.inf, outside),
        ],
    )


@field_posterior.register
def _(channel: Ordinal, y: FloatArray, omega: FloatArray, variance: float) -> FieldPosterior:
    edges = np.array([-math.inf, *channel.thresholds, math.inf])
    label = np.clip(np.rint(y).astype(int), 0, edges.size - 2)
    total = variance + channel.noise
    piece = _slab(omega, total, edges[label], edges[label + 1], np.zeros_like(omega))
    return _without_noise(_of_pieces(omega, total, [piece]), omega, variance, channel.noise)


@field_posterior.register
def _(channel: Laplace, y: FloatArray, omega: FloatArray, variance: float) -> FieldPosterior:
    pieces = []
    for side in (1.0, -1.0):  # exp(-side (y - h)/b) for h below, above y
        shift = side * variance / channel.scale
        weight = -side * (y - omega) / channel.scale + 0.5 * variance / channel.scale**2
        low, high = (-math.inf, y) if side > 0 else (y, math.inf)
        pieces.append(_slab(omega + shift, variance, low, high, weight))
    found = _of_pieces(omega, variance, pieces)
    return found._replace(log_evidence=found.log_evidence - math.log(2.0 * channel.scale))


@field_posterior.register
def _(channel: Readout, y: FloatArray, omega: FloatArray, variance: float) -> FieldPosterior:
    pieces = affine_pieces(channel.activation)
    if pieces is not None:
        return _of_affine(pieces, channel.noise, y, omega, variance)
    if channel.noise == 0.0:
        return _of_monotone(channel.activation, y, omega, variance)
    return _on_grid(log_likelihood(channel), y, omega, variance)


@field_posterior.register(Logistic)
@field_posterior.register(Poisson)
@field_posterior.register(Custom)
def _(channel: Channel, y: FloatArray, omega: FloatArray, variance: float) -> FieldPosterior:
    return _on_grid(log_likelihood(channel), y, omega, variance)


@singledispatch
def log_likelihood(channel: Channel) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """ln P_out(y | h) as a function of two arrays, of channels that a grid is used for."""
    raise BadArgument(f"gamp: {type(channel).__name__} labels are not known to message passing")


@log_likelihood.register
def _(channel: Logistic) -> Callable[[FloatArray, FloatArray], FloatArray]:
    return lambda y, h: -np.logaddexp(0.0, -y * h)


@log_likelihood.register
def _(channel: Poisson) -> Callable[[FloatArray, FloatArray], FloatArray]:
    def of_count(y: FloatArray, h: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", divide="ignore"):
            if channel.link == "exp":
                return y * h - np.exp(h) - gammaln(y + 1.0)
            rate = np.logaddexp(0.0, h)
            log_rate = np.where(h < -30.0, h, np.log(rate))
            return y * log_rate - rate - gammaln(y + 1.0)

    return of_count


@log_likelihood.register
def _(channel: Readout) -> Callable[[FloatArray, FloatArray], FloatArray]:
    def of_noisy(y: FloatArray, h: FloatArray) -> FloatArray:
        value = channel.activation.value(h.ravel()).reshape(h.shape)
        return -0.5 * (np.square(y - value) / channel.noise + math.log(channel.noise) + _LOG_2PI)

    return of_noisy


@log_likelihood.register
def _(channel: Custom) -> Callable[[FloatArray, FloatArray], FloatArray]:
    def of_users(y: FloatArray, h: FloatArray) -> FloatArray:
        y, h = np.broadcast_arrays(y, h)
        found = np.asarray(channel.log_likelihood(y.ravel(), h.ravel()), dtype=np.float64)
        return found.reshape(h.shape)

    return of_users


def affine_pieces(activation: Activation) -> AffinePieces | None:
    """The function as straight pieces, where it is one."""
    if activation.polynomial_degree in (0, 1):
        intercept, slope = activation.taylor(np.zeros(1), 1)[0].tolist()
        return AffinePieces((), (slope,), (intercept,))
    return activation.pieces


def _slab(
    mean: FloatArray,
    variance: float,
    low: FloatArray | float,
    high: FloatArray | float,
    log_weight: FloatArray,
) -> Piece:
    like = np.ones_like(mean)
    return Piece(log_weight, mean, variance * like, low * like, high * like)


def _straight(
    y: FloatArray, omega: FloatArray, variance: float, slope: float, level: float, noise: float
) -> Piece:
    """Under y = slope h + level + noise, without ends."""
    like = np.ones_like(omega)
    spread = slope * slope * variance + noise
    miss = y - slope * omega - level
    weight = -0.5 * (np.square(miss) / spread + math.log(spread) + _LOG_2PI)
    mean = omega + slope * variance * miss / spread
    return Piece(weight, mean, like * (variance * noise / spread), -np.inf * like, np.inf * like)


def _of_affine(
    pieces: AffinePieces, noise: float, y: FloatArray, omega: FloatArray, variance: float
) -> FieldPosterior:
    ends = [-math.inf, *pieces.breakpoints, math.inf]
    # without noise: the labels that each flat piece gives for sure
    atoms = [
        (noise == slope == 0.0) & (np.abs(y - level) <= 1e-12 * max(abs(level), 1.0))
        for slope, level in zip(pieces.slopes, pieces.intercepts, strict=True)
    ]
    certain = np.any(atoms, axis=0)
    found: list[Piece] = []
    for k, (slope, level) in enumerate(zip(pieces.slopes, pieces.intercepts, strict=True)):
        low, high = ends[k], ends[k + 1]
        if slope == 0.0 and noise == 0.0:
            piece = _slab(omega, variance, low, high, np.where(atoms[k], 0.0, -np.inf))
        else:
            piece = _straight(y, omega, variance, slope, level, noise)
            piece = piece._replace(low=np.full_like(omega, low), high=np.full_like(omega, high))
            if noise == 0.0:
                out = certain | (piece.mean < low) | (piece.mean > high)
                piece = piece._replace(log_weight=np.where(out, -np.inf, piece.log_weight))
        found.append(piece)
    return _of_pieces(omega, variance, found)


def _of_monotone(
    activation: Activation, y: FloatArray, omega: FloatArray, variance: float
) -> FieldPosterior:
    """A strictly monotone readout without noise tells the field."""
    low, high = np.full_like(y, -1e3), np.full_like(y, 1e3)
    ends = activation.value(np.array([-30.0, -1.0, 0.0, 1.0, 30.0]))
    steps = np.diff(ends)
    if not ((steps >= 0.0).all() or (steps <= 0.0).all()):
        raise BadArgument(
            f"gamp: the readout {activation} needs label noise > 0: without, it does not tell its "
            "field, and is not made of straight pieces"
        )
    rises = 1.0 if ends[-1] > ends[0] else -1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        short = rises * (activation.value(middle) - y) < 0.0
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    field = 0.5 * (low + high)
    density = -0.5 * (np.square(field - omega) / variance + math.log(variance) + _LOG_2PI)
    return FieldPosterior(field, np.zeros_like(field), density)


def _without_noise(
    inner: FieldPosterior, omega: FloatArray, variance: float, noise: float
) -> FieldPosterior:
    """Of h, from the posterior of h + sqrt(noise) z."""
    share = variance / (variance + noise)
    mean = omega + share * (inner.mean - omega)
    return FieldPosterior(mean, share * share * inner.variance + share * noise, inner.log_evidence)


def _of_pieces(omega: FloatArray, variance: float, pieces: list[Piece]) -> FieldPosterior:
    """Moments of a mixture of truncated normal variables."""
    weights, means, spreads = [], [], []
    for piece in pieces:
        mass, mean, spread = _truncated(piece)
        weights.append(piece.log_weight + mass)
        means.append(mean)
        spreads.append(spread)
    logs = np.stack(weights)
    total = logsumexp(logs, axis=0)
    with np.errstate(invalid="ignore"):
        share = np.exp(logs - total)
    lost = ~np.isfinite(total)  # a label that the channel cannot give: it tells nothing
    share = np.where(lost, 1.0 / len(pieces), share)
    centre, spread = np.stack(means), np.stack(spreads)
    centre = np.where(share > 0.0, centre, 0.0)
    mean = (share * centre).sum(axis=0)
    inside = np.where(share > 0.0, spread + np.square(centre - mean), 0.0)
    out = (share * inside).sum(axis=0)
    return FieldPosterior(np.where(lost, omega, mean), np.where(lost, variance, out), total)


def _truncated(piece: Piece) -> tuple[FloatArray, FloatArray, FloatArray]:
    """ln mass, mean and variance of N(mean, variance) between its ends."""
    width = np.sqrt(piece.variance)
    sharp = width == 0.0
    scale = np.where(sharp, 1.0, width)
    low, high = (piece.low - piece.mean) / scale, (piece.high - piece.mean) / scale
    turned = low > 0.0  # keep to the left tail, where log_ndtr has all its digits
    left, right = np.where(turned, -high, low), np.where(turned, -low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        top, bottom = log_ndtr(right), log_ndtr(left)
        mass = top + np.log1p(-np.exp(np.minimum(bottom - top, 0.0)))
        at_left, at_right = (_ratio(t, mass) for t in (left, right))
        shift = at_left - at_right
        spread = 1.0 + _times(left, at_left) - _times(right, at_right) - np.square(shift)
    shift = np.where(turned, -shift, shift)
    empty = ~np.isfinite(mass)
    mean = piece.mean + width * np.where(empty, 0.0, shift)
    variance = piece.variance * np.where(empty, 1.0, np.clip(spread, 0.0, 1.0))
    return np.where(sharp, 0.0, mass), np.where(sharp, piece.mean, mean), variance


def _ratio(t: FloatArray, log_mass: FloatArray) -> FloatArray:
    """phi(t)/mass."""
    return np.where(np.isinf(t), 0.0, np.exp(-0.5 * t * t - 0.5 * _LOG_2PI - log_mass))


def _times(t: FloatArray, density: FloatArray) -> FloatArray:
    return np.where(np.isinf(t), 0.0, t * density)


def _on_grid(
    log_law: Callable[[FloatArray, FloatArray], FloatArray],
    y: FloatArray,
    omega: FloatArray,
    variance: float,
) -> FieldPosterior:
    """By the trapezoid rule on 8.5 deviations, then on the part of them that has weight."""
    found = [np.empty_like(omega) for _ in range(3)]
    for start in range(0, omega.size, _ROWS):
        part = slice(start, start + _ROWS)
        moments = _grid_moments(log_law, y[part, None], omega[part, None], variance)
        for whole, piece in zip(found, moments, strict=True):
            whole[part] = piece
    return FieldPosterior(*found)


def _grid_moments(
    log_law: Callable[[FloatArray, FloatArray], FloatArray],
    y: FloatArray,
    omega: FloatArray,
    variance: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    width = math.sqrt(variance)
    unit = np.linspace(0.0, 1.0, _POINTS)
    low, high = np.full_like(omega, -_REACH), np.full_like(omega, _REACH)
    for last in (False, True):
        t = low + (high - low) * unit
        logs = log_law(y, omega + width * t) - 0.5 * t * t
        top = logs.max(axis=1, keepdims=True)
        heavy = logs > top - _NEGLIGIBLE
        if last:
            break
        step = (high - low) / (_POINTS - 1)
        first = heavy.argmax(axis=1)[:, None]
        final = _POINTS - 1 - heavy[:, ::-1].argmax(axis=1)[:, None]
        low, high = (
            np.maximum(low + (first - 2) * step, -_REACH),
            np.minimum(low + (final + 2) * step, _REACH),
        )
    lost = ~np.isfinite(top)
    weight = np.exp(np.where(lost, -0.5 * t * t, logs - np.where(lost, 0.0, top)))
    step = (high - low)[:, 0] / (_POINTS - 1)
    total = weight.sum(axis=1)
    shift = (weight * t).sum(axis=1) / total
    spread = (weight * np.square(t - shift[:, None])).sum(axis=1) / total
    evidence = np.log(total * step) + np.where(lost, -np.inf, top)[:, 0] - 0.5 * _LOG_2PI
    return omega[:, 0] + width * shift, variance * spread, evidence
