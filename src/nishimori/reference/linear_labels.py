"""The fixed point of labels with Gaussian noise, in mpmath; symbols as in `state_evolution`."""

from dataclasses import dataclass

from mpmath import mp, mpf

from nishimori.reference.quadrature import Number, exact
from nishimori.reference.state_evolution import (
    integer_digits,
    prior_information,
    rounded,
    solve_conjugate,
)


@dataclass(frozen=True)
class LinearState:
    """Fixed point for labels y = h + N(0, noise).

    Attributes
    ----------
    overlap, mmse, conjugate : mpf
        q, v = 1 - q, r.
    free_entropy : mpf
        Phi per dimension, labels against Lebesgue measure.
    fisher, entropy : mpf
        F and Psi_out at the fixed point.
    mutual_information, weight_information : mpf
        I(a, xi; D)/n and I(a; D)/n in nats.
    mean_square, clean_mean_square : mpf
        Error of the Bayes predictor on a fresh label, with and without label noise.
    """

    overlap: mpf
    mmse: mpf
    conjugate: mpf
    free_entropy: mpf
    fisher: mpf
    entropy: mpf
    mutual_information: mpf
    weight_information: mpf
    mean_square: mpf
    clean_mean_square: mpf


def linear_information(
    signal: Number, variance: Number, noise: Number = 0, digits: int = 30
) -> tuple[mpf, mpf]:
    """F = 1/(V + Delta) and Psi_out = -ln(2 pi e (V + Delta))/2, whatever `signal` is."""
    with mp.workdps(digits + 10):
        fisher, entropy = _linear_information(exact(variance) + exact(noise))
    with mp.workdps(digits):
        return +fisher, +entropy


def _linear_information(total: mpf) -> tuple[mpf, mpf]:
    if total == 0:
        return mp.inf, mp.inf
    return 1 / total, -(mp.log(2 * mp.pi * total) + 1) / 2


def linear(
    alpha: Number,
    signal_variance: Number = 1,
    noise_variance: Number = 0,
    noise: Number = 0,
    digits: int = 30,
) -> LinearState:
    """Bayes-optimal fixed point for labels y = h + N(0, noise), at n = alpha d samples.

    Without any noise and with alpha >= 1 recovery is perfect: v = 0, infinite conjugate.
    """
    inputs = tuple(exact(x) for x in (alpha, signal_variance, noise_variance, noise))
    with mp.workdps(digits + 10 + integer_digits(inputs[0])):
        state = _linear(*inputs)
    return rounded(state, digits)


def _linear(alpha: mpf, lam: mpf, eta: mpf, noise: mpf) -> LinearState:
    blur = eta + noise
    if lam > 0 and blur == 0 and alpha >= 1:
        r, v, q, fisher, entropy = mp.inf, mpf(0), mpf(1), mp.inf, mp.inf
        free_entropy = mp.inf if alpha > 1 else -mp.log(2 * mp.pi * lam) / 2
        everything = weights = mp.inf
    else:
        r = solve_conjugate(lambda q, v: 1 / (lam * v + blur), alpha * lam)
        q, v = r / (1 + r), 1 / (1 + r)
        fisher, entropy = _linear_information(lam * v + blur)
        free_entropy = alpha * entropy - prior_information(r)
        # Psi_out = -ln(2 pi e (V + noise))/2, so gains are logarithms of ratios.
        everything = weights = prior_information(r) / alpha
        everything += mp.log1p((lam * v + eta) / noise) / 2 if noise > 0 else mp.inf
        weights += mp.log1p(lam * v / blur) / 2 if blur > 0 else mp.inf
    clean = lam * v + eta
    return LinearState(
        q, v, r, free_entropy, fisher, entropy, everything, weights, clean + noise, clean
    )
