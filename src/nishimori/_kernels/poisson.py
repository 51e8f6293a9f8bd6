"""Integrals over the field and the count of a Poisson label.

At a known part omega of the field, Z_y = E_z P(y | omega + s z), s = sqrt(V), by one of two ways.
Moderate rates: one trapezoid rule in z for all counts, each count following from the last by
P_{y+1} = P_y f/(y + 1). Large rates: for each count a trapezoid rule around the peak of
P(y | h) N(h; omega, V), which is log-concave, with P from the deviance of Loader (2000), so
nothing cancels; sums over far counts are Gauss sums for the counting measure (Gram polynomials),
exact for smooth functions of the count. The integral over omega is a trapezoid sum.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI, normal_density

__all__ = ["clean_errors", "information"]

_OVERFLOW = 350.0  # of ln of a rate whose square is needed
_REACH = 8.6
_DROP = 42.0
_GOAL = 36.0
_HIGHEST = 600.0  # rate up to which exp(-rate) is a number to all digits
_HALF_LOG_2PI = 0.91893853320467274178


@compiled("UniTuple(float64, 2)(float64, boolean)")
def rate(h, soft):
    """f(h) and f'(h): exp, or softplus."""
    if not soft:
        f = math.exp(h)
        return f, f
    x = math.exp(-abs(h))
    if h > 0.0:
        return h + math.log1p(x), 1.0 / (1.0 + x)
    return math.log1p(x), x / (1.0 + x)


@compiled("float64(float64)")
def lift(t):
    """exp(t) - 1 - t."""
    if abs(t) > 0.25:
        return math.expm1(t) - t
    total = 1.0
    for k in range(14, 2, -1):
        total = 1.0 + total * t / k
    return 0.5 * t * t * total


@compiled("float64(float64)")
def stirling(y):
    """ln Gamma(y + 1) - [(y + 1/2) ln y - y + ln(2 pi)/2]."""
    if y < 16.0:
        return math.lgamma(y + 1.0) - ((y + 0.5) * math.log(y) - y + _HALF_LOG_2PI)
    x = 1.0 / (y * y)
    return (1.0 / 12.0 - x * (1.0 / 360.0 - x * (1.0 / 1260.0 - x / 1680.0))) / y


@compiled("UniTuple(float64, 2)(float64, float64, float64)")
def frequency(distance, goal, scale):
    """2 pi/step of a trapezoid sum of a unit Gaussian times what is singular at a distance.

    The transform falls off like exp(-E(k)), E = k^2/2 up to k = distance, then linear. Returns
    the step times `scale` and the power by which its error beats that of twice the step.
    """
    k = math.sqrt(2.0 * goal)
    if distance < k:
        k = goal / distance + 0.5 * distance
    half = 0.5 * k
    coarse = 0.5 * half * half if half < distance else distance * (half - 0.5 * distance)
    return 2.0 * math.pi / k * scale, goal / coarse


@compiled("float64(float64, float64, boolean)")
def inner_step(omega, root, soft):
    """Step in z that resolves what is left of the field once the count is known."""
    step, _ = frequency((2.8 if soft else 1.6) / root if root > 0.0 else math.inf, _GOAL, 1.0)
    sharpest = 0.0
    for k in range(18):
        z = 0.5 * k
        f, slope = rate(omega + root * z, soft)
        sharpest = max(sharpest, (37.0 - 0.5 * z * z) * (1.0 + root * root * slope * slope / f))
    return min(step, 2.0 * math.pi / math.sqrt(2.0 * sharpest))


