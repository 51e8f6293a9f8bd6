"""Piecewise affine readouts without noise.

A label made by one sloped piece alone tells the field: its share is a moment of a Gaussian.
Flat pieces make atoms, whose sums over omega live within reach of the breakpoints. A fold
|h - t| leaves the sign of the distance x = |h - t| open: with p = x omega/V, omega from t,

    V F = 1 - E [(2 x)^2/V N_+ N_-/(N_+ + N_-)] = E (x tanh p - omega)^2/V,

the first for large s2/V and the second, which does not cancel, for small.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.affine_fields import (
    REACH,
    SINH_STEP,
    extrapolated,
    field_nodes,
    interval_probability,
    zone_end,
)
from nishimori._kernels.compiled import compiled
from nishimori._kernels.elementwise import exp_of, log_of
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = ["fold", "unshared"]

_HALF_LOG = 0.91893853320467274  # ln(2 pi) / 2


@compiled("float64(float64)")
def _density(x):
    return INVERSE_SQRT_2PI * math.exp(-0.5 * x * x)


@compiled("float64(float64)")
def _times_density(x):
    return x * _density(x) if abs(x) < 40.0 else 0.0


@compiled(
    "UniTuple(float64[::1], 3)(float64[::1], float64[::1], float64, float64[::1], float64[::1],"
    "int64[::1], int64, boolean, float64)"
)
def unshared(signal, variance, offset, breaks, slopes, atom, atoms, even, detail):
    """Fisher, entropy and relative error where every label is an atom or tells the field.

    ``atom[k]`` numbers the value of a flat piece, and is negative for a sloped one.
    """
    size = signal.size
    pieces = slopes.size
    result = np.zeros((3, size))
    folded = even and offset == 0.0
    fields = np.empty((2, 64 + int((60.0 + 400.0 * breaks.size) / detail)))
    share = np.empty(atoms)
    slope = np.empty(atoms)
    for i in range(size):
        s2 = signal[i]
        v = variance[i]
        root = math.sqrt(v)
        whole = s2 < v
        spread = math.sqrt(s2 + v)
        fisher = 0.0
        entropy = 0.0
        for k in range(pieces):
            if atom[k] >= 0:
                continue
            low = (breaks[k - 1] - offset) / spread if k > 0 else -math.inf
            high = (breaks[k] - offset) / spread if k < pieces - 1 else math.inf
            chance = interval_probability(low, high)
            square = chance + (_times_density(low) - _times_density(high))
            part = (square + s2 / v * chance) / (s2 + v)
            fisher += part
            entropy -= (_HALF_LOG + math.log(root) + math.log(abs(slopes[k]))) * chance
            entropy -= 0.5 * v * part
        error = 0.0
        start = 0
        while start < breaks.size and atoms > 0:
            stop = breaks.size - 1 if whole else zone_end(breaks, start, root)
            mirror = 0 if whole else start + stop - (breaks.size - 1)
            if not folded or mirror <= 0:
                anchor, count, begin = field_nodes(
                    s2, v, offset, breaks, start, stop, whole, start < stop, False,
                    folded and mirror == 0, detail, fields[0], fields[1],
                )  # fmt: skip
                twice = 2.0 if folded and mirror < 0 else 1.0
                full = 0.0
                half = 0.0
                quarter = 0.0
                for n in range(count):
                    share[:] = 0.0
                    slope[:] = 0.0
                    for k in range(start, stop + 2):
                        if atom[k] < 0:
                            continue
                        low = -math.inf
                        high = math.inf
                        if k > 0:
                            low = ((breaks[k - 1] - anchor) - fields[0, n]) / root
                        if k < pieces - 1:
                            high = ((breaks[k] - anchor) - fields[0, n]) / root
                        share[atom[k]] += interval_probability(low, high)
                        slope[atom[k]] += _density(low) - _density(high)
                    value = 0.0
                    for g in range(atoms):
                        if share[g] > 0.0:
                            value += slope[g] * (slope[g] / share[g])
                            entropy += twice * fields[1, n] * share[g] * math.log(share[g])
                    value *= twice * fields[1, n] / v
                    full += value
                    if (begin + n) % 2 == 0:
                        half += 2.0 * value
                    if (begin + n) % 4 == 0:
                        quarter += 4.0 * value
                fisher += full
                if s2 > 0.0:
                    error += extrapolated(full, half, quarter, 1.5 if start < stop else 1.75)
            start = stop + 1
        result[0, i] = fisher
        result[1, i] = entropy
        result[2, i] = error / fisher if fisher > 0.0 else 0.0
    return result[0], result[1], result[2]


@compiled(
    "Tuple((int64, int64))(float64, float64, float64, boolean, float64, float64[::1],float64[::1])"
)
def _fold_fields(signal, variance, distance, direct, detail, field, weight):
    """Nodes omega >= 0 from the fold, with the weights of both signs."""
    root = math.sqrt(variance)
    sigma = math.sqrt(signal)
    away = abs(distance)
    high = away + REACH * sigma
    if not direct:
        share = variance / (signal + variance)
        high = min(high, max(REACH * root, away * share + REACH * sigma * math.sqrt(share)))
    graded = away <= 2.0 * sigma or sigma >= root
    unit = 0.5 * min(sigma, root)
    step = detail * (SINH_STEP if graded else min(0.6 * sigma, 0.1 * root))
    start = 0 if graded else max(0, int((away - REACH * sigma) / step))
    count = 0
    i = start
    while count < field.size:
        if graded:
            grown = math.exp(step * i)
            x = 0.5 * unit * (grown - 1.0 / grown)
            width = 0.5 * unit * step * (grown + 1.0 / grown)
        else:
            x = step * i
            width = step
        if x > high:
            break
        near = (x - away) / sigma
        far = (x + away) / sigma
        field[count] = x
        weight[count] = (width / sigma) * (_density(near) + _density(far))
        if i == 0:
            weight[count] *= 0.5
        count += 1
        i += 1
    return count, start


@compiled(
    "UniTuple(float64[::1], 3)(float64[::1], float64[::1], float64, float64, float64, float64)"
)
def fold(signal, variance, offset, point, slope, detail):
    """Fisher, entropy and relative error of slope |h - point|."""
    size = signal.size
    result = np.zeros((3, size))
    room = 64 + int(600.0 / detail)
    field = np.empty(room)
    weight = np.empty(room)
    label = np.empty(room)
    share = np.empty(room)
    near = np.empty(room)
    odds = np.empty(room)
    both = np.empty(room)
    values = np.empty(room)
    work = np.empty((2, room))
    sums = np.empty((4, room))
    for i in range(size):
        s2 = signal[i]
        v = variance[i]
        root = math.sqrt(v)
        distance = offset - point
        direct = distance * distance + s2 < v
        if s2 > 0.0:
            count, begin = _fold_fields(s2, v, distance, direct, detail, field, weight)
        else:
            count, begin = 1, 1
            field[0], weight[0] = abs(distance), 1.0
        high = REACH
        if direct:
            high += field[count - 1] / root
        size_x = 0
        while size_x < room:
            grown = math.exp(SINH_STEP * detail * size_x)
            x = 0.25 * (grown - 1.0 / grown)
            if x > high:
                break
            label[size_x] = x
            share[size_x] = 0.25 * (grown + 1.0 / grown) * SINH_STEP * detail
            size_x += 1
        share[0] *= 0.5
        sums[:, :size_x] = 0.0
        for n in range(count):
            u = field[n] / root
            for m in range(size_x):
                x = label[m]
                odds[m] = -2.0 * x * u
                near[m] = -0.5 * (x - u) * (x - u)
            exp_of(odds, size_x, both)
            exp_of(near, size_x, work[0])
            for m in range(size_x):
                odds[m] = both[m]
                near[m] = work[0, m]
                both[m] += 1.0
            log_of(both, size_x, work[0], work[1])
            w = weight[n] * INVERSE_SQRT_2PI
            if direct:
                for m in range(size_x):
                    work[1, m] = label[m] * math.tanh(label[m] * u) - u
                for m in range(size_x):
                    density = near[m] * both[m]
                    away = label[m] - u
                    values[m] = w * density * work[1, m] * work[1, m]
                    sums[1, m] += w * density * (work[0, m] - 0.5 * away * away - _HALF_LOG)
            else:
                for m in range(size_x):
                    x = label[m]
                    values[m] = w * (-4.0 * x * x * near[m] * odds[m] / both[m])
                    less = odds[m] * (2.0 * x * u + work[0, m])
                    sums[1, m] += w * near[m] * (work[0, m] + less)
            for m in range(size_x):
                sums[0, m] += values[m]
            if (begin + n) % 2 == 0:
                for m in range(size_x):
                    sums[2, m] += 2.0 * values[m]
            if (begin + n) % 4 == 0:
                for m in range(size_x):
                    sums[3, m] += 4.0 * values[m]
        full = np.zeros(5)
        content = 0.0
        for m in range(size_x):
            value = share[m] * sums[0, m]
            full[0] += value
            content += share[m] * sums[1, m]
            full[1] += share[m] * sums[2, m]
            full[2] += share[m] * sums[3, m]
            if m % 2 == 0:
                full[3] += 2.0 * value
            if m % 4 == 0:
                full[4] += 4.0 * value
        fisher = full[0] if direct else 1.0 + full[0]
        error = extrapolated(full[0], full[3], full[4], 2.0)
        if s2 > 0.0:
            error += extrapolated(full[0], full[1], full[2], 2.0)
        if not direct:
            content -= 0.5 + _HALF_LOG
        result[0, i] = fisher / v
        result[1, i] = content - math.log(root) - math.log(abs(slope))
        result[2, i] = error / fisher if fisher > 0.0 else 0.0
    return result[0], result[1], result[2]
