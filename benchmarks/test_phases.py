"""Curves of other channels and priors, and every transition of a two-branch problem."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nishimori as nm

ALPHA = np.geomspace(0.1, 50.0, 1_000)
C, P, A = nm.channels, nm.priors, nm.activations

CURVES = [
    (C.Door(0.67), P.Gaussian(), 20e-3),
    (C.Laplace(0.3), P.Gaussian(), 20e-3),
    (C.Sign(), P.Rademacher(), 20e-3),
    (C.Linear(0.01), P.GaussBernoulli(0.1), 20e-3),
    (C.Readout(A.Abs()), P.Gaussian(), 20e-3),
    (C.Readout(A.ReLU()), P.Gaussian(), 20e-3),
    (C.Readout(A.LeakyReLU()), P.Gaussian(), 20e-3),
    (C.Readout(A.HardTanh()), P.Gaussian(), 20e-3),
    (C.Readout(A.ReLU(), 0.5), P.Gaussian(), 20e-3),
    (C.Readout(A.ReLU(), 1e-4), P.Gaussian(), 20e-3),
    (C.Readout(A.Abs(), 1e-2), P.Gaussian(), 20e-3),
    (C.Readout(A.LeakyReLU(), 0.5), P.Gaussian(), 20e-3),
    (C.Readout(A.HardTanh(), 0.5), P.Gaussian(), 20e-3),
    (C.Readout(A.HardTanh(), 1e-4), P.Gaussian(), 20e-3),
    (C.Readout(A.Sign(), 0.5), P.Gaussian(), 20e-3),
    (C.Readout(A.Step(), 1e-4), P.Gaussian(), 20e-3),
    (C.Readout(A.Tanh(), 0.5), P.Gaussian(), 150e-3),
    (C.Readout(A.Tanh(), 0.1), P.Gaussian(), 150e-3),
    (C.Readout(A.Tanh(), 0.01), P.Gaussian(), 150e-3),
    (C.Readout(A.Tanh(), 0.005), P.Gaussian(), 150e-3),
    (C.Readout(A.Sine(2.0), 0.3), P.Gaussian(), 150e-3),
    (C.Readout(A.GELU(), 0.1), P.Gaussian(), 150e-3),
    (C.Readout(A.Hermite(3), 1.0), P.Gaussian(), 150e-3),
    (C.Readout(A.Tanh(50.0), 0.1), P.Gaussian(), 150e-3),
    (C.Readout(A.Custom(np.tanh), 0.5), P.Gaussian(), 150e-3),
]


def _tanh_likelihood(y: Any, h: Any) -> Any:
    return -((y - np.tanh(h)) ** 2) - 0.5 * math.log(math.pi)


CURVES.append((C.Custom(_tanh_likelihood, support=(-math.inf, math.inf)), P.Gaussian(), 150e-3))

TRANSITIONS = [
    (C.Sign(), P.Rademacher()),
    (C.Linear(1e-4), P.GaussBernoulli(0.1)),
    (C.Linear(1e-3), P.Discrete([-1.0, 0.0, 1.0], [0.05, 0.9, 0.05])),
    (C.Readout(A.Abs(), 1e-3), P.Gaussian()),
    (C.Readout(A.ReLU(), 1e-2), P.Rademacher()),
]


@pytest.mark.parametrize(("channel", "prior", "limit"), CURVES, ids=str)
def test_curve(
    benchmark: Any,
    record: Callable[..., None],
    channel: C.Channel,
    prior: P.Prior,
    limit: float,
) -> None:
    problem = nm.GLM(channel=channel, prior=prior)
    curve = benchmark.pedantic(problem.learning_curve, args=(ALPHA,), rounds=10, warmup_rounds=1)
    assert not curve.failed.any()
    record(f"curve of 1,000 points, {channel}, {prior} weights", limit=limit)


@pytest.mark.parametrize(("channel", "prior"), TRANSITIONS, ids=str)
def test_transitions(
    benchmark: Any, record: Callable[..., None], channel: C.Channel, prior: P.Prior
) -> None:
    problem = nm.GLM(channel=channel, prior=prior)
    found = benchmark.pedantic(problem.transitions, rounds=20, warmup_rounds=1)
    assert found.spinodals.size
    record(f"transitions, {channel}, {prior} weights", limit=50e-3)
