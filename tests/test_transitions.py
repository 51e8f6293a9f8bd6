"""Thresholds, branches through them, trajectories and phase diagrams."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nishimori as nm
from nishimori.errors import Status

C, P = nm.channels, nm.priors


def glm(channel: C.Channel, prior: P.Prior, noise_variance: float = 0.0) -> nm.GLM:
    return nm.GLM(channel=channel, prior=prior, noise_variance=noise_variance)


ONE_BIT = glm(C.Sign(), P.Rademacher())

KNOWN = [
    (ONE_BIT, "algorithmic", 1.4926318182300999),
    (ONE_BIT, "information_theoretic", 1.2446839898506903),
    (glm(C.Sign(flip=0.1), P.Rademacher()), "spinodals", 3.0116967983764636),
    (glm(C.Sign(noise=0.01), P.Rademacher()), "information_theoretic", 1.5387299789560559),
    (glm(C.Linear(0.02), P.Rademacher()), "information_theoretic", 3.7303898434955422e-1),
    # by 30-digit arithmetic, at r = 2.84143284634
    (glm(C.Linear(0.1), P.Rademacher()), "spinodals", 0.673075110206960893),
    (
        glm(C.Linear(1e-3), P.Discrete([-1, 0, 1], [0.05, 0.9, 0.05])),
        "spinodals",
        2.9759870876573882e-1,
    ),
    (
        glm(C.Linear(1e-3), P.GaussianMixture([-0.95, 0.95], [1 - 0.95**2] * 2, [0.5, 0.5])),
        "spinodals",
        5.8102117352343847e-1,
    ),
    (glm(C.Linear(1e-6), P.GaussBernoulli(0.5)), "spinodals", 6.8570955374461094e-1),
    (glm(C.Linear(1e-6), P.GaussBernoulli(0.1)), "spinodals", 1.1182027393012567e-1),
    (glm(C.Linear(1e-4), P.GaussBernoulli(0.1)), "information_theoretic", 1.720743273592776e-1),
    (glm(C.Sign(), P.Rademacher(), 0.001), "information_theoretic", 1.3222440699290688),
]


@pytest.mark.parametrize(("problem", "name", "alpha"), KNOWN)
def test_known_thresholds(problem: nm.GLM, name: str, alpha: float) -> None:
    found = np.atleast_1d(getattr(problem.transitions(), name))
    gap = np.min(np.abs(found / alpha - 1.0))
    assert gap < 1e-12


def test_the_one_bit_perceptron() -> None:
    """Gyorgyi's first-order transition: 1.24468..., feasible only from 1.49263... on."""
    found = ONE_BIT.transitions()
    assert found.weak_recovery == 0.0
    assert found.perfect_recovery == found.information_theoretic
    assert found.algorithmic == found.spinodals[0]
    below, above = found.algorithmic * (1 - 1e-9), found.algorithmic * (1 + 1e-9)
    assert ONE_BIT.solve(below, "algorithmic").mmse > 0.1
    assert ONE_BIT.solve(above, "algorithmic").status is Status.PERFECT_RECOVERY
    edge = found.information_theoretic
    assert ONE_BIT.solve(edge * (1 - 1e-9)).mmse > 0.2
    assert ONE_BIT.solve(edge * (1 + 1e-9)).mmse == 0.0
    assert "1.24468398985" in str(found)
    states = ONE_BIT.fixed_points(1.35)
    assert [state.stable for state in states] == [True, False, True]
    assert states[2].free_entropy == pytest.approx(-math.log(2.0))


def test_both_branches_have_equal_free_entropy_at_the_threshold() -> None:
    problem = glm(C.Linear(1e-4), P.GaussBernoulli(0.1))
    found = problem.transitions()
    alpha = found.information_theoretic
    low, high = problem.solve(alpha, "algorithmic"), problem.solve(alpha, "informed")
    assert low.mmse > 100 * high.mmse
    assert low.free_entropy == pytest.approx(high.free_entropy, abs=1e-12)
    assert found.spinodals[0] < alpha < found.spinodals[1] == found.algorithmic


def test_compressed_sensing_without_noise() -> None:
    """Exact recovery is possible from alpha = density on, feasible later."""
    problem = glm(C.Linear(0.0), P.GaussBernoulli(0.3))
    found = problem.transitions()
    assert found.perfect_recovery == pytest.approx(0.3, rel=1e-9)
    assert found.algorithmic == found.spinodals[-1] > 0.3
    assert problem.solve(0.35).mmse == 0.0
    assert problem.solve(0.35, "algorithmic").mmse > 0.0
    assert problem.solve(0.9, "algorithmic").mmse == 0.0


