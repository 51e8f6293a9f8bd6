"""The logistic channel: known fixed points, plain sums, limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm

LOGISTIC = nm.channels.Logistic()


@pytest.mark.parametrize(
    ("size", "alpha", "mmse", "fisher", "free_entropy", "mean_square", "wrong"),
    [
        (
            1.0,
            1.0,
            8.50893911887179555e-01,
            1.75234639747417178e-01,
            -6.86431723375096050e-01,
            2.43632176038663861e-01,
            4.35851505544500083e-01,
        ),
        (
            25.0,
            50.0,
            1.10135786313715825e-02,
            7.18376073369325487e-02,
            -1.43617112670047135e01,
            7.86272531610831812e-02,
            1.10813139822581835e-01,
        ),
        (
            10.0,
            None,
            1.40430105198232889e-03,
            1.10017643804404598e-01,
            None,
            1.10572434223466721e-01,
            1.57642610180831829e-01,
        ),
    ],
)
def test_fixed_points(
    size: float,
    alpha: float | None,
    mmse: float,
    fisher: float,
    free_entropy: float | None,
    mean_square: float,
    wrong: float,
) -> None:
    """Gaussian prior (two rows) and Rademacher prior; mean squares are of labels 0 and 1."""
    if alpha is not None:
        at = nm.GLM(channel=LOGISTIC, signal_variance=size).solve(alpha)
        assert at.mmse == pytest.approx(mmse, rel=1e-11)
        assert at.free_entropy == pytest.approx(free_entropy, rel=1e-10)
        assert at.test_error == pytest.approx(wrong, rel=1e-10)
    s2, v = np.array([size * (1.0 - mmse)]), np.array([size * mmse])
    assert LOGISTIC.evaluate(s2, v, 0.0).fisher[0] == pytest.approx(fisher, rel=1e-12)
    errors = {metric: LOGISTIC.errors(s2, v, 0.0, metric)[0] for metric in LOGISTIC.metrics}
    assert errors["mean_square"] == pytest.approx(4.0 * mean_square, rel=1e-10)
    assert errors["gibbs"] == pytest.approx(2.0 * mean_square, rel=1e-10)
    assert errors["misclassification"] == pytest.approx(wrong, rel=1e-10)


@pytest.mark.parametrize("offset", [0.0, 0.3, -6.0])
@pytest.mark.parametrize(
    ("signal", "variance"),
    [(0.5, 0.0), (1e-6, 0.3), (3.0, 2.0), (4.0, 8.9), (50.0, 9.1), (1.0, 90.0)],
)
def test_plain_sums(signal: float, variance: float, offset: float) -> None:
    """Sums on fine grids over long ranges."""
    x = np.arange(-18.0, 18.0, 0.01 if variance > 0.0 else 0.002)
    omega = np.arange(-12.0, 12.0, 0.05)
    inner = np.exp(-0.5 * x * x) * (x[1] - x[0]) / math.sqrt(2.0 * math.pi)
    outer = np.exp(-0.5 * omega * omega) * 0.05 / math.sqrt(2.0 * math.pi)
    h = offset + math.sqrt(signal) * omega[:, None] + math.sqrt(variance) * x
    up, down = 1.0 / (1.0 + np.exp(-h)), 1.0 / (1.0 + np.exp(h))
    plus, minus, slope = up @ inner, down @ inner, (up * down) @ inner
    at = LOGISTIC.evaluate(np.array([signal]), np.array([variance], dtype=float), offset)
    assert at.fisher[0] == pytest.approx(outer @ (slope**2 / (plus * minus)), rel=2e-13)
    plain = outer @ (plus * np.log(plus) + minus * np.log(minus))
    assert at.entropy[0] == pytest.approx(plain, rel=2e-13)
    pair = LOGISTIC.errors(np.array([signal]), np.array([variance], dtype=float), offset, "gibbs")
    assert pair[0] == pytest.approx(2.0 * outer @ (plus * minus), rel=2e-13)


@pytest.mark.parametrize("offset", [0.0, 0.7, -3.0])
@pytest.mark.parametrize("total", [1.0, 1e4])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_fisher_is_the_slope_of_the_entropy(offset: float, total: float, share: float) -> None:
    h = 2e-4 * min(share, 1.0 - share)
    signal = total * (share + h * np.array([-2.0, -1.0, 1.0, 2.0]))
    _, entropy = LOGISTIC.information(signal, total - signal, offset)
    slope = entropy @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h * total)
    fisher, _ = LOGISTIC.information(total * share, total * (1.0 - share), offset)
    assert 2.0 * slope == pytest.approx(fisher, rel=1e-7)


def test_wide_fields_are_signs() -> None:
    """At variance 1e8 the logistic noise is nothing; with the field known it is all."""
    signal, variance = np.array([0.5e8]), np.array([0.5e8])
    ours, sign = (
        LOGISTIC.information(signal, variance),
        nm.channels.Sign().information(signal, variance),
    )
    np.testing.assert_allclose(ours[0], sign[0], rtol=1e-7)
    np.testing.assert_allclose(ours[1], sign[1], rtol=1e-7)
    fisher, entropy = LOGISTIC.information(0.0, 0.0, 1.0)
    p = 1.0 / (1.0 + math.e)
    assert fisher == pytest.approx(p * (1.0 - p), rel=1e-15)
    assert entropy == pytest.approx(p * math.log(p) + (1.0 - p) * math.log(1.0 - p), rel=1e-15)
    assert LOGISTIC.conditional_entropy(0.0, 1.0) == entropy


def test_the_split_of_the_variances_meets() -> None:
    """Two different sums on either side of V = 9."""
    variance = np.array([9.0, 9.0 * (1.0 + 1e-15)])
    for offset in (0.0, 3.0, -12.0):
        at = LOGISTIC.evaluate(np.full(2, 2.0), variance, offset)
        assert at.fisher[1] == pytest.approx(at.fisher[0], rel=1e-14)
        assert at.entropy[1] == pytest.approx(at.entropy[0], rel=1e-14)
        assert (at.error < 1e-13).all()


def test_misclassification_with_an_offset() -> None:
    omega = np.linspace(-9.0, 9.0, 200_001)
    weight = np.exp(-0.5 * omega**2) * (omega[1] - omega[0]) / math.sqrt(2.0 * math.pi)
    plain = weight @ (1.0 / (1.0 + np.exp(np.abs(omega + 0.4))))
    ours = LOGISTIC.errors(np.ones(1), np.zeros(1), 0.4, "misclassification")
    assert ours[0] == pytest.approx(plain, rel=1e-8)


def test_names() -> None:
    assert nm.channels.parse("logistic") == LOGISTIC
    assert LOGISTIC.without_noise() == nm.channels.Sign()
    assert LOGISTIC.in_units_of(2.0) is None
