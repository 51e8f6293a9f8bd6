"""Trapezoid nodes in the label around the images of an affine readout's breakpoints.

Steps of the noise around an image grow geometrically to the width of a blurred piece. Images far
apart have nodes of their own, whose weights a smooth step ends in the middle between them.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.affine_fields import REACH
from nishimori._kernels.compiled import compiled

__all__ = ["BLOCK", "label_nodes"]

BLOCK = 16  # every run of labels is followed by so many of weight 0
_ROOT_HALF = 0.70710678118654752440
_GROWTH = 0.25  # logarithm of the ratio of neighbouring steps
_PLAIN = 220.0  # up to so many steps, none is graded
_MOST = 1500.0  # no more steps than this from one image to the next
_SOFT_REACH = 7.8  # deviations to either side of the smooth step between images
_SOFT_STEP = 0.52  # longest step of the labels in units of its deviation


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
                x = (y - start) / soft_left - _SOFT_REACH
                w *= 0.5 * math.erfc(-x * _ROOT_HALF)
            if soft_right > 0.0:
                x = (y - stop) / soft_right + _SOFT_REACH
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
    "int64[::1], float64[::1])"
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
    reference,
):
    """Nodes of the labels that fields in [low, high] make, and the number of blocks of them.

    Fields are relative to the breakpoint `first`. `left` and `right` are the images of the
    breakpoints, `width` the deviations of the labels of each piece. Nodes block[b] to
    block[b + 1] ascend, relative to the image reference[b]; weights of several blocks add up to
    one smooth rule.
    """
    root = math.sqrt(variance)
    blur = math.sqrt(noise)
    origin = breaks[first]
    base = right[first]
    size = last - first + 2
    ends = np.empty((2, size))
    bottom = math.inf
    top = -math.inf
    step = 0.5
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
        images[2 * j] = left[first + j]
        images[2 * j + 1] = right[first + j]
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
        reference[0] = base
        return 1
    # cores around the images of the breakpoints, those close together as one, and around what
    # sloped pieces add to them where that is little
    blocks = 0
    count = 0
    near = 16.0 * blur
    margin = (8.0 if step < 0.3 * blur * detail else 9.0) * blur
    begin = start
    before = -math.inf
    soft_left = 0.0
    j = 0
    while j < images.size:
        core_low = images[j]
        core_high = images[j]
        j += 1
        while j < images.size and images[j] - core_high < 22.0 * blur:
            core_high = images[j]
            j += 1
        after = images[j] - core_low if j < images.size else math.inf
        # from here on relative to this core
        shift = core_low - base
        above = core_high - core_low
        edge_low = 0.0
        edge_high = above
        next_low = after
        cap_right = math.inf
        cap_left = math.inf
        bridged = False
        for m in range(size):
            if slopes[first + m] == 0.0:
                continue
            bottom = ends[0, m] - shift
            top = ends[1, m] - shift
            if top > above and bottom < after:
                if top <= above + near:
                    edge_high = max(edge_high, top)
                elif bottom >= after - near:
                    next_low = min(next_low, bottom)
                else:
                    bridged = True
                    cap_right = min(cap_right, 0.5 * width[first + m])
            if bottom < 0.0 and top > before:
                if bottom >= -near:
                    edge_low = min(edge_low, bottom)
                elif top > before + near:
                    cap_left = min(cap_left, 0.5 * width[first + m])
        end = stop - shift
        soft_right = 0.0
        if j < images.size:
            end = edge_high + REACH * blur
            if bridged or next_low - edge_high < 2.0 * REACH * blur:
                bridged = True
                soft_right = 0.5 * (after - above) / (_SOFT_REACH + 0.2)
                cap_right = min(cap_right, _SOFT_STEP * soft_right)
                end = 0.5 * (above + after) + _SOFT_REACH * soft_right
        if soft_left > 0.0:
            cap_left = min(cap_left, _SOFT_STEP * soft_left)
            begin = 0.5 * before - _SOFT_REACH * soft_left
        elif blocks > 0:
            begin = edge_low - REACH * blur
        else:
            begin = start - shift
        cap_right = min(max(cap_right, (end - above) / _MOST), end - begin)
        cap_left = min(max(cap_left, -begin / _MOST), end - begin)
        count = _graded(
            edge_low - margin,
            edge_high + margin,
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
        reference[blocks] = core_low
        blocks += 1
        block[blocks] = count
        soft_left = soft_right
        before = above - after
    return blocks
