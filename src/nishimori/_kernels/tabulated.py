"""Averages over a field of any likelihood, given as values at nodes.

Everything lives on panels with Gauss-Legendre nodes: the field h on panels that resolve the
likelihood, the label y likewise, and omega on panels that resolve the smoothed likelihood. Where
V is not small the likelihood is tabulated once and smoothed by a matrix product; where it is, the
likelihood is called at h = omega + sqrt(V) z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels.rules import gauss_legendre

__all__ = ["COARSE", "FINE", "Smoothed", "Table", "find_jumps", "nodes_of", "resolve"]

FloatArray = NDArray[np.float64]
Likelihood = Callable[[FloatArray, FloatArray], FloatArray]

FINE, COARSE = 16, 13  # nodes per panel of the two grids whose difference is the error estimate
_REACH = 8.5  # standard deviations; what lies beyond has a mass of 2e-17
_WIDEST = 3.0  # panel width for a Gaussian of unit variance
_GRADES = np.array([0.0, 1.0, 2.0, 3.0, 4.5, 6.0, 8.0, 10.0, 12.0])
_NARROWEST = 1e-13  # panel, relative to the range
_CHUNK = 2_000_000  # numbers in one call of the likelihood


def nodes_of(edges: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on every panel, one after the other."""
    x, w = gauss_legendre(count)
    half = 0.5 * np.diff(edges)
    nodes = (edges[:-1] + half)[:, None] + half[:, None] * x
    return nodes.ravel(), (half[:, None] * w).ravel()


@cache
def _coefficients(count: int) -> FloatArray:
    """From values at the nodes to the last three Legendre coefficients."""
    x, w = gauss_legendre(count)
    degrees = np.arange(count - 3, count)
    basis = np.polynomial.legendre.legvander(x, count - 1)[:, degrees]
    matrix: FloatArray = basis * w[:, None] * (degrees + 0.5)
    return matrix


@cache
def _derivative(count: int) -> FloatArray:
    """From values at the nodes to the derivative there, on [-1, 1]."""
    x, _ = gauss_legendre(count)
    gap = x[:, None] - x + np.eye(count)
    scale = gap.prod(axis=1)
    matrix: FloatArray = scale[:, None] / (scale * gap)
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


