"""Piecewise Chebyshev series of one variable: values, slopes and their inverse."""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled

__all__ = ["evaluate", "invert"]


@compiled("UniTuple(float64, 2)(float64[::1], float64)")
def series(coefficients, x):
    """Value and derivative of one Chebyshev series at x in [-1, 1]."""
    b1 = 0.0
    b2 = 0.0
    d1 = 0.0
    d2 = 0.0
    for n in range(coefficients.size - 1, 0, -1):
        d1, d2 = 2.0 * (x * d1 + b1) - d2, d1
        b1, b2 = 2.0 * x * b1 - b2 + coefficients[n], b1
    return x * b1 - b2 + coefficients[0], b1 + x * d1 - d2


@compiled("UniTuple(float64[::1], 2)(float64[::1], float64[:, ::1], float64[::1], int64[::1])")
def evaluate(edges, coefficients, t, panel):
    """Value and derivative at each t, which lies in the given panel."""
    value = np.empty(t.size)
    slope = np.empty(t.size)
    for i in range(t.size):
        p = panel[i]
        half = 0.5 * (edges[p + 1] - edges[p])
        x = (t[i] - 0.5 * (edges[p + 1] + edges[p])) / half
        v, s = series(coefficients[p], x)
        value[i] = v
        slope[i] = s / half
    return value, slope


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], float64[:, ::1], int64[::1], float64[::1],"
    " float64[::1], float64[::1], float64[::1], float64[::1])"
)
def invert(edges, coefficients, panel, start, end, start_value, end_value, target):
    """For each target the t of one monotone branch, and the branch's slope there.

    The branch is a chain of monotone pieces, adjacent and all rising or all falling: piece k runs
    from ``start[k]`` to ``end[k]`` within ``panel[k]``. NaN where the branch does not reach the
    target. Newton steps, kept inside a bracket that shrinks at every step.
    """
    pieces = panel.size
    root = np.full(target.size, math.nan)
    slope = np.full(target.size, math.nan)
    rising = end_value[pieces - 1] > start_value[0]
    lowest = start_value[0] if rising else end_value[pieces - 1]
    highest = end_value[pieces - 1] if rising else start_value[0]
    for i in range(target.size):
        y = target[i]
        if not (lowest <= y <= highest):
            continue
        low = 0
        high = pieces - 1
        while low < high:
            middle = (low + high) // 2
            beyond = end_value[middle] < y if rising else end_value[middle] > y
            if beyond:
                low = middle + 1
            else:
                high = middle
        p = panel[low]
        half = 0.5 * (edges[p + 1] - edges[p])
        centre = 0.5 * (edges[p + 1] + edges[p])
        a = (start[low] - centre) / half
        b = (end[low] - centre) / half
        span = end_value[low] - start_value[low]
        x = a + (b - a) * (y - start_value[low]) / span if span != 0.0 else 0.5 * (a + b)
        s = 0.0
        for _ in range(80):
            x = min(max(x, a), b)
            v, s = series(coefficients[p], x)
            gap = y - v
            if (gap > 0.0) == rising:
                a = x
            else:
                b = x
            step = gap / s if s != 0.0 else math.inf
            if abs(step) <= 4e-16 * (1.0 + abs(x)) or gap == 0.0:
                break
            x = x + step if a <= x + step <= b else 0.5 * (a + b)
            if b - a <= 4e-16:
                break
        root[i] = centre + half * x
        slope[i] = s / half
    return root, slope
