"""Bayes-optimal message passing: on state evolution, on deep data, from every start."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import nishimori as nm
from nishimori.errors import BadArgument, ConvergenceError, ConvergenceWarning, Status
from nishimori.simulate import MessagePassing, gamp, glm_teacher
from nishimori.simulate.datasets import Dataset
from nishimori.simulate.procedures import Task

A, C, P, E = nm.activations, nm.channels, nm.priors, nm.erm

MIXTURE = P.GaussianMixture([-1.0, 2.0], [0.5, 0.1], [0.6, 0.4])
PROBLEMS = {
    "linear": (nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.1), 1.0),
    "sign": (nm.GLM(C.Sign()), 2.0),
    "binary weights": (nm.GLM(C.Sign(0.1, 0.05), prior=P.Rademacher()), 1.5),
    "sparse weights": (nm.GLM(C.Logistic(), prior=P.GaussBernoulli(0.2), signal_variance=4.0), 2.0),
    "relu": (nm.GLM(C.Readout(A.ReLU(), 0.1), noise_variance=0.1), 1.0),
    "noiseless relu": (nm.GLM(C.Readout(A.ReLU()), noise_variance=0.2), 1.0),
    "saturating": (nm.GLM(C.Readout(A.Tanh(3.0)), noise_variance=0.2), 1.0),
    "mixture": (nm.GLM(C.Readout(A.Tanh(2.0), 0.05), prior=MIXTURE), 1.0),
    "counts": (nm.GLM(C.Poisson(), prior=P.Discrete([-2, 0, 1], [0.2, 0.5, 0.3])), 1.0),
    "ordinal": (nm.GLM(C.Ordinal((-0.5, 0.5)), prior=P.Discrete([-1, 0, 1], [0.2, 0.6, 0.2])), 1.0),
    "laplace": (nm.GLM(C.Laplace(0.3), offset=0.4), 1.0),
    "door": (nm.GLM(C.Door(0.7), offset=0.4), 2.0),
    "custom": (
        nm.GLM(C.Custom(lambda y, h: -np.logaddexp(0.0, -y * h), outputs=(-1.0, 1.0))),
        2.0,
    ),
}


def data_of(problem, alpha, dimension, seed):
    teacher = glm_teacher(problem, dimension, seed)
    return teacher, teacher.sample(round(alpha * dimension), seed)


def follow(problem, alpha, dimension, seeds, iterations):
    """Overlap per second moment of the weights drawn, the same of the estimate, conjugate."""
    rows = []
    for seed in range(seeds):
        teacher, data = data_of(problem, alpha, dimension, seed)
        options = {"weights": teacher.weights, "iterations": iterations, "tolerance": 0.0}
        found = gamp(problem, data.inputs, data.labels, **options)
        square = float(np.mean(teacher.weights**2))
        rows.append([found.overlap / square, found.self_overlap, found.conjugate])
    return np.array(rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBLEMS)
def test_trajectories_lie_on_state_evolution(name):
    problem, alpha = PROBLEMS[name]
    steps, seeds, d = 8, 6, 2000
    theory = problem.trajectory(alpha, steps)
    found = follow(problem, alpha, d, seeds, steps)
    expected = np.array([theory.overlap, theory.overlap, theory.conjugate])
    gap = np.abs(found.mean(axis=0) - expected)
    error = found.std(axis=0, ddof=1) / math.sqrt(seeds)
    # Student's t of 5 degrees of freedom, and a bias of order 1/d
    assert (gap <= 5.5 * error + 5.0 / d * np.maximum(expected, 1.0)).all(), gap / error
    assert (error[:2] < 1.2 / math.sqrt(d)).all()


@pytest.mark.parametrize("name", ["sign", "noiseless relu", "ordinal"])
def test_trajectories_lie_on_state_evolution_roughly(name):
    problem, alpha = PROBLEMS[name]
    found = follow(problem, alpha, 400, 6, 6).mean(axis=0)
    theory = problem.trajectory(alpha, 6)
    assert np.abs(found[:2] - theory.overlap).max() < 0.06
    assert found[2] == pytest.approx(theory.conjugate, rel=0.2)
    assert theory.overlap[-1] > 0.4


def test_without_the_onsager_term_it_would_not():
    """That the test above can fail: a naive iteration, the same but for that term."""
    problem, alpha = PROBLEMS["sign"]
    from nishimori.simulate.field_posteriors import output_score

    teacher, data = data_of(problem, alpha, 1000, 0)
    x, mean, v = data.scaled_inputs, np.zeros(1000), 1.0
    for _ in range(8):
        score, bend = output_score(problem.channel, data.labels, x @ mean, v)
        precision = bend.sum() / 1000
        mean = (x.T @ score + precision * mean) / (1.0 + precision)
        v = 1.0 / (1.0 + precision)
    overlap = float(np.mean(mean * teacher.weights))
    assert abs(float(np.mean(mean**2)) - overlap) > 0.1
    found = gamp(problem, data.inputs, data.labels, weights=teacher.weights)
    assert abs(found.self_overlap[-1] - found.overlap[-1]) < 0.05


def test_it_stops_at_a_fixed_point():
    problem, alpha = PROBLEMS["relu"]
    teacher, data = data_of(problem, alpha, 300, 0)
    found = gamp(problem, data.inputs, data.labels, weights=teacher.weights)
    assert found.status is Status.CONVERGED
    assert found.residual[-1] <= 1e-10 < found.residual[-2]
    assert found.overlap.shape == found.residual.shape == (found.iterations + 1,)
    damped = gamp(problem, data.inputs, data.labels, damping=0.5)
    assert damped.iterations > found.iterations
    assert damped.estimate == pytest.approx(found.estimate, abs=1e-8)
    assert np.isnan(damped.overlap).all()
    short = gamp(problem, data.inputs, data.labels, iterations=3)
    assert short.status is Status.RESIDUAL_TOO_LARGE
    assert not short.converged
    assert "residual too large" in repr(short)


def test_linear_labels_have_the_exact_posterior():
    """Gaussian weights and noise: the fixed point is the posterior mean, whatever the dimension."""
    problem = nm.GLM(C.Linear(0.2), signal_variance=0.7, noise_variance=0.1, offset=0.3)
    _, data = data_of(problem, 1.5, 150, 0)
    found = gamp(problem, data.inputs, data.labels)
    design = math.sqrt(0.7) * data.scaled_inputs
    matrix = design.T @ design / 0.3 + np.eye(150)
    exact = np.linalg.solve(matrix, design.T @ (data.labels - 0.3) / 0.3)
    assert found.estimate == pytest.approx(exact, abs=1e-8)
    assert found.variance.mean() == pytest.approx(np.linalg.inv(matrix).trace() / 150, rel=0.02)
    fresh = data.inputs[:5]
    expected = math.sqrt(0.7) * fresh @ exact / math.sqrt(150) + 0.3
    assert found.fields(fresh) == pytest.approx(expected, abs=1e-8)
    tested = gamp(problem, data.inputs, data.labels, test_inputs=fresh)
    assert tested.test_fields == pytest.approx(found.predict(fresh), abs=1e-14)


@pytest.mark.parametrize("noise", [0.01, 0.0])
def test_labels_that_hide_the_sign_start_from_an_eigenvector(noise):
    problem = nm.GLM(C.Readout(A.Abs(), noise))
    teacher, data = data_of(problem, 2.5, 600, 1)
    found = gamp(problem, data.inputs, data.labels, weights=teacher.weights)
    share = found.overlap[-1] / np.mean(teacher.weights**2)
    assert found.converged
    assert share == pytest.approx(problem.solve(2.5, "algorithmic").overlap, abs=0.02)
    below = gamp(problem, data.inputs[:180], data.labels[:180])  # alpha = 0.3
    assert below.self_overlap[-1] < 0.1


@pytest.mark.parametrize("channel", [C.Door(0.6745), C.Readout(A.Polynomial((0, 0, 1.0)), 0.1)])
def test_other_even_labels_are_learnt_too(channel):
    problem = nm.GLM(channel)
    teacher, data = data_of(problem, 5.0, 600, 3)
    # labels like h^2 have tails: without damping, the norm of the estimate swings at this size
    found = gamp(problem, data.inputs, data.labels, weights=teacher.weights, damping=0.3)
    assert found.converged
    share = found.overlap[-1] / np.mean(teacher.weights**2)
    assert share == pytest.approx(problem.solve(5.0, "algorithmic").overlap, abs=0.05)
    assert share > 0.5


def test_an_informed_start_finds_the_informed_branch():
    problem = nm.GLM(C.Sign(), prior=P.Rademacher())
    teacher, data = data_of(problem, 1.35, 1000, 0)
    options = {"weights": teacher.weights}
    informed = gamp(problem, data.inputs, data.labels, initial_overlap=0.99, **options)
    assert informed.overlap[0] == pytest.approx(0.99, abs=1e-12)
    assert informed.status is Status.PERFECT_RECOVERY
    assert (np.sign(informed.estimate) == teacher.weights).all()
    assert (informed.predict(data.inputs) == data.labels).all()
    blind = gamp(problem, data.inputs, data.labels, **options)
    assert blind.overlap[-1] == pytest.approx(problem.solve(1.35, "algorithmic").overlap, abs=0.1)


@pytest.mark.parametrize(
    ("channel", "alpha"), [(C.Sign(), 2.5), (C.Ordinal((-0.5, 0.5)), 2.0), (C.Door(0.7), 4.0)]
)
def test_weights_found_exactly_are_kept(channel, alpha):
    """Labels that are all explained have nothing more to tell; nothing is forgotten."""
    problem = nm.GLM(channel, prior=P.Rademacher())
    for seed in range(4):
        teacher, data = data_of(problem, alpha, 400, seed)
        found = gamp(problem, data.inputs, data.labels, weights=teacher.weights, tolerance=0.0)
        assert found.status is Status.PERFECT_RECOVERY
        assert found.overlap[-1] == pytest.approx(1.0, abs=1e-6)


def test_noiseless_linear_labels_do_not_run_away():
    table = nm.simulate.compare(nm.GLM(C.Linear()), None, [0.5, 0.8], 150, 10)
    assert table.agrees, str(table)
    # V shrinks by 1/alpha whatever happens, and at this size the weights do not always follow
    problem = nm.GLM(C.Linear())
    for seed in range(10):
        teacher, data = data_of(problem, 1.5, 100, seed)
        found = gamp(problem, data.inputs, data.labels, weights=teacher.weights, iterations=500)
        exact = np.abs(found.estimate - teacher.weights).max() < 1e-6
        assert found.converged == exact


def test_an_informed_start_is_a_posterior():
    prior = P.Discrete([0.0, 1.0, 2.0], [0.5, 0.25, 0.25])
    problem = nm.GLM(C.Linear(0.1), prior=prior)
    teacher, data = data_of(problem, 0.1, 4000, 0)
    options = {"weights": teacher.weights, "iterations": 1}
    found = gamp(problem, data.inputs, data.labels, initial_overlap=0.7, **options)
    assert found.overlap[0] == pytest.approx(0.7, abs=1e-9)
    assert found.self_overlap[0] == pytest.approx(0.7, abs=0.03)
    blind = gamp(problem, data.inputs, data.labels, **options)
    assert blind.self_overlap[0] == pytest.approx(prior.mean**2, rel=1e-14)


def test_perfect_recovery_is_a_status():
    problem = nm.GLM(C.Linear(), prior=P.GaussBernoulli(0.2))
    for dtype in ("float64", "float32"):
        teacher = glm_teacher(problem, 400, 0, dtype=dtype)
        data = teacher.sample(320, 1)
        found = gamp(problem, data.inputs, data.labels, weights=teacher.weights, tolerance=0.0)
        assert found.status is Status.PERFECT_RECOVERY
        assert np.abs(found.estimate - teacher.weights).max() < (
            1e-9 if dtype == "float64" else 1e-3
        )


def test_nothing_is_learnt_from_no_signal():
    problem = nm.GLM(C.Sign(), signal_variance=0.0, noise_variance=0.0)
    _, data = data_of(problem, 1.0, 50, 0)
    found = gamp(problem, data.inputs, data.labels)
    assert not found.estimate.any()
    assert found.variance == pytest.approx(1.0)


@pytest.mark.parametrize(
    "spectrum",
    [
        nm.spectra.PowerLaw(1.0, 300),
        nm.spectra.Eigenvalues([0.4, 1.6]),
        nm.spectra.MarchenkoPastur(2.0),
    ],
    ids=str,
)
def test_correlated_inputs_are_taken_along_their_axes(spectrum):
    problem = nm.GLM(C.Linear(0.1), spectrum=spectrum)
    teacher, data = data_of(problem, 1.5, 300, 0)
    found = gamp(problem, data.inputs, data.labels, weights=teacher.weights, scale=teacher.scale)
    assert found.converged
    exact = nm.simulate.fit(E.Ridge(regularization=0.1), data.inputs, data.labels)
    test = teacher.sample(2000, 2)
    assert found.predict(test.inputs) == pytest.approx(exact.predict(test.inputs), abs=1e-5)
    theory = problem.trajectory(1.5, found.iterations)
    assert np.abs(found.overlap - theory.overlap).max() < 0.15
    table = nm.simulate.compare(problem, MessagePassing(), [0.5, 2.0], 200, repetitions=10)
    assert table.agrees, str(table)


def test_deep_networks_reach_the_optimum():
    network = nm.DeepNetwork.uniform(A.Tanh(gain=2.0), depth=2)
    table = nm.simulate.compare(network, "bayes", [0.5, 2.0], 150, 12, channel=C.Sign(0.1))
    assert table.agrees, str(table)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "channel"),
    [
        (nm.DeepNetwork.uniform(A.Tanh(gain=2.0), depth=3), C.Linear(0.1)),
        (nm.DeepNetwork.uniform(A.ReLU(), depth=2), C.Sign()),
        (nm.DeepNetwork.uniform(A.Erf(), depth=2), C.Readout(A.ReLU(), 0.05)),
        (nm.DeepNetwork.uniform(A.Tanh(gain=2.0), depth=2), C.Poisson("softplus")),
        (nm.DeepNetwork.uniform(A.Sine(2.0), depth=2), C.Ordinal((-0.3, 0.4))),
    ],
    ids=str,
)
def test_wide_deep_networks_reach_the_optimum(network, channel):
    table = nm.simulate.compare(network, "bayes", [0.5, 1.0, 3.0], 500, 12, channel=channel)
    assert table.agrees, str(table)
    assert table.rms_z < 2.5


def test_as_a_procedure():
    learner = MessagePassing()
    assert (learner.name, pickle.loads(pickle.dumps(learner))) == ("message passing", learner)
    assert repr(learner) == (
        "MessagePassing(estimator=None, damping=0.0, iterations=500, tolerance=1e-06, "
        "on_failure='warn')"
    )
    problem = nm.GLM(C.Sign(0.1))
    _, data = data_of(problem, 2.0, 200, 0)
    task = Task(
        problem, None, Dataset(data.inputs, data.labels, data.fields * np.nan), data.inputs, (200,)
    )
    labels = learner.predict(task, np.random.default_rng(0))
    assert set(labels) == {-1.0, 1.0}
    assert np.mean(labels != data.labels) < 0.2
    hasty = {"iterations": 2, "tolerance": 1e-9}
    with pytest.raises(ConvergenceError, match=r"after 2 iterations the residual is .*, and 1e-09"):
        MessagePassing(**hasty, on_failure="raise").predict(task, np.random.default_rng(0))
    with pytest.warns(ConvergenceWarning, match="after 2 iterations"):
        MessagePassing(**hasty).predict(task, np.random.default_rng(0))
    quiet = MessagePassing(**hasty, on_failure="return").predict(task, np.random.default_rng(0))
    assert quiet.shape == labels.shape


SIGN = nm.GLM(C.Sign())
X, Y = np.random.default_rng(0).standard_normal((60, 30)), np.ones(60)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gamp(3, X, Y), "problem must be a GLM"),
        (lambda: gamp(SIGN, X, Y[:3]), "60 inputs need as many labels"),
        (lambda: gamp(SIGN, Y, Y), "inputs must be a matrix"),
        (lambda: gamp(SIGN, X * np.nan, Y), "inputs and labels must be finite"),
        (lambda: gamp(SIGN, X / 30**0.5, Y), "x itself, not x/sqrt\\(d\\).*mean square is 0.03"),
        (lambda: gamp(SIGN, X[:, :1] + 0.3 * X, Y), "components of the inputs are correlated"),
        (lambda: gamp(SIGN, X, 0.5 * Y), "the label 0.5 cannot come from sign"),
        (lambda: gamp(nm.GLM(C.Poisson()), X, -Y), "the label -1 cannot come from poisson"),
        (lambda: gamp(nm.GLM(C.Readout(A.ReLU())), X, -Y), "y = -1 has no probability under"),
        (lambda: gamp(SIGN, X, Y, initial_overlap=0.5), "needs weights, the true ones"),
        (lambda: gamp(SIGN, X, Y, initial_overlap=1.5), "initial_overlap must lie between 0 and 1"),
        (lambda: gamp(SIGN, X, Y, weights=[1, 2]), "weights must be 30 finite numbers"),
        (lambda: gamp(SIGN, X, Y, damping=1.0), "damping must be smaller than 1"),
        (lambda: gamp(SIGN, X, Y, iterations=0), "iterations must be an integer of at least 1"),
        (lambda: gamp(SIGN, X, Y, tolerance=-1.0), "tolerance must lie between"),
        (lambda: gamp(SIGN, X, Y, rng="now"), "rng must be an integer"),
        (lambda: gamp(SIGN, X, Y, scale=-np.ones(30)), "scale must be at least 0"),
        (
            lambda: gamp(nm.GLM(C.Sign(), prior=P.Rademacher()), X, Y, scale=np.ones(30)),
            "scale of the inputs needs a Gaussian prior",
        ),
        (
            lambda: gamp(nm.GLM(C.Sign(), spectrum=nm.spectra.PowerLaw(1.0, 30)), X, Y),
            "need scale, the standard deviation of each component",
        ),
        (lambda: gamp(nm.GLM(C.Readout(A.Sine())), X, 0.5 * Y), "needs noise > 0"),
        (lambda: gamp(SIGN, X, Y).predict(X[:, :3]), "rows of 30 numbers"),
        (lambda: gamp(SIGN, X, Y).predict(X * np.nan), "inputs must be finite"),
        (lambda: MessagePassing(3), "estimator must be one of nishimori.erm or None"),
        (lambda: MessagePassing(iterations=0.5), "MessagePassing: iterations must be an integer"),
        (lambda: MessagePassing(on_failure="ignore"), "on_failure must be one of"),
        (lambda: MessagePassing().check(nm.GLM(C.Readout(A.Sine())), None), "needs noise > 0"),
        (lambda: MessagePassing().check(nm.GLM(C.Channel()), None), "labels of Channel are not"),
        (lambda: MessagePassing(E.Hinge()).check(nm.GLM(C.Linear()), None), "margin of labels"),
        (
            lambda: MessagePassing(E.Ridge()).check(
                nm.GLM(C.Linear(), spectrum=nm.spectra.PowerLaw(1.0, 30)), None
            ),
            "valid for isotropic inputs",
        ),
        (
            lambda: MessagePassing(E.Ridge(regularization="optimal")).check(
                nm.GLM(C.Linear()), None
            ),
            "must be one number",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(BadArgument, match=words):
        call()
