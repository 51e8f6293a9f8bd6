"""Integrals over field and label of a piecewise affine readout with Gaussian noise.

On a piece a h + b of the readout, with D = a^2 V + Delta,

    int_piece N(y; a h + b, Delta) N(h; omega, V) dh = N(y; a omega + b, D) [Phi]_piece,

and its omega derivative is closed as well. Far from every breakpoint the label's share is a^2/D,
exactly. Where s2 >= V, a staircase of these values, blurred by V, is integrated in closed form,
and the rest, which lives within reach of the breakpoints, by trapezoid sums; otherwise
everything is. Fields are breakpoint + distance and labels image + distance, so narrow features
keep their digits.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.affine_densities import densities, first_above, label_range
from nishimori._kernels.affine_fields import (
    REACH,
    extrapolated,
    field_nodes,
    interval_probability,
    zone_end,
)
from nishimori._kernels.affine_labels import BLOCK, label_nodes
from nishimori._kernels.compiled import compiled
from nishimori._kernels.elementwise import exp_of, log_of

__all__ = ["information"]

_LEAST = 1e-290
_ROOT_HALF = 0.70710678118654752440
_HALF_LOG = 1.4189385332046727  # ln(2 pi e) / 2


@compiled(
    "void(float64[::1], float64[::1], float64[::1], float64, int64, float64[::1], float64[::1])"
)
def _accumulate(z, dz, log_z, weight, count, fisher, entropy):
    for i in range(count):
        fisher[i] += weight * (dz[i] * (dz[i] / z[i]))
        entropy[i] += weight * (z[i] * log_z[i])


@compiled(
    "void(float64, float64, float64, float64, float64[::1], float64[::1], float64[::1],"
    "float64[::1], float64[::1], int64, int64, boolean, boolean, boolean, float64, float64,"
    "float64[::1], float64[::1], int64[::1], int64[::1], float64[:, ::1], float64[:, ::1],"
    "float64[:, ::1],"
    "float64[:, ::1], float64[::1])"
)
def _window(
    signal,
    variance,
    noise,
    offset,
    breaks,
    left,
    right,
    slopes,
    width,
    first,
    last,
    whole,
    steep,
    folded,
    field_step,
    label_step,
    label,
    weight,
    level,
    block,
    edges,
    fields,
    sums,
    work,
    total,
):
    """Add fisher, entropy and the error of fisher from the fields around some breakpoints."""
    root = math.sqrt(variance)
    reach = REACH * root
    anchor, count, begin = field_nodes(
        signal, variance, offset, breaks, first, last, whole, steep,
        steep and left[first] == right[first], folded, field_step, fields[0], fields[1],
    )  # fmt: skip
    if count == 0:
        return
    for i in range(count):
        fields[0, i] += anchor - breaks[first]
    reference = np.empty(block.size)
    blocks = label_nodes(
        fields[0, 0] - reach, fields[0, count - 1] + reach, noise, variance, breaks, left, right,
        slopes, width, first, last, label_step, label, weight, level, block,
        reference,
    )  # fmt: skip
    size = block[blocks]
    if size >= label.size - BLOCK:
        total[3] = math.inf
        return
    base = right[first]
    blur = math.sqrt(noise)
    for m in range(last - first + 1):
        for side in range(2):
            if side == 1 and left[first + m] == right[first + m]:
                edges[2 * m + 1, :size] = edges[2 * m, :size]
                continue
            for b in range(blocks):
                image = (left[first + m] if side == 0 else right[first + m]) - reference[b]
                for i in range(block[b], block[b + 1]):
                    gap = (label[i] - image) / blur
                    work[2, i] = -0.5 * gap * gap
            exp_of(work[2], size, edges[2 * m + side])
    for r in range(6):
        for i in range(size):
            sums[r, i] = 0.0
    # what the staircase has already, at steps 1, 2 and 4
    stairs = np.zeros(6)
    logs = np.log(width[first : last + 2])
    ranges = np.empty((2, last - first + 2), dtype=np.int64)
    for i in range(count):
        shift = fields[0, i]
        rules = 3 if (begin + i) % 4 == 0 else (2 if (begin + i) % 2 == 0 else 1)
        bottom = math.inf
        top = -math.inf
        passed = 0.0
        for m in range(last - first + 2):
            k = first + m
            low = -math.inf
            high = math.inf
            if m > 0:
                low = (breaks[k - 1] - breaks[first]) - shift
            if m <= last - first:
                high = (breaks[k] - breaks[first]) - shift
            if not whole:
                up_to = 1.0 if high == math.inf else 0.5 * math.erfc(-high / root * _ROOT_HALF)
                share = up_to - passed
                passed = up_to
                d = width[k] * width[k]
                for r in range(rules):
                    stairs[r] += fields[1, i] * share * slopes[k] * (slopes[k] / d) * (1 << r)
                    stairs[3 + r] -= fields[1, i] * share * (logs[m] + _HALF_LOG) * (1 << r)
            if low >= reach or high <= -reach:
                continue
            if m > 0:
                centre = (right[k - 1] - base) - slopes[k] * low
            else:
                centre = (left[k] - base) - slopes[k] * high
            lowest, highest = label_range(
                centre, slopes[k], width[k],
                low if low > -reach else -math.inf, right[k - 1] - base if m > 0 else 0.0,
                high if high < reach else math.inf, left[k] - base if m <= last - first else 0.0,
                blur,
            )  # fmt: skip
            bottom = min(bottom, lowest)
            top = max(top, highest)
        for b in range(blocks):
            away = reference[b] - base
            start = first_above(label, block[b], block[b + 1] - BLOCK, bottom - away)
            stop = first_above(label, start, block[b + 1] - BLOCK, top - away)
            if stop <= start:
                continue
            span = densities(
                shift, noise, breaks, left, right, slopes, width, root, first, last, start, stop,
                reference[b], label, edges, ranges, work,
            )  # fmt: skip
            for n in range(span):
                work[0, n] = max(work[0, n], _LEAST)
            log_of(work[0], span, work[2], work[3])
            for r in range(rules):
                _accumulate(
                    work[0], work[1], work[2], fields[1, i] * (1 << r), span,
                    sums[r, start : start + span], sums[3 + r, start : start + span],
                )  # fmt: skip
    full = -stairs[0]
    content = -stairs[3]
    by_field = np.zeros(2)
    by_label = np.zeros(2)
    for i in range(size):
        share = weight[i] * sums[0, i] / variance
        full += share
        content += weight[i] * sums[3, i]
        by_field[0] += weight[i] * sums[1, i] / variance
        by_field[1] += weight[i] * sums[2, i] / variance
        if level[i] % 2 == 0:
            by_label[0] += 2.0 * share
        if level[i] % 4 == 0:
            by_label[1] += 4.0 * share
    total[0] += full
    total[1] += content
    power = 1.75
    if steep:
        power = 2.0 if first == last and left[first] == right[first] else 1.5
    if signal > 0.0:
        total[2] += extrapolated(full, by_field[0] - stairs[1], by_field[1] - stairs[2], power)
    total[3] += extrapolated(full, by_label[0] - stairs[0], by_label[1] - stairs[0], 1.5)


@compiled(
    "float64[:, ::1](float64[::1], float64[::1], float64, float64, float64[::1],"
    "float64[::1], float64[::1], float64[::1], boolean, boolean, float64, float64)"
)
def information(
    signal,
    variance,
    noise,
    offset,
    breaks,
    left,
    right,
    slopes,
    even,
    steep,
    field_step,
    label_step,
):
    """Fisher information, entropy E int Z ln Z, and where the former errs.

    `left` and `right` are the images of the breakpoints, one number where the readout is
    continuous; `steep` tells that it is not monotone. `field_step` and `label_step` are 1, or
    less for shorter steps. The rows of the result are fisher, entropy, and the relative errors
    of fisher that are due to the steps in the field, to those in the label, and to rounding.
    """
    size = signal.size
    pieces = slopes.size
    result = np.zeros((5, size))
    jump = np.max(np.abs(right - left))
    rounding = result[4]
    folded = even and offset == 0.0
    fields = np.empty((2, 64 + int((60.0 + 400.0 * breaks.size) / field_step)))
    room = 512 + int((1 + breaks.size) * 4000 / label_step)
    label = np.empty(room)
    weight = np.empty(room)
    level = np.empty(room, dtype=np.int64)
    block = np.empty(2 * pieces + 1, dtype=np.int64)
    edges = np.empty((2 * pieces, room))
    sums = np.empty((6, room))
    work = np.empty((5, room + 2 * BLOCK))
    width = np.empty(pieces)
    total = np.zeros(4)
    for i in range(size):
        s2 = signal[i]
        v = variance[i]
        root = math.sqrt(v)
        sigma = math.sqrt(s2)
        for k in range(pieces):
            width[k] = math.sqrt(slopes[k] * slopes[k] * v + noise)
        total[:] = 0.0
        whole = s2 < v
        if whole:
            reach = REACH * (root + sigma)
            first = 0
            while first < breaks.size and breaks[first] < offset - reach:
                first += 1
            last = breaks.size - 1
            while last >= first and breaks[last] > offset + reach:
                last -= 1
        else:
            first = 0
            last = -1
        if not whole or last < first:
            spread = math.sqrt(s2 + v)
            for k in range(pieces):
                low = -math.inf
                high = math.inf
                if k > 0:
                    low = (breaks[k - 1] - offset) / spread
                if k < pieces - 1:
                    high = (breaks[k] - offset) / spread
                share = interval_probability(low, high)
                total[0] += share * slopes[k] * (slopes[k] / (width[k] * width[k]))
                total[1] -= share * (math.log(width[k]) + _HALF_LOG)
        start = first
        while start < breaks.size:
            stop = last
            if not whole:
                stop = zone_end(breaks, start, root)
            elif last < first:
                break
            mirror = start + stop - (breaks.size - 1)
            if not folded or mirror <= 0:
                before = total.copy()
                _window(
                    s2, v, noise, offset, breaks, left, right, slopes, width, start, stop, whole,
                    steep, folded and mirror == 0, field_step, label_step, label, weight, level,
                    block, edges, fields, sums, work, total,
                )  # fmt: skip
                if folded and mirror < 0:
                    for n in range(4):
                        total[n] = before[n] + 2.0 * (total[n] - before[n])
            if whole:
                break
            start = stop + 1
        if folded and s2 == 0.0:
            total[0] = 0.0
        result[0, i] = total[0]
        result[1, i] = total[1]
        if total[0] != 0.0:
            result[2, i] = total[2] / abs(total[0])
            result[3, i] = total[3] / abs(total[0])
            # what cancels, where a label tells less than its pieces do
            most = 0.0
            for k in range(pieces):
                most = max(most, slopes[k] * (slopes[k] / (width[k] * width[k])))
            rounding[i] = 2e-14 + 2e-15 * math.sqrt(max(1.0, most / abs(total[0])))
            if most == 0.0 and jump > 0.0:
                rounding[i] += 1e-15 * math.sqrt(noise) / jump
    return result
