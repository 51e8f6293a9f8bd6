"""Trained estimators and deep students: definitions, optimality, theory, bad input."""

from __future__ import annotations

import pickle
import sys
import zlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import nishimori as nm
from nishimori.expressions import read, write
from nishimori.simulate.backpropagation import DeepStudent
from nishimori.simulate.convex_solver import minimise
from nishimori.simulate.optimality import optimality
from nishimori.simulate.subgradients import slope

SIGN = nm.GLM(nm.channels.Sign(0.1, 0.05), signal_variance=0.7, noise_variance=0.3)
CLEAN = nm.GLM(nm.channels.Sign(), signal_variance=0.7, noise_variance=0.3)
LINEAR = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
SPARSE = nm.GLM(nm.channels.Linear(0.05), prior=nm.priors.GaussBernoulli(0.15))
TANH = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
RELU = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=1, bias_variance=0.1)
ERM = nm.erm


def quantile(y, z):
    return np.maximum(0.8 * (y - z), 0.2 * (z - y))


def margin_quantile(y, z):
    return np.maximum(1.0 - y * z, 0.1 * (1.0 - y * z))


REAL_LOSSES = [
    ERM.Ridge(regularization=0.3),
    ERM.Huber(0.5, regularization=0.3),
    ERM.Absolute(regularization=0.5),
    ERM.EpsilonInsensitive(0.4, regularization=0.5),
    ERM.Custom(quantile, regularization=0.5),
    ERM.Lasso(0.3),
    ERM.ElasticNet(0.2, regularization=0.1),
    ERM.Absolute(regularization=0.1, l1=0.2),
]
SIGN_LOSSES = [
    ERM.SquareClassification(regularization=0.5),
    ERM.Logistic(regularization=0.1),
    ERM.Logistic(regularization=0.1, l1=0.2),
    ERM.Hinge(regularization=0.5),
    ERM.Hinge(regularization=1e-4),
    ERM.SquaredHinge(regularization=0.5),
    ERM.Custom(margin_quantile, regularization=0.5),
]


def data(problem, dimension, alpha, seed=0):
    target = nm.simulate.glm_teacher(problem, dimension, seed)
    return target.sample(round(alpha * dimension), seed + 1)


def takes_signs(loss):
    return loss.labels == "sign" or getattr(loss, "loss", None) is margin_quantile


def penalty_of(loss, w):
    return 0.5 * loss.regularization * float(w @ w) + loss.l1 * float(np.abs(w).sum())


@pytest.mark.parametrize("loss", [*REAL_LOSSES[:5], *SIGN_LOSSES], ids=str)
@pytest.mark.parametrize("v", [1e-4, 0.3, 20.0])
def test_slopes_are_subgradients_of_the_loss(loss, v):
    rng = np.random.default_rng(4)
    signs = takes_signs(loss)
    y = rng.choice([-1.0, 1.0], 400) if signs else rng.standard_normal(400)
    c = 3.0 * rng.standard_normal(400)
    g, gain = slope(loss, y, c, v)
    z = c - v * g
    rounding = 3e-5 if isinstance(loss, ERM.Custom) else 1e-12  # Custom: averaged over 1e-5
    for other in (z + 1e-3, z - 1e-3, z + rng.standard_normal(400), -z):
        below = loss.value(y, z) + g * (other - z)
        assert np.all(loss.value(y, other) >= below - rounding * (1.0 + np.abs(below)))
    assert np.all((gain >= 0.0) & (gain <= 1.0))
    step = 1e-6
    moved = (c + step - v * slope(loss, y, c + step, v)[0]) - z
    far = np.abs(moved / step - gain) > (1e-3 if isinstance(loss, ERM.Custom) else 1e-5)
    assert np.mean(far) < 0.02  # a kink may lie between


