"""Message passing for estimators: its fixed point is what training finds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit

import nishimori as nm
from nishimori.errors import BadArgument, Status
from nishimori.simulate import MessagePassing, erm_gamp, glm_teacher
from nishimori.simulate.subgradients import slope

C, E = nm.channels, nm.erm

LOSSES = {
    "ridge": (E.Ridge(regularization=0.1), C.Linear(0.1)),
    "least squares": (E.Ridge(regularization=0.0), C.Linear(0.1)),
    "logistic": (E.Logistic(regularization=0.1), C.Sign(0.1)),
    "weak logistic": (E.Logistic(regularization=1e-3), C.Sign(0.1)),
    "sparse logistic": (E.Logistic(regularization=0.0, l1=0.3), C.Sign(0.1)),
    "hinge": (E.Hinge(regularization=0.5), C.Sign(0.1)),
    "weak hinge": (E.Hinge(regularization=0.05), C.Sign(0.1)),
    "squared hinge": (E.SquaredHinge(regularization=0.5), C.Sign(0.1)),
    "square": (E.SquareClassification(regularization=0.5), C.Sign(0.1)),
    "huber": (E.Huber(0.5, regularization=0.3), C.Linear(0.1)),
    "absolute": (E.Absolute(regularization=0.5), C.Linear(0.1)),
    "epsilon": (E.EpsilonInsensitive(0.4, regularization=0.5), C.Linear(0.1)),
    "lasso": (E.Lasso(0.3), C.Linear(0.05)),
    "elastic net": (E.ElasticNet(0.2, regularization=0.1), C.Linear(0.05)),
    "max-margin": (E.MaxMargin(), C.Sign()),
    "custom": (E.Custom(lambda y, z: np.log(np.cosh(y - z))), C.Linear(0.1)),
    "custom kink": (E.Custom(lambda y, z: np.abs(y - z)), C.Linear(0.1)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_fixed_point_is_the_minimiser(name):
    estimator, channel = LOSSES[name]
    alpha = 0.8 if name == "max-margin" else 1.5
    teacher = glm_teacher(nm.GLM(channel), 200, 0)
    data = teacher.sample(round(200 * alpha), 1)
    found = erm_gamp(estimator, data.inputs, data.labels, weights=teacher.weights)
    assert found.status is Status.CONVERGED
    twin = nm.simulate.fit(
        estimator, data.inputs, data.labels, solver="newton", tolerance=1e-8, on_failure="return"
    )
    assert twin.residual < 1e-9
    assert np.abs(found.weights - twin.weights).max() < 2e-9 * np.abs(twin.weights).max()
    assert found.overlap[-1] == pytest.approx(np.mean(found.weights * teacher.weights), rel=1e-14)
    damped = erm_gamp(estimator, data.inputs, data.labels, damping=0.4)
    assert damped.iterations > found.iterations
    assert np.abs(damped.weights - found.weights).max() < 2e-9 * np.abs(twin.weights).max()


SKLEARN = {  # what each solver of scikit-learn reaches
    "ridge": 1e-10,
    "square": 1e-10,
    "logistic": 1e-6,
    "squared hinge": 1e-6,
    "hinge": 2e-3,
    "lasso": 1e-8,
    "elastic net": 1e-8,
}


@pytest.mark.parametrize("name", SKLEARN)
def test_scikit_learn_finds_the_same(name):
    pytest.importorskip("sklearn")
    estimator, channel = LOSSES[name]
    data = glm_teacher(nm.GLM(channel), 300, 0).sample(450, 1)
    found = erm_gamp(estimator, data.inputs, data.labels)
    twin = nm.simulate.fit(
        estimator, data.inputs, data.labels, solver="scikit-learn", on_failure="return"
    )
    gap = np.abs(found.weights - twin.weights).max()
    assert gap < SKLEARN[name] * np.abs(twin.weights).max()


@pytest.mark.parametrize("name", ["ridge", "logistic", "hinge", "lasso", "absolute", "max-margin"])
def test_order_parameters_are_those_of_state_evolution(name):
    estimator, channel = LOSSES[name]
    alpha = 0.8 if name == "max-margin" else 1.5
    problem = nm.GLM(channel)
    state = estimator.solve(problem, alpha)
    rows = []
    for seed in range(8):
        teacher = glm_teacher(problem, 500, seed)
        data = teacher.sample(round(500 * alpha), seed)
        found = erm_gamp(estimator, data.inputs, data.labels, weights=teacher.weights)
        assert found.converged
        rows.append([found.overlap[-1], found.self_overlap[-1], found.susceptibility[-1]])
    values = np.array(rows)
    expected = np.array([state.overlap, state.self_overlap, state.susceptibility])
    error = values.std(axis=0, ddof=1) / math.sqrt(len(rows))
    gap = np.abs(values.mean(axis=0) - expected)
    kept = np.isfinite(expected)  # the susceptibility of the maximum margin is counted otherwise
    assert (gap[kept] < 5.0 * error[kept] + 10.0 / 500 * np.abs(expected[kept])).all(), gap / error


def test_large_susceptibilities_have_proximal_points():
    """Newton's steps from one end of the bracket to the other and back."""
    for v in (1e-3, 1.0, 46.0, 500.0, 1e5):
        margin = np.linspace(-3.0 * v - 5.0, 3.0 * v + 20.0, 2001)
        for y in (1.0, -1.0):
            g, gain = slope(E.Logistic(), np.full_like(margin, y), y * margin, v)
            z = margin - v * y * g
            assert np.abs(y * g + expit(-z)).max() < 1e-15 * (1.0 + v)
            assert ((gain > 0.0) & (gain <= 1.0)).all()


