"""What users mistype about estimators and features: one sentence, never a raw exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nishimori as nm

C, E, F = nm.channels, nm.erm, nm.features
SIGN = nm.GLM(C.Sign(0.2), signal_variance=0.7, noise_variance=0.3)
LINEAR = nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
NETWORK = nm.DeepNetwork.uniform(nm.activations.Tanh(), 2)
HINGE = E.Hinge(regularization=0.5)
STATE, CURVE = HINGE.solve(SIGN, 1.0), HINGE.learning_curve(SIGN, [1.0, 2.0])
NO_NUMBERS = [None, "a", "1.0", True, np.True_, 1j, [1.0, 2.0], [[1], [2, 3]], {}, b"x"]
SQUARE = E.Custom(lambda y, z: (y - z) ** 2)


def refuse(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(nm.NishimoriError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("bad", [*NO_NUMBERS, 10**400], ids=lambda bad: repr(bad)[:12])
@pytest.mark.parametrize(
    ("owner", "name", "make"),
    [
        ("Ridge", "l1", lambda bad: E.Ridge(l1=bad)),
        ("Ridge", "l1", lambda bad: E.Lasso(bad)),
        ("Huber", "threshold", E.Huber),
        ("EpsilonInsensitive", "epsilon", E.EpsilonInsensitive),
        ("Kernel", "linear", lambda bad: F.Kernel(bad, 1.0)),
        ("Kernel", "residual", lambda bad: F.Kernel(1.0, bad)),
        ("GaussianCovariates", "target_variance", lambda bad: F.GaussianCovariates([1], [1], bad)),
        ("Linear", "noise", C.Linear),
        ("Door", "threshold", C.Door),
        ("Laplace", "scale", C.Laplace),
        ("MarchenkoPastur", "ratio", nm.spectra.MarchenkoPastur),
        ("GLM", "offset", lambda bad: nm.GLM(C.Sign(), offset=bad)),
        ("Layer", "bias_variance", lambda bad: nm.Layer(nm.activations.Tanh(), 1.0, bad)),
        ("scikit_learn", "samples", HINGE.to_scikit_learn),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_numbers_are_numbers(
    owner: str, name: str, make: Callable[[Any], Any], bad: Any
) -> None:
    refuse(lambda: make(bad), f"{owner}: {name} (must be a number|is too large)")


@pytest.mark.parametrize("bad", [None, "a", "1.0", True, [True], 1j, [[1], [2, 3]], {}, 10**400])
def test_only_numbers_and_optimal_are_penalties(bad: Any) -> None:
    words = "regularization must be a number, an array or 'optimal'"
    for loss in (E.Ridge, E.Logistic, E.MaxMargin):
        refuse(lambda loss=loss: loss(regularization=bad), words)


def test_the_maximum_margin_takes_no_penalty() -> None:
    assert E.MaxMargin(regularization=0) == E.MaxMargin()
    for bad in ("optimal", 0.5, [0.5, 1.0], [0.0]):
        refuse(lambda bad=bad: E.MaxMargin(regularization=bad), "takes none")


def test_a_search_does_not_take_an_array() -> None:
    for estimator in (E.Ridge(regularization=[1.0, 2.0]), E.Huber(0.5, regularization=[1.0])):
        refuse(lambda e=estimator: e.optimal_regularization(LINEAR, 1.0), "holds an array")
    refuse(lambda: E.Ridge(regularization=[]), "is empty")


QUESTIONS = {
    "test_error": lambda problem, state, features=None: HINGE.test_error(problem, state, features),
    "margin_density": lambda problem, state, features=None: HINGE.margin_density(
        problem, state, 0.5, features
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_solutions_that_are_handed_back(name: str) -> None:
    ask = QUESTIONS[name]
    assert np.isfinite(ask(SIGN, STATE))
    for problem in (None, "sign", 1.0, STATE):
        refuse(lambda p=problem: ask(p, STATE), "Hinge: problem must be a GLM")
    words = f"{name}: state must be an ErmState.*solution of a trained estimator"
    for state in (None, "state", 1.0, SIGN, SIGN.solve(1.0), SIGN.learning_curve([1.0])):
        refuse(lambda s=state: ask(SIGN, s), words)
    refuse(lambda: ask(LINEAR, STATE), "labels \\+1 and -1")
    for features in ("kernel", 1.0, NETWORK):
        refuse(lambda f=features: ask(SIGN, STATE, f), "features must be one of nishimori.features")


def test_curves_have_errors_and_no_densities() -> None:
    assert HINGE.test_error(SIGN, CURVE) == pytest.approx(CURVE.test_error, rel=1e-12)
    refuse(lambda: HINGE.margin_density(SIGN, CURVE, 0.5), "got ErmCurve")


@pytest.mark.parametrize("bad", [None, "a", True, 1j, [[1], [2, 3]], np.nan, [0.0, np.inf]])
@pytest.mark.parametrize("training", [False, True])
def test_places_of_a_density(bad: Any, training: bool) -> None:
    refuse(lambda: HINGE.margin_density(SIGN, STATE, bad, training=training), "u must be")


@pytest.mark.parametrize("training", [False, True])
def test_a_density_far_out_is_zero(training: bool) -> None:
    far = HINGE.margin_density(SIGN, STATE, [-1e200, 1e200], training=training)
    assert far.tolist() == [0.0, 0.0]


def test_an_output_that_is_zero_has_no_density() -> None:
    square = E.SquareClassification()
    even = nm.GLM(C.Sign(0.2), signal_variance=0.0, noise_variance=1.0)
    state = square.solve(even, 1.0, on_failure="return")
    zero = type(state)(**{**vars(state), "self_overlap": 0.0, "overlap": 0.0})
    refuse(lambda: square.margin_density(even, zero, 0.5), "there is no density")


def test_scikit_learn_asks_for_an_estimator_and_its_state() -> None:
    for bad in (None, "hinge", E.Hinge, SIGN):
        refuse(lambda bad=bad: E.scikit_learn(bad, 100), "estimator must be one of nishimori.erm")
    for bad in ("state", CURVE, SIGN.solve(1.0)):
        refuse(lambda bad=bad: HINGE.to_scikit_learn(100, bad), "state must be an ErmState or None")
    refuse(lambda: HINGE.to_scikit_learn(0), "at least 1")


@pytest.mark.parametrize("loss", [HINGE, SQUARE], ids=["Hinge", "Custom"])
def test_losses_and_proximal_operators(loss: Any) -> None:
    for bad in (None, "a", 1j, [[1], [2, 3]], 10**400):
        refuse(lambda bad=bad: loss.value(1.0, bad), "z must be a number or an array")
        refuse(lambda bad=bad: loss.proximal(1.0, bad, 1.0), "omega must be a number or an array")
    for bad in (0.0, -1.0, np.nan, np.inf, [1.0, 0.0]):
        refuse(lambda bad=bad: loss.proximal(1.0, 0.5, bad), "susceptibility must be finite and")
    refuse(lambda: loss.proximal([1.0, 1.0], [1.0, 1.0, 1.0], 1.0), "cannot be broadcast")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: E.Custom(lambda y, z: 1 / 0), "vectorised function.*raised ZeroDivisionError"),
        (lambda: E.Custom(lambda y: y), "vectorised function.*raised TypeError"),
        (lambda: E.Custom(lambda y, z: "a"), "vectorised function.*returned text"),
        (
            lambda: E.Custom(lambda y, z: 1j * (y - z)),
            "vectorised function.*returned complex numbers",
        ),
        (
            lambda: E.Custom(SQUARE.loss, breakpoints=lambda y: 1 / 0),
            "breakpoints must be.*raised Zero",
        ),
        (
            lambda: E.Custom(SQUARE.loss, breakpoints=lambda y: "a"),
            "breakpoints must be.*raised ValueError",
        ),
        (lambda: E.Custom(SQUARE.loss, breakpoints="a"), "breakpoints must be a number or an"),
        (lambda: E.Custom(SQUARE.loss, breakpoints=10**400), "breakpoints must be a number or an"),
    ],
)
def test_custom_losses_that_fail(make: Callable[[], Any], words: str) -> None:
    refuse(lambda: make().solve(LINEAR, 1.0), words)


@pytest.mark.parametrize(
    "features",
    [
        F.LinearStudent(),
        F.Kernel(1.0, 0.1),
        F.RandomFeatures(NETWORK, [1.0, 1.0]),
        F.GaussianCovariates([1.0], [0.5]),
    ],
    ids=lambda features: type(features).__name__,
)
@pytest.mark.parametrize("bad", [None, "problem", 1.0, NETWORK])
def test_features_ask_for_a_problem(features: Any, bad: Any) -> None:
    refuse(lambda: features.geometry(bad), f"{type(features).__name__}: problem must be a GLM")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.RandomFeatures(NETWORK, True), "width_ratios must be a number or an array"),
        (lambda: F.RandomFeatures(NETWORK, [1.0, None]), "width_ratios must be a number or an"),
        (
            lambda: F.RandomFeatures(NETWORK, [1.0, 1.0], np.array([1.0])),
            "shared_layers must be an",
        ),
        (lambda: F.RandomFeatures(NETWORK, [1.0, 1.0], 3), "at least 0 and at most 2"),
        (lambda: F.GaussianCovariates(10**400, [1.0]), "eigenvalues must be a number or an array"),
        (lambda: F.GaussianCovariates([1.0], "a"), "target_components must be a number or an"),
        (lambda: F.GaussianCovariates.from_data(10**400, [1.0]), "features must be a number or an"),
        (lambda: F.GaussianCovariates.from_data([[1.0], [2.0]], None), "target must be a number"),
        (lambda: F.GaussianCovariates.from_data([[1.0], [2.0]], [1, 2], []), "kind must be"),
        (lambda: HINGE.solve(SIGN, [[1], [2, 3]]), "alpha must be a number or an array"),
        (lambda: HINGE.solve(SIGN, 1.0, on_failure=np.zeros(0)), "on_failure must be"),
        (lambda: HINGE.solve(SIGN, 1.0, 10**400), "features must be one of"),
        (lambda: HINGE.solve(SIGN, True), "alpha must be a number or an array"),
    ],
)
def test_other_arguments(call: Callable[[], Any], words: str) -> None:
    refuse(call, words)
