"""Fields given labels that are functions of them: straight pieces, and inverted functions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nishimori.activations import ELU, Activation, AffinePieces, Erf, Sigmoid, Softplus, Tanh
from nishimori.errors import BadArgument
from nishimori.simulate.truncated_normals import HALF_LOG_2PI, Moments, mix, truncated

__all__ = [
    "affine_pieces",
    "affine_posterior",
    "inverted_posterior",
    "is_invertible",
    "require_invertible",
]

FloatArray = NDArray[np.float64]

_ROUNDING = 16.0  # units in the last place that a label may be off
_HALVINGS = 1100  # from the largest double to the smallest
_SPAN = 1e6  # fields beyond which nothing is looked for


def affine_pieces(activation: Activation) -> AffinePieces | None:
    """The function as straight pieces, where it is one."""
    if activation.polynomial_degree in (0, 1):
        intercept, slope = activation.taylor(np.zeros(1), 1)[0].tolist()
        return AffinePieces((), (slope,), (intercept,))
    return activation.pieces


def is_invertible(activation: Activation) -> bool:
    """Whether the function is known to be strictly increasing."""
    if isinstance(activation, ELU):
        return activation.alpha > 0.0
    return isinstance(activation, Tanh | Erf | Sigmoid | Softplus)


def require_invertible(activation: Activation) -> None:
    """Refuse, in a sentence, a function that is not."""
    if not is_invertible(activation):
        raise BadArgument(
            f"Readout: {activation} is neither piecewise affine nor known to be strictly monotone, "
            "and needs noise > 0"
        )


def label_rounding(y: FloatArray) -> FloatArray:
    """The distance of each label to the next number of its precision, which may be single."""
    with np.errstate(over="ignore"):
        single = y.astype(np.float32)
    if (single.astype(np.float64) == y).all():
        return np.spacing(np.abs(single)).astype(np.float64)
    return np.spacing(np.abs(y))


def affine_posterior(
    pieces: AffinePieces, noise: float, y: FloatArray, omega: FloatArray, variance: FloatArray
) -> Moments:
    """ln Z, E[t|y] and Var[t|y] for y = slope h + intercept on each piece, plus noise.

    Without noise a flat piece gives one label with a positive probability, beside which the
    density of the others does not count.
    """
    width = np.sqrt(variance)
    ends = np.array([-math.inf, *pieces.breakpoints, math.inf])
    parts, atoms = [], np.zeros(y.size, dtype=bool)
    slack = _ROUNDING * label_rounding(y)
    for slope, level, low, high in zip(
        pieces.slopes, pieces.intercepts, ends[:-1], ends[1:], strict=True
    ):
        first, last = (low - omega) / width, (high - omega) / width
        if noise > 0.0:
            parts.append(_noisy_piece(slope, level, noise, first, last, y, omega, variance))
        elif slope == 0.0:
            mass, mean, spread = truncated(first, last)
            here = np.abs(y - level) <= np.maximum(slack, 1e-300)
            atoms |= here
            parts.append((np.where(here, mass, -np.inf), mean, spread))
        else:
            h = (y - level) / slope
            near = slack / abs(slope) + _ROUNDING * np.spacing(np.abs(h))
            inside = (h >= low - near) & (h <= high + near)
            t = (h - omega) / width
            log_density = -0.5 * np.square(t) - HALF_LOG_2PI - np.log(abs(slope) * width)
            parts.append((np.where(inside, log_density, -np.inf), t, np.zeros_like(t)))
    log_weights, means, spreads = (np.stack(column) for column in zip(*parts, strict=True))
    if noise == 0.0:
        flat = np.asarray(pieces.slopes) == 0.0
        log_weights[np.ix_(~flat, atoms)] = -np.inf
    return mix(log_weights, means, spreads)


def _noisy_piece(
    slope: float,
    level: float,
    noise: float,
    first: FloatArray,
    last: FloatArray,
    y: FloatArray,
    omega: FloatArray,
    variance: FloatArray,
) -> Moments:
    width = np.sqrt(variance)
    total = slope * slope * variance + noise
    miss = y - level - slope * omega
    centre, spread = slope * width * miss / total, np.sqrt(noise / total)
    mass, mean, left = truncated((first - centre) / spread, (last - centre) / spread)
    log_density = -0.5 * (np.square(miss) / total + np.log(total)) - HALF_LOG_2PI
    return log_density + mass, centre + spread * mean, spread * spread * left


def inverted_posterior(
    activation: Activation, y: FloatArray, omega: FloatArray, variance: FloatArray
) -> Moments:
    """The same of a strictly increasing function without noise: the label tells the field.

    As exactly as it is written down: where the function saturates, one label stands for an
    interval of fields, and the field is cut off to it.
    """
    require_invertible(activation)
    half = 0.5 * label_rounding(y)
    low, high = _first_above(activation, y - half), _first_above(activation, y + half)
    width = np.sqrt(variance)
    first, last = (low - omega) / width, (high - omega) / width
    mass, mean, spread = truncated(first, last)
    sharp = np.isfinite(first) & np.isfinite(last)
    sharp &= np.where(sharp, last, 1.0) - np.where(sharp, first, 0.0) < 1e-6
    t = np.where(sharp, 0.5 * (first + last), 0.0)
    # ln Z but for the slope of the function, which the field's mean does not enter
    log_evidence = np.where(sharp, -0.5 * np.square(t) - HALF_LOG_2PI - np.log(width), mass)
    beyond = np.isinf(low) & np.isinf(high)  # the range of the function
    log_evidence = np.where(beyond, -np.inf, log_evidence)
    return log_evidence, np.where(sharp, t, mean), np.where(sharp, 0.0, spread)


def _first_above(activation: Activation, level: FloatArray) -> FloatArray:
    """The field at which an increasing function passes each level; infinite if it does not."""
    low, high = np.full_like(level, -_SPAN), np.full_like(level, _SPAN)
    never = activation.value(high) <= level
    always = activation.value(low) >= level
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = activation.value(middle) > level
        if ((middle == low) | (middle == high)).all():
            break
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found = 0.5 * (low + high)
    return np.where(never, np.inf, np.where(always, -np.inf, found))
