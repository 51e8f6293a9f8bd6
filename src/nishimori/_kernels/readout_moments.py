"""How far a readout spreads around each known field, from values at nodes."""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled

__all__ = ["spreads"]


@compiled(
    "float64[::1](float64[::1], float64[::1], float64[::1], float64, float64[::1], float64[::1],"
    "float64[::1])"
)
def spreads(known, own, reach, deviation, field, weight, value):
    """Var f(omega + sqrt(V) z) for each omega, where f is `own`; the nodes are in order."""
    out = np.zeros(known.size)
    for k in range(known.size):
        first = np.searchsorted(field, known[k] - reach[k] * deviation)
        last = np.searchsorted(field, known[k] + reach[k] * deviation)
        mass = 0.0
        mean = 0.0
        square = 0.0
        for n in range(first, last):
            z = (field[n] - known[k]) / deviation
            share = weight[n] * math.exp(-0.5 * z * z)
            step = value[n] - own[k]
            mass += share
            mean += share * step
            square += share * step * step
        if mass > 0.0:
            mean /= mass
            out[k] = max(square / mass - mean * mean, 0.0)
    return out
