"""Kinds of neurons: how differently the neurons of a layer respond to its input.

A layer that gives its neurons frozen means (a random bias, or the mean of a layer below that is
not odd) has as many kinds of neurons as there are values of that mean b ~ N(0, m): each has its
own linear coefficient kappa(b) = E phi'(b + sqrt(c) z) and its own nonlinear residual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nishimori.activations.base import Activation, AffinePieces, FloatArray
from nishimori.errors import BadArgument
from nishimori.network import DeepNetwork, Layer
from nishimori.reduction.moments import LayerIntegrator
from nishimori.reduction.panels import gaussian_panels, rule

if TYPE_CHECKING:
    from nishimori.reduction import LayerReduction, Reduction

__all__ = ["Neurons", "Shifted", "kinds_of_neurons", "stacked"]

_ORDERS = (6, 12, 24, 48, 96)
_AGREE = 1e-13
_REACH = 9.0


@dataclass(frozen=True)
class Neurons:
    """Kinds of neurons of one layer.

    Attributes
    ----------
    slope : ndarray
        kappa(b)^2 times the layer's weight variance.
    residual : ndarray
        Variance that no linear function of the pre-activation explains.
    share : ndarray
        Of the layer's neurons; sums to 1.
    mean_square : float
        Of the neurons' frozen output means.
    """

    slope: FloatArray
    residual: FloatArray
    share: FloatArray
    mean_square: float


@dataclass(frozen=True)
class Shifted(Activation):
    """phi(x + shift), as good as phi itself."""

    inner: Activation
    shift: float

    def value(self, x: FloatArray) -> FloatArray:
        return self.inner.value(x + self.shift)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return self.inner.taylor(x + self.shift, order, side)

    def resolved_on(self, length: float) -> Shifted:
        """For functions that find out only in use how smooth they are."""
        return Shifted(self.inner.resolved_on(length), self.shift)  # type: ignore[attr-defined]

    @property
    def declares_knots(self) -> bool:  # type: ignore[override]
        return self.inner.declares_knots

    @cached_property
    def pieces(self) -> AffinePieces | None:
        inner = self.inner.pieces
        if inner is None:
            return None
        moved = zip(inner.intercepts, inner.slopes, strict=True)
        return AffinePieces(
            tuple(t - self.shift for t in inner.breakpoints),
            inner.slopes,
            tuple(intercept + slope * self.shift for intercept, slope in moved),
        )

    @property
    def kinks(self) -> tuple[float, ...]:
        return tuple(t - self.shift for t in self.inner.kinks)

    @property
    def jumps(self) -> tuple[float, ...]:
        return tuple(t - self.shift for t in self.inner.jumps)

    @property
    def scale(self) -> float:
        return self.inner.scale

    @property
    def knots(self) -> tuple[float, ...]:
        return tuple(t - self.shift for t in self.inner.knots)

    @property
    def polynomial_degree(self) -> int | None:
        return self.inner.polynomial_degree


def kinds_of_neurons(network: DeepNetwork, reduction: Reduction) -> tuple[Neurons, ...]:
    """The kinds of neurons of every layer of a reduced network."""
    out = []
    variance, mean_square = reduction.input_second_moment, 0.0
    for layer, reduced in zip(network.layers, reduction.layers, strict=True):
        fluctuating = layer.weight_variance * variance
        frozen = layer.weight_variance * mean_square + layer.bias_variance
        out.append(_kinds(layer, reduced, fluctuating, frozen))
        variance, mean_square = reduced.variance, reduced.mean_square
    return tuple(out)


def _kinds(layer: Layer, reduced: LayerReduction, fluctuating: float, frozen: float) -> Neurons:
    slope = float(reduced.slope_square) * layer.weight_variance
    residual = reduced.residual_variance
    if fluctuating == 0.0 or frozen <= 1e-18 * fluctuating:
        return Neurons(np.array([slope]), np.array([residual]), np.ones(1), reduced.mean_square)
    wanted = np.array([slope, residual])
    agreed = False
    for order in _ORDERS:
        nodes, weights = np.polynomial.hermite_e.hermegauss(order)
        slopes, residuals = _responses(layer, fluctuating, math.sqrt(frozen) * nodes)
        share = weights / weights.sum()
        found = np.array([slopes @ share, residuals @ share])
        if agreed:  # one rule more than the means need: the chain's functions are steeper
            break
        agreed = bool(np.all(np.abs(found - wanted) <= _AGREE * wanted))
    else:
        slopes, residuals, share = _on_panels(layer, fluctuating, frozen)
        found = np.array([slopes @ share, residuals @ share])
        if not np.all(np.abs(found - wanted) <= 1e-11 * wanted):
            raise BadArgument(
                f"RandomFeatures: the neurons of a layer {layer} with frozen means of variance "
                f"{frozen:g} beside {fluctuating:g} are too different for the quadrature over them"
            )
    used = share > 0.0
    return Neurons(slopes[used], residuals[used], share[used], reduced.mean_square)


def _responses(
    layer: Layer, fluctuating: float, means: FloatArray
) -> tuple[FloatArray, FloatArray]:
    slopes, residuals = np.empty(means.size), np.empty(means.size)
    for i, mean in enumerate(means):
        moments = LayerIntegrator(Shifted(layer.activation, float(mean))).moments(fluctuating, 0.0)
        slopes[i] = moments.slope_square * layer.weight_variance
        residuals[i] = moments.residual * fluctuating
    return slopes, residuals


def _on_panels(
    layer: Layer, fluctuating: float, frozen: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """For frozen means far wider than the fluctuations: panels cut around every breakpoint."""
    width, reach = math.sqrt(fluctuating), _REACH * math.sqrt(frozen)
    around = np.arange(-10.0, 10.5, 2.5) * width
    points = np.asarray(layer.activation.breakpoints, dtype=np.float64)
    inside = np.concatenate([(points[:, None] + around).ravel(), layer.activation.knots])
    edges = gaussian_panels(-reach, reach, np.unique(inside), 2.5 * math.sqrt(frozen))
    nodes, weights = rule().grids[0]
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    means = (middle[:, None] + half[:, None] * nodes).ravel()
    share = (half[:, None] * weights).ravel() * np.exp(-0.5 * means * means / frozen)
    slopes, residuals = _responses(layer, fluctuating, means)
    return slopes, residuals, share / share.sum()


def stacked(neurons: tuple[Neurons, ...]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Slopes, residuals and shares as arrays (layer, kind), filled up with kinds of share 0."""
    kinds = max(layer.share.size for layer in neurons)
    out = np.zeros((3, len(neurons), kinds))
    for k, layer in enumerate(neurons):
        count = layer.share.size
        out[0, k, :count], out[1, k, :count] = layer.slope, layer.residual
        out[2, k, :count] = layer.share
    return out[0].copy(), out[1].copy(), out[2].copy()
