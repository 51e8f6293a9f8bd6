"""Both integrals of a continuous label of any law, by product integration over the field."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from nishimori._kernels.tabulated import FINE, Table, nodes_of
from nishimori.channels.base import FloatArray
from nishimori.channels.readout_fields import REACH, known_sums, level
from nishimori.channels.readout_product import ProductTable, basis_at, knots

__all__ = ["continuous_information", "continuous_spread"]

_WIDTH = 3.0  # panels in units of sqrt(V)
_WIDEST = 400.0  # the range of fields in units of sqrt(V) that is tabulated in one
_UNSEEN = 1e-34  # share of a label's largest likelihood


def continuous_information(
    table: Table, signal: float, variance: float, offset: float
) -> tuple[float, float, float] | None:
    """F, Psi_out and the relative error of F; None where V is too small for a table."""
    deviation = math.sqrt(variance)
    whole = float(table.edges[-1] - table.edges[0])
    if not whole <= _WIDEST * deviation:
        return None
    product = _product(table, level(deviation))

    def integrand(
        known: FloatArray, reach: FloatArray, share: FloatArray
    ) -> tuple[FloatArray, float]:
        fisher, entropy, _ = product.information(known, reach, share, deviation)
        seen = float(share @ fisher)
        error = max(product.doubt, table.doubt) * seen + 1e-16 * math.sqrt(seen) / deviation
        return np.stack([fisher, entropy]), error

    if signal == 0.0:
        known, reach, share = np.array([offset]), np.array([REACH]), np.ones(1)
        both, error = integrand(known, reach, share)
        fisher, entropy = float(both[0, 0]), float(both[1, 0])
    else:
        edges = _edges(table, signal, variance, offset)
        sums = known_sums(integrand, False, signal, offset, edges, 1.0)
        fisher, entropy, error = float(sums.values[0]), float(sums.values[1]), sums.error
    return fisher, entropy, (error / fisher + 1e-15 if fisher > 0.0 else 0.0)


def continuous_spread(table: Table, signal: float, variance: float, offset: float) -> float | None:
    """E over omega of the variance of the label; None where V is too small for a table."""
    deviation = math.sqrt(variance)
    if not float(table.edges[-1] - table.edges[0]) <= _WIDEST * deviation:
        return None
    product = _product(table, level(deviation))
    moments = _moments(table, level(deviation))

    def integrand(
        known: FloatArray, reach: FloatArray, share: FloatArray
    ) -> tuple[FloatArray, float]:
        z = ((known - product.origin)[:, None] - product.field) / deviation
        mass, mean, square = (np.exp(-0.5 * z * z) @ moments).T
        return (square / mass - (mean / mass) ** 2)[None, :], 0.0

    if signal == 0.0:
        return float(integrand(np.array([offset]), np.ones(1), np.ones(1))[0][0, 0])
    edges = _edges(table, signal, variance, offset)
    return float(known_sums(integrand, False, signal, offset, edges).values[0])


def _edges(table: Table, signal: float, variance: float, offset: float) -> FloatArray:
    """Panels of the known field that do at rounded variances, cut to its range."""
    width = REACH * math.sqrt(signal)
    rounded = 2.0 ** (0.5 * math.ceil(2.0 * math.log2(signal)))
    inside = _settled(table, rounded, level(variance), offset) - offset
    inside = inside[np.abs(inside) < width * (1.0 - 1e-3)]
    return offset + np.concatenate([[-width], inside, [width]])


@lru_cache(maxsize=24)
def _moments(table: Table, deviation: float) -> FloatArray:
    """Mass, mean and square of the label in each row of the table, about its middle."""
    product = _product(table, deviation)
    labels, _ = table.rule(FINE)
    weight = product.label_weight
    middle = 0.5 * (labels.min() + labels.max())
    powers = weight * np.stack([np.ones_like(labels), labels - middle, (labels - middle) ** 2])
    order = product.field.size // product.first.size
    rows = []
    for p, (a, b) in enumerate(zip(product.first, product.last, strict=True)):
        block = product.table[product.start[p] : product.start[p + 1]].reshape(order, b - a)
        rows.append(block @ powers[:, a:b].T)
    return np.concatenate(rows)


@lru_cache(maxsize=256)
def _settled(table: Table, signal: float, variance: float, offset: float) -> FloatArray:
    """Edges of panels of the known field that resolve both integrals at rounded variances."""
    deviation = math.sqrt(variance)
    product = _product(table, level(deviation))

    def integrand(
        known: FloatArray, reach: FloatArray, share: FloatArray
    ) -> tuple[FloatArray, float]:
        fisher, entropy, _ = product.information(known, reach, share, deviation)
        return np.stack([fisher, entropy]), 1e-16 * math.sqrt(float(share @ fisher)) / deviation

    first = offset + REACH * math.sqrt(signal) * np.linspace(-1.0, 1.0, 7)
    return known_sums(integrand, False, signal, offset, first, 1.0).edges


@lru_cache(maxsize=24)
def _product(table: Table, deviation: float) -> ProductTable:
    """The law of the label integrated against the Lagrange polynomials of panels of the field."""
    low, high = float(table.edges[0]), float(table.edges[-1])
    count = math.ceil((high - low) / (_WIDTH * deviation))
    width = (high - low) / count
    halves = low + 0.5 * width * np.arange(2 * count + 1)
    apart = np.abs(halves[:, None] - table.edges).min(axis=1)
    cuts = np.union1d(table.edges, halves[apart > 1e-9 * width])
    h, weight = nodes_of(cuts, FINE)
    place = (h - low) / width
    panel = np.repeat(np.clip(place[8::FINE].astype(np.int64), 0, count - 1), FINE)
    basis = basis_at(2.0 * (place - panel) - 1.0) * weight[:, None]
    labels, label_weight = table.rule(FINE)
    largest = np.zeros(labels.size)
    blocks: list[FloatArray] = []
    tops: list[FloatArray] = []
    bounds = np.searchsorted(panel, np.arange(count + 1))
    for a, b in zip(bounds[:-1], bounds[1:], strict=True):
        law = table.likelihood(labels, h[a:b])
        tops.append(law.max(axis=1))
        largest = np.maximum(largest, tops[-1])
        blocks.append(basis[a:b].T @ law.T)
    first, last, rows = [], [], []
    for block, top in zip(blocks, tops, strict=True):
        seen = np.flatnonzero(top > _UNSEEN * largest)
        first.append(int(seen[0]) if seen.size else 0)
        last.append(int(seen[-1]) + 1 if seen.size else 0)
        rows.append(np.ascontiguousarray(block[:, first[-1] : last[-1]]).ravel())
    start = np.concatenate([[0], np.cumsum([row.size for row in rows])])
    product = ProductTable(
        low,
        width,
        knots(count, width),
        np.concatenate(rows),
        start.astype(np.int64),
        np.array(first),
        np.array(last),
        np.zeros(labels.size),
        label_weight,
        1.0,
    )
    return product.with_doubt(deviation, 0.0)
