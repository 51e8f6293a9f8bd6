"""Channels: identities of the physics, limits, symmetry and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm

CHANNELS = [
    nm.channels.Linear(noise=0.3),
    nm.channels.Sign(),
    nm.channels.Sign(noise=0.5),
    nm.channels.Sign(flip=0.1),
    nm.channels.Sign(noise=0.01, flip=1e-6),
]


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
@pytest.mark.parametrize("offset", [0.0, 0.7, -3.0])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_fisher_is_the_slope_of_the_entropy(
    channel: nm.channels.Channel, offset: float, share: float
) -> None:
    """F = 2 d Psi_out / d s2 at fixed s2 + V, by a five-point difference."""
    h = 2e-4 * min(share, 1.0 - share)
    signal = share + h * np.array([-2.0, -1.0, 1.0, 2.0])
    _, entropy = channel.information(signal, 1.0 - signal, offset)
    slope = entropy @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
    fisher, _ = channel.information(share, 1.0 - share, offset)
    assert 2.0 * slope == pytest.approx(fisher, rel=1e-7, abs=1e-10)


@given(
    share=st.floats(1e-9, 1.0 - 1e-9),
    noise=st.sampled_from([0.0, 1e-8, 0.1, 50.0]),
    flip=st.sampled_from([0.0, 1e-9, 0.02, 0.3, 0.5]),
    offset=st.floats(-6.0, 6.0),
)
@settings(deadline=None)
def test_sign_information_is_bounded(
    share: float, noise: float, flip: float, offset: float
) -> None:
    """0 <= F <= 1/V (a label cannot know more than the field), -ln 2 <= Psi <= 0, even in c_0."""
    channel = nm.channels.Sign(noise=noise, flip=flip)
    fisher, entropy = channel.information(share, 1.0 - share, offset)
    assert 0.0 <= fisher <= 1.0 / (1.0 - share + noise) * (1.0 + 1e-12)
    assert -math.log(2.0) * (1.0 + 1e-14) <= entropy <= 0.0
    mirrored = channel.information(share, 1.0 - share, -offset)
    assert mirrored == (pytest.approx(fisher, rel=1e-13), pytest.approx(entropy, rel=1e-13))


def test_flips_at_random_carry_nothing() -> None:
    fisher, entropy = nm.channels.Sign(flip=0.5).information(0.5, 0.5)
    assert fisher == 0.0
    assert entropy == pytest.approx(-math.log(2.0))


def test_a_small_flip_is_a_small_change() -> None:
    """The formulas with and without flips are different code and must meet."""
    for signal, variance, offset in ((0.5, 0.5, 0.0), (1.0, 0.01, 1.0), (0.1, 2.0, -2.0)):
        clean = nm.channels.Sign().information(signal, variance, offset)
        noisy = nm.channels.Sign(flip=1e-13).information(signal, variance, offset)
        assert noisy[0] == pytest.approx(clean[0], rel=1e-9)
        assert noisy[1] == pytest.approx(clean[1], rel=1e-9)


def test_noise_inside_the_sign_is_variance() -> None:
    inside = nm.channels.Sign(noise=0.4).information(0.5, 0.6, 0.3)
    outside = nm.channels.Sign().information(0.5, 1.0, 0.3)
    assert inside == outside


@pytest.mark.parametrize("offset", [0.0, 1e-9, 0.5, 4.0])
@pytest.mark.parametrize("share", [1e-6, 0.3, 1.0 - 1e-5])
@pytest.mark.parametrize("metric", ["misclassification", "mean_square"])
def test_sign_errors_against_a_plain_sum(share: float, offset: float, metric: str) -> None:
    """E over omega on a fine grid of min(Z, 1 - Z) and 1 - (2Z - 1)^2, with flips."""
    flip = 0.05
    u = np.linspace(-9.0, 9.0, 400_001)
    weight = np.exp(-0.5 * u * u) * (u[1] - u[0]) / math.sqrt(2.0 * math.pi)
    variance = 1.0 - share
    field = (math.sqrt(share) * u + offset) / math.sqrt(variance)
    z = flip + (1 - 2 * flip) * 0.5 * (1.0 + np.vectorize(math.erf)(field / math.sqrt(2.0)))
    plain = np.minimum(z, 1 - z) if metric == "misclassification" else 1 - (2 * z - 1) ** 2
    channel = nm.channels.Sign(flip=flip)
    ours = channel.errors(np.array([share]), np.array([variance]), offset, metric)[0]
    assert ours == pytest.approx(weight @ plain, rel=1e-6, abs=1e-9)


def test_offset_and_no_offset_are_one_formula() -> None:
    """The closed form without an offset and the quadrature with a tiny one agree."""
    channel = nm.channels.Sign(noise=0.1, flip=0.01)
    signal, variance = np.array([0.3, 0.9, 0.999]), np.array([0.7, 0.1, 0.001])
    for metric in channel.metrics:
        closed = channel.errors(signal, variance, 0.0, metric)
        summed = channel.errors(signal, variance, 1e-11, metric)
        np.testing.assert_allclose(closed, summed, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nm.channels.Linear(noise=-0.1), "noise is a variance"),
        (lambda: nm.channels.Linear(noise=float("nan")), "finite"),
        (lambda: nm.channels.Sign(flip=0.6), r"\[0, 0.5\]"),
        (lambda: nm.channels.Sign(noise="loud"), "number"),
        (lambda: nm.channels.Sign().information(-1.0, 1.0), "signal must be"),
        (lambda: nm.channels.Sign().information(1.0, math.nan), "variance must be"),
        (lambda: nm.channels.Sign().information(1.0, 1.0, math.inf), "offset must be"),
        (lambda: nm.channels.parse("sing"), "did you mean 'sign'"),
        (lambda: nm.channels.parse("sign:noize=1"), "did you mean 'noise'"),
        (lambda: nm.priors.parse("gausian"), "did you mean 'gaussian'"),
        (lambda: nm.priors.Gaussian().denoise(-1.0), "at least 0"),
    ],
)
def test_refusals(make: object, words: str) -> None:
    with pytest.raises(nm.NishimoriError, match=words) as caught:
        make()  # type: ignore[operator]
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def test_shapes() -> None:
    fisher, entropy = nm.channels.Sign().information(np.full((2, 3), 0.5), 0.5)
    assert fisher.shape == entropy.shape == (2, 3)
    assert nm.channels.Linear(0.1).information([], [])[0].shape == (0,)


def test_gaussian_prior() -> None:
    """2 dpsi/dr = q and the deficit is r q/2 - psi, from r = 1e-12 to 1e12."""
    prior = nm.priors.Gaussian()
    r = np.geomspace(1e-12, 1e12, 49)
    at = prior.evaluate(r)
    np.testing.assert_allclose(at.overlap + at.mmse, 1.0, rtol=1e-15)
    import mpmath

    with mpmath.workdps(50):
        for k, value in enumerate(r):
            x = mpmath.mpf(float(value))
            psi = (x - mpmath.log1p(x)) / 2
            assert abs(at.psi[k] / psi - 1) < 1e-15 * 4
            assert abs(at.deficit[k] / (x * x / (1 + x) / 2 - psi) - 1) < 1e-15 * 4
