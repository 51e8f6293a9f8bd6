"""Priors: an independent quadrature, identities, limits and refusals."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm
from conftest import relative, rows
from nishimori.reference import priors as reference

P = nm.priors
TERNARY = P.Discrete([-1.0, 0.0, 1.0], [0.15, 0.7, 0.15])
MIXTURE = P.GaussianMixture([-0.9, 0.9], [0.19, 0.19], [0.5, 0.5])
SKEWED = P.GaussianMixture([-1.0, 0.5, 2.0], [0.0, 0.3, 0.01], [0.2, 0.7, 0.1])
PRIORS = [
    P.Gaussian(),
    P.Rademacher(),
    P.GaussBernoulli(0.1),
    TERNARY,
    MIXTURE,
    SKEWED,
    P.Discrete([0.0, 1.0], [0.9, 0.1]),
    P.Custom(np.linspace(-1.0, 1.0, 21), np.full(21, 1 / 21)),
]


def parts(prior: P.Prior) -> list[tuple[float, float, float]]:
    """(mean, variance, weight) of each component of a prior."""
    if isinstance(prior, P.Gaussian):
        return [(0.0, 1.0, 1.0)]
    if isinstance(prior, P.Rademacher):
        return [(-1.0, 0.0, 0.5), (1.0, 0.0, 0.5)]
    if isinstance(prior, P.GaussBernoulli):
        return [(0.0, 0.0, 1.0 - prior.density), (0.0, 1.0 / prior.density, prior.density)]
    if isinstance(prior, P.Discrete):
        return [(v, 0.0, w) for v, w in zip(prior.values, prior.weights, strict=True)]
    assert isinstance(prior, P.GaussianMixture)
    return list(zip(prior.means, prior.variances, prior.weights, strict=True))


def oracle(prior: P.Prior, r: float) -> tuple[Any, Any, Any]:
    """Overlap, mmse and psi by mpmath, from the definition."""
    components = [tuple(mpmath.mpf(x) for x in part) for part in parts(prior)]
    root = mpmath.sqrt(mpmath.mpf(r))

    def at(y: Any) -> tuple[Any, Any, Any]:
        density = mean = second = mpmath.mpf(0)
        for m, v, w in components:
            width = 1 + r * v
            p = w * mpmath.npdf(y, root * m, mpmath.sqrt(width))
            inner = (m + v * root * y) / width
            density += p
            mean += p * inner
            second += p * (inner**2 + v / width)
        mean, second = mean / density, second / density
        return density, mean, second - mean**2

    points = {mpmath.mpf(0)}
    for m, v, _ in components:
        width = mpmath.sqrt(1 + r * v)
        points |= {root * m + width * k for k in (-12, -6, -3, -1, 0, 1, 3, 6, 12)}
    centres = sorted(root * m for m, _, _ in components)
    for a, b in zip(centres, centres[1:], strict=False):
        points |= {(a + b) / 2 + k / (b - a) for k in (-20, -6, -2, 0, 2, 6, 20) if b > a}
    cuts = sorted(points)
    overlap = mpmath.quad(lambda y: at(y)[0] * at(y)[1] ** 2, cuts)
    mmse = mpmath.quad(lambda y: at(y)[0] * at(y)[2], cuts)
    entropy = mpmath.quad(lambda y: -at(y)[0] * mpmath.log(at(y)[0]), cuts)
    psi = mpmath.mpf(r) / 2 - entropy + mpmath.log(2 * mpmath.pi * mpmath.e) / 2
    return overlap, mmse, psi


@pytest.mark.parametrize("prior", [P.Rademacher(), P.GaussBernoulli(0.1), TERNARY], ids=str)
@pytest.mark.parametrize("r", [0.02, 1.0, 40.0])
def test_against_the_definition(prior: P.Prior, r: float) -> None:
    with mpmath.workdps(18):
        overlap, mmse, psi = oracle(prior, r)
    at = prior.evaluate(np.array([r]))
    assert relative(at.overlap[0], overlap) < 1e-12
    assert relative(at.mmse[0], mmse) < 1e-12
    assert relative(at.psi[0], psi) < 1e-11


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_identities(prior: P.Prior) -> None:
    """q + v = 1, 2 psi' = q, deficit = r q/2 - psi >= 0, and the slopes are the derivatives."""
    r = np.geomspace(1e-3, 300.0, 23)
    at = prior.evaluate(r)
    np.testing.assert_allclose(at.overlap + at.mmse, 1.0, rtol=1e-13)
    np.testing.assert_allclose(at.deficit, 0.5 * r * at.overlap - at.psi, rtol=1e-8, atol=1e-12)
    assert np.all(at.deficit >= 0.0)
    assert np.all(np.diff(at.mmse) < 0.0)
    h = 1e-3
    steps = [prior.evaluate(r * math.exp(k * h)) for k in (-2, -1, 1, 2)]
    weights = np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
    slope = sum(w * s.psi for w, s in zip(weights, steps, strict=True))
    np.testing.assert_allclose(2.0 * slope / r, at.overlap, rtol=1e-9)
    slope = sum(w * np.log(s.mmse) for w, s in zip(weights, steps, strict=True))
    np.testing.assert_allclose(-slope, at.mmse_slope, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_ends(prior: P.Prior) -> None:
    at = prior.evaluate(np.array([0.0, math.inf]))
    mean = sum(m * w for m, _, w in parts(prior))
    assert at.overlap[0] == pytest.approx(mean**2, abs=1e-30)
    assert at.mmse[0] == pytest.approx(1.0 - mean**2)
    assert (at.overlap[1], at.mmse[1]) == (1.0, 0.0)
    assert at.psi[0] == at.deficit[0] == 0.0
    assert at.deficit[1] == prior.information_limit
    assert math.isfinite(prior.information_limit) == all(v == 0.0 for _, v, _ in parts(prior))


def test_one_bit_keeps_relative_accuracy_to_the_end() -> None:
    """v ~ e^{-r/2} sqrt(pi/(2r)) (1 - pi^2/(8r) + ...): at r = 900 it is 1.5e-197."""
    with mpmath.workdps(40):
        for r in (50, 400, 900, 1300):
            root = mpmath.sqrt(r)
            exact = mpmath.quad(
                lambda x, r=r: mpmath.exp(-x * x / (2 * r)) * mpmath.sech(x),
                [-60, -20, -6, -2, 0, 2, 6, 20, 60],
            )
            exact *= mpmath.exp(-mpmath.mpf(r) / 2) / (root * mpmath.sqrt(2 * mpmath.pi))
            for prior in (P.Rademacher(), P.Discrete([-1.0, 1.0], [0.5, 0.5])):
                assert relative(prior.evaluate(np.array([float(r)])).mmse[0], exact) < 1e-12


def test_three_values_far_apart() -> None:
    """At large r each error is a confusion of neighbours, at distance D: e^{-r D^2/8}."""
    r = np.array([200.0, 210.0])
    mmse = TERNARY.evaluate(r).mmse
    distance = TERNARY.values[1] - TERNARY.values[0]
    rate = -np.log(mmse[1] / mmse[0]) / 10.0
    assert rate == pytest.approx(distance**2 / 8.0, rel=0.01)


@pytest.mark.parametrize("density", [1e-6, 0.1, 0.9])
def test_sparse_weights_far_out(density: float) -> None:
    """v -> density/r: the support is known, its values are measured."""
    r = np.array([1e16, 1e20])
    np.testing.assert_allclose(P.GaussBernoulli(density).evaluate(r).mmse * r, density, rtol=1e-6)


def test_special_cases_are_each_other() -> None:
    r = np.geomspace(1e-8, 500.0, 25)
    one = P.Rademacher().evaluate(r)
    two = P.Discrete([-2.0, 2.0], [0.5, 0.5]).evaluate(r)
    for name in ("overlap", "mmse", "psi", "deficit"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-11)
    wide = P.GaussianMixture([0.0, 0.0], [1.0, 1.0], [0.3, 0.7]).evaluate(r)
    plain = P.Gaussian().evaluate(r)
    np.testing.assert_allclose(wide.mmse, plain.mmse, rtol=1e-13)
    np.testing.assert_allclose(P.GaussBernoulli(1.0).evaluate(r).deficit, plain.deficit, rtol=1e-13)
    near = P.GaussBernoulli(1.0 - 1e-12).evaluate(r)
    np.testing.assert_allclose(near.mmse, plain.mmse, rtol=1e-9)


@given(
    values=st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=6, unique=True),
    r=st.floats(1e-6, 1e4),
)
@settings(deadline=None, max_examples=60)
def test_any_discrete_law(values: list[float], r: float) -> None:
    prior = P.Discrete(values, np.full(len(values), 1.0 / len(values)))
    at = prior.evaluate(np.array([r]))
    assert at.overlap[0] + at.mmse[0] == pytest.approx(1.0, abs=1e-11)
    assert -1e-13 <= at.deficit[0] <= prior.information_limit + 1e-12
    assert np.dot(np.square(prior.values), prior.weights) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: P.GaussBernoulli(0.0), r"\(0, 1\]"),
        (lambda: P.GaussBernoulli(1.5), r"\(0, 1\]"),
        (lambda: P.GaussBernoulli(math.nan), "finite"),
        (lambda: P.Discrete([1.0, 2.0], [0.5, 0.4]), "they sum to 0.9"),
        (lambda: P.Discrete([1.0, 2.0], [1.5, -0.5]), "at least 0"),
        (lambda: P.Discrete([1.0], [0.5, 0.5]), "1 values need 1 weights"),
        (lambda: P.Discrete([], []), "at least one"),
        (lambda: P.Discrete([0.0], [1.0]), "second moment is 0"),
        (lambda: P.Discrete(["a"], [1.0]), "numbers"),
        (lambda: P.GaussianMixture([0.0], [-1.0], [1.0]), "variances must be at least 0"),
        (lambda: P.GaussianMixture([0.0, 1.0], [1.0], [0.5, 0.5]), "need 2 variances"),
        (lambda: P.Custom([1.0, math.inf], [0.5, 0.5]), "finite"),
        (lambda: P.parse("rademacher:density=2"), "takes no parameters"),
    ],
)
def test_refusals(make: Any, words: str) -> None:
    with pytest.raises(nm.NishimoriError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_parse() -> None:
    assert P.parse("gauss_bernoulli:density=0.1") == P.GaussBernoulli(0.1)
    assert P.parse("discrete:values=-1/1:weights=0.5/0.5") == P.Discrete([-1, 1], [0.5, 0.5])
    assert P.parse("Rademacher") == P.Rademacher()


def law(row: dict[str, Any]) -> P.Prior:
    """The prior a row of certified values names."""
    params = {name: float(value) for name, value in row["prior_params"].items()}
    if row["prior"] == "gauss_bernoulli":
        return P.GaussBernoulli(params["rho"])
    if row["prior"] == "ternary":
        rho = params["rho"]
        return P.Discrete([-1.0, 0.0, 1.0], [rho / 2.0, 1.0 - rho, rho / 2.0])
    if row["prior"] == "gauss_mixture":
        mu = params["mu"]
        return P.GaussianMixture([-mu, mu], [1.0 - mu**2] * 2, [0.5, 0.5])
    return P.Rademacher()


@pytest.mark.parametrize("row", rows("priors"), ids=lambda row: row["id"])
def test_certified_rows(row: dict[str, Any]) -> None:
    prior = law(row)
    assert relative(prior.evaluate(np.array([float(row["r"])])).mmse[0], row["v"]) < 1e-12


@pytest.mark.parametrize(
    ("prior", "conjugates"),
    [
        (P.Rademacher(), (1e-8, 0.01, 1.0, 10.0, 100.0, 900.0)),
        (P.GaussBernoulli(0.1), (1e-8, 0.01, 1.0, 100.0)),
        (P.GaussBernoulli(1e-6), (1e-8, 0.5, 10.0)),
        (P.Discrete([-1.0, 0.0, 1.0], [0.005, 0.99, 0.005]), (1e-3, 0.5, 10.0)),
        (P.Discrete([-3.0, -1.0, 1.0, 3.0], [0.25] * 4), (0.01, 10.0)),
        (P.Discrete([10.0, 11.0], [0.5, 0.5]), (1e-3, 10.0, 900.0)),
        (SKEWED, (1e-3, 100.0)),
        (P.GaussianMixture([0.0] * 3, [0.0, 1e-6, 1.0], [0.3, 0.3, 0.4]), (1e-3, 10.0)),
    ],
    ids=str,
)
def test_against_the_oracle(prior: P.Prior, conjugates: tuple[float, ...]) -> None:
    """Every quantity, on priors of one scale and of many; r v' / v amplifies the rounding of r."""
    components = parts(prior)
    if isinstance(prior, P.GaussBernoulli):
        with mpmath.workdps(50):
            density = mpmath.mpf(prior.density)
            components = [(0, 0, 1 - density), (0, 1 / density, density)]
    for r in conjugates:
        exact = reference.denoise(components, r, digits=16)
        at = prior.evaluate(np.array([r]))
        assert relative(at.mmse[0], exact.mmse) < 1e-12
        assert relative(at.overlap[0], exact.overlap) < 1e-12
        assert relative(at.psi[0], exact.psi) < 1e-12
        assert relative(at.deficit[0], exact.deficit) < 2e-12
        assert relative(at.mmse_slope[0], exact.square * r / exact.mmse) < 1e-12
        assert relative(at.overlap_slope[0], exact.square * r / exact.overlap) < 1e-12


@pytest.mark.parametrize(
    "prior", [*PRIORS, P.GaussBernoulli(1e-6), P.Discrete([10.0, 11.0], [0.5, 0.5])], ids=str
)
def test_the_whole_range_of_numbers(prior: P.Prior) -> None:
    """From r = 0 to 1e300 everything is finite, monotone, and q + v = 1."""
    r = np.concatenate([[0.0, 1e-300, 1e-30], np.geomspace(1e-12, 1e40, 200), [1e300]])
    at = prior.evaluate(r)
    for values in at:
        assert np.isfinite(values).all()
    np.testing.assert_allclose(at.overlap + at.mmse, 1.0, rtol=1e-13)
    assert (np.diff(at.mmse) <= 1e-15).all()
    assert (at.deficit >= 0.0).all()
    assert (np.diff(at.deficit) >= -1e-13).all()
    assert (at.deficit <= prior.information_limit * (1.0 + 1e-13)).all()
    assert at.overlap[0] == pytest.approx(prior.mean**2, abs=1e-30)


def test_strided_conjugates() -> None:
    r = np.geomspace(0.1, 10.0, 9)
    for prior in PRIORS:
        strided = prior.evaluate(r[::2])
        np.testing.assert_array_equal(strided.mmse, prior.evaluate(r[::2].copy()).mmse)
