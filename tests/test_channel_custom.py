"""The channel made from a callable: against built-in channels, quadrature and its identities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr

import nishimori as nm
from nishimori.channels import Custom
from nishimori.errors import BadArgument

THRESHOLD = 0.4


def normal(y, h, noise=0.2):
    return -0.5 * (y - h) ** 2 / noise - 0.5 * np.log(2 * np.pi * noise)


def probit(y, h):
    return log_ndtr(y * h / np.sqrt(0.3))


def flipped(y, h):
    return np.log(np.where(y * h > 0.0, 0.9, 0.1))


def noiseless(y, h):
    with np.errstate(divide="ignore"):
        return np.log(np.where(y * h > 0.0, 1.0, 0.0))


def three_classes(y, h):
    """Label 0, 1, 2 with weights exp(0), exp(h), exp(-h/2)."""
    scores = np.stack(np.broadcast_arrays(0.0 * h, h, -0.5 * h))
    top = np.logaddexp.reduce(scores, axis=0)
    return np.where(y == 0, scores[0], np.where(y == 1, scores[1], scores[2])) - top


def exponential(y, h):
    """Waiting time with rate 1 + exp(h)/2, on (0, inf)."""
    rate = 1.0 + 0.5 * np.exp(np.tanh(h))
    return np.log(rate) - rate * y


def cosine(y, h):
    """A density on (-1, 1)."""
    return np.log(0.5 * (1.0 + 0.8 * y * np.tanh(h)))


PAIRS = [
    (nm.channels.Sign(noise=0.3), Custom(probit, outputs=[-1, 1])),
    (nm.channels.Sign(flip=0.1), Custom(flipped, outputs=[-1, 1], breakpoints=[0.0])),
    (nm.channels.Sign(flip=0.1), Custom(flipped, outputs=[-1, 1])),
    (nm.channels.Sign(), Custom(noiseless, outputs=[-1, 1], breakpoints=[0.0])),
    (nm.channels.Linear(noise=0.2), Custom(normal, support=(-np.inf, np.inf))),
]
NAMES = ["probit", "flip", "flip undeclared", "noiseless", "linear"]
SMOOTH = [
    Custom(three_classes, outputs=[0, 1, 2]),
    Custom(exponential, support=(0.0, np.inf)),
    Custom(cosine, support=(-1.0, 1.0)),
]


@pytest.mark.parametrize("offset", [0.0, 0.4])
@pytest.mark.parametrize(("built_in", "custom"), PAIRS, ids=NAMES)
def test_information_of_built_in_channels(built_in, custom, offset):
    known = np.array([0.0, 1e-6, 0.1, 0.5, 0.9, 0.99, 1 - 1e-4, 1.0, 1.0])
    rest = np.array([1.0, 1.0, 0.9, 0.5, 0.1, 0.01, 1e-4, 1e-6, 1e-9])
    expected = built_in.evaluate(known, rest, offset)
    found = custom.evaluate(known, rest, offset)
    np.testing.assert_allclose(found.fisher, expected.fisher, rtol=1e-12)
    np.testing.assert_allclose(found.entropy, expected.entropy, rtol=1e-12)
    assert (found.error < 1e-10).all()
    for metric in built_in.metrics:
        if metric in custom.metrics and metric != "gibbs":
            np.testing.assert_allclose(
                custom.errors(known, rest, offset, metric),
                built_in.errors(known, rest, offset, metric),
                rtol=1e-11,
            )
    assert custom.conditional_entropy(1.0, offset) == pytest.approx(
        built_in.conditional_entropy(1.0, offset), rel=1e-12, abs=1e-14
    )


@pytest.mark.parametrize("offset", [0.0, 0.3])
@pytest.mark.parametrize(("built_in", "custom"), PAIRS, ids=NAMES)
def test_fixed_points_of_built_in_channels(built_in, custom, offset):
    expected = nm.GLM(channel=built_in, offset=offset).learning_curve([0.3, 2.0])
    found = nm.GLM(channel=custom, offset=offset).learning_curve([0.3, 2.0])
    np.testing.assert_allclose(found.mmse, expected.mmse, rtol=1e-10)
    np.testing.assert_allclose(found.free_entropy, expected.free_entropy, rtol=1e-10)


@pytest.mark.parametrize("offset", [0.0, 0.4])
def test_continuous_labels_of_a_readout(offset):
    """The same law as a log-likelihood and as a readout with noise, on both sides of the switch."""
    custom = Custom(lambda y, h: normal(y, np.tanh(h), 0.1), support=(-np.inf, np.inf))
    readout = nm.channels.Readout(nm.activations.Tanh(), 0.1)
    rest = np.array([1.0, 0.6, 0.1, 0.01, 0.0021, 0.0019, 1e-5])
    found = custom.evaluate(1.0 - rest, rest, offset)
    expected = readout.evaluate(1.0 - rest, rest, offset)
    np.testing.assert_allclose(found.fisher, expected.fisher, rtol=2e-12)
    np.testing.assert_allclose(found.entropy, expected.entropy, rtol=2e-12)
    assert (found.error < 1e-10).all()
    errors = [c.errors(1.0 - rest, rest, offset, "mean_square") for c in (custom, readout)]
    np.testing.assert_allclose(errors[0], errors[1], rtol=1e-12)


def test_logistic_against_quadrature():
    custom = Custom(lambda y, h: -np.logaddexp(0.0, -y * h), outputs=[-1, 1])
    signal, variance, offset = 0.7, 1.3, 0.2
    x, w = np.polynomial.legendre.leggauss(300)
    z, mass = 9.0 * x, 9.0 * w * np.exp(-40.5 * x * x) / math.sqrt(2.0 * math.pi)
    h = offset + math.sqrt(signal) * z[:, None] + math.sqrt(variance) * z
    plus = 1.0 / (1.0 + np.exp(-h))
    likely, slope = plus @ mass, (plus * (1.0 - plus)) @ mass
    fisher, entropy = custom.information(signal, variance, offset)
    assert fisher == pytest.approx(mass @ (slope**2 / (likely * (1 - likely))), rel=1e-12)
    mean = mass @ (likely * np.log(likely) + (1 - likely) * np.log1p(-likely))
    assert entropy == pytest.approx(mean, rel=1e-12)


def test_threshold_away_from_zero():
    custom = Custom(
        lambda y, h: np.log(np.where(y * (h - THRESHOLD) > 0.0, 0.8, 0.2)),
        outputs=[-1, 1],
        breakpoints=[THRESHOLD],
    )
    sign = nm.channels.Sign(flip=0.2)
    for variance, tolerance in ((1.0, 1e-12), (1e-4, 1e-12), (1e-12, 1e-9), (1e-40, 1e-9)):
        fisher, entropy = custom.information(1.0, variance)
        want = sign.information(1.0, variance, -THRESHOLD)
        assert fisher == pytest.approx(want[0], rel=tolerance)
        assert entropy == pytest.approx(want[1], rel=1e-10)


@settings(max_examples=15, deadline=None)
@given(
    which=st.sampled_from(range(len(SMOOTH))),
    share=st.floats(0.02, 0.98),
    offset=st.sampled_from([0.0, -0.7]),
)
def test_fisher_is_the_slope_of_the_entropy(which, share, offset):
    channel, step = SMOOTH[which], 1e-4
    known = share + np.array([-step, 0.0, step])
    found = channel.evaluate(known, 1.0 - known, offset)
    slope = (found.entropy[2] - found.entropy[0]) / (2.0 * step)
    assert 2.0 * slope == pytest.approx(found.fisher[1], rel=1e-5)
    assert found.error.max() < 1e-10


def test_three_classes():
    channel = SMOOTH[0]
    assert channel.metrics == ("misclassification", "mean_square", "log_loss", "gibbs")
    x, w = np.polynomial.legendre.leggauss(2_000)
    z, mass = 9.0 * x, 9.0 * w * np.exp(-40.5 * x * x) / math.sqrt(2.0 * math.pi)
    labels = np.arange(3.0)[:, None, None]
    known, rest = 0.9, 0.6
    u, v = np.polynomial.hermite_e.hermegauss(60)
    h = math.sqrt(known) * z[:, None] + math.sqrt(rest) * u
    share = np.exp(three_classes(labels, h)) @ (v / v.sum())
    wrong = mass @ (1.0 - share.max(axis=0))
    arguments = np.array([known]), np.array([rest]), 0.0
    # the reference has a kink where the likeliest label changes
    assert channel.errors(*arguments, "misclassification")[0] == pytest.approx(wrong, rel=1e-5)
    gibbs = mass @ (1.0 - (share**2).sum(axis=0))
    assert channel.errors(*arguments, "gibbs")[0] == pytest.approx(gibbs, rel=1e-12)
    mean = np.arange(3.0) @ share
    square = mass @ (np.arange(3.0) ** 2 @ share - mean**2)
    assert channel.errors(*arguments, "mean_square")[0] == pytest.approx(square, rel=1e-12)
    state = nm.GLM(channel=channel).solve(1.0)
    assert 0.0 < state.mmse < 1.0


def test_continuous_labels_have_their_metrics():
    channel = SMOOTH[1]
    assert channel.metrics == ("mean_square", "log_loss", "gibbs")
    arguments = np.array([0.5]), np.array([0.5]), 0.0
    once, twice = (channel.errors(*arguments, m)[0] for m in ("mean_square", "gibbs"))
    assert twice == pytest.approx(2.0 * once, rel=1e-14)
    assert channel.errors(*arguments, "log_loss")[0] == pytest.approx(
        -channel.information(0.5, 0.5)[1], rel=1e-14
    )


def test_an_undeclared_kink_between_labels_and_fields_is_not_hidden():
    laplace = Custom(lambda y, h: -np.abs(y - h) / 0.3 - math.log(0.6), support=(-np.inf, np.inf))
    found = laplace.evaluate(np.array([0.5]), np.array([0.5]), 0.0)
    expected = nm.channels.Laplace(scale=0.3).information(0.5, 0.5)[0]
    assert abs(found.fisher[0] / expected - 1.0) <= 10.0 * found.error[0] + 1e-13


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Custom(3.0, outputs=[-1, 1]), "must be a function"),
        (lambda: Custom(probit), "neither"),
        (lambda: Custom(probit, outputs=[-1, 1], support=(0, 1)), "both"),
        (lambda: Custom(probit, outputs=[]), "at least one"),
        (lambda: Custom(probit, outputs=["cat", "dog"]), "numbers"),
        (lambda: Custom(probit, outputs=[1, 1]), "differ"),
        (lambda: Custom(normal, support=(1.0, 0.0)), "a < b"),
        (lambda: Custom(normal, support=(0.0, 1.0, 2.0)), "pair"),
        (lambda: Custom(normal, support=3.0), "list of numbers"),
        (lambda: Custom(probit, outputs=[-1, 1], breakpoints=[math.nan]), "breakpoints"),
        (lambda: Custom(probit, outputs=[-1, 1], breakpoints=[math.inf]), "breakpoints"),
        (lambda: Custom(probit, outputs=[-1]), "sum to one over the outputs, and at h = "),
        (lambda: Custom(lambda y, h: probit(y, h) + 1.0, outputs=[-1, 1]), "2.718281828"),
        (lambda: Custom(normal, support=(0.0, np.inf)), "integrate to one over the support"),
        (lambda: Custom(lambda y, h: np.log(h - y), outputs=[-1, 1]), "is nan at y ="),
        (lambda: Custom(lambda y, h: np.inf + y * h, outputs=[-1, 1]), "inf at y ="),
        (lambda: Custom(lambda y, h: 0.0 * h[0], outputs=[-1, 1]), "shape"),
    ],
)
def test_bad_input_is_one_sentence(make, words):
    with pytest.raises(BadArgument, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith(".")


def test_label_noise_cannot_be_taken_out():
    custom = PAIRS[0][1]
    with pytest.raises(BadArgument, match="not known"):
        custom.without_noise()
    assert str(custom) == "custom"
    assert repr(custom) == "Custom(probit, outputs=(-1.0, 1.0))"
