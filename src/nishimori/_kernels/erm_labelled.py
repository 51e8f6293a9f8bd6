"""Proximal operators of tabulated losses, one table for each label, and laws that are mixtures.

The tables follow one another: label k has the edges first[k], ..., first[k + 1] - 1 and, between
them, one panel fewer; panel j of a table begins at its edge j. Series are stored at the panel's
first edge, so that the row of a last edge is not used.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled

__all__ = ["mixtures", "proximal"]


@compiled("float64(float64[::1], float64, float64, float64)")
def _chebyshev(c, left, right, t):
    """A series at t in [left, right] (Clenshaw)."""
    twice = 2.0 * ((t - left) - (right - t)) / (right - left)
    b1 = 0.0
    b2 = 0.0
    for k in range(c.size - 1, 0, -1):
        b = twice * b1 - b2 + c[k]
        b2 = b1
        b1 = b
    return 0.5 * twice * b1 - b2 + c[0]


@compiled(
    "UniTuple(float64[::1], 4)(float64[::1], int64[::1], float64, int64[::1], float64[::1], "
    "float64[:, :, ::1], float64[::1], float64[::1])"
)
def proximal(omega, label, v, first, edges, series, below, above):
    """At each omega and label: z with z + v f'(z) = omega, f(z), f'(z), f''/(1 + v f'')."""
    size = omega.size
    point, value = np.empty(size), np.empty(size)
    slope, soft = np.empty(size), np.empty(size)
    for i in range(size):
        t = omega[i]
        start, last = first[label[i]], first[label[i] + 1] - 1
        if t < edges[start] + v * below[start] or t > edges[last] + v * above[last]:
            end = start if t < edges[start] + v * below[start] else last
            straight = below[start] if end == start else above[last]
            z = t - v * straight
            # the function goes on as a straight line
            panel = start if end == start else last - 1
            at_end = _chebyshev(series[0, panel], edges[panel], edges[panel + 1], edges[end])
            point[i], slope[i], soft[i] = z, straight, 0.0
            value[i] = at_end + straight * (z - edges[end])
            continue
        low, high = start, last + 1  # the last edge whose lower image is not beyond t
        while high - low > 1:
            middle = (low + high) // 2
            if edges[middle] + v * below[middle] <= t:
                low = middle
            else:
                high = middle
        if low == last or t <= edges[low] + v * above[low]:
            panel = low if low < last else last - 1
            z = edges[low]
            point[i], slope[i] = z, (t - z) / v
            soft[i] = 1.0 / v
            value[i] = _chebyshev(series[0, panel], edges[panel], edges[panel + 1], z)
            continue
        left, right = edges[low], edges[low + 1]
        bottom, top = left, right
        begin, finish = left + v * above[low], right + v * below[low + 1]
        share = (t - begin) / (finish - begin) if finish > begin else 0.5
        z = left + min(max(share, 0.0), 1.0) * (right - left)
        for _ in range(80):
            bend = max(_chebyshev(series[2, low], left, right, z), 0.0)
            wrong = z + v * _chebyshev(series[1, low], left, right, z) - t
            if wrong > 0.0:
                top = z
            else:
                bottom = z
            new = z - wrong / (1.0 + v * bend)
            if not (new >= bottom and new <= top):
                new = 0.5 * (bottom + top)
            change = abs(new - z)
            z = new
            if change <= 1e-15 * (1.0 + abs(z)):
                break
        bend = max(_chebyshev(series[2, low], left, right, z), 0.0)
        point[i], soft[i] = z, bend / (1.0 + v * bend)
        slope[i] = _chebyshev(series[1, low], left, right, z)
        value[i] = _chebyshev(series[0, low], left, right, z)
    return point, value, slope, soft


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], int64[::1], int64[::1], float64[::1], float64[::1], "
    "float64[::1], float64[::1], float64[::1])"
)
def mixtures(omega, label, first, mean, width, weight, field, lean):
    """At each omega, sums over the Gaussians of its label: densities, and times field + lean omega.

    Label k has the Gaussians first[k], ..., first[k + 1] - 1.
    """
    size = omega.size
    density, moment = np.zeros(size), np.zeros(size)
    for i in range(size):
        for s in range(first[label[i]], first[label[i] + 1]):
            z = (omega[i] - mean[s]) / width[s]
            if abs(z) < 9.5:
                p = weight[s] * math.exp(-0.5 * z * z) / width[s]
                density[i] += p
                moment[i] += p * (field[s] + lean[s] * omega[i])
    scale = 1.0 / math.sqrt(2.0 * math.pi)
    return density * scale, moment * scale
