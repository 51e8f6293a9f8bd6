"""The door channel: high-precision integrals, thresholds, limits, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm

MEDIAN = 0.6744897501960817

# K, signal, variance, offset; F, E sum Z ln Z, E Z_+ Z_-, E min(Z_+, Z_-); mpmath
VALUES: list[tuple[float, ...]] = [
    (
        1.2,
        0.5,
        0.5,
        0,
        0.644431214189825125,
        -0.465771930873636659,
        0.148611078182134637,
        0.203634287985945197,
    ),
    (
        1.2,
        0.9,
        0.1,
        0,
        2.22717275547436429,
        -0.222201088734821905,
        0.0690203150764122964,
        0.0971787016138256039,
    ),
    (
        0.67,
        0.02,
        0.98,
        0,
        0.0146128954799113921,
        -0.693057826085581782,
        0.249955340909909052,
        0.496266726341425417,
    ),
    (
        1.2,
        1e-10,
        1,
        0,
        1.22590148017614624e-10,
        -0.539444653336359767,
        0.17717522443626253,
        0.23013934046671888,
    ),
    (
        1.2,
        0.5,
        0.5,
        0.3,
        0.678851762900609053,
        -0.475639164039874134,
        0.152897782024035866,
        0.212497991092212285,
    ),
    (
        1.2,
        0.5,
        0.5,
        -2,
        0.715608419096836627,
        -0.368862928534252047,
        0.117627733996219671,
        0.167612163755813074,
    ),
    (
        0.1,
        0.5,
        0.5,
        0,
        0.0840842018206955185,
        -0.269776858349079207,
        0.0723371745550942748,
        0.0796556745540579673,
    ),
    (
        0.01,
        0.3,
        0.7,
        0.2,
        0.00368729906127737866,
        -0.0454579358671478212,
        0.00775601732402158207,
        0.00782072874764686442,
    ),
    (
        0.001,
        1e-06,
        1,
        0,
        7.98519824653094599e-10,
        -0.00648930909329716147,
        0.000797247409956800815,
        0.000797884028880343462,
    ),
    (
        3,
        0.3,
        0.7,
        0,
        0.0275126274602191069,
        -0.0159622779604069916,
        0.00265205101873000331,
        0.00269979222479292172,
    ),
    (
        3,
        0.3,
        0.7,
        0.05,
        0.0277718383399952213,
        -0.0161100216374407166,
        0.00268382945156738364,
        0.00273307210479653406,
    ),
    (
        3,
        0.1,
        0.05,
        0.3,
        5.48578204716395221e-10,
        -1.7463020108180221e-11,
        1.56699597049421846e-12,
        1.56935320012948483e-12,
    ),
    (
        3,
        0.3,
        0.1,
        0,
        0.000145136531827307628,
        -0.0000111457791312323106,
        1.96993137476126185e-6,
        2.09186397337604175e-6,
    ),
]


@pytest.mark.parametrize("row", VALUES, ids=lambda row: " ".join(f"{x:g}" for x in row[:4]))
def test_values(row: tuple[float, ...]) -> None:
    threshold, signal, variance, offset, fisher, entropy, pair, wrong = row
    channel = nm.channels.Door(threshold)
    for sign in (1.0, -1.0):
        at = channel.evaluate(np.array([float(signal)]), np.array([float(variance)]), sign * offset)
        assert at.fisher[0] == pytest.approx(fisher, rel=5e-14)
        assert at.entropy[0] == pytest.approx(entropy, rel=1e-14)
        assert at.error[0] < 1e-10

        def error(metric: str, sign: float = sign) -> float:
            s2, v = np.array([float(signal)]), np.array([float(variance)])
            return float(channel.errors(s2, v, sign * offset, metric)[0])

        assert error("gibbs") == pytest.approx(2.0 * pair, rel=1e-14)
        assert error("mean_square") == pytest.approx(4.0 * pair, rel=1e-14)
        assert error("misclassification") == pytest.approx(wrong, rel=1e-14)
        assert error("log_loss") == -at.entropy[0]


def test_weak_recovery() -> None:
    """Gaussian prior, K = 1.2, structural noise 0.1."""
    problem = nm.GLM(channel=nm.channels.Door(1.2), noise_variance=0.1)
    assert problem.transitions().weak_recovery == pytest.approx(1.0148609123482597, rel=1e-10)


def test_small_signal_keeps_its_digits() -> None:
    """F/s2 tends to sum (Z''/Z)^2 Z at omega = 0, with a correction of order s2."""
    curvature = 2.0 * 1.2 * math.exp(-0.72) / math.sqrt(2.0 * math.pi)
    inside = math.erf(1.2 / math.sqrt(2.0))
    limit = curvature**2 / (inside * (1.0 - inside))
    signal = np.array([0.0, 1e-200, 1e-30, 1e-16])
    fisher, entropy = nm.channels.Door(1.2).information(signal, 1.0)
    assert fisher[0] == 0.0
    np.testing.assert_allclose(fisher[1:], limit * signal[1:], rtol=1e-13)
    plain = inside * math.log(inside) + (1.0 - inside) * math.log1p(-inside)
    np.testing.assert_allclose(entropy, plain, rtol=1e-14)


def test_small_variance() -> None:
    """Two separate edges: each is the kink of a sign, sqrt(V) F = 2 c N(K) without limit."""
    variance = np.array([1e-14, 1e-17, 1e-20])
    fisher, entropy = nm.channels.Door(MEDIAN).information(1.0, variance)
    # c = integral of phi^2/(Phi Phi(-)), by mpmath
    slope = 2.0 * 1.80639457113725 * math.exp(-0.5 * MEDIAN**2) / math.sqrt(2.0 * math.pi)
    np.testing.assert_allclose(fisher * np.sqrt(variance), slope, rtol=1e-6)
    assert (np.diff(entropy) > 0.0).all()
    assert entropy[-1] < 0.0
    fisher, entropy = nm.channels.Door(MEDIAN).information([1.0, 0.0], 0.0)
    assert fisher[0] == math.inf
    assert entropy.tolist() == [0.0, 0.0]


def test_extremes_are_finite() -> None:
    variance = np.geomspace(1e-20, 1e20, 81)
    for threshold in (1e-6, 1.0, 1e6):
        for offset in (0.0, 1e-3, 2.0):
            at = nm.channels.Door(threshold).evaluate(np.ones(81), variance, offset)
            assert np.isfinite(at.fisher).all()
            assert (at.fisher >= 0.0).all()
            assert (at.entropy <= 0.0).all()
            assert (at.entropy >= -math.log(2.0) * (1 + 1e-14)).all()
            assert (at.error < 1e-9).all()


@pytest.mark.parametrize("offset", [0.0, 0.7, -3.0])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_fisher_is_the_slope_of_the_entropy(offset: float, share: float) -> None:
    channel = nm.channels.Door(0.9)
    h = 2e-4 * min(share, 1.0 - share)
    signal = share + h * np.array([-2.0, -1.0, 1.0, 2.0])
    _, entropy = channel.information(signal, 1.0 - signal, offset)
    slope = entropy @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
    fisher, _ = channel.information(share, 1.0 - share, offset)
    assert 2.0 * slope == pytest.approx(fisher, rel=1e-7, abs=1e-10)


def test_a_known_field() -> None:
    """No signal but an offset: one term, no average."""
    fisher, entropy = nm.channels.Door(1.0).information(0.0, 0.25, 0.4)
    up, down = 0.5 * math.erfc(-1.2 / math.sqrt(2.0)), 0.5 * math.erfc(2.8 / math.sqrt(2.0))
    z = up - down
    slope = (math.exp(-0.5 * 2.8**2) - math.exp(-0.5 * 1.2**2)) / math.sqrt(2.0 * math.pi) / 0.5
    assert fisher == pytest.approx(slope**2 / (z * (1.0 - z)), rel=1e-14)
    assert entropy == pytest.approx(z * math.log(z) + (1 - z) * math.log1p(-z), rel=1e-14)


@pytest.mark.parametrize(
    ("alpha", "mmse", "free_entropy", "mean_square", "wrong"),
    [
        (
            1.4,
            0.9693156066342564579201217,
            -0.970403830284064641,
            0.999653789436622297,
            0.493550215345991548,
        ),
        (
            1e5,
            7.587016287678505734225772e-11,
            -12.1509988098616911,
            1.24931638419237643e-05,
            4.41700043556465903e-06,
        ),
    ],
)
def test_fixed_points(
    alpha: float, mmse: float, free_entropy: float, mean_square: float, wrong: float
) -> None:
    """Gaussian prior, median door: mmse, free entropy and test errors."""
    at = nm.GLM(channel=nm.channels.Door(MEDIAN)).solve(alpha, "algorithmic")
    assert at.mmse == pytest.approx(mmse, rel=1e-11)
    assert at.free_entropy == pytest.approx(free_entropy, rel=1e-10)
    assert at.test_error == pytest.approx(wrong, rel=1e-10)
    channel = nm.channels.Door(MEDIAN)
    s2, v = np.array([1.0 - mmse]), np.array([mmse])
    ours = channel.errors(s2, v, 0.0, "mean_square")
    assert ours[0] == pytest.approx(mean_square, rel=1e-10)


def test_names() -> None:
    door = nm.channels.Door(1.2)
    assert nm.channels.parse("door:threshold=1.2") == door
    assert door.without_noise() is door
    assert door.conditional_entropy(1.0, 0.0) == 0.0
    scaled = door.in_units_of(4.0)
    assert scaled == nm.channels.Door(0.6)
    here, there = door.information(1.0, 3.0, 0.5), scaled.information(0.25, 0.75, 0.25)
    assert there == (pytest.approx(4.0 * here[0], rel=1e-14), pytest.approx(here[1], rel=1e-14))


@pytest.mark.parametrize(
    ("threshold", "words"),
    [(-1.0, "positive"), (0.0, "positive"), (float("nan"), "finite"), ("wide", "number")],
)
def test_refusals(threshold: object, words: str) -> None:
    with pytest.raises(nm.errors.BadArgument, match=words) as caught:
        nm.channels.Door(threshold)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
