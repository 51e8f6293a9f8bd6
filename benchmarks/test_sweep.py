"""What a sweep adds to each problem: grid, rows, and a store on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nishimori as nm

COUNT = 10_000
LIMIT = 200e-6  # seconds that a sweep may add to a problem
NOISES = np.linspace(0.01, 2.0, COUNT)


def nothing(noise: float) -> float:
    return noise


def function(path: Path) -> None:
    nm.sweep(nothing, {"noise": NOISES}, store=path)


def problems(path: Path) -> None:
    grid = {"channel.noise": NOISES, "alpha": [1.0]}
    nm.sweep(nm.GLM(nm.channels.Linear()), grid, store=path)


def bare_function() -> None:
    for noise in NOISES:
        nothing(noise)


def bare_problems() -> None:
    for noise in NOISES:
        nm.GLM(nm.channels.Linear(noise=float(noise))).learning_curve([1.0], on_failure="return")


def seconds(call: Callable[[], None]) -> float:
    """Of processor time, the best of three."""
    times = []
    for _ in range(3):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("swept", "bare", "what"),
    [
        (function, bare_function, "of a function that does nothing"),
        (problems, bare_problems, "of `linear` at one alpha"),
    ],
    ids=["function", "problems"],
)
def test_overhead(benchmark: Any, record: Any, tmp_path: Path, swept, bare, what) -> None:
    rounds = iter(range(1000))

    def once() -> None:
        swept(tmp_path / f"{next(rounds)}.sqlite")

    once()
    alone = seconds(bare)
    overhead = (seconds(once) - alone) / COUNT
    benchmark.pedantic(once, rounds=3)
    print(f"\n{what}: {1e6 * overhead:.1f} us a problem beside {1e6 * alone / COUNT:.1f} us")
    text = f"sweep of 10,000 problems {what}, of which {1e6 * overhead:.0f} µs each are the sweep's"
    record(text)
    assert overhead <= LIMIT
