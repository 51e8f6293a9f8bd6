"""The proximal operator of the logistic loss.

d = z - u = V sigma(-z) solves psi(x) = x + ln(1 + exp(u + exp(x))) - ln V = 0 for x = ln d. psi is
convex and increasing with slope at least 1, so Newton steps fall monotonically from an upper bound
of the root. The nodes of a row ascend, and those of rows with one V, so mostly a neighbour's root
is a good start for a few plain Newton steps in z.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled

__all__ = ["proximal"]


@compiled("UniTuple(float64[:, ::1], 2)(float64[:, ::1], float64[::1])")
def proximal(u, susceptibility):
    """For each row of margins u and its V: the shift z - u, and the proximal point z."""
    rows, count = u.shape
    shift = np.empty((rows, count))
    point = np.empty((rows, count))
    z = curvature = last = 0.0
    for i in range(rows):
        v = susceptibility[i]
        log_v = math.log(v)
        known = i > 0 and susceptibility[i - 1] == v and last <= u[i, 0]
        for k in range(count):
            t = u[i, k]
            settled = False
            if known:
                # dz/du = 1/(1 + V sigma(z) sigma(-z)), then Newton in z while it converges
                z = z + (t - last) / (1.0 + curvature)
                for _ in range(5):
                    e = math.exp(-abs(z))
                    tail = e / (1.0 + e) if z > 0.0 else 1.0 / (1.0 + e)
                    d = v * tail
                    curvature = d * (1.0 - tail)
                    change = (t + d - z) / (1.0 + curvature)
                    z += change
                    if abs(change) < 1e-8:
                        settled = True
                        break
                    if not abs(change) < 2.0:
                        break
            known, last = True, t
            if settled:
                # to first order: the change is below the square root of the last digit
                d -= curvature * change
                point[i, k] = z
                shift[i, k] = d
                continue
            x = min(log_v, math.log(max(1.0, log_v - t)))
            top = x
            for _ in range(60):
                d = math.exp(x)
                z = t + d
                if z > 0.0:
                    e = math.exp(-z)
                    soft = z + math.log1p(e)
                    up = 1.0 / (1.0 + e)
                else:
                    e = math.exp(z)
                    soft = math.log1p(e)
                    up = e / (1.0 + e)
                step = (x + soft - log_v) / (1.0 + up * d)
                x = min(x - step, top)
                if not abs(step) > 1e-8:
                    break
            d = math.exp(x)
            curvature = d * (1.0 - d / v)
            z = t + d
            shift[i, k] = d
            point[i, k] = z
    return shift, point
