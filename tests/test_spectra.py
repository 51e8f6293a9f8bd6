"""Spectra: the scalar problem against direct sums, the rows of reference values, bad input."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm
from nishimori.errors import BadArgument, UnknownName

# of slow code in high precision: spectrum, channel, alpha; mmse, conjugate, free entropy,
# mean-square error and misclassification of a fresh label
ROWS = [
    (
        nm.spectra.PowerLaw(1.5, 64),
        nm.channels.Sign(),
        1000.0,
        1.9254928873977846e-06,
        519339.8320079546,
        -6.325244062140502,
        0.0012492983024226436,
        0.00044169372155719274,
    ),
    (
        nm.spectra.Eigenvalues([0.1, 1.9]),
        nm.channels.Linear(noise=0.1),
        0.1,
        0.8396960210632051,
        0.10641739217630877,
        -0.1427880162702196,
        0.939696021063205,
        None,
    ),
    (
        nm.spectra.Eigenvalues([0.01, 0.01, 0.01, 3.97]),
        nm.channels.Linear(noise=0.1),
        1.0,
        0.04105801542540198,
        7.089281647584546,
        -0.7413284276507489,
        0.14105801542540197,
        None,
    ),
    (
        nm.spectra.Eigenvalues([0.01, 0.01, 0.01, 3.97]),
        nm.channels.Sign(),
        0.2,
        0.594129708327713,
        0.17426456395230733,
        -0.1232181735033266,
        0.7339369378100902,
        0.2801422865067745,
    ),
]
RATES = np.geomspace(1e-12, 1e14, 27)


def direct(values, rates):
    """Overlap, mmse, psi and deficit by sums over all eigenvalues, in extended precision."""
    s = np.asarray(values, dtype=np.longdouble)
    rows = []
    for rate in np.asarray(rates, dtype=np.longdouble):
        x = rate * s
        share = x / (1 + x)
        log = np.log1p(x)
        free, gap = x - log, log - share
        small = x < 1e-3  # where the differences are read off their series
        y, z = x[small], share[small]
        free[small] = y * y * (1 / 2 - y * (1 / 3 - y * (1 / 4 - y * (1 / 5 - y / 6))))
        gap[small] = z * z * (1 / 2 + z * (1 / 3 + z * (1 / 4 + z * (1 / 5 + z / 6))))
        rows.append([np.mean(s * share), np.mean(s / (1 + x)), free.mean() / 2, gap.mean() / 2])
    return np.array(rows, dtype=np.float64).T


@pytest.mark.parametrize(
    ("spectrum", "channel", "alpha", "mmse", "conjugate", "free_entropy", "square", "wrong"), ROWS
)
def test_reference_rows(spectrum, channel, alpha, mmse, conjugate, free_entropy, square, wrong):
    problem = nm.GLM(channel=channel, spectrum=spectrum)
    state = problem.solve(alpha)
    assert state.mmse == pytest.approx(mmse, rel=1e-11)
    assert state.conjugate == pytest.approx(conjugate, rel=1e-11)
    assert state.free_entropy == pytest.approx(free_entropy, rel=1e-11)
    assert problem.test_error(state, "mean_square") == pytest.approx(square, rel=1e-11)
    if wrong is not None:
        assert problem.test_error(state, "misclassification") == pytest.approx(wrong, rel=1e-11)


def test_power_law_is_rescaled_to_mean_one():
    spectrum = nm.spectra.PowerLaw(1.5, 64)
    assert spectrum.values[0] == pytest.approx(27.08022575744227938986877, rel=1e-14)
    assert spectrum.values[-1] == pytest.approx(0.05289106593250445193333744, rel=1e-14)
    assert spectrum.weights @ spectrum.nodes == pytest.approx(1.0, rel=1e-14)
    with np.errstate(all="raise"):
        for exponent in (-200.0, 0.0, 200.0):
            assert nm.spectra.PowerLaw(exponent, 1_000).nodes.max() > 0.0


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(1).exponential(size=20_000),
        np.random.default_rng(2).lognormal(sigma=4.0, size=20_000),
        np.linspace(1.0, 1.0 + 1e-9, 5_000),
        np.arange(1.0, 20_001.0) ** -1.5,
        np.repeat([0.25, 3.0], 1_000),
    ],
    ids=["exponential", "lognormal", "narrow", "power", "two"],
)
def test_compression_changes_nothing(values):
    spectrum = nm.spectra.Eigenvalues(values)
    assert spectrum.nodes.size < 1_200
    found = spectrum.gaussian_prior().evaluate(RATES)
    for got, want in zip(found[:4], direct(values, RATES), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)


def test_a_million_eigenvalues_become_a_short_rule():
    spectrum = nm.spectra.PowerLaw(exponent=1.2, dimension=1_000_000)
    assert spectrum.nodes.size < 1_000
    assert spectrum.nodes is spectrum.nodes  # made once
    rates = np.array([1e-3, 1.0, 1e7])
    found = spectrum.gaussian_prior().evaluate(rates)
    for got, want in zip(found[:4], direct(spectrum.values, rates), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)


def test_equal_eigenvalues_are_isotropic():
    alpha = np.geomspace(0.01, 1e4, 20)
    for channel in (nm.channels.Sign(), nm.channels.Linear(noise=0.3)):
        plain = nm.GLM(channel=channel).learning_curve(alpha)
        for values in ([1.0, 1.0, 1.0], np.ones(1_000)):
            spectrum = nm.spectra.Eigenvalues(values)
            curve = nm.GLM(channel=channel, spectrum=spectrum).learning_curve(alpha)
            np.testing.assert_allclose(curve.mmse, plain.mmse, rtol=1e-12)
            np.testing.assert_allclose(curve.free_entropy, plain.free_entropy, rtol=1e-11)
    one = nm.priors.Gaussian().evaluate(RATES)
    same = nm.spectra.Eigenvalues([1.0, 1.0]).gaussian_prior().evaluate(RATES)
    for got, want in zip(same, one, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13)
    assert nm.spectra.Isotropic().gaussian_prior() == nm.priors.Gaussian()
    assert nm.spectra.Isotropic().nodes == [1.0]


def test_the_scale_of_the_inputs_is_the_scale_of_the_signal():
    problem = nm.GLM(channel=nm.channels.Sign(noise=0.2), signal_variance=3.0)
    scaled = nm.GLM(channel=nm.channels.Sign(noise=0.2), spectrum=nm.spectra.Eigenvalues([3.0]))
    assert scaled.solve(2.0).mmse == pytest.approx(3.0 * problem.solve(2.0).mmse, rel=1e-12)


@pytest.mark.parametrize("ratio", [1e-6, 0.1, 0.9999, 1.0, 1.001, 3.0, 1e4])
def test_marchenko_pastur_moments(ratio):
    spectrum = nm.spectra.MarchenkoPastur(ratio)
    # moments are Narayana polynomials in the ratio
    for k in range(7):
        expected = (
            sum(math.comb(k, j) * math.comb(k - 1, j) * ratio**j / (j + 1) for j in range(k))
            if k
            else 1.0
        )
        assert spectrum.weights @ spectrum.nodes**k == pytest.approx(expected, rel=2e-13)
    assert (spectrum.weights > 0.0).all()


@pytest.mark.parametrize("ratio", [0.1, 0.9999, 1.0, 1.001, 3.0])
@pytest.mark.parametrize("rate", [1e-6, 1.0, 1e6, 1e14])
def test_marchenko_pastur_mmse_solves_its_equation(ratio, rate):
    # g = E 1/(1 + r s) obeys gamma r g^2 + (1 + r (1 - gamma)) g - 1 = 0, and v = (1 - g)/r
    with mpmath.workdps(60):
        r, gamma = mpmath.mpf(rate), mpmath.mpf(ratio)
        b = 1 + r * (1 - gamma)
        g = (-b + mpmath.sqrt(b * b + 4 * gamma * r)) / (2 * gamma * r)
        mmse = (1 - g) / r
        overlap = 1 - mmse
    found = nm.spectra.MarchenkoPastur(ratio).gaussian_prior().evaluate(np.array([rate]))
    assert found.mmse[0] == pytest.approx(float(mmse), rel=1e-13)
    assert found.overlap[0] == pytest.approx(float(overlap), rel=1e-13)


def test_marchenko_pastur_is_the_spectrum_of_a_random_matrix():
    k, d = 800, 400
    matrix = np.random.default_rng(0).standard_normal((k, d))
    sample = nm.spectra.Eigenvalues(np.linalg.eigvalsh(matrix.T @ matrix / k))
    rates = np.array([0.1, 1.0, 10.0])
    empirical = sample.gaussian_prior().denoise(rates)
    law = nm.spectra.MarchenkoPastur(d / k).gaussian_prior().denoise(rates)
    np.testing.assert_allclose(empirical[0], law[0], rtol=1e-2)
    np.testing.assert_allclose(empirical[1], law[1], rtol=1e-2)


@pytest.mark.parametrize(
    "spectrum",
    [
        nm.spectra.Eigenvalues([0.0, 2.0]),
        nm.spectra.Eigenvalues([1e-300, 1.0, 1e300], weights=[0.5, 0.5, 0.0]),
        nm.spectra.PowerLaw(-2.0, 1_000),
        nm.spectra.MarchenkoPastur(2.0),
    ],
)
def test_limits_of_the_conjugate(spectrum):
    prior = spectrum.gaussian_prior()
    assert prior.information_limit == math.inf
    none, full = (
        np.array(column) for column in zip(*prior.evaluate(np.array([0.0, np.inf])), strict=True)
    )
    tau = spectrum.mean
    np.testing.assert_allclose(none, [0.0, tau, 0.0, 0.0, 0.0, 1.0], atol=0.0, rtol=1e-14)
    assert full[0] == pytest.approx(tau, rel=1e-14)
    assert full[1] == 0.0
    assert full[2] == full[3] == math.inf
    assert np.isfinite(full[4:]).all()


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=200),
    log_rate=st.floats(-20.0, 20.0),
)
def test_identities(values, log_rate):
    spectrum = nm.spectra.Eigenvalues(values)
    prior = spectrum.gaussian_prior()
    tau, scale = spectrum.mean, max(values)
    rate = math.exp(log_rate) / scale
    step = 1e-4
    below, at, above = (
        np.array(column)
        for column in zip(*prior.evaluate(rate * np.exp([-step, 0.0, step])), strict=True)
    )
    overlap, mmse, psi, deficit, mmse_slope, overlap_slope = at
    assert overlap + mmse == pytest.approx(tau, rel=1e-13)
    assert deficit == pytest.approx(0.5 * rate * overlap - psi, abs=1e-12 * max(psi, deficit))
    # 2 d psi/dr = q, and the two logarithmic slopes
    assert (above[2] - below[2]) / (step * rate) == pytest.approx(overlap, rel=1e-6)
    assert -math.log(above[1] / below[1]) / (2 * step) == pytest.approx(mmse_slope, abs=1e-7)
    assert math.log(above[0] / below[0]) / (2 * step) == pytest.approx(overlap_slope, abs=1e-7)


def test_weights_repeat_values():
    listed = nm.spectra.Eigenvalues([0.5, 0.5, 0.5, 2.5])
    weighted = nm.spectra.Eigenvalues([0.5, 2.5], weights=[0.75, 0.25])
    assert listed.mean == weighted.mean == 1.0
    for got, want in zip(
        weighted.gaussian_prior().evaluate(RATES),
        listed.gaussian_prior().evaluate(RATES),
        strict=True,
    ):
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_equality_and_text():
    first, second = nm.spectra.Eigenvalues([1, 2]), nm.spectra.Eigenvalues(np.array([1.0, 2.0]))
    assert first == second
    assert hash(first) == hash(second)
    assert first != nm.spectra.Eigenvalues([1, 3])
    assert first != nm.spectra.Isotropic()
    with pytest.raises(ValueError, match="read-only"):
        first.values[0] = 3.0
    text = "power_law:exponent=1.5:dimension=64"
    assert nm.spectra.parse(text) == nm.spectra.PowerLaw(1.5, 64)
    assert str(nm.spectra.parse(text)) == text
    assert nm.spectra.parse("eigenvalues:values=1/2") == first
    assert nm.spectra.parse("isotropic") == nm.spectra.Isotropic()
    assert str(nm.spectra.MarchenkoPastur(0.5)) == "marchenko_pastur:ratio=0.5"
    with pytest.raises(UnknownName, match="powerlaw"):
        nm.spectra.parse("power_lwa:exponent=1")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nm.spectra.Eigenvalues([]), "at least one"),
        (lambda: nm.spectra.Eigenvalues([1.0, -0.5]), "-0.5 at position 1"),
        (lambda: nm.spectra.Eigenvalues([1.0, math.nan]), "nan at position 1"),
        (lambda: nm.spectra.Eigenvalues([math.inf]), "finite"),
        (lambda: nm.spectra.Eigenvalues([0.0, 0.0]), "all are 0"),
        (lambda: nm.spectra.Eigenvalues([1.0, 2.0], weights=[0.5, 0.6]), "sum to 1.1"),
        (lambda: nm.spectra.Eigenvalues([1.0, 2.0], weights=[1.5, -0.5]), "at least 0"),
        (lambda: nm.spectra.Eigenvalues([1.0, 2.0], weights=[1.0]), "as many"),
        (lambda: nm.spectra.Eigenvalues([[1.0, 2.0]]), "shape"),
        (lambda: nm.spectra.Eigenvalues("many"), "must be numbers"),
        (lambda: nm.spectra.MarchenkoPastur(0.0), "positive"),
        (lambda: nm.spectra.MarchenkoPastur(-1.0), "positive"),
        (lambda: nm.spectra.MarchenkoPastur(math.nan), "positive"),
        (lambda: nm.spectra.MarchenkoPastur("half"), "must be a number"),
        (lambda: nm.spectra.PowerLaw(math.inf, 10), "finite"),
        (lambda: nm.spectra.PowerLaw("steep", 10), "finite"),
        (lambda: nm.spectra.PowerLaw(1.0, 0), "whole number"),
        (lambda: nm.spectra.PowerLaw(1.0, 2.5), "whole number"),
        (lambda: nm.spectra.PowerLaw(1.0, math.nan), "whole number"),
        (lambda: nm.spectra.PowerLaw(1.0, 10**9), "whole number"),
        (lambda: nm.spectra.parse("power_law:exponent=1"), "needs"),
    ],
)
def test_bad_input_is_one_sentence(make, words):
    with pytest.raises(BadArgument, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith(".")
