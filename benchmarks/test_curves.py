"""A 1,000-point learning curve against the damped quad loop, and both against the oracle."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from quad_loop import Fisher, linear_fisher, mmse, sign_fisher

import nishimori as nm

POINTS = 1_000
ALPHA = np.geomspace(0.1, 50.0, POINTS)
SHARED = np.linspace(0, POINTS - 1, 10).round().astype(int)
"""The rival takes seconds for a whole curve: it is timed at 10 of the same alphas, per point."""

NOISE = 0.1
HALF_ULP = 2.0**-53

Oracle = Callable[[float], Any]


def noiseless_sign(alpha: float) -> Any:
    return nm.reference.sign(alpha, digits=20)


def noisy_linear(alpha: float) -> Any:
    return nm.reference.linear(alpha, noise=NOISE, digits=20)


def time_the_loop(fisher: Fisher, repeats: int = 3) -> tuple[float, list[float]]:
    """Seconds per point of the quad loop (median of sweeps), and the mmse it finds."""
    found: list[float] = []
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = [mmse(float(a), fisher) for a in ALPHA[SHARED]]
        seconds.append((time.perf_counter() - start) / SHARED.size)
    return statistics.median(seconds), found


def worst(found: list[float], exact: list[Any]) -> float:
    """Largest relative error, subtracted in the oracle's precision; half an ulp at the least."""
    errors = (abs(float((x - v) / v)) for x, v in zip(found, exact, strict=True))
    return max(HALF_ULP, *errors)


@pytest.mark.parametrize(
    ("channel", "fisher", "oracle", "limit"),
    [
        pytest.param(nm.channels.Sign(), sign_fisher, noiseless_sign, 2e-3, id="sign"),
        pytest.param(
            nm.channels.Linear(noise=NOISE),
            lambda overlap: linear_fisher(overlap, NOISE),
            noisy_linear,
            1e-3,
            id="linear",
        ),
    ],
)
def test_curve(
    benchmark: Any,
    record: Callable[..., None],
    channel: nm.channels.Channel,
    fisher: Fisher,
    oracle: Oracle,
    limit: float,
) -> None:
    problem = nm.GLM(channel=channel)
    curve = benchmark.pedantic(problem.learning_curve, args=(ALPHA,), rounds=300, warmup_rounds=5)
    assert not curve.failed.any()

    rival_seconds, rival_found = time_the_loop(fisher)
    exact = [oracle(float(a)).mmse for a in ALPHA[SHARED]]
    our_error = worst(curve.mmse[SHARED].tolist(), exact)
    rival_error = worst(rival_found, exact)
    if benchmark.stats is None:  # --benchmark-disable
        return
    speed_ratio = rival_seconds * POINTS / benchmark.stats.stats.median
    accuracy_ratio = rival_error / our_error
    print(f"\n{channel}: {speed_ratio:,.0f} x as fast, {accuracy_ratio:,.0f} x as accurate")
    record(
        f"{POINTS:,}-point curve, `{channel}`",
        limit=limit,
        rival_seconds_per_point=rival_seconds,
        speed_ratio=speed_ratio,
        accuracy_ratio=accuracy_ratio,
        our_error=our_error,
        rival_error=rival_error,
    )
    assert speed_ratio >= 1_000
    assert accuracy_ratio >= 1_000
