"""Readouts where the unknown part of the field is small: labels on a grid around each field."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray
from nishimori.channels.readout_panels import slopes

__all__ = ["local_information"]

_FIT = 16
_ORDERED, _TURNING = 47, 90  # labels per field
_STEP = 0.55  # of z, in units of the width of what it sees
_COARSER = 1.5  # steps of the sums that give the error estimate
_SETTLED = 1e-6  # of the last coefficients of f in z
_WIDEST = 8.0  # of the values of f, in units of sqrt(noise), where it turns
_BACKWARD = 0.2  # fall of a rising f in units of sqrt(noise) that its labels may go along with
_SMALL = 0.1  # values within this share of sqrt(noise): dZ by f', for Stein's form loses digits


@cache
def _fit(labels: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Nodes on [-1, 1], and from values there to the last coefficients, values and slopes."""
    nodes, _ = np.polynomial.legendre.leggauss(_FIT)
    inverse = np.linalg.inv(np.polynomial.legendre.legvander(nodes, _FIT - 1))
    at = np.linspace(-1.0, 1.0, labels)
    values = np.polynomial.legendre.legvander(at, _FIT - 1) @ inverse
    slope = np.polynomial.legendre.legder(inverse, axis=0)
    rates = np.polynomial.legendre.legvander(at, _FIT - 2) @ slope
    last, values, rates = (
        np.ascontiguousarray(rows.T, dtype=np.float64) for rows in (inverse[-3:], values, rates)
    )
    return nodes, last, values, rates


def local_information(
    activation: Activation,
    noise: float,
    known: FloatArray,
    reach: FloatArray,
    share: FloatArray,
    deviation: float,
) -> tuple[FloatArray, FloatArray, float]:
    """Both integrals for each known field, and the error of sum share * F over those done.

    No breakpoint may be within `reach`. NaN where f is no polynomial of degree 15 on what a field
    reaches, or turns by much more than the noise.
    """
    nodes, last, _, _ = _fit(2)
    points = known[:, None] + (deviation * reach)[:, None] * nodes
    sample = activation.value(points.ravel()).reshape(points.shape)
    rough = np.abs((sample - sample[:, :1]) @ last).max(axis=1)
    blur = math.sqrt(noise)
    width = np.ptp(sample, axis=1)
    smooth = rough <= _SETTLED * (width + min(blur, float(width.max())))
    _, _, _, rates = _fit(_ORDERED)
    rate = sample @ rates
    # the sign of f's slope, where f rises or falls by more than the noise hides
    sign = np.where(sample[:, -1] >= sample[:, 0], 1.0, -1.0)
    ordered = (sign[:, None] * rate).min(axis=1) > -_BACKWARD * blur * reach
    turning = ~ordered & (width <= _WIDEST * blur)
    fisher, entropy = np.full((2, known.size), np.nan)
    error = 0.0
    for chosen, labels in ((smooth & ordered, _ORDERED), (smooth & turning, _TURNING)):
        group = np.flatnonzero(chosen)
        if group.size == 0:
            continue
        arguments = activation, noise, known, reach, deviation, sample
        fisher[group], entropy[group] = _sums(*arguments, group, labels, 1.0)
        some = group[group.size % 5 // 2 :: 5]
        coarse, _ = _sums(*arguments, some, labels, _COARSER)
        whole = float(share[group] @ fisher[group])
        gap = float(share[some] @ np.abs(coarse - fisher[some]))
        seen = float(share[some] @ fisher[some])
        # the error of the trapezoid sums goes with exp(-c/step^(2/3)) at worst
        if seen > 0.0:
            error += whole * min(gap / seen, 1.0) ** 1.3
        if float(width[group].max()) > _SMALL * blur:  # Stein's form loses digits
            error += 1e-16 * math.sqrt(whole) / deviation
    return fisher, entropy, error


def _sums(
    activation: Activation,
    noise: float,
    known: FloatArray,
    reach: FloatArray,
    deviation: float,
    sample: FloatArray,
    group: NDArray[np.int64],
    labels: int,
    coarser: float,
) -> tuple[FloatArray, FloatArray]:
    """Both integrals for the fields of `group`, whose f has the values `sample` at nodes."""
    from nishimori._kernels import readout_local

    blur = math.sqrt(noise)
    known, reach, sample = known[group], reach[group], sample[group]
    turning = labels == _TURNING
    labels = round(labels / coarser)
    _, _, values, rates = _fit(labels)
    rate = sample @ rates
    at = np.linspace(-1.0, 1.0, labels)
    sign = np.where(sample[:, -1] >= sample[:, 0], 1.0, -1.0)[:, None]
    own = blur * reach[:, None]
    if turning:
        low, high = sample.min(axis=1)[:, None], sample.max(axis=1)[:, None]
        own = own + 0.5 * (high - low)
        label, weight = 0.5 * (low + high) + own * at, np.broadcast_to(own, rate.shape)
    else:
        # y = f(omega + sqrt(V) t) + sqrt(noise) t
        label, weight = sample @ values + sign * own * at, sign * rate + own
    steep = np.abs(rate).max(axis=1) / (reach * blur)
    z, first = readout_local.grids(reach, coarser * _STEP / np.sqrt(1.0 + steep**2))
    h = np.repeat(known, np.diff(first)) + deviation * z
    value = activation.value(h)
    gentle = float(np.ptp(sample, axis=1).max()) <= _SMALL * blur
    slope = slopes(activation, h) if gentle else np.empty(0)
    rising = (sign * rate).min(axis=1) > 0.0
    found: tuple[FloatArray, FloatArray] = readout_local.information(
        z, first, value, slope, label, weight * (at[1] - at[0]), rising, deviation, noise
    )
    return found
