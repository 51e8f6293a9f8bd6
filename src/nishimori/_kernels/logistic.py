"""Integrals over the field of a logistic label.

The less probable label at w = omega + c_0 has Z = E sigma(-(|w| + sqrt(V) z)), a sum of positive
terms. For V <= 9 it is a trapezoid sum over z, whose step keeps away from the poles of sigma at
+-i pi; for larger V the step at 0 is taken out, Z = Phi(-|w|/sqrt(V)) + a Gauss-Legendre sum over
the field t in [0, 40], again of positive terms. The sum over omega is a trapezoid sum with a step
from the width of the product of the law of omega with the range in which a label is uncertain.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI, normal_cdf

__all__ = ["errors", "information"]

_REACH = 8.75
_STEP = 0.4
_WIDE = 9.0


@compiled(
    "UniTuple(float64, 2)(float64, float64, float64[::1], float64[::1], float64[::1], int64,"
    "float64[::1])"
)
def label(w, v, field, below, slope, count, gauss):
    """Z of the less probable label at w >= 0, and the slope of Z_+."""
    root = math.sqrt(v)
    z = 0.0
    d = 0.0
    if v > _WIDE:
        scale = 1.0 / root
        for j in range(field.size):
            x = (field[j] - w) * scale
            y = (field[j] + w) * scale
            left = math.exp(-0.5 * x * x)
            right = math.exp(-0.5 * y * y)
            z += below[j] * (left - right)
            d += slope[j] * (left + right)
        scale *= INVERSE_SQRT_2PI
        return normal_cdf(-w / root) + scale * z, scale * d
    if v == 0.0:
        e = math.exp(-w)
        return e / (1.0 + e), e / (1.0 + e) / (1.0 + e)
    step = _STEP / max(1.0, root)
    for j in range(count):
        h = w + root * (_REACH - j * step)
        e = math.exp(-abs(h))
        g = gauss[j] / (1.0 + e)
        z += g * e if h > 0.0 else g
        d += g * e / (1.0 + e)
    return z, d


@compiled("int64(float64, float64[::1])")
def fill(v, gauss):
    """Weights of the trapezoid sum over z from its upper end down; how many."""
    root = math.sqrt(v)
    step = _STEP / max(1.0, root)
    count = int((2.0 * _REACH + root) / step) + 2
    if v > _WIDE:
        return 0
    for j in range(count):
        z = _REACH - j * step
        gauss[j] = step * INVERSE_SQRT_2PI * math.exp(-0.5 * z * z)
    return count


@compiled(
    "UniTuple(float64[::1], 3)"
    "(float64[::1], float64[::1], float64, float64[::1], float64[::1], float64[::1])"
)
def information(signal, variance, offset, field, below, slope):
    """Fisher information, entropy E[Z ln Z + Z' ln Z'], relative error estimate of the former."""
    size = signal.size
    fisher = np.empty(size)
    entropy = np.empty(size)
    error = np.empty(size)
    gauss = np.empty(400)
    shift = abs(offset)
    for i in range(size):
        s2 = signal[i]
        v = variance[i]
        if not s2 + v < math.inf:
            fisher[i] = entropy[i] = error[i] = math.nan
            continue
        count = fill(v, gauss)
        root = math.sqrt(s2)
        soft = v + 1.0
        step = _STEP * math.sqrt(s2 * soft / (s2 + soft))
        first = 0
        last = 0
        if s2 > 0.0:
            limit = 45.0 + _REACH * math.sqrt(v)
            low = -min(_REACH * root + min(shift, s2 + shift * s2 / (s2 + soft)), limit + shift)
            high = max(min(_REACH * root, limit - shift), low)
            first = 0 if shift == 0.0 else int(math.floor(low / step))
            last = int(math.ceil(high / step))
        total = 0.0
        coarse = 0.0
        content = 0.0
        for k in range(first, last + 1):
            weight = 1.0
            if s2 > 0.0:
                x = k * step / root
                weight = step / root * INVERSE_SQRT_2PI * math.exp(-0.5 * x * x)
                if shift == 0.0 and k > 0:
                    weight *= 2.0
            z, d = label(abs(shift + k * step), v, field, below, slope, count, gauss)
            if not z > 0.0:
                continue
            g = weight * d * d / (z * (1.0 - z))
            s = weight * (z * math.log(z) + (1.0 - z) * math.log1p(-z))
            total += g
            if k % 2 == 0:
                coarse += 2.0 * g
            content += s
            if shift == 0.0 and g < 1e-18 * total and -s < 1e-18 * -content:
                break
        fisher[i] = total
        entropy[i] = content
        gap = 0.0 if s2 == 0.0 or total == 0.0 else abs(total - coarse) / total
        error[i] = gap * gap + 4e-15
    return fisher, entropy, error


@compiled(
    "UniTuple(float64[::1], 2)"
    "(float64[::1], float64[::1], float64, float64[::1], float64[::1], float64[::1],"
    "float64[::1], float64[::1])"
)
def errors(signal, variance, offset, field, below, slope, nodes, weights):
    """E Z_+ Z_- and E min(Z_+, Z_-), by panels on either side of w = 0."""
    size = signal.size
    pair = np.zeros(size)
    wrong = np.zeros(size)
    gauss = np.empty(400)
    shift = abs(offset)
    for i in range(size):
        s2 = signal[i]
        v = variance[i]
        count = fill(v, gauss)
        if s2 == 0.0:
            z, _ = label(shift, v, field, below, slope, count, gauss)
            pair[i] = z * (1.0 - z)
            wrong[i] = z
            continue
        root = math.sqrt(s2)
        soft = v + 1.0
        width = 2.5 * math.sqrt(s2 * soft / (s2 + soft))
        reach = _REACH * root + min(shift, s2 + shift * s2 / (s2 + soft))
        low = max(0.0, shift - reach)
        high = max(low, min(shift + _REACH * root, 45.0 + _REACH * math.sqrt(v)))
        pieces = int(math.ceil((high - low) / width))
        for p in range(pieces):
            length = (high - low) / pieces
            for j in range(nodes.size):
                w = low + length * (p + 0.5 * (1.0 + nodes[j]))
                x = (w - shift) / root
                y = (w + shift) / root
                weight = math.exp(-0.5 * x * x) + math.exp(-0.5 * y * y)
                weight *= 0.5 * length * weights[j] * INVERSE_SQRT_2PI / root
                z, _ = label(w, v, field, below, slope, count, gauss)
                pair[i] += weight * z * (1.0 - z)
                wrong[i] += weight * z
    return pair, wrong
