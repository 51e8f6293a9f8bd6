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

from nishimori._kernels.affine_grids import (
    BLOCK,
    REACH,
    extrapolated,
    field_nodes,
    interval_probability,
    label_nodes,
    zone_end,
)
from nishimori._kernels.compiled import compiled
from nishimori._kernels.elementwise import exp_of, log_of, tail_ratio

__all__ = ["information"]

_ROOT_2PI = 2.5066282746310007
_LEAST = 1e-290
_EDGE_REACH = REACH - 1e-6
_HALF_LOG = 1.4189385332046727  # ln(2 pi e) / 2


@compiled("int64(float64[::1], int64, int64, float64)")
def _first_above(values, start, stop, target):
    """Index of the first of the ascending values[start:stop] that is at least `target`."""
    while start < stop:
        middle = (start + stop) // 2
        if values[middle] < target:
            start = middle + 1
        else:
            stop = middle
    return start


@compiled("int64(int64)")
def _padded(count):
    """`count` rounded up, so that vector loops have no slow remainders."""
    return (count + BLOCK - 1) // BLOCK * BLOCK


@compiled(
    "UniTuple(float64, 2)(float64, float64, float64, float64, float64, float64, float64, float64)"
)
def _label_range(centre, slope, width, low, low_image, high, high_image, blur):
    """Labels that a piece makes from fields between `low` and `high`, infinite out of reach."""
    bottom = centre - REACH * width
    top = centre + REACH * width
    first = low_image if slope > 0.0 else high_image
    second = high_image if slope > 0.0 else low_image
    if (low if slope > 0.0 else high) != (-math.inf if slope > 0.0 else math.inf):
        bottom = max(bottom, first - REACH * blur)
    if (high if slope > 0.0 else low) != (math.inf if slope > 0.0 else -math.inf):
        top = min(top, second + REACH * blur)
    return bottom, top


@compiled("UniTuple(int64, 2)(float64[::1], int64, int64, float64, float64, float64)")
def _crossings(label, begin, count, image, start, slope):
    """Whole blocks of the labels from `begin` on before x = start + slope (y - image) is 0, -9."""
    zero = _first_above(label, begin, begin + count, image - start / slope) - begin
    far = _first_above(label, begin, begin + count, image - (start + REACH) / slope) - begin
    return zero // BLOCK * BLOCK, far // BLOCK * BLOCK


@compiled("void(float64[::1], float64, float64, int64, float64[::1], float64[::1])")
def _normal(label, centre, width, count, scratch, out):
    """Density of N(centre, width^2)."""
    for i in range(count):
        r = (label[i] - centre) / width
        scratch[i] = -0.5 * r * r
    exp_of(scratch, count, out)
    scale = 1.0 / (_ROOT_2PI * width)
    for i in range(count):
        out[i] *= scale


@compiled(
    "void(float64[::1], float64[::1], float64, float64, float64, float64, int64, float64[::1],"
    "float64[::1])"
)
def _end(label, edge, image, start, slope, scale, count, normal, part):
    """End a piece, that is multiply its density by Phi(-x), x = start + slope (y - image).

    The density is normal + part: by the tail where that is the smaller, else by what is missing.
    """
    for i in range(count):
        x = start + slope * (label[i] - image)
        tail = scale * edge[i] * tail_ratio(abs(x))
        normal[i] = normal[i] if x < 0.0 else 0.0
        part[i] += -tail if x < 0.0 else tail


@compiled(
    "void(float64[::1], float64[::1], float64[::1], float64, float64, int64, float64[::1],"
    "float64[::1])"
)
def _add_piece(label, normal, part, centre, pull, count, z, dz):
    for i in range(count):
        density = normal[i] + part[i]
        z[i] += density
        dz[i] += density * (pull * (label[i] - centre))


@compiled("void(float64[::1], float64, int64, float64[::1])")
def _add_multiple(values, factor, count, out):
    for i in range(count):
        out[i] += factor * values[i]


