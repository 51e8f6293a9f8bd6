"""Estimators on features: certified rows through the public face, limits, nothing beats Bayes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm
from nishimori.errors import Status
from plain_erm import tanh
from test_features import ROWS, row_problem

LOSSES = {"square": nm.erm.Ridge, "logistic": nm.erm.Logistic}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_certified_rows(row):
    problem, features = row_problem(row)
    estimator = LOSSES[row["loss"]](regularization=row["regularization"])
    curve = estimator.learning_curve(problem, row["alpha"], features=features)
    assert curve.residual < 1e-13
    for name in ("susceptibility", "self_overlap", "overlap", "train_loss", "test_error"):
        assert getattr(curve, name) == pytest.approx(row[name], rel=1e-13)


def test_a_batch_is_its_points():
    problem = tanh(2).glm(nm.channels.Sign())
    features = nm.features.RandomFeatures(tanh(2), (1.5, 0.8))
    alpha, estimator = np.geomspace(0.05, 20.0, 9), nm.erm.Logistic(regularization=0.01)
    curve = estimator.learning_curve(problem, alpha, features=features)
    points = [
        float(estimator.learning_curve(problem, a, features=features).test_error) for a in alpha
    ]
    assert curve.test_error == pytest.approx(points, rel=1e-12)


@pytest.mark.parametrize(
    "features",
    [nm.features.Kernel.nngp(tanh(2)), nm.features.RandomFeatures(tanh(2), (1.5, 0.8))],
    ids=["kernel", "random features"],
)
def test_little_regularization_is_none(features):
    # ridgeless at the interpolation peak of the features and away from it, and max-margin
    problem = tanh(2).glm(nm.channels.Linear(noise=0.1))
    alpha = np.array([0.3, 0.8, 3.0])
    little, less = (
        nm.erm.Ridge(regularization=r).learning_curve(problem, alpha, features=features)
        for r in (1e-10, 1e-12)
    )
    away = alpha != 0.8
    assert less.test_error[away] == pytest.approx(little.test_error[away], rel=1e-8)
    if isinstance(features, nm.features.RandomFeatures):
        # at n = p the test error diverges with the root of the regularization
        assert less.test_error[1] / little.test_error[1] == pytest.approx(10.0, rel=1e-3)
    labels = tanh(2).glm(nm.channels.Sign())
    hinge = nm.erm.Hinge(regularization=1e-8).learning_curve(labels, 0.8, features=features)
    margin = nm.erm.MaxMargin().learning_curve(labels, 0.8, features=features)
    assert margin.test_error == pytest.approx(hinge.test_error, rel=1e-7)


def test_features_that_cannot_separate_have_no_margin():
    labels = tanh(2).glm(nm.channels.Sign())
    features = nm.features.RandomFeatures(tanh(2), (1.5, 0.8))
    curve = nm.erm.MaxMargin().learning_curve(
        labels, [0.5, 50.0], features=features, on_failure="return"
    )
    assert curve.status.tolist() == [Status.CONVERGED, Status.NOT_SEPARABLE]


def test_best_ridge_of_the_matching_kernel_is_bayes():
    network = tanh(2)
    problem = network.glm(nm.channels.Linear(noise=0.1))
    alpha = np.geomspace(0.1, 10.0, 7)
    kernel = nm.features.Kernel.nngp(network)
    ridge = nm.erm.Ridge(regularization="optimal")
    curve = ridge.learning_curve(problem, alpha, features=kernel)
    assert curve.test_error == pytest.approx(problem.learning_curve(alpha).test_error, rel=1e-12)
    # a kernel whose residual is too large has none: its best is no regularization, and above
    heavy = nm.features.Kernel(0.3, 0.6)
    curve = ridge.learning_curve(problem, alpha, features=heavy)
    assert np.all(curve.test_error > 1.001 * problem.learning_curve(alpha).test_error)
    above = nm.erm.Ridge(regularization=0.1).learning_curve(problem, alpha, features=heavy)
    assert np.all(above.test_error > curve.test_error)


def test_best_ridge_on_the_target_s_own_features_is_bayes_in_them():
    network = tanh(2)
    problem = network.glm(nm.channels.Linear(noise=0.05), above_layer=2)
    features = nm.features.RandomFeatures(network, (1.2, 1.4), shared_layers=2)
    curve = nm.erm.Ridge(regularization="optimal").learning_curve(problem, 1.2, features=features)
    assert curve.regularization == pytest.approx(0.05, rel=1e-10)
    assert curve.self_overlap == pytest.approx(curve.overlap, rel=1e-12)
    for factor in (0.9, 1.1):
        other = nm.erm.Ridge(regularization=0.05 * factor)
        worse = other.learning_curve(problem, 1.2, features=features)
        assert worse.test_error > curve.test_error


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["ridge", "logistic", "hinge", "square"]),
    st.floats(-3.0, 2.0),
    st.floats(-1.5, 1.5),
    st.floats(0.0, 0.5),
    st.sampled_from(["random", "relu", "nngp", "ntk", "other"]),
)
def test_nothing_beats_bayes(loss, log_regularization, log_alpha, noise, kind):
    target, odd = tanh(2), nm.DeepNetwork.uniform(nm.activations.Erf(), 2)
    features = {
        "random": lambda: nm.features.RandomFeatures(target, (3.0, 2.0)),
        "relu": lambda: nm.features.RandomFeatures(
            nm.DeepNetwork.uniform(nm.activations.ReLU(), 1), 4.0
        ),
        "nngp": lambda: nm.features.Kernel.nngp(target),
        "ntk": lambda: nm.features.Kernel.ntk(odd),
        "other": lambda: nm.features.Kernel(0.2, 0.7),
    }[kind]()
    regularization, alpha = 10.0**log_regularization, 10.0**log_alpha
    estimator = {
        "ridge": nm.erm.Ridge,
        "logistic": nm.erm.Logistic,
        "hinge": nm.erm.Hinge,
        "square": nm.erm.SquareClassification,
    }[loss](regularization=regularization)
    channel = nm.channels.Linear(noise) if loss == "ridge" else nm.channels.Sign(noise)
    problem = target.glm(channel)
    curve = estimator.learning_curve(problem, alpha, features=features)
    assert curve.test_error >= problem.solve(alpha).test_error * (1.0 - 1e-12)


@pytest.mark.parametrize("kind", ["shared", "kernel"])
def test_errors_and_margins_of_a_state_on_features(kind):
    problem = tanh(2).glm(nm.channels.Sign(noise=0.1), above_layer=1)
    features = nm.features.RandomFeatures(tanh(2), (1.5, 1.2), shared_layers=1)
    if kind == "kernel":
        problem, features = tanh(2).glm(nm.channels.Sign(noise=0.1)), nm.features.Kernel(0.7, 0.3)
    logistic = nm.erm.Logistic(regularization=0.1)
    state = logistic.solve(problem, 2.0, features=features)
    assert logistic.test_error(problem, state, features) == pytest.approx(
        state.test_error, rel=1e-12
    )
    clean = logistic.test_error(problem, state, features, label_noise=False)
    assert clean < state.test_error
    edges = np.linspace(-30.0, 30.0, 24001)
    density = logistic.margin_density(problem, state, edges, features)
    width = edges[1] - edges[0]
    assert density.sum() * width == pytest.approx(1.0, rel=1e-6)
    below = density[edges < 0.0].sum() * width + 0.5 * width * density[edges.size // 2]
    assert below == pytest.approx(state.test_error, rel=1e-5)


def test_separability_of_random_features():
    problem = tanh(2).glm(nm.channels.Sign())
    features = nm.features.RandomFeatures(tanh(2), (1.5, 0.8))
    limit = nm.erm.MaxMargin().separability_threshold(problem, features)
    hinge = nm.erm.Hinge(regularization=1e-9)
    inside, outside = hinge.learning_curve(
        problem, [0.97 * limit, 1.03 * limit], features=features
    ).train_loss
    assert inside < 1e-5 < 1e-3 < outside
    kernel = nm.features.Kernel.nngp(tanh(2))
    assert nm.erm.MaxMargin().separability_threshold(problem, kernel) == np.inf
