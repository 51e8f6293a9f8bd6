"""What is checked of what users hand over: penalties, functions and solutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array, shown
from nishimori.errors import BadArgument
from nishimori.results import ErmCurve, ErmState

if TYPE_CHECKING:
    from nishimori.erm.base import Estimator
    from nishimori.features import Features

__all__ = ["check_solved", "require_cavity", "require_regularization"]

FloatArray = NDArray[np.float64]


def check_solved(
    estimator: Estimator,
    problem: Any,
    state: Any,
    features: Features | None,
    owner: str,
    *,
    curves: bool,
) -> None:
    """Refuse, in a sentence, what is no solution of this estimator's kind of problem."""
    from nishimori.erm.setting import prepare

    prepare(estimator, problem, features)
    if isinstance(state, ErmState) or (curves and isinstance(state, ErmCurve)):
        return
    kinds = "an ErmState or an ErmCurve" if curves else "an ErmState"
    raise BadArgument(
        f"{owner}: state must be {kinds}, the solution of a trained estimator, "
        f"got {type(state).__name__}"
    )


def require_cavity(
    y: ArrayLike, omega: ArrayLike, susceptibility: ArrayLike, owner: str
) -> tuple[FloatArray, ...]:
    """The arguments of a proximal operator as arrays of one shape, or a sentence."""
    given = {"y": y, "omega": omega, "susceptibility": susceptibility}
    arrays = [require_array(name, values, owner) for name, values in given.items()]
    bad = ~(np.isfinite(arrays[2]) & (arrays[2] > 0.0))
    if bad.any():
        raise BadArgument(
            f"{owner}: susceptibility must be finite and positive, got {arrays[2][bad][0]:g}"
        )
    try:
        return tuple(np.broadcast_arrays(*arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise BadArgument(
            f"{owner}: y, omega and susceptibility cannot be broadcast, their shapes are {shapes}"
        ) from None


def require_regularization(value: Any, owner: str) -> Any:
    """`value` as a float, nested tuples of floats or "optimal", or a sentence."""
    if isinstance(value, str):
        if value == "optimal":
            return value
        raise BadArgument(
            f"{owner}: regularization must be a number, an array or 'optimal', got {value!r}"
        )
    try:
        array = require_array("regularization", value, owner)
    except BadArgument:
        raise BadArgument(
            f"{owner}: regularization must be a number, an array or 'optimal', got {shown(value)}"
        ) from None
    bad = ~(np.isfinite(array) & (array >= 0.0))
    if bad.any():
        raise BadArgument(
            f"{owner}: regularization must be finite and at least 0, got {array[bad].flat[0]:g}"
        )
    if array.size == 0:
        raise BadArgument(f"{owner}: regularization is empty; at least one number is needed")
    return float(array) if array.ndim == 0 else _nested(array.tolist())


def _nested(values: Any) -> Any:
    return tuple(_nested(v) for v in values) if isinstance(values, list) else values
