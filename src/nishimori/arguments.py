"""Numbers that users hand over: as floats, integers and arrays, or refused in a sentence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument

__all__ = [
    "as_float",
    "require_array",
    "require_choice",
    "require_fraction",
    "require_integer",
    "require_number",
    "require_positive",
    "shown",
]


def shown(value: Any) -> str:
    """The beginning of what `value` prints as, in one line, for a sentence about it."""
    return f"{' '.join(repr(value)[:200].split()):.60}"


def as_float(name: str, value: Any, owner: str) -> float:
    """`value` as a float, maybe not a finite one; truth values and texts are not numbers."""
    try:
        if isinstance(value, bool | np.bool_ | str | bytes) or np.ndim(value) != 0:
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise BadArgument(f"{owner}: {name} must be a number, got {shown(value)}") from None
    except OverflowError:
        raise BadArgument(f"{owner}: {name} is too large for a float") from None


def require_number(name: str, value: Any, owner: str) -> float:
    """`value` as a finite float, or a sentence."""
    number = as_float(name, value, owner)
    if not math.isfinite(number):
        raise BadArgument(f"{owner}: {name} must be finite, got {number}")
    return number


def require_positive(
    name: str, value: Any, owner: str, *, zero: bool = False, what: str = ""
) -> float:
    """`value` as a finite float above 0, or from 0 on, or a sentence; `what` it is, if it helps."""
    number = as_float(name, value, owner)
    if not math.isfinite(number) or number < 0.0 or (number == 0.0 and not zero):
        accepted = "finite and at least 0" if zero else "finite and positive"
        raise BadArgument(f"{owner}: {name} {what}must be {accepted}, got {number:g}")
    return number


def require_fraction(name: str, value: Any, owner: str, low: float, high: float) -> float:
    """`value` as a float in [low, high], or a sentence."""
    number = require_number(name, value, owner)
    if not low <= number <= high:
        raise BadArgument(f"{owner}: {name} must lie between {low:g} and {high:g}, got {value!r}")
    return number


def require_integer(name: str, value: Any, owner: str, low: int, high: int) -> int:
    """`value` as an int in [low, high]; a float that is whole will do, a bool will not."""
    whole = not isinstance(value, bool | np.bool_)
    try:
        number = int(value) if whole else 0
        whole = whole and number == value
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole or not low <= number <= high:
        raise BadArgument(
            f"{owner}: {name} must be an integer of at least {low} and at most {high}, "
            f"got {shown(value)}"
        )
    return number


def require_choice(name: str, value: Any, owner: str, known: tuple[str, ...]) -> None:
    """Refuse, in a sentence, what is not one of `known`."""
    if value not in known:
        listed = ", ".join(repr(choice) for choice in known)
        raise BadArgument(f"{owner}: {name} must be one of {listed}, got {value!r}")


def require_array(name: str, values: Any, owner: str) -> NDArray[np.float64]:
    """`values` as an array of floats of any shape, NaN and infinities included, or a sentence."""
    try:
        array = np.asarray(values)
        if np.iscomplexobj(array) or array.dtype.kind in "bUSmM":
            raise TypeError
        if array.dtype.kind == "O" and any(value is None for value in array.flat):
            raise TypeError
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise BadArgument(
            f"{owner}: {name} must be a number or an array of numbers, got {shown(values)}"
        ) from None
