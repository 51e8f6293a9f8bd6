"""The integrand of a relative entropy, to all digits also where the densities nearly agree."""

from __future__ import annotations

import math

from nishimori._kernels.compiled import compiled

__all__ = ["entropy_gap", "relative_entropy_density"]


@compiled("float64(float64)")
def entropy_gap(x):
    """(x - 1) e^x + 1 >= 0 for small x, with relative accuracy."""
    # sum_{n>=2} x^n (n - 1)/n!
    term = x
    total = 0.0
    for n in range(2, 12):
        term *= x / n
        total += (n - 1) * term
    return total


@compiled("float64(float64, float64)")
def relative_entropy_density(log_reference, log_ratio):
    """phi (L ln L - L + 1) for phi = exp(log_reference), L = exp(log_ratio), also near L = 1."""
    if abs(log_ratio) < 0.1:
        return math.exp(log_reference) * entropy_gap(log_ratio)
    return math.exp(log_reference + log_ratio) * (log_ratio - 1.0) + math.exp(log_reference)