@cache
def _gauss_hermite(count: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights (of any sum) for a standard normal."""
    return np.polynomial.hermite_e.hermegauss(count)


def resolve(
    function: Callable[[FloatArray], FloatArray],
    edges: FloatArray,
    tolerance: float,
    most: int = 600,
) -> FloatArray:
    """Halve panels until the rows of `function` are polynomials on each, to `tolerance`.

    At `most` panels it stops; that they are too coarse then shows in the error estimate.
    """
    done: list[tuple[float, float]] = []
    panels = np.stack([edges[:-1], edges[1:]], axis=1)
    least = _NARROWEST * float(edges[-1] - edges[0])
    scale: FloatArray | None = None
    while panels.size:
        if len(done) + len(panels) > most:
            done.extend((float(a), float(b)) for a, b in panels)
            break
        x, _ = gauss_legendre(FINE)
        half = 0.5 * (panels[:, 1] - panels[:, 0])
        values = function((panels[:, :1] + half[:, None] * (1.0 + x)).ravel())
        top = np.abs(values).max(axis=1)
        scale = top if scale is None else np.maximum(scale, top)
        tails = np.abs(values.reshape(len(values), len(panels), FINE) @ _coefficients(FINE))
        rough = (tails.max(axis=2) > tolerance * (scale[:, None] + 1e-280)).any(axis=0)
        rough &= half > least
        done.extend((float(a), float(b)) for a, b in panels[~rough])
        low, high = panels[rough].T
        middle = 0.5 * (low + high)
        panels = np.concatenate([np.stack([low, middle], axis=1), np.stack([middle, high], axis=1)])
    return np.unique(np.array(done))


def find_jumps(
    function: Callable[[FloatArray], FloatArray], edges: FloatArray, sharp: FloatArray
) -> FloatArray:
    """`sharp`, with the places where resolved panels shrank to nothing or values jump."""
    span = float(edges[-1] - edges[0])
    tiny = np.flatnonzero(np.diff(edges) < 4.0 * _NARROWEST * span)
    places = 0.5 * (edges[tiny] + edges[tiny + 1])
    inner, step = edges[1:-1], 1e-12 * span
    change = np.abs(function(inner + step) - function(inner - step)).max(axis=0)
    steps = inner[change > 1e-6 * (1e-300 + np.abs(function(inner)).max())]
    found = sharp
    for place in [*places, *steps]:
        if found.size == 0 or np.abs(found - place).min() > 1e-10 * span:
            found = np.append(found, place)
    return np.sort(found)


@dataclass(frozen=True)
class Smoothed:
    """Z and d Z/d omega (labels x omega), with the weights of both and the panels of omega."""

    value: FloatArray
    slope: FloatArray
    labels: FloatArray
    label_weights: FloatArray
    weights: FloatArray
    edges: FloatArray
    count: int
    discrete: bool

    @property
    def fisher(self) -> float:
        """E over omega of the integral of (d Z)^2/Z."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            ratio = np.where(self.value > 1e-290, self.slope / self.value * self.slope, 0.0)
        return float(self.label_weights @ ratio @ self.weights)

    @property
    def entropy(self) -> float:
        """E over omega of the integral of Z ln Z."""
        positive = np.where(self.value > 0.0, self.value, 1.0)
        log = np.log(positive)
        if self.discrete:
            sure = self.value > 0.5
            log[sure] = np.log1p(-np.minimum(self.others[sure], 0.5))
        return float(self.label_weights @ (positive * log) @ self.weights)

    @property
    def others(self) -> FloatArray:
        """Of finitely many labels: the mass of all but each, without cancellation."""
        total: FloatArray = (1.0 - np.eye(self.labels.size)) @ self.value
        return total


@dataclass(frozen=True, eq=False)
class Table:
    """A likelihood on a range of fields, resolved.

    ``edges`` are the panels of the field; ``sharp`` its declared breakpoints within; ``labels``
    and their weights come for each count of nodes per panel, ``doubt`` is by how much two counts
    disagree on the mass of all labels.
    """

    likelihood: Likelihood
    edges: FloatArray
    sharp: FloatArray
    rule: Callable[[int], tuple[FloatArray, FloatArray]]
    discrete: bool
    doubt: float = 0.0
    _stored: dict[tuple[int, int], tuple[FloatArray, FloatArray, FloatArray]] = field(
        default_factory=dict
    )

    @cached_property
    def jumps(self) -> bool:
        """Whether the likelihood jumps somewhere, so that F is infinite at V = 0."""
        if self.sharp.size == 0:
            return False
        labels, _ = self.rule(COARSE)
        step = 1e-11 * (self.edges[-1] - self.edges[0])
        above = self.likelihood(labels, self.sharp + step)
        below = self.likelihood(labels, self.sharp - step)
        return bool((np.abs(above - below) > 1e-6 * np.maximum(above, below).max()).any())

    def smoothed(self, signal: float, variance: float, offset: float, count: int) -> Smoothed:
        """Everything at one pair of variances."""
        labels, label_weights = self.rule(count)
        width, known = np.sqrt(variance), np.sqrt(signal)
        edges = self._panels(known, width, offset)
        if known > 0.0 and edges.size > 1:
            nodes, weights = nodes_of(edges, count)
            weights = weights * np.exp(-0.5 * ((nodes - offset) / known) ** 2)
            weights /= weights.sum()
        else:
            nodes, weights = np.array([offset]), np.ones(1)
        span = self.edges[-1] - self.edges[0]
        if width > 0.0016 * span:
            value, slope = self._by_product(nodes, width, labels, count)
        else:
            value, slope = self._by_calls(nodes, width, labels, count, edges)
        return Smoothed(value, slope, labels, label_weights, weights, edges, count, self.discrete)

    def _panels(self, known: float, width: float, offset: float) -> FloatArray:
        """Panels for omega + offset that resolve its law, and Z on the scale of `width`."""
        low, high = offset - _REACH * known, offset + _REACH * known
        if not high > low:
            return np.array([offset])
        steps = width * np.concatenate([-_GRADES[:0:-1], _GRADES])
        graded = (self.sharp[:, None] + steps).ravel()
        edges = np.concatenate([np.linspace(low, high, 8), self.edges, graded])
        edges = np.unique(edges[(edges >= low) & (edges <= high)])
        if width > 0.0:
            # zeros of Z, where its logarithm is singular, keep off the axis by about 2 sqrt(V)
            least = 0.9 * min(width, known)
            keep, last = [edges[0]], edges[0]
            for edge in edges[1:-1]:
                if edge - last >= least and high - edge >= 0.3 * least:
                    keep.append(edge)
                    last = edge
            edges = np.array([*keep, edges[-1]])
        return edges

    def _by_product(
        self, nodes: FloatArray, width: float, labels: FloatArray, count: int
    ) -> tuple[FloatArray, FloatArray]:
        h, w, table = self._tabulated(width, labels, count)
        value = np.empty((labels.size, nodes.size))
        slope = np.empty_like(value)
        for start in range(0, nodes.size, 2 * count):
            part = slice(start, start + 2 * count)
            omega = nodes[part]
            first = np.searchsorted(h, omega[0] - (_REACH + 0.5) * width)
            last = np.searchsorted(h, omega[-1] + (_REACH + 0.5) * width)
            z = (h[first:last, None] - omega) / width
            kernel = np.exp(-0.5 * z * z) * (w[first:last, None] / (width * np.sqrt(2 * np.pi)))
            value[:, part] = table[:, first:last] @ kernel
            slope[:, part] = table[:, first:last] @ (kernel * (z / width))
        return value, slope

    def _tabulated(
        self, width: float, labels: FloatArray, count: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        span = float(self.edges[-1] - self.edges[0])
        level = max(0, int(np.ceil(np.log2(span / (_WIDEST * width)))))
        if (level, count) not in self._stored:
            pieces = np.ceil(np.diff(self.edges) * (2.0**level / span)).astype(int)
            edges = np.unique(
                np.concatenate(
                    [
                        np.linspace(a, b, n + 1)
                        for a, b, n in zip(self.edges[:-1], self.edges[1:], pieces, strict=True)
                    ]
                )
            )
            h, w = nodes_of(edges, count)
            self._stored[level, count] = h, w, self._called(labels, h)
        return self._stored[level, count]

    def _called(self, labels: FloatArray, h: FloatArray) -> FloatArray:
        step = max(1, _CHUNK // labels.size)
        if h.size <= step:
            return self.likelihood(labels, h)
        parts = [self.likelihood(labels, h[i : i + step]) for i in range(0, h.size, step)]
        return np.concatenate(parts, axis=1)

    def _by_calls(
        self, nodes: FloatArray, width: float, labels: FloatArray, count: int, edges: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        value = np.empty((labels.size, nodes.size))
        slope = np.empty_like(value)
        panels = np.diff(self.edges)
        fine = panels < 2.0 * _REACH * width
        cuts = np.unique(np.concatenate([self.edges[:-1][fine], self.edges[1:][fine], self.sharp]))
        x, w = gauss_legendre(count)
        base = np.linspace(-_REACH, _REACH, 7)
        hermite, hermite_weights = _gauss_hermite(count + 6)
        points, masses = [], []
        for omega in nodes:
            near = cuts[np.abs(cuts - omega) < _REACH * width] if width > 0.0 else cuts[:0]
            if width == 0.0:
                points.append(np.zeros(1))
                masses.append(np.ones(1))
                continue
            if near.size == 0:  # smooth over the whole reach of z
                points.append(hermite)
                masses.append(hermite_weights)
                continue
            places = np.unique(np.concatenate([base, (near - omega) / width]))
            half = 0.5 * np.diff(places)
            z = ((places[:-1] + half)[:, None] + half[:, None] * x).ravel()
            points.append(z)
            masses.append((half[:, None] * w).ravel() * np.exp(-0.5 * z * z))
        sizes = np.array([z.size for z in points])
        start = 0
        while start < nodes.size:
            total, stop = 0, start
            while stop < nodes.size and (stop == start or total < _CHUNK // labels.size):
                total += sizes[stop]
                stop += 1
            z = np.concatenate(points[start:stop])
            m = np.concatenate(masses[start:stop])
            omega = np.repeat(nodes[start:stop], sizes[start:stop])
            h = omega + width * z
            firsts = np.concatenate([[0], np.cumsum(sizes[start : stop - 1])])
            weight = m / np.repeat(np.add.reduceat(m, firsts), sizes[start:stop])
            table = self.likelihood(labels, np.clip(h, self.edges[0], self.edges[-1])) * weight
            value[:, start:stop] = np.add.reduceat(table, firsts, axis=1)
            if width > 0.0:
                slope[:, start:stop] = np.add.reduceat(table * (z / width), firsts, axis=1)
            start = stop
        # where nothing sharp is near, the panel's polynomial gives the slope with fewer lost digits
        if edges.size > 1:
            half = 0.5 * np.diff(edges)
            for k in np.flatnonzero(half > 8.0 * width):
                part = slice(k * count, (k + 1) * count)
                table = value[:, part]
                even = table.min(axis=1) > 1e-3 * table.max(axis=1)
                if width == 0.0:
                    even[:] = True
                slope[even, part] = table[even] @ _derivative(count).T / half[k]
        return value, slope
