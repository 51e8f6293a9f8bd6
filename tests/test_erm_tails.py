"""Piecewise linear scores in tails and in narrow kinks: against mpmath, and identities."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf

import nishimori as nm
from conftest import relative, rows
from nishimori.erm.equations import RegressionSystem
from nishimori.erm.general import GeneralSystem
from nishimori.erm.margins import MarginSystem
from nishimori.erm.setting import prepare
from nishimori.features import LinearStudent

REPORTED = (
    "susceptibility",
    "self_overlap",
    "overlap",
    "test_error",
    "train_loss",
    "train_error",
)


def described(row):
    """The estimator, problem and features of a certified row."""
    loss = getattr(nm.erm, row["loss"])
    given = [row["parameter"]] if "parameter" in row else []
    if row["loss"] in ("Hinge", "SquaredHinge"):
        channel = nm.channels.Sign(row["noise"], flip=row.get("flip", 0.0))
    else:
        channel = nm.channels.Linear(row["noise"])
    problem = nm.GLM(
        channel,
        signal_variance=row["signal_variance"],
        noise_variance=row.get("noise_variance", 0.0),
    )
    features = None
    if "width_ratio" in row:
        network = nm.DeepNetwork.uniform(nm.activations.Erf(), depth=1)
        features = nm.features.RandomFeatures(network, [row["width_ratio"]])
    return loss(*given, regularization=row["regularization"]), problem, features


@pytest.mark.parametrize("row", rows("erm_tails"), ids=lambda row: f"{row['loss']}-{row['alpha']}")
def test_certified_fixed_points(row):
    estimator, problem, features = described(row)
    state = estimator.solve(problem, row["alpha"], features)
    for name in REPORTED:
        if name in row:
            error = relative(getattr(state, name), row[name])
            assert error < 2e-12
            assert error < 10.0 * state.error_estimate  # which is honest


def tails(a, n):
    """Integral of (x - a)^n phi(x) from a to infinity."""
    mass, density = mpmath.erfc(a / mpmath.sqrt(2)) / 2, mpmath.npdf(a)
    return (mass, density - a * mass, (1 + a * a) * mass - a * density)[n]


def closed_forms(epsilon, v, variance):
    """A.9: slope, square and training loss of the epsilon-insensitive loss, or the absolute one."""
    with mpmath.workdps(700):
        epsilon, v, s = mpf(epsilon), mpf(v), mpmath.sqrt(mpf(variance))
        near, far = epsilon / s, (epsilon + v) / s
        slope = 2 * (tails(near, 0) - tails(far, 0)) / v
        inside = tails(near, 2) - tails(far, 2) - 2 * (far - near) * tails(far, 1)
        return slope, 2 * inside * (s / v) ** 2, 2 * s * tails(far, 1)


@settings(max_examples=60, deadline=None)
@given(st.floats(-12, 12), st.floats(-3.0, 1.55), st.floats(-6.0, 6.0), st.booleans())
def test_averages_are_their_closed_forms(log_v, log_ratio, log_variance, kink_at_zero):
    """Whatever V, and with the tube anywhere up to 35 deviations."""
    v, variance = 10.0**log_v, 10.0**log_variance
    epsilon = 0.0 if kink_at_zero else 10.0**log_ratio * math.sqrt(variance)
    loss = nm.erm.Absolute() if kink_at_zero else nm.erm.EpsilonInsensitive(epsilon)
    geometry = LinearStudent().geometry(nm.GLM(nm.channels.Linear()))
    system = RegressionSystem(loss, geometry, 1.0, np.zeros(1), np.ones(1))
    x = np.array([[math.log(v), math.log(variance)]])
    for each in (system, system.refined()):
        _, found = each._averaged(x, np.ones(1), complete=True)
        exact = closed_forms(epsilon, math.exp(x[0, 0]), math.exp(x[0, 1]))
        for ours, theirs in zip((found.slope, found.square, found.loss), exact, strict=True):
            if theirs > 1e-290:
                assert relative(float(ours[0]), theirs) < 2e-12


@pytest.mark.parametrize("gap", [-1e-9, -5e-14, 5e-14, 1e-9])
@pytest.mark.parametrize("v", [1e-12, 1e-7, 1.0])
def test_panels_that_end_beside_a_kink_do_not_meet_its_slope(v, gap):
    """Panels of the tube end at 6 deviations: where the tube does, too, all but rounding."""
    loss = nm.erm.EpsilonInsensitive(6.0 * (1.0 + gap))
    geometry = LinearStudent().geometry(nm.GLM(nm.channels.Linear()))
    system = RegressionSystem(loss, geometry, 1.0, np.zeros(1), np.ones(1))
    x = np.array([[math.log(v), 0.0]])
    found = system._averaged(x, np.ones(1))[1].slope[0]
    assert relative(found, closed_forms(loss.epsilon, math.exp(x[0, 0]), 1.0)[0]) < 1e-13


@settings(max_examples=25, deadline=None)
@given(st.floats(-9, 9), st.floats(-1.5, 2.0), st.floats(-3, 0.8), st.floats(0.2, 5.0))
def test_labels_in_other_units(log_reg, log_alpha, log_epsilon, unit):
    """With c y, c epsilon and reg/c the student is c times as large; V is c V, the loss c times."""
    reg, alpha, epsilon = 10.0**log_reg, 10.0**log_alpha, 10.0**log_epsilon

    def state(c):
        problem = nm.GLM(
            nm.channels.Linear(0.1 * c * c),
            signal_variance=0.8 * c * c,
            noise_variance=0.2 * c * c,
        )
        return nm.erm.EpsilonInsensitive(c * epsilon, regularization=reg / c).solve(problem, alpha)

    one, two = state(1.0), state(unit)
    for name, power in (
        ("susceptibility", 1),
        ("self_overlap", 2),
        ("overlap", 2),
        ("test_error", 2),
        ("train_loss", 1),
    ):
        first, second = getattr(one, name) * unit**power, getattr(two, name)
        if first > 1e-280:
            bound = 1e-13 + 10.0 * (one.error_estimate + two.error_estimate)
            # a training loss far in a tail has the relative error of its logarithm that many times
            assert bound < 1e-9 * max(1.0, -math.log(one.train_loss or 1.0))
            assert second == pytest.approx(first, rel=bound, abs=0.0)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([nm.erm.Hinge, nm.erm.SquaredHinge, nm.erm.Logistic]),
    st.sampled_from([(0.0, 0.0), (0.1, 0.0), (0.1, 0.05)]),
    st.floats(-12, 6),
    st.floats(-2, 2.5),
)
def test_margins_and_fields_agree(loss, label, log_reg, log_alpha):
    """One integral over the margin, or averages over field, label and output in turn."""
    reg, alpha = np.array([10.0**log_reg]), np.array([10.0**log_alpha])
    problem = nm.GLM(
        nm.channels.Sign(label[0], flip=label[1]), signal_variance=0.8, noise_variance=0.2
    )
    system = prepare(loss(), problem, None).system
    assert isinstance(system, MarginSystem)
    general = GeneralSystem(loss(), system.geometry, problem.channel, 0.0)
    state = loss(regularization=float(reg[0])).solve(problem, float(alpha[0]))
    # m = sqrt(q V') tanh v with V' = 1 + noise, or 1
    gap = math.tan(math.pi * (state.test_error - label[1]) / (1.0 - 2.0 * label[1]))
    tilt = math.asinh(1.0 / gap)
    x = np.array([[math.log(state.susceptibility), math.log(state.self_overlap), tilt]])
    y = x.copy()
    y[0, 2] = math.atanh(math.tanh(tilt) * math.sqrt(1.0 + label[0])) if label[0] else tilt
    with np.errstate(all="ignore"):
        one, two = system.finish(x, alpha, reg), general.finish(y, alpha, reg)
    for first, second in (
        *zip(one.conjugates, two.conjugates, strict=True),
        (one.train_loss, two.train_loss),
        (one.train_error, two.train_error),
    ):
        if first[0] > 1e-280:
            assert second[0] == pytest.approx(first[0], rel=2e-11, abs=0.0)


@pytest.mark.parametrize("epsilon", [1.0, 6.0, 9.0, 12.0])
def test_the_field_is_followed_into_its_tail(epsilon):
    """A readout that does nothing gives the labels of a linear channel."""
    estimator = nm.erm.EpsilonInsensitive(epsilon)
    one, two = (
        estimator.solve(nm.GLM(channel, signal_variance=0.8, noise_variance=0.2), 2.0)
        for channel in (
            nm.channels.Linear(0.1),
            nm.channels.Readout(nm.activations.Identity(), 0.1),
        )
    )
    for name in REPORTED[:-1]:
        assert getattr(two, name) == pytest.approx(getattr(one, name), rel=1e-12, abs=0.0)


def laplace_beyond(x, scale, variance):
    """P(r > x), and the density at x, of Laplace noise plus N(0, variance)."""
    with mpmath.workdps(60 + int(x / scale)):
        x, b, e = mpf(x), mpf(scale), mpf(variance)
        root = mpmath.sqrt(2 * e)
        right = mpmath.exp(-x / b) * mpmath.erfc((e / b - x) / root)
        left = mpmath.exp(x / b) * mpmath.erfc((e / b + x) / root)
        factor = mpmath.exp(e / (2 * b * b)) / 4
        return mpmath.erfc(x / root) / 2 + factor * (right - left), factor * (right + left) / b


@pytest.mark.parametrize("variance", [1e-12, 1e-4, 0.1, 1.0])
@pytest.mark.parametrize("x", [1e-3, 0.5, 3.0, 20.0, 60.0])
def test_laplace_noise_in_its_tail(x, variance):
    """Its mixture of Gaussians, beneath a kink and 200 scales away."""
    variances, weights = nm.channels.Laplace(0.3).additive_noise()
    width = np.sqrt(variance + variances)
    beyond, density = laplace_beyond(x, 0.3, variance)
    mass = [0.5 * math.erfc(x / (s * math.sqrt(2.0))) for s in width]
    assert relative(float(weights @ mass), beyond) < 1e-12
    normal = np.exp(-0.5 * np.square(x / width)) / (width * math.sqrt(2.0 * math.pi))
    assert relative(float(weights @ normal), density) < 1e-12


@pytest.mark.parametrize("reg", [1e-4, 1.0, 1e6, 1e12])
def test_custom_losses_know_their_kinks(reg):
    """As the built-in one, to the digits that the slopes of a tabulated loss have."""
    problem = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, noise_variance=0.2)

    def tube(y, z):
        return np.maximum(np.abs(y - z) - 1.7, 0.0)

    mine = nm.erm.Custom(tube, breakpoints=(-1.7, 1.7), regularization=reg).solve(problem, 2.0)
    built_in = nm.erm.EpsilonInsensitive(1.7, regularization=reg).solve(problem, 2.0)
    for name in REPORTED[:4]:
        assert getattr(mine, name) == pytest.approx(getattr(built_in, name), rel=3e-11, abs=0.0)