@pytest.mark.parametrize("loss", [*REAL_LOSSES, *SIGN_LOSSES], ids=str)
@pytest.mark.parametrize("alpha", [0.6, 2.0])
def test_the_minimum_is_one(loss, alpha):
    signs = takes_signs(loss)
    samples = data(SIGN if signs else LINEAR, 60, alpha)
    found = nm.simulate.fit(loss, samples.inputs, samples.labels, solver="newton")
    assert found.residual <= 1e-9
    design, y = samples.scaled_inputs, samples.labels
    # a certificate that knows nothing of how the weights were found
    assert optimality(loss, design, y, found.weights, loss.regularization, loss.l1) < 1e-4
    if not isinstance(loss, ERM.Custom):
        assert optimality(loss, design, y, found.weights, loss.regularization, loss.l1) < 1e-7
    # and the definition itself
    rng = np.random.default_rng(0)
    value = float(loss.value(y, design @ found.weights).sum()) + penalty_of(loss, found.weights)
    assert found.objective == pytest.approx(value, rel=1e-12)
    for size in (1e-3, 1e-1):
        for _ in range(20):
            w = found.weights + size * rng.standard_normal(60)
            assert float(loss.value(y, design @ w).sum()) + penalty_of(loss, w) > value
    moved = found.weights * 1.01
    assert optimality(loss, design, y, moved, loss.regularization, loss.l1) > 1e-4


@pytest.mark.parametrize(
    "loss",
    [
        *REAL_LOSSES[:4],
        *REAL_LOSSES[5:7],
        *SIGN_LOSSES[:4],
        SIGN_LOSSES[5],
        ERM.Ridge(regularization=0.0),
        ERM.Ridge(regularization=1e-12),
    ],
    ids=str,
)
@pytest.mark.parametrize("alpha", [0.6, 2.0])
def test_scikit_learn_finds_the_same_weights(loss, alpha):
    pytest.importorskip("sklearn")
    samples = data(SIGN if loss.labels == "sign" else LINEAR, 60, alpha)
    x, y = samples.inputs, samples.labels
    own = nm.simulate.fit(loss, x, y, solver="newton", tolerance=1e-7)
    state = None
    if isinstance(loss, ERM.Huber):  # on the sample, sigma^2 is the mean square of the slopes
        residual = y - samples.scaled_inputs @ own.weights
        clipped = np.clip(residual, -loss.threshold, loss.threshold)
        sigma_square = float(np.mean(np.square(clipped)))
        state = loss.solve(LINEAR, alpha)
        state = replace(state, self_overlap_conjugate=sigma_square * alpha)
    # HuberRegressor ends where its objective, the scale included, no longer falls by 2e-9
    largest = 1e-3 if state is not None else 3e-5
    theirs = nm.simulate.fit(loss, x, y, solver="scikit-learn", state=state, tolerance=largest)
    assert theirs.solver.startswith("sklearn.")
    assert np.linalg.norm(theirs.weights - own.weights) < largest * np.linalg.norm(own.weights)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("regularization", [1e-6, 1e-2, 1e2])
@pytest.mark.parametrize("scale", [1.0, 100.0, 1e-3])
def test_every_minimum_is_found_in_few_steps(alpha, regularization, scale):
    samples = data(LINEAR, 100, alpha)
    y = samples.labels
    cases = [
        (ERM.Ridge(), y * scale, regularization, 0.05 * scale),
        (ERM.Huber(0.3 * scale), y * scale, regularization, 0.0),
        (ERM.Absolute(), y * scale, regularization / scale, 0.05),
        (ERM.EpsilonInsensitive(0.2 * scale), y * scale, regularization / scale, 0.0),
    ]
    if scale == 1.0:
        cases += [
            (loss, np.sign(y), regularization, l1)
            for loss in (ERM.Hinge(), ERM.Logistic(), ERM.SquaredHinge())
            for l1 in (0.0, 0.05)
        ]
    for loss, labels, reg, l1 in cases:
        found = minimise(loss, samples.scaled_inputs, labels, reg, l1, 1e-9)
        assert found.residual <= 1e-9, (loss, l1)
        assert found.iterations < 200, (loss, l1)


