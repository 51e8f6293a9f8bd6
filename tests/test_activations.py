"""Every activation: values, facts, Taylor series, grammar and refusals."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import nishimori as nm
from nishimori.activations.base import Activation

act = nm.activations

EXAMPLES: list[Activation] = [
    act.Abs(),
    act.ELU(alpha=0.5),
    act.Erf(gain=1.5),
    act.GELU(),
    act.HardTanh(),
    act.Hermite(4),
    act.Identity(),
    act.LeakyReLU(slope=0.2),
    act.PiecewiseLinear([-1.0, 0.5], [0.0, 2.0, -1.0], [1.0, 0.0, 3.0]),
    act.Polynomial([1.0, -2.0, 0.5]),
    act.ReLU(),
    act.SiLU(gain=2.0),
    act.Sigmoid(gain=0.5),
    act.Sign(),
    act.Sine(gain=3.0),
    act.Softplus(gain=2.0),
    act.Step(),
    act.Tanh(gain=2.0),
    act.Custom(np.arctan, derivative=lambda x: 1 / (1 + x * x), length=0.2),
    act.Custom(np.abs, [0.0], length=0.2),
]

X = np.array([-2.7, -0.8, -0.1, 0.3, 1.1, 4.2])


def test_every_public_activation_has_an_example() -> None:
    public = {name for name in act.__all__ if name not in ("Activation", "AffinePieces", "parse")}
    assert public == {type(example).__name__ for example in EXAMPLES}


@pytest.mark.parametrize("activation", EXAMPLES, ids=str)
def test_shape_is_kept(activation: Activation) -> None:
    assert activation(X.reshape(2, 3)).shape == (2, 3)
    assert activation(0.3).shape == ()
    assert activation(X[::2]).shape == (3,)
    np.testing.assert_array_equal(activation(X.reshape(2, 3)).ravel(), activation(X))


@pytest.mark.parametrize("activation", EXAMPLES, ids=str)
def test_parity_is_what_it_says(activation: Activation) -> None:
    sign = {"odd": -1.0, "even": 1.0}.get(activation.parity)
    above, below = activation(X), activation(-X)
    if sign is None:
        assert (not np.allclose(above, below) and not np.allclose(above, -below)) or (
            isinstance(activation, act.Custom)
        )
    else:
        np.testing.assert_allclose(below, sign * above, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("activation", EXAMPLES, ids=str)
def test_taylor_series_is_the_function(activation: Activation) -> None:
    """Half way to the nearest length the series is the function itself."""
    series = activation.taylor(X, 28)
    step = 0.02
    powers = step ** np.arange(29)
    np.testing.assert_allclose(series @ powers, activation(X + step), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", EXAMPLES, ids=str)
def test_breakpoints_are_kinks_and_jumps(activation: Activation) -> None:
    for t in activation.breakpoints:
        point = np.array([t])
        left, right = activation.taylor(point, 3, -1)[0], activation.taylor(point, 3, 1)[0]
        jump = abs(right[0] - left[0])
        assert (jump > 1e-9) == (t in activation.jumps)
        assert (t in activation.jumps) != (t in activation.kinks)
        assert np.max(np.abs(right - left)) > 1e-3
    assert list(activation.breakpoints) == sorted(activation.breakpoints)


@pytest.mark.parametrize("activation", EXAMPLES, ids=str)
def test_bounded_derivatives(activation: Activation) -> None:
    """First and second differences stay bounded exactly where the activation says so."""
    if isinstance(activation, act.Custom):
        assert not activation.bounded_derivatives  # cannot be known from a callable
        return
    x = np.linspace(-60.0, 60.0, 240_001)
    h = x[1] - x[0]
    values = activation(x)
    second = np.abs(np.diff(values, 2)) / h**2
    first = np.abs(np.diff(values)) / h
    bounded = second.max() < 50.0 and first.max() < 10.0
    assert bounded == activation.bounded_derivatives


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        (act.GELU(), lambda x: x * mpmath.ncdf(x)),
        (act.Erf(gain=2.0), lambda x: mpmath.erf(2 * x)),
        (act.SiLU(), lambda x: x / (1 + mpmath.exp(-x))),
        (act.Softplus(gain=3.0), lambda x: mpmath.log1p(mpmath.exp(3 * x)) / 3),
        (act.Sigmoid(), lambda x: 1 / (1 + mpmath.exp(-x))),
        (act.ELU(alpha=2.0), lambda x: x if x > 0 else 2 * mpmath.expm1(x)),
        (act.Hermite(5), lambda x: x**5 - 10 * x**3 + 15 * x),
    ],
    ids=str,
)
def test_values(activation: Activation, function: object) -> None:
    with mpmath.workdps(30):
        for x in (-30.0, -3.3, -0.2, 0.1, 2.0, 25.0):
            exact = function(mpmath.mpf(x))  # type: ignore[operator]
            assert abs(float(activation(x)) - exact) <= 4e-15 * abs(exact) + 1e-300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanh:gain=2", act.Tanh(gain=2.0)),
        ("Leaky_ReLU:slope=0.1", act.LeakyReLU(slope=0.1)),
        ("hard-tanh", act.HardTanh()),
        ("hermite:3", act.Hermite(3)),
        ("polynomial:coefficients=0/1/0/0.5", act.Polynomial([0.0, 1.0, 0.0, 0.5])),
        (" relu ", act.ReLU()),
    ],
)
def test_parse(text: str, expected: Activation) -> None:
    assert act.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tahn", "did you mean 'tanh'"),
        ("tanh:gian=2", "did you mean 'gain'"),
        ("tanh:gain=two", "must be a number"),
        ("tanh:gain=-1", "gain must be positive"),
        ("tanh:gain=nan", "finite"),
        ("tanh:gain=1:gain=2", "twice"),
        ("relu:gain=2", "takes no parameters"),
        ("hermite:2.5", "integer"),
        ("hermite", "needs n"),
        ("", "must be named"),
        ("tanh:2:3", "key=value"),
    ],
)
def test_parse_refuses(text: str, words: str) -> None:
    with pytest.raises(nm.NishimoriError, match=words):
        act.parse(text)


def reduce_one(activation: Activation) -> nm.Reduction:
    return nm.DeepNetwork.uniform(activation, 1).reduce()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: np.log(x), "returned NaN"),
        (lambda x: x[:3], "shape"),
        (lambda x: 3.0, "shape"),
        (lambda x: "text", "floats"),
        (lambda x: np.exp(x**2 / 4), "second moment"),
        (lambda x: np.exp(x**4), "second moment"),
        (lambda x: 1.0 / (np.abs(x) < 3.0), "not finite|overflows|second moment"),
    ],
)
def test_custom_refuses(function: object, words: str) -> None:
    with pytest.raises(nm.errors.ActivationError, match=words):
        reduce_one(act.Custom(function))  # type: ignore[arg-type]


def test_growth_that_has_a_second_moment_is_accepted() -> None:
    """E exp(2 sqrt(c) z) = exp(2c): far beyond ten standard deviations of the plain Gaussian."""
    for c in (1.0, 9.0):
        layer = nm.Layer(act.Custom(np.exp), weight_variance=c)
        reduction = nm.DeepNetwork([layer]).reduce()
        assert reduction.layers[0].second_moment == pytest.approx(np.exp(2 * c), rel=1e-12)
        assert reduction.offset_variance == pytest.approx(np.exp(c), rel=1e-12)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: act.Custom(3), "callable"),
        (lambda: act.Custom(np.tanh, derivative=3), "callable"),
        (lambda: act.Custom(np.tanh, ["a"]), "breakpoints must be a number"),
        (lambda: act.Custom(np.exp, parity="odd"), "declared"),
        (lambda: act.Custom(np.tanh, parity="weird"), "parity must be"),
        (lambda: act.PiecewiseLinear([1.0, 0.0], [0, 1, 0], [0, 0, 1]), "ascending"),
        (lambda: act.PiecewiseLinear([0.0], [0, 1, 0], [0, 0]), "need 2 slopes"),
        (lambda: act.PiecewiseLinear([np.nan], [0, 1], [0, 0]), "finite"),
        (lambda: act.PiecewiseLinear.through([0.0, 0.0], [0, 1]), "ascending"),
        (lambda: act.Polynomial([]), "1 to 65"),
        (lambda: act.Polynomial([np.inf]), "finite"),
        (lambda: act.Hermite(-1), "integer"),
        (lambda: act.LeakyReLU(slope="steep"), "number"),
    ],
)
def test_constructors_refuse(make: object, words: str) -> None:
    with pytest.raises(nm.NishimoriError, match=words):
        make()  # type: ignore[operator]
