"""Many eigenvalues as few nodes that average every function of interest alike.

State evolution averages functions of s with one singularity, at s = -1/r <= 0. On an octave
[2^k, 2^(k+1)) such a function is a Chebyshev series that falls at least as fast as
(3 + sqrt 8)^-n, so 22 nodes carry its mean to 1e-16 for every r at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nishimori.priors.base import FloatArray

__all__ = ["compress"]

_NODES = 22
_FEW = 64


def compress(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights (some may be negative) equivalent to `values` with `weights`.

    Few values, and those of an octave that holds no more of them than nodes, are kept as they
    are. The work is proportional to the number of values.
    """
    if values.size <= _FEW:
        return values, weights
    zero = values == 0.0
    mantissa, exponent = np.frexp(values)
    lowest = exponent.min()
    octave = exponent - lowest
    crowded = np.bincount(octave[~zero], minlength=int(octave.max()) + 1) > _NODES
    taken = crowded[octave] & ~zero
    kept = ~taken & ~zero
    nodes = [values[kept], np.zeros(1)]
    shares = [weights[kept], np.array([weights[zero].sum()])]
    if taken.any():
        order = np.flatnonzero(taken)
        order = order[np.argsort(octave[order], kind="stable")]
        starts = np.flatnonzero(np.diff(octave[order], prepend=-1))
        x = 4.0 * mantissa[order] - 3.0  # [1/2, 1) becomes [-1, 1)
        moments = _chebyshev_moments(x, weights[order], starts)
        angles = (np.arange(_NODES) + 0.5) * (np.pi / _NODES)
        basis = np.cos(np.outer(np.arange(_NODES), angles)) * (2.0 / _NODES)
        basis[0] *= 0.5
        scale = np.ldexp(1.0, np.flatnonzero(crowded) + lowest)
        nodes.append((scale[:, None] * (0.25 * (3.0 + np.cos(angles)))).ravel())
        shares.append((moments @ basis).ravel())
    all_nodes, all_shares = np.concatenate(nodes), np.concatenate(shares)
    used = all_shares != 0.0
    return all_nodes[used], all_shares[used]


def _chebyshev_moments(x: FloatArray, weights: FloatArray, starts: NDArray[np.int_]) -> FloatArray:
    """Sums of weights * T_m(x), m < _NODES, over the stretches that begin at `starts`."""
    moments = np.empty((starts.size, _NODES))
    previous, current = weights * x, weights  # weights T_{-1}, weights T_0
    for m in range(_NODES):
        moments[:, m] = np.add.reduceat(current, starts)
        previous, current = current, 2.0 * x * current - previous
    return moments
