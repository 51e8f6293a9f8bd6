"""Sums over the count of a Poisson label whose field is known up to a variance V.

At a known part omega of the field, Z_y = E_z P(y | omega + s z), s = sqrt(V), by one of two ways.
Moderate rates: one trapezoid rule in z for all counts, each count following from the last by
P_{y+1} = P_y f/(y + 1). Large rates: for each count a trapezoid rule around the peak of
P(y | h) N(h; omega, V), which is log-concave, with P from the deviance of Loader (2000), so
nothing cancels.
"""

from __future__ import annotations

import math

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI, normal_density

__all__ = ["by_peak", "by_recurrence", "frequency", "inner_step", "rate"]

_REACH = 8.6
_DROP = 42.0
_GOAL = 36.0
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
