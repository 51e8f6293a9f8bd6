"""Compiled kernels against slow twins, on ordinary values and on the edges."""

from __future__ import annotations

import math
import warnings
from typing import Any

import mpmath
import numba
import numpy as np
import pytest

from conftest import relative
from nishimori._kernels import chebyshev, elementwise, normal, taylor
from nishimori._kernels import compiled as compiled_module
from nishimori.errors import NishimoriWarning

EPSILON = np.finfo(float).eps


def test_mills_ratio_to_four_ulp() -> None:
    points = np.concatenate([np.linspace(0.0, 40.0, 161), np.geomspace(1e-12, 1e8, 81)])
    work = np.empty((2, points.size))
    out = np.empty(points.size)
    normal.mills_of(points, points.size, out, work)
    with mpmath.workdps(40):
        for w, swept in zip(points, out, strict=True):
            if w < 1e3:
                x = mpmath.mpf(float(w))
                exact = mpmath.sqrt(mpmath.pi / 2) * mpmath.exp(x * x / 2)
                exact *= mpmath.erfc(x / mpmath.sqrt(2))
            else:
                exact = (1 - 1 / mpmath.mpf(w) ** 2 + 3 / mpmath.mpf(w) ** 4) / mpmath.mpf(w)
            assert relative(normal.mills(w), exact) < 4 * EPSILON
            assert relative(swept, exact) < 4 * EPSILON


def test_vector_arithmetic_to_two_ulp() -> None:
    x = np.concatenate([-np.geomspace(1e-9, 699.0, 97), np.linspace(0.0, 700.0, 97)])
    work, out = np.empty(x.size), np.empty(x.size)
    elementwise.exp_of(x.copy(), x.size, out)
    with mpmath.workdps(40):
        for argument, value in zip(x, out, strict=True):
            assert relative(value, mpmath.exp(mpmath.mpf(float(argument)))) < 2 * EPSILON
        y = np.concatenate([np.geomspace(1e-300, 1e300, 301), 1.0 + np.linspace(-0.4, 0.5, 91)])
        work, out = np.empty(y.size), np.empty(y.size)
        elementwise.log_of(y, y.size, out, work)
        for argument, value in zip(y, out, strict=True):
            if argument != 1.0:
                assert relative(value, mpmath.log(mpmath.mpf(float(argument)))) < 2 * EPSILON
        for w in np.concatenate([np.linspace(0.0, 40.0, 81), np.geomspace(1e-12, 1e8, 41)]):
            assert elementwise.tail_ratio(w) == pytest.approx(normal.mills(w), rel=6 * EPSILON)
    below = np.array([-700.5, -1e9, -math.inf])
    elementwise.exp_of(below, 3, out[:3])
    assert not out[:3].any()


def test_mills_ratio_on_the_edges() -> None:
    assert normal.mills(math.inf) == 0.0
    assert math.isnan(normal.mills(math.nan))


@pytest.mark.parametrize("w", [-37.5, -20.3, -5.1, -0.7, 0.0, 0.3, 6.0, 37.0])
def test_normal_distribution(w: float) -> None:
    with mpmath.workdps(30):
        assert relative(normal.normal_cdf(w), mpmath.ncdf(w)) < 8 * EPSILON
        assert relative(normal.normal_density(w), mpmath.npdf(w)) < 4 * EPSILON


def test_normal_density_far_out() -> None:
    assert normal.normal_density(40.0) == 0.0
    assert normal.normal_density(math.inf) == 0.0
    assert math.isnan(normal.normal_density(math.nan))


TAYLOR = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "normal_distribution": mpmath.ncdf,
    "exponential": mpmath.exp,
}


@pytest.mark.parametrize("name", TAYLOR)
@pytest.mark.parametrize("x", [-17.0, -2.3, -0.1, 0.0, 0.7, 4.0, 12.0])
def test_taylor_coefficients(name: str, x: float) -> None:
    order = 12
    series = getattr(taylor, name)(np.array([x]), order)[0]
    with mpmath.workdps(250):
        exact = mpmath.taylor(TAYLOR[name], mpmath.mpf(x), order)
        scale = [abs(e) for e in exact]
        for n in range(order + 1):
            # a coefficient may vanish by symmetry: compare on the scale of its neighbours
            near = max(scale[max(n - 1, 0) : n + 2])
            assert abs(series[n] - exact[n]) <= 1e-13 * near, n


def test_a_cache_that_cannot_be_written_is_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    real = numba.njit

    def refusing(*args: Any, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function 'f': no locator available for file 'f.py'")
        return real(*args, **options)

    monkeypatch.setattr(numba, "njit", refusing)
    monkeypatch.setattr(compiled_module, "_warned", False)
    make = compiled_module.compiled("float64(float64)")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        double, triple = make(lambda x: 2.0 * x), make(lambda x: 3.0 * x)
    assert (double(1.5), triple(1.5)) == (3.0, 4.5)
    assert [w.category for w in caught] == [NishimoriWarning]
    assert "NUMBA_CACHE_DIR" in str(caught[0].message)


def test_chebyshev_inversion_finds_its_roots() -> None:
    coefficients = np.array([[0.5, 1.3, 0.1, -0.02]])
    edges = np.array([-1.0, 3.0])
    ends = np.polynomial.chebyshev.chebval([-1.0, 1.0], coefficients[0])
    targets = np.linspace(ends[0], ends[1], 31)
    root, slope = chebyshev.invert(
        edges,
        coefficients,
        np.array([0]),
        np.array([-1.0]),
        np.array([3.0]),
        ends[:1],
        ends[1:],
        targets,
    )
    value, derivative = chebyshev.evaluate(edges, coefficients, root, np.zeros(31, dtype=np.int64))
    assert np.max(np.abs(value - targets)) < 1e-14
    np.testing.assert_allclose(slope, derivative, rtol=1e-12)
    outside, _ = chebyshev.invert(
        edges,
        coefficients,
        np.array([0]),
        np.array([-1.0]),
        np.array([3.0]),
        ends[:1],
        ends[1:],
        np.array([ends[0] - 1.0, np.nan, ends[1] + 1.0]),
    )
    assert np.isnan(outside).all()
