"""Any piecewise affine function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nishimori.activations.base import Activation, AffinePieces, FloatArray, Parity
from nishimori.errors import BadArgument
from nishimori.latex import cases, grouped, number, polynomial

__all__ = ["PiecewiseLinear"]

_SHOWN = 6  # breakpoints in a formula


@dataclass(frozen=True)
class PiecewiseLinear(Activation):
    """phi(x) = slopes[k] x + intercepts[k] between breakpoints[k-1] and breakpoints[k].

    Parameters
    ----------
    breakpoints : sequence of float
        K points, strictly ascending.
    slopes, intercepts : sequence of float
        K + 1 each; the outermost pieces extend to infinity. Jumps are allowed.

    Examples
    --------
    A ramp from 0 to 1, and the same through its corners:

    >>> import nishimori as nm
    >>> ramp = nm.activations.PiecewiseLinear([0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0])
    >>> ramp == nm.activations.PiecewiseLinear.through([0.0, 1.0], [0.0, 1.0])
    True
    >>> ramp.kinks
    (0.0, 1.0)
    """

    breakpoints_: tuple[float, ...]
    slopes: tuple[float, ...]
    intercepts: tuple[float, ...]

    def __init__(
        self, breakpoints: Sequence[float], slopes: Sequence[float], intercepts: Sequence[float]
    ) -> None:
        for name, values in (
            ("breakpoints", breakpoints),
            ("slopes", slopes),
            ("intercepts", intercepts),
        ):
            try:
                array = np.asarray(values, dtype=np.float64)
            except (TypeError, ValueError):
                raise BadArgument(f"PiecewiseLinear: {name} must be numbers") from None
            if array.ndim != 1 or not np.isfinite(array).all():
                raise BadArgument(
                    f"PiecewiseLinear: {name} must be a flat sequence of finite numbers"
                )
            field = "breakpoints_" if name == "breakpoints" else name
            object.__setattr__(self, field, tuple(array.tolist()))
        count = len(self.breakpoints_)
        if np.any(np.diff(self.breakpoints_) <= 0.0):
            raise BadArgument("PiecewiseLinear: breakpoints must be strictly ascending")
        for name in ("slopes", "intercepts"):
            if len(getattr(self, name)) != count + 1:
                raise BadArgument(
                    f"PiecewiseLinear: {count} breakpoints need {count + 1} {name}, "
                    f"got {len(getattr(self, name))}"
                )

    @classmethod
    def through(
        cls,
        x: Sequence[float],
        y: Sequence[float],
        left_slope: float = 0.0,
        right_slope: float = 0.0,
    ) -> PiecewiseLinear:
        """The continuous function through the corners (x, y), with the given outer slopes."""
        corners, values = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if corners.ndim != 1 or corners.shape != values.shape or corners.size < 1:
            raise BadArgument("PiecewiseLinear.through: x and y must be of one length, at least 1")
        if np.any(np.diff(corners) <= 0.0):
            raise BadArgument("PiecewiseLinear.through: x must be strictly ascending")
        inner = np.diff(values) / np.diff(corners)
        slopes = np.concatenate(([left_slope], inner, [right_slope]))
        anchors = np.concatenate(([0], np.arange(corners.size)))
        intercepts = values[anchors] - slopes * corners[anchors]
        return cls(corners.tolist(), slopes.tolist(), intercepts.tolist())

    def latex(self, argument: str = "x") -> str:
        count = len(self.breakpoints_)
        if count == 0:
            return polynomial((self.intercepts[0], self.slopes[0]), argument)
        if count > _SHOWN:
            return rf"a_k {grouped(argument)} + b_k, \quad t_k < {argument} < t_{{k+1}}"
        ends = [number(t) for t in self.breakpoints_]
        rows = []
        for k, (slope, intercept) in enumerate(zip(self.slopes, self.intercepts, strict=True)):
            left = rf"{ends[k - 1]} < " if k > 0 else ""
            right = rf" < {ends[k]}" if k < count else ""
            rows.append((polynomial((intercept, slope), argument), left + argument + right))
        return cases(rows)

    def value(self, x: FloatArray) -> FloatArray:
        return self.pieces.value(x)

    def taylor(self, x: FloatArray, order: int, side: int = 1) -> FloatArray:
        return self.pieces.taylor(x, order, side)

    @property
    def pieces(self) -> AffinePieces:
        return AffinePieces(self.breakpoints_, self.slopes, self.intercepts)

    @property
    def breakpoints(self) -> tuple[float, ...]:
        return self.breakpoints_

    @property
    def parity(self) -> Parity:  # type: ignore[override]
        points, slopes, heights = (
            np.asarray(v) for v in (self.breakpoints_, self.slopes, self.intercepts)
        )
        if np.array_equal(points, -points[::-1]):
            if np.array_equal(slopes, slopes[::-1]) and np.array_equal(heights, -heights[::-1]):
                return "odd"
            if np.array_equal(slopes, -slopes[::-1]) and np.array_equal(heights, heights[::-1]):
                return "even"
        return "none"

    def __str__(self) -> str:
        return f"piecewiselinear:{len(self.breakpoints_)} breakpoints"
