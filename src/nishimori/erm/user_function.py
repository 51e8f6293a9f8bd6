"""Calls of a loss that a user wrote, and what to say if they fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument

__all__ = ["evaluated", "kinks_at"]

FloatArray = NDArray[np.float64]

_WANTED = "loss must be a vectorised function of (y, z), two arrays, that returns the loss of each"


def evaluated(loss: Callable[[Any, Any], Any], y: FloatArray, z: FloatArray) -> FloatArray:
    """The loss at two arrays.

    Raises
    ------
    BadArgument
        If the function fails, or returns anything but real numbers in the shape of its arguments.
    """
    try:
        with np.errstate(all="ignore"):
            out = np.asarray(loss(y, z))
    except Exception as error:
        raise BadArgument(f"Custom: {_WANTED}; {_failure(error)}") from error
    if out.dtype.kind not in "biuf":
        raise BadArgument(f"Custom: {_WANTED}; it returned {_kind(out)}")
    shape = np.broadcast_shapes(y.shape, z.shape)
    if out.shape != shape:
        raise BadArgument(
            f"Custom: {_WANTED}; for arguments of the broadcast shape {shape} it returned "
            f"the shape {out.shape}"
        )
    return out.astype(np.float64)


def kinks_at(breakpoints: Callable[[float], Any], y: float) -> FloatArray:
    """What the function of kinks says for one label."""
    wanted = "breakpoints must be numbers, or a function of one label that returns numbers"
    try:
        places = np.atleast_1d(np.asarray(breakpoints(y), dtype=np.float64))
    except Exception as error:
        raise BadArgument(f"Custom: {wanted}; {_failure(error)}") from error
    if places.ndim != 1 or not np.isfinite(places).all():
        raise BadArgument(f"Custom: {wanted}; at y = {y:.6g} it returned {places!r:.60}")
    return places


def _failure(error: Exception) -> str:
    what = f"it raised {type(error).__name__}: {str(error).rstrip('.')}"
    if "truth value of an array" in str(error):
        what += " (np.maximum and np.where take arrays, max and if do not)"
    return what


def _kind(out: NDArray[Any]) -> str:
    if out.dtype.kind == "c":
        return "complex numbers"
    if out.dtype.kind in "US":
        return "text"
    return "nothing" if out.ndim == 0 and out[()] is None else f"values of dtype {out.dtype}"
