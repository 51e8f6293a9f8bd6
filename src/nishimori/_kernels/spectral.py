"""Gaussian weights seen through a discrete spectrum: sums over eigenvalues of closed forms."""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled

__all__ = ["gaussian"]


@compiled("float64(float64)")
def _log_gap(x):
    """x - ln(1 + x) for x > -1, with relative accuracy."""
    if abs(x) > 0.25:
        return x - math.log1p(x)
    # with y = x/(2 + x): ln(1 + x) = 2 artanh(y), x = 2y/(1 - y)
    y = x / (2.0 + x)
    square = y * y
    tail = 0.0
    for n in range(17, 1, -2):
        tail = tail * square + 1.0 / n
    return 2.0 * (square / (1.0 - y) - y * square * tail)


@compiled("float64[:, ::1](float64[::1], float64[::1], float64[::1])")
def gaussian(conjugate, nodes, weights):
    """Rows (overlap, mmse, psi, deficit, -dv/d ln r) for each conjugate in [0, inf]."""
    out = np.zeros((5, conjugate.size))
    for i in range(conjugate.size):
        overlap = 0.0
        mmse = 0.0
        psi = 0.0
        deficit = 0.0
        change = 0.0
        for k in range(nodes.size):
            s = nodes[k]
            if s == 0.0:
                continue
            x = conjugate[i] * s
            left = 1.0 / (1.0 + x)
            known = x * left if x < math.inf else 1.0
            weighted = weights[k] * s
            overlap += weighted * known
            mmse += weighted * left
            change += weighted * known * left
            if x < math.inf:
                psi += weights[k] * _log_gap(x)
                if x > 0.25:
                    deficit += weights[k] * (math.log1p(x) - known)
                else:
                    # ln(1 + x) - x/(1 + x) = -[ln(1 - q) + q], q = x/(1 + x)
                    deficit += weights[k] * _log_gap(-known)
            else:
                psi = math.inf
                deficit = math.inf
        out[0, i] = overlap
        out[1, i] = mmse
        out[2, i] = 0.5 * psi
        out[3, i] = 0.5 * deficit
        out[4, i] = change
    return out
