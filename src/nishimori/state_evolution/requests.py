"""What can be asked of a solver, and what happens to a result that misses it."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array, require_fraction, shown
from nishimori.errors import BadArgument, ConvergenceError, ConvergenceWarning, suggest
from nishimori.glm import OnFailure

__all__ = ["report", "require_alpha", "require_branch", "require_options"]

FloatArray = NDArray[np.float64]

_BRANCHES = ("optimal", "algorithmic", "informed")


def require_alpha(alpha: ArrayLike) -> FloatArray:
    """`alpha` as an array of finite positive floats, or a sentence."""
    ratios = require_array("alpha", alpha, "sample ratios").copy()
    if ratios.size == 0:
        raise BadArgument("alpha is empty; at least one sample ratio n/d is needed")
    bad = ~(np.isfinite(ratios) & (ratios > 0.0))
    if bad.any():
        raise BadArgument(
            f"alpha is the sample ratio n/d and must be positive and finite, got {ratios[bad][0]:g}"
        )
    return ratios


def require_branch(branch: str) -> None:
    """Refuse, in a sentence, a branch that there is not."""
    if branch not in _BRANCHES:
        if not isinstance(branch, str):
            raise BadArgument(f"branch must be one of {', '.join(_BRANCHES)}, got {branch!r}")
        raise suggest(branch, _BRANCHES, "branch")


def require_options(rtol: float, on_failure: str) -> None:
    """Refuse, in a sentence, a tolerance or an `on_failure` that there is not."""
    require_fraction("rtol", rtol, "relative tolerance", 1e-13, 1e-3)
    if not isinstance(on_failure, str) or on_failure not in ("raise", "warn", "return"):
        raise BadArgument(
            f"on_failure must be 'raise', 'warn' or 'return', got {shown(on_failure)}"
        )


def report(message: str, result: object, on_failure: OnFailure) -> None:
    """Raise, warn or say nothing about a `result` that missed its tolerance."""
    if on_failure == "raise":
        raise ConvergenceError(message, result)
    if on_failure == "warn":
        warnings.warn(message, ConvergenceWarning, stacklevel=5)
