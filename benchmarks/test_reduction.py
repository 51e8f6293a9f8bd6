"""Reducing networks: every round reduces a network built anew, so nothing can be remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nishimori as nm

Function = Callable[[np.ndarray], np.ndarray]


def odd(x: np.ndarray) -> np.ndarray:
    return np.sin(x) + 0.1 * x


def neither(x: np.ndarray) -> np.ndarray:
    return np.sin(x) + 0.1 * x**2


def swish(x: np.ndarray) -> np.ndarray:
    return x / (1.0 + np.exp(-x))


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def kinked(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, -0.5) * np.cos(x)


def measure(benchmark: Any, activation: Callable[[], Any], depth: int, rounds: int) -> Any:
    def build() -> tuple[tuple[nm.DeepNetwork], dict[str, Any]]:
        return (nm.DeepNetwork.uniform(activation(), depth=depth),), {}

    return benchmark.pedantic(nm.DeepNetwork.reduce, setup=build, rounds=rounds, warmup_rounds=3)


def test_tanh(benchmark: Any, record: Callable[..., None]) -> None:
    reduction = measure(benchmark, lambda: nm.activations.Tanh(gain=2.0), 10, rounds=300)
    assert reduction.error_estimate < 1e-12
    record("reduction, 10 layers of `tanh:gain=2`", limit=1e-3)


def test_deep_tanh(benchmark: Any, record: Callable[..., None]) -> None:
    reduction = measure(benchmark, lambda: nm.activations.Tanh(gain=2.0), 10_000, rounds=5)
    assert reduction.signal_variance == 0.0  # underflows, and its logarithm does not
    assert np.isfinite(reduction.log_signal_variance)
    record("reduction, 10,000 layers of `tanh:gain=2`")


@pytest.mark.parametrize(
    ("formula", "function", "breakpoints", "accuracy"),
    [
        pytest.param("sin(x) + 0.1 x", odd, (), 1e-12, id="odd"),
        pytest.param("sin(x) + 0.1 x**2", neither, (), 1e-12, id="neither"),
        pytest.param("x / (1 + exp(-x))", swish, (), 1e-12, id="swish"),
        pytest.param("max(x, 0)", relu, (0.0,), 1e-12, id="relu"),
        pytest.param("max(x, -0.5) cos(x)", kinked, (-0.5,), 1e-11, id="kinked"),
        pytest.param("max(x, -0.5) cos(x)", kinked, (), 1e-11, id="undeclared"),
    ],
)
def test_callable(
    benchmark: Any,
    record: Callable[..., None],
    formula: str,
    function: Function,
    breakpoints: tuple[float, ...],
    accuracy: float,
) -> None:
    """Any Python function, as fast with a kink declared (or searched for) as without one."""
    reduction = measure(
        benchmark, lambda: nm.activations.Custom(function, breakpoints), 10, rounds=30
    )
    assert reduction.error_estimate < accuracy
    kink = ", kink declared" if breakpoints else ", kink not declared" if function is kinked else ""
    record(f"reduction, 10 layers of the callable `{formula}`{kink}", limit=20e-3)
