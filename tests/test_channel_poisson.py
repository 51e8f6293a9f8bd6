"""Counts: certified states, plain sums, identities and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm
from conftest import relative

# link, lambda, alpha, mmse, free entropy, mean-square error
ROWS = [
    (
        "exp",
        0.25,
        3.0,
        "5.84141321488467801e-01",
        "-4.21971256402753514e+00",
        "1.35716487352877566e+00",
    ),
    (
        "softplus",
        1.0,
        5.0,
        "4.16385919852916890e-01",
        "-5.90530032906690625e+00",
        "9.24380512089882393e-01",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_certified_rows(row: tuple[str, float, float, str, str, str]) -> None:
    link, signal, alpha, mmse, free_entropy, mean_square = row
    problem = nm.GLM(channel=nm.channels.Poisson(link), signal_variance=signal)
    state = problem.solve(alpha)
    assert relative(state.mmse, mmse) < 1e-12
    assert relative(state.free_entropy, free_entropy) < 1e-12
    assert relative(state.test_error, mean_square) < 1e-12


def rate(link: str, h: np.ndarray) -> np.ndarray:
    return np.exp(h) if link == "exp" else np.logaddexp(0.0, h)


@pytest.mark.parametrize("link", ["exp", "softplus"])
@pytest.mark.parametrize("offset", [0.0, 0.6])
def test_against_a_plain_sum(link: str, offset: float) -> None:
    """Z_y on a grid of omega by Gauss-Hermite sums over z; counts to 200."""
    signal, variance = 0.12, 0.08
    z, w = np.polynomial.hermite_e.hermegauss(80)
    w = w / w.sum()
    omega = math.sqrt(signal) * z
    h = offset + omega[:, None] + math.sqrt(variance) * z
    f = rate(link, h)
    fisher = entropy = 0.0
    chance = np.exp(-f)
    for y in range(200):
        partition = chance @ w
        slope = (chance * z) @ w / math.sqrt(variance)
        kept = partition > 1e-290
        fisher += w[kept] @ (slope[kept] ** 2 / partition[kept])
        entropy += w[kept] @ (partition[kept] * np.log(partition[kept]))
        chance = chance * f / (y + 1)
    ours = nm.channels.Poisson(link).information(signal, variance, offset)
    assert ours[0] == pytest.approx(fisher, rel=1e-8)
    assert ours[1] == pytest.approx(entropy, rel=1e-9)


@pytest.mark.parametrize("link", ["exp", "softplus"])
@pytest.mark.parametrize("share", [0.05, 0.6])
def test_fisher_is_the_slope_of_the_entropy(link: str, share: float) -> None:
    """F = 2 d Psi_out / d s2 at fixed s2 + V."""
    h = 1e-3 * share
    signal = share + h * np.array([-2.0, -1.0, 1.0, 2.0])
    channel = nm.channels.Poisson(link)
    _, entropy = channel.information(signal, 1.0 - signal)
    slope = entropy @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
    fisher, _ = channel.information(share, 1.0 - share)
    assert 2.0 * slope == pytest.approx(fisher, rel=1e-7)


def test_errors_with_and_without_the_noise_of_the_count() -> None:
    problem = nm.GLM(channel=nm.channels.Poisson("exp"), signal_variance=0.25)
    state = problem.solve(3.0)
    variance = 0.25 * state.mmse
    mean = math.exp(0.125)
    unknown = math.exp(0.5 - variance) * math.expm1(variance)
    assert state.test_error == pytest.approx(mean + unknown, rel=1e-13)
    assert problem.test_error(state, label_noise=False) == pytest.approx(unknown, rel=1e-13)
    assert problem.test_error(state, "gibbs") == pytest.approx(mean + 2 * unknown, rel=1e-13)


def test_refusals_and_names() -> None:
    with pytest.raises(nm.NishimoriError, match="did you mean 'softplus'"):
        nm.channels.Poisson("softpluss")
    with pytest.raises(nm.NishimoriError, match="link must be"):
        nm.channels.Poisson(3)
    assert nm.channels.parse("poisson:link=softplus") == nm.channels.Poisson("softplus")


def test_rates_beyond_any_float_are_no_number() -> None:
    problem = nm.GLM(channel=nm.channels.Poisson("exp"), signal_variance=1e4)
    state = problem.solve(1.0, on_failure="return")
    assert state.status is nm.Status.NOT_FINITE
    with pytest.raises(nm.errors.ConvergenceError, match="not a number"):
        problem.solve(1.0)
