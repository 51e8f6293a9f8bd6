"""Integrals over the field and the count of a Poisson label.

The sums over counts at one known part of the field are those of `poisson_counts`; sums over far
counts of large rates are Gauss sums for the counting measure (Gram polynomials), exact for smooth
functions of the count. The integral over the known part is a trapezoid sum.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import normal_density
from nishimori._kernels.poisson_counts import by_peak, by_recurrence, frequency, inner_step, rate

__all__ = ["clean_errors", "information"]

_OVERFLOW = 350.0  # of ln of a rate whose square is needed
_REACH = 8.6
_DROP = 42.0
_GOAL = 36.0
_HIGHEST = 600.0  # rate up to which exp(-rate) is a number to all digits


@compiled("UniTuple(float64, 2)(float64, float64, boolean, float64[:, ::1], float64[:, ::1])")
def by_windows(omega, variance, soft, nodes, weights):
    """sum (dZ)^2/Z and sum Z ln Z over counts, far ones by Gauss sums over 2^k counts each.

    Row k of `nodes` and `weights` is the Gauss rule for the counts 0, ..., 2^k - 1, both over 2^k.
    """
    root = math.sqrt(variance)
    order = nodes.shape[1]
    least, _ = rate(omega - 9.3 * root, soft)
    y = max(0.0, math.floor(least - 9.3 * math.sqrt(least) - 10.0))
    centre, _ = rate(omega, soft)
    slope = 0.0
    content = 0.0
    started = False
    while True:
        # how wide the counts are spread there
        relative = root
        if soft and y > 0.0:
            relative = root / y if y > 3.0 else 0.0
        scale = min(y, 2.5 * math.sqrt(y + y * y * relative * relative))
        k = int(math.floor(math.log2(scale))) if scale >= 32.0 else 0
        k = min(k, nodes.shape[0] - 1)
        size = 2.0**k
        peak = -math.inf
        alive = False
        for j in range(order if k > 0 else 1):
            count = y
            weight = 1.0
            if k > 0:
                count = y + size * nodes[k, j]
                weight = size * weights[k, j]
            z, d, top = by_peak(count, omega, variance, soft)
            peak = max(peak, top)
            if z > 0.0:
                alive = True
                slope += weight * (d / z) * d
                content += weight * z * math.log(z)
        y += size
        started = started or alive
        if y > centre and not alive:
            break
    return slope, content


@compiled(
    "UniTuple(float64[::1], 3)(float64[::1], float64[::1], float64, boolean,"
    "float64[:, ::1], float64[:, ::1])"
)
def information(signal, variance, offset, soft, nodes, weights):
    """Fisher information, entropy E sum Z ln Z, relative error estimate of the former."""
    size = signal.size
    fisher = np.empty(size)
    entropy = np.empty(size)
    error = np.empty(size)
    room = 2048
    scratch = np.empty((4, room))
    for i in range(size):
        s2 = signal[i]
        v = variance[i]
        # rates that no float can hold
        if not s2 + v < math.inf or (not soft and offset + 9.3 * math.sqrt(s2 + v) > _OVERFLOW):
            fisher[i] = entropy[i] = error[i] = math.nan
            continue
        known = math.sqrt(s2)
        root = math.sqrt(v)
        step = 1.0
        power = 2.0
        first = 0
        last = 0
        if s2 > 0.0:
            step, power = frequency((2.2 if soft else 1.5) / known, _GOAL, 1.0)
            shift = known
            if soft:
                shift = min(known, max(0.0, 8.0 - offset) / known)
            first = -int(math.ceil(_REACH / step))
            last = int(math.ceil((_REACH + shift) / step))
        # the envelope of the integrand: the law of omega over V + 1/rate
        best = -math.inf
        for k in range(first, last + 1):
            y = k * step
            f, slope = rate(offset + known * y, soft)
            best = max(best, -0.5 * y * y - math.log(v + f / (slope * slope)))
        total = 0.0
        coarse = 0.0
        content = 0.0
        lost = False
        for k in range(first, last + 1):
            y = k * step
            omega = offset + known * y
            f, slope = rate(omega, soft)
            if -0.5 * y * y - math.log(v + f / (slope * slope)) < best - _DROP:
                continue
            p = step * normal_density(y) if s2 > 0.0 else 1.0
            highest, _ = rate(omega + 8.3 * root, soft)
            z_step = inner_step(omega, root, soft)
            if highest < _HIGHEST and 2.0 * _REACH / z_step < 300.0:
                g, s = by_recurrence(
                    omega, root, z_step, soft, scratch[0], scratch[1], scratch[2], scratch[3]
                )
            elif highest < 1e11:
                g, s = by_windows(omega, v, soft, nodes, weights)
            else:
                # ln y is normal, up to relative corrections of the order of 1/rate
                lost = lost or f < 1e11
                g = 1.0 / (v + f / (slope * slope))
                s = -0.5 * math.log(2.0 * math.pi * math.e * (f + v * slope * slope))
            total += p * g
            content += p * s
            if k % 2 == 0:
                coarse += 2.0 * p * g
        fisher[i] = total
        entropy[i] = content
        gap = 0.0 if total == 0.0 or s2 == 0.0 else abs(total - coarse) / total
        error[i] = 1.0 if lost else gap**power + 1e-14
    return fisher, entropy, error


@compiled("int64(float64, float64, float64[::1], float64[::1], float64[::1], float64[::1])")
def normal_rule(centre, root, nodes, weights, z, share):
    """Nodes and weights for E f(centre + root z), f softplus; their number.

    A trapezoid sum, or where `root` is large, panels that are short where softplus bends: one
    of length L stays at least L/2 from the poles of f' at +-i pi.
    """
    if root == 0.0:
        z[0] = 0.0
        share[0] = 1.0
        return 1
    if root < 3.0:
        step, _ = frequency(2.8 / root, 38.0, 1.0)
        last = int(math.ceil(8.8 / step))
        for k in range(2 * last + 1):
            z[k] = (k - last) * step
            share[k] = step * normal_density(z[k])
        return 2 * last + 1
    count = 0
    low = -9.0
    while low < 9.0:
        high = min(9.0, low + min(1.8, max(2.5, 0.5 * abs(centre + root * low)) / root))
        half = 0.5 * (high - low)
        for j in range(nodes.size):
            z[count] = low + half * (1.0 + nodes[j])
            share[count] = half * weights[j] * normal_density(z[count])
            count += 1
        low = high
    return count


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], float64[::1], float64, float64[::1], float64[::1])"
)
def clean_errors(signal, variance, offset, nodes, weights):
    """Softplus rate f(h): mean of f, and mean over omega of its variance given omega."""
    size = signal.size
    mean = np.zeros(size)
    spread = np.zeros(size)
    room = 200 * nodes.size
    outer = np.empty((2, room))
    inner = np.empty((2, room))
    for i in range(size):
        if not signal[i] + variance[i] < math.inf:
            mean[i] = spread[i] = math.nan
            continue
        known = math.sqrt(signal[i])
        root = math.sqrt(variance[i])
        count = normal_rule(offset, known, nodes, weights, outer[0], outer[1])
        inner_count = 0
        for j in range(count):
            omega = offset + known * outer[0, j]
            if j == 0 or root >= 3.0:
                inner_count = normal_rule(omega, root, nodes, weights, inner[0], inner[1])
            f, slope = rate(omega, True)
            first = 0.0
            second = 0.0
            for k in range(inner_count):
                x = root * inner[0, k]
                if abs(x) < 1.0:
                    # f(omega + x) - f(omega), without cancellation
                    gain = math.log1p(slope * math.expm1(x))
                else:
                    gain = rate(omega + x, True)[0] - f
                first += inner[1, k] * gain
                second += inner[1, k] * gain * gain
            mean[i] += outer[1, j] * (f + first)
            spread[i] += outer[1, j] * (second - first * first)
    return mean, spread
