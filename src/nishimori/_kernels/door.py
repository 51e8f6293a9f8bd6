"""Integrals over the field of a door label, each half of the axis around its own edge.

For w = omega + c_0 > 0, a = (K - w)/sqrt(V) and c = (K + w)/sqrt(V), the less probable label has
probability phi(a) R with R made of Mills ratios, and d Z = phi(a) (1 - e^{-2 K w/V})/sqrt(V)
up to sign, so every integrand contains phi(a). With the law of omega,
N(omega; 0, s2) phi(a) is a Gaussian in t = (w - m)/tau, tau^2 = s2 V/(s2 + V), whose mean and
width are formed without cancellation; what is left varies slowly in t. The other half is the
same with -c_0. Gauss-Legendre panels; the first ones are short where w = 0 is in reach, because
the two edges meet there.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI, mills_of, normal_cdf, normal_density

__all__ = ["errors", "information"]

_REACH = 8.75
_LONGEST = 4.4
_ROOM = 40


@compiled("float64(float64, float64)")
def interval(middle, half):
    """Phi(middle + half) - Phi(middle - half) for half <= 0.5, over phi(middle): its series."""
    before = 0.0
    now = 1.0
    power = 2.0 * half
    total = power
    for n in range(1, 17):
        after = -middle * now - (n - 1) * before
        before = now
        now = after
        power *= half / (n + 1)
        if n % 2 == 0:
            total += power * now
    return total


@compiled("float64(float64, float64, float64, float64, float64, float64)")
def tail(k, u, a, e, first, second):
    """The factored label's probability over phi(a); e = exp(-2 k u), Mills ratios of |a| and c.

    The label is +1 outside the door, or everywhere if the door is narrow, and -1 inside.
    """
    if k <= 0.5 and 2.0 * k * u <= 1.0:
        # phi(u)/phi(a) = exp((a^2 - u^2)/2), a = k - u
        return interval(u, k) * math.exp(0.5 * k * (k - 2.0 * u))
    if a >= 0.0:
        return first + e * second
    return first - e * second


@compiled("int64(float64, float64, float64, float64[::1])")
def panels(low, turn, sharpness, cuts):
    """Cuts of [low, reach]; short panels at a low end nearer than the reach; one cut at `turn`."""
    count = 1
    cuts[0] = low
    width = _LONGEST
    if low > -_REACH and sharpness * _LONGEST > 1.5:
        width = max(0.4, 1.5 / sharpness)
    while cuts[count - 1] < _REACH:
        left = cuts[count - 1]
        step = min(width, _REACH - left)
        if _REACH - left > width and _REACH - left < 2.0 * width:
            step = 0.5 * (_REACH - left)
        right = left + step
        if left < turn < right:
            right = turn
        if right > _REACH - 1e-9:
            right = _REACH
        cuts[count] = right
        count += 1
        width = min(_LONGEST, 1.8 * width)
    return count


@compiled(
    "UniTuple(float64, 2)(float64, float64, float64, float64, float64, float64, float64,"
    "float64[::1], float64[::1], float64[::1], float64[:, ::1])"
)
def half_axis(offset, threshold, s2, v, copies, turn, reach, nodes, weights, cuts, grid):
    """Rows of grid: weight, u, a, two Mills ratios; the number of panels, the prefactor."""
    total = s2 + v
    root = math.sqrt(v)
    share = s2 / total
    rest = v / total
    tau = math.sqrt(share)
    k = threshold / root
    shift = offset / root
    centre = shift * rest + k * share
    edge = (k - shift) * rest
    low = -reach
    if centre <= reach * tau:
        low = 0.0 if tau == 0.0 and centre == 0.0 else -centre / tau
    if low >= reach:
        return 0.0, 0.0
    stop = math.inf if tau == 0.0 else (edge - turn) / tau
    pieces = panels(low, stop, k * tau, cuts) - 1
    order = nodes.size
    for p in range(pieces):
        length = cuts[p + 1] - cuts[p]
        for j in range(order):
            n = p * order + j
            t = cuts[p] + 0.5 * length * (1.0 + nodes[j])
            grid[0, n] = 0.5 * length * weights[j] * INVERSE_SQRT_2PI * math.exp(-0.5 * t * t)
            grid[1, n] = max(0.0, centre + tau * t)
            grid[2, n] = edge - tau * t
            grid[3, n] = abs(grid[2, n])
            grid[4, n] = k + grid[1, n]
    count = pieces * order
    mills_of(grid[3], count, grid[5], grid[7:])
    mills_of(grid[4], count, grid[6], grid[7:])
    prefactor = math.sqrt(rest) * normal_density((k - shift) * math.sqrt(rest))
    return float(pieces), prefactor * copies


@compiled(
    "UniTuple(float64[::1], 3)"
    "(float64[::1], float64[::1], float64, float64, float64[::1], float64[::1], float64[::1])"
)
def information(signal, variance, threshold, offset, nodes, weights, top):
    """Fisher information, entropy E[Z ln Z + Z' ln Z'], relative error estimate of the former.

    ``top`` is the last Legendre polynomial that the rule resolves, at its nodes: the rule's error
    is about the square of that coefficient.
    """
    size = signal.size
    fisher = np.empty(size)
    entropy = np.empty(size)
    error = np.empty(size)
    order = nodes.size
    cuts = np.empty(_ROOM)
    grid = np.empty((9, _ROOM * order))
    halves = 1 if offset == 0.0 else 2
    for i in range(size):
        if not signal[i] + variance[i] < math.inf:
            fisher[i] = entropy[i] = error[i] = math.nan
            continue
        if variance[i] == 0.0:
            fisher[i] = math.inf if signal[i] > 0.0 else 0.0
            entropy[i] = 0.0
            error[i] = 0.0
            continue
        k = threshold / math.sqrt(variance[i])
        fisher[i] = 0.0
        entropy[i] = 0.0
        gap = 0.0
        for half in range(halves):
            pieces, prefactor = half_axis(
                offset if half == 0 else -offset,
                threshold,
                signal[i],
                variance[i],
                2.0 / halves,
                -math.inf,
                _REACH,
                nodes,
                weights,
                cuts,
                grid,
            )
            for p in range(int(pieces)):
                slope = 0.0
                high = 0.0
                content = 0.0
                for j in range(order):
                    n = p * order + j
                    u = grid[1, n]
                    a = grid[2, n]
                    rise = -math.expm1(-2.0 * k * u)
                    part = tail(k, u, a, 1.0 - rise, grid[5, n], grid[6, n])
                    density = normal_density(a)
                    less = density * part
                    g = grid[0, n] * rise * rise / (part * (1.0 - less))
                    slope += g
                    high += g * top[j]
                    log_part = math.log(INVERSE_SQRT_2PI * part) - 0.5 * a * a
                    s = -part if less < 1e-17 else (1.0 - less) * math.log1p(-less) / density
                    content += grid[0, n] * (part * log_part + s)
                fisher[i] += prefactor * slope / variance[i]
                gap += prefactor * abs(high) / variance[i]
                entropy[i] += prefactor * content
        ratio = 0.0 if fisher[i] == 0.0 else gap / fisher[i]
        error[i] = ratio * ratio + 4e-15
    return fisher, entropy, error


@compiled("float64(float64)")
def even_odds(k):
    """a at which both labels are as probable; -inf if +1 never is the more probable."""
    if normal_cdf(-k) >= 0.25:
        return -math.inf
    low = 0.0
    high = min(k, 1.0)
    for _ in range(60):
        a = 0.5 * (low + high)
        if normal_cdf(a) - normal_cdf(a - 2.0 * k) < 0.5:
            low = a
        else:
            high = a
    return 0.5 * (low + high)


@compiled(
    "UniTuple(float64[::1], 2)"
    "(float64[::1], float64[::1], float64, float64, float64[::1], float64[::1])"
)
def errors(signal, variance, threshold, offset, nodes, weights):
    """E Z_+ Z_- and E min(Z_+, Z_-), cut where both are equal."""
    size = signal.size
    pair = np.zeros(size)
    wrong = np.zeros(size)
    order = nodes.size
    cuts = np.empty(_ROOM)
    grid = np.empty((9, _ROOM * order))
    halves = 1 if offset == 0.0 else 2
    for i in range(size):
        if variance[i] == 0.0:
            continue
        k = threshold / math.sqrt(variance[i])
        turn = even_odds(k)
        for half in range(halves):
            pieces, prefactor = half_axis(
                offset if half == 0 else -offset,
                threshold,
                signal[i],
                variance[i],
                2.0 / halves,
                turn,
                _REACH,
                nodes,
                weights,
                cuts,
                grid,
            )
            for n in range(int(pieces) * order):
                u = grid[1, n]
                a = grid[2, n]
                part = tail(k, u, a, math.exp(-2.0 * k * u), grid[5, n], grid[6, n])
                density = normal_density(a)
                rest = 1.0 - density * part
                pair[i] += prefactor * grid[0, n] * part * rest
                plus_is_part = a < 0.0 or (k <= 0.5 and 2.0 * k * u <= 1.0)
                plus_is_less = turn == -math.inf or a < turn
                wrong[i] += (
                    prefactor
                    * grid[0, n]
                    * (part if plus_is_part == plus_is_less else rest / density)
                )
    return pair, wrong
