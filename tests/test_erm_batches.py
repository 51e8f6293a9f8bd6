"""Curves of many points start from a few of them, and are the points they consist of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nishimori as nm
from nishimori.erm.margins import MarginSystem

C, E, F = nm.channels, nm.erm, nm.features
NOISY = nm.GLM(C.Sign(0.2, 0.05), signal_variance=0.7, noise_variance=0.3)
NOISELESS = nm.GLM(C.Sign())
LINEAR = nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
CLEAN = nm.GLM(C.Linear())
SPARSE = nm.GLM(C.Linear(0.1), prior=nm.priors.GaussBernoulli(0.15))
WIDE = F.RandomFeatures(nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), 1), 2.0)
ALPHA = np.geomspace(0.05, 50.0, 90)
CASES: list[tuple[Any, nm.GLM, Any]] = [
    (E.Hinge(regularization=1e-4), NOISELESS, None),
    (E.Hinge(regularization=1e-6), NOISY, None),
    (E.Logistic(regularization=1e-4), NOISELESS, None),
    (E.Logistic(regularization=1e-4), NOISY, WIDE),
    (E.SquaredHinge(regularization=10.0), NOISY, None),
    (E.MaxMargin(), NOISELESS, None),
    (E.MaxMargin(), NOISELESS, F.Kernel(0.7, 0.2)),
    (E.Absolute(regularization=1e-6), LINEAR, None),
    (E.Absolute(regularization=0.5), CLEAN, None),  # the target is found exactly in between
    (E.Absolute(regularization=0.0), LINEAR, None),
    (E.EpsilonInsensitive(0.4, regularization=1e-3), LINEAR, None),
    (E.Huber(0.5, regularization=1e-8), LINEAR, None),
    (E.ElasticNet(0.3, 0.1), SPARSE, None),
    (E.Absolute(regularization=0.0, l1=3.0), SPARSE, None),  # no weight is left in between
]


@pytest.mark.parametrize(("estimator", "problem", "features"), CASES, ids=str)
def test_a_long_curve_is_its_points(estimator: Any, problem: nm.GLM, features: Any) -> None:
    curve = estimator.learning_curve(problem, ALPHA, features, on_failure="return")
    parts = [
        estimator.learning_curve(problem, part, features, on_failure="return")
        for part in np.split(ALPHA, 6)
    ]
    for name in ("overlap", "self_overlap", "susceptibility", "test_error", "train_loss"):
        found, known = getattr(curve, name), np.concatenate([getattr(p, name) for p in parts])
        allowed = 10.0 * np.concatenate([p.error_estimate for p in parts]) + 1e-12
        same = (found == known) | (np.isnan(found) & np.isnan(known))
        with np.errstate(invalid="ignore"):
            off = np.abs(found - known) / (np.abs(known) + 1e-9)
        assert np.all(same | (off < allowed)), name
    np.testing.assert_array_equal(curve.status, np.concatenate([p.status for p in parts]))


@pytest.mark.parametrize("penalty", [1e-4, 1.0])
def test_a_long_curve_takes_few_evaluations(
    penalty: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss is averaged 109 times for each point without starts from others."""
    count, block = [0], MarginSystem._block

    def counted(self: MarginSystem, x: Any, alpha: Any, complete: bool) -> Any:
        count[0] += alpha.size
        return block(self, x, alpha, complete)

    monkeypatch.setattr(MarginSystem, "_block", counted)
    E.Hinge(regularization=penalty).learning_curve(NOISELESS, np.geomspace(0.1, 10.0, 100))
    assert count[0] < 3500
