"""The variance that is left of a piecewise affine function of the field.

At a known omega it is a sum of moments of Gaussians on intervals; where s2 >= V, a staircase of
a^2 V, blurred by V, is averaged over omega in closed form and the rest by a trapezoid sum.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.affine_fields import field_nodes, interval_probability, zone_end
from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import INVERSE_SQRT_2PI

__all__ = ["spread"]


@compiled("float64(float64)")
def _density(x):
    return INVERSE_SQRT_2PI * math.exp(-0.5 * x * x)


@compiled("float64(float64)")
def _times_density(x):
    return x * _density(x) if abs(x) < 40.0 else 0.0


@compiled(
    "float64(float64, float64, float64, float64[::1], float64[::1], float64[::1], int64, int64,"
    "boolean)"
)
def _excess(anchor, shift, root, breaks, jumps, slopes, first, last, staircase):
    """Variance of the readout over z at one field, in units of V; less the staircase of a^2.

    With the line of omega's own piece taken out, the rest is small or not beyond breakpoints.
    """
    own = first
    while own <= last and (breaks[own] - anchor) - shift <= 0.0:
        own += 1
    line = slopes[own]
    mean = 0.0
    square = 0.0
    cross = 0.0
    stairs = 0.0
    for side in range(2):
        height = 0.0
        k = own
        while True:
            if side == 0:
                if k > last:
                    break
                t = ((breaks[k] - anchor) - shift) / root
                height += jumps[k] / root - (slopes[k + 1] - slopes[k]) * t
                k += 1
                low = t
                high = ((breaks[k] - anchor) - shift) / root if k <= last else math.inf
            else:
                if k == first:
                    break
                k -= 1
                t = ((breaks[k] - anchor) - shift) / root
                height -= jumps[k] / root - (slopes[k + 1] - slopes[k]) * t
                high = t
                low = ((breaks[k - 1] - anchor) - shift) / root if k > first else -math.inf
            m0 = interval_probability(low, high)
            m1 = _density(low) - _density(high)
            m2 = m0 + (_times_density(low) - _times_density(high))
            tilt = slopes[k] - line
            mean += tilt * m1 + height * m0
            cross += tilt * m2 + height * m1
            square += tilt * tilt * m2 + 2.0 * tilt * height * m1 + height * height * m0
            stairs += (slopes[k] * slopes[k] - line * line) * m0
    out = 2.0 * line * cross + (square - mean * mean)
    return out - stairs if staircase else line * line + out


@compiled(
    "float64[::1](float64[::1], float64[::1], float64, float64[::1], float64[::1], float64[::1],"
    "boolean)"
)
def spread(signal, variance, offset, breaks, jumps, slopes, even):
    """E_omega Var_z of the piecewise affine function at omega + sqrt(V) z."""
    out = np.zeros(signal.size)
    pieces = slopes.size
    folded = even and offset == 0.0
    fields = np.empty((2, 128 + 200 * breaks.size))
    for i in range(signal.size):
        s2 = signal[i]
        v = variance[i]
        if v == 0.0:
            continue
        root = math.sqrt(v)
        whole = s2 < v
        total = 0.0
        if not whole:
            wide = math.sqrt(s2 + v)
            for k in range(pieces):
                low = (breaks[k - 1] - offset) / wide if k > 0 else -math.inf
                high = (breaks[k] - offset) / wide if k < pieces - 1 else math.inf
                total += slopes[k] * slopes[k] * interval_probability(low, high)
        start = 0
        while start < breaks.size:
            stop = breaks.size - 1 if whole else zone_end(breaks, start, root)
            mirror = 0 if whole else start + stop - (breaks.size - 1)
            if not folded or mirror <= 0:
                anchor, count, _ = field_nodes(
                    s2, v, offset, breaks, start, stop, whole, False, False,
                    folded and mirror == 0, 1.0, fields[0], fields[1],
                )  # fmt: skip
                twice = 2.0 if folded and mirror < 0 else 1.0
                for n in range(count):
                    total += twice * fields[1, n] * _excess(
                        anchor, fields[0, n], root, breaks, jumps, slopes, start, stop, not whole
                    )  # fmt: skip
            start = stop + 1
        out[i] = v * total
    return out
