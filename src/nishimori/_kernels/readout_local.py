"""Readouts with noise where the unknown part of the field is small: sums around each known field.

The field is h = omega + sqrt(V) z with z on a uniform grid, as fine as the noise asks where f is
steep; so is t, of which the label is a smooth function. Both sums converge geometrically.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = ["grids", "information"]

_REACH = 8.5


@compiled("Tuple((float64[::1], int64[::1]))(float64[::1], float64[::1])")
def grids(reach, step):
    """z from -reach to reach in steps no longer than `step`, for each of both, and the firsts."""
    first = np.zeros(reach.size + 1, dtype=np.int64)
    for k in range(reach.size):
        first[k + 1] = first[k] + 2 * int(math.ceil(reach[k] / step[k])) + 1
    z = np.empty(first[reach.size])
    for k in range(reach.size):
        half = (first[k + 1] - first[k]) // 2
        for i in range(2 * half + 1):
            z[first[k] + i] = reach[k] * (i - half) / half
    return z, first


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], int64[::1], float64[::1], float64[::1],"
    "float64[:, ::1], float64[:, ::1], boolean[::1], float64, float64)"
)
def information(z, first, value, slope, label, label_weight, rising, deviation, noise):
    """Integrals of (dZ)^2/Z and Z ln Z over labels, for each known field.

    `value` is f at each z; where `slope` is not empty it is f', and dZ is the mean of f' dP/df,
    else Stein's E z P / sqrt(V). Where `rising`, the labels and values of a field are in the
    same order, ascending or descending.
    """
    size = first.size - 1
    fisher = np.zeros(size)
    content = np.zeros(size)
    blur = math.sqrt(noise)
    scale = INVERSE_SQRT_2PI / blur
    use_slope = slope.size > 0
    mass = np.empty(z.size)
    for n in range(z.size):
        mass[n] = math.exp(-0.5 * z[n] * z[n])
    for k in range(size):
        step = z[first[k] + 1] - z[first[k]]
        begin = first[k]
        up = value[first[k + 1] - 1] >= value[first[k]]
        for i in range(label.shape[1]):
            y = label[k, i]
            mean = 0.0
            moment = 0.0
            if rising[k]:
                while begin < first[k + 1]:
                    ahead = y - value[begin] if up else value[begin] - y
                    if ahead <= _REACH * blur:
                        break
                    begin += 1
            for n in range(begin, first[k + 1]):
                gap = (y - value[n]) / blur
                if abs(gap) > _REACH:
                    if rising[k]:
                        break
                    continue
                share = mass[n] * math.exp(-0.5 * gap * gap)
                mean += share
                moment += share * (gap * slope[n] if use_slope else z[n])
            mean *= step * INVERSE_SQRT_2PI * scale
            if mean > 1e-290:
                moment *= step * INVERSE_SQRT_2PI * scale / (blur if use_slope else deviation)
                fisher[k] += label_weight[k, i] * moment * (moment / mean)
                content[k] += label_weight[k, i] * mean * math.log(mean)
    return fisher, content
