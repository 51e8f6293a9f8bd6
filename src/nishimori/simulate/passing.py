"""The loop that all message passing shares: two products with the inputs per iteration."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status

__all__ = ["Passed", "Settings", "pass_messages"]

FloatArray = NDArray[np.float64]
Output = Callable[[FloatArray, float], tuple[FloatArray, float]]
Denoiser = Callable[[FloatArray, float], tuple[FloatArray, FloatArray]]


_MISFIT = 1e6  # of fields and labels, in sqrt(V), that still counts as perfect recovery
_RUNAWAY = 1e3  # self-overlap of weights of second moment 1 that is beyond hope
_KNOWN = 1e-3  # variance of the weights below which the labels may have nothing more to tell


class Settings(NamedTuple):
    """How often, how damped and how exactly."""

    iterations: int
    damping: float
    tolerance: float


class Passed(NamedTuple):
    """Where message passing ended, and its order parameters at the start and every iteration."""

    mean: FloatArray
    variance: FloatArray
    status: Status
    overlap: FloatArray
    self_overlap: FloatArray
    susceptibility: FloatArray
    conjugate: FloatArray
    residual: FloatArray


def pass_messages(
    inputs: FloatArray,
    factor: float,
    output: Output,
    denoise: Denoiser,
    start: tuple[FloatArray, FloatArray],
    settings: Settings,
    truth: FloatArray | None = None,
    *,
    label_size: float | None = None,
    least: float = 0.0,
) -> Passed:
    r"""Iterate, with F = `factor` X and w its variance of a field per variance of a weight,

    .. math:: V = w \bar v, \quad \omega = F a - V g_{old}, \quad
              A = \tfrac{w}{d} \sum_\mu -\partial_\omega g_\mu, \quad B = F^T g + A a, \quad
              (a, v) = \text{denoise}(B, A).

    Parameters
    ----------
    inputs : ndarray of shape (n, d)
        X.
    output : callable
        (omega, V) to g and the sum of -dg/d omega.
    denoise : callable
        (B, A) to means and variances.
    start : pair of ndarray
        Means and variances of the weights.
    truth : ndarray, optional
        Weights to follow the overlap with.
    label_size : float, optional
        If given, the residual is relative to the weights found, and to their fields or this,
        whichever is larger; else in units of weights of second moment 1.
    least : float
        V at which the fields count as known: perfect recovery, if the labels agree. If positive,
        so do weights of variance below 1e-3 of which the labels tell nothing any more, all being
        explained.

    Notes
    -----
    The residual is the root mean square of what one undamped iteration would change, of the
    weights or the fields, whichever is larger. Damping keeps a share of the old a, v, g and A.
    """
    d = inputs.shape[1]
    power = factor * factor * d
    mean, variance = start
    score, precision = np.zeros(inputs.shape[0]), 0.0
    before: FloatArray | None = None
    unit = field_unit = 1.0
    if label_size is None and power > 0.0:
        field_unit = math.sqrt(power)
    rows = [_orders(mean, variance, power, 0.0, math.inf, truth)]
    status = Status.RESIDUAL_TOO_LARGE
    for step in range(settings.iterations):
        v = power * float(variance.mean())
        if v <= least and power > 0.0:
            # if the fields are those that the labels ask for: V shrinks though they may run away
            floor = max(v, least)
            misfit = _size(output(factor * (inputs @ mean), floor)[0]) * math.sqrt(floor)
            if misfit <= _MISFIT:
                status = Status.PERFECT_RECOVERY
            break
        omega = factor * (inputs @ mean) - v * score
        new_score, bend = output(omega, v)
        kept = settings.damping if step else 0.0
        score = kept * score + (1.0 - kept) * new_score
        precision = kept * precision + (1.0 - kept) * power * bend / d
        if least > 0.0 and v <= _KNOWN * power and power * bend / d < 1.0:
            status = Status.PERFECT_RECOVERY
            break
        linear = factor * (inputs.T @ score) + precision * mean
        new_mean, new_variance = denoise(linear, precision)
        if label_size is not None:
            unit, field_unit = max(_size(new_mean), 1e-300), max(_size(omega), label_size)
        moved = _size(new_mean - mean) / unit
        shifted = math.inf if before is None else _size(omega - before) / field_unit
        residual = max(moved, shifted)
        before = omega
        mean = kept * mean + (1.0 - kept) * new_mean
        variance = kept * variance + (1.0 - kept) * new_variance
        rows.append(_orders(mean, variance, power, precision, residual, truth))
        if not (math.isfinite(moved) and math.isfinite(precision)):
            status = Status.NOT_FINITE
            break
        if label_size is None and rows[-1][1] > _RUNAWAY:
            break
        if residual <= settings.tolerance:
            status = Status.CONVERGED
            break
    return Passed(mean, variance, status, *np.array(rows).T)


def _orders(
    mean: FloatArray,
    variance: FloatArray,
    power: float,
    precision: float,
    residual: float,
    truth: FloatArray | None,
) -> tuple[float, ...]:
    overlap = math.nan if truth is None else float(np.mean(truth * mean))
    squares = float(np.mean(np.square(mean)))
    return overlap, squares, power * float(np.mean(variance)), precision, residual


def _size(values: FloatArray) -> float:
    return math.sqrt(float(np.mean(np.square(values))))
