"""The law of a label given its field, as a sum of Gaussians, and averages over the field."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels.rules import gauss_legendre

__all__ = ["LabelLaw", "LabelMoments", "field_rule"]

FloatArray = NDArray[np.float64]

_REACH = 9.0  # standard deviations of the field
_GRADES = np.array([0.0, 1.0, 2.5, 5.0, 9.0, 16.0])


class LabelLaw(NamedTuple):
    """At field j the label is ``values[j, k] + N(0, variances[j, k])`` with ``weights[j, k]``.

    The three broadcast to (field, component). Atoms have variance 0.
    """

    values: FloatArray
    weights: FloatArray
    variances: FloatArray


class LabelMoments(NamedTuple):
    """E y^2, and E[y (h - c_0)]/Var(h): what the square loss knows of a channel."""

    mean_square: float
    slope: float


def field_rule(
    variance: float,
    offset: float,
    scales: tuple[tuple[float, float], ...],
    finest: float = math.inf,
    count: int = 16,
    reach: float = _REACH,
) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights for averages over a field h ~ N(offset, variance).

    Parameters
    ----------
    scales : tuple of (place, width)
        Around each place the integrand varies over `width`; 0 for a kink or a jump.
    finest : float
        No panel is wider than this.
    reach : float
        Standard deviations; where more than 9, panels beyond follow the normal law in its tail.
    """
    root = math.sqrt(variance)
    if root == 0.0:
        return np.array([offset]), np.ones(1)
    bulk = min(reach, _REACH) * root
    step = min(1.5 * root, finest)
    panels = min(int(math.ceil(2.0 * bulk / step)), 4000)
    cuts = [np.linspace(offset - bulk, offset + bulk, panels + 1)]
    low, high = offset - reach * root, offset + reach * root
    if high > offset + bulk:
        panels = min(int(math.ceil((reach * root - bulk) / min(0.5 * root, finest))), 4000)
        tail = np.linspace(bulk, reach * root, panels + 1)
        cuts += [offset - tail, offset + tail]
    for place, width in scales:
        graded = width * _GRADES[: 1 if width == 0.0 else None]
        cuts += [place + graded, place - graded]
    edges = np.unique(np.concatenate(cuts))
    edges = edges[(edges >= low) & (edges <= high)]
    x, w = gauss_legendre(count)
    half = 0.5 * np.diff(edges)
    nodes = ((edges[:-1] + half)[:, None] + half[:, None] * x).ravel()
    weights = (half[:, None] * w).ravel() * np.exp(-0.5 * np.square((nodes - offset) / root))
    return nodes, weights / (root * math.sqrt(2.0 * math.pi))
