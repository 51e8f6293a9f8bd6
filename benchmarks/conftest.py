"""What the benchmarks share: a limit beside each time, and the machine in the JSON."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest


@pytest.fixture
def record(benchmark: Any) -> Callable[..., None]:
    """Put a row of the table into ``extra_info`` and fail where the median exceeds its limit."""

    def into(job: str, *, limit: float | None = None, **extra: Any) -> None:
        benchmark.extra_info.update(extra, job=job, limit=limit)
        if limit is None or benchmark.stats is None:  # --benchmark-disable measures nothing
            return
        median = benchmark.stats.stats.median
        assert median <= limit, f"{job}: median {median:.3g} s, limit {limit:g} s"

    return into


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: Any) -> None:
    for package in ("nishimori", "numpy", "scipy", "numba"):
        try:
            machine_info[package] = version(package)
        except PackageNotFoundError:  # run from the sources
            machine_info[package] = __import__(package).__version__
