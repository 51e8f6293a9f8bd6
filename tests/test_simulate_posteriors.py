"""What labels tell of their fields: against quadrature that shares nothing with the package."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

import nishimori as nm
from nishimori.simulate.field_posteriors import field_posterior, output_score
from nishimori.simulate.labels import draw_labels
from nishimori.simulate.truncated_normals import truncated
from plain_channels import LAWS, normal

A, C = nm.activations, nm.channels

# What an undeclared kink that moves with the label costs.
TOLERANCES = {"custom density": 1e-6}


def log_partition(law, y, omega, variance, cuts):
    """ln Z by quadrature that shares nothing with the package."""
    width = math.sqrt(variance)
    ends = [omega + s * width for s in (-12, -6, -3, -1, 0, 1, 3, 6, 12)]
    ends = sorted({*ends, *(c for c in cuts if abs(c - omega) < 12 * width)})
    total = 0.0
    for low, high in zip(ends, ends[1:], strict=False):

        def density(h):
            return law(y, h) * normal(h, omega, variance)

        total += quad(density, low, high, epsabs=1e-300, epsrel=1e-13, limit=200)[0]
    return math.log(total)


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(("omega", "variance"), [(0.3, 0.8), (-1.2, 0.15), (0.6, 1e-3)])
def test_score_is_the_derivative_of_the_log_partition(name, omega, variance):
    channel, labels, law, cuts = LAWS[name]
    width = math.sqrt(variance)
    step = 2e-3 * width
    for y in labels:
        if cuts(y) and variance < 0.01 and abs(cuts(y)[0] - omega) > 8.0 * width:
            continue  # a label from where quad finds nothing

        def at(steps, y=y):
            return log_partition(law, y, omega + steps * step, variance, cuts(y))

        f = {k: at(k) for k in (-3, -2, -1, 0, 1, 2, 3)}
        first = sum(c * (f[k] - f[-k]) for k, c in ((1, 0.75), (2, -0.15), (3, 1 / 60))) / step
        score, curvature = output_score(channel, y, omega, variance)
        tolerance = TOLERANCES.get(name, 1e-8)
        # in units of 1/sqrt(V): quad's 1e-13 over the step
        assert abs(score - first) * width < tolerance * max(1.0, abs(first) * width)
        second = (-f[2] + 16 * f[1] - 30 * f[0] + 16 * f[-1] - f[-2]) / (12 * step * step)
        assert abs(curvature + second) * variance < 1e-6 * max(1.0, abs(second) * variance)
        found = field_posterior(*(channel, *(np.array([a]) for a in (y, omega, variance))))
        assert found.log_evidence[0] == pytest.approx(f[0], abs=1e-8)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("variance", [0.7, 1e-4])
def test_scores_keep_the_identities_of_bayes(name, variance):
    """E g = 0 and E g^2 = E(-dg) over labels of the channel: two that no constant factor keeps."""
    channel = LAWS[name][0]
    rng = np.random.default_rng(1)
    omega = rng.standard_normal(4000)
    labels = draw_labels(channel, omega + math.sqrt(variance) * rng.standard_normal(4000), rng)
    score, curvature = output_score(channel, labels, omega, variance)
    for gap in (score, np.square(score) - curvature):
        assert abs(gap.mean()) < 4.5 * gap.std() / math.sqrt(gap.size) + 1e-12 * np.abs(score).max()


@pytest.mark.parametrize(
    "activation", [A.Tanh(2.0), A.Erf(), A.Softplus(), A.Sigmoid(), A.ELU(0.5)]
)
def test_increasing_readouts_without_noise_tell_the_field(activation):
    field = np.array([-0.8, 1.1, 0.0])
    channel = C.Readout(activation)
    score, curvature = output_score(channel, activation.value(field), 0.2, 0.5)
    assert score == pytest.approx((field - 0.2) / 0.5, abs=1e-13)
    assert curvature == pytest.approx(2.0, rel=1e-13)


def test_a_saturated_label_tells_an_interval():
    step = A.Tanh(gain=50.0)  # 1.0 to the last digit from 0.375 on
    score, _ = output_score(C.Readout(step), [1.0, math.tanh(0.1)], 0.0, 1.0)
    edge = 19.06 / 50.0
    assert score[0] == pytest.approx(normal(edge, 0.0, 1.0) / ndtr(-edge), rel=1e-3)
    single = step.value(np.array([0.3, 0.01, -0.02])).astype(np.float32).astype(float)
    assert single[0] == 1.0  # in single precision already from 0.17 on
    score, _ = output_score(C.Readout(step), single, 0.0, 1.0)
    edge = 8.66 / 50.0
    assert score[0] == pytest.approx(normal(edge, 0.0, 1.0) / ndtr(-edge), rel=1e-3)
    assert score[1:] == pytest.approx([0.01, -0.02], abs=1e-6)


def test_pieces_of_noiseless_readouts():
    score, curvature = output_score(C.Readout(A.Abs()), [0.4, 2.0], [0.3, 0.0], 0.5)
    weight = normal(0.4, 0.3, 0.5) / (normal(0.4, 0.3, 0.5) + normal(-0.4, 0.3, 0.5))
    assert score[0] == pytest.approx((0.4 * (2 * weight - 1) - 0.3) / 0.5, rel=1e-13)
    assert score[1] == 0.0
    assert curvature[1] == pytest.approx((1.0 - 4.0 / 0.5) / 0.5, rel=1e-13)
    hard = C.Readout(A.HardTanh())
    score, curvature = output_score(hard, [1.0, -0.25, np.float32(0.1)], 0.2, 0.5)
    u = 0.8 / math.sqrt(0.5)
    assert score[0] == pytest.approx(normal(u, 0.0, 1.0) / ndtr(-u) / math.sqrt(0.5), rel=1e-12)
    assert score[1] == pytest.approx(-0.45 / 0.5, rel=1e-13)
    assert curvature[1] == pytest.approx(2.0, rel=1e-13)


def test_tails_keep_their_digits():
    mpmath.mp.dps = 40
    for u in (5.0, 40.0, 3e3, 1e7):
        score, curvature = output_score(C.Sign(), 1.0, -u, 1.0)
        ratio = mpmath.npdf(u) / mpmath.ncdf(-u) if u < 1e3 else u + 1 / mpmath.mpf(u)
        assert float(abs(score / ratio - 1)) < 1e-12 + u**-4
        slack = 1e-12 if u < 1e3 else 1e-5
        assert curvature == pytest.approx(float(ratio * (ratio - u)), rel=slack)
    low = np.array([3.0, 20.0, -20.5, -9.0, -math.inf, 2.0])
    high = np.array([3.0001, 20.5, -20.0, math.inf, math.inf, 2.0])
    mass, mean, variance = truncated(low, high)
    assert mass[5] == -math.inf
    for i in range(5):
        a, b = (
            mpmath.mpf(t) if math.isfinite(t) else mpmath.mpf(40.0 * np.sign(t))
            for t in (low[i], high[i])
        )
        scale = mpmath.exp(min(a * a, b * b) / 2) if a * b > 0 else mpmath.mpf(1)

        def moment(k, a=a, b=b, scale=scale):
            def density(x):
                return x**k * mpmath.exp(-x * x / 2) * scale

            return mpmath.quad(density, mpmath.linspace(a, b, 41))

        total, first, second = moment(0), moment(1), moment(2)
        exact = mpmath.log(total / scale) - mpmath.log(2 * mpmath.pi) / 2
        assert mass[i] == pytest.approx(float(exact), rel=1e-13, abs=1e-14)
        assert mean[i] == pytest.approx(float(first / total), rel=1e-13, abs=1e-14)
        spread = second / total - (first / total) ** 2
        assert variance[i] == pytest.approx(float(spread), rel=1e-12)


@pytest.mark.parametrize(
    "channel",
    [
        C.Sign(),
        C.Sign(0.1),
        C.Door(0.5),
        C.Ordinal((0.0,)),
        C.Logistic(),
        C.Poisson(),
        C.Laplace(0.1),
    ],
    ids=str,
)
def test_labels_far_from_their_fields_are_numbers(channel):
    label = 0.0 if isinstance(channel, C.Ordinal | C.Poisson) else -1.0
    score, curvature = output_score(channel, label, [-30.0, 30.0, 300.0, 0.5, -0.5], 1.0)
    assert np.isfinite(score).all()
    assert np.isfinite(curvature).all()


@pytest.mark.parametrize(
    ("channel", "label"),
    [
        (C.Readout(A.ReLU()), -0.1),
        (C.Ordinal((0.0,)), 2.0),
        (C.Ordinal((0.0,)), 0.5),
        (C.Sign(), 0.0),
        (C.Readout(A.Tanh()), 1.5),
        (C.Readout(A.Step()), 0.3),
    ],
    ids=str,
)
def test_labels_that_cannot_be_are_refused(channel, label):
    with pytest.raises(nm.errors.BadArgument, match=f"y = {label:g} has no probability under"):
        output_score(channel, [label], 0.1, 1.0)


def test_what_is_not_known_is_refused():
    with pytest.raises(nm.errors.BadArgument, match="needs noise > 0"):
        output_score(C.Readout(A.Sine()), 0.5, 0.0, 1.0)
    with pytest.raises(nm.errors.BadArgument, match="labels of Channel are not known"):
        output_score(C.Channel(), 0.5, 0.0, 1.0)
    with pytest.raises(nm.errors.BadArgument, match="variance must be finite and positive"):
        output_score(C.Sign(), 1.0, 0.0, 0.0)
    broken = C.Custom(lambda y, h: np.where(h > 50.0, np.nan, 0.0 * y * h), outputs=(1.0,))
    with pytest.raises(nm.errors.BadArgument, match="log_likelihood is nan at y = 1, h = "):
        output_score(broken, 1.0, 60.0, 1.0)