def test_thresholds_that_do_not_exist() -> None:
    found = nm.GLM(channel=C.Sign()).transitions()
    assert found.spinodals.size == 0
    assert math.isnan(found.information_theoretic)
    assert math.isnan(found.algorithmic)
    assert math.isnan(found.perfect_recovery)
    assert found.statements["algorithmic"].startswith("none")
    silent = nm.GLM(channel=C.Sign(), signal_variance=0.0, noise_variance=1.0).transitions()
    assert math.isnan(silent.weak_recovery)
    assert "nothing" in silent.statements["weak_recovery"]


def test_noiseless_linear_regression_is_perfect_from_one() -> None:
    found = nm.GLM(channel=C.Linear()).transitions()
    assert found.perfect_recovery == pytest.approx(1.0, abs=1e-12)
    assert math.isnan(found.information_theoretic)


@pytest.mark.parametrize("branch", ["algorithmic", "informed", "optimal"])
def test_curves_through_a_transition_obey_their_equation(branch: str) -> None:
    problem = glm(C.Sign(noise=0.01), P.Rademacher())
    curve = problem.learning_curve(np.linspace(0.1, 3.0, 200), branch)
    assert np.all(curve.residual <= 1e-10)
    assert np.all(curve.stable)
    assert np.all(np.diff(curve.mmse) < 0.0)
    optimal = problem.learning_curve(curve.alpha)
    assert np.all(optimal.free_entropy >= curve.free_entropy - 1e-14)


def test_trajectory_ends_at_the_algorithmic_fixed_point() -> None:
    for alpha in (0.5, 1.4):
        steps = ONE_BIT.trajectory(alpha, iterations=400)
        state = ONE_BIT.solve(alpha, "algorithmic")
        assert steps.mmse[-1] == pytest.approx(state.mmse, rel=1e-9)
        assert steps.test_error[-1] == pytest.approx(state.test_error, rel=1e-9)
        assert np.all(np.diff(steps.overlap) >= -1e-15)
    assert steps.overlap[0] == 0.0
    assert len(steps) == 401


def test_time_to_converge_diverges_at_the_spinodal() -> None:
    """Iterations grow like |alpha - spinodal|^{-1/2}: ten times per two decades."""
    spinodal = ONE_BIT.transitions().algorithmic
    times = []
    for gap in (1e-2, 1e-4):
        steps = ONE_BIT.trajectory(spinodal * (1 + gap), iterations=4000)
        times.append(int(np.argmax(steps.mmse < 1e-3)))
    assert 6.0 < times[1] / times[0] < 14.0


def test_damping_changes_the_way_not_the_end() -> None:
    plain = ONE_BIT.trajectory(1.0, iterations=300)
    damped = ONE_BIT.trajectory(1.0, iterations=600, damping=0.5)
    assert damped.mmse[-1] == pytest.approx(plain.mmse[-1], rel=1e-10)
    assert damped.mmse[3] > plain.mmse[3]
    assert plain.iterations_to(1e-3) < damped.iterations_to(1e-3)
    assert ONE_BIT.trajectory(1.0, iterations=2).iterations_to(1e-9) is None


@dataclass(frozen=True)
class Broken(C.Linear):
    """Labels whose information is not a number once enough is known."""

    def evaluate(self, signal: Any, variance: Any, offset: float) -> Any:
        known = super().evaluate(signal, variance, offset)
        return known._replace(fisher=np.where(signal > 0.6, np.nan, known.fisher))


def test_a_trajectory_that_breaks_says_so() -> None:
    problem = glm(Broken(0.1), P.Gaussian())
    with pytest.raises(nm.errors.ConvergenceError, match="not a number") as caught:
        problem.trajectory(5.0)
    steps = problem.trajectory(5.0, on_failure="return")
    assert steps.status is Status.NOT_FINITE
    assert caught.value.result.status is Status.NOT_FINITE
    made = np.isfinite(steps.overlap)
    assert 0 < made.sum() < len(steps)
    assert not made[made.sum() :].any()
    np.testing.assert_array_equal(np.isfinite(steps.test_error), made)
    with pytest.warns(nm.errors.ConvergenceWarning, match="alpha = 5"):
        problem.trajectory(5.0, on_failure="warn")
    assert problem.trajectory(0.1, iterations=5).status is Status.CONVERGED


