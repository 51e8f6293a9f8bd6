"""Integrals over field and label of any readout with Gaussian noise, from tabulated values.

For each known field omega the readout is tabulated at h = omega + sqrt(V) z on panels on which
it moves by a few sqrt(noise) at most; Z(y) is a sum over the nodes whose values are within reach
of y. The y panels are as long as the narrowest of what they see: sqrt(noise) near the values
where f turns, else f' sqrt(V).
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = ["field_nodes", "information"]

_REACH = 8.5


@compiled(
    "Tuple((float64[::1], float64[::1], int64[::1], int64))(float64[::1], float64[::1], float64,"
    "float64[::1], float64[::1], float64[::1], float64)"
)
def field_nodes(known, reach, deviation, edges, nodes, weights, length):
    """Nodes z and weights phi(z) dz for each known field, the first index of each, and panels.

    The panels keep to their side of the `edges`; all have `nodes.size` nodes.
    """
    size = known.size
    first = np.zeros(size + 1, dtype=np.int64)
    count = 0
    for turn in range(2):
        if turn == 1:
            z = np.empty(count * nodes.size)
            weight = np.empty(count * nodes.size)
            count = 0
        for k in range(size):
            first[k] = count
            at = -reach[k]
            j = np.searchsorted(edges, known[k] + deviation * at, side="right")
            while at < reach[k]:
                end = reach[k]
                if j < edges.size:
                    end = min(end, (edges[j] - known[k]) / deviation)
                j += 1
                if not end > at:
                    continue
                cuts = int(math.ceil((end - at) / length))
                if turn == 1:
                    half = 0.5 * (end - at) / cuts
                    for c in range(cuts):
                        for i in range(nodes.size):
                            x = at + half * (2.0 * c + 1.0 + nodes[i])
                            n = (count + c) * nodes.size + i
                            z[n] = x
                            weight[n] = (
                                half * weights[i] * INVERSE_SQRT_2PI * math.exp(-0.5 * x * x)
                            )
                count += cuts
                at = end
    first[size] = count
    return z, weight, first, count


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], float64[::1], int64[::1], float64[::1],"
    "float64[::1], float64[::1], float64, float64, float64[::1], float64[::1], float64)"
)
def information(
    z, weight, first, value, derivative, jumps, deviation, noise, nodes, weights, length
):
    """Integrals of (dZ)^2/Z and Z ln Z over labels, for each known field.

    Where `derivative` is not empty, dZ is the mean of f' dP/df plus the jumps (field index, z,
    value below, value above, in rows of four); else it is Stein's E z P / sqrt(V).
    """
    size = first.size - 1
    order = nodes.size
    slope = np.zeros(size)
    content = np.zeros(size)
    blur = math.sqrt(noise)
    reach = _REACH * blur
    total = z.size // order
    low = np.empty(total)
    high = np.empty(total)
    width = np.empty(total)
    special = np.empty(z.size + 4)
    use_derivative = derivative.size > 0
    scale = INVERSE_SQRT_2PI / blur
    for k in range(size):
        specials = 0
        lowest = math.inf
        highest = -math.inf
        before = math.nan
        several = False
        for p in range(first[k], first[k + 1]):
            low[p] = math.inf
            high[p] = -math.inf
            gentle = math.inf
            for i in range(order):
                n = p * order + i
                low[p] = min(low[p], value[n])
                high[p] = max(high[p], value[n])
                if n > first[k] * order:
                    rate = (value[n] - value[n - 1]) / (z[n] - z[n - 1])
                    if before * rate < 0.0 or abs(rate) > 2.5 * blur:
                        several = True
                    if i > 0:
                        gentle = min(gentle, abs(rate))
                    even_pace = 0.5 * abs(before) < abs(rate) < 2.0 * abs(before)
                    if before == before and (not even_pace or before * rate < 0.0):
                        for m in range(n - 1, n + 1):
                            close = False
                            for q in range(max(0, specials - 4), specials):
                                if abs(special[q] - value[m]) < 0.5 * blur:
                                    close = True
                                    break
                            if not close:
                                special[specials] = value[m]
                                specials += 1
                    before = rate
            width[p] = length * gentle
            low[p] -= reach
            high[p] += reach
            lowest = min(lowest, low[p])
            highest = max(highest, high[p])
        # two kinds of fields of one label take turns on a length shorter than the noise
        contrast = (highest - lowest) / blur - 2.0 * _REACH
        near = length * blur / (1.0 + min(contrast, 12.0) / 3.0 if several else 1.0)
        for p in range(first[k], first[k + 1]):
            width[p] = max(near, width[p])
        ordered = np.sort(special[:specials])
        y = lowest
        tiny = 1e-14 * (abs(lowest) + abs(highest))
        while y < highest - tiny:
            step = math.inf
            skip = highest
            inside = False
            for p in range(first[k], first[k + 1]):
                if low[p] <= y + tiny:
                    if high[p] > y + tiny:
                        inside = True
                        step = min(step, width[p])
                else:
                    skip = min(skip, low[p])
            if not inside:
                y = skip
                continue
            if step > near:
                j = np.searchsorted(ordered, y)
                if j > 0:
                    step = min(step, max(near, 0.7 * (y - ordered[j - 1])))
                if j < ordered.size:
                    step = min(step, max(near, 0.4 * (ordered[j] - y)))
                for p in range(first[k], first[k + 1]):
                    if y + tiny < low[p] < y + step and width[p] < step:
                        step = max(low[p] - y, width[p])
            end = min(y + step, highest)
            half = 0.5 * (end - y)
            middle = 0.5 * (y + end)
            for i in range(order):
                label = middle + half * nodes[i]
                mean = 0.0
                moment = 0.0
                for p in range(first[k], first[k + 1]):
                    if label < low[p] or label > high[p]:
                        continue
                    for n in range(p * order, (p + 1) * order):
                        gap = (label - value[n]) / blur
                        mass = weight[n] * math.exp(-0.5 * gap * gap)
                        mean += mass
                        if use_derivative:
                            moment += mass * gap * derivative[n]
                        else:
                            moment += mass * z[n]
                if mean > 1e-290:
                    dz = moment / blur if use_derivative else moment / deviation
                    if use_derivative:
                        for q in range(jumps.size // 4):
                            if jumps[4 * q] == k:
                                below = (label - jumps[4 * q + 2]) / blur
                                above = (label - jumps[4 * q + 3]) / blur
                                x = jumps[4 * q + 1]
                                dz += (
                                    INVERSE_SQRT_2PI
                                    * math.exp(-0.5 * x * x)
                                    / deviation
                                    * (
                                        math.exp(-0.5 * above * above)
                                        - math.exp(-0.5 * below * below)
                                    )
                                )
                    share = half * weights[i] * scale
                    slope[k] += share * dz * (dz / mean)
                    content[k] += share * mean * math.log(mean * scale)
            y = end
    return slope, content
