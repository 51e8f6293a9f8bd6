"""Slopes of every loss at its proximal points, written from its definition and nothing else.

With the label y, `slope(loss, y, c, v)` is g = the derivative of the loss at the z that minimises
loss(y, z) + (z - c)^2/(2v), so that z = c - v g; at a kink the subgradient that keeps z there.
With it comes dz/dc, between 0 (at a kink) and 1 (where the loss is straight).
"""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from nishimori.erm import (
    Absolute,
    Custom,
    EpsilonInsensitive,
    Estimator,
    Hinge,
    Huber,
    Logistic,
    MaxMargin,
    Ridge,
    SquareClassification,
    SquaredHinge,
)
from nishimori.errors import BadArgument

__all__ = ["absolute_slope", "label_unit", "least_size", "row_size", "slope"]

FloatArray = NDArray[np.float64]
Slope = tuple[FloatArray, FloatArray]

_STEP = 1e-5  # of a difference that stands for a derivative
_HALVINGS = 55
_FLOOR = 1e-7  # of the slopes without weights


@singledispatch
def slope(loss: Estimator, y: FloatArray, c: FloatArray, v: float) -> Slope:
    """g and dz/dc, at arrays of labels y and places c."""
    raise BadArgument(f"simulate: {loss.name} has no slope that is known here")


@slope.register(Ridge)
@slope.register(SquareClassification)
def _(loss: Estimator, y: FloatArray, c: FloatArray, v: float) -> Slope:
    return (c - y) / (1.0 + v), np.full_like(c, 1.0 / (1.0 + v))


@slope.register
def _(loss: Huber, y: FloatArray, c: FloatArray, v: float) -> Slope:
    inner = (c - y) / (1.0 + v)
    inside = np.abs(inner) <= loss.threshold
    return np.clip(inner, -loss.threshold, loss.threshold), np.where(inside, 1.0 / (1.0 + v), 1.0)


@slope.register
def _(loss: Absolute, y: FloatArray, c: FloatArray, v: float) -> Slope:
    return absolute_slope(c - y, v, 1.0)


@slope.register
def _(loss: EpsilonInsensitive, y: FloatArray, c: FloatArray, v: float) -> Slope:
    outside = (np.abs(c - y) - loss.epsilon) / v
    flat = (outside <= 0.0) | (outside >= 1.0)
    return np.copysign(np.clip(outside, 0.0, 1.0), c - y), np.where(flat, 1.0, 0.0)


@slope.register
def _(loss: Hinge, y: FloatArray, c: FloatArray, v: float) -> Slope:
    missing = (1.0 - y * c) / v
    flat = (missing <= 0.0) | (missing >= 1.0)
    return -y * np.clip(missing, 0.0, 1.0), np.where(flat, 1.0, 0.0)


@slope.register
def _(loss: SquaredHinge, y: FloatArray, c: FloatArray, v: float) -> Slope:
    missing = np.maximum(1.0 - y * c, 0.0)
    return -y * missing / (1.0 + v), np.where(missing > 0.0, 1.0 / (1.0 + v), 1.0)


@slope.register
def _(loss: MaxMargin, y: FloatArray, c: FloatArray, v: float) -> Slope:
    missing = np.maximum(1.0 - y * c, 0.0)
    return -y * missing / v, np.where(missing > 0.0, 0.0, 1.0)


@slope.register
def _(loss: Logistic, y: FloatArray, c: FloatArray, v: float) -> Slope:
    # the margin s solves s = u + v sigma(-s); g = -y sigma(-s)
    u = y * c
    low, high = u, u + v
    s, last = u + v * _sigmoid(-u), np.full_like(u, v)
    for _ in range(200):
        chance = _sigmoid(-s)
        wrong = s - u - v * chance
        low, high = np.where(wrong < 0.0, s, low), np.where(wrong >= 0.0, s, high)
        move = -wrong / (1.0 + v * chance * (1.0 - chance))
        inside = (s + move >= low) & (s + move <= high) & (np.abs(move) <= 0.5 * last)
        move = np.where(inside, move, 0.5 * (low + high) - s)
        s, last = s + move, np.abs(move)
        if np.all(last <= 4e-16 * (np.abs(s) + v)):
            break
    chance = _sigmoid(-s)
    return -y * chance, 1.0 / (1.0 + v * chance * (1.0 - chance))


@slope.register
def _(loss: Custom, y: FloatArray, c: FloatArray, v: float) -> Slope:
    """Of the loss averaged over z +- 1e-5, which is as convex and has a derivative everywhere."""
    step = _STEP * label_unit(loss, y)

    def derivative(z: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            found = (loss.value(y, z + step) - loss.value(y, z - step)) / (2.0 * step)
        if np.isnan(found).any():
            raise BadArgument(f"Custom: loss has no slope at z = {z[np.isnan(found)][0]:g}")
        return found

    start = derivative(c)
    side = -np.sign(start)
    reach = np.full_like(c, step)
    for _ in range(200):  # until the other side of the proximal point is reached
        beyond = c + side * reach
        short = side * (beyond + v * derivative(beyond) - c) < 0.0
        if not short.any():
            break
        reach = np.where(short, 4.0 * reach, reach)
    near, far = np.zeros_like(c), reach
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        z = c + side * middle
        short = side * (z + v * derivative(z) - c) < 0.0
        near, far = np.where(short, middle, near), np.where(short, far, middle)
    g = -side * 0.5 * (near + far) / v
    z = c - v * g
    bend = np.maximum(derivative(z + step) - derivative(z - step), 0.0) / (2.0 * step)
    return g, 1.0 / (1.0 + v * bend)


def absolute_slope(c: FloatArray, v: float, weight: float) -> Slope:
    """The same of weight * abs(z)."""
    g = np.clip(c / v, -weight, weight)
    return g, np.where(np.abs(g) < weight, 0.0, 1.0)


def label_unit(loss: Estimator, y: FloatArray) -> float:
    """What differences of outputs are to be measured in: 1 for margins, else the labels' spread."""
    if loss.labels == "sign" or np.all(np.abs(y) == 1.0):
        return 1.0
    spread = float(np.std(y))
    return spread if spread > 0.0 else max(float(np.abs(y).max(initial=0.0)), 1e-300)


def row_size(design: FloatArray) -> float:
    """Root mean square of the norms of the rows."""
    return float(np.linalg.norm(design)) / math.sqrt(max(len(design), 1))


def least_size(loss: Estimator, y: FloatArray, rows: float) -> float:
    """What a gradient is never measured against less of: slopes that vanish leave rounding."""
    return _FLOOR * rows * float(np.linalg.norm(slope(loss, y, np.zeros_like(y), 1.0)[0]))


def _sigmoid(t: FloatArray) -> FloatArray:
    small = np.exp(-np.abs(t))
    return np.where(t > 0.0, 1.0, small) / (1.0 + small)
