"""Scalar denoising of a = +-1 with equal weights; see `denoising` for what is returned."""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.relative_entropy import relative_entropy_density

__all__ = ["two_point"]

_HALF_LOG_2PI = 0.91893853320467274178


@compiled("float64[:, ::1](float64[::1])")
def two_point(conjugate):
    """As `denoising.mixture`, for a = +-1 with equal weights, by trapezoid sums in Y.

    E sech^2, E tanh^2 and E ln cosh of x = sqrt(r) Y have their nearest singularities at
    Y = i pi/(2 sqrt r), so a step of 0.22/sqrt(r) (0.45 at most) is exact to rounding.
    """
    out = np.zeros((conjugate.size, 5))
    for i in range(conjugate.size):
        r = conjugate[i]
        if r == 0.0:
            out[i, 1] = 1.0
            out[i, 4] = 1.0
            continue
        if not r < 1e6:
            out[i, 0] = 1.0
            out[i, 2] = 0.5 * r - math.log(2.0)
            out[i, 3] = math.log(2.0)
            continue
        root_r = math.sqrt(r)
        step = min(0.45, 0.22 / root_r)
        mmse = 0.0
        overlap = 0.0
        squared = 0.0
        divergence = 0.0
        uncertainty = 0.0
        k = 0
        while True:
            y = k * step
            x = root_r * y
            # phi(y) exp(-r/2) sech x, and what multiplies it
            decay = math.exp(-2.0 * x)
            sech = 2.0 * math.exp(-x) / (1.0 + decay)
            tanh = -math.expm1(-2.0 * x) / (1.0 + decay)
            base = math.exp(-0.5 * y * y - _HALF_LOG_2PI) * sech
            w = step if k == 0 else 2.0 * step
            mmse += w * base
            squared += w * base * sech * sech
            # posterior entropy over sech^2, in units of base cosh^2
            small = decay / (1.0 + decay)
            lost = math.log1p(decay) / (1.0 + decay) + small * (2.0 * x + math.log1p(decay))
            uncertainty += w * base * lost / (sech * sech) if sech > 1e-150 else 0.0
            if r < 4.0:
                log_cosh = x + math.log1p(decay) - math.log(2.0)
                if x < 0.3:
                    half = math.sinh(0.5 * x)
                    log_cosh = math.log1p(2.0 * half * half)
                reference = -0.5 * y * y - _HALF_LOG_2PI
                overlap += w * base * math.exp(-0.5 * r) * tanh * tanh / (sech * sech)
                divergence += w * relative_entropy_density(reference, log_cosh - 0.5 * r)
                if y > root_r + 9.0:
                    break
            elif x + 0.5 * y * y > 45.0:
                break
            k += 1
        scale = math.exp(-0.5 * r)
        out[i, 1] = mmse * scale
        out[i, 4] = squared * scale
        if r < 4.0:
            out[i, 0] = overlap
            out[i, 2] = divergence
            out[i, 3] = 0.5 * r * overlap - divergence
        else:
            out[i, 0] = 1.0 - out[i, 1]
            information = math.log(2.0) - uncertainty * scale
            out[i, 2] = 0.5 * r - information
            out[i, 3] = information - 0.5 * r * out[i, 1]
    return out
