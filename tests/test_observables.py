"""Errors, informations and the average over the random offset of a network."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm


def test_linear_errors_by_both_conventions() -> None:
    problem = nm.GLM(channel=nm.channels.Linear(0.3), signal_variance=2.0, noise_variance=0.1)
    state = problem.solve(1.7)
    unknown = 2.0 * state.mmse + 0.1
    assert state.test_error == pytest.approx(unknown + 0.3, rel=1e-15)
    assert problem.test_error(state, label_noise=False) == pytest.approx(unknown, rel=1e-15)
    assert problem.test_error(state, "log_loss") == pytest.approx(state.log_loss)


def test_sign_errors_by_both_conventions() -> None:
    problem = nm.GLM(channel=nm.channels.Sign(0.2, 0.1), noise_variance=0.1)
    state = problem.solve(3.0)
    inner = state.overlap / 1.3
    wrong = math.acos(math.sqrt(inner)) / math.pi
    assert state.test_error == pytest.approx(0.1 + 0.8 * wrong, rel=1e-13)
    clean = math.acos(math.sqrt(state.overlap / 1.1)) / math.pi
    assert problem.test_error(state, label_noise=False) == pytest.approx(clean, rel=1e-13)
    square = 1.0 - 0.64 * 2.0 / math.pi * math.asin(inner)
    assert problem.test_error(state, "mean_square") == pytest.approx(square, rel=1e-13)


def test_gibbs_errors() -> None:
    """A posterior sample errs more than the best prediction, and twice as much in the square."""
    problem = nm.GLM(channel=nm.channels.Sign(0.2, 0.1), noise_variance=0.1)
    state = problem.solve(3.0)
    exact = 0.1 + 0.8 * math.acos(state.overlap / 1.3) / math.pi
    assert problem.test_error(state, "gibbs") == pytest.approx(exact, rel=1e-13)
    assert problem.test_error(state, "gibbs") > state.test_error
    linear = nm.GLM(channel=nm.channels.Linear(0.3), noise_variance=0.1)
    state = linear.solve(3.0)
    assert linear.test_error(state, "gibbs") == pytest.approx(2 * state.test_error - 0.3)


def test_errors_along_a_curve_keep_their_shape() -> None:
    problem = nm.GLM(channel=nm.channels.Sign())
    curve = problem.learning_curve([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(problem.test_error(curve), curve.test_error)
    assert problem.test_error(curve, "mean_square").shape == (2, 2)


@pytest.mark.parametrize(
    "channel",
    [nm.channels.Sign(), nm.channels.Logistic(), nm.channels.Linear(0.2)],
    ids=str,
)
def test_log_evidence_is_the_area_under_the_log_loss(channel: nm.channels.Channel) -> None:
    problem = nm.GLM(channel=channel, noise_variance=0.2)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    alpha, end = 1.5 * (1.0 + nodes), 3.0
    area = float(1.5 * weights @ -problem.learning_curve(alpha).log_loss)
    assert problem.solve(end).log_evidence == pytest.approx(area, rel=1e-12)
    curve = problem.learning_curve([1.0, end])
    assert curve.log_evidence[1] == curve.state(1).log_evidence


@pytest.mark.parametrize(
    "channel",
    [nm.channels.Sign(), nm.channels.Sign(0.1, 0.05), nm.channels.Linear(0.2)],
    ids=str,
)
def test_mutual_information_is_the_area_under_the_mmse(channel: nm.channels.Channel) -> None:
    """d(alpha I/n)/dalpha is what one more label tells: Psi_out of all known minus Psi_out."""
    problem = nm.GLM(channel=channel, noise_variance=0.2)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    end = 3.0
    alpha = 0.5 * end * (nodes + 1.0)
    along = problem.learning_curve(alpha)
    known = channel.conditional_entropy(1.2, 0.0)
    total = 0.5 * end * weights @ (known + along.log_loss)
    assert problem.solve(end).mutual_information * end == pytest.approx(total, rel=1e-11)
    _, all_signal = channel.information(1.0, 0.2)
    total = 0.5 * end * weights @ (all_signal + along.log_loss)
    assert problem.solve(end).signal_mutual_information * end == pytest.approx(total, rel=1e-11)


def test_linear_mutual_information_is_a_log_determinant() -> None:
    """I(a; D) = (1/2) ln det(1 + X^T X/noise): here of one real matrix."""
    rng = np.random.default_rng(3)
    d, alpha, noise = 600, 1.5, 0.3
    x = rng.standard_normal((int(alpha * d), d)) / math.sqrt(d)
    empirical = 0.5 * np.linalg.slogdet(np.eye(d) + x.T @ x / noise)[1] / (alpha * d)
    state = nm.GLM(channel=nm.channels.Linear(noise)).solve(alpha)
    assert state.signal_mutual_information == pytest.approx(empirical, rel=3e-3)


def test_offsets_do_not_matter_to_a_linear_channel() -> None:
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), 2)
    channel = nm.channels.Linear(0.01)
    mean = network.learning_curve(channel, [0.5, 2.0])
    known = network.reduce().glm(channel, offset=0.7).learning_curve([0.5, 2.0])
    np.testing.assert_array_equal(mean.test_error, known.test_error)
    assert mean.quantiles is None


@pytest.mark.parametrize("depth", [1, 6])
def test_average_over_the_offset_against_a_plain_sum(depth: int) -> None:
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth)
    reduction = network.reduce()
    channel = nm.channels.Sign(flip=0.02)
    alpha = np.array([0.3, 3.0])
    curve = network.learning_curve(channel, alpha, quantiles=(0.1, 0.5))
    z = np.linspace(-8.0, 8.0, 641)
    weight = np.exp(-0.5 * z * z)
    weight /= weight.sum()
    sigma = math.sqrt(reduction.offset_variance)
    curves = [reduction.glm(channel, offset=sigma * c).learning_curve(alpha) for c in z]
    for name in ("test_error", "mmse", "mutual_information", "log_loss"):
        plain = weight @ np.stack([getattr(c, name) for c in curves])
        np.testing.assert_allclose(getattr(curve, name), plain, rtol=1e-9)
    errors = np.stack([c.test_error for c in curves])
    assert curve.quantiles is not None
    for probability, values in curve.quantiles.items():
        for k, value in enumerate(values):
            share = weight @ (errors[:, k] <= value)
            assert share == pytest.approx(probability, abs=0.02)
    rows = curve.rows()
    assert rows[0]["test_error_quantile_0.5"] == curve.quantiles[0.5][0]


def test_average_over_the_offset_with_hardly_any_samples() -> None:
    """The error has a kink where the label's side is a toss-up, as narrow as little is known."""
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), 2)
    reduction = network.reduce()
    alpha = np.array([1e-6, 1e-3])
    curve = network.learning_curve(nm.channels.Sign(), alpha)
    assert not curve.failed.any()
    assert np.all(curve.error_estimate < 1e-10)
    field = reduction.signal_variance + reduction.noise_variance
    unknowing = math.atan(math.sqrt(field / reduction.offset_variance)) / math.pi
    gained = unknowing - curve.test_error
    # what is gained is proportional to alpha
    assert gained[1] / gained[0] == pytest.approx(1000.0, rel=2e-3)
    known = reduction.glm(nm.channels.Sign(), offset=0.0).solve(1e-3)
    assert 0.0 < gained[1] < 0.5 - known.test_error


