"""Integrals over the field of an ordinal label.

Each threshold t_j has a window of omega, 9 widths tau about the mean of the Gaussian
N(omega; 0, s2) phi((t_j - w)/sqrt(V)), tau^2 = s2 V/(s2 + V); windows that overlap are one.
Outside them every integrand is nothing, so trapezoid sums converge exponentially; their step
accounts for the poles that two thresholds, 2 c widths apart, put between them at pi/(2 c).
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.door import interval
from nishimori._kernels.normal import mills, normal_density

__all__ = ["errors", "information"]

_REACH = 9.0
_STEP = 0.35


@compiled(
    "int64(float64[::1], float64, float64, float64, int64, float64, float64[::1], float64[::1])"
)
def classes(thresholds, s2, v, offset, j, t, z, d):
    """Probabilities and sqrt(V) slopes of the classes at a node t of window j; the likeliest."""
    total = s2 + v
    root = math.sqrt(v)
    share = s2 / total
    rest = v / total
    spread = math.sqrt(share) * t
    edge = (thresholds[j] - offset) / root * rest - spread
    u = offset / root * rest + thresholds[j] / root * share + spread
    count = thresholds.size
    best = 0
    low = -math.inf
    low_density = 0.0
    low_tail = 0.0
    for k in range(count + 1):
        if k < count:
            high = edge + (thresholds[k] - thresholds[j]) / root
            high_density = normal_density(high)
            # the tail on the far side of 0
            high_tail = high_density * mills(abs(high)) if high_density > 0.0 else 0.0
        else:
            high = math.inf
            high_density = 0.0
            high_tail = 0.0
        if low >= 0.0:
            z[k] = low_tail - high_tail
        elif high <= 0.0:
            z[k] = high_tail - low_tail
        else:
            z[k] = 1.0 - low_tail - high_tail
        d[k] = low_density - high_density
        if 0 < k < count:
            width = (thresholds[k] - thresholds[k - 1]) / root
            middle = 0.5 * (low + high)
            if share < 0.5:
                middle = 0.5 * (thresholds[k] + thresholds[k - 1]) / root - u
            if abs(middle) * width <= 1.0:
                if width <= 1.0:
                    z[k] = normal_density(middle) * interval(middle, 0.5 * width)
                if middle >= 0.0:
                    d[k] = -low_density * math.expm1(-width * middle)
                else:
                    d[k] = high_density * math.expm1(width * middle)
        low = high
        low_density = high_density
        low_tail = high_tail
        if z[k] > z[best]:
            best = k
    return best


@compiled("int64(float64[::1], float64, int64)")
def window_end(thresholds, scale, first):
    """The last threshold whose window is joined to that of `first`; scale = 1/(distance of tau)."""
    last = first
    while (
        last + 1 < thresholds.size
        and (thresholds[last + 1] - thresholds[last]) * scale < 2.0 * _REACH
    ):
        last += 1
    return last


@compiled("UniTuple(float64[::1], 3)(float64[::1], float64[::1], float64[::1], float64, float64)")
def information(signal, variance, thresholds, noise, offset):
    """Fisher information, entropy E sum Z ln Z, relative error estimate of the former."""
    size = signal.size
    fisher = np.zeros(size)
    entropy = np.zeros(size)
    error = np.zeros(size)
    z = np.empty(thresholds.size + 1)
    d = np.empty(thresholds.size + 1)
    for i in range(size):
        v = variance[i] + noise
        s2 = signal[i]
        if not s2 + v < math.inf:
            fisher[i] = entropy[i] = error[i] = math.nan
            continue
        if v == 0.0:
            fisher[i] = math.inf if s2 > 0.0 else 0.0
            continue
        scale = math.sqrt(s2 / (s2 + v)) / math.sqrt(v)
        step = _STEP
        for j in range(thresholds.size - 1):
            c = 0.5 * (thresholds[j + 1] - thresholds[j]) * scale
            if 0.0 < c < 8.0:
                step = min(step, math.pi * math.pi / (c * (36.0 - 0.5 * c * c)))
        root_rest = math.sqrt(v / (s2 + v))
        total = 0.0
        coarse = 0.0
        content = 0.0
        first = 0
        while first < thresholds.size:
            last = thresholds.size - 1 if s2 == 0.0 else window_end(thresholds, scale, first)
            start = 0
            stop = 0
            if s2 > 0.0:
                start = -int(math.ceil(_REACH / step))
                end = (thresholds[last] - thresholds[first]) * scale + _REACH
                stop = int(math.ceil(end / step))
            begin = (thresholds[first] - offset) / math.sqrt(s2 + v) * math.sqrt(s2 / (s2 + v))
            for k in range(start, stop + 1):
                t = k * step
                weight = 1.0
                if s2 > 0.0:
                    weight = step * root_rest * normal_density(begin + root_rest * t)
                best = classes(thresholds, s2, v, offset, first, t, z, d)
                g = 0.0
                s = 0.0
                others = 0.0
                for n in range(z.size):
                    if z[n] > 0.0:
                        g += d[n] * (d[n] / z[n])
                        if n != best:
                            others += z[n]
                            s += z[n] * math.log(z[n])
                s += (1.0 - others) * math.log1p(-others)
                total += weight * g
                if k % 2 == 0:
                    coarse += 2.0 * weight * g
                content += weight * s
            first = last + 1
        fisher[i] = total / v
        entropy[i] = content
        gap = 0.0 if s2 == 0.0 or total == 0.0 else abs(total - coarse) / total
        error[i] = gap * gap + 1e-14
    return fisher, entropy, error


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], float64[::1], float64[::1], float64, float64,"
    "float64[::1], float64[::1])"
)
def errors(signal, variance, thresholds, noise, offset, nodes, weights):
    """E sum Z (1 - Z) and E (1 - max Z), by panels cut where the likeliest class changes."""
    size = signal.size
    pair = np.zeros(size)
    wrong = np.zeros(size)
    z = np.empty(thresholds.size + 1)
    d = np.empty(thresholds.size + 1)
    for i in range(size):
        v = variance[i] + noise
        s2 = signal[i]
        if v == 0.0:
            continue
        if s2 == 0.0:
            best = classes(thresholds, s2, v, offset, 0, 0.0, z, d)
            for n in range(z.size):
                pair[i] += z[n] * (1.0 - z[n])
                wrong[i] += 0.0 if n == best else z[n]
            continue
        scale = math.sqrt(s2 / (s2 + v)) / math.sqrt(v)
        root_rest = math.sqrt(v / (s2 + v))
        first = 0
        while first < thresholds.size:
            last = window_end(thresholds, scale, first)
            end = (thresholds[last] - thresholds[first]) * scale + _REACH
            begin = (thresholds[first] - offset) / math.sqrt(s2 + v) * math.sqrt(s2 / (s2 + v))
            pieces = int(math.ceil((end + _REACH) / 0.5))
            step = (end + _REACH) / pieces
            for p in range(pieces):
                left = -_REACH + p * step
                right = left + step
                turn = right
                here = classes(thresholds, s2, v, offset, first, left, z, d)
                if classes(thresholds, s2, v, offset, first, right, z, d) != here:
                    low = left
                    for _ in range(55):
                        t = 0.5 * (low + turn)
                        if classes(thresholds, s2, v, offset, first, t, z, d) == here:
                            low = t
                        else:
                            turn = t
                for part in range(2):
                    start = left if part == 0 else turn
                    length = turn - left if part == 0 else right - turn
                    if length <= 0.0:
                        continue
                    for j in range(nodes.size):
                        t = start + 0.5 * length * (1.0 + nodes[j])
                        weight = 0.5 * length * weights[j] * root_rest
                        weight *= normal_density(begin + root_rest * t)
                        best = classes(thresholds, s2, v, offset, first, t, z, d)
                        others = 0.0
                        squares = 0.0
                        for n in range(z.size):
                            if n != best:
                                others += z[n]
                                squares += z[n] * (1.0 - z[n])
                        wrong[i] += weight * others
                        pair[i] += weight * (squares + others * (1.0 - others))
            first = last + 1
    return pair, wrong
