"""Trained estimators: certified values, identities of the minimum, and laws of the field."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import nishimori as nm
from conftest import rows

ROWS = rows("erm")
NAMES = {
    "ridge": nm.erm.Ridge,
    "huber": nm.erm.Huber,
    "absolute": nm.erm.Absolute,
    "epsilon_insensitive": nm.erm.EpsilonInsensitive,
    "logistic": nm.erm.Logistic,
    "hinge": nm.erm.Hinge,
    "squared_hinge": nm.erm.SquaredHinge,
    "square_classification": nm.erm.SquareClassification,
    "max_margin": nm.erm.MaxMargin,
}
SIGN = [nm.erm.Logistic, nm.erm.Hinge, nm.erm.SquaredHinge, nm.erm.SquareClassification]
REAL = [
    nm.erm.Ridge,
    lambda **k: nm.erm.Huber(0.5, **k),
    nm.erm.Absolute,
    lambda **k: nm.erm.EpsilonInsensitive(0.4, **k),
]
NOISY = nm.GLM(nm.channels.Sign(0.2, 0.05), signal_variance=0.7, noise_variance=0.3)
NOISELESS = nm.GLM(nm.channels.Sign())
LINEAR = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
SPECTRUM = nm.spectra.Eigenvalues([0.4, 1.6])


def problem_of(row):
    given = dict(row["problem"])
    channel = dict(given.pop("channel"))
    kind = {"linear": nm.channels.Linear, "sign": nm.channels.Sign}[channel.pop("name")]
    options = {}
    if "eigenvalues" in given:
        values, weights = given.pop("eigenvalues"), given.pop("weights")
        options["spectrum"] = nm.spectra.Eigenvalues(values, weights)
    if "density" in given:
        options["prior"] = nm.priors.GaussBernoulli(given.pop("density"))
    return nm.GLM(kind(**channel), **given, **options)


def estimator_of(row):
    given = dict(row["estimator"])
    return NAMES[given.pop("loss")](**given)


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_certified_values(row):
    estimator, problem = estimator_of(row), problem_of(row)
    state = estimator.solve(problem, row["alpha"])
    assert not state.status.failed
    for name, value in row["values"].items():
        if name == "clean_test_error":
            found = estimator.test_error(problem, state, label_noise=False)
        else:
            found = getattr(state, name)
        assert found == pytest.approx(value, rel=1e-12 if value > 1e-20 else 1e-10), name


def test_the_anchor():
    state = nm.erm.Logistic(regularization=0.01).solve(NOISELESS, 1.0)
    assert state.susceptibility == pytest.approx(46.66518868449, rel=1e-12)
    assert state.self_overlap == pytest.approx(11.26808062635, rel=1e-12)
    assert state.overlap == pytest.approx(2.33555321360, rel=1e-11)
    assert state.test_error == pytest.approx(0.2550639312345, rel=1e-12)
    assert state.train_loss == pytest.approx(0.04151200628646, rel=1e-12)
    assert state.norm == pytest.approx(state.self_overlap, rel=1e-14)
    assert state.objective == pytest.approx(0.09785240941822, rel=1e-12)


CASES = [(loss, problem) for loss in SIGN for problem in (NOISY, NOISELESS)]
CASES += [(loss, LINEAR) for loss in REAL]
CASES += [
    (nm.erm.Hinge, nm.GLM(nm.channels.Logistic(), signal_variance=2.0, noise_variance=0.5)),
    (nm.erm.Logistic, nm.GLM(nm.channels.Sign(0.1), offset=0.4)),
    (REAL[1], nm.GLM(nm.channels.Laplace(0.4), signal_variance=0.8)),
    (nm.erm.Absolute, nm.GLM(nm.channels.Readout(nm.activations.Tanh(), 0.05))),
    (nm.erm.Ridge, nm.GLM(nm.channels.Poisson("softplus"), noise_variance=0.1)),
    (nm.erm.Logistic, nm.GLM(nm.channels.Sign(0.1), noise_variance=0.2, spectrum=SPECTRUM)),
    (nm.erm.Ridge, nm.GLM(nm.channels.Linear(0.1), noise_variance=0.2, spectrum=SPECTRUM)),
    (lambda **k: nm.erm.Ridge(l1=0.2, **k), LINEAR),
    (
        lambda **k: nm.erm.Logistic(l1=0.1, **k),
        nm.GLM(nm.channels.Sign(), prior=nm.priors.GaussBernoulli(0.2)),
    ),
]


@pytest.mark.parametrize(("loss", "problem"), CASES)
def test_identities_of_the_minimum(loss, problem):
    """The penalty by stationarity, and both derivatives of the objective (envelope theorem)."""
    alpha, reg, step = 1.5, 0.3, 1e-3
    estimator = loss(regularization=reg)
    s = estimator.solve(problem, alpha)
    total = (
        s.overlap * s.overlap_conjugate
        - s.self_overlap * s.susceptibility_conjugate
        + s.susceptibility * s.self_overlap_conjugate
    )
    moreau = s.train_loss + 0.5 * s.susceptibility * s.self_overlap_conjugate / alpha
    if estimator.l1 == 0.0:
        assert reg * s.norm == pytest.approx(total, rel=1e-12)
        half = 0.5 * (s.overlap * s.overlap_conjugate - s.self_overlap * s.susceptibility_conjugate)
        assert s.objective == pytest.approx(alpha * moreau + half, rel=1e-12)
    weights = np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * step)
    shifts = np.array([-2.0, -1.0, 1.0, 2.0]) * step
    in_reg = loss(regularization=reg + shifts).learning_curve(problem, alpha).objective
    in_alpha = estimator.learning_curve(problem, alpha + shifts).objective
    assert weights @ in_reg == pytest.approx(0.5 * s.norm, rel=1e-9)
    assert weights @ in_alpha == pytest.approx(moreau, rel=1e-9)


@pytest.mark.parametrize("loss", SIGN)
def test_the_free_entropy_is_stationary(loss):
    """F.4: f(V, q, m) = alpha E[M] + terms of the conjugates has no gradient at the solution."""
    problem, alpha, reg = NOISY, 1.5, 0.3
    s = loss(regularization=reg).solve(problem, alpha)
    estimator = loss(regularization=reg)
    total, keep = 1.2, 0.9

    def potential(v, q, m, vh, qh, mh):
        steep = m / math.sqrt(q * (q * total - m * m))

        def integrand(u):
            density = 2.0 * norm.pdf(u, scale=math.sqrt(q)) * (keep * norm.cdf(steep * u) + 0.05)
            g, _ = estimator.score(np.array([[u]]), np.array([[v]]))
            low = estimator.minimum(np.array([[u]]), np.array([[v]]))
            return density * float(low[0, 0] + 0.5 * v * g[0, 0] ** 2)

        reach = 9.0 * math.sqrt(q)
        cuts = [c for c in (1.0 - v, 1.0) if abs(c) < reach]
        moreau = quad(integrand, -reach, reach, points=cuts, epsabs=1e-12, limit=400)[0]
        cavity = (0.7 * mh * mh + qh) / (2.0 * (reg + vh))
        return m * mh - 0.5 * q * vh + 0.5 * v * qh - cavity + alpha * moreau

    at = np.array(
        [
            s.susceptibility,
            s.self_overlap,
            s.overlap,
            s.susceptibility_conjugate,
            s.self_overlap_conjugate,
            s.overlap_conjugate,
        ]
    )
    assert potential(*at) == pytest.approx(s.objective, rel=1e-9)
    for i in range(6):
        shift = np.zeros(6)
        shift[i] = 1e-3 * at[i]
        slope = (potential(*(at + shift)) - potential(*(at - shift))) / 2e-3
        assert abs(slope) < 2e-6 * abs(s.objective) + 2e-6


def test_hidden_closed_forms_of_regression():
    """Huber, absolute and epsilon-insensitive: the conjugates in error functions."""
    s = nm.erm.Huber(0.5, regularization=0.3).solve(LINEAR, 2.0)
    t = 0.5 * (1.0 + s.susceptibility) / math.sqrt(s.test_error)
    slope = 2.0 * math.erf(t / math.sqrt(2.0)) / (1.0 + s.susceptibility)
    assert s.susceptibility_conjugate == pytest.approx(slope, rel=1e-13)
    assert s.overlap_conjugate == pytest.approx(slope, rel=1e-13)
    s = nm.erm.Absolute(regularization=0.3).solve(LINEAR, 2.0)
    t = s.susceptibility / math.sqrt(s.test_error)
    inner = math.erf(t / math.sqrt(2.0)) - t * math.sqrt(2.0 / math.pi) * math.exp(-0.5 * t * t)
    square = s.test_error * inner / s.susceptibility**2 + math.erfc(t / math.sqrt(2.0))
    assert s.self_overlap_conjugate == pytest.approx(2.0 * square, rel=1e-12)


def test_ridge_of_any_label_needs_two_moments():
    """The square loss of counts, against the general integrals."""
    from nishimori.erm.general import GeneralSystem
    from nishimori.erm.setting import prepare

    for channel in (
        nm.channels.Readout(nm.activations.ReLU(), 0.1),
        nm.channels.Ordinal((-0.5, 0.5), 0.1),
        nm.channels.Poisson("softplus"),
    ):
        problem = nm.GLM(channel, signal_variance=0.8, noise_variance=0.2, offset=0.3)
        estimator = nm.erm.Ridge(regularization=0.4)
        s = estimator.solve(problem, 1.7)
        setting = prepare(estimator, problem, None)
        system = GeneralSystem(estimator, setting.geometry, channel, 0.3)
        tilt = math.atanh(s.overlap / math.sqrt(s.self_overlap))
        x = np.array([[math.log(s.susceptibility), math.log(s.self_overlap), tilt]])
        new = system.respond(system.conjugates(x, np.array([1.7])), np.array([0.4]))
        np.testing.assert_allclose(new, x, atol=1e-12)
        best = nm.erm.Ridge(regularization="optimal").solve(problem, 1.7)
        assert best.test_error < s.test_error
        for factor in (0.99, 1.01):
            near = nm.erm.Ridge(regularization=best.regularization * factor).solve(problem, 1.7)
            assert near.test_error > best.test_error


@pytest.mark.parametrize("loss", SIGN)
def test_margin_density(loss):
    s = loss(regularization=0.3).solve(NOISY, 1.5)
    estimator = loss(regularization=0.3)
    reach = 12.0 * math.sqrt(s.self_overlap)

    def density(u, training=False):
        return float(estimator.margin_density(NOISY, s, u, training=training))

    assert quad(density, -reach, reach, epsabs=1e-12)[0] == pytest.approx(1.0, abs=1e-10)
    assert quad(density, -reach, 0.0, epsabs=1e-12)[0] == pytest.approx(s.test_error, abs=1e-10)
    wrong = quad(density, -reach, 0.0, args=(True,), epsabs=1e-12)[0]
    assert wrong == pytest.approx(s.train_error, abs=1e-9)


def test_margin_density_of_other_labels():
    problem = nm.GLM(nm.channels.Logistic(), signal_variance=2.0)
    hinge = nm.erm.Hinge(regularization=0.3)
    s = hinge.solve(problem, 1.5)
    u = np.linspace(-30.0, 30.0, 4001)
    density = hinge.margin_density(problem, s, u)
    assert np.trapezoid(density, u) == pytest.approx(1.0, abs=1e-10)
    wrong = np.trapezoid(density[: u.size // 2 + 1], u[: u.size // 2 + 1])
    assert wrong == pytest.approx(s.test_error, abs=1e-5)  # the rule of trapezoids
    huber = nm.erm.Huber(0.5)
    s = huber.solve(LINEAR, 1.5)
    density = huber.margin_density(LINEAR, s, u)
    assert np.trapezoid(density * u * u, u) == pytest.approx(s.test_error, rel=1e-9)


@pytest.mark.parametrize("loss", [*SIGN, *REAL])
@pytest.mark.parametrize("v", [1e-3, 0.7, 40.0])
def test_proximal_operators_minimise(loss, v):
    estimator = loss()
    labels = [-1.0, 1.0] if estimator.labels == "sign" else [-0.8, 0.0, 2.5]
    for y in labels:
        for omega in (-6.0, -1.0, 0.2, 0.95, 3.0):
            z = float(estimator.proximal(y, omega, v))

            def cost(t, y=y, omega=omega):
                return float(estimator.value(y, t)) + (t - omega) ** 2 / (2.0 * v)

            for step in (1e-4, 1e-2, 1.0):
                assert cost(z) <= cost(z + step) + 1e-12
                assert cost(z) <= cost(z - step) + 1e-12


def test_shapes_and_printing():
    curve = nm.erm.Ridge(regularization=[0.1, 1.0]).learning_curve(LINEAR, [[0.5], [1.0], [2.0]])
    assert curve.test_error.shape == (3, 2)
    assert len(curve) == 6
    assert len(curve.rows()) == 6
    assert curve.state((2, 1)).alpha == 2.0
    assert "regularization" in str(curve)
    assert "converged" in str(curve.state(0))
    assert [s.alpha for s in curve] == [0.5, 0.5, 1.0, 1.0, 2.0, 2.0]
    scalar = nm.erm.Ridge().learning_curve(LINEAR, 1.0)
    assert scalar.test_error.shape == ()
    assert float(nm.erm.Ridge().optimal_regularization(LINEAR, 1.0)) == pytest.approx(0.375)


def test_nothing_to_learn():
    problem = nm.GLM(nm.channels.Sign(), signal_variance=0.0, noise_variance=1.0)
    state = nm.erm.Logistic().solve(problem, 1.0)
    assert state.status is nm.Status.NOTHING_LEARNT
    assert state.test_error == pytest.approx(0.5, rel=1e-14)
    assert state.overlap == 0.0
    coin = nm.GLM(nm.channels.Sign(flip=0.5))
    assert nm.erm.Hinge().solve(coin, 1.0).test_error == pytest.approx(0.5)
    door = nm.GLM(nm.channels.Door(0.6744897501960817))
    for estimator in (nm.erm.Hinge(), nm.erm.Logistic(), nm.erm.SquareClassification()):
        for alpha in (1.0, 1e4):
            state = estimator.solve(door, alpha)
            assert state.status is nm.Status.NOTHING_LEARNT
            assert state.overlap == 0.0
            assert state.test_error == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("regularization", [1e-6, 1.0, 1000.0, 1e12, "optimal"])
@pytest.mark.parametrize("threshold", [0.02, 1.0, 2.6, 4.6])
def test_labels_that_tell_nothing_have_an_error(threshold, regularization):
    """Labels that are even in h are noise to the student: sign(z) is a coin, z is not 0."""
    door, ratios = nm.channels.Door(threshold), [0.03, 1.0, 900.0]
    spectrum = nm.spectra.Eigenvalues([0.05, 1.9])
    estimator = nm.erm.SquareClassification(regularization=regularization)
    curve = estimator.learning_curve(nm.GLM(door, spectrum=spectrum), ratios)
    kernel = estimator.learning_curve(nm.GLM(door), ratios, nm.features.Kernel(0.6, 0.4))
    for found in (curve, kernel):
        assert (found.status == nm.Status.NOTHING_LEARNT).all()
        assert found.test_error == pytest.approx(0.5, rel=1e-12)
    if regularization != "optimal":
        noise = nm.GLM(nm.channels.Linear(1.0), signal_variance=1e-14, spectrum=spectrum)
        ridge = nm.erm.Ridge(regularization=regularization).learning_curve(noise, ratios)
        assert curve.self_overlap == pytest.approx(ridge.self_overlap, rel=1e-10)
        assert curve.train_loss == pytest.approx(ridge.train_loss, rel=1e-10)


SENTENCES = [
    (lambda: nm.erm.Ridge(regularization=-1.0), "regularization must be finite and at least 0"),
    (lambda: nm.erm.Hinge(regularization=[0.1, -0.2]), "got -0.2"),
    (lambda: nm.erm.Hinge(regularization="best"), "'optimal'"),
    (lambda: nm.erm.Ridge(l1=-1.0), "l1 must be finite and at least 0"),
    (lambda: nm.erm.Huber(0.0), "threshold must be finite and positive"),
    (lambda: nm.erm.MaxMargin(l1=0.1), "l1 must be 0"),
    (lambda: nm.erm.Hinge().solve(LINEAR, 1.0), r"labels \+1 and -1"),
    (lambda: nm.erm.Ridge().solve(NOISY, 1.0), "SquareClassification"),
    (lambda: nm.erm.SquareClassification().solve(LINEAR, 1.0), "Ridge"),
    (lambda: nm.erm.Huber(1.0).solve(NOISY, 1.0), "real labels"),
    (lambda: nm.erm.MaxMargin().solve(NOISY, 5.0), r"only below alpha = \d\.\d+"),
    (lambda: nm.erm.Ridge().separability_threshold(LINEAR), "separability"),
    (
        lambda: nm.erm.Ridge(l1=0.1).solve(nm.GLM(nm.channels.Linear(), spectrum=SPECTRUM), 1.0),
        "l1",
    ),
    (
        lambda: nm.erm.Lasso(0.1).solve(
            nm.GLM(nm.channels.Linear(), prior=nm.priors.Rademacher()), 1.0
        ),
        "prior",
    ),
    (lambda: nm.erm.Ridge().solve(LINEAR, -1.0), "positive and finite"),
    (lambda: nm.erm.Ridge().solve(LINEAR, [1.0, 2.0]), "learning_curve takes an array"),
    (lambda: nm.erm.Ridge().learning_curve(LINEAR, 1.0, features=3), "features"),
    (lambda: nm.erm.Ridge().solve("glm", 1.0), "must be a GLM"),
    (
        lambda: nm.erm.Ridge(regularization=[1.0, 2.0]).learning_curve(LINEAR, [1.0, 2.0, 3.0]),
        "cannot be broadcast",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), SENTENCES)
def test_bad_input(call, sentence):
    with pytest.raises(nm.NishimoriError, match=sentence) as caught:
        call()
    assert isinstance(caught.value, ValueError)


def test_failures_are_statuses():
    state = nm.erm.MaxMargin().solve(NOISY, 5.0, on_failure="return")
    assert state.status is nm.Status.NOT_SEPARABLE
    assert math.isnan(state.test_error)
    free = nm.erm.Logistic(regularization=0.0)
    assert free.solve(NOISELESS, 1.0, on_failure="return").status.failed
    assert not free.solve(NOISY, 20.0).status.failed
    with pytest.warns(nm.errors.ConvergenceWarning, match="no hyperplane separates"):
        nm.erm.MaxMargin().solve(NOISY, 5.0, on_failure="warn")