@dataclass(frozen=True)
class Blurred(C.Linear):
    """Labels whose information is known to eight digits only."""

    def evaluate(self, signal: Any, variance: Any, offset: float) -> Any:
        known = super().evaluate(signal, variance, offset)
        return known._replace(error=np.full_like(known.error, 1e-8))


def test_thresholds_that_miss_the_tolerance_say_so() -> None:
    problem = glm(Blurred(0.02), P.Rademacher())
    with pytest.raises(nm.errors.ConvergenceError, match="grids disagree") as caught:
        problem.transitions()
    assert isinstance(caught.value.result, nm.Transitions)
    found = problem.transitions(on_failure="return")
    assert found.status is Status.UNRESOLVED
    exact = glm(C.Linear(0.02), P.Rademacher()).transitions()
    assert exact.status is Status.CONVERGED
    for name in ("information_theoretic", "algorithmic"):
        assert abs(getattr(found, name) - getattr(exact, name)) <= found.errors[name]
    assert problem.transitions(rtol=1e-6).status is Status.CONVERGED
    with pytest.warns(nm.errors.ConvergenceWarning, match="transitions"):
        problem.transitions(on_failure="warn")
    silent = nm.GLM(channel=C.Linear(), signal_variance=0.0).transitions()
    assert silent.status is Status.NOTHING_LEARNT


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: p.transitions(rtol=0.0), "rtol"),
        (lambda p: p.trajectory(1.0, rtol=1e-20), "rtol"),
        (lambda p: p.trajectory(1.0, on_failure="ignore"), "on_failure"),
        (lambda p: p.trajectory(1.0, iterations=0), "iterations"),
        (lambda p: p.trajectory(1.0, iterations=2.5), "iterations"),
        (lambda p: p.trajectory(1.0, damping=1.0), "damping"),
        (lambda p: p.trajectory(1.0, initial_overlap=2.0), "initial_overlap"),
        (lambda p: p.trajectory([1.0]), "one number"),
        (lambda p: nm.phase_diagram(lambda _: p, 1.0, 0.0), "smaller than high"),
        (lambda p: nm.phase_diagram(lambda _: p, 0.0, 1.0, points=2), "points"),
        (lambda _: nm.phase_diagram(lambda _: 3, 0.0, 1.0), "must return a GLM"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(nm.NishimoriError, match=words):
        call(ONE_BIT)


def test_phase_diagram_of_noisy_bits() -> None:
    """Spinodals meet at a critical noise, where the first-order lines end as well."""
    diagram = nm.phase_diagram(
        lambda noise: glm(C.Linear(noise), P.Rademacher()), 0.02, 0.3, parameter="noise", points=7
    )
    assert diagram.critical_points.shape == (1, 2)
    noise, alpha = diagram.critical_points[0]
    just_below = glm(C.Linear(noise * (1 - 1e-4)), P.Rademacher()).transitions()
    just_above = glm(C.Linear(noise * (1 + 1e-4)), P.Rademacher()).transitions()
    assert just_below.spinodals.size == 2
    assert just_above.spinodals.size == 0
    np.testing.assert_allclose(just_below.spinodals, alpha, rtol=1e-3)
    assert len(diagram.spinodals) == 1
    for p, a in diagram.spinodals[0][::5]:
        if p < noise * 0.999:
            exact = glm(C.Linear(p), P.Rademacher()).transitions().spinodals
            assert np.min(np.abs(exact / a - 1.0)) < 1e-9
    assert diagram.information_theoretic[0, 0] == 0.02
    assert diagram.information_theoretic[-1, 0] == pytest.approx(noise)


@pytest.mark.parametrize("prior", [nm.priors.Gaussian(), nm.priors.Rademacher()])
@pytest.mark.parametrize("signal_variance", [0.5, 1.0])
def test_weak_recovery_of_phase_retrieval_is_one_half(prior, signal_variance):
    # the noiseless modulus, whatever the prior; Mondelli and Montanari, arXiv:1708.05932
    channel = nm.channels.Readout(nm.activations.Abs(), noise=0.0)
    found = nm.GLM(channel, prior=prior, signal_variance=signal_variance).transitions()
    assert abs(found.weak_recovery - 0.5) < found.errors["weak_recovery"] < 5e-12
