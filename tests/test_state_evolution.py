"""Curves and fixed points: certified rows, closed forms, identities, extremes and statuses."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm
from conftest import relative, rows
from nishimori.errors import ConvergenceError, ConvergenceWarning, Status

ROWS = [
    row
    for row in rows("certified")
    if row["channel"] in ("linear", "sign", "probit")
    and row["prior"] == "gaussian"
    and row["spectrum"] is None
]


def problem_of(row: dict[str, Any]) -> nm.GLM:
    settings = row["channel_parameters"]
    noise, flip = float(settings.get("noise_var", 0.0)), float(settings.get("flip", 0.0))
    if row["channel"] == "linear":
        channel: nm.channels.Channel = nm.channels.Linear(noise)
    else:
        channel = nm.channels.Sign(noise, flip)
    return nm.GLM(
        channel=channel,
        signal_variance=float(row["signal_variance"]),
        noise_variance=float(row["noise_variance"]),
    )


@pytest.mark.parametrize("branch", ["optimal", "algorithmic", "informed"])
@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_certified_rows(row: dict[str, Any], branch: str) -> None:
    problem = problem_of(row)
    state = problem.solve(float(row["alpha"]), branch)
    for name in ("mmse", "conjugate"):
        assert relative(getattr(state, name), row[name]) < 1e-12, name
    assert relative(state.mmse, row["mmse"]) <= 2 * state.error_estimate
    assert relative(state.free_entropy, row["free_entropy"]) < 1e-13
    assert relative(problem.test_error(state, "mean_square"), row["mean_square"]) < 1e-12
    if row["misclassification"] is not None:
        assert relative(state.test_error, row["misclassification"]) < 1e-12
    assert state.status is Status.CONVERGED
    assert state.stable


@pytest.mark.parametrize(
    ("alpha", "mmse"),
    [(0.1, "0.93782544023963891"), (1.0, "0.51373636298388351"), (10.0, "0.018621914954899006")],
)
def test_known_values_of_the_noiseless_perceptron(
    sign_problem: nm.GLM, alpha: float, mmse: str
) -> None:
    assert relative(sign_problem.solve(alpha).mmse, mmse) < 1e-14


def test_many_labels(sign_problem: nm.GLM) -> None:
    """v -> 1.9255/alpha^2 and error -> 0.4417/alpha, with every digit of v kept at 1e-18."""
    curve = sign_problem.learning_curve([1e3, 1e6, 1e9])
    np.testing.assert_allclose(curve.mmse * curve.alpha**2, 1.9255, rtol=1e-4)
    np.testing.assert_allclose(curve.test_error * curve.alpha, 0.441700, rtol=2e-3)
    assert curve.mmse[2] < 2e-18


@given(
    alpha=st.floats(1e-6, 1e9),
    signal=st.sampled_from([1e-300, 1e-9, 0.3, 1.0, 40.0]),
    eta=st.sampled_from([0.0, 1e-12, 0.2, 1e3]),
    noise=st.sampled_from([1e-9, 0.1, 1e6]),
)
@settings(deadline=None)
def test_linear_channel_solves_its_quadratic(
    alpha: float, signal: float, eta: float, noise: float
) -> None:
    problem = nm.GLM(channel=nm.channels.Linear(noise), signal_variance=signal, noise_variance=eta)
    state = problem.solve(alpha)
    with mpmath.workdps(400):
        s = (mpmath.mpf(eta) + mpmath.mpf(noise)) / mpmath.mpf(signal)
        b = s + mpmath.mpf(alpha) - 1
        root = (mpmath.sqrt(b * b + 4 * s) - b) / 2
    assert relative(state.mmse, root) < 1e-14
    assert state.residual < 1e-12


class LinearWithoutItsClosedForm(nm.channels.Linear):
    """The linear channel as the general engine sees any other."""

    def gaussian_conjugate(self, alpha: Any, signal_variance: float, noise_variance: float) -> None:
        return None


@pytest.mark.parametrize("noise", [1e-6, 0.1, 3.0])
def test_the_general_engine_agrees_with_the_closed_form(noise: float) -> None:
    alpha = np.geomspace(1e-6, 1e9, 61)
    closed = nm.GLM(channel=nm.channels.Linear(noise), noise_variance=0.01).learning_curve(alpha)
    engine = nm.GLM(channel=LinearWithoutItsClosedForm(noise), noise_variance=0.01).learning_curve(
        alpha
    )
    np.testing.assert_allclose(engine.mmse, closed.mmse, rtol=1e-12)
    np.testing.assert_allclose(engine.overlap, closed.overlap, rtol=1e-12)
    gap = np.abs(engine.free_entropy - closed.free_entropy)
    assert np.all(gap <= 1e-14 * (1.0 + alpha * np.abs(closed.log_loss)))


def test_identity_network_is_the_plain_glm_to_four_ulp() -> None:
    network = nm.DeepNetwork.uniform(nm.activations.Identity(), 1)
    alpha = np.geomspace(0.01, 100.0, 41)
    for channel in (nm.channels.Sign(), nm.channels.Linear(0.1)):
        ours = network.glm(channel).learning_curve(alpha)
        plain = nm.GLM(channel=channel).learning_curve(alpha)
        np.testing.assert_array_max_ulp(ours.mmse, plain.mmse, maxulp=4)
        np.testing.assert_array_max_ulp(ours.test_error, plain.test_error, maxulp=4)


CHANNELS = [
    nm.channels.Sign(),
    nm.channels.Sign(noise=0.3, flip=0.05),
    nm.channels.Linear(noise=0.2),
]


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
@pytest.mark.parametrize("offset", [0.0, 0.8])
def test_free_entropy_grows_by_the_entropy_of_a_label(
    channel: nm.channels.Channel, offset: float
) -> None:
    """dPhi/dalpha = Psi_out along the branch, by a five-point difference."""
    problem = nm.GLM(channel=channel, noise_variance=0.1, offset=offset)
    for alpha in (0.3, 2.0, 30.0):
        h = 1e-3 * alpha
        around = problem.learning_curve(alpha + h * np.array([-2.0, -1.0, 1.0, 2.0]))
        slope = around.free_entropy @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
        assert slope == pytest.approx(-problem.solve(alpha).log_loss, rel=1e-9)


@given(
    signal=st.floats(1e-3, 1e3),
    eta=st.floats(0.0, 10.0),
    noise=st.floats(0.0, 10.0),
    flip=st.floats(0.0, 0.49),
    offset=st.floats(-3.0, 3.0),
)
@settings(deadline=None, max_examples=60)
def test_more_samples_never_hurt(
    signal: float, eta: float, noise: float, flip: float, offset: float
) -> None:
    problem = nm.GLM(
        channel=nm.channels.Sign(noise, flip),
        signal_variance=signal,
        noise_variance=eta,
        offset=offset,
    )
    curve = problem.learning_curve(np.geomspace(1e-3, 1e5, 33))
    assert np.all(np.diff(curve.mmse) <= 1e-12 * curve.mmse[:-1])
    assert np.all(np.diff(curve.test_error) <= 1e-12)
    assert np.all(np.diff(curve.log_loss) <= 1e-12)
    assert np.all(curve.mutual_information >= curve.signal_mutual_information - 1e-14)
    assert np.all(curve.signal_mutual_information >= 0.0)
    assert np.all(curve.residual <= 1e-10)


def test_more_noise_never_helps() -> None:
    alpha = np.geomspace(0.1, 100.0, 9)
    for field in ("noise", "flip"):
        curves = [
            nm.GLM(channel=nm.channels.Sign(**{field: level})).learning_curve(alpha).mmse
            for level in (0.0, 1e-6, 0.01, 0.2, 0.45)
        ]
        assert np.all(np.diff(curves, axis=0) >= 0.0)


@given(st.permutations(range(12)))
@settings(max_examples=10, deadline=None)
def test_order_and_company_of_the_alphas_do_not_matter(order: list[int]) -> None:
    alpha = np.geomspace(1e-5, 1e7, 12)
    problem = nm.GLM(channel=nm.channels.Sign(noise=0.1))
    together = problem.learning_curve(alpha).mmse
    shuffled = problem.learning_curve(alpha[order]).mmse
    np.testing.assert_allclose(shuffled, together[order], rtol=1e-13)
    alone = problem.solve(float(alpha[order[0]])).mmse
    assert alone == pytest.approx(together[order[0]], rel=1e-12)


def test_shapes(sign_problem: nm.GLM) -> None:
    assert sign_problem.learning_curve(np.ones((2, 3))).overlap.shape == (2, 3)
    assert sign_problem.learning_curve(1.0).mmse.shape == ()
    curve = sign_problem.learning_curve([0.5, 1.0, 2.0])
    assert len(curve) == 3
    assert [state.alpha for state in curve] == [0.5, 1.0, 2.0]
    assert "converged" in str(curve)
    assert "mmse" in str(curve.state(1))


EXTREMES = list(
    itertools.product(
        [1e-300, 1e-20, 1.0, 1e3], [0.0, 1e-8, 1e3], [0.0, 1e-12, 1e6], [0.0, 0.1, 0.5], [0.0, 30.0]
    )
)


@pytest.mark.parametrize("parameters", EXTREMES[::3], ids=str)
def test_extremes_are_right_or_named(parameters: tuple[float, ...]) -> None:
    signal, eta, noise, flip, offset = parameters
    problem = nm.GLM(
        channel=nm.channels.Sign(noise, flip),
        signal_variance=signal,
        noise_variance=eta,
        offset=offset,
    )
    curve = problem.learning_curve(np.array([1e-6, 0.3, 1.0, 1e3, 1e9]))
    for name in ("overlap", "mmse", "test_error", "log_loss", "mutual_information"):
        assert np.isfinite(getattr(curve, name)).all(), name
    assert np.all((curve.mmse > 0.0) & (curve.mmse <= 1.0))
    np.testing.assert_allclose(curve.overlap + curve.mmse, 1.0, rtol=1e-15)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_weak_signals_are_scale_free(noise: float) -> None:
    """Labels of a sign do not know the unit of the field."""
    one = nm.GLM(channel=nm.channels.Sign(noise), signal_variance=1.0, noise_variance=0.2)
    small = nm.GLM(
        channel=nm.channels.Sign(noise * 1e-290), signal_variance=1e-290, noise_variance=2e-291
    )
    alpha = np.geomspace(1e-3, 1e6, 10)
    np.testing.assert_allclose(
        small.learning_curve(alpha).mmse, one.learning_curve(alpha).mmse, rtol=1e-12
    )


def test_a_tiny_signal_in_noise_is_learnt_linearly() -> None:
    """r = alpha lambda F(0) with F(0) = 2/(pi eta)."""
    problem = nm.GLM(channel=nm.channels.Sign(), signal_variance=1e-300, noise_variance=1.0)
    state = problem.solve(10.0)
    assert state.conjugate == pytest.approx(10.0 * 1e-300 * 2.0 / math.pi, rel=1e-12)
    assert state.overlap == pytest.approx(state.conjugate, rel=1e-12)
    assert 0.0 < state.signal_mutual_information < 1e-299


def test_perfect_recovery_is_a_state_of_its_own() -> None:
    problem = nm.GLM(channel=nm.channels.Linear())
    curve = problem.learning_curve([0.25, 0.999, 1.0, 3.0])
    assert [Status(s) for s in curve.status] == [
        Status.CONVERGED,
        Status.CONVERGED,
        Status.PERFECT_RECOVERY,
        Status.PERFECT_RECOVERY,
    ]
    np.testing.assert_allclose(curve.mmse, [0.75, 0.001, 0.0, 0.0], rtol=1e-12)
    assert curve.overlap[3] == 1.0
    assert curve.conjugate[3] == math.inf
    assert curve.test_error[3] == 0.0


def test_no_signal_nothing_learnt() -> None:
    for channel in (nm.channels.Sign(), nm.channels.Linear(0.1)):
        problem = nm.GLM(channel=channel, signal_variance=0.0, noise_variance=1.0)
        state = problem.solve(5.0)
        assert (state.mmse, state.overlap, state.conjugate) == (1.0, 0.0, 0.0)
        assert state.status is Status.NOTHING_LEARNT
        assert state.signal_mutual_information == pytest.approx(0.0, abs=1e-15)
    nothing_at_all = nm.GLM(channel=nm.channels.Linear(0.1), signal_variance=0.0)
    assert nothing_at_all.solve(5.0).test_error == pytest.approx(0.1)


def test_there_is_one_fixed_point(sign_problem: nm.GLM) -> None:
    for alpha in (1e-3, 1.0, 1e4):
        states = sign_problem.fixed_points(alpha)
        assert len(states) == 1
        assert states[0].mmse == pytest.approx(sign_problem.solve(alpha).mmse, rel=1e-13)


# -- a kernel with a first-order transition: the engine must find every branch -------------------


class Cooperative(nm.channels.Sign):
    """A made-up channel whose information jumps with the overlap: three fixed points."""

    def evaluate(self, signal: Any, variance: Any, offset: float) -> Any:
        from nishimori.channels.base import Information

        q = signal / (signal + variance)
        fisher = 0.3 + 8.0 / (1.0 + np.exp(-30.0 * (q - 0.5)))
        # its entropy: (1/2) int F dq, up to a constant
        entropy = 0.15 * q + 4.0 / 30.0 * np.log1p(np.exp(30.0 * (q - 0.5))) - 4.0
        return Information(fisher, entropy, np.full(q.shape, 1e-16))

    def in_units_of(self, variance: float) -> None:
        return None


def test_all_branches_of_a_first_order_transition() -> None:
    problem = nm.GLM(channel=Cooperative())
    alpha = 1.0
    states = problem.fixed_points(alpha)
    assert [state.stable for state in states] == [True, False, True]
    for state in states:
        q = state.overlap
        fisher = 0.3 + 8.0 / (1.0 + math.exp(-30.0 * (q - 0.5)))
        assert state.conjugate == pytest.approx(alpha * fisher, rel=1e-12)
    assert problem.solve(alpha, "algorithmic").overlap == states[0].overlap
    assert problem.solve(alpha, "informed").overlap == states[2].overlap
    best = max(states, key=lambda state: state.free_entropy)
    assert problem.solve(alpha, "optimal").overlap == best.overlap
    curve = problem.learning_curve(np.linspace(0.05, 5.0, 200))
    brute = []
    for a in curve.alpha:
        grid = np.linspace(1e-4, 1 - 1e-4, 20001)
        r = grid / (1 - grid)
        info = problem.channel.evaluate(grid, 1 - grid, 0.0)
        phi = a * info.entropy + 0.5 * (r - np.log1p(r)) - 0.5 * r * grid
        residual = a * info.fisher - r
        turning = np.flatnonzero(np.signbit(residual[1:]) != np.signbit(residual[:-1]))
        brute.append(grid[max(turning, key=lambda k: phi[k])])
    np.testing.assert_allclose(curve.overlap, brute, atol=2e-4)


# -- statuses and options -----------------------------------------------------------------------


class TwoGridsDisagree(nm.channels.Sign):
    """A channel that admits its quadrature is poor."""

    def evaluate(self, signal: Any, variance: Any, offset: float) -> Any:
        good = super().evaluate(signal, variance, offset)
        return good._replace(error=np.full(signal.shape, 1e-6))

    def in_units_of(self, variance: float) -> None:
        return None


def test_a_failed_point_is_raised_warned_or_returned() -> None:
    problem = nm.GLM(channel=TwoGridsDisagree())
    with pytest.raises(ConvergenceError, match="2 of 2 points") as caught:
        problem.learning_curve([1.0, 2.0])
    assert caught.value.result.failed.all()  # type: ignore[attr-defined]
    with pytest.warns(ConvergenceWarning, match="quadrature"):
        problem.learning_curve([1.0, 2.0], on_failure="warn")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        curve = problem.learning_curve([1.0, 2.0], on_failure="return")
    assert [Status(s) for s in curve.status] == [Status.UNRESOLVED] * 2
    assert np.all(curve.error_estimate >= 1e-7)
    assert problem.learning_curve([1.0], rtol=1e-4).failed.sum() == 0


def test_nan_is_a_failure_with_a_name() -> None:
    class Broken(nm.channels.Sign):
        def evaluate(self, signal: Any, variance: Any, offset: float) -> Any:
            good = super().evaluate(signal, variance, offset)
            return good._replace(fisher=np.full(signal.shape, np.nan))

    with pytest.raises(ConvergenceError, match="not a number"):
        nm.GLM(channel=Broken()).solve(1.0)


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-10, 1e-13])
def test_rtol_is_honoured(sign_problem: nm.GLM, rtol: float) -> None:
    curve = sign_problem.learning_curve(np.geomspace(1e-4, 1e4, 25), rtol=rtol)
    assert np.all(curve.residual <= rtol)
    exact = sign_problem.learning_curve(np.geomspace(1e-4, 1e4, 25), rtol=1e-13).mmse
    assert np.all(np.abs(curve.mmse / exact - 1.0) <= curve.error_estimate + 1e-14)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: p.solve(0.0), "positive and finite, got 0"),
        (lambda p: p.solve(-1.0), "positive"),
        (lambda p: p.solve(float("nan")), "nan"),
        (lambda p: p.solve(float("inf")), "finite"),
        (lambda p: p.solve([1.0, 2.0]), "one number"),
        (lambda p: p.solve("one"), "alpha must be"),
        (lambda p: p.learning_curve([]), "empty"),
        (lambda p: p.learning_curve([1.0, -2.0]), "got -2"),
        (lambda p: p.learning_curve(1.0, "optimum"), "did you mean 'optimal'"),
        (lambda p: p.learning_curve(1.0, rtol=1e-16), "1e-13"),
        (lambda p: p.learning_curve(1.0, rtol=float("nan")), "rtol"),
        (lambda p: p.learning_curve(1.0, on_failure="ignore"), "'raise', 'warn' or 'return'"),
        (lambda p: p.test_error(p.solve(1.0), "accuracy"), "misclassification"),
        (lambda _: nm.GLM(channel="sign"), "nishimori.channels"),
        (lambda _: nm.GLM(channel=nm.channels.Sign(), signal_variance=-1.0), "signal_variance"),
        (lambda _: nm.GLM(channel=nm.channels.Sign(), noise_variance=math.nan), "noise_variance"),
        (lambda _: nm.GLM(channel=nm.channels.Sign(), offset=math.inf), "offset"),
        (lambda _: nm.GLM(channel=nm.channels.Sign(), prior="gaussian"), "nishimori.priors"),
        (lambda _: nm.Layer(nm.activations.Tanh(), -1.0), "weight_variance"),
        (lambda _: nm.Layer(nm.activations.Tanh(), 1.0, math.nan), "bias_variance"),
        (lambda _: nm.Layer(np.tanh), "Custom"),
        (lambda _: nm.DeepNetwork([]), "at least one Layer"),
        (lambda _: nm.DeepNetwork([nm.activations.Tanh()]), "layer 1 must be a Layer"),
        (lambda _: nm.DeepNetwork(3), "sequence of Layer"),
        (lambda _: nm.DeepNetwork.uniform(nm.activations.Tanh(), 0), "at least 1"),
        (lambda _: nm.DeepNetwork.uniform(nm.activations.Tanh(), 2.5), "integer"),
        (lambda _: nm.DeepNetwork.uniform(nm.activations.Tanh(), 10**13), "at most"),
        (lambda _: network().reduce(0.0), "input_second_moment"),
        (lambda _: network().reduce("one"), "input_second_moment"),
        (lambda _: network().glm(nm.channels.Sign(), above_layer=3), "at least 0 and at most 2"),
        (lambda _: network().reduce().finite_size_rate(0, [10]), "samples"),
        (lambda _: network().reduce().finite_size_rate(10, []), "widths"),
    ],
)
def test_bad_input_is_one_sentence(sign_problem: nm.GLM, call: Any, words: str) -> None:
    with pytest.raises(nm.NishimoriError, match=words) as caught:
        call(sign_problem)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def network() -> nm.DeepNetwork:
    return nm.DeepNetwork.uniform(nm.activations.Tanh(), 2)


def test_overflow_names_the_layer() -> None:
    with pytest.raises(nm.errors.ReductionError, match="layer 6"):
        nm.DeepNetwork.uniform(nm.activations.Hermite(3), 10).reduce()
    with pytest.raises(nm.errors.ReductionError, match="layer 997"):
        nm.DeepNetwork.uniform(nm.activations.Identity(), 2000, weight_variance=2.0).reduce()
