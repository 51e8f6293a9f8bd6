"""The fixed point of sign labels, in mpmath; symbols as in `state_evolution`."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

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
from nishimori.reference.state_evolution import (
    integer_digits,
    prior_information,
    rounded,
    solve_conjugate,
)

Nodes = Sequence[tuple[mpf, mpf]]


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
    with mp.workdps(digits + 10 + integer_digits(inputs[0])):
        state = _sign(*inputs, _rare(flip), exact(offset))
    return rounded(state, digits)


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
