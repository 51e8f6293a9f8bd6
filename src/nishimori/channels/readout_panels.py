"""Panels on which a readout is a polynomial, and its slopes."""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray

__all__ = ["panel_edges", "remainder", "slopes", "tail"]

BoolArray = NDArray[np.bool_]

_MOST_PANELS = 40_000


@cache
def tail(order: int) -> FloatArray:
    """Rows that give the last three Legendre coefficients of values at Gauss-Legendre nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    table = np.polynomial.legendre.legvander(nodes, order - 1)[:, -3:]
    out: FloatArray = (table * weights[:, None]).T * (np.arange(order - 3, order) + 0.5)[:, None]
    return out


@cache
def _spectrum(order: int) -> FloatArray:
    """Rows that give Legendre coefficients of values: two in the middle, and the last four."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    degrees = np.arange(order) + 0.5
    rows = (np.polynomial.legendre.legvander(nodes, order - 1) * weights[:, None] * degrees).T
    return rows[[order // 2 - 2, order // 2 - 1, -4, -3, -2, -1]].copy()


def remainder(values: FloatArray) -> FloatArray:
    """How far Gauss-Legendre sums of values at nodes, shape (panel, node), may be off.

    The coefficients beyond the last one are taken to decay as slowly as the last four do, or as
    all do from the middle on; the rule integrates twice as many orders as it resolves, and three
    quarters of that are counted on.
    """
    order = values.shape[1]
    size = np.abs(values @ _spectrum(order).T)
    middle, before, last = (
        size[:, :2].max(axis=1),
        size[:, 2:4].max(axis=1),
        size[:, 4:].max(axis=1),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.maximum((last / before) ** 0.5, (last / middle) ** (2.0 / (order + 2.0)))
    rate = np.where(last > 0.0, np.minimum(rate, 1.0), 0.0)
    found: FloatArray = 2.0 * last * rate ** (0.75 * order)
    return found


@lru_cache(maxsize=64)
def panel_edges(
    activation: Activation, low: float, high: float, spread: float, precision: float = 1e-8
) -> tuple[FloatArray, bool]:
    """Edges between which the function is a polynomial and moves by 2.5 `spread` at most.

    With an infinite `spread` only the first is asked for, to `precision` of the smaller of
    `spread` and the whole range. The second result tells whether the panels were enough.
    """
    inner = [t for t in (*activation.breakpoints, *activation.knots) if low < t < high]
    edges = np.unique([low, *inner, *np.linspace(low, high, 9)])
    scale = min(spread, float(np.ptp(activation.value(edges)))) * precision
    a, b = edges[:-1], edges[1:]
    done = [edges]
    count = a.size
    while a.size:
        if count > _MOST_PANELS:
            return np.unique(np.concatenate(done)), False
        narrow = b - a <= 1e-12 * np.maximum(1.0, np.abs(a))
        split = ~(_resolved(activation, a, b, spread, scale) | narrow)
        a, b = a[split], b[split]
        middle = 0.5 * (a + b)
        done.append(middle)
        count += middle.size
        a, b = np.concatenate([a, middle]), np.concatenate([middle, b])
    return _merged(activation, np.unique(np.concatenate(done)), spread, scale), True


def _resolved(
    activation: Activation, a: FloatArray, b: FloatArray, spread: float, scale: float
) -> BoolArray:
    """Whether the function is a polynomial between a and b and moves by 2.5 `spread` at most."""
    from nishimori._kernels.rules import gauss_legendre

    nodes, _ = gauss_legendre(16)
    points = 0.5 * (a + b)[:, None] + 0.5 * (b - a)[:, None] * nodes
    values = activation.value(points.ravel()).reshape(points.shape)
    moved = np.ptp(values, axis=1)
    rough = np.abs(values @ tail(16).T).max(axis=1)
    allowed = scale + 1e-14 * np.abs(values).max(axis=1)
    fine: BoolArray = (rough <= allowed) & (moved <= 2.5 * spread)
    return fine


def _merged(activation: Activation, edges: FloatArray, spread: float, scale: float) -> FloatArray:
    """The edges without those between panels that are as well one."""
    start = 1
    idle = 0
    while idle < 2 and edges.size > 2:
        inner = np.arange(start, edges.size - 1, 2)
        if inner.size == 0:
            break
        fine = _resolved(activation, edges[inner - 1], edges[inner + 1], spread, scale)
        fine &= ~np.isin(edges[inner], activation.breakpoints)
        edges = np.delete(edges, inner[fine])
        idle = 0 if fine.any() else idle + 1
        start = 3 - start
    return edges


@lru_cache(maxsize=16)
def _slope_series(activation: Activation, reach: float) -> tuple[FloatArray, FloatArray]:
    """Edges on [-reach, reach], and a Legendre series of f' on each panel, shape (k, panel)."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges, _ = panel_edges(activation, -reach, reach, math.inf, precision=1e-13)
    half = 0.5 * np.diff(edges)[:, None]
    points = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes
    values = activation.value(points.ravel()).reshape(points.shape)
    transform = np.polynomial.legendre.legvander(nodes, 23) * weights[:, None]
    series = (values @ transform) * (np.arange(24) + 0.5)
    return edges, np.polynomial.legendre.legder(series.T, axis=0) / half[:, 0]


def slopes(activation: Activation, h: FloatArray) -> FloatArray:
    """f'(h); for a function that does not tell it, from a fit of its values."""
    if activation.declares_knots:
        return np.ascontiguousarray(activation.taylor(h, 1)[:, 1])
    reach = 2.0 ** math.ceil(math.log2(max(1.0, float(np.abs(h).max()))))
    edges, series = _slope_series(activation, reach)
    panel = np.clip(np.searchsorted(edges, h, side="right") - 1, 0, edges.size - 2)
    x = (2.0 * h - edges[panel] - edges[panel + 1]) / (edges[panel + 1] - edges[panel])
    found = np.polynomial.legendre.legval(x, series[:, panel], tensor=False)
    return np.asarray(found, dtype=np.float64)
