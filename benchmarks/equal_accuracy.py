"""Seconds a point at equal accuracy: the quad loop, driven as far as its arithmetic goes, and ours.

``python benchmarks/equal_accuracy.py`` prints a Markdown table. Both are timed in processor time,
the best of several runs, at the same alphas; errors are those of the mmse against 20 digits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import quad

import nishimori as nm

ALPHA = np.geomspace(0.1, 50.0, 1_000)
FEW = np.array([0.1, 1.0, 10.0])
TOLERANCE = 1e-15
NOISE = 0.1
SQRT_2, SQRT_2PI = math.sqrt(2.0), math.sqrt(2.0 * math.pi)

Fisher = Callable[[float], float]


def sign_fisher(overlap: float) -> float:
    """F of a noiseless sign label, by one adaptive integral to 13 digits."""
    variance = 1.0 - overlap
    scale = math.sqrt(overlap / variance)

    def integrand(z: float) -> float:
        u = scale * z
        likelihood = 0.5 * math.erfc(-u / SQRT_2)
        return math.exp(-u * u - 0.5 * z * z) / likelihood if likelihood else 0.0

    value, _ = quad(integrand, -10.0, 10.0, epsabs=0.0, epsrel=1e-13, limit=200)
    return 2.0 * float(value) / (variance * SQRT_2PI * 2.0 * math.pi)


def linear_fisher(overlap: float) -> float:
    """F of y = h + N(0, NOISE), by the mean square of the score."""

    def integrand(z: float) -> float:
        return z * z * math.exp(-0.5 * z * z)

    value, _ = quad(integrand, -10.0, 10.0, epsabs=0.0, epsrel=1e-13, limit=200)
    return float(value) / ((1.0 - overlap + NOISE) * SQRT_2PI)


def loop(alpha: float, fisher: Fisher) -> float:
    """The mmse by damped iteration, until the overlap stands still or only trembles."""
    overlap = 1e-3
    for _ in range(10_000):
        conjugate = alpha * fisher(overlap)
        step = 0.5 * (conjugate / (1.0 + conjugate) - overlap)
        overlap += step
        if abs(step) < TOLERANCE:
            break
    return 1.0 / (1.0 + alpha * fisher(overlap))


def seconds(function: Callable[[], Any], rounds: int) -> float:
    """The best processor time of several calls."""
    best = math.inf
    for _ in range(rounds):
        start = time.process_time()
        function()
        best = min(best, time.process_time() - start)
    return best


def error(found: Any, exact: list[Any]) -> float:
    """Largest relative error, half a unit in the last place at the least."""
    return max(2.0**-53, *(abs(float((x - v) / v)) for x, v in zip(found, exact, strict=True)))


def main() -> None:
    cases: list[tuple[str, nm.channels.Channel, Fisher, Callable[[float], Any]]] = [
        ("sign", nm.channels.Sign(), sign_fisher, lambda a: nm.reference.sign(a, digits=20)),
        (
            "linear, noise 0.1",
            nm.channels.Linear(noise=NOISE),
            linear_fisher,
            lambda a: nm.reference.linear(a, noise=NOISE, digits=20),
        ),
    ]
    print(
        "| labels | a point in a curve of 1,000 | a point alone | loop | ratio | ratio, alone |",
        end="",
    )
    print(" error, ours | error, loop |\n|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, channel, fisher, oracle in cases:
        problem = nm.GLM(channel=channel)
        problem.learning_curve(ALPHA)  # compiles
        curve = seconds(lambda p=problem: p.learning_curve(ALPHA), 200) / ALPHA.size
        alone = seconds(lambda p=problem: p.solve(1.0), 200)
        rival = seconds(lambda f=fisher: [loop(a, f) for a in FEW], 5) / FEW.size
        exact = [oracle(float(a)).mmse for a in FEW]
        ours = error(problem.learning_curve(FEW).mmse.tolist(), exact)
        theirs = error([loop(a, fisher) for a in FEW.tolist()], exact)
        times = (f"{1e6 * curve:.2f} µs", f"{1e6 * alone:.0f} µs", f"{1e3 * rival:.1f} ms")
        ratios = (f"{rival / curve:,.0f} x", f"{rival / alone:,.0f} x")
        print("|", " | ".join((name, *times, *ratios, f"{ours:.1e}", f"{theirs:.1e}")), "|")


if __name__ == "__main__":
    main()
