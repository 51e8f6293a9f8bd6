"""Panels for Gauss-Legendre quadrature, two grids on each: 20 nodes, and 16 to check them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from nishimori._kernels.rules import gauss_legendre
from nishimori.activations.base import Activation, FloatArray
from nishimori.errors import ActivationError

__all__ = ["Mesh", "Rule", "find_mesh", "gaussian_panels", "rule", "subdivide"]

FINE, COARSE = 20, 16
_PANEL_LIMIT = 4096
_MAXIMUM_LEVEL = 52
_HUGGING_LEVEL = 24  # deeper panels only hug an undeclared kink or jump
_TAIL = 4e-14
_MOST_FOUND = 64
_SAME = 1e-6  # hugging panels no further apart, in units of the radius, hug the same point
# first edges where no kink is likely to hide: not at 0, not at simple fractions
_UNEVEN = np.array([-0.7419, -0.4853, -0.2371, 0.0137, 0.2618, 0.5127, 0.7683])


_ENDS = np.array([-1.0 + 1e-9, 1.0 - 1e-9])
_NODES_AND_ENDS = np.concatenate([gauss_legendre(FINE)[0], _ENDS])
_SERIES_AT_ENDS = np.polynomial.legendre.legvander(_ENDS, FINE - 1).T


class Rule:
    """Nodes and weights on [-1, 1] of both grids, the fine one's first."""

    def __init__(self) -> None:
        fine, fine_weights = gauss_legendre(FINE)
        coarse, coarse_weights = gauss_legendre(COARSE)
        self.nodes = np.concatenate([fine, coarse])
        self.weights = np.zeros((2, FINE + COARSE))
        self.weights[0, :FINE] = fine_weights
        self.weights[1, FINE:] = coarse_weights
        self.grids = ((fine, fine_weights), (coarse, coarse_weights))
        degrees = np.arange(FINE)
        vandermonde = np.polynomial.legendre.legvander(fine, FINE - 1)
        # discrete Legendre transform of values at the fine nodes
        self.transform = (vandermonde * fine_weights[:, None]).T * (degrees + 0.5)[:, None]


@cache
def rule() -> Rule:
    """The one rule, made at first use."""
    return Rule()


def subdivide(edges: FloatArray, width: float) -> FloatArray:
    """Ascending `edges` with every interval cut into equal parts no longer than `width`."""
    gaps = np.diff(edges)
    parts = np.maximum(np.ceil(gaps / width - 1e-9), 1.0).astype(np.int64)
    if parts.max(initial=1) == 1:
        return edges
    start = np.repeat(edges[:-1], parts)
    step = np.repeat(gaps / parts, parts)
    index = np.arange(start.size) - np.repeat(np.cumsum(parts) - parts, parts)
    return np.append(start + index * step, edges[-1])


def gaussian_panels(
    low: float, high: float, inside: FloatArray, width: float, apart: float = 0.0
) -> FloatArray:
    """Edges from `low` to `high` through those of `inside` that lie between, at most `width` apart.

    Edges of `inside` closer than `apart` to their neighbour are left out.
    """
    inner = inside[(inside > low) & (inside < high)]
    if apart > 0.0 and inner.size > 1:
        cells = np.floor(inner / apart)
        inner = inner[np.append(True, np.diff(cells) > 0)]
    return subdivide(np.concatenate([[low], inner, [high]]), width)


class Mesh(NamedTuple):
    """Edges between which a function is a polynomial.

    ``length`` is half the width of the smallest panel, the length on which the function is smooth;
    0 where something was met that no kink or jump explains. ``found`` are the kinks and jumps that
    were not declared, ``blur`` how far they may be off.
    """

    edges: FloatArray
    length: float
    found: FloatArray
    blur: float = 0.0


