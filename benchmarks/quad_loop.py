"""The rival: one sample ratio at a time, a damped fixed-point loop around `scipy.integrate.quad`.

This is how notebooks of this field trace a learning curve: iterate ``r = alpha F(q)``,
``q = r/(1 + r)`` with half of the old q kept, integrate F by `quad` at every step, and stop when
q moves by less than a tolerance. It is written to be a fair rival: integrands in plain `math`
(faster than NumPy scalars or `scipy.stats`), the sum over the two labels done by symmetry,
and each integral over the range where its integrand lives.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.integrate import quad

DAMPING = 0.5
TOLERANCE = 1e-8
MAX_ITERATIONS = 10_000

_SQRT_2 = math.sqrt(2.0)
_SQRT_2PI = math.sqrt(2.0 * math.pi)

Fisher = Callable[[float], float]


def sign_fisher(overlap: float) -> float:
    """F of a noiseless sign label, lambda = 1: (2/v) E phi(u)^2/Phi(u), u = z sqrt(q/v)."""
    variance = 1.0 - overlap
    scale = math.sqrt(overlap / variance)

    def integrand(z: float) -> float:
        u = scale * z
        likelihood = 0.5 * math.erfc(-u / _SQRT_2)
        if likelihood == 0.0:
            return 0.0
        return math.exp(-u * u - 0.5 * z * z) / likelihood

    value = quad(integrand, -10.0, 10.0)[0]
    return 2.0 * float(value) / (variance * _SQRT_2PI * 2.0 * math.pi)


def linear_fisher(overlap: float, noise: float) -> float:
    """F of y = h + N(0, noise), lambda = 1: the mean of the squared score over the label."""
    total = 1.0 - overlap + noise

    def integrand(z: float) -> float:
        return z * z * math.exp(-0.5 * z * z)

    return float(quad(integrand, -10.0, 10.0)[0]) / (total * _SQRT_2PI)


def mmse(alpha: float, fisher: Fisher) -> float:
    """1 - q at the fixed point for one alpha, Gaussian prior, from almost no information."""
    overlap = 1e-3
    for _ in range(MAX_ITERATIONS):
        conjugate = alpha * fisher(overlap)
        proposal = conjugate / (1.0 + conjugate)
        step = (1.0 - DAMPING) * (proposal - overlap)
        overlap += step
        if abs(step) < TOLERANCE:
            return 1.0 - overlap
    raise RuntimeError(f"no fixed point after {MAX_ITERATIONS} iterations at alpha = {alpha}")
