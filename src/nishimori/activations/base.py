"""What every activation must know about itself, and the affine pieces that several share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array, require_number
from nishimori.errors import ActivationError, BadArgument
from nishimori.latex import call

__all__ = ["Activation", "AffinePieces", "LayerMoments", "Parity"]

FloatArray = NDArray[np.float64]
Parity = Literal["odd", "even", "none"]


@dataclass(frozen=True)
class LayerMoments:
    """What one layer does to a Gaussian pre-activation ``sqrt(c) z + sqrt(m) b``.

    Attributes
    ----------
    slope_square : float
        kappa^2 = E_b (E_z phi')^2.
    residual : float
        epsilon / c, with epsilon = V - kappa^2 c the variance that no linear map explains.
    mean_square : float
        M = E_b (E_z phi)^2.
    slope : float
        kappa = E phi' with its sign; meaningful where m = 0.
    slope_error, residual_error, gain_error, mean_error : float
        Estimated relative errors of ``slope_square``, ``residual``, their sum and ``mean_square``.
    """

    slope_square: float
    residual: float
    mean_square: float
    slope: float
    slope_error: float
    residual_error: float
    gain_error: float
    mean_error: float


@dataclass(frozen=True)
class AffinePieces:
    """``slopes[k] x + intercepts[k]`` between ``breakpoints[k-1]`` and ``breakpoints[k]``."""

    breakpoints: tuple[float, ...]
    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def value(self, x: FloatArray) -> FloatArray:
        """The function; at a jump the mean of both sides."""
        slopes, intercepts = np.asarray(self.slopes), np.asarray(self.intercepts)
        left = np.searchsorted(self.breakpoints, x, side="left")
        right = np.searchsorted(self.breakpoints, x, side="right")
        out = slopes[left] * x + intercepts[left]
        at_break = left != right
        if np.any(at_break):
            other = slopes[right] * x + intercepts[right]
            out = np.where(at_break, 0.5 * (out + other), out)
        return out

    def taylor(self, x: FloatArray, order: int, side: int) -> FloatArray:
        """Taylor coefficients, from the left (`side` < 0) or the right of a breakpoint."""
        piece = np.searchsorted(self.breakpoints, x, side="left" if side < 0 else "right")
        out = np.zeros((x.size, order + 1))
        slope = np.asarray(self.slopes)[piece]
        out[:, 0] = slope * x + np.asarray(self.intercepts)[piece]
        out[:, 1] = slope
        return out

    @property
    def jumps(self) -> tuple[float, ...]:
        """Breakpoints where the value jumps."""
        return tuple(t for t, step in zip(self.breakpoints, self._steps(), strict=True) if step)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Breakpoints where the value is continuous and the slope is not."""
        return tuple(t for t, step in zip(self.breakpoints, self._steps(), strict=True) if not step)

    def _steps(self) -> list[bool]:
        steps = []
        for k, t in enumerate(self.breakpoints):
            below = self.slopes[k] * t + self.intercepts[k]
            above = self.slopes[k + 1] * t + self.intercepts[k + 1]
            scale = max(abs(self.slopes[k] * t), abs(self.intercepts[k]), abs(below), abs(above))
            steps.append(abs(above - below) > 1e-14 * scale)
        return steps


@dataclass(frozen=True)
class Activation:
    """A function of one pre-activation, with the analytic facts that its integrals need.

    Subclasses give `value` and `taylor`, and state the class facts below where they differ.

    Attributes
    ----------
    parity : {"odd", "even", "none"}
    bounded_derivatives : bool
        Twice differentiable with bounded first and second derivatives (the theorem's condition).
    kinks, jumps : tuple of float
        Where the function is continuous but not smooth, and where it jumps.
    scale : float
        Smallest length on which a smooth piece varies: its Taylor series converges well inside.
    knots : tuple of float
        Edges between which a smooth piece is resolved by a polynomial of degree 15.
    pieces : AffinePieces or None
        The function as affine pieces, where it is one.
    """

    parity: ClassVar[Parity] = "none"
    bounded_derivatives: ClassVar[bool] = False
    declares_knots: ClassVar[bool] = True
    references: ClassVar[tuple[str, ...]] = ()

    def __call__(self, x: ArrayLike) -> FloatArray:
        """The activation of each element of `x`, as an array of floats of the same shape."""
        array = require_array("x", x, type(self).__name__)
        return self.value(array.ravel()).reshape(array.shape)

    def latex(self, argument: str = "x") -> str:
        r"""The formula of phi(`argument`) in LaTeX; ``\varphi`` for a function the user gave."""
        return call(r"\varphi", argument)

    def value(self, x: FloatArray) -> FloatArray:
        """The activation on a one-dimensional array of floats."""
        raise NotImplementedError

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        """phi^(n)(x)/n! for n = 0 ... order, shape (x.size, order + 1).

        `side` chooses the one-sided series at a kink or jump: -1 from below, +1 from above.
        """
        raise NotImplementedError

    def closed_moments(self, c: float, m: float) -> LayerMoments | None:
        """The layer's moments in closed form, or None where quadrature is the better way."""
        return None

    @property
    def pieces(self) -> AffinePieces | None:
        return None

    @property
    def kinks(self) -> tuple[float, ...]:
        return self.pieces.kinks if self.pieces else ()

    @property
    def jumps(self) -> tuple[float, ...]:
        return self.pieces.jumps if self.pieces else ()

    @property
    def breakpoints(self) -> tuple[float, ...]:
        """Kinks and jumps together, ascending."""
        return tuple(sorted((*self.kinks, *self.jumps)))

    @property
    def scale(self) -> float:
        return np.inf

    @property
    def knots(self) -> tuple[float, ...]:
        return ()

    @property
    def polynomial_degree(self) -> int | None:
        """The degree where the activation is one polynomial, else None."""
        return None

    def __str__(self) -> str:
        settings = [
            f"{field.name}={getattr(self, field.name)}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return ":".join([type(self).__name__.lower(), *settings])


def require_positive(name: str, value: Any, owner: str) -> float:
    """`value` as a positive finite float, or a sentence."""
    number = require_number(name, value, owner)
    if number <= 0.0:
        raise BadArgument(f"{owner}: {name} must be positive, got {number:g}")
    return number


def evaluate(function: Callable[[FloatArray], Any], x: FloatArray, owner: str) -> FloatArray:
    """Call a user's function on nodes; a wrong shape or a NaN is refused with a sentence."""
    with np.errstate(all="ignore"):
        try:
            # a copy: the function may write into its argument
            out = require_array("its value", function(x.copy()), owner)
        except Exception as error:  # whatever a user's function may raise
            raise ActivationError(
                f"{owner} must map a one-dimensional array of floats to floats of the same shape; "
                f"calling it failed: {type(error).__name__}: {error}"
            ) from error
    if out.shape != x.shape:
        raise ActivationError(
            f"{owner} must return an array of the shape of its argument; "
            f"for shape {x.shape} it returned {out.shape}"
        )
    bad = np.isnan(out)
    if bad.any():
        raise ActivationError(
            f"{owner} returned NaN at x = {x[bad][0]:g}; it must be defined on the whole real line"
        )
    return out
