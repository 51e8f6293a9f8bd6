"""Integrals over field and label of a piecewise affine readout with Gaussian noise.

On a piece a h + b of the readout, with D = a^2 V + Delta,

    int_piece N(y; a h + b, Delta) N(h; omega, V) dh = N(y; a omega + b, D) [Phi]_piece,

and its omega derivative is closed as well. More than `_REACH` sqrt(V) away from every breakpoint
the readout is affine and the label's share is a^2/D, exactly; only the rest is integrated, on
Gauss-Legendre panels as long as a few of the smallest widths there. Fields are kept as
breakpoint + distance and labels as image + distance, so narrow features keep their digits.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = ["information", "spread"]

_REACH = 8.5
_ROOT_HALF = 0.70710678118654752440


@compiled("float64(float64, float64)")
def interval_probability(low, high):
    """Phi(high) - Phi(low) for low <= high, by the tail that keeps the digits."""
    if low > 0.0:
        return 0.5 * (math.erfc(low * _ROOT_HALF) - math.erfc(high * _ROOT_HALF))
    if high < 0.0:
        return 0.5 * (math.erfc(-high * _ROOT_HALF) - math.erfc(-low * _ROOT_HALF))
    return 0.5 * (math.erf(high * _ROOT_HALF) - math.erf(low * _ROOT_HALF))


@compiled("float64(float64)")
def _density(x):
    return INVERSE_SQRT_2PI * math.exp(-0.5 * x * x)


@compiled(
    "Tuple((float64[:, ::1], int64))(float64, float64, float64, float64[::1], float64, boolean)"
)
def field_panels(signal, variance, offset, breaks, length, folded):
    """Panels (anchor, start, end) of the fields within reach of a breakpoint, and their number.

    The anchor is a breakpoint; start and end are distances from it, or from the offset where
    the signal is the smaller. `folded` keeps fields >= 0 only.
    """
    width = _REACH * math.sqrt(variance)
    spread = _REACH * math.sqrt(signal)
    longest = length * min(math.sqrt(variance), math.sqrt(signal))
    size = breaks.size
    out = np.empty((size * (int(2.0 * _REACH / length) + 4), 3))
    count = 0
    for j in range(size):
        t = breaks[j]
        start = -width
        end = width
        if j > 0:
            start = max(start, 0.5 * (breaks[j - 1] - t))
        if j + 1 < size:
            end = min(end, 0.5 * (breaks[j + 1] - t))
        if signal < variance:
            start = max(start + (t - offset), -spread)
            end = min(end + (t - offset), spread)
            if folded:
                start = max(start, 0.0)
        else:
            start = max(start, (offset - t) - spread)
            end = min(end, (offset - t) + spread)
            if folded:
                start = max(start, -t)
        if not end > start:
            continue
        cuts = int(math.ceil((end - start) / longest * (1.0 - 1e-12)))
        for c in range(cuts):
            out[count, 0] = t
            out[count, 1] = start + (end - start) * (c / cuts)
            out[count, 2] = start + (end - start) * ((c + 1) / cuts)
            count += 1
    return out, count


@compiled("float64(int64, float64, float64, float64, float64[::1], boolean)")
def far_probability(piece, signal, variance, offset, breaks, folded):
    """Probability that the field lies in a piece and out of reach of its ends."""
    width = _REACH * math.sqrt(variance)
    root = math.sqrt(signal)
    low = -math.inf
    high = math.inf
    if piece > 0:
        low = ((breaks[piece - 1] - offset) + width) / root
    if piece < breaks.size:
        high = ((breaks[piece] - offset) - width) / root
    if folded:
        low = max(low, 0.0)
    return interval_probability(low, high) if high > low else 0.0


@compiled(
    "UniTuple(float64, 2)(float64, float64, float64, float64, float64[::1], float64[::1],"
    "float64[::1], float64[::1], float64[::1], float64, float64[:, ::1])"
)
def _label_integrals(
    anchor, shift, variance, noise, breaks, slopes, intercepts, nodes, weights, length, work
):
    """The integrals of (dZ)^2/Z and of Z ln Z over labels, at the field anchor + shift."""
    pieces = slopes.size
    root = math.sqrt(variance)
    blur = math.sqrt(noise)
    reach = _REACH * root
    # the interval of labels that each piece can make
    first = math.inf
    last = -math.inf
    for k in range(pieces):
        low = -reach
        high = reach
        if k > 0:
            low = max(low, (breaks[k - 1] - anchor) - shift)
        if k < pieces - 1:
            high = min(high, (breaks[k] - anchor) - shift)
        a = slopes[k]
        work[0, k] = 1.0
        if not high > low:
            work[0, k] = 0.0
            continue
        centre = a * anchor + intercepts[k] + a * shift
        end1 = centre + a * low
        end2 = centre + a * high
        if k > 0 and low > -reach:
            end1 = a * breaks[k - 1] + intercepts[k]
        if k < pieces - 1 and high < reach:
            end2 = a * breaks[k] + intercepts[k]
        work[1, k] = min(end1, end2) - _REACH * blur
        work[2, k] = max(end1, end2) + _REACH * blur
        work[3, k] = math.sqrt(a * a * variance + noise)
        first = min(first, work[1, k])
        last = max(last, work[2, k])
    # two kinds of labels of one value take turns on a length shorter than the noise
    sharpness = 0.0
    if noise > 0.0:
        for k in range(pieces):
            if work[0, k] == 0.0:
                continue
            contrast = math.sqrt(2.0 * math.log(work[3, k] / blur))
            if k > 0:
                t = breaks[k - 1]
                jump = abs((slopes[k] - slopes[k - 1]) * t + (intercepts[k] - intercepts[k - 1]))
                if jump < 18.0 * blur and abs((t - anchor) - shift) < reach:
                    contrast = max(contrast, jump / blur)
            sharpness = max(sharpness, contrast)
    near = length * blur / (1.0 + sharpness / 3.0)
    slope = 0.0
    content = 0.0
    if noise == 0.0:
        # flat pieces are atoms; those of one height are one label
        for k in range(pieces):
            if slopes[k] != 0.0 or work[0, k] == 0.0:
                continue
            done = False
            p = 0.0
            dp = 0.0
            for i in range(pieces):
                if slopes[i] != 0.0 or work[0, i] == 0.0 or intercepts[i] != intercepts[k]:
                    continue
                if i < k:
                    done = True
                    break
                low = -math.inf
                high = math.inf
                if i > 0:
                    low = ((breaks[i - 1] - anchor) - shift) / root
                if i < pieces - 1:
                    high = ((breaks[i] - anchor) - shift) / root
                p += interval_probability(low, high)
                dp += (_density(low) - _density(high)) / root
            if not done and p > 0.0:
                slope += dp * dp / p
                content += p * math.log(p)
    y = first
    tiny = 1e-15 * (abs(first) + abs(last))
    while y < last - tiny:
        # the next panel: as long as the features here allow
        step = math.inf
        stop = last
        inside = False
        skip = last
        for k in range(pieces):
            if work[0, k] == 0.0 or (noise == 0.0 and slopes[k] == 0.0):
                continue
            if y >= work[1, k] - tiny and y < work[2, k] - tiny:
                inside = True
                step = min(step, length * work[3, k])
            if work[1, k] > y + tiny:
                skip = min(skip, work[1, k])
                stop = min(stop, work[1, k])
            if work[2, k] > y + tiny:
                stop = min(stop, work[2, k])
        if not inside:
            y = skip
            continue
        if noise > 0.0:
            for k in range(pieces):
                if work[0, k] == 0.0:
                    continue
                for side in range(2):
                    if (side == 0 and k == 0) or (side == 1 and k == pieces - 1):
                        continue
                    t = breaks[k - 1 + side]
                    if abs((t - anchor) - shift) > reach:
                        continue
                    image = slopes[k] * t + intercepts[k]
                    distance = y - image
                    if distance >= 0.0:
                        step = min(step, max(near, 0.7 * distance))
                    else:
                        # grow towards it no faster than it is near
                        step = min(step, max(near, -0.4 * distance))
        end = min(y + step, stop)
        if stop - y < 1.3 * step:
            end = stop
        # the label is image + distance from the nearest image
        middle = 0.5 * (y + end)
        best = math.inf
        nearest = 0.0
        for k in range(pieces):
            for side in range(2):
                if (side == 0 and k == 0) or (side == 1 and k == pieces - 1):
                    continue
                image = slopes[k] * breaks[k - 1 + side] + intercepts[k]
                if abs(middle - image) < best:
                    best = abs(middle - image)
                    nearest = image
        from_image = y - nearest
        extent = end - y
        for i in range(nodes.size):
            label = from_image + 0.5 * extent * (1.0 + nodes[i])
            z = 0.0
            dz = 0.0
            for k in range(pieces):
                if work[0, k] == 0.0:
                    continue
                if middle < work[1, k] or middle > work[2, k]:
                    continue
                a = slopes[k]
                spread = work[3, k]
                if spread == 0.0:
                    continue
                residual = ((nearest - intercepts[k]) - a * anchor) + label - a * shift
                scaled = residual / spread
                normal = INVERSE_SQRT_2PI * math.exp(-0.5 * scaled * scaled) / spread
                if normal == 0.0:
                    continue
                if noise == 0.0:
                    z += normal
                    dz += normal * scaled * a / spread
                    continue
                low = -math.inf
                high = math.inf
                stretch = root * blur * spread
                if k > 0:
                    away = (breaks[k - 1] - anchor) - shift
                    gap = ((nearest - intercepts[k]) - a * breaks[k - 1]) + label
                    low = (away * noise - a * variance * gap) / stretch
                if k < pieces - 1:
                    away = (breaks[k] - anchor) - shift
                    gap = ((nearest - intercepts[k]) - a * breaks[k]) + label
                    high = (away * noise - a * variance * gap) / stretch
                p = interval_probability(low, high)
                edge = _density(low) - _density(high)
                z += normal * p
                dz += normal * (p * scaled * a + edge * blur / root) / spread
            if z > 0.0:
                weight = 0.5 * extent * weights[i]
                slope += weight * dz * (dz / z)
                content += weight * z * math.log(z)
        y = end
    return slope, content


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], float64[::1], float64, float64, float64[::1],"
    "float64[::1], float64[::1], boolean, float64[::1], float64[::1], float64)"
)
def information(
    signal, variance, noise, offset, breaks, slopes, intercepts, even, nodes, weights, length
):
    """Fisher information and entropy E int Z ln Z on panels at most `length` widths long."""
    size = signal.size
    fisher = np.zeros(size)
    entropy = np.zeros(size)
    pieces = slopes.size
    work = np.zeros((4, pieces))
    folded = even and offset == 0.0
    twice = 2.0 if folded else 1.0
    for i in range(size):
        s2 = signal[i]
        v = variance[i]
        if s2 == 0.0:
            anchor = offset
            best = math.inf
            for j in range(breaks.size):
                if abs(offset - breaks[j]) < best:
                    best = abs(offset - breaks[j])
                    anchor = breaks[j]
            fisher[i], entropy[i] = _label_integrals(
                anchor,
                offset - anchor,
                v,
                noise,
                breaks,
                slopes,
                intercepts,
                nodes,
                weights,
                length,
                work,
            )
            if folded:
                fisher[i] = 0.0
            continue
        total = 0.0
        content = 0.0
        for k in range(pieces):
            probability = far_probability(k, s2, v, offset, breaks, folded)
            if probability > 0.0:
                d = slopes[k] * slopes[k] * v + noise
                if d > 0.0:
                    total += probability * slopes[k] * (slopes[k] / d)
                    content -= probability * 0.5 * math.log(2.0 * math.pi * math.e * d)
        panels, count = field_panels(s2, v, offset, breaks, length, folded)
        root = math.sqrt(s2)
        for c in range(count):
            half = 0.5 * (panels[c, 2] - panels[c, 1])
            for j in range(nodes.size):
                shift = panels[c, 1] + half * (1.0 + nodes[j])
                if s2 < v:
                    x = shift / root
                    shift += offset - panels[c, 0]
                else:
                    x = ((panels[c, 0] - offset) + shift) / root
                weight = half * weights[j] * _density(x) / root
                f, e = _label_integrals(
                    panels[c, 0],
                    shift,
                    v,
                    noise,
                    breaks,
                    slopes,
                    intercepts,
                    nodes,
                    weights,
                    length,
                    work,
                )
                total += weight * f
                content += weight * e
        fisher[i] = twice * total
        entropy[i] = twice * content
    return fisher, entropy


@compiled(
    "float64[::1](float64[::1], float64[::1], float64, float64[::1], float64[::1], float64[::1],"
    "boolean, float64[::1], float64[::1], float64)"
)
def spread(signal, variance, offset, breaks, slopes, intercepts, even, nodes, weights, length):
    """E_omega Var_z of the piecewise affine function at omega + sqrt(V) z."""
    size = signal.size
    out = np.zeros(size)
    pieces = slopes.size
    folded = even and offset == 0.0
    twice = 2.0 if folded else 1.0
    room = (int(2.0 * _REACH / length) + 2 + pieces) * nodes.size
    value = np.empty(room)
    mass = np.empty(room)
    for i in range(size):
        s2 = signal[i]
        v = variance[i]
        if v == 0.0:
            continue
        deviation = math.sqrt(v)
        root = math.sqrt(s2)
        total = 0.0
        fields = 1
        panels = np.zeros((1, 3))
        if s2 > 0.0:
            for k in range(pieces):
                probability = far_probability(k, s2, v, offset, breaks, folded)
                total += probability * slopes[k] * slopes[k] * v
            panels, fields = field_panels(s2, v, offset, breaks, length, folded)
        for c in range(fields):
            half = 0.5 * (panels[c, 2] - panels[c, 1])
            for j in range(nodes.size):
                anchor = panels[c, 0]
                shift = panels[c, 1] + half * (1.0 + nodes[j])
                weight = 1.0
                if s2 == 0.0:
                    shift = offset
                    if j > 0:
                        break
                elif s2 < v:
                    weight = half * weights[j] * _density(shift / root) / root
                    shift += offset - anchor
                else:
                    weight = half * weights[j] * _density(((anchor - offset) + shift) / root) / root
                count = 0
                mean = 0.0
                whole = 0.0
                base = math.nan
                for k in range(pieces):
                    low = -_REACH
                    high = _REACH
                    if k > 0:
                        low = max(low, ((breaks[k - 1] - anchor) - shift) / deviation)
                    if k < pieces - 1:
                        high = min(high, ((breaks[k] - anchor) - shift) / deviation)
                    if not high > low:
                        continue
                    here = slopes[k] * anchor + intercepts[k]
                    if base != base:
                        base = here
                    cuts = int(math.ceil((high - low) / length))
                    for q in range(cuts):
                        for n in range(nodes.size):
                            z = low + (high - low) * (q + 0.5 * (1.0 + nodes[n])) / cuts
                            value[count] = (here - base) + slopes[k] * (shift + deviation * z)
                            mass[count] = 0.5 * (high - low) / cuts * weights[n] * _density(z)
                            mean += mass[count] * value[count]
                            whole += mass[count]
                            count += 1
                mean /= whole
                square = 0.0
                for n in range(count):
                    square += mass[n] * (value[n] - mean) ** 2
                total += weight * square
        out[i] = twice * total if s2 > 0.0 else total
    return out
