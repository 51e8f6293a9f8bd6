"""The minimiser of any convex loss and its penalty, with the proof that it is one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, qr

from nishimori.erm import Estimator
from nishimori.simulate.subgradients import (
    absolute_slope,
    label_unit,
    least_size,
    row_size,
    slope,
)

__all__ = ["Minimum", "minimise"]

FloatArray = NDArray[np.float64]

_OUTER, _INNER, _SEARCH = 120, 60, 40
_AIM = 1e-11  # of each minimisation in the weights, at the end
_INEXACT, _COARSEST = 0.1, 1e-3  # before: a share of what the multipliers miss
_PATIENCE = 12  # outer steps without a better residual
_LEAST = 1e-7  # of v, in units of its start
_PULL, _FADING, _FAINTEST = 0.01, 0.1, 1e-7  # towards the last weights


class Minimum(NamedTuple):
    """Weights, how far they are from optimal, and how many linear systems were solved."""

    weights: FloatArray
    residual: float
    iterations: int


@dataclass(frozen=True, eq=False)
class _Objective:
    """Sum of losses of the rows of ``design @ w``, plus reg/2 |w|^2 + l1 |w|_1."""

    loss: Estimator
    design: FloatArray
    labels: FloatArray
    regularization: float
    l1: float
    rows: float
    least: float
    pull: float = 0.0
    anchor: FloatArray | float = 0.0

    def slopes(self, c: FloatArray, v: float) -> tuple[FloatArray, FloatArray]:
        """Of the losses; behind them, where there is an l1 penalty, of one weight after another."""
        n = self.labels.size
        g, gain = slope(self.loss, self.labels, c[:n], v)
        if self.l1 > 0.0:
            more, more_gain = absolute_slope(c[n:], v, self.l1)
            g, gain = np.concatenate([g, more]), np.concatenate([gain, more_gain])
        return g, gain

    def size(self, g: FloatArray) -> float:
        """That of the gradient's terms, were they not to cancel."""
        n = self.labels.size
        size = self.rows * float(np.linalg.norm(g[:n])) + float(np.linalg.norm(g[n:]))
        return max(size, self.least)

    def outputs(self, w: FloatArray) -> FloatArray:
        z = self.design @ w
        return np.concatenate([z, w]) if self.l1 > 0.0 else z

    def gradient(self, w: FloatArray, g: FloatArray) -> FloatArray:
        n = self.labels.size
        total = self.design.T @ g[:n] + self.regularization * w + self.pull * (w - self.anchor)
        return total + g[n:] if self.l1 > 0.0 else total

    def curvature(self, weight: FloatArray) -> FloatArray:
        n = self.labels.size
        rows = np.flatnonzero(weight[:n])
        active = self.design[rows] * np.sqrt(weight[rows])[:, None]
        hessian = active.T @ active
        diagonal = hessian.diagonal() + self.regularization + self.pull
        if self.l1 > 0.0:
            diagonal = diagonal + weight[n:]
        np.fill_diagonal(hessian, diagonal)
        return hessian


