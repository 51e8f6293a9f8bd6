"""The law of a label given its field, against what the channels know of their labels otherwise."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm
from nishimori.channels.base import Channel
from nishimori.channels.laws import field_rule

C, A = nm.channels, nm.activations
VARIANCE, OFFSET = 0.8, 0.3


def gaussian(y, h):
    return -0.5 * (y - h) ** 2 / 0.3 - 0.5 * math.log(2.0 * math.pi * 0.3)


CHANNELS = [
    C.Linear(0.1),
    C.Sign(),
    C.Sign(0.1, 0.05),
    C.Logistic(),
    C.Door(0.5),
    C.Ordinal((-0.5, 0.5), 0.1),
    C.Ordinal((-0.5, 0.5)),
    C.Laplace(0.4),
    C.Poisson(),
    C.Poisson("softplus"),
    C.Readout(A.Tanh(), 0.1),
    C.Readout(A.ReLU()),
    C.Readout(A.Sign()),
    C.Custom(gaussian, support=(-np.inf, np.inf)),
    C.Custom(lambda y, h: -np.logaddexp(0.0, -y * h), outputs=[-1.0, 1.0]),
]


def averages(channel):
    """Total mass, E y, E y^2 and E y h of the law, field by field."""
    scales = channel.field_scales(VARIANCE, OFFSET)
    h, w = field_rule(VARIANCE, OFFSET, scales)
    law = channel.label_law(h)
    values, weights, variances, field = np.broadcast_arrays(*law, h[:, None])
    mass = weights * w[:, None]
    square = (mass * (values**2 + variances)).sum()
    return mass.sum(), (mass * values).sum(), square, (mass * values * (field - OFFSET)).sum()


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_moments(channel):
    total, mean, square, cross = averages(channel)
    assert total == pytest.approx(1.0, rel=1e-12)
    moments = channel.label_moments(VARIANCE, OFFSET)
    assert moments.mean_square == pytest.approx(square, rel=1e-11)
    assert moments.slope == pytest.approx(cross / VARIANCE, abs=1e-12)
    numeric = Channel.label_moments(channel, VARIANCE, OFFSET)
    assert numeric.mean_square == pytest.approx(moments.mean_square, rel=1e-11)
    assert numeric.slope == pytest.approx(moments.slope, abs=1e-12)
    if "mean_square" in channel.metrics:  # with nothing known, the error is the label's variance
        spread = channel.errors(np.zeros(1), np.array([VARIANCE]), OFFSET, "mean_square")[0]
        assert square - mean * mean == pytest.approx(spread, rel=1e-10)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_binary_channels_have_labels_of_both_signs_only(channel):
    values = channel.label_law(np.array([-1.3, -0.2, 0.4, 2.0])).values
    noiseless = not np.any(channel.label_law(np.zeros(1)).variances)
    assert channel.binary == (noiseless and bool((np.abs(values) == 1.0).all()))


def test_additive_noise_is_the_law_without_its_field():
    h = np.array([-0.3, 1.2])
    for channel in (C.Linear(0.1), C.Laplace(0.4)):
        variances, weights = channel.additive_noise()
        law = channel.label_law(h)
        assert np.all(law.values - h[:, None] == 0.0)
        np.testing.assert_array_equal(np.ravel(law.variances), variances)
        np.testing.assert_allclose(weights.sum(), 1.0, rtol=1e-14)
    # a mixture of Gaussians that is a Laplace law: fourth moment 24 b^4
    variances, weights = C.Laplace(0.4).additive_noise()
    assert weights @ (3.0 * variances**2) == pytest.approx(24.0 * 0.4**4, rel=1e-12)
    assert C.Sign().additive_noise() is None


def test_large_counts_keep_their_moments():
    law = C.Poisson().label_law(np.log([30.0, 61.0, 1e4]))
    mean = (law.values * law.weights).sum(axis=1)
    np.testing.assert_allclose(mean, [30.0, 61.0, 1e4], rtol=1e-12)
    third = ((law.values - mean[:, None]) ** 3 * law.weights).sum(axis=1)
    np.testing.assert_allclose(third, [30.0, 61.0, 1e4], rtol=1e-6)
