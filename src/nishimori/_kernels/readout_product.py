"""Readouts with noise by product integration: Z is a table times a Gaussian in the field.

N(h; omega, V) is a polynomial on panels of a few sqrt(V). What it is multiplied with, the law of
the label at h, may vary much faster; its integrals against the panel's Lagrange polynomials are
tabulated once, and then Z(y, omega) = sum_j table[j, y] N(h_j; omega, V).
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = ["information", "label_edges", "tabulate"]

_REACH = 8.5
_GROWTH = 0.5
_CLUMP = 6.0
# a share of the largest Z that carries no mass
_NEGLIGIBLE = 1e-22


@compiled("float64(float64, float64[::1], float64[::1], float64[::1], float64, float64)")
def _width(y, low, high, gentle, blur, near):
    """The scale of Z at y: that of the fields seen there, more away from what is not seen."""
    width = math.inf
    for p in range(low.size):
        gap = max(low[p] - y, y - high[p], 0.0)
        # where f stands still, the tail of the noise gives way to other fields within reach
        still = min(1.0, near / gentle[p]) if gentle[p] > 0.0 else 1.0
        apart = max(gap - _CLUMP * still * blur, 0.0)
        width = min(width, max(near, gentle[p]) + _GROWTH * apart)
    return width


@compiled("float64[::1](float64[::1], float64[::1], float64[::1], float64, float64)")
def label_edges(low, high, gentle, blur, near):
    """Panels of the label as pairs of ends, flattened.

    ``low`` and ``high`` are the values reached on each panel of the field, ``gentle`` is the
    least width at which they are smeared out, `near` the least width of a panel.
    """
    reach = _REACH * blur
    lowest = low.min() - reach
    highest = high.max() + reach
    tiny = 1e-14 * (abs(lowest) + abs(highest))
    edges = np.empty(64)
    count = 0
    y = lowest
    while y < highest - tiny:
        inside = False
        skip = highest
        for p in range(low.size):
            if low[p] - reach <= y + tiny and y < high[p] + reach - tiny:
                inside = True
            elif low[p] - reach > y:
                skip = min(skip, low[p] - reach)
        if not inside:
            y = skip
            continue
        step = _width(y, low, high, gentle, blur, near)
        while step > near and _width(y + step, low, high, gentle, blur, near) < 0.6 * step:
            step *= 0.75
        if count + 2 > edges.size:
            larger = np.empty(2 * edges.size)
            larger[:count] = edges[:count]
            edges = larger
        edges[count] = y
        y = min(y + step, highest)
        edges[count + 1] = y
        count += 2
    return edges[:count].copy()


@compiled(
    "Tuple((float64[::1], int64[::1], int64[::1], int64[::1]))(float64[::1], float64[::1],"
    "int64[::1], float64[:, ::1], int64, float64[::1], float64, float64)"
)
def tabulate(value, weight, panel, basis, panels, label, noise, usual):
    """Integrals of N(y; f(h), noise) times each Lagrange polynomial.

    Node n of the field has the value ``value[n]``, lies in ``panel[n]``, and ``basis[n]`` are the
    Lagrange polynomials of that panel there. The table is one block of rows for each panel, over
    the labels from `first` to `last` that it reaches; blocks begin at `start`. Where f hardly
    moves beside the noise, all is relative to its `usual` value (else NaN): what is subtracted
    has no slope in omega.
    """
    order = basis.shape[1]
    relative = usual == usual
    blur = math.sqrt(noise)
    reach = _REACH * blur
    scale = INVERSE_SQRT_2PI / blur
    low = np.full(panels, math.inf)
    high = np.full(panels, -math.inf)
    for n in range(value.size):
        low[panel[n]] = min(low[panel[n]], value[n])
        high[panel[n]] = max(high[panel[n]], value[n])
    first = np.searchsorted(label, low - reach)
    last = np.searchsorted(label, high + reach)
    start = np.zeros(panels + 1, dtype=np.int64)
    for p in range(panels):
        start[p + 1] = start[p] + order * (last[p] - first[p])
    table = np.zeros(start[panels])
    share = np.empty(label.size)
    for n in range(value.size):
        p = panel[n]
        a = np.searchsorted(label, value[n] - reach)
        b = np.searchsorted(label, value[n] + reach)
        for i in range(a, b):
            gap = (label[i] - value[n]) / blur
            if relative:
                far = (label[i] - usual) / blur
                step = (value[n] - usual) / blur
                share[i] = (
                    scale
                    * weight[n]
                    * math.exp(-0.5 * far * far)
                    * math.expm1(0.5 * step * (far + gap))
                )
            else:
                share[i] = scale * weight[n] * math.exp(-0.5 * gap * gap)
        length = last[p] - first[p]
        for j in range(order):
            factor = basis[n, j]
            at = start[p] + j * length - first[p]
            row = table[at + a : at + b]
            mine = share[a:b]
            for i in range(b - a):
                row[i] += factor * mine[i]
    return table, start, first, last


@compiled(
    "Tuple((float64[::1], float64[::1], float64[::1]))(float64[::1], float64[::1], float64[::1],"
    "float64, float64, float64[::1], float64[::1], int64[::1], int64[::1], int64[::1],"
    "float64[::1], float64[::1])"
)
def information(
    known, reach, share, deviation, width, field, table, start, first, last, usual, label_weight
):
    """Integrals of (dZ)^2/Z and Z ln Z for each known field, and of the first for each label.

    The panels of the field have the same `width`, from 0 on; `reach` counts deviations; `usual`
    is the part of Z that is the same for all fields.
    """
    size = known.size
    panels = first.size
    order = field.size // panels
    slope = np.zeros(size)
    content = np.zeros(size)
    profile = np.zeros(label_weight.size)
    mean = np.zeros(label_weight.size)
    moment = np.zeros(label_weight.size)
    scale = INVERSE_SQRT_2PI / deviation
    for k in range(size):
        p0 = int(math.floor((known[k] - reach[k] * deviation) / width))
        p1 = int(math.floor((known[k] + reach[k] * deviation) / width)) + 1
        p0 = min(max(p0, 0), panels - 1)
        p1 = max(min(p1, panels), p0 + 1)
        y0 = label_weight.size
        y1 = 0
        for p in range(p0, p1):
            y0 = min(y0, first[p])
            y1 = max(y1, last[p])
        mean[y0:y1] = usual[y0:y1]
        moment[y0:y1] = 0.0
        for p in range(p0, p1):
            length = last[p] - first[p]
            m = mean[first[p] : last[p]]
            d = moment[first[p] : last[p]]
            for j in range(0, order, 4):
                at = p * order + j
                z0 = (field[at] - known[k]) / deviation
                z1 = (field[at + 1] - known[k]) / deviation
                z2 = (field[at + 2] - known[k]) / deviation
                z3 = (field[at + 3] - known[k]) / deviation
                g0 = scale * math.exp(-0.5 * z0 * z0)
                g1 = scale * math.exp(-0.5 * z1 * z1)
                g2 = scale * math.exp(-0.5 * z2 * z2)
                g3 = scale * math.exp(-0.5 * z3 * z3)
                z0 *= g0
                z1 *= g1
                z2 *= g2
                z3 *= g3
                row = start[p] + j * length
                t0 = table[row : row + length]
                t1 = table[row + length : row + 2 * length]
                t2 = table[row + 2 * length : row + 3 * length]
                t3 = table[row + 3 * length : row + 4 * length]
                for i in range(length):
                    m[i] += g0 * t0[i] + g1 * t1[i] + g2 * t2[i] + g3 * t3[i]
                    d[i] += z0 * t0[i] + z1 * t1[i] + z2 * t2[i] + z3 * t3[i]
        largest = 0.0
        for i in range(y0, y1):
            largest = max(largest, mean[i])
        least = max(1e-290, _NEGLIGIBLE * largest)
        for i in range(y0, y1):
            if mean[i] > least:
                dz = moment[i] / deviation
                part = label_weight[i] * (dz * dz / mean[i])
                slope[k] += part
                profile[i] += share[k] * part
                content[k] += label_weight[i] * mean[i] * math.log(mean[i])
    return slope, content, profile
