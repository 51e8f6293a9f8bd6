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

The largest abs(z_after) that agrees is 4 where the standard error is taken for known. With R
repetitions z is a Student variable, and the limit is its quantile of R - 1 degrees of freedom at
the probability of a normal abs(z) > 4: chance says "differs" once in 16,000 points, whatever R is.
"""

from __future__ import annotations

import math

from scipy.special import ndtr, stdtrit

__all__ = [
    "AGREES",
    "CONSTANT",
    "LIMIT",
    "NOISY",
    "allowance",
    "limit_of",
    "verdict",
    "z_after",
    "z_score",
]

CONSTANT = 0.01
"""c."""

LIMIT = 4.0
"""The largest absolute z, after the allowance, that agrees: of a standard error that is known."""

_NOISY = 0.25  # of the natural scale: an error bar times the limit beyond it would pass too much

AGREES = ("agrees", "above the optimum")
"""Verdicts that speak for the theory."""

NOISY = ("too noisy", "too noisy beside the optimum")
"""Verdicts that say nothing, of a theory and of a bound."""


def limit_of(repetitions: int | None) -> float:
    """The largest absolute z after the allowance that agrees, with so many repetitions."""
    if repetitions is None or repetitions < 2:
        return LIMIT
    return -float(stdtrit(repetitions - 1, ndtr(-LIMIT)))


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
    mean: float,
    theory: float,
    standard_error: float,
    allowed: float,
    bound: bool = False,
    *,
    scale: float = 0.0,
    limit: float = LIMIT,
) -> str:
    """One of: agrees, differs, too noisy, above the optimum, below the optimum: impossible,
    too noisy beside the optimum, no theory, no measurement.

    `scale` is E_0, or the theory's value where that is larger. What differs beyond `limit` differs,
    however noisy; what does not is "too noisy" if it could be off by a quarter of `scale` unseen.
    """
    if not math.isfinite(theory):
        return "no theory"
    score = z_after(mean, theory, standard_error, allowed)
    if not math.isfinite(mean) or not math.isfinite(standard_error) or math.isnan(score):
        return "no measurement"
    noisy = limit * standard_error > _NOISY * max(scale, abs(theory))
    if bound:
        if score < -limit:
            return "below the optimum: impossible"
        return NOISY[1] if noisy and score <= limit else "above the optimum"
    if abs(score) > limit:
        return "differs"
    return NOISY[0] if noisy else "agrees"
