"""The Laplace channel: high-precision integrals, known fixed points, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import nishimori as nm

# sqrt(V) z + Laplace(1): V, integral of p'^2/p, integral of p ln p, by mpmath with 40 digits
VALUES = [
    (1e-20, 0.9999999998871620832983, -1.6931471805599453094),
    (1e-8, 0.9998871699029121276428, -1.6931471855595692026),
    (1e-3, 0.9650863490748987769774, -1.6936354792592492783),
    (0.1, 0.7097450705231354580776, -1.7329701399853310872),
    (1.0, 0.3684744227254249625006, -1.9519955368200962994),
    (5.0, 0.1438356415254308483893, -2.3909224239568432342),
    (30.0, 0.03125071015445333412759, -3.1518036346390801068),
    (80.0, 0.01219512842331282136462, -3.6222980904895283081),
    (100.0, 0.009803923742213856672718, -3.7314249121321467937),
    (400.0, 0.002487562191340769765354, -4.4171645773993098519),
    (620.0, 0.001607717042058430112994, -4.6354085795542195468),
    (700.0, 0.00142450142464220000553, -4.6959052352052252635),
    (1e4, 0.00009998000399920039972816, -6.0242087091940969434),
    (1e8, 9.999999800000004e-9, -10.629278915180855378),
    (1e12, 9.99999999998e-13, -15.234449091169946846),
]


@pytest.mark.parametrize(("variance", "fisher", "entropy"), VALUES)
def test_values(variance: float, fisher: float, entropy: float) -> None:
    """F depends on V/b^2 only, over b^2; the error estimate covers the error."""
    for scale in (1.0, 0.37):
        ours = nm.channels.Laplace(scale).evaluate(
            np.zeros(1), np.array([variance * scale**2]), 0.0
        )
        assert ours.fisher[0] * scale**2 == pytest.approx(fisher, rel=4e-15)
        assert ours.entropy[0] + np.log(scale) == pytest.approx(entropy, rel=4e-15)
        assert ours.error[0] < 1e-14


def test_limits() -> None:
    """The field known: 1/b^2. Much variance: the Gaussian's 1/(V + 2 b^2)."""
    fisher, entropy = nm.channels.Laplace(2.0).information(1.0, [0.0, 1e20, 1e30])
    np.testing.assert_allclose(fisher, [0.25, 1e-20, 1e-30], rtol=1e-14)
    channel = nm.channels.Laplace(2.0)
    assert channel.conditional_entropy(1.0, 0.3) == pytest.approx(entropy[0], rel=1e-15)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_fisher_is_the_slope_of_the_entropy(share: float) -> None:
    channel = nm.channels.Laplace(0.3)
    h = 2e-4 * min(share, 1.0 - share)
    signal = share + h * np.array([-2.0, -1.0, 1.0, 2.0])
    _, entropy = channel.information(signal, 1.0 - signal)
    slope = entropy @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
    assert 2.0 * slope == pytest.approx(channel.information(share, 1.0 - share)[0], rel=1e-7)


def test_errors() -> None:
    channel = nm.channels.Laplace(0.5)
    signal, variance = np.array([0.3, 0.9]), np.array([0.7, 0.1])
    np.testing.assert_allclose(channel.errors(signal, variance, 0.0, "mean_square"), [1.2, 0.6])
    np.testing.assert_allclose(channel.errors(signal, variance, 0.0, "gibbs"), [1.9, 0.7])
    entropy = channel.information(signal, variance)[1]
    np.testing.assert_array_equal(channel.errors(signal, variance, 0.0, "log_loss"), -entropy)


def test_fixed_point() -> None:
    """Gaussian prior, b = 0.3, alpha = 1: mmse, test error, free entropy."""
    at = nm.GLM(channel=nm.channels.Laplace(0.3)).solve(1.0)
    assert at.mmse == pytest.approx(0.3385891953766863857557507, rel=1e-11)
    assert at.test_error == pytest.approx(5.18589195376686386e-01, rel=1e-10)
    assert at.free_entropy == pytest.approx(-1.29948741340938620, rel=1e-10)


@pytest.mark.parametrize(
    ("scale", "mmse", "fisher"),
    [
        (0.2, 0.4909722781194316029473610, 1.752331535038469825505259),
        (0.003, 0.5140208578897701438786893, 1.945378223166231460066798),
    ],
)
def test_fisher_at_known_fixed_points(scale: float, mmse: float, fisher: float) -> None:
    ours, _ = nm.channels.Laplace(scale).information(1.0 - mmse, mmse)
    assert ours == pytest.approx(fisher, rel=1e-12)


def test_names() -> None:
    assert nm.channels.parse("laplace:scale=0.3") == nm.channels.Laplace(0.3)
    assert nm.channels.Laplace(0.3).without_noise() == nm.channels.Linear(0.0)
    assert str(nm.channels.Laplace(0.3)) == "laplace:scale=0.3"


@pytest.mark.parametrize(
    ("scale", "words"),
    [(-1.0, "positive"), (0.0, "positive"), (float("inf"), "finite"), ("wide", "number")],
)
def test_refusals(scale: object, words: str) -> None:
    with pytest.raises(nm.errors.BadArgument, match=words) as caught:
        nm.channels.Laplace(scale)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