def find_mesh(activation: Activation, radius: float) -> Mesh:
    """Panels on [-radius, radius] on which a function that declares nothing is a polynomial.

    Bisection hugs a kink or jump that was not declared. Where such points explain all of the
    smallest panels, they become edges of a new mesh that needs none of these.
    """
    declared = np.asarray(activation.breakpoints, dtype=np.float64)
    edges, length, hugging = _bisected(activation, radius, declared)
    if hugging.size == 0:
        return Mesh(edges, length, hugging)
    found, blur = _hugged_points(hugging, radius)
    if found.size <= _MOST_FOUND:
        clean, length, rest = _bisected(activation, radius, np.append(declared, found))
        if rest.size == 0:
            return Mesh(clean, length, found, blur)
    return Mesh(edges, 0.0, np.empty(0))


def _hugged_points(panels: FloatArray, radius: float) -> tuple[FloatArray, float]:
    """The middle of the smallest panels in each cluster, and how wide those are.

    A point that is 0 but for rounding is 0 exactly.
    """
    panels = panels[np.argsort(panels[:, 0])]
    cuts = np.flatnonzero(np.diff(panels[:, 0]) > _SAME * radius) + 1
    points, widths = np.empty(cuts.size + 1), np.empty(cuts.size + 1)
    for k, cluster in enumerate(np.split(panels, cuts)):
        width = np.diff(cluster, axis=1)[:, 0]
        points[k] = cluster[width <= 1.5 * width.min()].mean()
        widths[k] = width.min()
    # around 0 alone, floats are fine enough for a displacement to matter
    at_zero = np.abs(points) < 1e-12 * radius
    return np.where(at_zero, 0.0, points), float(np.where(at_zero, 0.0, widths).max())


def _bisected(
    activation: Activation, radius: float, points: FloatArray
) -> tuple[FloatArray, float, FloatArray]:
    """Bisect until the last Legendre coefficients on each panel are at the level of rounding.

    Returns the edges, half the width of the smallest panel, and the panels (start, end) that are
    so small that they can only hug a kink or a jump.
    """
    edges = gaussian_panels(-radius, radius, np.sort(np.append(points, radius * _UNEVEN)), radius)
    waiting = np.stack([edges[:-1], edges[1:]], axis=1)
    done: list[FloatArray] = []
    hugging: list[FloatArray] = [np.empty((0, 2))]
    smallest = radius
    overall = 0.0
    for level in range(_MAXIMUM_LEVEL):
        middle, half = waiting.mean(axis=1), 0.5 * (waiting[:, 1] - waiting[:, 0])
        nodes = middle[:, None] + half[:, None] * _NODES_AND_ENDS
        values = activation.value(nodes.ravel()).reshape(nodes.shape)
        if not np.isfinite(values).all():
            where = nodes[~np.isfinite(values)][0]
            raise ActivationError(
                f"the activation {activation} overflows at x = {where:g}, where the Gaussian "
                "weight still counts; its second moment would not be finite"
            )
        values, ends = values[:, :FINE], values[:, FINE:]
        size = np.max(np.abs(values), axis=1)
        overall = max(overall, float(size.max()))
        series = values @ rule().transform.T
        tail = np.max(np.abs(series[:, -3:]), axis=1)
        # a jump between the last node and the edge shows only beside the edge
        gap = np.max(np.abs(series @ _SERIES_AT_ENDS - ends), axis=1)
        resolved = (tail <= _TAIL * size + 1e-17 * overall) & (gap <= 1e-11 * overall)
        done.append(waiting[resolved])
        if level > _HUGGING_LEVEL:
            hugging.append(waiting[resolved])
        if resolved.any():
            smallest = min(smallest, float(half[resolved].min()))
        rest = waiting[~resolved]
        if len(rest) * 2 + sum(map(len, done)) > _PANEL_LIMIT:
            hugging.append(rest)
            done.append(rest)
            break
        if rest.size == 0:
            break
        centre = rest.mean(axis=1)
        waiting = np.concatenate(
            [np.stack([rest[:, 0], centre], axis=1), np.stack([centre, rest[:, 1]], axis=1)]
        )
    else:
        hugging.append(waiting)
        done.append(waiting)
    starts = np.sort(np.concatenate(done)[:, 0])
    return np.append(starts, radius), smallest, np.concatenate(hugging)
