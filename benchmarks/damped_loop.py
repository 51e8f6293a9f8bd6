"""The rival for trained estimators: a damped fixed-point loop around `scipy.integrate.quad`.

One sample ratio at a time: the conjugates of (V, q, m) by three integrals over the margin, cut at
the kinks of the loss, then new order parameters, mixed with the old ones. It stops where the
residual of the equations is the one that we reach, and is written to be fair: plain `math` in the
integrands, the proximal point of the logistic loss by Newton steps from a good start, and the law
of the eigenvalues of random features as one fixed rule that is exact to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.integrate import quad

SHARE = 0.6  # of the new values
MAX_ITERATIONS = 2_000
PRECISE = {"epsabs": 1e-13, "epsrel": 1e-12}

Score = Callable[[float, float], tuple[float, float]]
"""g(u) and -g'(u) at a margin u and a susceptibility V."""


Student = Callable[[float, float, float], tuple[float, float, float]]
"""V, q and m at the conjugates of V, q and m."""


def linear_student(regularization: float) -> Student:
    """Linear in the input."""

    def respond(v_hat: float, q_hat: float, m_hat: float) -> tuple[float, float, float]:
        v = 1.0 / (regularization + v_hat)
        return v, (m_hat * m_hat + q_hat) * v * v, m_hat * v

    return respond


def kernel_machine(regularization: float, linear: float, residual: float) -> Student:
    """A linear kernel, and a residual on the diagonal that only adds to V."""
    inner = linear_student(regularization / linear)

    def respond(v_hat: float, q_hat: float, m_hat: float) -> tuple[float, float, float]:
        v, q, m = inner(v_hat, q_hat, m_hat)
        return v + residual / regularization, q, m

    return respond


def random_features(regularization: float, linear: float, noise: float, ratio: float) -> Student:
    """One layer of `ratio` d neurons: Omega = linear S + noise, S of the Marchenko-Pastur law."""
    angle = np.pi * np.arange(1, 401) / 401.0
    s = 1.0 + ratio + 2.0 * math.sqrt(ratio) * np.cos(angle)
    weight = 2.0 * np.square(np.sin(angle)) / (401.0 * s)
    s, weight = np.append(s, 0.0), np.append(weight, max(0.0, 1.0 - 1.0 / ratio))
    omega = linear * s + noise

    def respond(v_hat: float, q_hat: float, m_hat: float) -> tuple[float, float, float]:
        gain = 1.0 / (regularization + v_hat * omega)
        aligned = linear * ratio * weight * s * gain
        noisy = weight @ np.square(omega * gain)
        q = m_hat * m_hat * float(aligned @ (omega * gain)) + q_hat * float(noisy)
        return float(weight @ (omega * gain)), q, m_hat * float(aligned.sum())

    return respond


def ridge(u: float, v: float) -> tuple[float, float]:
    """Of the square loss (1 - u)^2/2."""
    return (1.0 - u) / (1.0 + v), 1.0 / (1.0 + v)


def hinge(u: float, v: float) -> tuple[float, float]:
    if u < 1.0 - v:
        return 1.0, 0.0
    return ((1.0 - u) / v, 1.0 / v) if u < 1.0 else (0.0, 0.0)


def logistic(u: float, v: float) -> tuple[float, float]:
    low, high = u, u + v
    z = min(high, max(low, u + v / (1.0 + math.exp(min(u, 700.0)))))
    for _ in range(100):
        tail = 1.0 / (1.0 + math.exp(min(z, 700.0)))
        wrong = z - u - v * tail
        if wrong > 0.0:
            high = z
        else:
            low = z
        new = z - wrong / (1.0 + v * tail * (1.0 - tail))
        new = new if low <= new <= high else 0.5 * (low + high)
        if abs(new - z) <= 1e-14 * (1.0 + abs(z)):
            break
        z = new
    tail = 1.0 / (1.0 + math.exp(min(z, 700.0)))
    curvature = tail * (1.0 - tail)
    return tail, curvature / (1.0 + v * curvature)


def solve(score: Score, student: Student, alpha: float, residual: float) -> float:
    """Test error on noiseless sign labels, signal variance 1; alpha per feature."""
    v, q, m = 1.0, 0.5, 0.3
    k = math.sqrt(2.0 / math.pi)
    for _ in range(MAX_ITERATIONS):
        steep, root, narrow = m / math.sqrt(q * (q - m * m)), math.sqrt(q), q - m * m

        def density(u: float, steep: float = steep, q: float = q) -> float:
            side = 0.5 * math.erfc(-steep * u / math.sqrt(2.0))
            return 2.0 * side * math.exp(-0.5 * u * u / q) / math.sqrt(2.0 * math.pi * q)

        def integral(function: Callable[[float], float], v: float = v, root: float = root) -> float:
            reach = 9.0 * root
            cuts = [c for c in (1.0 - v, 0.0, 1.0) if abs(c) < reach]
            found = quad(
                function, -reach, reach, points=cuts, epsabs=1e-13, epsrel=1e-12, limit=200
            )
            return float(found[0])

        def normal(u: float, narrow: float = narrow) -> float:
            return math.exp(-0.5 * u * u / narrow) / math.sqrt(2.0 * math.pi * narrow)

        first = alpha * integral(lambda u, v=v, p=density: p(u) * score(u, v)[1])  # type: ignore[misc]
        second = alpha * integral(lambda u, v=v, p=density: p(u) * score(u, v)[0] ** 2)  # type: ignore[misc]
        third = alpha * k * integral(lambda u, v=v, p=normal: p(u) * score(u, v)[0])  # type: ignore[misc]
        new_v, new_q, new_m = student(first, second, third)
        gap = max(abs(new_v / v - 1.0), abs(new_q / q - 1.0), abs(new_m / m - 1.0))
        if gap <= residual:
            return math.acos(new_m / math.sqrt(new_q)) / math.pi
        v += SHARE * (new_v - v)
        q += SHARE * (new_q - q)
        m += SHARE * (new_m - m)
    raise RuntimeError(f"no fixed point after {MAX_ITERATIONS} iterations at alpha = {alpha}")
