"""Integrals over the field of a sign label: trapezoid sums around the Gaussian that rules them.

With u = omega / sqrt(V'), u ~ N(0, sigma^2) and a known shift o, every integrand contains
N(w; o, sigma^2) phi(w) = N(o; 0, 1 + sigma^2) N(w; o b, a), w = u + o, where
a = sigma^2/(1 + sigma^2) = s2/(s2 + V') and b = 1 - a = V'/(s2 + V') are formed without
cancellation. What is left is smooth and varies slowly, so sums over t = (w - o b)/sqrt(a)
converge exponentially: step 0.4 without flips, 0.125 with them (the label's flips put
singularities of the integrand at a distance 1/w from the real axis).
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import (
    INVERSE_SQRT_2PI,
    mills,
    mills_of,
    normal_density,
)

__all__ = ["information", "pair_overlap", "wrong_side"]

_REACH = 8.75


@compiled("UniTuple(float64[::1], 3)(float64[::1], float64[::1], float64, float64, float64)")
def information(signal, variance, noise, flip, offset):
    """Fisher information, entropy E[Z ln Z + Z' ln Z'], relative error estimate of the former."""
    size = signal.size
    fisher = np.empty(size)
    entropy = np.empty(size)
    error = np.empty(size)
    if flip < 1e-290:
        flip = 0.0  # beyond all digits, and its reciprocal is no number
    keep = 1.0 - 2.0 * flip
    coin = 0.0
    tilt = 0.0
    if flip > 0.0:
        coin = flip * math.log(flip) + (1.0 - flip) * math.log1p(-flip)
        tilt = math.log(flip) - math.log1p(-flip)
    step = 0.125 if flip > 0.0 else 0.4
    room = int(4.0 * _REACH / step) + 8
    w = np.empty(room)
    weight = np.empty(room)
    ratio = np.empty(room)
    gauss = np.empty(room)
    for k in range(room):
        t = k * step
        gauss[k] = step * INVERSE_SQRT_2PI * math.exp(-0.5 * t * t)
    work = np.empty((2, room))
    for i in range(size):
        total_variance = variance[i] + noise
        total = signal[i] + total_variance
        if not total < math.inf:
            fisher[i] = entropy[i] = error[i] = math.nan
            continue
        if total_variance == 0.0:
            fisher[i] = math.inf if keep != 0.0 else 0.0
            entropy[i] = coin
            error[i] = 0.0
            continue
        shift = offset / math.sqrt(total_variance)
        a = signal[i] / total
        b = total_variance / total
        tau = math.sqrt(a)
        centre = shift * b
        low = -_REACH
        high = _REACH
        if flip > 0.0 and centre != 0.0 and tau > 0.0:
            # far out, 1/(Z Z') no longer makes up for one factor phi(w)
            inner = (shift * b / (b + 2.0 * a) - centre) / tau
            low = max(min(low, inner - _REACH), -3.0 * _REACH)
            high = min(max(high, inner + _REACH), 3.0 * _REACH)
        first = int(math.floor(low / step))
        last = int(math.ceil(high / step))
        symmetric = centre == 0.0
        if symmetric:
            first = 0
        count = last - first + 1
        for k in range(count):
            w[k] = abs(centre + tau * ((first + k) * step))
            weight[k] = gauss[abs(first + k)]
        if symmetric:
            for k in range(1, count):
                weight[k] *= 2.0
        mills_of(w, count, ratio, work)
        slope = 0.0
        slope_coarse = 0.0
        content = 0.0
        for k in range(count):
            if symmetric:  # w <= _REACH: the rounding of w^2 is harmless
                density = INVERSE_SQRT_2PI * math.exp(-0.5 * w[k] * w[k])
            else:
                density = normal_density(w[k])
            tail = density * ratio[k]
            x = keep * tail
            above = 1.0 - flip - x
            if flip == 0.0:
                g = 1.0 / (above * ratio[k])
                # ln Phi(-w) = -w^2/2 - ln sqrt(2 pi) + ln M(w)
                s = ratio[k] * (-0.5 * w[k] * w[k] + math.log(INVERSE_SQRT_2PI * ratio[k]))
                s -= ratio[k] if tail < 1e-17 else above * -math.log1p(-tail) / density
            else:
                g = density / (above * (flip + x))
                s = keep * ratio[k] * tilt
                if x > 1e-300:
                    first_part = above * math.log1p(-x / (1.0 - flip))
                    second_part = (flip + x) * math.log1p(x / flip)
                    s += (first_part + second_part) / density
            slope += weight[k] * g
            if (first + k) % 2 == 0:
                slope_coarse += 2.0 * weight[k] * g
            content += weight[k] * s
        prefactor = math.sqrt(b) * normal_density(shift * math.sqrt(b))
        fisher[i] = keep * keep * prefactor * slope / total_variance
        entropy[i] = coin + prefactor * content
        gap = 0.0 if slope == 0.0 else abs(slope - slope_coarse) / slope
        error[i] = gap * gap + 2e-15
    return fisher, entropy, error


@compiled("float64[::1](float64[::1], float64[::1], float64)")
def pair_overlap(signal, variance, offset):
    """4 E[Phi(w) Phi(-w)]: one minus the mean square of the posterior mean of a clean sign."""
    out = np.empty(signal.size)
    step = 0.4
    count = int(math.ceil(_REACH / step))
    for i in range(signal.size):
        total = signal[i] + variance[i]
        a = signal[i] / total
        b = variance[i] / total
        if offset == 0.0:
            out[i] = 2.0 / math.pi * math.atan2(math.sqrt(b * (b + 2.0 * a)), a)
            continue
        if variance[i] == 0.0:
            out[i] = 0.0
            continue
        shift = offset / math.sqrt(variance[i])
        tau = math.sqrt(a)
        total_sum = 0.0
        for k in range(-count, count + 1):
            t = k * step
            w = abs(shift * b + tau * t)
            ratio = mills(w)
            both = (1.0 - normal_density(w) * ratio) * ratio
            total_sum += step * INVERSE_SQRT_2PI * math.exp(-0.5 * t * t) * both
        out[i] = 4.0 * math.sqrt(b) * normal_density(shift * math.sqrt(b)) * total_sum
    return out


@compiled("float64[::1](float64[::1], float64[::1], float64, float64[::1], float64[::1])")
def wrong_side(signal, variance, offset, rule_nodes, rule_weights):
    """E Phi(-|w|): how often a clean sign differs from the more probable one."""
    out = np.empty(signal.size)
    width = 2.5
    for i in range(signal.size):
        total = signal[i] + variance[i]
        a = signal[i] / total
        b = variance[i] / total
        if offset == 0.0:
            out[i] = math.atan2(math.sqrt(b), math.sqrt(a)) / math.pi
            continue
        if variance[i] == 0.0:
            out[i] = 0.0
            continue
        shift = offset / math.sqrt(variance[i])
        tau = math.sqrt(a)
        centre = shift * b
        crossing = 10.0 if tau == 0.0 else max(-10.0, min(10.0, -centre / tau))
        total_sum = 0.0
        for side in range(2):
            start = -10.0 if side == 0 else crossing
            end = crossing if side == 0 else 10.0
            if end <= start:
                continue
            pieces = int(math.ceil((end - start) / width))
            length = (end - start) / pieces
            for p in range(pieces):
                for j in range(rule_nodes.size):
                    t = start + length * (p + 0.5 * (1.0 + rule_nodes[j]))
                    weight = 0.5 * length * rule_weights[j] * normal_density(t)
                    total_sum += weight * mills(abs(centre + tau * t))
        out[i] = math.sqrt(b) * normal_density(shift * math.sqrt(b)) * total_sum
    return out
