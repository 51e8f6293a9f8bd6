"""E Var[f(h) | omega]: the error of the best prediction of a readout."""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np

from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray
from nishimori.channels.readout_fields import (
    first_edges,
    is_folded,
    known_sums,
    level,
    span,
    within,
)
from nishimori.channels.readout_panels import panel_edges

__all__ = ["expected_spread"]

_WIDTH, _NODES = 2.4, 16  # panels in units of sqrt(V)
_WHOLE = 400.0  # a range of fields in units of sqrt(V) that is tabulated in one
_CELL = 32.0
_HERMITE = 24
_FIT = 16
_SETTLED = 1e-6


def expected_spread(activation: Activation, signal: float, variance: float, offset: float) -> float:
    """E over omega ~ N(offset, signal) of Var f(omega + sqrt(variance) z)."""
    if variance == 0.0:
        return 0.0
    ends = span(signal + variance, offset)
    if signal == 0.0:
        return float(_spreads(activation, variance, ends, np.array([offset]), np.full(1, 9.0))[0])
    # panels are those that do at variances rounded to octaves
    known = 2.0 ** math.ceil(math.log2(signal))
    rest = 2.0 ** math.floor(math.log2(variance))
    edges = within(_settled(activation, known, rest, offset), activation, signal, offset)
    return _integral(activation, signal, variance, offset, edges)[0]


@lru_cache(maxsize=256)
def _settled(activation: Activation, signal: float, variance: float, offset: float) -> FloatArray:
    edges = first_edges(activation, signal, variance, offset)
    return _integral(activation, signal, variance, offset, edges)[1]


def _integral(
    activation: Activation, signal: float, variance: float, offset: float, edges: FloatArray
) -> tuple[float, FloatArray]:
    ends = span(signal + variance, offset)

    def integrand(
        known: FloatArray, reach: FloatArray, share: FloatArray
    ) -> tuple[FloatArray, float]:
        return _spreads(activation, variance, ends, known, reach)[None, :], 0.0

    folded = is_folded(activation, offset)
    sums = known_sums(integrand, folded, signal, offset, edges)
    return float(sums.values[0]), sums.edges


def _spreads(
    activation: Activation,
    variance: float,
    ends: tuple[float, float],
    known: FloatArray,
    reach: FloatArray,
) -> FloatArray:
    """Var f(omega + sqrt(V) z) for each omega."""
    deviation = math.sqrt(variance)
    if ends[1] - ends[0] <= _WHOLE * deviation:
        return _from_table(activation, ends, known, reach, deviation)
    found = _by_nodes(activation, known, deviation)
    left = np.flatnonzero(np.isnan(found))
    low = level(deviation)
    cell = np.floor(known[left] / (_CELL * low))
    for c in np.unique(cell):
        at = left[cell == c]
        part = (c * _CELL - 12.5) * low, ((c + 1.0) * _CELL + 12.5) * low
        found[at] = _from_table(activation, part, known[at], reach[at], deviation)
    return found


def _from_table(
    activation: Activation,
    ends: tuple[float, float],
    known: FloatArray,
    reach: FloatArray,
    deviation: float,
) -> FloatArray:
    from nishimori._kernels import readout_moments

    field, weight, value = _nodes(activation, *ends, level(deviation))
    own = activation.value(known)
    out: FloatArray = readout_moments.spreads(known, own, reach, deviation, field, weight, value)
    return out


@lru_cache(maxsize=64)
def _nodes(
    activation: Activation, low: float, high: float, deviation: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Nodes, weights and values on panels that resolve f and a Gaussian of this deviation."""
    from nishimori._kernels.rules import gauss_legendre

    edges, _ = panel_edges(activation, low, high, math.inf, 1e-11)
    pieces = np.ceil(np.diff(edges) / (_WIDTH * deviation)).astype(np.int64)
    step = np.repeat(np.diff(edges) / pieces, pieces)
    place = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start = np.repeat(edges[:-1], pieces) + place * step
    nodes, weights = gauss_legendre(_NODES)
    half = 0.5 * step[:, None]
    field = (start[:, None] + half + half * nodes).ravel()
    return field, (half * weights).ravel(), activation.value(field)


@cache
def _rules() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Nodes and weights for a standard normal, and nodes and last coefficients on +-9."""
    z, weight = np.polynomial.hermite_e.hermegauss(_HERMITE)
    nodes, weights = np.polynomial.legendre.leggauss(_FIT)
    table = np.polynomial.legendre.legvander(nodes, _FIT - 1)[:, -3:]
    last = table * weights[:, None] * (np.arange(_FIT - 3, _FIT) + 0.5)
    return z, weight / weight.sum(), 9.0 * nodes, last


def _by_nodes(activation: Activation, known: FloatArray, deviation: float) -> FloatArray:
    """The same where f is a polynomial on all that omega reaches, else NaN."""
    z, weight, wide, last = _rules()
    sample = activation.value((known[:, None] + deviation * wide).ravel())
    sample = sample.reshape(-1, _FIT)
    width = np.ptp(sample, axis=1)
    smooth = np.abs((sample - sample[:, :1]) @ last).max(axis=1) <= _SETTLED * width
    for t in activation.breakpoints:
        smooth &= np.abs(known - t) > 9.5 * deviation
    out = np.full(known.size, np.nan)
    at = np.flatnonzero(smooth)
    value = activation.value((known[at, None] + deviation * z).ravel()).reshape(-1, _HERMITE)
    value = value - activation.value(known[at])[:, None]
    mean = value @ weight
    out[at] = (value - mean[:, None]) ** 2 @ weight
    return out
