"""The two numbers that the proportional regime sees of a kernel k(x.x'/d)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nishimori.activations.base import FloatArray
from nishimori.arguments import shown
from nishimori.errors import BadArgument

__all__ = ["POINTS", "linear_and_residual", "slope_in_the_middle"]

_NODES = 40
_QUARTER = np.pi / (2 * _NODES)
POINTS = np.cos(_QUARTER * np.arange(1, 2 * _NODES, 2))
_ORDERS = np.arange(_NODES)
# whole multiples of a turn are taken off in integers, or high orders would round
_TRANSFORM = np.cos(_QUARTER * (np.outer(_ORDERS, np.arange(1, 2 * _NODES, 2)) % (4 * _NODES)))
_TRANSFORM *= 2.0 / _NODES
_SLOPES = _ORDERS * np.array([0.0, 1.0, 0.0, -1.0])[_ORDERS % 4]  # T_n'(0)
_HALVINGS = 9
_EPSILON = float(np.finfo(float).eps)
_WANTED = 1e-12


def linear_and_residual(function: Callable[[Any], Any], moment: float) -> tuple[float, float]:
    """k'(0) and k(r) - k(0) - r k'(0), r = `moment`.

    The slope is that of the Chebyshev series on [-h, h], with h halved from r until the
    series has fallen to rounding, and once more to have two values to compare.
    """
    if not callable(function):
        raise BadArgument(f"Kernel.from_function: function must be callable, got {shown(function)}")
    ends = _values(function, np.array([0.0, moment]))
    size = float(np.abs(ends).max())
    slopes: list[float] = []
    errors: list[float] = []
    for k in range(_HALVINGS):
        h = moment * 0.5**k
        values = _values(function, h * POINTS)
        size = max(size, float(np.abs(values).max()))
        found = slope_in_the_middle(values, h, size)
        if found is None:
            continue
        slopes.append(found[0])
        errors.append(found[1])
        if len(slopes) == 2:
            break
    scale = max(abs(float(ends[1] - ends[0])), moment * abs(slopes[0]) if slopes else 0.0)
    if scale == 0.0:
        raise BadArgument(
            "Kernel.from_function: k is constant; a kernel must vary with its argument"
        )
    if len(slopes) < 2:
        raise BadArgument(
            "Kernel.from_function: k'(0) cannot be found to 1e-12, for k is not smooth around 0 "
            "or its values are noisy; write Kernel(linear, residual) with k'(0) and "
            "k(1) - k(0) - k'(0)"
        )
    error = max(errors[0], abs(slopes[0] - slopes[1]))
    if error * moment > _WANTED * scale:
        raise BadArgument(
            f"Kernel.from_function: k'(0) = {slopes[0]:.6g} is only known to {error:.1e}, for k "
            "loses digits around 0; write Kernel(linear, residual) with k'(0) and "
            "k(1) - k(0) - k'(0)"
        )
    floor = 8.0 * _EPSILON * size + errors[0] * moment
    linear = _not_negative("k'(0)", slopes[0], errors[0] + floor / moment)
    residual = float(ends[1] - ends[0]) - moment * linear
    return linear, _not_negative("k(1) - k(0) - k'(0)", residual, floor)


def slope_in_the_middle(
    values: FloatArray, half_width: float, size: float
) -> tuple[float, float] | None:
    """The slope at 0 of a function given at ``half_width * POINTS``, and its rounding.

    None if its Chebyshev series has not fallen to rounding, that of values of the given size.
    """
    series = np.abs(_TRANSFORM @ values)
    rounding = _EPSILON * size
    if float(series[-6:].max()) > 4.0 * rounding:
        return None
    above = np.flatnonzero(series > 4.0 * rounding)
    last = int(above[-1]) + 1 if above.size else 0
    slope = float(_SLOPES[:last] @ (_TRANSFORM[:last] @ values)) / half_width
    return slope, rounding * float(np.linalg.norm(_SLOPES[:last])) / half_width


def _not_negative(name: str, value: float, rounding: float) -> float:
    if abs(value) <= rounding:
        return 0.0
    if value < 0.0:
        raise BadArgument(
            f"Kernel.from_function: {name} is {value:.6g}, and a positive definite kernel has no "
            "negative coefficient there"
        )
    return value


def _values(function: Callable[[Any], Any], points: FloatArray) -> FloatArray:
    """The callable on an array, or point by point where it takes no arrays."""
    with np.errstate(all="ignore"):
        try:
            out = np.asarray(function(points), dtype=np.float64)
        except Exception:
            out = np.empty(0)
        if out.shape != points.shape:
            try:
                out = np.array([float(function(float(c))) for c in points])
            except Exception as error:
                raise BadArgument(
                    "Kernel.from_function: function must map a number of [-1, 1] to a number; "
                    f"calling it failed: {error}"
                ) from error
    bad = ~np.isfinite(out)
    if bad.any():
        raise BadArgument(
            f"Kernel.from_function: function is not finite at {points[bad][0]:g}; it must be "
            "defined on [-1, 1]"
        )
    return out
