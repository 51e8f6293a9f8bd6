"""How far given weights are from the minimum, whoever found them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lstsq

from nishimori.erm import Estimator
from nishimori.simulate.subgradients import (
    absolute_slope,
    label_unit,
    least_size,
    row_size,
    slope,
)

__all__ = ["optimality"]

FloatArray = NDArray[np.float64]

_BLURS = 10.0 ** np.arange(-10.0, -1.0)
_SHARP = 1e-3  # of a blur: over what a kink itself is widened
_JUMP = 20.0  # times the blur: slopes that differ by more have a kink between them


def optimality(
    loss: Estimator,
    design: FloatArray,
    labels: FloatArray,
    weights: FloatArray,
    regularization: float,
    l1: float,
) -> float:
    r"""The residual of the Karush-Kuhn-Tucker conditions at `weights`.

    .. math:: 0 \in \sum_\mu \partial\ell(y_\mu, z_\mu)\, A_\mu + \lambda_{reg} w
              + \ell_1 \partial|w|_1, \qquad z = A w.

    At a kink the subgradient is free between two slopes, and least squares choose it. An output
    counts as at a kink within r of it, in units of the labels; the residual is the least r for
    which the sum is also 0 within r, relative to the size that it has without cancellations.
    """
    outputs, n = design @ weights, labels.size
    unit = label_unit(loss, labels)
    rows = row_size(design)
    least = least_size(loss, labels, rows)
    best = math.inf
    for blur in _BLURS:
        near, narrow = blur * unit, _SHARP * blur * unit
        below, above = (slope(loss, labels, outputs + s, narrow)[0] for s in (-near, near))
        if l1 > 0.0:
            ends = (absolute_slope(weights + s, narrow, l1)[0] for s in (-near, near))
            below, above = (np.concatenate(pair) for pair in zip((below, above), ends, strict=True))
        free = above - below > _JUMP * blur
        g = np.where(free, 0.0, 0.5 * (below + above))
        rest = _sum(design, g, n) + regularization * weights
        if free.any():
            columns = design[free[:n]].T
            if l1 > 0.0:
                columns = np.concatenate([columns, np.eye(weights.size)[:, free[n:]]], axis=1)
            chosen = lstsq(columns, -rest, lapack_driver="gelsy", check_finite=False)[0]
            g[free] = np.clip(chosen, below[free], above[free])
            rest = _sum(design, g, n) + regularization * weights
        size = rows * float(np.linalg.norm(g[:n])) + float(np.linalg.norm(g[n:]))
        left = float(np.linalg.norm(rest))
        relative = left / max(size, least)
        best = min(best, max(relative, float(blur) if free.any() else 0.0))
        if relative <= blur:
            break
    return best


def _sum(design: FloatArray, g: FloatArray, n: int) -> FloatArray:
    total: FloatArray = design.T @ g[:n]
    return total + g[n:] if g.size > n else total
