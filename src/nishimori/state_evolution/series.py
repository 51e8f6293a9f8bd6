"""Reading a smooth function off Chebyshev panels where it is too costly to evaluate everywhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels import chebyshev

__all__ = ["LENGTH", "NODES", "TRANSFORM", "X", "read_off"]

FloatArray = NDArray[np.float64]

NODES = 20
LENGTH = 2.5
X = np.cos((np.arange(NODES) + 0.5) * np.pi / NODES)
TRANSFORM = np.cos(np.outer(np.arange(NODES), (np.arange(NODES) + 0.5) * np.pi / NODES)) * (
    2.0 / NODES
)
TRANSFORM[0] *= 0.5
_TOLERANCE = 1e-12
_DEEPEST = 6


def read_off(function: Callable[[FloatArray], FloatArray], t: FloatArray) -> FloatArray:
    """`function` at each t, from panels of 20 nodes on which its series ends at rounding.

    Panels that hold fewer points than nodes are evaluated point by point, and so is what six
    bisections do not resolve.
    """
    out = np.empty_like(t)
    if t.size <= NODES:
        return function(t)
    low, high = float(t.min()), float(t.max())
    count = max(1, int(np.ceil((high - low) / LENGTH)))
    edges = np.linspace(low, high, count + 1)
    waiting = [(a, b, 0) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    while waiting:
        a, b, depth = waiting.pop()
        inside = np.flatnonzero((t >= a) & ((t < b) | (b == high)))
        if inside.size == 0:
            continue
        if inside.size <= NODES or depth == _DEEPEST or b - a < 1e-9:
            out[inside] = function(t[inside])
            continue
        series = TRANSFORM @ function(0.5 * (a + b) + 0.5 * (b - a) * X)
        if np.abs(series[-2:]).max() <= _TOLERANCE * np.abs(series).max():
            panel = np.zeros(inside.size, dtype=np.int64)
            out[inside], _ = chebyshev.evaluate(
                np.array([a, b]), series[None, :], np.ascontiguousarray(t[inside]), panel
            )
        else:
            middle = 0.5 * (a + b)
            waiting += [(a, middle, depth + 1), (middle, b, depth + 1)]
    return out
