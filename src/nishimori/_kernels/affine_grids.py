"""Trapezoid nodes in the field and in the label around the breakpoints of an affine readout.

All integrands are analytic and decay like Gaussians, so equal steps of a variable that grades
the nodes converge exponentially: omega = t + unit sinh(s) around one breakpoint t; labels in
steps of the noise around the image of a breakpoint, growing geometrically to the width of a
blurred piece. Every second and every fourth node make the nested rules that measure the error.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = [
    "BLOCK",
    "REACH",
    "extrapolated",
    "field_nodes",
    "interval_probability",
    "label_nodes",
    "zone_end",
]

REACH = 9.0
BLOCK = 16  # every run of labels is followed by so many of weight 0
_ROOT_HALF = 0.70710678118654752440
_FIELD_REACH = 8.4
_SINH_STEP = 0.13
_GROWTH = 0.25
_PLAIN = 220.0
_MOST = 1500.0


@compiled("float64(float64, float64)")
def interval_probability(low, high):
    """Phi(high) - Phi(low) for low <= high, by the tail that keeps the digits."""
    if low > 0.0:
        return 0.5 * (math.erfc(low * _ROOT_HALF) - math.erfc(high * _ROOT_HALF))
    if high < 0.0:
        return 0.5 * (math.erfc(-high * _ROOT_HALF) - math.erfc(-low * _ROOT_HALF))
    return 0.5 * (math.erf(high * _ROOT_HALF) - math.erf(low * _ROOT_HALF))


@compiled("float64(float64, float64, float64, float64)")
def extrapolated(full, half, quarter, power):
    """Error of a trapezoid sum, from those with steps twice and four times as long.

    Errors exp(-c/step^p) fall by the ratio seen to the power 2^p: 2 for a strip of analyticity,
    more for Gaussians, 1.59 (p = 2/3) where its width and the size of what ends it are at odds.
    """
    gap = abs(full - half)
    wide = abs(full - quarter)
    if not gap < wide:
        return gap
    return gap * (gap / wide) ** power


@compiled(
    "Tuple((float64, int64, int64))(float64, float64, float64, float64[::1], int64, int64,"
    "boolean, boolean, boolean, boolean, float64, float64[::1], float64[::1])"
)
def field_nodes(
    signal, variance, offset, breaks, first, last, whole, steep, fold, folded, detail, shift, weight
):
    """Nodes of omega ~ N(offset, signal) around breakpoints `first` to `last`.

    `whole`: over all of the omega that matter, else within reach of the breakpoints. `steep`:
    far apart fields make the same labels, with a kink between them where `fold`. `folded`:
    omega >= 0 stands for both signs.

    Returns the anchor, to which `shift` is relative, the number of nodes and the index of the
    first of them (even indices are the nodes of the coarser rule).
    """
    if signal == 0.0:
        shift[0] = 0.0
        weight[0] = 1.0
        return offset, 1, 0
    root = math.sqrt(variance)
    sigma = math.sqrt(signal)
    fine = 0.08 if steep else 0.33
    graded = fold and first == last
    if whole:
        graded = graded and abs(offset - breaks[first]) <= 2.0 * sigma
        anchor = breaks[first] if graded else offset
        low = (offset - anchor) - REACH * sigma
        high = (offset - anchor) + REACH * sigma
        narrow = sigma * math.sqrt(variance / (signal + variance))
        step = detail * (min(0.6 * sigma, fine * root) if steep else 0.53 * narrow)
        unit = 0.5 * sigma
    else:
        anchor = breaks[first]
        if folded and not graded:
            anchor = 0.0
        low = (breaks[first] - anchor) - _FIELD_REACH * root
        high = (breaks[last] - anchor) + _FIELD_REACH * root
        step = detail * fine * root
        unit = 0.5 * root
    # far out on the tail of omega, the product of its density with what decays from a breakpoint
    total = signal + variance
    product = REACH * sigma * math.sqrt(variance / total)
    for j in (first, last):
        if (breaks[j] - offset) ** 2 < 1600.0 * total:
            peak = (offset - anchor) + (breaks[j] - offset) * (signal / total)
            low = min(low, peak - product)
            high = max(high, peak + product)
    if graded:
        step = detail * _SINH_STEP
        start = int(math.floor(math.asinh(low / unit) / step))
        stop = int(math.ceil(math.asinh(high / unit) / step))
    else:
        start = int(math.floor(low / step))
        stop = int(math.ceil(high / step))
    if folded:
        start = 0
    count = 0
    begin = start
    for i in range(start, stop + 1):
        if count == shift.size:
            break
        if graded:
            grown = math.exp(step * i)
            x = 0.5 * unit * (grown - 1.0 / grown)
            width = 0.5 * unit * step * (grown + 1.0 / grown)
        else:
            x = step * i
            width = step
        t = ((anchor - offset) + x) / sigma
        density = math.exp(-0.5 * t * t)
        if density == 0.0:
            if count == 0:
                begin = i + 1
                continue
            break
        shift[count] = x
        weight[count] = width / sigma * INVERSE_SQRT_2PI * density
        if folded and i > 0:
            weight[count] *= 2.0
        count += 1
    return anchor, count, begin


@compiled("int64(float64[::1], int64, float64)")
def zone_end(breaks, start, root):
    """Last of the breakpoints from `start` on that are within reach of each other."""
    stop = start
    while stop + 1 < breaks.size and breaks[stop + 1] - breaks[stop] < 2.0 * REACH * root:
        stop += 1
    return stop


@compiled("float64(float64)")
def _softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@compiled("float64(float64)")
def _logistic(x):
    return 1.0 / (1.0 + math.exp(-x))


@compiled(
    "int64(float64, float64, float64, float64, float64, float64, float64, float64, float64,"
    "float64, int64, float64[::1], float64[::1], int64[::1])"
)
def _graded(
    core_low,
    core_high,
    step,
    cap_left,
    cap_right,
    start,
    stop,
    soft_left,
    soft_right,
    growth,
    begin,
    label,
    weight,
    level,
):
    """Append labels from `start` to `stop`: steps grow away from the core up to the caps.

    Where `soft_left` or `soft_right` is positive, a smooth step of that width ends the weights.
    """
    centre = 0.5 * (core_low + core_high)
    half = 0.5 * (core_high - core_low) / step
    left = 0.0 if cap_left <= 1.5 * step else cap_left
    right = 0.0 if cap_right <= 1.5 * step else cap_right
    turn_left = half + math.log(2.0 * max(left, step) / step) / growth
    turn_right = half + math.log(2.0 * max(right, step) / step) / growth
    count = begin
    for side in range(2):
        i = -1 if side == 0 else 0
        while count < label.size:
            y = step * i
            w = step
            if right > 0.0:
                x = growth * (i - turn_right)
                y += right / growth * _softplus(x)
                w += right * _logistic(x)
            if left > 0.0:
                x = -growth * (i + turn_left)
                y -= left / growth * _softplus(x)
                w += left * _logistic(x)
            y += centre
            if (side == 0 and y < start) or (side == 1 and y > stop):
                break
            if soft_left > 0.0:
                x = (y - start) / soft_left - REACH
                w *= 0.5 * math.erfc(-x * _ROOT_HALF)
            if soft_right > 0.0:
                x = (y - stop) / soft_right + REACH
                w *= 0.5 * math.erfc(x * _ROOT_HALF)
            label[count] = y
            weight[count] = w
            level[count] = i
            count += 1
            i += -1 if side == 0 else 1
        if side == 0:
            # ascending order
            for k in range((count - begin) // 2):
                m = count - 1 - k
                n = begin + k
                label[n], label[m] = label[m], label[n]
                weight[n], weight[m] = weight[m], weight[n]
                level[n], level[m] = level[m], level[n]
    return count


@compiled("int64(int64, float64[::1], float64[::1], int64[::1])")
def _closed(count, label, weight, level):
    """Append the labels of weight 0."""
    stop = min(count + BLOCK, label.size)
    for i in range(count, stop):
        label[i] = label[count - 1]
        weight[i] = 0.0
        level[i] = 0
    return stop


@compiled("float64(float64)")
def _between(jump):
    """Step of the labels, in units of the noise, between two values of the readout.

    Halfway Z has zeros at a distance pi/jump from the real line, where the densities have fallen
    by exp(-jump^2/8): the sum over labels errs by exp(-2 pi^2/(jump step) - jump^2/8).
    """
    return 19.7 / (jump * max(37.0 - 0.125 * jump * jump, 0.5))


@compiled(
    "int64(float64, float64, float64, float64, float64[::1], float64[::1], float64[::1],"
    "float64[::1], float64[::1], int64, int64, float64, float64[::1], float64[::1], int64[::1],"
    "int64[::1])"
)
def label_nodes(
    low,
    high,
    noise,
    variance,
    breaks,
    left,
    right,
    slopes,
    width,
    first,
    last,
    detail,
    label,
    weight,
    level,
    block,
):
    """Nodes of the labels that fields in [low, high] make, and the number of blocks of them.

    Fields are relative to the breakpoint `first`, labels to its right image. `left` and `right`
    are the images of the breakpoints, `width` the deviations of the labels of each piece. Nodes
    block[b] to block[b + 1] ascend; weights of several blocks add up to one smooth rule.
    """
    root = math.sqrt(variance)
    blur = math.sqrt(noise)
    origin = breaks[first]
    base = right[first]
    size = last - first + 2
    ends = np.empty((2, size))
    bottom = math.inf
    top = -math.inf
    step = 0.45
    sloping = 0.0
    for m in range(size):
        k = first + m
        if m == 0:
            one = left[first] - base
            other = one + slopes[k] * low
        else:
            one = right[k - 1] - base
            if m == size - 1:
                other = one + slopes[k] * (high - (breaks[last] - origin))
            else:
                other = left[k] - base
        ends[0, m] = min(one, other)
        ends[1, m] = max(one, other)
        bottom = min(bottom, ends[0, m])
        top = max(top, ends[1, m])
        sloping = max(sloping, abs(slopes[k]) * root)
    images = np.empty(2 * (size - 1))
    for j in range(size - 1):
        images[2 * j] = left[first + j] - base
        images[2 * j + 1] = right[first + j] - base
    images.sort()
    for i in range(images.size):
        for j in range(i):
            apart = images[i] - images[j]
            if 1.1 * blur < apart < 16.5 * blur:
                step = min(step, _between(apart / blur))
    # Gaussians of one mean: the wider takes over where the narrower has fallen by their ratio
    if sloping > 0.2 * blur:
        step = min(step, 0.2 if sloping > 1.2 * blur else 0.3)
    step *= blur * detail
    start = bottom - REACH * blur
    stop = top + REACH * blur
    block[0] = 0
    if stop - start < _PLAIN * step:
        count = 0
        for i in range(int(math.floor(start / step)), int(math.ceil(stop / step)) + 1):
            label[count] = step * i
            weight[count] = step
            level[count] = i
            count += 1
        block[1] = _closed(count, label, weight, level)
        return 1
    # cores around the images of the breakpoints, those close together as one
    blocks = 0
    count = 0
    core_low = images[0]
    begin = start
    before = -math.inf
    soft_left = 0.0
    margin = 7.0 * blur
    j = 0
    while j < images.size:
        core_high = images[j]
        j += 1
        while j < images.size and images[j] - core_high < 22.0 * blur:
            core_high = images[j]
            j += 1
        end = stop
        soft_right = 0.0
        cap_right = math.inf
        cap_left = math.inf
        if j < images.size:
            gap = images[j] - core_high
            soft_right = 0.5 * gap / (REACH + 0.5)
            cap_right = 0.45 * soft_right
            end = core_high + 0.5 * gap + REACH * soft_right
        if soft_left > 0.0:
            cap_left = 0.45 * soft_left
        after = images[j] if j < images.size else math.inf
        for m in range(size):
            if slopes[first + m] != 0.0:
                if ends[1, m] > core_high + margin and ends[0, m] < after - margin:
                    cap_right = min(cap_right, 0.5 * width[first + m])
                if ends[0, m] < core_low - margin and ends[1, m] > before + margin:
                    cap_left = min(cap_left, 0.5 * width[first + m])
        cap_right = min(max(cap_right, (end - core_high) / _MOST), end - begin)
        cap_left = min(max(cap_left, (core_low - begin) / _MOST), end - begin)
        count = _graded(
            core_low - margin,
            core_high + margin,
            step,
            cap_left * detail,
            cap_right * detail,
            begin,
            end,
            soft_left,
            soft_right,
            _GROWTH * detail,
            count,
            label,
            weight,
            level,
        )
        count = _closed(count, label, weight, level)
        blocks += 1
        block[blocks] = count
        if j < images.size:
            begin = images[j] - 0.5 * (images[j] - core_high) - REACH * soft_right
            soft_left = soft_right
            before = core_high
            core_low = images[j]
    return blocks
