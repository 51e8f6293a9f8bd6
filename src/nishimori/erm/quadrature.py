"""Panels and nodes for averages of functions with known kinks, many integrals at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels.rules import gauss_legendre

__all__ = ["gaussian_nodes", "panel_nodes"]

FloatArray = NDArray[np.float64]

REACH = 9.0  # standard deviations; what lies beyond has a mass of 2e-19
_BASE = np.array([-REACH, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, REACH])
_INVERSE_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


def panel_nodes(cuts: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights between the `cuts` of each row, ascending.

    Cuts are clipped to the range of a standard normal; columns of empty panels are left out.
    """
    edges = np.sort(np.clip(cuts, -REACH, REACH), axis=-1)
    half = 0.5 * np.diff(edges, axis=-1)
    used = (half > 0.0).any(axis=0)
    half, left = half[:, used], edges[:, :-1][:, used]
    x, w = gauss_legendre(count)
    nodes = (left + half)[:, :, None] + half[:, :, None] * x
    weights = half[:, :, None] * w
    shape = (cuts.shape[0], -1)
    return nodes.reshape(shape), weights.reshape(shape)


def gaussian_nodes(
    mean: FloatArray, width: FloatArray, cuts: FloatArray, count: int
) -> tuple[FloatArray, FloatArray]:
    """Nodes t ~ N(mean, width^2) and weights of sum 1, with edges at `cuts`; shape (row, node)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inner = (cuts - mean[:, None]) / width[:, None]
    inner = np.where(np.isnan(inner), 0.0, inner)
    base = np.broadcast_to(_BASE, (mean.size, _BASE.size))
    z, w = panel_nodes(np.concatenate([base, inner], axis=1), count)
    weights = w * np.exp(-0.5 * z * z) * _INVERSE_SQRT_2PI
    return mean[:, None] + width[:, None] * z, weights
