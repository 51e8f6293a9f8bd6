"""Custom losses that treat labels differently: classes with weights, counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nishimori as nm

C, E = nm.channels, nm.erm
LABELS = [C.Sign(), C.Sign(noise=0.2, flip=0.1), C.Logistic()]


def logistic(y: Any, z: Any) -> Any:
    return np.logaddexp(0.0, -y * z)


def weighted(y: Any, z: Any) -> Any:
    return np.where(y > 0.0, 3.0, 1.0) * logistic(y, z)


def poisson(y: Any, z: Any) -> Any:
    return np.exp(np.minimum(z, 500.0)) - y * z


def hinge(y: Any, z: Any) -> Any:
    return np.maximum(0.0, 1.0 - y * z)


@pytest.mark.parametrize("channel", LABELS, ids=str)
@pytest.mark.parametrize(
    ("loss", "twin", "rtol"), [(logistic, E.Logistic, 1e-10), (hinge, E.Hinge, 1e-8)]
)
def test_a_symmetric_loss_taken_label_by_label_is_its_twin(
    channel: C.Channel, loss: Any, twin: Any, rtol: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(E.Custom, "_has_one_variable", lambda *_: False)
    problem = nm.GLM(channel=channel, noise_variance=0.1)
    ours = E.Custom(loss, regularization=0.3).solve(problem, 2.0)
    exact = twin(regularization=0.3).solve(problem, 2.0)
    for name in ("overlap", "self_overlap", "susceptibility", "test_error", "train_loss"):
        assert getattr(ours, name) == pytest.approx(getattr(exact, name), rel=rtol), name
    assert ours.train_error == pytest.approx(exact.train_error, rel=1e-8)


def test_a_residual_loss_taken_label_by_label_is_its_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(E.Custom, "_has_one_variable", lambda *_: False)
    problem = nm.GLM(channel=C.Linear(0.3), noise_variance=0.1)

    def huber(y: Any, z: Any) -> Any:
        r = np.abs(y - z)
        return np.where(r < 0.7, 0.5 * r * r, 0.7 * r - 0.245)

    ours = E.Custom(huber, regularization=0.3).solve(problem, 2.0)
    exact = E.Huber(0.7, regularization=0.3).solve(problem, 2.0)
    for name in ("overlap", "self_overlap", "susceptibility", "test_error", "train_loss"):
        assert getattr(ours, name) == pytest.approx(getattr(exact, name), rel=1e-9), name


@pytest.mark.parametrize(
    ("channel", "loss"),
    [
        (C.Logistic(), weighted),
        (C.Poisson("exp"), poisson),
        (C.Ordinal([-0.5, 0.5]), poisson),
        (C.Linear(0.1), poisson),
    ],
    ids=["class weights", "counts", "classes", "real labels"],
)
def test_the_minimum_is_stationary(channel: C.Channel, loss: Any) -> None:
    """lambda |w|^2 = m m^ - q V^ + V q^, and dF/d lambda = |w|^2/2."""
    problem = nm.GLM(channel=channel, signal_variance=0.3)

    def solve(regularization: float) -> Any:
        return E.Custom(loss, regularization=regularization).solve(problem, 1.5)

    state = solve(0.5)
    total = (
        state.overlap * state.overlap_conjugate
        - state.self_overlap * state.susceptibility_conjugate
        + state.susceptibility * state.self_overlap_conjugate
    )
    assert 0.5 * state.norm == pytest.approx(total, rel=1e-11)
    h = 1e-3
    slope = (solve(0.5 + h).objective - solve(0.5 - h).objective) / (2.0 * h)
    assert slope == pytest.approx(0.5 * state.norm, rel=1e-5)


def test_a_loss_that_is_not_convex_at_one_label_is_refused() -> None:
    with pytest.raises(nm.NishimoriError, match="not convex"):
        E.Custom(lambda y, z: np.where(y > 0.0, np.cos(z), z * z)).solve(
            nm.GLM(channel=C.Sign()), 1.0
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["class weights", "counts"])
def test_scikit_learn_agrees(kind: str) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    d, alpha, penalty, seeds = 600, 2.0, 0.5, 24
    n = int(alpha * d)
    counts = kind == "counts"
    signal = 0.3 if counts else 1.0
    channel: C.Channel = C.Poisson("exp") if counts else C.Logistic()
    loss = poisson if counts else weighted
    problem = nm.GLM(channel=channel, signal_variance=signal)
    theory = E.Custom(loss, regularization=penalty).solve(problem, alpha)
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        w = rng.standard_normal(d)
        x = rng.standard_normal((n, d)) / math.sqrt(d)
        h = math.sqrt(signal) * x @ w
        if counts:
            y: Any = rng.poisson(np.exp(h))
            fit = linear_model.PoissonRegressor(
                alpha=penalty / n, fit_intercept=False, tol=1e-8, max_iter=2000
            ).fit(x, y)
        else:
            y = np.where(rng.random(n) < 1.0 / (1.0 + np.exp(-h)), 1.0, -1.0)
            fit = linear_model.LogisticRegression(
                C=1.0 / penalty, fit_intercept=False, tol=1e-8, class_weight={1.0: 3.0, -1.0: 1.0}
            ).fit(x, y)
        estimate = np.ravel(fit.coef_)
        z = x @ estimate
        overlap = math.sqrt(signal) * float(w @ estimate) / d
        found.append((overlap, float(estimate @ estimate) / d, float(loss(y, z).mean())))
    mean, spread = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(seeds)
    expected = np.array([theory.overlap, theory.self_overlap, theory.train_loss])
    assert np.all(np.abs(mean - expected) < 3.0 * spread + 5.0 / d * np.abs(expected))


def test_a_loss_with_a_kink_in_the_label_at_zero_is_resolved() -> None:
    def weighted(y: Any, z: Any) -> Any:
        return (0.5 + abs(y)) * np.maximum(0.8 * (y - z), 0.2 * (z - y))

    problem = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
    state = nm.erm.Custom(weighted, regularization=0.3).solve(problem, 1.2)
    assert state.error_estimate < 1e-9
    moved = state.overlap * state.overlap_conjugate
    moved -= state.self_overlap * state.susceptibility_conjugate
    moved += state.susceptibility * state.self_overlap_conjugate
    assert 0.3 * state.norm == pytest.approx(moved, rel=1e-9)