def test_max_margin_and_what_cannot_be_separated():
    samples = data(CLEAN, 80, 0.8)
    found = nm.simulate.fit(ERM.MaxMargin(), samples.inputs, samples.labels)
    margins = samples.labels * (samples.scaled_inputs @ found.weights)
    assert margins.min() == pytest.approx(1.0, abs=1e-8)
    hinge = nm.simulate.fit(ERM.Hinge(regularization=1e-4), samples.inputs, samples.labels)
    assert np.allclose(found.weights, hinge.weights, atol=1e-6)
    mixed = data(SIGN, 40, 6.0)
    with pytest.raises(nm.errors.ConvergenceError, match="separable") as caught:
        nm.simulate.fit(ERM.MaxMargin(), mixed.inputs, mixed.labels)
    assert caught.value.result.residual > 1e-3


def test_a_missed_tolerance_is_told():
    mixed = data(CLEAN, 40, 0.5)
    with pytest.raises(nm.errors.ConvergenceError, match="there may be no minimum"):
        nm.simulate.fit(ERM.Logistic(regularization=0.0), mixed.inputs, mixed.labels)
    with pytest.warns(nm.errors.ConvergenceWarning, match="residual"):
        nm.simulate.fit(ERM.MaxMargin(), *_mixed(), on_failure="warn")
    found = nm.simulate.fit(ERM.MaxMargin(), *_mixed(), on_failure="return")
    assert found.residual > 1e-3


def _mixed():
    mixed = data(SIGN, 40, 6.0)
    return mixed.inputs, mixed.labels


def test_more_weights_than_samples_give_the_same_as_their_kernel():
    samples = data(SIGN, 90, 0.4)
    loss = ERM.Hinge(regularization=0.2)
    w = minimise(loss, samples.scaled_inputs, samples.labels, 0.2, 0.0, 1e-9).weights
    kernel = nm.simulate.fit(
        loss, samples.inputs, samples.labels, nm.features.Kernel(1.0, 0.0), solver="newton"
    )
    fresh = np.random.default_rng(1).standard_normal((20, 90))
    assert np.allclose(kernel.outputs(fresh), fresh @ w / 90**0.5, atol=1e-7)


@pytest.mark.parametrize("alpha", [0.5, 2.0])
def test_kernels_of_a_function(alpha):
    pytest.importorskip("sklearn")
    samples = data(LINEAR, 50, alpha)
    kernel = nm.features.Kernel.from_function(np.exp)
    ridge = ERM.Ridge(regularization=0.3)
    fresh = np.random.default_rng(1).standard_normal((20, 50))
    fits = [
        nm.simulate.fit(ridge, samples.inputs, samples.labels, kernel, kernel=np.exp, solver=solver)
        for solver in ("auto", "newton")
    ]
    assert [f.solver for f in fits] == ["sklearn.kernel_ridge.KernelRidge", "newton"]
    gram = np.exp(samples.inputs @ samples.inputs.T / 50)
    dual = np.linalg.solve(gram + 0.3 * np.eye(len(gram)), samples.labels)
    expected = np.exp(fresh @ samples.inputs.T / 50) @ dual
    for found in fits:
        assert np.allclose(found.outputs(fresh), expected, atol=1e-6)
    # the penalty is the norm in the function space
    assert float(fits[0].weights @ fits[0].weights) == pytest.approx(dual @ gram @ dual, rel=1e-8)


def test_random_features_are_a_random_networks_last_layer():
    samples = data(LINEAR, 40, 2.0)
    features = nm.features.RandomFeatures(RELU, 1.5)
    found = nm.simulate.fit(
        ERM.Ridge(regularization=0.1), samples.inputs, samples.labels, features, rng=3
    )
    again = nm.simulate.fit(
        ERM.Ridge(regularization=0.1), samples.inputs, samples.labels, features, rng=3
    )
    assert found.weights.shape == (60,)
    assert np.array_equal(found.weights, again.weights)
    v = found.student.network.hidden(samples.inputs) / 60**0.5
    matrix = v.T @ v + 0.1 * np.eye(60)
    assert np.allclose(found.weights, np.linalg.solve(matrix, v.T @ samples.labels), atol=1e-8)


