"""Any function the user can write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

import numpy as np

from nishimori.activations.base import Activation, FloatArray, Parity, evaluate
from nishimori.arguments import require_number
from nishimori.errors import ActivationError, BadArgument

__all__ = ["Custom"]

_FIT_NODES = 24
_ANGLES = (np.arange(_FIT_NODES) + 0.5) * np.pi / _FIT_NODES
_FIT_X = np.cos(_ANGLES)
_FIT_TRANSFORM = np.cos(np.outer(_ANGLES, np.arange(_FIT_NODES))) * (2.0 / _FIT_NODES)
_FIT_TRANSFORM[:, 0] *= 0.5
# the Gaussian reaches 10 standard deviations, near a kink 20: all within the fit
_LENGTH_TO_SCALE = 0.4


@cache
def _derivatives(where: int) -> FloatArray:
    """T_k^(n)(where)/n! of the Chebyshev polynomials at -1, 0 or 1, shape (k, n)."""
    table = np.empty((_FIT_NODES, _FIT_NODES))
    series = np.eye(_FIT_NODES)
    for n in range(_FIT_NODES):
        table[:, n] = np.polynomial.chebyshev.chebval(float(where), series)
        series = np.polynomial.chebyshev.chebder(series, axis=0) / (n + 1)
    return table


@dataclass(frozen=True)
class Custom(Activation):
    """phi given as a plain vectorised Python callable.

    Parameters
    ----------
    function : callable
        Maps a one-dimensional array of floats to an array of floats of the same shape; finite
        wherever the Gaussian weight counts.
    breakpoints : sequence of float, optional
        Where the function jumps or has a kink. An undeclared one is found by bisection, not always
        to the last digit: the error estimate says what it costs.
    derivative : callable, optional
        phi', like `function`; sharpens the slope where pre-activations hardly vary.
    parity : {"none", "odd", "even"}, optional
        Declare a symmetry; it is checked on a grid.
    length : float, optional
        Around every point, the length on which the function is as smooth as a polynomial between
        its breakpoints; found in use where it is not given.

    Examples
    --------
    >>> import numpy as np, nishimori as nm
    >>> wave = nm.activations.Custom(lambda x: np.sin(x) + 0.1 * x, parity="odd")
    >>> print(f"{wave(1.0):.12f}")
    0.941470984808
    """

    function: Callable[[FloatArray], Any]
    breakpoints_: tuple[float, ...] = ()
    derivative: Callable[[FloatArray], Any] | None = None
    declared_parity: Parity = "none"
    length: float = field(default=np.inf, compare=False, repr=False)

    declares_knots: ClassVar[bool] = False

    def __init__(
        self,
        function: Callable[[FloatArray], Any],
        breakpoints: Sequence[float] = (),
        derivative: Callable[[FloatArray], Any] | None = None,
        *,
        parity: Parity = "none",
        length: float = np.inf,
    ) -> None:
        for name, value in (("function", function), ("derivative", derivative)):
            if not callable(value) and not (name == "derivative" and value is None):
                raise ActivationError(f"Custom: {name} must be callable, got {value!r}")
        if parity not in ("none", "odd", "even"):
            raise BadArgument(f"Custom: parity must be 'none', 'odd' or 'even', got {parity!r}")
        points = np.atleast_1d(np.asarray(breakpoints, dtype=object))
        numbers = sorted({require_number("breakpoints", p, "Custom") for p in points.ravel()})
        object.__setattr__(self, "function", function)
        object.__setattr__(self, "breakpoints_", tuple(numbers))
        object.__setattr__(self, "derivative", derivative)
        object.__setattr__(self, "declared_parity", parity)
        object.__setattr__(self, "length", float(length))
        self._check()

    def _check(self) -> None:
        grid = np.linspace(0.0625, 4.0, 64)
        above, below = self.value(grid), self.value(-grid)
        if self.declared_parity == "none":
            return
        sign = -1.0 if self.declared_parity == "odd" else 1.0
        gap = np.abs(above - sign * below)
        if np.any(gap > 1e-12 * np.max(np.abs(above))):
            worst = grid[np.argmax(gap)]
            raise ActivationError(
                f"Custom: parity={self.declared_parity!r} was declared, but the function does not "
                f"have it at x = {worst:g}"
            )

    def resolved_on(self, length: float, breakpoints: tuple[float, ...]) -> Custom:
        """A copy that knows all its breakpoints, and the length on which it is smooth between."""
        return Custom(
            self.function,
            breakpoints,
            self.derivative,
            parity=self.declared_parity,
            length=length,
        )

    def value(self, x: FloatArray) -> FloatArray:
        return evaluate(self.function, x, "the function of a Custom activation")

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        """Fit a polynomial around each x, on `length` to both sides or to one at a breakpoint.

        The fit keeps to its side of every breakpoint; coefficients on the plateau of rounding are
        dropped, so high orders carry no noise.
        """
        half = np.full(x.size, self.length)
        centre = x.copy()
        for t in self.breakpoints_:
            half = np.minimum(half, np.where(x == t, np.inf, np.abs(x - t)))
        at_break = np.isin(x, self.breakpoints_)
        half[at_break] *= 0.5
        centre[at_break] += side * half[at_break]
        sample = self.function if self.derivative is None else self.derivative
        points = centre[:, None] + half[:, None] * _FIT_X
        name = "the function of a Custom activation"
        values = evaluate(sample, points.ravel(), name).reshape(points.shape)
        series = values @ _FIT_TRANSFORM
        size = np.abs(series)
        plateau = size[:, -6:].max(axis=1, keepdims=True)
        above = size > np.where(plateau < 1e-13 * size.max(axis=1, keepdims=True), 4 * plateau, 0.0)
        series = np.where(np.maximum.accumulate(above[:, ::-1], axis=1)[:, ::-1], series, 0.0)
        out = np.zeros((x.size, order + 1))
        terms = min(order + 1, _FIT_NODES)
        scales = half[:, None] ** -np.arange(float(terms))
        out[:, :terms] = series @ _derivatives(0)[:, :terms] * scales
        if at_break.any():
            ends = series[at_break] @ _derivatives(-side)[:, :terms]
            out[at_break, :terms] = ends * scales[at_break]
        exact = self.value(x)
        if self.derivative is not None:
            out[:, 1:] = out[:, :-1] / np.arange(1.0, order + 1.0)
            # the one-sided value, from a point just beside
            beside = side * 1e-6 * half
            powers = beside[:, None] ** np.arange(1.0, 4.0)
            out[:, 0] = self.value(x + beside) - (out[:, 1:4] * powers).sum(axis=1)
        # away from jumps the function's own value has no rounding of a fit
        scale = np.maximum(np.abs(values).max(axis=1), np.abs(exact))
        jumps = at_break & (np.abs(out[:, 0] - exact) > 1e-9 * scale)
        out[:, 0] = np.where(jumps, out[:, 0], exact)
        return out

    @property
    def parity(self) -> Parity:  # type: ignore[override]
        return self.declared_parity

    @property
    def breakpoints(self) -> tuple[float, ...]:
        return self.breakpoints_

    @property
    def jumps(self) -> tuple[float, ...]:
        return tuple(t for t in self.breakpoints_ if self._jumps_at(t))

    @property
    def kinks(self) -> tuple[float, ...]:
        return tuple(t for t in self.breakpoints_ if not self._jumps_at(t))

    def _jumps_at(self, t: float) -> bool:
        step = 1e-7 * max(1.0, abs(t))
        far = self.value(np.array([t - 2 * step, t - step, t + step, t + 2 * step]))
        inside = abs(far[2] - far[1])
        beside = abs(far[1] - far[0]) + abs(far[3] - far[2])
        return bool(inside > 4.0 * beside + 1e-12 * np.max(np.abs(far)))

    @property
    def scale(self) -> float:
        return _LENGTH_TO_SCALE * self.length

    def __str__(self) -> str:
        return f"custom:{getattr(self.function, '__name__', 'function')}"
