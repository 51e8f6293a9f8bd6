"""Taylor coefficients f^(n)(x)/n! of the smooth building blocks, by their differential equations.

Each returns an array of shape (x.size, order + 1). The recurrences only add terms that the
function really has, and the first derivative of a saturating function is formed directly
(never as 1 - f^2), so every coefficient keeps its relative accuracy far out in the tails.
"""

from __future__ import annotations

import math

import numpy as np

from nishimori._kernels.compiled import compiled
from nishimori._kernels.normal import normal_cdf, normal_density

__all__ = ["exponential", "normal_distribution", "sigmoid", "tanh"]

_SIGNATURE = "float64[:, ::1](float64[::1], int64)"


@compiled(_SIGNATURE)
def tanh(x, order):
    """tanh: f' = 1 - f^2, with f'(x) = 1/cosh(x)^2."""
    out = np.zeros((x.size, order + 1))
    for i in range(x.size):
        f = out[i]
        f[0] = math.tanh(x[i])
        if order >= 1:
            decay = math.exp(-abs(x[i]))
            sech = 2.0 * decay / (1.0 + decay * decay)
            f[1] = sech * sech
        for n in range(1, order):
            total = 0.0
            for k in range(n + 1):
                total += f[k] * f[n - k]
            f[n + 1] = -total / (n + 1)
    return out


@compiled(_SIGNATURE)
def sigmoid(x, order):
    """s(x) = 1/(1 + exp(-x)): s' = s - s^2, with s'(x) = s(x) s(-x)."""
    out = np.zeros((x.size, order + 1))
    for i in range(x.size):
        f = out[i]
        decay = math.exp(-abs(x[i]))
        small = decay / (1.0 + decay)
        large = 1.0 / (1.0 + decay)
        f[0] = large if x[i] >= 0.0 else small
        complement = small if x[i] >= 0.0 else large
        if order >= 1:
            f[1] = small * large
        for n in range(1, order):
            # s - s^2 without its leading cancellation: s_n (1 - 2 s_0) - sum_{0<k<n} s_k s_{n-k}
            total = f[n] * (complement - f[0])
            for k in range(1, n):
                total -= f[k] * f[n - k]
            f[n + 1] = total / (n + 1)
    return out


@compiled(_SIGNATURE)
def normal_distribution(x, order):
    """Phi(x): its derivative phi obeys phi' = -x phi."""
    out = np.zeros((x.size, order + 1))
    for i in range(x.size):
        f = out[i]
        f[0] = normal_cdf(x[i])
        previous = 0.0
        density = normal_density(x[i])
        for n in range(order):
            f[n + 1] = density / (n + 1)
            density, previous = -(x[i] * density + previous) / (n + 1), density
    return out


@compiled(_SIGNATURE)
def exponential(x, order):
    """exp(x)."""
    out = np.zeros((x.size, order + 1))
    for i in range(x.size):
        out[i, 0] = math.exp(x[i])
        for n in range(order):
            out[i, n + 1] = out[i, n] / (n + 1)
    return out