def minimise(
    loss: Estimator,
    design: FloatArray,
    labels: FloatArray,
    regularization: float,
    l1: float,
    tolerance: float,
) -> Minimum:
    r"""Minimise the sum of losses at ``design @ w`` plus reg/2 abs(w)^2 + l1 abs(w)_1.

    The method of multipliers: with z = A w split off and multipliers g, minimise

    .. math:: \sum_\mu \min_z \Big[ \ell(y_\mu, z) + \frac{(z - (A w)_\mu - v g_\mu)^2}{2 v} \Big]
              + \tfrac12 \lambda_{reg} |w|^2

    by Newton's method, which has a piecewise smooth gradient, then set g to the slopes found; the
    l1 norm is one more loss with the rows of the unit matrix. Every g is a subgradient at its z,
    so what is left are abs(A^T g + reg w) and abs(A w - z); the residual is the larger of them,
    relative to the size that A^T g has without cancellations and to that of the labels.

    References
    ----------
    .. [1] Li, Sun, Toh, SIAM J. Optim. 28 (2018) 433, arXiv:1607.05428.
    """
    n, p = design.shape
    if p > n and l1 == 0.0:  # the weights lie in the span of the rows
        basis, triangle = qr(design.T, mode="economic")
        inner_minimum = minimise(loss, triangle.T, labels, regularization, l1, tolerance)
        return inner_minimum._replace(weights=basis @ inner_minimum.weights)
    rows = row_size(design)
    least = least_size(loss, labels, rows)
    objective = _Objective(loss, design, labels, regularization, l1, rows, least)
    unit = label_unit(loss, labels)
    w = np.zeros(p)
    g = np.zeros(n + p if l1 > 0.0 else n)
    v = start = _first(loss, labels, unit)
    best = Minimum(w, math.inf, 0)
    last, count, idle = math.inf, 0, 0
    for outer in range(_OUTER):
        # keeps the linear systems regular; gone at the fixed point
        pull = max(_PULL * _FADING**outer, _FAINTEST if regularization == 0.0 else 0.0) / start
        pull = max(pull - regularization, 0.0)
        inner = replace(objective, pull=pull, anchor=w)
        w, new, steps = _newton(inner, w, g, v, max(_AIM, min(_INEXACT * last, _COARSEST)))
        count += steps
        missed = v * float(np.abs(new - g).max()) / unit
        g = new
        left = float(np.linalg.norm(objective.gradient(w, g)))
        residual = max(left / objective.size(g), missed)
        if residual < best.residual:
            best = Minimum(w, residual, count)
            idle = 0
        idle += 1
        if residual <= tolerance or not math.isfinite(residual) or idle > _PATIENCE:
            break
        if missed > 0.1 * last and v > _LEAST * start:
            v *= 0.3
        last = missed
    return best._replace(iterations=count)


def _first(loss: Estimator, labels: FloatArray, unit: float) -> float:
    """What v begins with: outputs are of the size of the labels, and slopes as without weights."""
    if unit == 1.0:
        return 1.0
    g = slope(loss, labels, np.zeros_like(labels), 1e-6 * unit)[0]
    size = float(np.sqrt(np.mean(np.square(g))))
    return unit / size if size > 0.0 else unit


def _newton(
    objective: _Objective, w: FloatArray, multipliers: FloatArray, v: float, aim: float
) -> tuple[FloatArray, FloatArray, int]:
    """The weights that minimise at these multipliers, and the slopes there."""
    c = objective.outputs(w) + v * multipliers
    g, gain = objective.slopes(c, v)
    before = math.inf
    for step in range(_INNER):
        gradient = objective.gradient(w, g)
        norm = float(np.linalg.norm(gradient))
        size = objective.size(g)
        if norm <= aim * size or (norm <= 1e3 * _AIM * size and norm > 0.5 * before):
            return w, g, step
        before = norm
        direction = -_solve(objective.curvature((1.0 - gain) / v), gradient)
        along = objective.outputs(direction)
        slope_there = float(gradient @ direction)
        length, g, gain = _search(objective, w, c, direction, along, v, slope_there)
        w, c = w + length * direction, c + length * along
    return w, g, _INNER


def _search(
    objective: _Objective,
    w: FloatArray,
    c: FloatArray,
    direction: FloatArray,
    along: FloatArray,
    v: float,
    first: float,
) -> tuple[float, FloatArray, FloatArray]:
    """How far to go: to where the derivative along the direction, which grows, is nearly 0."""
    curved = objective.regularization + objective.pull
    bent = curved * float(direction @ direction)
    straight = float((curved * w - objective.pull * objective.anchor) @ direction)
    low, high, t = 0.0, math.inf, 1.0
    for _ in range(_SEARCH):
        g, gain = objective.slopes(c + t * along, v)
        here = float(g @ along) + straight + t * bent
        if abs(here) <= 0.1 * abs(first):
            break
        if here < 0.0:
            low = t
        else:
            high = t
        t = 2.0 * t if math.isinf(high) else 0.5 * (low + high)
    return t, g, gain


def _solve(hessian: FloatArray, gradient: FloatArray) -> FloatArray:
    """Newton's step; where the matrix is singular, with a little more on its diagonal."""
    shift = 0.0
    scale = float(hessian.diagonal().mean())
    for _ in range(12):
        try:
            return np.asarray(cho_solve(cho_factor(hessian, lower=True), gradient))
        except LinAlgError:
            more = 1e-13 * scale if shift == 0.0 else 9.0 * shift
            hessian[np.diag_indices_from(hessian)] += more
            shift += more
    return gradient / max(scale, 1e-300)
