"""Scalar denoising in mpmath: what an observation sqrt(r) a + N(0, 1) tells about one weight.

A prior is a list of components (mean, variance, weight), an atom being one of variance 0; it is
rescaled to unit second moment. With Y = sqrt(r) a + z and p the density of Y,

    Q = E[E[a|Y]^2],    v = E Var(a|Y),    psi = E ln[p(Y)/phi(Y)],    2 dpsi/dr = Q,

phi the standard normal density, and the deficit r Q/2 - psi. The posterior given Y is again a
mixture, of weights w_k, means m_k and variances t_k, and Var(a|Y) is the sum of non-negative
terms sum_k w_k t_k + sum_{k<l} w_k w_l (m_k - m_l)^2.

References
----------
.. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from mpmath import mp, mpf

from nishimori.reference.quadrature import (
    Number,
    default_order,
    exact,
    gaussian_reach,
    legendre_nodes,
)

Component = tuple[Number, Number, Number]
Vector = list[mpf]

_DEEPEST = 40


@dataclass(frozen=True)
class Denoised:
    """What one conjugate gives.

    Attributes
    ----------
    overlap, mmse : mpf
        Q and v, each an integral of its own.
    psi, deficit : mpf
        Free entropy of the scalar observation, and r Q/2 - psi.
    square : mpf
        E Var(a|Y)^2 = -dv/dr.
    """

    overlap: mpf
    mmse: mpf
    psi: mpf
    deficit: mpf
    square: mpf


def denoise(components: Sequence[Component], conjugate: Number, digits: int = 30) -> Denoised:
    """Denoise the prior at signal-to-noise ratio r = `conjugate` > 0.

    The integrals are sums of Gauss-Legendre panels, halved until two levels agree in each of the
    integrals to `digits` digits.
    """
    r = exact(conjugate)
    lost = max(0, int(-2 * mp.log10(r)))  # psi ~ r^2 is a mean of terms of order sqrt(r)
    with mp.workdps(digits + lost + 10):
        law = _rescaled(components)
        root = mp.sqrt(r)
        edges = _edges(law, root)
        total = _integral(lambda y: _integrands(law, r, root, y), edges, digits + lost + 5)
        overlap, mmse, square, entropy, psi = total
        # r Q/2 - psi = I - r v/2, and the information I = h(Y) - h(z) needs no large psi
        information = entropy - mp.log(2 * mp.pi * mp.e) / 2
        deficit = information - r * mmse / 2 if r > 1 else r * overlap / 2 - psi
        return Denoised(overlap, mmse, psi, deficit, square)


def gaussian_spectrum(
    values: Sequence[Number], weights: Sequence[Number], conjugate: Number, digits: int = 30
) -> Denoised:
    """The same for Gaussian weights seen through a spectrum; `square` is -dv/dr."""
    with mp.workdps(digits + 40):
        r = exact(conjugate)
        pairs = [(exact(s), exact(w)) for s, w in zip(values, weights, strict=True)]
        overlap = mp.fsum(w * r * s**2 / (1 + r * s) for s, w in pairs)
        mmse = mp.fsum(w * s / (1 + r * s) for s, w in pairs)
        square = mp.fsum(w * s**2 / (1 + r * s) ** 2 for s, w in pairs)
        psi = mp.fsum(w * (r * s - mp.log1p(r * s)) for s, w in pairs) / 2
        return Denoised(overlap, mmse, psi, r * overlap / 2 - psi, square)


def _rescaled(components: Sequence[Component]) -> list[tuple[mpf, mpf, mpf]]:
    law = [(exact(m), exact(v), exact(w)) for m, v, w in components if exact(w) > 0]
    total = mp.fsum(w for _, _, w in law)
    moment = mp.fsum(w * (m**2 + v) for m, v, w in law) / total
    return [(m / mp.sqrt(moment), v / moment, w / total) for m, v, w in law]


def _integrands(law: Sequence[tuple[mpf, mpf, mpf]], r: mpf, root: mpf, y: mpf) -> Vector:
    posterior = []
    for mean, variance, weight in law:
        width = 1 + r * variance
        density = mp.exp(-((y - root * mean) ** 2) / (2 * width)) / mp.sqrt(2 * mp.pi * width)
        posterior.append((weight * density, (mean + root * variance * y) / width, variance / width))
    p = mp.fsum(w for w, _, _ in posterior)
    mean = mp.fsum(w * m for w, m, _ in posterior) / p
    spread = mp.fsum(w * t for w, _, t in posterior) / p
    for (w, m, _), (other, n, _) in combinations(posterior, 2):
        spread += w * other * (m - n) ** 2 / p**2
    log_p = mp.log(p)
    log_ratio = log_p + y**2 / 2 + mp.log(2 * mp.pi) / 2
    return [p * mean**2, p * spread, p * spread**2, -p * log_p, p * log_ratio]


def _edges(law: Sequence[tuple[mpf, mpf, mpf]], root: mpf) -> list[mpf]:
    """Panels of the width of each component, out to where they have all vanished."""
    reach, edges = gaussian_reach(), set()
    for mean, variance, _ in law:
        width = mp.sqrt(1 + root**2 * variance)
        steps = int(reach) + 1
        edges |= {root * mean + width * k for k in range(-steps, steps + 1)}
    for (mean, _, _), (other, _, _) in combinations(law, 2):
        middle = root * (mean + other) / 2
        edges |= {middle + k for k in range(-int(reach), int(reach) + 1)}
    ordered = sorted(edges)
    kept = [ordered[0]]
    for edge in ordered[1:]:
        if edge - kept[-1] > mpf("0.3"):
            kept.append(edge)
    return kept


def _integral(function: Callable[[mpf], Vector], edges: Sequence[mpf], digits: int) -> Vector:
    """Integrals of all components of `function`, panels halved until two levels agree."""
    panels = [(low, high, _panel(function, low, high)) for low, high in pairwise(edges)]
    size = len(panels[0][2])
    scale = [mp.fsum(abs(value[i]) for _, _, value in panels) for i in range(size)]
    goal = [mpf(10) ** (-digits) * s for s in scale]
    done: list[Vector] = []
    for _ in range(_DEEPEST):
        halves = []
        for low, high, value in panels:
            middle = (low + high) / 2
            left, right = _panel(function, low, middle), _panel(function, middle, high)
            finer = [a + b for a, b in zip(left, right, strict=True)]
            if all(abs(a - b) <= g for a, b, g in zip(finer, value, goal, strict=True)):
                done.append(finer)
            else:
                halves += [(low, middle, left), (middle, high, right)]
        panels = halves
        if not panels:
            return [mp.fsum(value[i] for value in done) for i in range(size)]
    raise ArithmeticError("panels halved too often; more working digits are needed")


def _panel(function: Callable[[mpf], Vector], low: mpf, high: mpf) -> Vector:
    half, middle = (high - low) / 2, (high + low) / 2
    terms = [
        [half * weight * value for value in function(middle + half * node)]
        for node, weight in legendre_nodes(max(12, default_order() // 2))
    ]
    return [mp.fsum(column) for column in zip(*terms, strict=True)]
