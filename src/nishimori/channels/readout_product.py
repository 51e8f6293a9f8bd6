"""Tables of the law of a readout's label, for product integration over the field."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray
from nishimori.channels.readout_panels import panel_edges, remainder

__all__ = ["ProductTable", "basis_at", "knots", "product_table"]

_ORDER = 24  # nodes of N(h; omega, V) per panel
# panel in units of sqrt(V): N(h; omega, V) is a polynomial of degree 23 there; the second where
# the label's law is no rougher than that, so that the rule integrates twice as many orders
_SHORT, _LONG = 3.0, 4.8
_ROUGHEST = 2.0  # slope of f in units of sqrt(noise/V)
_LABELS = 16
_LENGTH = 4.0  # panel of the label in units of sqrt(noise)
_SHRUNK = (1.3, 1.8, 2.6, 4.3, 6.5)  # shares of it that are tried
_GENTLE = 1.0  # range of f in units of sqrt(noise), below which tables hold differences
_FINE = 3e-14  # relative error in the label at which it shrinks no more
_RESOLVED = 1e-11


@dataclass(frozen=True, eq=False)
class ProductTable:
    """What `_kernels.readout_product.information` needs, from some sqrt(V) on.

    ``contrast`` is the range of f in units of sqrt(noise), 1 at most; ``doubt`` the relative error
    of F that comes from the panels of the label.
    """

    origin: float
    width: float
    field: FloatArray
    table: FloatArray
    start: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    usual: FloatArray
    label_weight: FloatArray
    contrast: float
    doubt: float = 0.0

    def information(
        self, known: FloatArray, reach: FloatArray, share: FloatArray, deviation: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Both integrals for each known field, and sum share * F for each panel of the label."""
        from nishimori._kernels import readout_product
        from nishimori._kernels.rules import gauss_legendre

        slope, content, profile = readout_product.information(
            known - self.origin,
            reach,
            share,
            deviation,
            self.width,
            self.field,
            self.table,
            self.start,
            self.first,
            self.last,
            self.usual,
            self.label_weight,
        )
        _, weights = gauss_legendre(_LABELS)
        return slope, content, profile.reshape(-1, _LABELS) / weights

    def with_doubt(self, deviation: float, margin: float) -> ProductTable:
        """The table with its relative error in the label.

        Measured for fields between the margins; without them for a field known widely or little.
        Two kinds of fields of one label may take turns on a length shorter than the noise.
        """
        worst = 0.0
        half = 0.5 * self.width * (self.field.size // _ORDER)
        known = np.arange(margin - 0.95 * half, 0.95 * half - margin, 0.5 * deviation)
        wide = math.sqrt(max((half / 9.0) ** 2 - deviation**2, 0.01 * deviation**2))
        for spread in (math.inf,) if margin > 0.0 else (wide, 0.3 * deviation):
            counts = np.abs(known) < 8.5 * spread
            square = (known[counts] / spread) ** 2
            reach: FloatArray = np.sqrt(np.maximum(8.5**2 - square, 9.0))
            share: FloatArray = np.exp(-0.5 * square)
            middle = self.origin + half
            slope, _, profile = self.information(middle + known[counts], reach, share, deviation)
            rest = remainder(profile)
            whole = max(float(share @ slope), 1e-300)
            worst = max(worst, 2.0 * math.sqrt(float(rest @ rest)) / whole)
        return replace(self, doubt=worst)


@cache
def _basis_transform() -> FloatArray:
    """From Legendre polynomials at a point to the Lagrange polynomials of the nodes there."""
    nodes, _ = np.polynomial.legendre.leggauss(_ORDER)
    inverse = np.linalg.inv(np.polynomial.legendre.legvander(nodes, _ORDER - 1))
    return np.asarray(inverse, dtype=np.float64)


def basis_at(x: FloatArray) -> FloatArray:
    """The Lagrange polynomials of a panel's nodes at each x in [-1, 1], shape (x, node)."""
    table = np.polynomial.legendre.legvander(x, _ORDER - 1)
    return np.asarray(table @ _basis_transform(), dtype=np.float64)


def knots(count: int, width: float) -> FloatArray:
    """Nodes of `count` panels of one width, from 0 on."""
    nodes, _ = np.polynomial.legendre.leggauss(_ORDER)
    centre = width * (np.arange(count) + 0.5)
    return np.asarray(centre[:, None] + 0.5 * width * nodes, dtype=np.float64).ravel()


@lru_cache(maxsize=64)
def product_table(
    activation: Activation,
    noise: float,
    low: float,
    high: float,
    deviation: float,
    margin: float = 0.0,
) -> ProductTable | None:
    """The table for fields between `low` and `high`; None where the noise is too small."""
    table = None
    for shrunk in _SHRUNK:
        table = _built(activation, noise, low, high, deviation, shrunk)
        if table is None:
            break
        table = table.with_doubt(deviation, margin)
        if table.doubt <= _FINE:
            break
    return table


def _built(
    activation: Activation,
    noise: float,
    low: float,
    high: float,
    deviation: float,
    shrunk: float,
) -> ProductTable | None:
    from nishimori._kernels import readout_product
    from nishimori._kernels.rules import gauss_legendre

    blur = math.sqrt(noise)
    edges, resolved = panel_edges(activation, low, high, blur, _RESOLVED)
    if not resolved:
        return None
    coarse = activation.value(np.linspace(low, high, 8 * edges.size))
    steep = float(np.abs(np.diff(coarse)).max()) / (high - low) * (8 * edges.size - 1)
    rough = bool(activation.breakpoints) or steep * deviation > _ROUGHEST * blur
    count = math.ceil((high - low) / ((_SHORT if rough else _LONG) * deviation))
    width = (high - low) / count
    cuts = np.linspace(low, high, 2 * count + 1)
    beside = np.searchsorted(edges, cuts).clip(1, edges.size - 1)
    apart = np.minimum(np.abs(edges[beside] - cuts), np.abs(edges[beside - 1] - cuts))
    cuts = np.union1d(edges, cuts[apart > 1e-9 * width])
    nodes, weights = gauss_legendre(_LABELS)
    half = 0.5 * np.diff(cuts)[:, None]
    h = (cuts[:-1, None] + half) + half * nodes
    place = (h - low) / width
    panel = np.clip(place[:, 8].astype(np.int64), 0, count - 1)
    value = activation.value(h.ravel()).reshape(h.shape)
    x = 2.0 * (place - panel[:, None]) - 1.0
    basis = basis_at(x.ravel())
    near = _LENGTH * blur / shrunk
    corners = _corners(activation, low, high)
    labels = _label_panels(h, value, deviation, blur, near, corners)
    span = 0.5 * (labels[:, 1] - labels[:, 0])[:, None]
    label = (labels[:, :1] + span) + span * nodes
    contrast = float(np.ptp(value)) / blur
    usual, same = math.nan, np.zeros(label.size)
    if contrast <= _GENTLE:
        usual = 0.5 * float(value.min() + value.max())
        same = np.exp(-0.5 * ((label.ravel() - usual) / blur) ** 2) / (
            math.sqrt(2.0 * math.pi) * blur
        )
    table, start, first, last = readout_product.tabulate(
        value.ravel(),
        (half * weights).ravel(),
        np.repeat(panel, _LABELS),
        basis,
        count,
        label.ravel(),
        noise,
        usual,
    )
    field = knots(count, width)
    weight = (span * weights).ravel()
    lost = min(contrast, 1.0)
    return ProductTable(low, width, field, table, start, first, last, same, weight, lost)


def _corners(activation: Activation, low: float, high: float) -> FloatArray:
    """Values on both sides of each breakpoint: the density of f(h) ends or jumps there."""
    points = np.array([t for t in activation.breakpoints if low < t < high])
    beside = 1e-9 * (high - low)
    return activation.value(np.concatenate([points - beside, points + beside]))


def _label_panels(
    h: FloatArray,
    value: FloatArray,
    deviation: float,
    blur: float,
    near: float,
    corners: FloatArray,
) -> FloatArray:
    """Panels of the label, shape (panel, 2), from values at the nodes of each field panel."""
    from nishimori._kernels import readout_product

    rates = np.diff(value, axis=1) / np.diff(h, axis=1)
    least = np.abs(rates).min(axis=1) - np.abs(np.diff(rates, axis=1)).max(axis=1)
    turning = rates.min(axis=1) * rates.max(axis=1) <= 0.0
    gentle = 3.0 * deviation * np.where(turning, 0.0, np.maximum(least, 0.0))
    ends: FloatArray = readout_product.label_edges(
        np.append(value.min(axis=1), corners),
        np.append(value.max(axis=1), corners),
        np.append(gentle, np.zeros(corners.size)),
        blur,
        near,
    )
    return ends.reshape(-1, 2)
