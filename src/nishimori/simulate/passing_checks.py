"""Data that message passing can be run on, or a sentence that says why it cannot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array, require_fraction, require_integer
from nishimori.errors import BadArgument
from nishimori.simulate.passing import Settings

__all__ = [
    "require_independent",
    "require_inputs",
    "require_samples",
    "require_settings",
    "require_vector",
]

FloatArray = NDArray[np.float64]

_MOST = 10_000_000  # iterations
_FEWEST = 1000  # numbers of the inputs, below which their variance is not judged
_FACTOR = 2.0  # that the variance of the inputs may be off


def require_settings(owner: str, iterations: Any, damping: Any, tolerance: Any) -> Settings:
    """The three as numbers within their ranges."""
    count = require_integer("iterations", iterations, owner, 1, _MOST)
    share = require_fraction("damping", damping, owner, 0.0, 1.0)
    if share == 1.0:
        raise BadArgument(f"{owner}: damping must be smaller than 1, which moves nothing")
    return Settings(count, share, require_fraction("tolerance", tolerance, owner, 0.0, 1.0))


def require_samples(owner: str, inputs: Any, labels: Any) -> tuple[FloatArray, FloatArray]:
    """Inputs of shape (n, d) and n labels, all finite, as doubles."""
    x, y = require_array("inputs", inputs, owner), require_array("labels", labels, owner)
    if x.ndim != 2 or 0 in x.shape:
        raise BadArgument(
            f"{owner}: inputs must be a matrix of samples by components, got shape {x.shape}"
        )
    if y.shape != x.shape[:1]:
        raise BadArgument(f"{owner}: {x.shape[0]} inputs need as many labels, got shape {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadArgument(f"{owner}: inputs and labels must be finite")
    return x, y


def require_inputs(owner: str, inputs: Any, size: int) -> FloatArray:
    """Fresh inputs as rows of `size` finite numbers; a single one may be a vector."""
    x = np.atleast_2d(require_array("inputs", inputs, owner))
    if x.ndim != 2 or x.shape[1] != size:
        raise BadArgument(
            f"{owner}: inputs must be rows of {size} numbers, as those of the training samples, "
            f"got shape {x.shape}"
        )
    if not np.isfinite(x).all():
        raise BadArgument(f"{owner}: inputs must be finite")
    return x


def require_vector(owner: str, name: str, values: ArrayLike | None, size: int) -> FloatArray | None:
    """`size` finite numbers, or None."""
    if values is None:
        return None
    vector = require_array(name, values, owner)
    if vector.shape != (size,) or not np.isfinite(vector).all():
        raise BadArgument(
            f"{owner}: {name} must be {size} finite numbers, one per input component, got shape "
            f"{vector.shape}"
        )
    return vector


def require_independent(owner: str, x: FloatArray, present: int, rng: np.random.Generator) -> None:
    r"""Refuse inputs that are not of unit variance, or whose components are clearly correlated.

    For independent components :math:`E |X^T X u|^2/|u|^2 = n (n + d + 1)`; correlations of
    relative variance s add n^2 s. `present` of the components are not constantly zero.
    """
    n = x.shape[0]
    if n * present < _FEWEST:
        return
    square = float(np.vdot(x, x)) / (n * present)
    if not 1.0 / _FACTOR < square < _FACTOR:
        raise BadArgument(
            f"{owner}: inputs must be x itself, not x/sqrt(d), of unit variance per component (or "
            f"of the variances that scale tells); their mean square is {square:.3g} of that"
        )
    u = rng.standard_normal(x.shape[1])
    z = x.T @ (x @ u)
    ratio = float(z @ z) / (present * n * (n + present + 1.0))
    if ratio > 1.5 + 20.0 / math.sqrt(min(n, present)):
        raise BadArgument(
            f"{owner}: the components of the inputs are correlated, and message passing is valid "
            "for independent ones; rotate them to their principal axes and give scale (Gaussian "
            "weights), or train an estimator"
        )
