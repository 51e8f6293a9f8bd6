"""Estimators without regularization: the limit from above, and where there is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nishimori as nm

C, E, F, Status = nm.channels, nm.erm, nm.features, nm.Status
LINEAR = nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
CLEAN = nm.GLM(C.Linear())
SIGNS = nm.GLM(C.Sign(), signal_variance=0.7, noise_variance=0.3)  # separable below 3.4118566
NOISELESS = nm.GLM(C.Sign())
HALF = nm.spectra.Eigenvalues([0.0, 0.4, 1.6])
NULL = nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.2, spectrum=HALF)
NETWORK = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), 1)
NARROW = F.RandomFeatures(NETWORK, 0.5)
ORDER = ("overlap", "self_overlap", "norm", "test_error")
SEPARABLE_BELOW = 3.411856649


def huber(**given: Any) -> E.Estimator:
    return E.Huber(0.5, **given)


def epsilon(**given: Any) -> E.Estimator:
    return E.EpsilonInsensitive(0.3, **given)


def quantile(**given: Any) -> E.Estimator:
    return E.Custom(lambda y, z: np.maximum(0.8 * (y - z), 0.2 * (z - y)), **given)


def hinge(**given: Any) -> E.Estimator:
    return E.Custom(lambda y, z: np.maximum(1.0 - y * z, 0.0), **given)


def logistic(**given: Any) -> E.Estimator:
    return E.Custom(lambda y, z: np.logaddexp(0.0, -y * z), **given)


REALS = [
    (loss, problem, features)
    for loss in (E.Ridge, E.Absolute, huber, epsilon, quantile)
    for problem, features in ((LINEAR, None), (NULL, None), (LINEAR, NARROW))
]
CLASSES = [
    (loss, problem, features)
    for loss in (E.Hinge, E.SquaredHinge, E.SquareClassification, hinge)
    for problem, features in ((SIGNS, None), (NOISELESS, None), (SIGNS, NARROW))
]


@pytest.mark.parametrize(("loss", "problem", "features"), [*REALS, *CLASSES])
def test_no_regularization_is_the_limit_from_above(
    loss: Any, problem: nm.GLM, features: Any
) -> None:
    """The distance to it is of first order in the regularization, or less."""
    alpha = [0.2, 0.45, 1.7, 5.0]
    limit = loss(regularization=0.0).learning_curve(problem, alpha, features)
    assert np.all(limit.status == Status.CONVERGED)
    assert limit.error_estimate.max() < 1e-11
    near, nearer = (
        loss(regularization=reg).learning_curve(problem, alpha, features) for reg in (1e-8, 1e-10)
    )
    for name in ORDER:
        first = np.abs(getattr(near, name) / getattr(limit, name) - 1.0)
        second = np.abs(getattr(nearer, name) / getattr(limit, name) - 1.0)
        assert np.all(first < 3e-5), name
        assert np.all(second < 0.0102 * first + 2e-11), name
    finite = np.isfinite(limit.susceptibility)
    close = near.susceptibility[finite]
    np.testing.assert_allclose(close, limit.susceptibility[finite], rtol=1e-3)
    assert np.all(near.susceptibility[~finite] > 1e5)
    assert np.all(limit.train_loss[~finite] == 0.0)
    np.testing.assert_allclose(near.train_loss, limit.train_loss, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", [E.Absolute, huber, quantile])
def test_every_loss_with_one_minimum_interpolates_alike(loss: Any) -> None:
    """F.5, and the same on a spectrum, on random features and for a kernel, which always fits."""
    problem = nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
    found = loss(regularization=0.0).learning_curve(problem, [0.3, 0.7])
    known = [0.8 * (1.0 - a) + 0.3 / (1.0 - a) for a in (0.3, 0.7)]
    np.testing.assert_allclose(found.test_error, known, rtol=1e-13)
    cases: list[tuple[nm.GLM, Any, list[float]]] = [
        (NULL, None, [0.3, 0.5]),
        (LINEAR, NARROW, [0.2, 0.4]),
        (LINEAR, F.Kernel(0.7, 0.2), [0.5, 1.0, 3.0]),
    ]
    for where, features, alpha in cases:
        ours = loss(regularization=0.0).learning_curve(where, alpha, features)
        ridge = E.Ridge(regularization=0.0).learning_curve(where, alpha, features)
        for name in ORDER:
            np.testing.assert_allclose(getattr(ours, name), getattr(ridge, name), rtol=1e-11)


@pytest.mark.parametrize("loss", [E.Hinge, E.SquaredHinge, hinge])
def test_the_limit_of_hinge_losses_is_the_largest_margin(loss: Any) -> None:
    alpha = [0.3, 1.0, 3.0, 3.4]
    ours = loss(regularization=0.0).learning_curve(SIGNS, alpha)
    margin = E.MaxMargin().learning_curve(SIGNS, alpha)
    for name in ORDER:
        np.testing.assert_allclose(getattr(ours, name), getattr(margin, name), rtol=1e-12)
    assert np.all(np.isinf(ours.susceptibility))
    beyond = loss(regularization=0.0).solve(SIGNS, 3.5)
    assert math.isfinite(beyond.susceptibility)
    assert beyond.train_loss > 0.0


@pytest.mark.parametrize("loss", [E.Logistic, logistic])
def test_the_direction_of_logistic_regression_is_that_of_the_largest_margin(loss: Any) -> None:
    free = loss(regularization=0.0)
    curve = free.learning_curve(SIGNS, [0.5, 3.0, 5.0], on_failure="return")
    assert curve.status.tolist() == [Status.DIVERGES, Status.DIVERGES, Status.CONVERGED]
    margin = E.MaxMargin().learning_curve(SIGNS, [0.5, 3.0])
    np.testing.assert_allclose(curve.test_error[:2], margin.test_error, rtol=1e-12)
    assert np.all(np.isinf(curve.norm[:2]))
    # the distance falls with the logarithm of the regularization
    gaps = [
        E.Logistic(regularization=reg).learning_curve(SIGNS, [0.5, 3.0]).test_error
        - margin.test_error
        for reg in (1e-4, 1e-8, 1e-12)
    ]
    assert np.all(np.diff(np.abs(gaps), axis=0) < 0.0)
    near = E.Logistic(regularization=1e-11).solve(SIGNS, 5.0)
    for name in (*ORDER, "susceptibility", "train_loss", "train_error"):
        assert getattr(curve.state(2), name) == pytest.approx(getattr(near, name), rel=1e-9), name
    with pytest.raises(nm.errors.ConvergenceError, match="MaxMargin") as caught:
        free.learning_curve(SIGNS, [0.5, 5.0])
    assert f"alpha = {SEPARABLE_BELOW}" in str(caught.value)
    assert caught.value.result.test_error[1] == curve.test_error[2]


@pytest.mark.parametrize("loss", [E.Ridge, E.Absolute, huber])
@pytest.mark.parametrize(
    ("problem", "features", "alpha"), [(LINEAR, None, 1.0), (LINEAR, NARROW, 0.5)]
)
def test_the_peak_has_a_name(loss: Any, problem: nm.GLM, features: Any, alpha: float) -> None:
    state = loss(regularization=0.0).solve(problem, alpha, features, on_failure="return")
    assert state.status is Status.DIVERGES
    assert state.test_error == math.inf
    sides = loss(regularization=0.0).learning_curve(
        problem, alpha * np.array([1.0 - 1e-4, 1.0 + 1e-4]), features
    )
    assert np.all(sides.test_error > 1e3)
    np.testing.assert_allclose(sides.overlap, state.overlap, rtol=1e-3)
    with pytest.raises(nm.errors.ConvergenceError, match="grow without bound; give a positive one"):
        loss(regularization=0.0).solve(problem, alpha, features)


@pytest.mark.parametrize("channel", [C.Sign(), C.Sign(0.2, 0.1), C.Logistic()], ids=str)
def test_the_peak_of_class_labels_is_a_coin(channel: C.Channel) -> None:
    square = E.SquareClassification(regularization=0.0)
    state = square.solve(nm.GLM(channel), 1.0, on_failure="return")
    assert state.status is Status.DIVERGES
    assert state.test_error == pytest.approx(0.5, rel=1e-12)
    assert state.train_error == 0.0
    assert square.test_error(nm.GLM(channel), state) == pytest.approx(0.5, rel=1e-12)
    near = E.SquareClassification(regularization=1e-12).solve(nm.GLM(channel), 1.0)
    assert near.test_error == pytest.approx(0.5, abs=3e-3)
    assert near.overlap == pytest.approx(state.overlap, rel=1e-5)


@pytest.mark.parametrize("loss", [E.Ridge, E.Absolute, huber])
def test_a_target_without_noise_is_recovered(loss: Any) -> None:
    curve = loss(regularization=0.0).learning_curve(CLEAN, [0.5, 1.0, 1.5, 4.0])
    assert curve.test_error[0] == pytest.approx(0.5, rel=1e-13)
    assert np.all(curve.test_error[1:] == 0.0)
    np.testing.assert_allclose(curve.overlap[1:], 1.0, rtol=1e-14)
    if loss is not E.Absolute:  # V = 1/(alpha - 1) of a loss that is smooth
        np.testing.assert_allclose(curve.susceptibility[2:], [2.0, 1.0 / 3.0], rtol=1e-9)


def test_mixed_batches_and_shapes() -> None:
    reg = np.array([[0.0], [0.1]])
    curve = E.Hinge(regularization=reg).learning_curve(SIGNS, [0.5, 2.0, 6.0])
    assert curve.test_error.shape == (2, 3)
    for i, value in enumerate((0.0, 0.1)):
        row = E.Hinge(regularization=value).learning_curve(SIGNS, [0.5, 2.0, 6.0])
        np.testing.assert_allclose(curve.test_error[i], row.test_error, rtol=1e-12)


def test_an_l1_penalty_needs_no_other() -> None:
    free = E.Absolute(regularization=0.0, l1=0.2).learning_curve(LINEAR, [0.5, 2.0])
    near = E.Absolute(regularization=1e-11, l1=0.2).learning_curve(LINEAR, [0.5, 2.0])
    np.testing.assert_allclose(free.test_error, near.test_error, rtol=1e-9)


def test_only_separable_points_are_solved() -> None:
    curve = E.MaxMargin().learning_curve(SIGNS, [0.5, 3.0, 4.0], on_failure="return")
    assert curve.status.tolist() == [Status.CONVERGED, Status.CONVERGED, Status.NOT_SEPARABLE]
    assert math.isnan(curve.test_error[2])
    assert curve.test_error[1] == E.MaxMargin().solve(SIGNS, 3.0).test_error
    assert curve.state(2).status.failed


def weighted_hinge(y: Any, z: Any) -> Any:
    return np.where(y > 0.0, 3.0, 1.0) * np.maximum(1.0 - y * z, 0.0)


def weighted_logistic(y: Any, z: Any) -> Any:
    return np.where(y > 0.0, 3.0, 1.0) * np.logaddexp(0.0, -y * z)


def weighted_square(y: Any, z: Any) -> Any:
    return (1.0 + y * y) * (y - z) ** 2 / 2.0


def test_losses_of_label_and_output_have_the_same_limits() -> None:
    """Weights of labels play no part where all samples are fitted."""
    mine = E.Custom(weighted_hinge, regularization=0.0).learning_curve(SIGNS, [1.0, 6.0])
    margin = E.MaxMargin().solve(SIGNS, 1.0)
    assert mine.test_error[0] == pytest.approx(margin.test_error, rel=1e-12)
    near = E.Custom(weighted_hinge, regularization=1e-10).solve(SIGNS, 6.0)
    assert mine.test_error[1] == pytest.approx(near.test_error, rel=1e-8)
    free = E.Custom(weighted_logistic, regularization=0.0)
    state = free.solve(SIGNS, 1.0, on_failure="return")
    assert state.status is Status.DIVERGES
    assert state.test_error == pytest.approx(margin.test_error, rel=1e-12)
    square = E.Custom(weighted_square, regularization=0.0)
    ridge = E.Ridge(regularization=0.0).solve(LINEAR, 0.5)
    assert square.solve(LINEAR, 0.5).test_error == pytest.approx(ridge.test_error, rel=1e-12)
    assert square.solve(LINEAR, 1.0, on_failure="return").status is Status.DIVERGES


def test_a_loss_that_is_least_beside_zero_does_not_recover_at_the_peak() -> None:
    """Its interpolator is off by 0.3 on every sample, which is noise to the weights."""

    def loss(shift: float) -> nm.erm.Custom:
        return nm.erm.Custom(
            lambda y, z: np.logaddexp(y - z - shift, z + shift - y), regularization=0.0
        )

    clean = nm.GLM(nm.channels.Linear())
    assert loss(0.0).solve(clean, 1.0).status is Status.PERFECT_RECOVERY
    peak = loss(0.3).solve(clean, 1.0, on_failure="return")
    assert peak.status is Status.DIVERGES
    # ridge regression on labels of noise 0.3^2 is the same interpolator
    below = loss(0.3).solve(clean, 0.9)
    noisy = nm.GLM(nm.channels.Linear(0.09))
    ridge = nm.erm.Ridge(regularization=0.0).solve(noisy, 0.9)
    assert below.self_overlap == pytest.approx(ridge.self_overlap, rel=1e-9)