def task(problem, network, dimension, alpha, seed, tests=4000):
    if network is None:
        target = nm.simulate.glm_teacher(problem, dimension, seed)
        widths = (dimension,)
    else:
        target = nm.simulate.teacher(
            network, problem.channel, dimension, seed, spectrum=problem.spectrum
        )
        widths = target.widths
        problem = network.glm(problem.channel, offset=target.offset, spectrum=problem.spectrum)
    train = target.sample(round(alpha * dimension), seed + 1)
    fresh = target.sample(tests, seed + 1_000_000)
    given = SimpleNamespace(
        problem=problem, network=network, train=train, test_inputs=fresh.inputs, widths=widths
    )
    return given, fresh.labels


def judged(procedure, problem, network, dimension, alpha, repetitions):
    errors = []
    for seed in range(repetitions):
        given, labels = task(problem, network, dimension, alpha, 10 * seed)
        procedure.check(given.problem, given.network)
        guess = procedure.predict(given, np.random.default_rng(seed))
        binary = problem.channel.binary
        errors.append(np.mean(guess != labels) if binary else np.mean(np.square(guess - labels)))
    return np.mean(errors), np.std(errors, ddof=1) / repetitions**0.5


DEEP = TANH.glm(nm.channels.Sign())
DEEP_LINEAR = TANH.glm(nm.channels.Linear(0.1))
EXPONENTIAL = nm.features.Kernel.from_function(np.exp)
COLOURED = nm.GLM(
    nm.channels.Linear(0.1), noise_variance=0.2, spectrum=nm.spectra.PowerLaw(0.5, 200)
)
AGREEMENT = {
    "ridge": (ERM.Ridge(regularization=0.4), None, None, LINEAR, None, 1.5),
    "ridge-spectrum": (ERM.Ridge(regularization=0.4), None, None, COLOURED, None, 1.5),
    "huber": (ERM.Huber(0.5, regularization=0.3), None, None, LINEAR, None, 2.0),
    "lasso": (ERM.Lasso(0.3), None, None, SPARSE, None, 0.8),
    "quantile": (ERM.Custom(quantile, regularization=0.5), None, None, LINEAR, None, 2.0),
    "hinge-deep": (ERM.Hinge(regularization=0.5), None, None, DEEP, TANH, 2.0),
    "logistic-deep": (ERM.Logistic(regularization=0.1), None, None, DEEP, TANH, 2.0),
    "max-margin": (ERM.MaxMargin(), None, None, CLEAN, None, 0.8),
    "square-offset": (
        ERM.Ridge(regularization=0.3),
        None,
        None,
        RELU.glm(nm.channels.Linear(0.1)),
        RELU,
        2.0,
    ),
    "kernel-surrogate": (
        ERM.Logistic(regularization=0.2),
        EXPONENTIAL,
        None,
        DEEP,
        TANH,
        2.0,
    ),
    "random-features": (
        ERM.Ridge(regularization=0.05),
        nm.features.RandomFeatures(TANH, [1.5, 0.8]),
        None,
        DEEP_LINEAR,
        TANH,
        1.5,
    ),
    "random-features-hinge": (
        ERM.Hinge(regularization=0.3),
        nm.features.RandomFeatures(RELU, 1.2),
        None,
        DEEP,
        TANH,
        1.5,
    ),
}


def assert_agrees(name, dimension, repetitions):
    loss, features, kernel, problem, network, alpha = AGREEMENT[name]
    theory = loss.solve(problem, alpha, features).test_error
    procedure = nm.simulate.Trained(loss, features, kernel)
    mean, error = judged(procedure, problem, network, dimension, alpha, repetitions)
    assert error < 0.03 * theory
    assert abs(mean - theory) < 4.0 * error, (mean, theory, (mean - theory) / error)


