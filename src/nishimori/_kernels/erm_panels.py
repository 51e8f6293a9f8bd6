"""Panels for averages over normal laws of functions with kinks, many averages at once.

A node is kept as an anchor and what is added to it. The anchor is an end of the panel's region
between two kinks, or the mean, so that nothing is lost where a region is narrow. Panels follow the
normal law from its highest point in the region, so that nothing is lost where that is in a tail.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled

__all__ = ["panels"]

_SHORT = 1.0  # regions up to this have one anchor, so that their length is exact
_ROUNDING = 1e-15
_FARTHEST = 38.7  # deviations, where exp(-z^2/2) is no longer a number
_SIMILAR = 0.7  # a second width above this needs no panels of its own


@compiled("int64(float64[::1], int64, float64)")
def _inserted(edges, size, edge):
    """Put another among the `edges`, which ascend, if it is between the first and the last."""
    if not edges[0] < edge < edges[size - 1]:
        return size
    k = size
    while edges[k - 1] > edge:
        edges[k] = edges[k - 1]
        k -= 1
    edges[k] = edge
    return size + 1


@compiled("int64(float64[::1], int64, float64, float64[::1], float64, float64)")
def _graded(edges, size, scale, levels, peak, top):
    """Edges beside the top, where N(0, scale^2) is exp(-level^2/2) of what it is there."""
    for level in levels:
        square = (scale * level) ** 2
        step = square / (math.sqrt(peak * peak + square) + peak)
        size = _inserted(edges, size, top - step)
        size = _inserted(edges, size, top + step)
    return size


@compiled(
    "Tuple((int64[::1], int64[::1], float64[:, ::1], float64[:, ::1], float64[:, ::1], "
    "float64[:, ::1]))(float64[::1], float64[::1], float64[:, ::1], float64[::1], float64[::1], "
    "float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])"
)
def panels(kinks, slopes, cuts, v, mean, width, second, share, levels, x, w):
    """Panels of all rows behind one another: row, region, place, z, weight and slope of nodes.

    Region 0 is below the first of the places ``kinks + v slopes``, the next above it, and so on;
    in each row of ``cuts`` are more edges. The law is N(mean, width^2), a node at ``place = mean
    + width z``, and weights are those of dz. Panels resolve N(0, second^2) in z, too. ``slope``
    is the linear function of the place that takes the values `slopes` at the places.

    Panels end where the law is exp(-levels[-1]^2/2) of its largest in the region. Rows that are
    parts of one mean, with the logarithms `share` of their weights (else empty), have one largest.
    """
    rows, ends, count = v.size, kinks.size, x.size
    edges = np.empty(4 * levels.size + 3 + cuts.shape[1])
    bound = rows * (ends + 1) * (edges.size - 1)
    row, region = np.empty(bound, np.int64), np.empty(bound, np.int64)
    # of panels: the anchor in z and place, the slope there, the middle and half the width, and
    # between which places nodes are, though rounded, in their own region
    where = np.empty((bound, 7))
    found = 0
    most_likely = np.full(ends + 1, -np.inf)
    for i in range(share.size):
        for r in range(ends + 1):
            low = (kinks[r - 1] + v[i] * slopes[r - 1] - mean[i]) / width[i] if r > 0 else -np.inf
            high = (kinks[r] + v[i] * slopes[r] - mean[i]) / width[i] if r < ends else np.inf
            peak = max(low, -high, 0.0)
            most_likely[r] = max(most_likely[r], share[i] - 0.5 * peak * peak)
    for i in range(rows):
        for r in range(ends + 1):
            low_place = kinks[r - 1] + v[i] * slopes[r - 1] if r > 0 else -np.inf
            high_place = kinks[r] + v[i] * slopes[r] if r < ends else np.inf
            low, high = (low_place - mean[i]) / width[i], (high_place - mean[i]) / width[i]
            length = np.inf
            if 0 < r < ends:
                rise = v[i] * (slopes[r] - slopes[r - 1])
                length = (kinks[r] - kinks[r - 1] + rise) / width[i]
            top = 0.0
            if low >= 0.0 or length <= _SHORT:
                anchor, place, slope, left, right = low, low_place, slopes[r - 1], 0.0, length
                top = min(max(-low, 0.0), length)
            elif high <= 0.0:
                anchor, place, slope, left, right = high, high_place, slopes[r], -length, 0.0
            else:
                anchor, place, left, right = 0.0, mean[i], low, high
                slope = (mean[i] - kinks[r]) / v[i] if r < ends else 0.0
            peak = abs(anchor + top)
            if not peak < _FARTHEST:
                continue
            depth = levels[-1] * levels[-1]
            if share.size:
                depth += 2.0 * (share[i] - most_likely[r]) - peak * peak
            if not depth > 0.0:
                continue
            step = depth / (math.sqrt(peak * peak + depth) + peak)
            left, right = max(left, top - step), min(right, top + step)
            if not left < right:
                continue
            least = low_place + _ROUNDING * abs(low_place) if r > 0 else -np.inf
            most = high_place - _ROUNDING * abs(high_place) if r < ends else np.inf
            if r % 2 == 1:
                least, most = -np.inf, np.inf
            edges[0], edges[1] = left, right
            size = _inserted(edges, 2, top)
            size = _graded(edges, size, 1.0, levels, peak, top)
            if second[i] < _SIMILAR:
                size = _graded(edges, size, second[i], levels, peak, top)
            for cut in cuts[i]:
                size = _inserted(edges, size, (cut - mean[i]) / width[i] - anchor)
            for k in range(size - 1):
                half = 0.5 * (edges[k + 1] - edges[k])
                if half > 0.0:
                    row[found], region[found] = i, r
                    where[found] = anchor, place, slope, edges[k] + half, half, least, most
                    found += 1
    shape = (found, count)
    places, z, weights, held = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    for p in range(found):
        anchor, place, slope, middle, half, least, most = where[p]
        i = row[p]
        for k in range(count):
            s = middle + half * x[k]
            places[p, k] = min(max(place + width[i] * s, least), most)
            z[p, k] = anchor + s
            weights[p, k] = half * w[k]
            held[p, k] = slope + width[i] / v[i] * s
    return row[:found].copy(), region[:found].copy(), places, z, weights, held
