"""Density of the noisy labels of a piecewise affine readout at one field, and its slope.

A piece's density is N(y; a omega + b, D) [Phi]_piece. Near an end of the piece it is told by the
tail: N(y; a omega + b, D) Phi(-x) = exp(-(y - image)^2/2 Delta - (t - omega)^2/2V) M(x) / (2 pi
sqrt(D)), with the Mills ratio M, so nothing underflows and the exponentials of labels are shared
by all fields. Loops run over whole blocks of labels, without branches.
"""

from __future__ import annotations

import math

from nishimori._kernels.affine_fields import REACH, interval_probability
from nishimori._kernels.affine_labels import BLOCK
from nishimori._kernels.compiled import compiled
from nishimori._kernels.elementwise import exp_of, tail_ratio

__all__ = ["densities", "first_above", "label_range"]

_ROOT_2PI = 2.5066282746310007
_EDGE_REACH = REACH - 1e-6


@compiled("int64(float64[::1], int64, int64, float64)")
def first_above(values, start, stop, target):
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
def label_range(centre, slope, width, low, low_image, high, high_image, blur):
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
    zero = first_above(label, begin, begin + count, image - start / slope) - begin
    far = first_above(label, begin, begin + count, image - (start + REACH) / slope) - begin
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
    "int64(float64, float64, float64[::1], float64[::1], float64[::1], float64[::1], float64[::1],"
    "float64, int64, int64, int64, int64, float64, float64[::1], float64[:, ::1], int64[:, ::1],"
    "float64[:, ::1])"
)
def densities(
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
    base,
    label,
    edges,
    ranges,
    work,
):
    """Z and sqrt(V) dZ of the labels[start:stop] into work[0] and work[1], at one field.

    The field is breaks[first] + shift, the labels are relative to `base`. Returns the number of
    labels, which is rounded up to whole blocks.
    """
    blur = math.sqrt(noise)
    reach = REACH * root
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
        bottom, top = label_range(
            centre, a, s, low if has_low else -math.inf, low_image,
            high if has_high else math.inf, high_image, blur,
        )  # fmt: skip
        p = first_above(label, start, stop, bottom)
        q = first_above(label, p, stop, top)
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
            p = first_above(label, start, stop, image - _EDGE_REACH * blur)
            q = first_above(label, p, stop, image + _EDGE_REACH * blur)
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