@compiled(
    "void(float64[::1], float64[::1], float64[::1], float64, int64, float64[::1], float64[::1])"
)
def _accumulate(z, dz, log_z, weight, count, fisher, entropy):
    for i in range(count):
        fisher[i] += weight * (dz[i] * (dz[i] / z[i]))
        entropy[i] += weight * (z[i] * log_z[i])


@compiled(
    "int64(float64, float64, float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    "float64, int64, int64, int64, int64, float64[::1], float64[:, ::1], int64[:, ::1],"
    "float64[:, ::1])"
)
def _densities(
    shift,
    noise,
    breaks,
    left,
    right,
    slopes,
    width,
    root,
    first,
    last,
    start,
    stop,
    label,
    edges,
    ranges,
    work,
):
    """Z and sqrt(V) dZ of the labels[start:stop] into work[0] and work[1], at one field.

    The field is breaks[first] + shift. Returns 0 where no label is in reach.
    """
    blur = math.sqrt(noise)
    reach = REACH * root
    base = right[first]
    span = _padded(stop - start)
    for i in range(span + BLOCK):
        work[0, i] = 0.0
        work[1, i] = 0.0
    for m in range(last - first + 2):
        k = first + m
        a = slopes[k]
        s = width[k]
        low = -math.inf
        high = math.inf
        centre = 0.0
        if m <= last - first:
            high = (breaks[k] - breaks[first]) - shift
            centre = (left[k] - base) - a * high
        if m > 0:
            low = (breaks[k - 1] - breaks[first]) - shift
            centre = (right[k - 1] - base) - a * low
        ranges[0, m] = start
        ranges[1, m] = start
        if low >= reach or high <= -reach:
            continue
        if a == 0.0:
            ranges[1, m] = stop
            share = interval_probability(low / root, high / root) / (_ROOT_2PI * blur)
            row = 2 * m - 1 if m > 0 else 0
            _add_multiple(edges[row, start : start + span], share, span, work[0])
            continue
        has_low = low > -reach
        has_high = high < reach
        low_image = right[k - 1] - base if has_low else 0.0
        high_image = left[k] - base if has_high else 0.0
        bottom, top = _label_range(
            centre, a, s, low if has_low else -math.inf, low_image,
            high if has_high else math.inf, high_image, blur,
        )  # fmt: skip
        p = _first_above(label, start, stop, bottom)
        q = _first_above(label, p, stop, top)
        if q <= p:
            continue
        ranges[0, m] = p
        ranges[1, m] = q
        n = _padded(q - p)
        q = p + n
        normal = work[2]
        part = work[3]
        for i in range(n):
            normal[i] = 0.0
            part[i] = 0.0
        tilt = a * root / (blur * s)
        steep = blur / (root * s)
        scale = 1.0 / (_ROOT_2PI * _ROOT_2PI * s)
        # the whole density is asked for inside the piece's image, its tails near the ends of it
        inside = 0
        outside = n
        low_from = low_to = high_from = high_to = 0
        if has_low:
            zero, far = _crossings(label, p, n, low_image, low * steep, -tilt)
            inside, outside = (zero, n) if a > 0.0 else (0, zero + BLOCK)
            low_from, low_to = (0, far + BLOCK) if a > 0.0 else (far, n)
        if has_high:
            zero, far = _crossings(label, p, n, high_image, -high * steep, tilt)
            if a > 0.0:
                outside = min(outside, zero + BLOCK)
                high_from, high_to = far, n
            else:
                inside = max(inside, zero)
                high_from, high_to = 0, far + BLOCK
        outside = min(outside, n)
        low_to = min(low_to, n)
        high_to = min(high_to, n)
        if outside > inside:
            _normal(
                label[p + inside : p + outside], centre, s, outside - inside, work[4],
                normal[inside:],
            )  # fmt: skip
        if has_low:
            e = scale * math.exp(-0.5 * (low / root) ** 2)
            _end(
                label[p + low_from : q], edges[2 * m - 1, p + low_from : q], low_image,
                low * steep, -tilt, e, low_to - low_from, normal[low_from:], part[low_from:],
            )  # fmt: skip
        if has_high:
            e = scale * math.exp(-0.5 * (high / root) ** 2)
            _end(
                label[p + high_from : q], edges[2 * m, p + high_from : q], high_image,
                -high * steep, tilt, e, high_to - high_from, normal[high_from:],
                part[high_from:],
            )  # fmt: skip
        pull = a * root / (s * s)
        _add_piece(
            label[p:q], normal, part, centre, pull, n, work[0, p - start :], work[1, p - start :]
        )
    # what dZ has from the ends: of both sides together, for a kink, so that nothing cancels
    for m in range(last - first + 1):
        k = first + m
        distance = (breaks[k] - breaks[first]) - shift
        if abs(distance) >= reach:
            continue
        e = math.exp(-0.5 * (distance / root) ** 2) / (_ROOT_2PI * _ROOT_2PI)
        below = width[k] * width[k]
        above = width[k + 1] * width[k + 1]
        for side in range(2):
            if left[k] != right[k]:
                image = (left[k] if side == 0 else right[k]) - base
                factor = -e * blur / below if side == 0 else e * blur / above
            else:
                image = left[k] - base
                change = (slopes[k] - slopes[k + 1]) * (slopes[k] + slopes[k + 1])
                factor = e * blur * root * (change * root / below / above)
                if side == 1:
                    continue
            p = _first_above(label, start, stop, image - _EDGE_REACH * blur)
            q = _first_above(label, p, stop, image + _EDGE_REACH * blur)
            # where a density has been left out, so is its slope
            if side == 0:
                p = max(p, ranges[0, m])
                q = min(q, ranges[1, m])
            if side == 1 or left[k] == right[k]:
                p = max(p, ranges[0, m + 1])
                q = min(q, ranges[1, m + 1])
            if q > p:
                _add_multiple(edges[2 * m + side, p:q], factor, q - p, work[1, p - start :])
    return span


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
    blocks = label_nodes(
        fields[0, 0] - reach, fields[0, count - 1] + reach, noise, variance, breaks, left, right,
        slopes, width, first, last, label_step, label, weight, level, block,
    )  # fmt: skip
    size = block[blocks]
    if size >= label.size - BLOCK:
        total[3] = math.inf
        return
    base = right[first]
    blur = math.sqrt(noise)
    for m in range(last - first + 1):
        for side in range(2):
            image = (left[first + m] if side == 0 else right[first + m]) - base
            if side == 1 and left[first + m] == right[first + m]:
                for i in range(size):
                    edges[2 * m + 1, i] = edges[2 * m, i]
                continue
            for i in range(size):
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
        for m in range(last - first + 2):
            k = first + m
            low = -math.inf
            high = math.inf
            if m > 0:
                low = (breaks[k - 1] - breaks[first]) - shift
            if m <= last - first:
                high = (breaks[k] - breaks[first]) - shift
            if not whole:
                share = interval_probability(low / root, high / root)
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
            lowest, highest = _label_range(
                centre, slopes[k], width[k],
                low if low > -reach else -math.inf, right[k - 1] - base if m > 0 else 0.0,
                high if high < reach else math.inf, left[k] - base if m <= last - first else 0.0,
                blur,
            )  # fmt: skip
            bottom = min(bottom, lowest)
            top = max(top, highest)
        for b in range(blocks):
            start = _first_above(label, block[b], block[b + 1] - BLOCK, bottom)
            stop = _first_above(label, start, block[b + 1] - BLOCK, top)
            if stop <= start:
                continue
            span = _densities(
                shift, noise, breaks, left, right, slopes, width, root, first, last, start, stop,
                label, edges, ranges, work,
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
    images = np.concatenate((left, right))
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
            rounding[i] = 2e-15 * math.sqrt(max(1.0, most / abs(total[0])))
            rounding[i] += 1e-14 + 5e-18 * (np.max(images) - np.min(images)) / math.sqrt(noise)
    return result