@pytest.mark.parametrize("name", ["ridge", "huber", "hinge-deep", "logistic-deep"])
def test_theory_and_training_agree_in_small(name):
    pytest.importorskip("sklearn")
    assert_agrees(name, 150, 10)


@pytest.mark.slow
@pytest.mark.parametrize("name", AGREEMENT)
def test_theory_and_training_agree(name):
    pytest.importorskip("sklearn")
    assert_agrees(name, 400, 50 if name == "lasso" else 20)  # supports vary much


ACTIVATIONS = [
    nm.activations.Tanh(gain=2.0),
    nm.activations.Erf(),
    nm.activations.ReLU(),
    nm.activations.LeakyReLU(0.2),
    nm.activations.Abs(),
    nm.activations.ELU(),
    nm.activations.GELU(),
    nm.activations.SiLU(),
    nm.activations.Sigmoid(),
    nm.activations.Softplus(),
    nm.activations.HardTanh(),
    nm.activations.Sine(),
    nm.activations.Identity(),
    nm.activations.Hermite(2),
    nm.activations.Polynomial([0.0, 1.0, 0.2]),
    nm.activations.PiecewiseLinear.through([-1.0, 0.5], [-1.0, 1.0]),
    nm.activations.Custom(lambda x: np.sin(x) + 0.1 * x),
    nm.activations.Custom(np.tanh, derivative=lambda x: 1.0 / np.cosh(x) ** 2),
]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: str(a)[:30])
@pytest.mark.parametrize("loss", ["square", "logistic"])
def test_gradients_are_those_of_finite_differences(activation, loss):
    layers = [
        nm.Layer(activation, weight_variance=0.7, bias_variance=0.3),
        nm.Layer(activation, weight_variance=1.2),
    ]
    student = DeepStudent(nm.DeepNetwork(layers, readout_variance=0.8), (7, 6, 5))
    rng = np.random.default_rng(zlib.crc32(str(activation).encode()))
    theta = rng.standard_normal(student.size)
    x = rng.standard_normal((9, 7))
    y = rng.choice([-1.0, 1.0], 9)

    def objective(at):
        return student.gradient(at, x, y, loss, 0.1)[1]

    _, _, gradient = student.gradient(theta, x, y, loss, 0.1)
    step = 1e-5
    found = np.array(
        [
            (objective(theta + step * e) - objective(theta - step * e)) / (2.0 * step)
            for e in np.eye(student.size)
        ]
    )
    scale = np.abs(gradient).max()
    assert student.size == 42 + 30 + 6 + 5  # a layer without biases has none to train
    assert np.abs(found - gradient).max() < 1e-7 * scale
    narrow = student.gradient(theta.astype(np.float32), x.astype(np.float32), y, loss, 0.1)[2]
    assert narrow.dtype == np.float32
    assert np.abs(narrow - gradient).max() < 1e-4 * scale


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"method": "lbfgs"},
        {"learning_rate": 0.02},
        {"learning_rate": 0.05, "momentum": 0.9},
        {"weight_decay": 0.1},
        {"initial_readout": 0.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_descent_goes_down(settings, dtype):
    target = nm.simulate.teacher(TANH, nm.channels.Linear(0.1), [30, 40, 20], 0, dtype=dtype)
    train, fresh = target.sample(60, 1), target.sample(500, 2)
    calls = []
    found = nm.simulate.train_network(
        TANH,
        train.inputs,
        train.labels,
        3,
        widths=target.widths,
        steps=150,
        test_inputs=fresh.inputs,
        test_labels=fresh.labels,
        progress=lambda done, total: calls.append((done, total)),
        **settings,
    )
    history = found.history
    assert history.train_loss[-1] < 0.15 * history.train_loss[0]
    if "learning_rate" not in settings:
        assert np.all(np.diff(history.objective) <= 0.0)
    assert calls[-1] == (history.steps[-1], 150)
    assert history.steps[0] == 0
    assert len(history.steps) == len(history.test_error)
    outputs = found.outputs(train.inputs)
    assert outputs.dtype == found.network.readout.dtype == np.dtype(dtype)
    loss = 0.5 * np.mean(np.square(outputs - train.labels))
    assert history.train_loss[-1] == pytest.approx(loss, rel=1e-3 if dtype == "float32" else 1e-9)
    error = np.mean(np.square(found.predict(fresh.inputs) - fresh.labels))
    assert history.test_error[-1] == pytest.approx(error, rel=1e-5)
    if settings.get("initial_readout") == 0.0:
        assert history.train_loss[0] == pytest.approx(0.5 * np.mean(train.labels**2), rel=1e-5)


def test_small_steps_follow_the_gradient_flow():
    """Half the learning rate for twice the steps is nearly the same, and a quarter nearer."""
    target = nm.simulate.teacher(TANH, nm.channels.Linear(0.1), 20, 0)
    train = target.sample(40, 1)
    fresh = target.sample(50, 2).inputs
    ends = [
        nm.simulate.train_network(
            TANH, train.inputs, train.labels, 3, learning_rate=0.02 / k, steps=40 * k
        ).outputs(fresh)
        for k in (1, 2, 4)
    ]
    first, second = (np.linalg.norm(a - b) for a, b in zip(ends, ends[1:], strict=False))
    assert 0.35 < second / first < 0.65


@pytest.mark.parametrize("channel", [nm.channels.Linear(0.1), nm.channels.Sign(0.1)])
def test_descent_does_not_beat_the_optimum(channel):
    problem = TANH.glm(channel)
    mean, error = judged(nm.simulate.Descent(steps=300), problem, TANH, 60, 2.0, 8)
    assert mean > problem.solve(2.0).test_error - 4.0 * error
    start, _ = judged(nm.simulate.Descent(steps=1), problem, TANH, 60, 2.0, 8)
    assert mean < start


def test_the_prior_as_weight_decay():
    given, _ = task(DEEP_LINEAR, TANH, 20, 2.0, 0)
    prior = nm.simulate.Descent(weight_decay="prior", steps=30)
    number = nm.simulate.Descent(weight_decay=0.1, steps=30)
    guesses = [p.predict(given, np.random.default_rng(0)) for p in (prior, number)]
    assert np.array_equal(*guesses)


@pytest.mark.parametrize(
    "procedure",
    [
        nm.simulate.Trained(ERM.Hinge(regularization=0.5)),
        nm.simulate.Trained(
            ERM.Ridge(regularization=0.5), nm.features.RandomFeatures(TANH, [2.0, 1.0])
        ),
        nm.simulate.Descent(learning_rate=0.1, steps=20, weight_decay="prior"),
    ],
    ids=lambda p: p.name,
)
def test_procedures_pickle_and_can_be_written(procedure):
    assert pickle.loads(pickle.dumps(procedure)) == procedure
    assert read(write(procedure)) == procedure


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    ridge = nm.simulate.Trained(ERM.Ridge(regularization=0.3))
    with pytest.raises(nm.NishimoriError, match=r"pip install 'nishimori\[simulate\]'"):
        ridge.check(LINEAR, None)
    with pytest.raises(nm.NishimoriError, match=r"nishimori\[simulate\]"):
        nm.simulate.fit(ridge.estimator, np.ones((3, 2)), np.ones(3))
    nm.simulate.Trained(ERM.Hinge(regularization=0.3)).check(SIGN, None)
    nm.simulate.Trained(ridge.estimator, solver="newton").check(LINEAR, None)


X, Y = np.eye(4), np.array([1.0, 2.0, 3.0, 4.0])
TRAINED, FIT, NET = nm.simulate.Trained, nm.simulate.fit, nm.simulate.train_network


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: TRAINED(ERM.Hinge()).check(LINEAR, None), "labels \\+1 and -1"),
        (lambda: TRAINED(ERM.Ridge()).check(SIGN, None), "SquareClassification"),
        (
            lambda: TRAINED(ERM.Ridge(regularization="optimal")).check(LINEAR, None),
            "must be one number",
        ),
        (
            lambda: TRAINED(ERM.Ridge(), nm.features.GaussianCovariates([1.0], [0.5])).check(
                LINEAR, None
            ),
            "features must be",
        ),
        (
            lambda: TRAINED(
                ERM.Ridge(), nm.features.RandomFeatures(TANH, [1.0, 1.0], shared_layers=1)
            ).check(LINEAR, None),
            "shared_layers=0",
        ),
        (lambda: TRAINED(ERM.Ridge(), kernel=np.exp).check(LINEAR, None), "features.Kernel"),
        (lambda: TRAINED("ridge"), "one of nishimori.erm"),
        (lambda: TRAINED(ERM.Ridge(), solver="adam"), "solver must be one of 'auto'"),
        (
            lambda: TRAINED(ERM.Huber(1.0), solver="scikit-learn").check(LINEAR, None),
            "solver='newton'",
        ),
        (lambda: FIT(ERM.Hinge(), X, Y), "needs labels \\+1 and -1, got 2"),
        (lambda: FIT(ERM.Ridge(), X, Y[:3]), "one number for each row"),
        (lambda: FIT(ERM.Ridge(), X, [1.0, 2.0, 3.0, np.nan]), "finite"),
        (lambda: FIT(ERM.Huber(1.0), X, Y, solver="scikit-learn"), "give state"),
        (lambda: FIT(ERM.Ridge(), X, Y, tolerance=0.0), "tolerance must lie between"),
        (lambda: FIT(ERM.Lasso(0.1), X, Y, nm.features.Kernel(1.0, 1.0)), "a kernel has none"),
        (lambda: FIT(ERM.Ridge(), X, Y).predict(np.eye(3)), "rows of 4 numbers"),
        (
            lambda: FIT(
                ERM.Ridge(),
                2.0 * X,
                Y,
                nm.features.Kernel(1.0, 1.0),
                kernel=lambda c: np.arcsin(1.5 * c),
            ),
            "kernel must be finite",
        ),
        (lambda: nm.simulate.Descent().check(LINEAR, None), "a plain GLM has none"),
        (lambda: nm.simulate.Descent(steps=-1), "steps must be an integer of at least 1"),
        (lambda: nm.simulate.Descent(learning_rate=-0.1), "learning_rate must be positive"),
        (lambda: nm.simulate.Descent(momentum=0.9), "needs method='gradient' and a learning_rate"),
        (lambda: nm.simulate.Descent(loss="hinge"), "loss must be one of"),
        (lambda: nm.simulate.Descent(loss="logistic").check(DEEP_LINEAR, TANH), "loss='square'"),
        (lambda: nm.simulate.Descent(weight_decay="prior").check(DEEP, TANH), "give a number"),
        (
            lambda: nm.simulate.Descent().check(
                DEEP, nm.DeepNetwork.uniform(nm.activations.Sign(), 1)
            ),
            "jumps",
        ),
        (lambda: NET(TANH, X, Y, 0, widths=[5, 4, 4]), "begin with the dimension of the inputs, 4"),
        (lambda: NET(TANH, X, Y, 0, widths=[4, 4]), "has 3 widths"),
        (lambda: NET(TANH, X, Y, 0, widths=[4, 10**6, 10**6]), "GiB of memory"),
        (lambda: NET(TANH, X, Y, 0, loss="logistic"), "logistic loss needs labels"),
        (lambda: NET(TANH, X, Y[:2], 0), "one number for each of 4 rows"),
        (lambda: NET(TANH, X, Y, 0, test_inputs=X), "given together"),
        (lambda: NET(TANH, X, Y, 0).predict(np.eye(3)), "rows of 4 numbers"),
        (
            lambda: NET(
                nm.DeepNetwork.uniform(nm.activations.Hermite(2), 2), X, Y, 0, learning_rate=10.0
            ),
            "not finite after",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(nm.NishimoriError, match=words):
        call()