def test_predictions():
    data = glm_teacher(nm.GLM(C.Sign(0.1)), 200, 0).sample(400, 1)
    found = erm_gamp(E.Hinge(), data.inputs, data.labels, test_inputs=data.inputs[:7])
    assert set(found.predict(data.inputs)) == {-1.0, 1.0}
    assert found.test_fields == pytest.approx(found.fields(data.inputs[:7]))
    assert found.fields(data.inputs) == pytest.approx(data.scaled_inputs @ found.weights)
    real = glm_teacher(nm.GLM(C.Linear(0.1)), 200, 0).sample(400, 1)
    ridge = erm_gamp(E.Ridge(), real.inputs, real.labels)
    assert ridge.predict(real.inputs) == pytest.approx(ridge.fields(real.inputs))
    assert repr(ridge).startswith("ErmGampResult(ridge, ")


def test_a_strong_l1_penalty_leaves_nothing_only_where_it_should():
    data = glm_teacher(nm.GLM(C.Linear(0.1)), 200, 0).sample(400, 1)
    most = np.abs(data.scaled_inputs.T @ data.labels).max()
    for share in (0.7, 0.999, 1.001, 3.0):  # the first iteration halves the pull
        found = erm_gamp(E.Lasso(share * most), data.inputs, data.labels)
        assert found.converged
        assert found.weights.any() == (share < 1.0)


def test_what_does_not_converge_says_so():
    data = glm_teacher(nm.GLM(C.Sign(0.1)), 200, 0).sample(400, 1)
    short = erm_gamp(E.Hinge(), data.inputs, data.labels, iterations=3)
    assert short.status is Status.RESIDUAL_TOO_LARGE
    assert short.residual.size == 4
    assert short.residual[-1] > 1e-3
    # beyond the separability threshold there is no margin
    beyond = glm_teacher(nm.GLM(C.Sign(1.0)), 100, 0).sample(600, 1)
    found = erm_gamp(E.MaxMargin(), beyond.inputs, beyond.labels)
    assert found.status is Status.NOT_SEPARABLE
    assert not found.converged


def test_as_a_procedure():
    ridge, logistic = E.Ridge(regularization=0.3), E.Logistic(regularization=0.1)
    assert MessagePassing(ridge).name == "message passing for ridge:regularization=0.3"
    problem = nm.GLM(C.Sign(0.1), signal_variance=0.8, noise_variance=0.2)
    table = nm.simulate.compare(problem, MessagePassing(logistic), [1.0, 3.0], 200, repetitions=10)
    assert table.agrees, str(table)
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=2)  # with an offset
    learners = {"passing": MessagePassing(ridge), "trained": ridge}
    table = nm.simulate.compare(network, learners, [1.5], 100, 6, channel=C.Linear(0.1))
    passing, trained = table.points
    assert passing.mean == pytest.approx(trained.mean, rel=1e-5)
    assert passing.theory == trained.theory


X, Y = np.random.default_rng(0).standard_normal((60, 30)), np.ones(60)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: erm_gamp(3, X, Y), "estimator must be one of nishimori.erm"),
        (lambda: erm_gamp(E.Hinge(), X, 0.5 * Y), "Hinge needs labels"),
        (lambda: erm_gamp(E.Ridge(regularization="optimal"), X, Y), "must be one number"),
        (lambda: erm_gamp(E.Ridge(), X[:0], Y[:0]), "inputs must be a matrix"),
        (lambda: erm_gamp(E.Ridge(), X, Y, damping=-0.1), "damping must lie between"),
        (lambda: erm_gamp(E.Ridge(), X, Y, initial_susceptibility=0.0), "must be positive"),
        (lambda: erm_gamp(E.Ridge(), X[:, :1] + 0.3 * X, Y), "are correlated"),
        (lambda: erm_gamp(E.Ridge(), X / 30**0.5, Y), "not x/sqrt"),
        (lambda: erm_gamp(E.Ridge(), X, Y, weights=X), "weights must be 30 finite numbers"),
        (lambda: erm_gamp(E.Ridge(), X, Y).predict(X[:, :2]), "rows of 30 numbers"),
        (lambda: erm_gamp(E.Ridge(), X, Y).predict(X * np.nan), "inputs must be finite"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(BadArgument, match=words):
        call()
