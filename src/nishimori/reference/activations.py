"""Activations in mpmath, each with what a quadrature has to know about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mpmath import mp, mpf

from nishimori.reference.quadrature import Number, exact

Function = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Activation:
    """A nonlinearity phi and where it is not smooth.

    Parameters
    ----------
    function : callable
        phi, from mpf to mpf.
    derivative : callable or None
        phi' away from the jumps; None: Stein's lemma is used in its place.
    breakpoints : tuple of mpf
        Arguments at which phi or phi' jumps.
    jumps : tuple of (mpf, mpf)
        (argument, height) of each jump of phi itself: the delta functions of phi'.
    scale : mpf or None
        Width over which phi changes around 0 (about the distance of its nearest
        complex pole); None if it has no scale of its own.
    periodic : bool
        Whether that scale is found everywhere rather than only around 0.
    parity : {"odd", "even", None}
        Makes zero means and zero slopes exactly zero.
    """

    function: Function
    derivative: Function | None = None
    breakpoints: tuple[mpf, ...] = ()
    jumps: tuple[tuple[mpf, mpf], ...] = ()
    scale: mpf | None = None
    periodic: bool = False
    parity: str | None = None


def identity() -> Activation:
    """phi(x) = x."""
    return Activation(lambda x: x, lambda x: mpf(1), parity="odd")


def tanh(gain: Number = 1) -> Activation:
    """phi(x) = tanh(gain x)."""
    k = exact(gain)
    return Activation(
        lambda x: mp.tanh(k * x), lambda x: k * mp.sech(k * x) ** 2, scale=1 / k, parity="odd"
    )


def erf(gain: Number = 1) -> Activation:
    """phi(x) = erf(gain x)."""
    k = exact(gain)
    return Activation(
        lambda x: mp.erf(k * x),
        lambda x: 2 * k / mp.sqrt(mp.pi) * mp.exp(-((k * x) ** 2)),
        scale=1 / k,
        parity="odd",
    )


def sine(gain: Number = 1) -> Activation:
    """phi(x) = sin(gain x)."""
    k = exact(gain)
    return Activation(
        lambda x: mp.sin(k * x),
        lambda x: k * mp.cos(k * x),
        scale=1 / k,
        periodic=True,
        parity="odd",
    )


def relu() -> Activation:
    """phi(x) = max(x, 0)."""
    return leaky_relu(0)


def leaky_relu(slope: Number = "0.01") -> Activation:
    """phi(x) = x for x > 0, slope x below."""
    s = exact(slope)
    return Activation(
        lambda x: x if x > 0 else s * x,
        lambda x: mpf(1) if x > 0 else s,
        breakpoints=(mpf(0),),
    )


def gelu() -> Activation:
    """phi(x) = x Phi(x), Phi the normal distribution function."""
    return Activation(lambda x: x * mp.ncdf(x), lambda x: mp.ncdf(x) + x * mp.npdf(x), scale=mpf(1))


def _logistic(x: mpf) -> mpf:
    return 1 / (1 + mp.exp(-x))


def silu(gain: Number = 1) -> Activation:
    """phi(x) = x/(1 + exp(-gain x))."""
    k = exact(gain)

    def derivative(x: mpf) -> mpf:
        s, t = _logistic(k * x), _logistic(-k * x)
        return s + k * x * s * t

    return Activation(lambda x: x * _logistic(k * x), derivative, scale=1 / k)


def softplus(gain: Number = 1) -> Activation:
    """phi(x) = ln(1 + exp(gain x))/gain."""
    k = exact(gain)
    return Activation(
        lambda x: mp.log1p(mp.exp(k * x)) / k, lambda x: _logistic(k * x), scale=1 / k
    )


def sigmoid(gain: Number = 1) -> Activation:
    """phi(x) = 1/(1 + exp(-gain x))."""
    k = exact(gain)
    return Activation(
        lambda x: _logistic(k * x),
        lambda x: k * _logistic(k * x) * _logistic(-k * x),
        scale=1 / k,
    )


def elu(alpha: Number = 1) -> Activation:
    """phi(x) = x for x > 0, alpha (exp(x) - 1) below."""
    a = exact(alpha)
    return Activation(
        lambda x: x if x > 0 else a * mp.expm1(x),
        lambda x: mpf(1) if x > 0 else a * mp.exp(x),
        breakpoints=(mpf(0),),
        scale=mpf(1),
    )


def hard_tanh() -> Activation:
    """phi(x) = x clipped to [-1, 1]."""
    return Activation(
        lambda x: max(mpf(-1), min(mpf(1), x)),
        lambda x: mpf(1) if abs(x) < 1 else mpf(0),
        breakpoints=(mpf(-1), mpf(1)),
        parity="odd",
    )


def sign() -> Activation:
    """phi(x) = sign(x)."""
    zero = mpf(0)
    return Activation(
        lambda x: mpf(mp.sign(x)),
        lambda x: mpf(0),
        breakpoints=(zero,),
        jumps=((zero, mpf(2)),),
        parity="odd",
    )


def abs_() -> Activation:
    """phi(x) = abs(x)."""
    return Activation(
        lambda x: abs(x), lambda x: mpf(mp.sign(x)), breakpoints=(mpf(0),), parity="even"
    )


def step() -> Activation:
    """phi(x) = 1 for x > 0, 0 below."""
    zero = mpf(0)
    return Activation(
        lambda x: mpf(1) if x > 0 else mpf(0),
        lambda x: mpf(0),
        breakpoints=(zero,),
        jumps=((zero, mpf(1)),),
    )


def hermite(n: int) -> Activation:
    """Probabilists' Hermite polynomial, unnormalised: He_3(x) = x**3 - 3 x.

    He_0 = 1, He_1 = x, He_{k+1} = x He_k - k He_{k-1}.
    """
    previous, current = [1], [0, 1]
    if n == 0:
        return polynomial(previous)
    for k in range(1, n):
        following = [0, *current]
        for power, coefficient in enumerate(previous):
            following[power] -= k * coefficient
        previous, current = current, following
    return polynomial(current)


def _horner(coefficients: Sequence[mpf], x: mpf) -> mpf:
    total = mpf(0)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def polynomial(coefficients: Sequence[Number]) -> Activation:
    """phi(x) = sum_j coefficients[j] x**j."""
    c = [exact(value) for value in coefficients]
    with mp.workdps(200):
        slopes = [j * value for j, value in enumerate(c)][1:]
    parity = None
    if not any(c[0::2]):
        parity = "odd"
    elif not any(c[1::2]):
        parity = "even"
    return Activation(lambda x: _horner(c, x), lambda x: _horner(slopes, x), parity=parity)


def piecewise_linear(
    knots: Sequence[Number],
    values: Sequence[Number],
    left_slope: Number = 0,
    right_slope: Number = 0,
) -> Activation:
    """phi through the points (knots[i], values[i]), with given slopes outside them."""
    x = [exact(knot) for knot in knots]
    y = [exact(value) for value in values]
    with mp.workdps(200):
        slopes = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)]
    slopes = [exact(left_slope), *slopes, exact(right_slope)]

    def piece(argument: mpf) -> int:
        return sum(argument > knot for knot in x)

    def function(argument: mpf) -> mpf:
        i = piece(argument)
        anchor = max(i - 1, 0)
        return y[anchor] + slopes[i] * (argument - x[anchor])

    parity = None
    if [-knot for knot in reversed(x)] == x:
        if [-value for value in reversed(y)] == y and slopes[0] == slopes[-1]:
            parity = "odd"
        elif list(reversed(y)) == y and slopes[0] == -slopes[-1]:
            parity = "even"
    return Activation(function, lambda a: slopes[piece(a)], breakpoints=tuple(x), parity=parity)
