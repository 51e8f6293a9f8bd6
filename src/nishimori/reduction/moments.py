"""The Gaussian moments of one layer, in whichever way keeps their relative accuracy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nishimori._kernels import moments as kernels
from nishimori.activations.base import Activation, FloatArray, LayerMoments
from nishimori.activations.custom import Custom
from nishimori.errors import ActivationError, ReductionError
from nishimori.reduction.exact_slope import exact_slope
from nishimori.reduction.panels import find_mesh, gaussian_panels, rule

__all__ = ["LayerIntegrator"]

_REACH = 10.0
_PANEL = 2.5
# sqrt(c) / scale below which a Taylor series of this order is exact to rounding
_TAYLOR_RATIO = 0.12
_TAYLOR_ORDER = 28
_TAYLOR_CHECK = 4  # terms left out to see what they matter
_EPSILON = float(np.finfo(float).eps)
_NEGLIGIBLE = 1e-18
_CANCELLED = 1e-13
_FEW_PANELS = 500.0
_MOST_PANELS = 1e5


@dataclass(frozen=True)
class _OuterNodes:
    """Frozen means x, their weights (one for both grids together) and the grid of each."""

    x: FloatArray
    weights: FloatArray
    grid: FloatArray


class LayerIntegrator:
    r"""Moments of one activation for any variance `c` and frozen variance `m`.

    Three regimes:

    * one polynomial: its Hermite coefficients are finite sums, exact;
    * :math:`\sqrt c` small beside every length of the activation: Taylor series of phi around the
      frozen mean, one-sided at kinks, so differences of nearby values are never formed;
    * otherwise panel Gauss-Legendre on a mesh cut at every kink and resolved at every scale.

    The error estimates are the disagreement of a grid of 20 with one of 16 nodes a panel (of a
    series with a shorter one), plus the rounding that the sums can have.

    Parameters
    ----------
    activation : Activation
    """

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self._radius = 0.0
        self._knots = np.asarray(
            sorted({*activation.knots, *activation.breakpoints}), dtype=np.float64
        )
        self._smooth: Any = activation
        self._breaks = np.asarray(activation.breakpoints, dtype=np.float64)
        self._spacing = _spacing(self._breaks)
        self._blur = 0.0  # how far kinks that were found, not declared, may be off

    def moments(self, c: float, m: float) -> LayerMoments:
        """The layer's moments at fluctuating variance `c` > 0 and frozen variance `m` >= 0."""
        parity = self.activation.parity
        closed = self.activation.closed_moments(c, m)
        if closed is not None:
            return closed
        reach, m_used, differences = _REACH, m, False
        if m <= _NEGLIGIBLE * c:
            m_used = 0.0
        degree = self.activation.polynomial_degree
        root_c = math.sqrt(c)
        if degree is not None:
            both = self._polynomial(degree, c, m_used)
        else:
            if not self.activation.declares_knots:
                reach = self._prepare(c + m)
            if self._short(root_c, reach * math.sqrt(m_used)):
                both = self._series(c, m_used, reach)
            else:
                both = self._direct(c, m_used, reach)
                differences = True
        fine, coarse = both
        if not np.isfinite(fine).all():
            raise ActivationError(
                f"the second moment of the activation {self.activation} overflows for a "
                f"pre-activation of variance {c + m:g}"
            )
        mean_square, slope_square, residual, slope, rounding = (float(v) for v in fine)
        # tabulated values round on their own scale, a series only relative to each term
        spread = rounding if differences else _EPSILON * math.sqrt(residual)
        if m_used == 0.0:
            mean = mean_square
            mean_square += slope_square * m
            # a mean that vanishes, by symmetry or to rounding, leaves what the frozen part adds
            if parity == "odd" or mean <= (64.0 * _EPSILON) ** 2 * c * (slope_square + residual):
                mean_square = slope_square * m
            if parity == "even":
                slope_square = slope = 0.0
        gap = np.abs(fine - coarse)
        gain = slope_square + residual
        if (
            self.activation.pieces is not None
            and m_used == 0.0
            and parity != "even"
            and rounding > _CANCELLED * abs(slope)
        ):
            slope = exact_slope(self.activation.pieces, c)
            slope_square, rounding, gap[1] = slope * slope, _EPSILON * abs(slope), 0.0
        if isinstance(self.activation, Custom) and not differences:
            # first and second derivatives of a fit carry the rounding of its values
            size = _EPSILON * math.sqrt(mean_square + c * gain) / self._smooth.length
            rounding += 64.0 * size
            spread += 4096.0 * size * root_c / self._smooth.length
            displaced = math.sqrt(gain) * self._blur / root_c
            rounding, spread = rounding + displaced, spread + displaced
        return LayerMoments(
            slope_square,
            residual,
            mean_square,
            slope,
            slope_error=_share(gap[1] + 2.0 * math.sqrt(slope_square) * rounding, slope_square),
            residual_error=_share(gap[2] + 2.0 * math.sqrt(residual) * spread, residual),
            gain_error=_share(gap[1] + gap[2] + 2.0 * math.sqrt(gain) * rounding, gain),
            mean_error=_share(gap[0] + 2.0 * math.sqrt(mean_square * c) * rounding, mean_square),
        )

    def _short(self, root_c: float, radius: float) -> bool:
        """Whether sqrt(c) is small beside every length of the activation."""
        if root_c > _TAYLOR_RATIO * self._smooth.scale or 20.0 * root_c > self._spacing:
            return False
        # a displaced kink costs a series its relative size, panels only the square of it
        return self._blur == 0.0 or radius > _FEW_PANELS * root_c

    # -- one polynomial -------------------------------------------------------------------------

    def _polynomial(self, degree: int, c: float, m: float) -> tuple[FloatArray, FloatArray]:
        if m == 0.0:
            x, weights = np.zeros(1), np.ones(1)
        else:
            nodes, weights = np.polynomial.hermite_e.hermegauss(degree + 1)
            x, weights = math.sqrt(m) * nodes, weights / weights.sum()
        with np.errstate(over="ignore", invalid="ignore"):
            series = np.ascontiguousarray(self.activation.taylor(x, degree))
            sums = kernels.taylor(series, weights, c)
        return sums, sums

    # -- small c: Taylor series -----------------------------------------------------------------

    def _series(self, c: float, m: float, reach: float) -> tuple[FloatArray, FloatArray]:
        root_c = math.sqrt(c)
        if m == 0.0:
            return self._series_at_zero(c)
        root_m = math.sqrt(m)
        low, high = -reach * root_m, reach * root_m
        near = _REACH * root_c
        totals = np.zeros((2, 5))
        norm = np.zeros(2)
        start = low
        for t in self._breaks[(self._breaks > low - near) & (self._breaks < high + near)]:
            if t - near > start:
                self._add_smooth(totals, norm, start, t - near, c, root_m)
            s_low, s_high = max(low - t, -near) / root_c, min(high - t, near) / root_c
            self._add_kink(totals, norm, t, s_low, s_high, c, root_m)
            start = min(high, t + near)
        if start < high:
            self._add_smooth(totals, norm, start, high, c, root_m)
        return totals[0] / norm[0], totals[1] / norm[1]

    def _series_at_zero(self, c: float) -> tuple[FloatArray, FloatArray]:
        root_c = math.sqrt(c)
        one = np.ones(1)
        close = self._breaks[np.abs(self._breaks) < _REACH * root_c]
        if close.size == 0:
            fine, coarse = (
                kernels.taylor(self._taylor(np.zeros(1), grid), one, c) for grid in range(2)
            )
            return fine, coarse
        t = close[0]
        fine, coarse = (
            kernels.near_kink(
                np.array([-t / root_c]), one, *self._one_sided(t, grid), c, *rule().grids[grid]
            )
            for grid in range(2)
        )
        return fine, coarse

    def _add_smooth(
        self, totals: FloatArray, norm: FloatArray, low: float, high: float, c: float, root_m: float
    ) -> None:
        edges = gaussian_panels(low, high, self._knots, _PANEL * root_m)
        nodes = _nodes_on(edges, root_m)
        for grid in range(2):
            chosen = nodes.grid == grid
            if chosen.any():
                weights = nodes.weights[chosen]
                totals[grid] += kernels.taylor(self._taylor(nodes.x[chosen], grid), weights, c)
                norm[grid] += weights.sum()

    def _add_kink(
        self,
        totals: FloatArray,
        norm: FloatArray,
        t: float,
        low: float,
        high: float,
        c: float,
        root_m: float,
    ) -> None:
        root_c = math.sqrt(c)
        width = min(_PANEL, _PANEL * root_m / root_c)
        edges = gaussian_panels(low, high, np.zeros(1), width)
        nodes = _nodes_on(edges, root_m / root_c, shift=t / root_c)
        for grid in range(2):
            chosen = nodes.grid == grid
            if chosen.any():
                s, weights = nodes.x[chosen], nodes.weights[chosen]
                sides = self._one_sided(t, grid)
                totals[grid] += kernels.near_kink(s, weights, *sides, c, *rule().grids[grid])
                norm[grid] += weights.sum()

    def _taylor(self, x: FloatArray, grid: int, side: int = 1) -> FloatArray:
        order = _TAYLOR_ORDER - _TAYLOR_CHECK * grid if self.activation.pieces is None else 1
        return np.ascontiguousarray(self._smooth.taylor(x, order, side))

    def _one_sided(self, t: float, grid: int) -> tuple[FloatArray, FloatArray]:
        point = np.array([t])
        return self._taylor(point, grid, -1)[0], self._taylor(point, grid, 1)[0]

    # -- moderate and large c: panels -----------------------------------------------------------

    def _direct(self, c: float, m: float, reach: float) -> tuple[FloatArray, FloatArray]:
        root_c, root_m = math.sqrt(c), math.sqrt(m)
        radius = reach * (root_c + root_m)
        if radius > _MOST_PANELS * root_c:
            raise ReductionError(
                f"the activation {self.activation} varies on lengths as short as the fluctuations "
                f"of a pre-activation, whose variance {c:.3g} is too small beside that of its "
                f"frozen mean, {m:.3g}, to be resolved"
            )
        edges = gaussian_panels(-radius, radius, self._knots, _PANEL * root_c)
        middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
        y = middle[:, None] + half[:, None] * rule().nodes
        phi = self._values(y.ravel()).reshape(y.shape)
        if m == 0.0:
            x, weights, grid = np.zeros(2), np.ones(2), np.array([0, 1])
        else:
            around = np.arange(-_REACH, _REACH + 1.0, _PANEL) * root_c
            fine_edges = np.sort(np.concatenate([self._knots, *(self._breaks[:, None] + around)]))
            outer = gaussian_panels(
                -reach * root_m, reach * root_m, fine_edges, _PANEL * root_m, apart=root_c
            )
            nodes = _nodes_on(outer, root_m)
            x, weights, grid = nodes.x, nodes.weights, nodes.grid
            for k in range(2):
                weights[grid == k] /= weights[grid == k].sum()
        sums = kernels.direct(x, weights, grid, y, phi, half, rule().weights, root_c, reach)
        return sums[0], sums[1]

    def _values(self, x: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.activation.value(x)
        bad = ~np.isfinite(values)
        if bad.any():
            raise ActivationError(
                f"the activation {self.activation} is not finite at x = {x[bad][0]:g}, where the "
                "Gaussian weight still counts; its second moment would not be finite"
            )
        return np.ascontiguousarray(values)

    # -- functions that declare nothing ---------------------------------------------------------

    def _prepare(self, variance: float) -> float:
        """Mesh a user's function as far as the Gaussian reaches; returns the reach needed."""
        root = math.sqrt(variance)
        reach = self._needed_reach(root)
        if 2.0 * reach * root > self._radius:
            self._radius = 2.0 * reach * root
            self._knots, length, found, self._blur = find_mesh(self.activation, self._radius)
            self._breaks = np.sort(np.append(self.activation.breakpoints, found))
            self._spacing = _spacing(self._breaks)
            self._smooth = self._smooth.resolved_on(length, tuple(self._breaks.tolist()))
        return reach

    def _needed_reach(self, root: float) -> float:
        def log_weight(z: FloatArray) -> FloatArray:
            with np.errstate(divide="ignore"):
                return 2.0 * np.log(np.abs(self.activation.value(root * z))) - 0.5 * z * z

        peak = float(np.max(log_weight(np.linspace(-_REACH, _REACH, 81))))
        for reach in (_REACH, 13.0, 17.0, 22.0, 28.0, 35.0):
            outer = float(np.max(log_weight(np.array([-reach, reach]))))
            if outer <= peak - 38.0:
                return reach
            peak = max(peak, outer)
        raise ActivationError(
            f"the activation {self.activation} has no finite Gaussian second moment for a "
            f"pre-activation of variance {root * root:g}: it must grow slower than exp(x^2/4c)"
        )


def _spacing(points: FloatArray) -> float:
    return float(np.diff(points).min()) if points.size > 1 else math.inf


def _share(absolute: float, value: float) -> float:
    """A relative error, sums of hundreds of terms included; 0 for an exact zero."""
    return float(absolute) / value + 16.0 * _EPSILON if value > 0.0 else 0.0


def _nodes_on(edges: FloatArray, sigma: float, shift: float = 0.0) -> _OuterNodes:
    """Both grids on panels, weighted by the density of N(0, sigma^2) at node + shift."""
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    x = middle[:, None] + half[:, None] * rule().nodes
    density = np.exp(-0.5 * ((x + shift) / sigma) ** 2) / (math.sqrt(2.0 * math.pi) * sigma)
    weights = density * half[:, None] * rule().weights.sum(axis=0)
    grid = np.broadcast_to(np.argmax(rule().weights > 0.0, axis=0), x.shape)
    return _OuterNodes(x.ravel(), weights.ravel(), grid.ravel().astype(np.int64))
