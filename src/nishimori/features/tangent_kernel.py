r"""The tangent kernel of a deep network: its slope at 0 and its residual.

With K the covariance of two neurons' pre-activations (of variance c + m each, m where the inputs
are orthogonal), weights W = sqrt(Delta) N(0, 1) and biases sqrt(beta) N(0, 1), all trained,

    Sigma_l = E[phi(u) phi(v)],         Theta_l = T_l E[phi'(u) phi'(v)],
    T_{l+1} = Delta (Sigma_l + Theta_l) + beta,      T_1 = K_1 = Delta x.x'/d + beta,

and the kernel is Delta_a (Sigma_L + Theta_L). Around orthogonal inputs, with the frozen mean b,
E[phi' phi'] = E_b kappa(b)^2 and its slope in K is E_b (d kappa/d b)^2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nishimori.activations.base import Activation
from nishimori.errors import ActivationError
from nishimori.features.dot_product import POINTS, slope_in_the_middle
from nishimori.network import DeepNetwork, Layer
from nishimori.reduction.moments import LayerIntegrator
from nishimori.reduction.panels import find_mesh, gaussian_panels, rule

if TYPE_CHECKING:
    from nishimori.reduction import Reduction

__all__ = ["tangent_kernel"]

_REACH = 10.0


def tangent_kernel(network: DeepNetwork, reduction: Reduction) -> tuple[float, float]:
    """Slope at 0 per x.x'/d, and what equal inputs have beyond constant and slope."""
    moment = reduction.input_second_moment
    variance, mean_square = moment, 0.0
    at_zero, slope, at_one = 0.0, 1.0, moment  # of Sigma + Theta below
    sigma_slope = 1.0
    for layer, reduced in zip(network.layers, reduction.layers, strict=True):
        weight, bias = layer.weight_variance, layer.bias_variance
        c, m = weight * variance, weight * mean_square + bias
        tangent, tangent_slope = weight * at_zero + bias, weight * slope
        tangent_one = weight * at_one + bias
        k_slope = weight * sigma_slope
        kappa_square = float(reduced.slope_square)
        curvature = _curvature(layer, c, m) if tangent > 0.0 else 0.0
        sigma_slope = kappa_square * k_slope
        slope = sigma_slope + tangent_slope * kappa_square + tangent * curvature * k_slope
        at_zero = reduced.mean_square + tangent * kappa_square
        at_one = reduced.second_moment + tangent_one * _derivative_square(layer.activation, c + m)
        variance, mean_square = reduced.variance, reduced.mean_square
    readout = reduction.readout_variance
    residual = at_one - at_zero - slope * moment
    return readout * slope, readout * max(residual, 0.0)


def _derivative_square(activation: Activation, variance: float) -> float:
    """E phi'(u)^2 for u ~ N(0, variance)."""
    if activation.jumps:
        raise ActivationError(
            f"Kernel.ntk: the activation {activation} jumps, so its tangent kernel is infinite; "
            "a continuous activation is needed"
        )
    root = math.sqrt(variance)
    radius = _REACH * root
    smooth = activation
    if activation.declares_knots:
        inside = np.unique([*activation.knots, *activation.breakpoints])
    else:
        mesh = find_mesh(activation, radius)
        inside = mesh.edges
        kinks = tuple(sorted((*activation.breakpoints, *mesh.found.tolist())))
        smooth = activation.resolved_on(mesh.length, kinks)  # type: ignore[attr-defined]
    # half the width on which the function is resolved: its derivative asks for more
    coarse = gaussian_panels(-radius, radius, inside, 2.5 * root)
    edges = np.sort(np.concatenate([coarse, 0.5 * (coarse[1:] + coarse[:-1])]))
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    found = []
    for nodes, weights in rule().grids:
        x = (middle[:, None] + half[:, None] * nodes).ravel()
        mass = (half[:, None] * weights).ravel() * np.exp(-0.5 * (x / root) ** 2)
        found.append(float(mass @ smooth.taylor(x, 1)[:, 1] ** 2) / float(mass.sum()))
    if not abs(found[0] - found[1]) <= 1e-9 * found[0]:
        raise ActivationError(
            f"Kernel.ntk: the mean square of the derivative of {activation} is not resolved; "
            "declare its breakpoints"
        )
    return found[0]


def _curvature(layer: Layer, c: float, m: float) -> float:
    """E phi''(u) phi''(v), the slope in m of E phi'(u) phi'(v) while c + m stays the same."""
    integrator = LayerIntegrator(layer.activation)
    half_width = 0.5 * min(c, m)
    values = np.array(
        [integrator.moments(c - step, m + step).slope_square for step in half_width * POINTS]
    )
    found = slope_in_the_middle(values, half_width, 16.0 * float(values.max()))
    if found is None:
        raise ActivationError(
            f"Kernel.ntk: how the slope of the layer {layer} depends on its frozen means is not "
            "resolved; declare the activation's breakpoints"
        )
    return found[0]
