"""Quadrature of many positive functions of one variable at once, each resolved on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Weighted", "cells_of", "weigh"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
LogWeight = Callable[[IntArray, FloatArray], FloatArray]


def _clenshaw_curtis(count: int) -> FloatArray:
    """Weights at cos(pi j/count), j = 0 ... count, exact for polynomials of that degree."""
    angles = np.pi * np.arange(count + 1) / count
    terms = np.arange(0, count + 1, 2)
    factor = np.where((terms == 0) | (terms == count), 1.0, 2.0) / (1.0 - np.square(terms))
    weights = np.cos(np.outer(angles, terms)) @ factor * 2.0 / count
    weights[[0, -1]] *= 0.5
    return np.asarray(weights, dtype=np.float64)


# 17 nodes, every other of which makes a rule of 9; both know the ends, where else a kink may hide
_COUNT = 17
_NODES = -np.cos(np.pi * np.arange(_COUNT) / (_COUNT - 1))
_FINE = _clenshaw_curtis(_COUNT - 1)
_COARSE = np.zeros(_COUNT)
_COARSE[::2] = _clenshaw_curtis((_COUNT - 1) // 2)

# between the rules, for the mass and the first moment: one alone may agree by chance
_GAPS = np.stack([_FINE - _COARSE, (_FINE - _COARSE) * _NODES], axis=1)
_DEGREE = _COUNT - 1
# values at every other node, of the polynomial through the others
_BETWEEN = np.linalg.solve(
    np.polynomial.chebyshev.chebvander(_NODES[::2], _DEGREE // 2).T,
    np.polynomial.chebyshev.chebvander(_NODES[1::2], _DEGREE // 2).T,
)

_NEGLIGIBLE = 40.0  # below the largest log-weight of a row
_AGREEMENT = 1e-9  # of the two rules: for smooth functions, that of 17 nodes is then exact
_FAINT = 25.0  # below the largest log-weight: too little to look for hidden peaks
_RESOLVED = 0.05  # of a log-weight, by which the polynomial through every other node may miss it
_STEEP = 5.0  # between the largest log-weight of a cell and those beside: a peak may hide there
_LEVELS = 48  # halvings: what still jumps in a cell as small does not count


class Weighted(NamedTuple):
    """Nodes of a quadrature: `weight` of `point` in `row`, over the row's total.

    `log_total` is the logarithm of the integral of every row (-inf: nothing there), `log_top` of
    its largest integrand.
    """

    row: IntArray
    point: FloatArray
    weight: FloatArray
    log_total: FloatArray
    log_top: FloatArray

    def mean(self, values: FloatArray) -> FloatArray:
        """Of values at the nodes, in every row."""
        total = np.bincount(self.row, self.weight * values, self.log_total.size)
        return np.asarray(total, dtype=np.float64)


def cells_of(low: FloatArray, high: FloatArray, longest: float, cuts: FloatArray) -> FloatArray:
    """Edges of cells no longer than `longest` in every row, with its `cuts` among them.

    Parameters
    ----------
    low, high : ndarray of shape (rows,)
    longest : float
    cuts : ndarray of shape (rows, cuts)
    """
    count = int(np.ceil(np.max(high - low) / longest))
    edges = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, max(count, 1) + 1)
    if cuts.shape[1]:
        edges = np.sort(np.concatenate([edges, np.clip(cuts, low[:, None], high[:, None])], axis=1))
    return edges


def weigh(log_weight: LogWeight, edges: FloatArray) -> Weighted:
    """Integrate exp(log_weight) over the cells of every row, halving cells where needed.

    Parameters
    ----------
    log_weight : callable
        ``log_weight(row, points)``: of cells in the rows `row`, of shape (cells,), at points of
        shape (cells, 17); -inf where there is nothing.
    edges : ndarray of shape (rows, cells + 1)
        Ascending in every row.

    Notes
    -----
    A cell is dropped when even half its own range above its largest value is negligible beside
    the row's largest value. It is accepted when the rules of 9 and 17 nodes agree and, if it may
    hide a peak, when its log-weight is nearly a polynomial whose top the nodes resolve. Narrow
    peaks of log-weights that vary gently (a residual, squared and divided by a small noise) are
    found by their flanks.
    """
    rows = edges.shape[0]
    row = np.repeat(np.arange(rows), edges.shape[1] - 1)
    left, right = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    wide = right > left
    row, left, right = row[wide], left[wide], right[wide]
    top, done = np.full(rows, -np.inf), np.zeros(rows)
    base = top.copy()  # what `done`, the mass of the accepted cells, is in units of
    kept: list[tuple[IntArray, FloatArray, FloatArray, FloatArray]] = []
    for level in range(_LEVELS):
        half = 0.5 * (right - left)
        points = (left + half)[:, None] + half[:, None] * _NODES
        logs = log_weight(row, points)
        largest, least = logs.max(axis=1), logs.min(axis=1)
        np.maximum.at(top, row, largest)
        with np.errstate(invalid="ignore"):
            hope = largest + np.where(np.isneginf(largest), 0.0, 0.5 * (largest - least))
            alive = hope >= top[row] - _NEGLIGIBLE
        alive &= np.isfinite(largest)
        if not alive.all():
            row, left, right, half = row[alive], left[alive], right[alive], half[alive]
            points, logs, hope = points[alive], logs[alive], hope[alive]
        with np.errstate(invalid="ignore"):
            done = np.where(done > 0.0, done * np.exp(base - top), 0.0)
        base = top.copy()
        weight = np.exp(logs - top[row, None])
        fine = half * (weight @ _FINE)
        mass = done + np.bincount(row, fine, rows)
        gap = np.abs(weight @ _GAPS).max(axis=1)
        good = half * gap <= _AGREEMENT * mass[row]
        doubtful = np.flatnonzero(good & (hope >= top[row] - _FAINT))
        good[doubtful] = _has_no_hidden_peak(logs[doubtful])
        if level == _LEVELS - 1:
            good[:] = True
        done = done + np.bincount(row[good], fine[good], rows)
        kept.append((row[good], points[good], weight[good] * half[good, None], top[row[good]]))
        bad = ~good
        if not bad.any():
            break
        middle = left[bad] + half[bad]
        row = np.repeat(row[bad], 2)
        left = np.stack([left[bad], middle], axis=1).ravel()
        right = np.stack([middle, right[bad]], axis=1).ravel()
    cell, points, weight, unit = (np.concatenate(column) for column in zip(*kept, strict=True))
    weight = (weight * np.exp(unit - top[cell])[:, None] * _FINE).ravel()
    row, points = np.repeat(cell, _COUNT), points.ravel()
    total = np.bincount(row, weight, rows)
    with np.errstate(divide="ignore"):
        log_total = np.where(total > 0.0, top, 0.0) + np.log(total)
    return Weighted(row, points, weight / np.maximum(total, 1e-300)[row], log_total, top)


def _has_no_hidden_peak(logs: FloatArray) -> NDArray[np.bool_]:
    """Whether log-weights at the nodes of cells are polynomials whose top the nodes resolve."""
    cell, highest = np.arange(len(logs)), logs.argmax(axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        misfit = np.abs(logs[:, 1::2] - logs[:, ::2] @ _BETWEEN).max(axis=1)
        top = logs[cell, highest]
        left = top - logs[cell, np.maximum(highest - 1, 0)]
        right = top - logs[cell, np.minimum(highest + 1, _DEGREE)]
        return np.asarray((misfit < _RESOLVED) & (np.maximum(left, right) < _STEEP))
