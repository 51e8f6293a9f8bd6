r"""How a measured mean is held against theory.

.. math:: z = \frac{\text{mean} - \text{theory}}{\text{standard error}}, \qquad
          |z_{after}| = \frac{\max(|\text{mean} - \text{theory}| - \text{allowance}, 0)}
                             {\text{standard error}} .

A simulation of finite width need not agree with the limit: the allowance is
`CONSTANT` times the rate of arXiv:2505.03577, Corollary 3, times the error of who has no sample,

.. math:: \text{allowance} = c\, \frac{1 + \sqrt{n/d_m} + n/d_m}{\sqrt{d_m}}\, E_0 ,

d_m the smallest width. The rate is a theorem for the mutual information of smooth odd networks; its
constant is not known, and that errors follow it is an assumption. Measured biases fall like b/d,
with abs(b) up to E_0/2 (E_0 near the interpolation of the samples): c = 0.01 covers b = E_0/2 at
n/d = 1 from d = 280 on.
"""

from __future__ import annotations

import math

__all__ = ["AGREES", "CONSTANT", "LIMIT", "allowance", "verdict", "z_after", "z_score"]

CONSTANT = 0.01
"""c."""

LIMIT = 4.0
"""The largest absolute z, after the allowance, that agrees."""

_NOISY = 0.25  # of the theory's value; with such an error bar much would agree

AGREES = ("agrees", "above the optimum", "too noisy")
"""Verdicts that do not speak against the theory."""


def allowance(samples: float, narrowest: int, scale: float) -> float:
    """What is put down to the finite width, in a network whose smallest width is `narrowest`."""
    ratio = samples / narrowest
    return CONSTANT * (1.0 + math.sqrt(ratio) + ratio) / math.sqrt(narrowest) * scale


def z_score(mean: float, theory: float, standard_error: float) -> float:
    """The difference in standard errors; infinite where there is no spread."""
    gap = mean - theory
    if standard_error > 0.0:
        return gap / standard_error
    return math.nan if math.isnan(gap) else 0.0 if gap == 0.0 else math.copysign(math.inf, gap)


def z_after(mean: float, theory: float, standard_error: float, allowed: float) -> float:
    """The same after the allowance."""
    gap = mean - theory
    rest = max(abs(gap) - allowed, 0.0) if not math.isnan(gap) else math.nan
    return z_score(math.copysign(rest, gap), 0.0, standard_error)


def verdict(
    mean: float, theory: float, standard_error: float, allowed: float, bound: bool = False
) -> str:
    """One of: agrees, differs, too noisy, above the optimum, below the optimum: impossible,
    no theory, no measurement.
    """
    if math.isnan(theory):
        return "no theory"
    if math.isnan(mean) or math.isnan(standard_error):
        return "no measurement"
    score = z_after(mean, theory, standard_error, allowed)
    if bound:
        return "above the optimum" if score >= -LIMIT else "below the optimum: impossible"
    if abs(score) > LIMIT:
        return "differs"
    return "too noisy" if standard_error > _NOISY * abs(theory) else "agrees"
