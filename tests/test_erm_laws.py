"""Laws that trained estimators obey: optimality, limits, rates, thresholds, ends of the range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm
from test_erm import LINEAR, NOISELESS, NOISY, REAL, SIGN, SPECTRUM

ALPHAS = np.geomspace(0.05, 20.0, 9)


@pytest.mark.parametrize("noise", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("spectrum", [nm.spectra.Isotropic(), SPECTRUM])
def test_optimal_ridge_is_bayes(noise, spectrum):
    problem = nm.GLM(
        nm.channels.Linear(noise), signal_variance=0.7, noise_variance=0.2, spectrum=spectrum
    )
    curve = nm.erm.Ridge(regularization="optimal").learning_curve(problem, ALPHAS)
    bayes = problem.learning_curve(ALPHAS)
    np.testing.assert_allclose(curve.test_error, bayes.test_error, rtol=1e-12)
    np.testing.assert_allclose(curve.regularization, (0.2 + noise) / 0.7, rtol=1e-12)
    np.testing.assert_allclose(curve.overlap, curve.self_overlap, rtol=1e-12)
    assert (curve.flatness > 0.0).all()


def test_the_search_finds_the_closed_forms():
    from nishimori.erm import optimum
    from nishimori.erm.setting import prepare

    for estimator, problem in (
        (nm.erm.SquareClassification(regularization="optimal"), NOISY),
        (nm.erm.Ridge(regularization="optimal"), LINEAR),
    ):
        setting = prepare(estimator, problem, None)
        exact = estimator.optimal_regularization(problem, ALPHAS)
        x, error = optimum._scan(setting, ALPHAS)
        best = np.argmin(error, axis=1)
        grid, each = optimum._GRID, np.arange(ALPHAS.size)
        low, high = grid[best - 1], grid[best + 1]
        side = np.zeros(ALPHAS.size, dtype=int)
        found = optimum._descend(setting, ALPHAS, grid[best], low, high, x[each, best], side)
        np.testing.assert_allclose(np.exp(found), exact, rtol=1e-6)
    total = 1.2
    assert exact[0] == pytest.approx(0.3 / 0.8, rel=1e-14)
    square = nm.erm.SquareClassification().optimal_regularization(NOISY, 1.0)
    assert square == pytest.approx(math.pi * total / (2 * 0.7 * 0.9**2) - 1.0, rel=1e-13)


@pytest.mark.parametrize("loss", [nm.erm.Logistic, nm.erm.Hinge, nm.erm.SquaredHinge, REAL[1]])
def test_optimum_is_a_minimum(loss):
    problem = NOISY if loss in SIGN else LINEAR
    alpha = np.array([1.0, 2.0, 10.0])
    curve = loss(regularization="optimal").learning_curve(problem, alpha)
    assert (curve.flatness > 0.0).all()
    for factor in (0.9, 1.1):
        other = loss(regularization=curve.regularization * factor).learning_curve(problem, alpha)
        change = other.test_error / curve.test_error - 1.0
        assert (change > 0.0).all()
        np.testing.assert_allclose(change, 0.5 * curve.flatness * 0.1**2, rtol=0.3)
    found = loss().optimal_regularization(problem, alpha)
    np.testing.assert_allclose(found, curve.regularization, rtol=1e-12)


def test_ridgeless_limits_and_the_peak():
    """F.5: below, at and above alpha = 1 as the regularisation vanishes."""
    noise, lam = 0.3, 0.8
    tiny = nm.erm.Ridge(regularization=1e-12)
    low, peak, high = tiny.learning_curve(LINEAR, [0.5, 1.0, 2.0]).test_error
    assert low == pytest.approx(lam * 0.5 + noise / 0.5, rel=1e-9)
    assert peak == pytest.approx(noise / (2.0 * math.sqrt(1e-12)), rel=1e-5)
    assert high == pytest.approx(noise * 2.0, rel=1e-9)
    exact = nm.erm.Ridge(regularization=0.0).learning_curve(LINEAR, [0.5, 2.0])
    np.testing.assert_allclose(exact.test_error, [lam * 0.5 + noise / 0.5, 2.0 * noise], rtol=1e-14)
    state = nm.erm.Ridge(regularization=0.0).solve(LINEAR, 1.0, on_failure="return")
    assert state.status is nm.Status.DIVERGES
    clean = nm.GLM(nm.channels.Linear())
    assert nm.erm.Ridge(regularization=1e-12).solve(clean, 1.0).test_error < 1e-5


@pytest.mark.parametrize("loss", SIGN)
@pytest.mark.parametrize("reg", [0.1, 1.0, 1e12])
def test_few_samples(loss, reg):
    """F.6: at first every loss of the margin does the same."""
    alpha, lam, total = 1e-6, 0.7, 1.0
    problem = nm.GLM(nm.channels.Sign(), signal_variance=lam, noise_variance=0.3)
    state = loss(regularization=reg).solve(problem, alpha)
    first = lam / (math.pi * total) * math.sqrt(2.0 * alpha / math.pi)
    assert 0.5 - state.test_error == pytest.approx(first, rel=1e-5)


def test_many_samples():
    """F.7 and F.9: ridge, and the constants of the noiseless sign."""
    assert nm.erm.Ridge().solve(LINEAR, 1e4).test_error == pytest.approx(0.3 * (1 + 1e-4), rel=1e-6)
    margin = nm.erm.MaxMargin().learning_curve(NOISELESS, [1e3, 1e4]).test_error * [1e3, 1e4]
    np.testing.assert_allclose(margin, 0.5004889318, rtol=2e-6)
    alpha = np.array([1e5, 1e6])
    square = nm.erm.SquareClassification(regularization="optimal")
    found = square.learning_curve(NOISELESS, alpha).test_error * np.sqrt(alpha)
    np.testing.assert_allclose(found, math.sqrt(math.pi / 2 - 1) / math.pi, rtol=1e-4)
    bayes = NOISELESS.learning_curve(alpha).test_error * alpha
    np.testing.assert_allclose(bayes, 0.4417000436, rtol=1e-6)
    problem = nm.GLM(nm.channels.Sign(), signal_variance=0.7, noise_variance=0.3)
    limit = math.acos(math.sqrt(0.7)) / math.pi
    assert square.solve(problem, 1e6).test_error == pytest.approx(limit, rel=1e-5)


def test_max_margin_is_the_limit_of_the_hinge():
    problem = nm.GLM(nm.channels.Sign(0.1, 0.1), signal_variance=0.7, noise_variance=0.3)
    hard = nm.erm.MaxMargin().learning_curve(problem, [0.3, 1.0])
    soft = nm.erm.Hinge(regularization=1e-8).learning_curve(problem, [0.3, 1.0])
    for name in ("overlap", "self_overlap", "test_error"):
        np.testing.assert_allclose(getattr(hard, name), getattr(soft, name), rtol=1e-11)
    assert np.isinf(hard.susceptibility).all()
    assert (hard.train_loss == 0.0).all()
    assert (hard.train_error == 0.0).all()
    # in direction also of the logistic loss, logarithmically
    logistic = nm.erm.Logistic(regularization=1e-12).learning_curve(problem, [0.3, 1.0])
    np.testing.assert_allclose(logistic.test_error, hard.test_error, rtol=1e-2)


def test_separability():
    threshold = nm.erm.MaxMargin().separability_threshold
    problem = nm.GLM(nm.channels.Sign(), signal_variance=0.7, noise_variance=0.3)
    assert threshold(problem) == pytest.approx(3.4118566490869, rel=1e-10)
    noisy = nm.GLM(nm.channels.Sign(0.1, 0.1), signal_variance=0.7, noise_variance=0.3)
    assert threshold(noisy) == pytest.approx(2.4842079, rel=1e-7)
    assert threshold(NOISELESS) == math.inf
    assert threshold(
        nm.GLM(nm.channels.Sign(), signal_variance=0.0, noise_variance=1.0)
    ) == pytest.approx(2.0)
    # only the field's law matters, not the spectrum; a null direction is a lost dimension
    wide = nm.GLM(nm.channels.Sign(), signal_variance=0.7, noise_variance=0.3, spectrum=SPECTRUM)
    assert threshold(wide) == pytest.approx(threshold(problem), rel=1e-10)
    half = nm.GLM(
        nm.channels.Sign(),
        signal_variance=0.7,
        noise_variance=0.3,
        spectrum=nm.spectra.Eigenvalues([0.0, 2.0]),
    )
    assert threshold(half) == pytest.approx(0.5 * threshold(problem), rel=1e-10)
    # the margin vanishes linearly there
    limit = threshold(problem)
    near = nm.erm.MaxMargin().learning_curve(problem, [limit - 2e-3, limit - 1e-3])
    margins = near.self_overlap**-0.5
    assert margins[0] / margins[1] == pytest.approx(2.0, rel=1e-2)
    # the general integrals agree with the closed ones
    offset = nm.GLM(nm.channels.Sign(), signal_variance=0.7, noise_variance=0.3, offset=1e-9)
    assert threshold(offset) == pytest.approx(limit, rel=1e-8)


signs = st.builds(
    nm.GLM,
    st.builds(nm.channels.Sign, st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 0.1, 0.3])),
    signal_variance=st.floats(0.05, 4.0),
    noise_variance=st.sampled_from([0.0, 0.5]),
)
reals = st.builds(
    nm.GLM,
    st.one_of(
        st.builds(nm.channels.Linear, st.sampled_from([0.0, 0.01, 1.0])),
        st.just(nm.channels.Laplace(0.5)),
    ),
    signal_variance=st.floats(0.05, 4.0),
    noise_variance=st.sampled_from([0.0, 0.5]),
)
log_alpha = st.floats(-2.0, 2.0)
log_reg = st.floats(-4.0, 4.0)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*SIGN, nm.erm.MaxMargin]), signs, log_alpha, log_reg)
def test_nothing_beats_bayes_on_signs(loss, problem, exponent, reg):
    alpha = 10.0**exponent
    hard = loss is nm.erm.MaxMargin
    if hard and alpha >= loss().separability_threshold(problem):
        return
    estimator = loss() if hard else loss(regularization=10.0**reg)
    state = estimator.solve(problem, alpha)
    assert state.test_error >= problem.solve(alpha).test_error * (1.0 - 1e-12)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(REAL), reals, log_alpha, log_reg)
def test_nothing_beats_bayes_on_reals(loss, problem, exponent, reg):
    alpha = 10.0**exponent
    state = loss(regularization=10.0**reg).solve(problem, alpha)
    assert state.test_error >= problem.solve(alpha).test_error * (1.0 - 1e-10) - 1e-15


def test_nothing_beats_bayes_for_a_deep_network():
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
    alpha = np.geomspace(0.1, 30.0, 12)
    sign = network.glm(nm.channels.Sign())
    bayes = sign.learning_curve(alpha).test_error
    for loss in SIGN:
        curve = loss(regularization="optimal").learning_curve(sign, alpha)
        assert (curve.test_error > bayes).all()
    linear = network.glm(nm.channels.Linear(0.05))
    ridge = nm.erm.Ridge(regularization="optimal").learning_curve(linear, alpha)
    np.testing.assert_allclose(
        ridge.test_error, linear.learning_curve(alpha).test_error, rtol=1e-12
    )


EXTREMES = 10.0 ** np.arange(-12, 13, 4)


@pytest.mark.parametrize("loss", SIGN)
@pytest.mark.parametrize("problem", [NOISY, NOISELESS])
def test_all_regularisations(loss, problem):
    alpha = np.geomspace(1e-2, 1e3, 6)
    curve = loss(regularization=EXTREMES).learning_curve(problem, alpha[:, None])
    assert not curve.failed.any()
    assert (curve.residual < 1e-11).all()
    assert (curve.error_estimate < 1e-7).all()


@pytest.mark.parametrize("loss", REAL)
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_all_regularisations_of_reals(loss, noise):
    problem = nm.GLM(nm.channels.Linear(), noise_variance=noise)
    alpha = np.array([1e-2, 0.5, 1.0 + 1e-6, 1.5, 10.0, 1e3])
    curve = loss(regularization=EXTREMES).learning_curve(problem, alpha[:, None])
    assert not curve.failed.any()


def test_ridgeless_on_a_spectrum():
    """With null directions: the interpolator of least norm below alpha = rank."""
    half = nm.spectra.Eigenvalues([0.0, 2.0])
    problem = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, spectrum=half)
    curve = nm.erm.Ridge(regularization=0.0).learning_curve(problem, [0.25, 1.0])
    # in the other half: alpha/2, signal 2 x 0.8/2
    known = [0.8 * 0.5 + 0.1 / 0.5, 0.1 * 2.0]
    np.testing.assert_allclose(curve.test_error, known, rtol=1e-12)
    assert np.isinf(curve.susceptibility[0])
    assert curve.train_loss[0] == 0.0
    near = nm.erm.Ridge(regularization=1e-10).learning_curve(problem, [0.25, 1.0])
    np.testing.assert_allclose(near.test_error, known, rtol=1e-8)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_all_l1_penalties(noise):
    prior = nm.priors.GaussBernoulli(0.15)
    problem = nm.GLM(nm.channels.Linear(noise), prior=prior)
    alpha = np.geomspace(0.01, 100.0, 7)
    for l1 in (1e-8, 1e-3, 1.0, 3.0, 10.0, 100.0):
        curve = nm.erm.Lasso(l1).learning_curve(problem, alpha)
        assert not curve.failed.any()
        assert (curve.residual < 1e-11).all()
        empty = curve.status == nm.Status.NOTHING_LEARNT
        np.testing.assert_allclose(curve.test_error[empty], 1.0 + noise, rtol=1e-12)
        bayes = problem.learning_curve(alpha).test_error
        assert (curve.test_error >= bayes * (1.0 - 1e-10) - 1e-14).all()
    weak = nm.erm.ElasticNet(1e-9, regularization=0.3).learning_curve(problem, alpha)
    ridge = nm.erm.Ridge(regularization=0.3).learning_curve(problem, alpha)
    np.testing.assert_allclose(weak.test_error, ridge.test_error, rtol=1e-7)


def test_exact_recovery_by_least_absolute_deviations():
    problem = nm.GLM(nm.channels.Linear())
    curve = nm.erm.Absolute(regularization=1e-3).learning_curve(problem, [0.9, 1.3, 4.0])
    assert curve.status.tolist() == [0, 1, 1]
    assert curve.test_error[0] > 0.0
    assert (curve.test_error[1:] == 0.0).all()
