"""Noiseless readouts some of whose labels several sloped pieces can make.

Densities end sharply at the images of the breakpoints, so fields and labels are integrated on
Gauss-Legendre panels cut there, a few widths long. More than `_REACH` sqrt(V) away from every
breakpoint a label tells the field or nothing, exactly, and only the rest is integrated. Fields
are kept as breakpoint + distance and labels as image + distance.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.affine_fields import interval_probability
from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = ["information"]

_REACH = 8.5


@compiled("float64(float64)")
def _density(x):
    return INVERSE_SQRT_2PI * math.exp(-0.5 * x * x)


@compiled(
    "Tuple((float64[:, ::1], int64))(float64, float64, float64, float64[::1], float64, boolean)"
)
def _field_panels(signal, variance, offset, breaks, length, folded):
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
def _far_probability(piece, signal, variance, offset, breaks, folded):
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
    "UniTuple(float64, 2)(float64, float64, float64, float64[::1], float64[::1], float64[::1])"
)
def _atoms(anchor, shift, root, breaks, slopes, intercepts):
    """What the values of flat pieces give to the sums of (dP)^2/P and P ln P."""
    pieces = slopes.size
    slope = 0.0
    content = 0.0
    for k in range(pieces):
        if slopes[k] != 0.0:
            continue
        done = False
        p = 0.0
        dp = 0.0
        for i in range(pieces):
            if slopes[i] != 0.0 or intercepts[i] != intercepts[k]:
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
            slope += dp * (dp / p)
            content += p * math.log(p)
    return slope, content


@compiled(
    "UniTuple(float64, 2)(float64, float64, float64, float64[::1], float64[::1],"
    "float64[::1], float64[::1], float64[::1], float64, float64[:, ::1])"
)
def _label_integrals(
    anchor, shift, variance, breaks, slopes, intercepts, nodes, weights, length, work
):
    """The integrals of (dZ)^2/Z and of Z ln Z over labels, at the field anchor + shift."""
    pieces = slopes.size
    root = math.sqrt(variance)
    reach = _REACH * root
    # the interval of labels that each sloped piece can make
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
        work[0, k] = 1.0 if high > low and a != 0.0 else 0.0
        if work[0, k] == 0.0:
            continue
        centre = a * anchor + intercepts[k] + a * shift
        end1 = centre + a * low
        end2 = centre + a * high
        if k > 0 and low > -reach:
            end1 = a * breaks[k - 1] + intercepts[k]
        if k < pieces - 1 and high < reach:
            end2 = a * breaks[k] + intercepts[k]
        work[1, k] = min(end1, end2)
        work[2, k] = max(end1, end2)
        work[3, k] = abs(a) * root
        first = min(first, work[1, k])
        last = max(last, work[2, k])
    slope, content = _atoms(anchor, shift, root, breaks, slopes, intercepts)
    y = first
    tiny = 1e-15 * (abs(first) + abs(last))
    while y < last - tiny:
        # the next panel: as long as the pieces here allow, up to where one starts or ends
        step = math.inf
        stop = last
        inside = False
        skip = last
        for k in range(pieces):
            if work[0, k] == 0.0:
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
                if work[0, k] == 0.0 or middle < work[1, k] or middle > work[2, k]:
                    continue
                a = slopes[k]
                residual = ((nearest - intercepts[k]) - a * anchor) + label - a * shift
                scaled = residual / work[3, k]
                normal = _density(scaled) / work[3, k]
                z += normal
                dz += normal * scaled * a / work[3, k]
            if z > 0.0:
                weight = 0.5 * extent * weights[i]
                slope += weight * dz * (dz / z)
                content += weight * z * math.log(z)
        y = end
    return slope, content


@compiled(
    "UniTuple(float64[::1], 2)(float64[::1], float64[::1], float64, float64[::1],"
    "float64[::1], float64[::1], boolean, float64[::1], float64[::1], float64)"
)
def information(signal, variance, offset, breaks, slopes, intercepts, even, nodes, weights, length):
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
            anchor = breaks[np.argmin(np.abs(breaks - offset))]
            fisher[i], entropy[i] = _label_integrals(
                anchor, offset - anchor, v, breaks, slopes, intercepts, nodes, weights, length, work
            )
            if folded:
                fisher[i] = 0.0
            continue
        total = 0.0
        content = 0.0
        for k in range(pieces):
            probability = _far_probability(k, s2, v, offset, breaks, folded)
            if probability > 0.0 and slopes[k] != 0.0:
                total += probability / v
                width = abs(slopes[k]) * math.sqrt(v)
                content -= probability * (0.5 * math.log(2.0 * math.pi * math.e) + math.log(width))
        panels, count = _field_panels(s2, v, offset, breaks, length, folded)
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
                    panels[c, 0], shift, v, breaks, slopes, intercepts, nodes, weights, length, work
                )
                total += weight * f
                content += weight * e
        fisher[i] = twice * total
        entropy[i] = twice * content
    return fisher, entropy
