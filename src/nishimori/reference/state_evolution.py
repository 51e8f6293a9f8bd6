"""State evolution of two generalised linear models in mpmath.

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

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import TypeVar

from mpmath import mp, mpf

from nishimori.reference.quadrature import (
    Number,
    default_order,
    exact,
    gaussian_nodes,
    gaussian_reach,
    graded_edges,
    legendre_nodes,
    uniform_edges,
    within,
)

Nodes = Sequence[tuple[mpf, mpf]]


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


@dataclass(frozen=True)
class SignState:
    """Fixed point for labels sign(h + offset + N(0, noise)), flipped with probability p.

    Attributes
    ----------
    overlap, mmse, conjugate, free_entropy, fisher, entropy, mutual_information, weight_information
        As in `LinearState`; the free entropy is against counting measure.
    misclassification : mpf
        ``E min(Z_+, Z_-)``: error of the Bayes classifier on a fresh label.
    clean_misclassification : mpf
        Its error on sign(h + offset): no flip and no noise inside the sign.
    mean_square : mpf
        ``E (y - E[y|omega])**2 = E 4 Z_+ Z_-`` of labels +-1.
    log_loss : mpf
        -Psi_out.
    """

    overlap: mpf
    mmse: mpf
    conjugate: mpf
    free_entropy: mpf
    fisher: mpf
    entropy: mpf
    mutual_information: mpf
    weight_information: mpf
    misclassification: mpf
    clean_misclassification: mpf
    mean_square: mpf
    log_loss: mpf


State = TypeVar("State", LinearState, SignState)


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


def sign_information(
    signal: Number,
    variance: Number,
    noise: Number = 0,
    flip: Number = 0,
    offset: Number = 0,
    digits: int = 30,
) -> tuple[mpf, mpf]:
    """F and Psi_out of the label sign(h + offset + N(0, noise)), flipped with probability p.

    With V' = variance + noise, u ~ N(offset/sqrt(V'), signal/V'), Z(u) = p + (1 - 2p) Phi(u)::

        F       = (1 - 2p)**2/V' E phi(u)**2/(Z(u) Z(-u))
        Psi_out = E [Z(u) ln Z(u) + Z(-u) ln Z(-u)]
    """
    with mp.workdps(digits + 10):
        total = exact(variance) + exact(noise)
        fisher, entropy = _sign_information(exact(signal), total, _rare(flip), exact(offset))
    with mp.workdps(digits):
        return +fisher, +entropy


def _rare(flip: Number) -> mpf:
    """Flipping with probability p or 1 - p tells a learner the same: the smaller of the two."""
    p = exact(flip)
    with mp.workdps(200):
        return min(p, 1 - p)


def _sign_information(signal: mpf, total: mpf, flip: mpf, offset: mpf) -> tuple[mpf, mpf]:
    if total == 0:
        return mp.inf, _two_point_entropy(flip)
    nodes = scaled_field_nodes(signal, total, flip, offset)
    scores, entropies = [], []
    for u, _ in nodes:
        probability = flip + (1 - 2 * flip) * _tail(u)
        scores.append(mp.npdf(u) ** 2 / (probability * (1 - probability)))
        entropies.append(_two_point_entropy(probability))
    weights = [weight for _, weight in nodes]
    fisher = (1 - 2 * flip) ** 2 / total * mp.fdot(weights, scores)
    return fisher, mp.fdot(weights, entropies)


def _tail(u: mpf) -> mpf:
    """Phi(-abs(u)), probability of the less likely sign."""
    return mp.erfc(abs(u) / mp.sqrt(2)) / 2


def _two_point_entropy(p: mpf) -> mpf:
    """Minus the entropy of a coin: p ln p + (1 - p) ln(1 - p), for p <= 1/2."""
    return mpf(0) if p == 0 else p * mp.log(p) + (1 - p) * mp.log1p(-p)


def scaled_field_nodes(signal: mpf, total: mpf, flip: mpf, offset: mpf) -> Nodes:
    """Nodes in u ~ N(k, sigma**2), k = abs(offset)/sqrt(V'), sigma**2 = signal/V'.

    All that is averaged is a function of Phi(-abs(u)) and phi(u): it changes on the scale 1
    for abs(u) of order 1, and with flips on the scale 1/u_p around u_p, Phi(-u_p) = p.
    Such functions fall off like phi(u)**a with a between 0 and 2, so what the integrals
    are made of lies around k/(1 + a sigma**2). The variable is t = (u - k)/sigma.
    """
    k, sigma = abs(offset) / mp.sqrt(total), mp.sqrt(signal / total)
    if sigma == 0:
        return [(k, mpf(1))]
    reach = gaussian_reach()
    if sigma < 1:
        low, fine = -reach - 2 * k * sigma / (1 + 2 * sigma**2), []
    else:
        edges = uniform_edges(-reach, k / (1 + sigma**2) + reach, mpf(1))
        fine = [(u - k) / sigma for u in edges]
        low = min(-reach, fine[0])
    fine.append(-k / sigma)  # the kink of abs(u)
    if flip > 0:
        ratio = float(max(flip, mpf("1e-300")))
        corner = max(mpf(1), mpf(-NormalDist().inv_cdf(ratio)))
        for u in (-corner, corner):
            fine += graded_edges((u - k) / sigma, 1 / (corner * sigma), mpf(1))
    edges = [*uniform_edges(low, reach, mpf(3) / 2), *fine]
    nodes = gaussian_nodes(within(edges, low, reach), default_order())
    return [(k + sigma * t, weight) for t, weight in nodes]


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
    with mp.workdps(digits + 10 + _integer_digits(inputs[0])):
        state = _linear(*inputs)
    return _rounded(state, digits)


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


def sign(
    alpha: Number,
    signal_variance: Number = 1,
    noise_variance: Number = 0,
    noise: Number = 0,
    flip: Number = 0,
    offset: Number = 0,
    digits: int = 30,
) -> SignState:
    """Bayes-optimal fixed point for sign labels, at n = alpha d samples.

    The label is sign(h + offset + N(0, noise)), flipped with probability `flip`.
    """
    inputs = tuple(exact(x) for x in (alpha, signal_variance, noise_variance, noise))
    with mp.workdps(digits + 10 + _integer_digits(inputs[0])):
        state = _sign(*inputs, _rare(flip), exact(offset))
    return _rounded(state, digits)


def _sign(alpha: mpf, lam: mpf, eta: mpf, noise: mpf, flip: mpf, offset: mpf) -> SignState:
    def information(q: mpf, v: mpf) -> tuple[mpf, mpf]:
        return _sign_information(lam * q, lam * v + eta + noise, flip, offset)

    r = solve_conjugate(lambda q, v: information(q, v)[0], alpha * lam)
    q, v = r / (1 + r), 1 / (1 + r)
    fisher, entropy = information(q, v)
    learnt = prior_information(r)
    misclassification, mean_square = sign_errors(lam * q, lam * v + eta + noise, flip, offset)
    clean, _ = sign_errors(lam * q, lam * v + eta, mpf(0), offset)
    return SignState(
        overlap=q,
        mmse=v,
        conjugate=r,
        free_entropy=alpha * entropy - learnt,
        fisher=fisher,
        entropy=entropy,
        mutual_information=learnt / alpha
        + sign_entropy_gain(lam * q, lam * v + eta, noise, flip, offset),
        weight_information=learnt / alpha
        + sign_entropy_gain(lam * q, lam * v, eta + noise, flip, offset),
        misclassification=misclassification,
        clean_misclassification=clean,
        mean_square=mean_square,
        log_loss=-entropy,
    )


def sign_errors(signal: mpf, total: mpf, flip: mpf, offset: mpf) -> tuple[mpf, mpf]:
    """E min(Z_+, Z_-) and E 4 Z_+ Z_-, with Z_+- = p + (1 - 2p) Phi(+-u).

    In terms of T = Phi(-abs(u)) they are p + (1 - 2p) E T and
    4 p (1 - p) + 4 (1 - 2p)**2 E T (1 - T).
    """
    if total == 0:
        return flip, 4 * flip * (1 - flip)
    error, product = mpf(0), mpf(0)
    for u, weight in scaled_field_nodes(signal, total, flip, offset):
        tail = _tail(u)
        error += weight * tail
        product += weight * tail * (1 - tail)
    rest = 1 - 2 * flip
    return flip + rest * error, 4 * flip * (1 - flip) + 4 * rest**2 * product


def prior_information(r: mpf) -> mpf:
    """Return r q/2 - psi(r) = [ln(1 + r) - r/(1 + r)]/2, which is about r**2/4 for small r."""
    if r == 0:
        return mpf(0)
    lost = 2 * max(0, int(mp.ceil(-mp.log10(r))))
    with mp.workdps(mp.dps + lost):
        return (mp.log1p(r) - r / (1 + r)) / 2


def sign_entropy_gain(signal: mpf, gained: mpf, total: mpf, flip: mpf, offset: mpf) -> mpf:
    """How much Psi_out grows when a part of the unknown variance becomes known.

    Psi_out(signal + gained, total) - Psi_out(signal, total + gained). If little is
    gained the difference cancels; it is the integral of F/2 over the signal (I-MMSE), used
    for signals so weak that F is all but constant, and elsewhere the working precision is
    raised by the digits that are lost.
    """
    if gained == 0:
        return mpf(0)
    if signal + gained < total / 1000:
        integral = mpf(0)
        for node, weight in legendre_nodes(mp.dps // 3 + 2):
            known = gained * (1 + node) / 2
            fisher, _ = _sign_information(
                signal + known, total + gained * (1 - node) / 2, flip, offset
            )
            integral += weight * fisher
        return gained * integral / 4
    fisher, before = _sign_information(signal, total + gained, flip, offset)
    estimate = gained * fisher / 2
    if estimate == 0:
        return mpf(0)
    lost = max(0, int(mp.ceil(mp.log10(abs(before) / estimate))))
    with mp.workdps(mp.dps + lost):
        _, before = _sign_information(signal, total + gained, flip, offset)
        _, after = _sign_information(signal + gained, total, flip, offset)
        return after - before


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


def _integer_digits(alpha: mpf) -> int:
    """Digits by which sums of order 1 outweigh the terms of order 1/alpha."""
    if not alpha > 0:
        raise ValueError("alpha must be positive")
    return max(0, int(mp.ceil(mp.log10(alpha))))


def _rounded(state: State, digits: int) -> State:
    with mp.workdps(digits):
        values = {field.name: +getattr(state, field.name) for field in fields(state)}
    return type(state)(**values)
