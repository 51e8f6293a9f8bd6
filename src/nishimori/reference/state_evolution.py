"""State evolution of generalised linear models in mpmath: what every channel shares.

Weights a ~ N(0, I) and isotropic inputs. A label sees the field
h = sqrt(lambda) a.x/sqrt(d) + sqrt(eta) xi, lambda the signal variance and eta the noise
variance. With overlap q, mmse v = 1 - q and conjugate r,

    q = r/(1 + r),    v = 1/(1 + r),    r = alpha lambda F(q),

where F and Psi_out are those of a channel whose field is known up to the variance
V = lambda v + eta, its known part having the variance s2 = lambda q.

References
----------
.. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
.. [2] Camilli, Tieplova, Bergamin, Barbier, arXiv:2505.03577 (mutual information).
"""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from mpmath import mp, mpf

State = TypeVar("State", bound=Any)


def prior_information(r: mpf) -> mpf:
    """Return r q/2 - psi(r) = [ln(1 + r) - r/(1 + r)]/2, which is about r**2/4 for small r."""
    if r == 0:
        return mpf(0)
    lost = 2 * max(0, int(mp.ceil(-mp.log10(r))))
    with mp.workdps(mp.dps + lost):
        return (mp.log1p(r) - r / (1 + r)) / 2


def solve_conjugate(fisher: Callable[[mpf, mpf], mpf], strength: mpf) -> mpf:
    """Solve r = strength F(q, v), q = r/(1 + r), v = 1/(1 + r), as an equation in ln r.

    F never decreases with q, so the search starts at the lower bound r = strength F(0, 1),
    where ln r - ln(strength F) <= 0, and goes up until the sign changes. Bracket and
    bisection at low precision, then secant steps at the working precision.
    """

    def gap(t: mpf) -> mpf:
        r = mp.exp(t)
        return t - mp.log(strength * fisher(r / (1 + r), 1 / (1 + r)))

    start = strength * fisher(mpf(0), mpf(1))
    if start == 0:
        return mpf(0)
    with mp.workdps(15):
        low, step = mp.log(start), mpf(1)
        while gap(low + step) < 0:
            low, step = low + step, 2 * step
        high = low + step
        while high - low > mpf(1) / 64:
            middle = (low + high) / 2
            low, high = (middle, high) if gap(middle) < 0 else (low, middle)
    tolerance = mpf(10) ** (4 - mp.dps)
    t, old = high, low
    residual, old_residual = gap(t), gap(old)
    for _ in range(30):
        if abs(residual) < tolerance * max(1, abs(t)):
            return mp.exp(t)
        change = residual * (t - old) / (residual - old_residual)
        old, old_residual = t, residual
        t -= change
        residual = gap(t)
    raise ArithmeticError(f"the secant method stopped at a residual of {mp.nstr(residual)}")


def integer_digits(alpha: mpf) -> int:
    """Digits by which sums of order 1 outweigh the terms of order 1/alpha."""
    if not alpha > 0:
        raise ValueError("alpha must be positive")
    return max(0, int(mp.ceil(mp.log10(alpha))))


def rounded(state: State, digits: int) -> State:
    """Every number of a state, rounded to so many digits."""
    with mp.workdps(digits):
        values = {field.name: +getattr(state, field.name) for field in fields(state)}
    return type(state)(**values)
