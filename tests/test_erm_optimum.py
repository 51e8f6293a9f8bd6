"""The regularization of the smallest test error: never worse than a scan, and certified."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nishimori as nm
from nishimori.erm import optimum
from nishimori.erm.curve import answer
from nishimori.erm.setting import prepare

C, E, Status = nm.channels, nm.erm, nm.Status
WIDE = nm.features.RandomFeatures(nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), 1), 2.0)
ALPHAS = np.array([0.1, 0.4, 1.0, 2.0, 3.0, 20.0])
SIGNS = [
    nm.GLM(C.Sign()),
    nm.GLM(C.Sign(0.2, 0.05), signal_variance=0.7, noise_variance=0.3),
    nm.GLM(C.Sign(), signal_variance=0.5, noise_variance=0.5),
]
REALS = [
    nm.GLM(C.Linear(), noise_variance=0.1),
    nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.2),
    nm.GLM(C.Linear(5.0)),
]


def huber(**given: Any) -> E.Estimator:
    return E.Huber(0.5, **given)


def epsilon(**given: Any) -> E.Estimator:
    return E.EpsilonInsensitive(0.3, **given)


CASES = [
    *[(loss, p, None) for loss in (E.Hinge, E.Logistic, E.SquaredHinge) for p in SIGNS],
    *[(loss, p, None) for loss in (huber, E.Absolute, epsilon) for p in REALS],
    (E.Hinge, SIGNS[2], nm.features.Kernel(0.6, 0.3)),
    *[(loss, SIGNS[1], WIDE) for loss in (E.Hinge, E.Logistic, E.SquareClassification)],
    *[(loss, REALS[1], WIDE) for loss in (E.Ridge, E.Absolute)],
]


@pytest.mark.parametrize(("loss", "problem", "features"), CASES)
def test_no_regularization_of_a_dense_scan_beats_the_optimal_one(
    loss: Any, problem: nm.GLM, features: Any
) -> None:
    """At few samples the hinge loss has a valley beside a plateau, which a coarse grid misses."""
    found = loss(regularization="optimal").learning_curve(problem, ALPHAS, features)
    assert np.all(found.status == Status.CONVERGED)
    wide = np.geomspace(1e-9, 1e9, 73)[:, None]
    near = found.regularization * np.geomspace(0.2, 5.0, 41)[:, None]
    for penalties in (wide * np.ones(ALPHAS.size), near):
        scan = loss(regularization=penalties).learning_curve(
            problem, np.broadcast_to(ALPHAS, penalties.shape), features, on_failure="return"
        )
        smallest = np.nanmin(np.where(scan.failed, np.nan, scan.test_error), axis=0)
        assert np.all(found.test_error <= smallest * (1.0 + 1e-11))


@pytest.mark.parametrize("loss", [E.Hinge, E.SquaredHinge, E.Logistic])
@pytest.mark.parametrize("channel", [C.Sign(), C.Sign(flip=0.1)], ids=str)
def test_many_samples_of_labels_with_little_noise(loss: Any, channel: C.Channel) -> None:
    """Without label noise a small penalty reaches the plateau of the maximum margin."""
    problem, alphas = nm.GLM(channel), np.array([0.3, 3.0, 20.0, 131.0])
    found = loss(regularization="optimal").learning_curve(problem, alphas)
    penalties = np.geomspace(1e-7, 1e3, 150)
    for alpha, error in zip(alphas, found.test_error, strict=True):
        scan = loss(regularization=penalties).learning_curve(
            problem, np.full(penalties.size, alpha), on_failure="return"
        )
        assert error <= np.nanmin(scan.test_error) * (1.0 + 1e-11)


@pytest.mark.parametrize("loss", [huber, E.Ridge])
def test_an_optimum_beside_the_peak(loss: Any) -> None:
    """The equations are nearly singular there, and amplify errors of differences."""
    problem, features = nm.GLM(C.Linear()), nm.features.GaussianCovariates([0.5, 1.5], [0.25, 0.75])
    found = loss(regularization="optimal").solve(problem, 0.99, features)
    penalties = np.geomspace(1e-10, 1e-4, 60)
    scan = loss(regularization=penalties).learning_curve(problem, np.full(60, 0.99), features)
    assert found.test_error <= scan.test_error.min() * (1.0 + 1e-11)
    assert scan.test_error[0] > found.test_error * (1.0 + 1e-7)  # the valley is not at the end


@pytest.mark.parametrize(("loss", "problem"), [(E.Hinge, SIGNS[1]), (huber, REALS[1])])
def test_a_point_that_is_no_optimum_is_not_certified(loss: Any, problem: nm.GLM) -> None:
    alpha = np.array([1.0, 3.0])
    setting = prepare(loss(), problem, None)
    best = optimum.best_regularization(setting, alpha)
    for factor, right in ((1.0, True), (1.0 + 1e-4, False), (1.2, False), (0.5, False)):
        reg = best * factor
        found = answer(setting, alpha, reg)
        _, certified = optimum.certificate(setting, alpha, reg, found.x)
        assert np.all(certified == right), factor


def test_the_status_says_that_an_optimum_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    best = optimum.best_regularization
    monkeypatch.setattr(optimum, "best_regularization", lambda *given: 1.1 * best(*given))
    curve = E.Hinge(regularization="optimal").learning_curve(
        SIGNS[1], [1.0, 3.0], on_failure="return"
    )
    assert curve.status.tolist() == [Status.NOT_OPTIMAL] * 2
    with pytest.raises(nm.errors.ConvergenceError, match="still changes with the regularization"):
        E.Hinge(regularization="optimal").solve(SIGNS[1], 1.0)


def test_ends_plateaus_and_exact_recovery_are_certified() -> None:
    clean = nm.GLM(C.Linear())
    for loss, alpha in ((huber, 2.0), (epsilon, 0.3), (E.Absolute, 0.3)):
        state = loss(regularization="optimal").solve(clean, alpha)
        assert state.status is Status.CONVERGED
        assert abs(state.flatness) < 1e-6
    exact = E.Absolute(regularization="optimal").solve(clean, 2.0)
    assert exact.status is Status.PERFECT_RECOVERY
    assert exact.test_error == 0.0
    # as many samples as weights: only without regularization
    for loss in (huber, E.Absolute, E.Ridge):
        for features in (None, nm.features.GaussianCovariates([0.5, 1.5], [0.25, 0.75])):
            peak = loss(regularization="optimal").solve(clean, 1.0, features)
            assert peak.status is Status.PERFECT_RECOVERY
            assert peak.regularization == 0.0
            assert peak.test_error == 0.0
            near = loss(regularization="optimal").solve(clean, 0.9, features)
            assert near.test_error > 0.0
    # a residual of a kernel that is a penalty too large already
    kernel = nm.features.Kernel(0.3, 0.6)
    problem = replace(REALS[1], channel=C.Linear(0.01))
    end = huber(regularization="optimal").solve(problem, 1.0, kernel, on_failure="return")
    lower = huber(regularization=1e-11).solve(problem, 1.0, kernel)
    assert end.test_error <= lower.test_error * (1.0 + 1e-12)
