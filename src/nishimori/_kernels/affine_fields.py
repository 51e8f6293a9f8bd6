"""Trapezoid nodes in the field around the breakpoints of an affine readout.

All integrands are analytic and decay like Gaussians, so equal steps of a variable that grades
the nodes converge exponentially: steps of the field itself, or of s in omega = t + unit sinh(s)
around a fold at t. Every second and every fourth node make the nested rules that measure the
error.
"""

from __future__ import annotations

import math

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = ["REACH", "SINH_STEP", "extrapolated", "field_nodes", "interval_probability", "zone_end"]

# how many deviations of a Gaussian are integrated over; the integrands around breakpoints decay
# like one, and have no powers of the distance in front
REACH = 9.0
_FIELD_REACH = 8.4
SINH_STEP = 0.13
_ROOT_HALF = 0.70710678118654752440


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
    fine = 0.08 if steep else 0.38
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
        step = detail * SINH_STEP
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
