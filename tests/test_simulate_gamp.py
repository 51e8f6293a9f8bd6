"""Message passing: its parts against quadrature, itself against state evolution and training."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, ndtr

import nishimori as nm
from nishimori.simulate.denoisers import mixture_of, posterior_moments
from nishimori.simulate.field_posteriors import field_posterior

A, C, P, E = nm.activations, nm.channels, nm.priors, nm.erm


def normal(x, mean, variance):
    return math.exp(-0.5 * (x - mean) ** 2 / variance) / math.sqrt(2.0 * math.pi * variance)


def _custom(y, h):
    return -np.abs(y - h) / 0.4 - np.log(0.8)


# A channel, a label, and P_out(y | h) written anew as plain Python, with its breakpoints in h.
LAWS = {
    "linear": (C.Linear(0.1), 0.7, lambda y, h: normal(y, h, 0.1), []),
    "sign": (C.Sign(0.0, 0.05), -1.0, lambda y, h: 0.95 if y * h > 0 else 0.05, [0.0]),
    "probit": (C.Sign(0.2), 1.0, lambda y, h: ndtr(y * h / math.sqrt(0.2)), []),
    "logistic": (C.Logistic(), -1.0, lambda y, h: 1.0 / (1.0 + math.exp(-y * h)), []),
    "relu": (C.Readout(A.ReLU(), 0.1), 0.2, lambda y, h: normal(y, max(h, 0.0), 0.1), [0.0]),
    "abs": (C.Readout(A.Abs(), 0.02), 0.9, lambda y, h: normal(y, abs(h), 0.02), [0.0]),
    "tanh": (
        C.Readout(A.Tanh(gain=2.0), 0.001),
        0.5,
        lambda y, h: normal(y, math.tanh(2.0 * h), 0.001),
        [math.atanh(0.5) / 2.0],
    ),
    "door in": (C.Door(0.7), 1.0, lambda y, h: float(abs(h) < 0.7), [-0.7, 0.7]),
    "door out": (C.Door(0.7), -1.0, lambda y, h: float(abs(h) >= 0.7), [-0.7, 0.7]),
    "laplace": (C.Laplace(0.5), 1.3, lambda y, h: math.exp(-abs(y - h) / 0.5), [1.3]),
    "poisson": (C.Poisson(), 3.0, lambda y, h: math.exp(y * h - math.exp(h) - gammaln(y + 1)), []),
    "softplus": (
        C.Poisson("softplus"),
        2.0,
        lambda y, h: np.logaddexp(0.0, h) ** y * math.exp(-np.logaddexp(0.0, h)) / 2.0,
        [],
    ),
    "ordinal": (
        C.Ordinal((-0.5, 0.5), 0.1),
        1.0,
        lambda y, h: ndtr((0.5 - h) / math.sqrt(0.1)) - ndtr((-0.5 - h) / math.sqrt(0.1)),
        [],
    ),
    "custom": (
        C.Custom(_custom, support=(-np.inf, np.inf), breakpoints=()),
        0.3,
        lambda y, h: math.exp(_custom(y, h)),
        [0.3],
    ),
}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(("omega", "variance"), [(0.3, 0.8), (-1.2, 0.15)])
def test_fields_know_what_their_label_tells(name, omega, variance):
    channel, y, law, breaks = LAWS[name]
    found = field_posterior(channel, np.array([y]), np.array([omega]), variance)
    reach = 8.0 * math.sqrt(variance)
    ends = sorted({omega - reach, *(b for b in breaks if abs(b - omega) < reach), omega + reach})

    def moment(power):
        return sum(
            quad(
                lambda h: law(y, h) * normal(h, omega, variance) * (h - omega) ** power,
                low,
                high,
                epsabs=0.0,
                epsrel=1e-10,
                limit=300,
            )[0]
            for low, high in zip(ends, ends[1:], strict=False)
        )

    mass, first, second = moment(0), moment(1), moment(2)
    # a kink inside the grid's trapezoid rule costs the square of its step
    tolerance = 2e-3 if name == "custom" else 1e-6
    assert found.mean[0] - omega == pytest.approx(first / mass, rel=tolerance, abs=1e-9)
    spread = second / mass - (first / mass) ** 2
    assert found.variance[0] == pytest.approx(spread, rel=tolerance)


@pytest.mark.parametrize(
    "channel",
    [C.Readout(A.ReLU()), C.Readout(A.LeakyReLU(slope=0.2)), C.Readout(A.Tanh()), C.Linear()],
    ids=str,
)
def test_noiseless_readouts_tell_what_they_can(channel):
    h = np.array([-0.8, 1.1])
    activation = getattr(channel, "activation", A.Identity())
    omega = np.array([0.2, 0.1])
    found = field_posterior(channel, activation.value(h), omega, 0.5)
    assert found.mean[1] == pytest.approx(1.1, abs=1e-12)
    assert found.variance[1] == pytest.approx(0.0, abs=1e-12)
    if isinstance(activation, A.ReLU):  # all that y = 0 says is h < 0
        u = 0.2 / math.sqrt(0.5)
        ratio = math.exp(-0.5 * u * u) / math.sqrt(2.0 * math.pi) / ndtr(-u)
        assert found.mean[0] == pytest.approx(0.2 - math.sqrt(0.5) * ratio, rel=1e-10)
    else:
        assert found.mean[0] == pytest.approx(-0.8, abs=1e-12)


def test_far_labels_are_numbers():
    omega = np.array([-30.0, 30.0, -300.0])
    for channel in (C.Sign(), C.Sign(0.1), C.Door(0.5), C.Ordinal((0.0,))):
        label = 0.0 if isinstance(channel, C.Ordinal) else -1.0
        found = field_posterior(channel, np.full(3, label), omega, 1.0)
        assert np.isfinite(found.mean).all()
        assert ((found.variance >= 0.0) & (found.variance <= 1.0 + 1e-12)).all()


@pytest.mark.parametrize(
    "prior",
    [
        P.Gaussian(),
        P.Rademacher(),
        P.GaussBernoulli(0.2),
        P.Discrete([-1.0, 0.0, 2.0], [0.3, 0.5, 0.2]),
        P.GaussianMixture([-1.0, 2.0], [0.5, 0.1], [0.6, 0.4]),
    ],
    ids=str,
)
@pytest.mark.parametrize(("linear", "precision"), [(0.7, 1.5), (-3.0, 0.2), (200.0, 150.0)])
def test_denoisers_average_over_the_prior(prior, linear, precision):
    means, variances, weights = mixture_of(prior)
    found = posterior_moments((means, variances, weights), np.array([linear]), precision)
    nodes = np.linspace(-12.0, 12.0, 24_001)  # the trapezoid rule
    mass = np.exp(-0.5 * nodes**2)
    values = (means[:, None] + np.sqrt(variances)[:, None] * nodes).ravel()
    logs = linear * values - 0.5 * precision * values**2
    share = (weights[:, None] * mass).ravel() * np.exp(logs - logs.max())
    mean = share @ values / share.sum()
    spread = share @ (values - mean) ** 2 / share.sum()
    assert found[0][0] == pytest.approx(mean, rel=1e-8)
    assert found[1][0] == pytest.approx(spread, rel=1e-6, abs=1e-12)


PROBLEMS = {
    "linear": (nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.1), 1.0),
    "sign": (nm.GLM(C.Sign()), 2.0),
    "binary weights": (nm.GLM(C.Sign(0.1, 0.05), prior=P.Rademacher()), 1.5),
    "sparse weights": (nm.GLM(C.Logistic(), prior=P.GaussBernoulli(0.2), signal_variance=4.0), 2.0),
    "relu": (nm.GLM(C.Readout(A.ReLU(), 0.1), noise_variance=0.1), 1.0),
    "counts": (nm.GLM(C.Poisson("softplus")), 2.0),
    "ordinal": (nm.GLM(C.Ordinal((-0.5, 0.5)), prior=P.Discrete([-1, 0, 1], [0.2, 0.6, 0.2])), 1.0),
    "laplace": (nm.GLM(C.Laplace(0.3), offset=0.4), 1.0),
}


def follow(problem, alpha, dimension, seeds, iterations):
    rows = []
    for seed in range(seeds):
        teacher = nm.simulate.glm_teacher(problem, dimension, seed)
        data = teacher.sample(round(alpha * dimension), seed)
        found = nm.simulate.gamp(
            problem,
            data.inputs,
            data.labels,
            weights=teacher.weights,
            iterations=iterations,
            tolerance=0.0,
        )
        rows.append([found.overlap, found.self_overlap, found.conjugate])
    return np.array(rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBLEMS)
def test_message_passing_follows_state_evolution(name):
    problem, alpha = PROBLEMS[name]
    steps, seeds = 12, 12
    theory = problem.trajectory(alpha, steps)
    found = follow(problem, alpha, 1000, seeds, steps)
    error = found.std(axis=0, ddof=1) / math.sqrt(seeds)
    for row, expected in zip(
        range(3), (theory.overlap, theory.overlap, theory.conjugate), strict=True
    ):
        gap = np.abs(found[:, row].mean(axis=0) - expected)
        # four standard errors, and a bias of the order of 1/d
        assert (gap <= 4.0 * error[row] + 5.0 / 1000.0 * np.maximum(expected, 0.1)).all(), gap


def test_message_passing_follows_state_evolution_roughly():
    problem, alpha = PROBLEMS["sign"]
    found = follow(problem, alpha, 400, 6, 8)
    expected = problem.trajectory(alpha, 8).overlap
    assert np.abs(found[:, 0].mean(axis=0) - expected).max() < 0.06


def test_a_state_with_the_true_overlap_stays_there():
    problem = nm.GLM(C.Readout(A.Abs(), 0.01))
    teacher = nm.simulate.glm_teacher(problem, 600, 0)
    data = teacher.sample(1500, 0)
    informed = nm.simulate.gamp(
        problem, data.inputs, data.labels, weights=teacher.weights, initial_overlap=0.9
    )
    share = informed.overlap[-1] / np.mean(teacher.weights**2)
    assert share == pytest.approx(problem.solve(2.5, "informed").overlap, abs=0.02)


def test_labels_without_the_sign_of_the_weights_start_from_an_eigenvector():
    problem = nm.GLM(C.Readout(A.Abs(), 0.01))
    teacher = nm.simulate.glm_teacher(problem, 600, 1)
    data = teacher.sample(1800, 1)
    found = nm.simulate.gamp(problem, data.inputs, data.labels, weights=teacher.weights)
    share = found.overlap[-1] / np.mean(teacher.weights**2)
    assert share == pytest.approx(problem.solve(3.0).overlap, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("activation", [A.Tanh(gain=2.0), A.ReLU()], ids=str)
def test_on_data_of_a_deep_network_it_reaches_the_optimum(activation):
    network = nm.DeepNetwork.uniform(activation, depth=2)
    table = nm.simulate.compare(network, "bayes", [1.0, 2.0], 400, 12, channel=C.Linear(0.1))
    assert table.agrees, str(table)


@pytest.mark.parametrize(
    ("channel", "alpha"), [(C.Sign(), 2.5), (C.Ordinal((-0.5, 0.5)), 2.0), (C.Door(0.7), 4.0)]
)
def test_weights_found_exactly_are_kept(channel, alpha):
    problem = nm.GLM(channel, prior=P.Rademacher())
    teacher = nm.simulate.glm_teacher(problem, 400, 0)
    data = teacher.sample(round(400 * alpha), 1)
    found = nm.simulate.gamp(problem, data.inputs, data.labels, weights=teacher.weights)
    assert found.converged
    assert found.overlap[-1] == pytest.approx(1.0, abs=1e-6)


def test_noiseless_linear_labels_do_not_run_away():
    table = nm.simulate.compare(nm.GLM(C.Linear(0.0)), None, [0.5, 0.8], 150, 10)
    assert table.agrees, str(table)


def test_an_informed_start_is_a_posterior():
    prior = P.Discrete([0.0, 1.0, 2.0], [0.5, 0.25, 0.25])
    problem = nm.GLM(C.Linear(0.1), prior=prior)
    teacher = nm.simulate.glm_teacher(problem, 4000, 0)
    data = teacher.sample(100, 1)
    found = nm.simulate.gamp(
        problem,
        data.inputs,
        data.labels,
        weights=teacher.weights,
        initial_overlap=0.3,
        iterations=1,
    )
    assert found.overlap[0] == pytest.approx(found.self_overlap[0], abs=0.05)
    assert found.overlap[0] > prior.mean**2


def test_nothing_to_learn_and_nothing_to_see():
    blank = nm.GLM(C.Sign(), signal_variance=0.0, offset=1.0)
    data = nm.simulate.glm_teacher(blank, 20, 0).sample(30, 1)
    found = nm.simulate.gamp(blank, data.inputs, data.labels)
    assert np.abs(found.predict(data.inputs) - 1.0).max() == 0.0
    none = nm.simulate.erm_gamp(E.Lasso(10.0), data.inputs, data.labels)
    assert none.converged
    assert not none.weights.any()


LOSSES = {
    "ridge": (E.Ridge(regularization=0.1), C.Linear(0.1), 0.0),
    "logistic": (E.Logistic(regularization=0.1), C.Sign(0.1), 0.0),
    "hinge": (E.Hinge(regularization=0.5), C.Sign(0.1), 0.4),
    "squared hinge": (E.SquaredHinge(regularization=0.5), C.Sign(0.1), 0.0),
    "square": (E.SquareClassification(regularization=0.5), C.Sign(0.1), 0.0),
    "huber": (E.Huber(0.5, regularization=0.3), C.Linear(0.1), 0.0),
    "absolute": (E.Absolute(regularization=0.5), C.Linear(0.1), 0.4),
    "epsilon": (E.EpsilonInsensitive(0.4, regularization=0.5), C.Linear(0.1), 0.4),
    "lasso": (E.Lasso(0.3), C.Linear(0.05), 0.0),
    "elastic net": (E.ElasticNet(0.2, regularization=0.1), C.Linear(0.05), 0.0),
    "max-margin": (E.MaxMargin(), C.Sign(), 0.3),
    "custom": (E.Custom(lambda y, z: np.log(np.cosh(y - z))), C.Linear(0.1), 0.0),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_fixed_point_is_the_minimiser(name):
    pytest.importorskip("sklearn")
    estimator, channel, damping = LOSSES[name]
    alpha = 0.8 if name == "max-margin" else 1.5
    teacher = nm.simulate.glm_teacher(nm.GLM(channel), 200, 0)
    data = teacher.sample(round(200 * alpha), 1)
    found = nm.simulate.erm_gamp(estimator, data.inputs, data.labels, damping=damping)
    assert found.converged
    twin = nm.simulate.fit(estimator, data.inputs, data.labels, tolerance=1e-8, on_failure="return")
    assert np.abs(found.weights - twin.weights).max() < 1e-5 * np.abs(twin.weights).max()


def test_the_susceptibility_is_that_of_state_evolution():
    problem, ridge = nm.GLM(C.Linear(0.1)), E.Logistic(regularization=0.1)
    problem = nm.GLM(C.Sign(0.1))
    teacher = nm.simulate.glm_teacher(problem, 1000, 0)
    data = teacher.sample(2000, 1)
    found = nm.simulate.erm_gamp(ridge, data.inputs, data.labels, weights=teacher.weights)
    state = ridge.solve(problem, 2.0)
    assert found.susceptibility[-1] == pytest.approx(state.susceptibility, rel=0.03)
    assert found.overlap[-1] == pytest.approx(state.overlap, rel=0.1)


def test_correlated_inputs_with_gaussian_weights():
    spectrum = nm.spectra.PowerLaw(1.0, 400)
    problem = nm.GLM(C.Linear(0.1), spectrum=spectrum)
    teacher = nm.simulate.glm_teacher(problem, 400, 0)
    data, test = teacher.sample(600, 1), teacher.sample(4000, 2)
    found = nm.simulate.gamp(problem, data.inputs, data.labels, scale=teacher.scale)
    # the posterior mean of Gaussian weights is ridge regression, exactly
    exact = nm.simulate.fit(E.Ridge(regularization=0.1), data.inputs, data.labels)
    assert np.abs(found.predict(test.inputs) - exact.predict(test.inputs)).max() < 0.02


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nm.simulate.gamp(3, [[1.0]], [1.0]), "problem must be a GLM"),
        (lambda: nm.simulate.gamp(nm.GLM(C.Sign()), [[1.0]], [1.0, 1.0]), "as many labels"),
        (lambda: nm.simulate.gamp(nm.GLM(C.Sign()), [1.0], [1.0]), "must be a matrix"),
        (lambda: nm.simulate.gamp(nm.GLM(C.Sign()), [[np.nan]], [1.0]), "must be finite"),
        (
            lambda: nm.simulate.gamp(nm.GLM(C.Sign()), [[1.0]], [1.0], initial_overlap=0.5),
            "needs weights",
        ),
        (
            lambda: nm.simulate.gamp(nm.GLM(C.Sign()), [[1.0]], [1.0], weights=[1, 2]),
            "1 finite numbers",
        ),
        (lambda: nm.simulate.gamp(nm.GLM(C.Sign()), [[1.0]], [1.0], damping=1.0), "damping"),
        (
            lambda: nm.simulate.gamp(nm.GLM(C.Readout(A.Sine())), np.ones((4, 3)), np.full(4, 0.5)),
            "needs label noise",
        ),
        (lambda: nm.simulate.gamp(nm.GLM(C.Sign()), [[1.0]], [0.5]), "cannot come from"),
        (lambda: nm.simulate.gamp(nm.GLM(C.Poisson()), [[1.0]], [-1.0]), "cannot come from"),
        (lambda: nm.simulate.gamp(nm.GLM(C.Sign()), [[1.0]], [1.0], weights=[np.nan]), "finite"),
        (
            lambda: nm.simulate.gamp(nm.GLM(C.Sign()), np.eye(3), np.ones(3)).predict([[1.0]]),
            "must have shape",
        ),
        (lambda: nm.simulate.erm_gamp(E.Hinge(), [[1.0]], [0.5]), "labels"),
        (lambda: nm.simulate.erm_gamp(E.Ridge(regularization="optimal"), [[1.0]], [0.5]), "number"),
        (lambda: nm.simulate.erm_gamp(3, [[1.0]], [0.5]), "estimator must be"),
        (lambda: nm.simulate.MessagePassing(3), "estimator must be"),
        (
            lambda: nm.simulate.MessagePassing(E.Hinge()).check(nm.GLM(C.Linear()), None),
            "margin of labels",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(nm.NishimoriError, match=words):
        call()