@compiled(
    "UniTuple(float64, 2)(float64, float64, float64, boolean, float64[::1], float64[::1],"
    "float64[::1], float64[::1])"
)
def by_recurrence(omega, root, step, soft, chance, level, gain, push):
    """sum (dZ)^2/Z and sum Z ln Z over all counts; the last four are scratch."""
    count = int(math.ceil(_REACH / step)) if root > 0.0 else 0
    size = 2 * count + 1
    start = math.exp(omega)
    missing = 0.0
    highest = 0.0
    for k in range(size):
        z = (k - count) * step
        weight = step * normal_density(z) if root > 0.0 else 1.0
        x = start * math.exp(root * z)
        if soft:
            level[k] = math.log1p(x) if x < 1e17 else omega + root * z
            push[k] = x / (1.0 + x)
            gain[k] = push[k] / level[k] if level[k] > 0.0 else 1.0
        else:
            level[k] = x
            push[k] = x
            gain[k] = 1.0
        none = math.exp(-level[k])
        missing += weight * (-math.expm1(-level[k]) if level[k] < 0.5 else 1.0 - none)
        chance[k] = weight * none
        highest = max(highest, level[k])
    slope = 0.0
    content = 0.0
    total = 0.0
    y = 0.0
    while True:
        z = 0.0
        d = 0.0
        factor = 1.0 / (y + 1.0)
        for k in range(size):
            z += chance[k]
            d += chance[k] * (y * gain[k] - push[k])
            chance[k] *= level[k] * factor
        total += z
        if z > 0.0:
            g = d / z * d
            s = z * (math.log(z) if y > 0.0 or missing > 0.5 else math.log1p(-missing))
            slope += g
            content += s
            if total > 0.5 and g < 1e-18 * slope and -s < 1e-18 * -content:
                break
        elif total > 0.5:
            break
        y += 1.0
        if y > highest + 60.0 * math.sqrt(highest + 40.0):
            break
    return slope, content


@compiled("UniTuple(float64, 3)(float64, float64, float64, boolean)")
def by_peak(y, omega, variance, soft):
    """Z, dZ and the logarithm of the peak of P(y | h) N(h; omega, V) sqrt(V), at one count."""
    root = math.sqrt(variance)
    log_y = math.log(y) if y > 0.0 else 0.0
    constant = 0.0
    if y > 0.0:
        constant = -0.5 * log_y - _HALF_LOG_2PI - stirling(y)
    if variance == 0.0:
        f, slope = rate(omega, soft)
        x = -f
        if y > 0.0:
            t = omega - log_y
            if soft:
                t = math.log1p((f - y) / y)
            x = constant - y * lift(t)
        z = math.exp(x)
        return z, z * slope * (y - f) / f, x
    # Newton steps on the slope of the logarithm, which falls; inside a bracket
    mode = omega
    if y > 0.0:
        mode = log_y
        if soft:
            mode = y + math.log(-math.expm1(-y)) if y < 40.0 else y
    else:
        mode = omega - 60.0 * root - variance * rate(omega, soft)[1]
    low = min(omega, mode)
    high = max(omega, mode)
    h = omega
    f, slope = rate(omega, soft)
    if y > 0.0:
        sharp = slope * slope / f
        h = (omega + variance * sharp * mode) / (1.0 + variance * sharp)
        f_mode, slope_mode = rate(mode, soft)
        sharp = slope_mode * slope_mode / f_mode
        h = (omega + variance * sharp * mode) / (1.0 + variance * sharp)
    curve = 1.0 / variance
    for _ in range(60):
        f, slope = rate(h, soft)
        down = slope * (y / f - 1.0) - (h - omega) / variance
        if soft:
            bend = slope * (1.0 - slope)
            curve = bend * (1.0 - y / f) + slope * slope * y / (f * f) + 1.0 / variance
        else:
            curve = f + 1.0 / variance
        if down > 0.0:
            low = h
        else:
            high = h
        new = h + down / curve
        if not low <= new <= high:
            new = 0.5 * (low + high)
        move = abs(new - h)
        h = new
        if move * math.sqrt(curve) < 1e-3:
            break
    width = 1.0 / math.sqrt(curve)
    step = min(0.5 * width, 0.25)
    stein = variance * curve > 2.0
    z = 0.0
    d = 0.0
    peak = -math.inf
    for side in range(2):
        k = 0 if side == 0 else -1
        while True:
            x = h + k * step
            f, slope = rate(x, soft)
            part = -f
            if y > 0.0:
                t = x - log_y
                if soft:
                    t = math.log1p((f - y) / y)
                part = constant - y * lift(t)
            part -= 0.5 * (x - omega) * (x - omega) / variance
            if k == 0:
                peak = part
                if peak < -_DROP - 6.0:
                    return 0.0, 0.0, peak
            if part < peak - _DROP:
                break
            p = math.exp(part)
            z += p
            if stein:
                d += p * (x - omega) / variance
            else:
                d += p * slope * (y - f) / f
            k += 1 if side == 0 else -1
    scale = step / root * INVERSE_SQRT_2PI
    return scale * z, scale * d, peak


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