def test_doubts_of_negligible_weight_do_not_fail_the_average() -> None:
    """Eight deviations down a ReLU label says nothing, to fewer digits than are asked for."""
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), 2)
    reduction = network.reduce()
    channel = nm.channels.Readout(nm.activations.ReLU(), 0.1)
    curve = network.learning_curve(channel, [1.0])
    assert nm.Status(int(curve.status[0])) is nm.Status.CONVERGED
    z, weight = np.polynomial.hermite_e.hermegauss(20)
    sigma = math.sqrt(reduction.offset_variance)
    parts = [reduction.glm(channel, offset=sigma * x).solve(1.0, on_failure="return") for x in z]
    plain = weight @ [part.mmse for part in parts] / weight.sum()
    assert curve.mmse[0] == pytest.approx(plain, rel=1e-5)


def test_offset_average_reports_progress_and_refuses_bad_quantiles() -> None:
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), 1)
    seen: list[tuple[int, int]] = []
    network.learning_curve(nm.channels.Sign(), 1.0, progress=lambda i, n: seen.append((i, n)))
    assert seen
    assert all(done <= total for done, total in seen)
    assert seen[-1][0] == seen[-1][1]
    with pytest.raises(nm.NishimoriError, match="between 0 and 1"):
        network.learning_curve(nm.channels.Sign(), 1.0, quantiles=(0.0,))


@pytest.mark.parametrize(
    "channel",
    [
        nm.channels.Sign(),
        nm.channels.Sign(flip=0.1),
        nm.channels.Linear(),
        nm.channels.Readout(nm.activations.Sign(), 0.2),
        nm.channels.Readout(nm.activations.Abs()),
    ],
    ids=str,
)
def test_recovered_bits_are_all_there_was_to_learn(channel: nm.channels.Channel) -> None:
    problem = nm.GLM(channel=channel, prior=nm.priors.Rademacher())
    state = problem.solve(5.0)
    assert state.status is nm.Status.PERFECT_RECOVERY
    assert state.mutual_information == pytest.approx(math.log(2.0) / 5.0, rel=1e-14)
    assert state.signal_mutual_information == state.mutual_information
