"""Learning curves of trained estimators, against a damped loop at equal residual."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import damped_loop
import numpy as np
import pytest

import nishimori as nm

RESIDUAL = 1e-10
SHARED = [0.5, 2.0]
"""The rival is timed at two of the sample ratios."""

SIGN = nm.GLM(nm.channels.Sign())
LINEAR = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
MANY, HUNDRED = np.geomspace(0.01, 100.0, 1_000), np.geomspace(0.1, 10.0, 100)

CURVES = [
    (nm.erm.Hinge, damped_loop.hinge, 150e-3),
    (nm.erm.Logistic, damped_loop.logistic, 150e-3),
    (nm.erm.SquareClassification, damped_loop.ridge, 10e-3),
]

STUDENT = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), 1)
LINEAR_PART, NOISE = STUDENT.reduce().signal_variance, STUDENT.reduce().noise_variance
WIDE = (
    nm.features.RandomFeatures(STUDENT, 2.0),
    2.0,
    damped_loop.random_features(0.1, LINEAR_PART, NOISE, ratio=2.0),
)
INFINITE = (
    nm.features.Kernel.nngp(STUDENT),
    1.0,
    damped_loop.kernel_machine(0.1, LINEAR_PART, NOISE),
)
FEATURES = [
    ("random features, k = 2 d", nm.erm.Hinge, damped_loop.hinge, *WIDE),
    ("random features, k = 2 d", nm.erm.Logistic, damped_loop.logistic, *WIDE),
    ("random features, k = 2 d", nm.erm.SquareClassification, damped_loop.ridge, *WIDE),
    ("NNGP kernel", nm.erm.Hinge, damped_loop.hinge, *INFINITE),
    ("NNGP kernel", nm.erm.Logistic, damped_loop.logistic, *INFINITE),
]


def test_ridge(benchmark: Any, record: Callable[..., None]) -> None:
    ridge = nm.erm.Ridge(regularization=0.1)
    args = (LINEAR, MANY)
    curve = benchmark.pedantic(ridge.learning_curve, args=args, rounds=100, warmup_rounds=5)
    assert not curve.failed.any()
    record("ridge regression, 1,000 alphas", limit=2e-3)


@pytest.mark.parametrize(("loss", "score", "limit"), CURVES)
def test_curve(
    benchmark: Any,
    record: Callable[..., None],
    loss: Any,
    score: damped_loop.Score,
    limit: float,
) -> None:
    estimator = loss(regularization=0.1)
    args = (SIGN, HUNDRED)
    curve = benchmark.pedantic(estimator.learning_curve, args=args, rounds=7, warmup_rounds=1)
    assert curve.residual.max() < RESIDUAL
    start = time.perf_counter()
    student = damped_loop.linear_student(0.1)
    found = [damped_loop.solve(score, student, alpha, RESIDUAL) for alpha in SHARED]
    rival = (time.perf_counter() - start) / len(SHARED)
    ours = estimator.learning_curve(SIGN, SHARED).test_error
    np.testing.assert_allclose(found, ours, rtol=1e-8)
    if benchmark.stats is None:  # --benchmark-disable
        return
    ratio = rival * HUNDRED.size / benchmark.stats.stats.median
    name = loss.__name__
    record(f"{name}, 100 alphas", limit=limit, loop_seconds_per_point=rival, loop_ratio=ratio)
    assert ratio > 20.0


@pytest.mark.parametrize(("name", "loss", "score", "features", "ratio", "student"), FEATURES)
def test_features(
    benchmark: Any,
    record: Callable[..., None],
    name: str,
    loss: Any,
    score: damped_loop.Score,
    features: Any,
    ratio: float,
    student: damped_loop.Student,
) -> None:
    estimator = loss(regularization=0.1)
    args = (SIGN, HUNDRED, features)
    curve = benchmark.pedantic(estimator.learning_curve, args=args, rounds=7, warmup_rounds=1)
    assert curve.residual.max() < RESIDUAL
    start = time.perf_counter()
    found = [damped_loop.solve(score, student, alpha / ratio, RESIDUAL) for alpha in SHARED]
    rival = (time.perf_counter() - start) / len(SHARED)
    ours = estimator.learning_curve(SIGN, SHARED, features).test_error
    np.testing.assert_allclose(found, ours, rtol=1e-8)
    if benchmark.stats is None:  # --benchmark-disable
        return
    ratio = rival * HUNDRED.size / benchmark.stats.stats.median
    job = f"{loss.__name__}, {name}, 100 alphas"
    record(job, limit=300e-3, loop_seconds_per_point=rival, loop_ratio=ratio)
    assert ratio > 20.0


@pytest.mark.parametrize("loss", [nm.erm.Hinge, nm.erm.Logistic])
def test_optimal(benchmark: Any, record: Callable[..., None], loss: Any) -> None:
    estimator = loss(regularization="optimal")
    args = (SIGN, HUNDRED)
    curve = benchmark.pedantic(estimator.learning_curve, args=args, rounds=2, warmup_rounds=1)
    assert not curve.failed.any()
    record(f"{loss.__name__}, optimally regularized, 100 alphas", limit=20 * 150e-3)
