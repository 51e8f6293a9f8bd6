"""Points of the user's own, held against a curve."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from nishimori.arguments import require_array, require_integer, shown
from nishimori.channels import Channel
from nishimori.errors import BadArgument
from nishimori.glm import GLM
from nishimori.network import DeepNetwork
from nishimori.results import Curve, ErmCurve, traced
from nishimori.simulate.compared import Comparison, compared_point
from nishimori.simulate.comparison import require_model
from nishimori.simulate.points import read_points
from nishimori.simulate.procedures import as_procedure
from nishimori.simulate.theory_values import Theory, natural_scale
from nishimori.spectra import Spectrum

__all__ = ["judge"]

FloatArray = NDArray[np.float64]

_LABEL = "points"
_STEEP = 4.0  # an interval that falls so much faster than its neighbours may hold a jump


def judge(
    curve: Curve | ErmCurve | GLM | DeepNetwork | Callable[[FloatArray], ArrayLike],
    points: Any,
    *,
    channel: Channel | None = None,
    estimator: Any = None,
    spectrum: Spectrum | None = None,
    width: int | None = None,
) -> Comparison:
    """Hold measured test errors against theory: the same table as `compare`, of your own points.

    Parameters
    ----------
    curve : GLM, DeepNetwork, callable, Curve or ErmCurve
        A GLM, or a network with `channel`, is asked at the alphas of the points; so is a function
        of an array of alphas that returns test errors. A curve is interpolated (monotone cubic in
        ln alpha) between its points, and the allowance grows by the difference from a straight
        line; outside them it is not known.
    points : path, DataFrame, mapping, structured array, rows, array or Comparison
        With the columns alpha (or n and d), error, standard_error and maybe width and repetitions,
        by these or other usual names. An array has the first four, in this order. A point of
        known repetitions differs beyond Student's limit, any other beyond 4 standard errors.
    channel : Channel, optional
        Of the labels; needed with a network.
    estimator : Estimator or Procedure, optional
        Whose theory is meant, as in `compare`; the Bayes optimum by default.
    spectrum : Spectrum, optional
        Of the inputs, with a network.
    width : int, optional
        The smallest width of points that do not state theirs. Where none is known, nothing is put
        down to the finite width.

    Returns
    -------
    Comparison

    Raises
    ------
    BadArgument
        If a column is missing, a number is not finite or out of its domain, or an alpha lies
        outside a curve.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Linear(noise=0.1))
    >>> mine = {"alpha": [0.5, 2.0], "error": [0.675, 0.19], "se": [0.004, 0.001]}
    >>> for point in nm.simulate.judge(problem, mine).points:
    ...     print(f"{point.theory:.6f} {point.z:6.2f} {point.verdict}")
    0.674166   0.21 agrees
    0.184429   5.57 differs
    """
    read = read_points(points)
    if width is not None:
        fallback = require_integer("width", width, "judge", 1, 10**9)
        known = np.where(np.isnan(read.width), float(fallback), read.width)
        read = replace(read, width=known)
    doubt = np.zeros(read.alpha.size)
    reasons = [""] * read.alpha.size
    metrics: dict[str, str] = {}
    theories: dict[str, Any] = {}
    title, bound = "", False
    if isinstance(curve, GLM | DeepNetwork):
        problem, network = require_model(curve, channel, spectrum, "judge")
        theory = Theory(problem, network)
        if estimator is not None and not (isinstance(estimator, str) and estimator == "bayes"):
            theory = Theory.of(as_procedure(estimator), problem, network)
        errors, reasons = theory.errors(read.alpha)
        scale = np.maximum(natural_scale(problem, theory.metric), errors)
        metrics, theories = {_LABEL: theory.metric}, {_LABEL: theory}
        title, bound = f"{curve}" + (f"; {channel}" if channel else ""), theory.bound
    else:
        _refuse_rest(channel, estimator, spectrum)
        if isinstance(curve, Curve | ErmCurve):
            errors, doubt = _interpolated(curve, read.alpha)
            largest = float(np.nanmax(curve.test_error))
        elif callable(curve):
            errors = require_array("its value", curve(read.alpha), "judge: curve")
            if errors.shape != read.alpha.shape:
                raise BadArgument(
                    f"judge: curve returned shape {errors.shape} for {read.alpha.size} alphas"
                )
            largest = float(np.max(np.abs(errors[np.isfinite(errors)]), initial=0.0))
        else:
            raise BadArgument(
                "judge: curve must be a Curve, an ErmCurve, a GLM, a DeepNetwork (with channel=) "
                f"or a function of alpha, got {shown(curve)}"
            )
        scale = np.full(read.alpha.size, largest)
    rows = [
        compared_point(
            _LABEL,
            float(read.alpha[k]),
            float(errors[k]),
            float(read.error[k]),
            float(read.standard_error[k]),
            width=None if np.isnan(read.width[k]) else round(float(read.width[k])),
            scale=float(scale[k]),
            more_allowance=float(doubt[k]),
            bound=bound,
            repetitions=None if np.isnan(read.repetitions[k]) else int(read.repetitions[k]),
            reason=reasons[k],
        )
        for k in range(read.alpha.size)
    ]
    held = {name: getattr(read, name).tolist() for name in ("alpha", "error", "standard_error")}
    held |= {
        name: [None if math.isnan(value) else value for value in getattr(read, name).tolist()]
        for name in ("width", "repetitions")
    }
    asked = {"channel": channel, "estimator": estimator, "spectrum": spectrum}
    table = Comparison(tuple(rows), metrics, title, theories)
    judged: Comparison = traced(
        lambda: table, None, "nm.simulate.judge", {"curve": curve, "points": held, **asked}
    )
    return judged


def _refuse_rest(channel: Any, estimator: Any, spectrum: Any) -> None:
    for name, value in (("channel", channel), ("estimator", estimator), ("spectrum", spectrum)):
        if value is not None:
            raise BadArgument(
                f"judge: {name} is for a GLM or a DeepNetwork; a curve is what it is; leave it out"
            )


def _interpolated(curve: Curve | ErmCurve, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Test errors between the points of a curve, and how far off they may be."""
    good = ~curve.failed.ravel() & np.isfinite(curve.test_error.ravel())
    grid, first = np.unique(curve.alpha.ravel()[good], return_index=True)
    every = curve.test_error.ravel()[good]
    errors = every[first]
    if not np.array_equal(errors[np.searchsorted(grid, curve.alpha.ravel()[good])], every):
        raise BadArgument(
            "judge: the curve has several test errors at one alpha; give one of one setting"
        )
    near = 1e-9 * alpha
    low, high = (grid[0], grid[-1]) if grid.size else (np.inf, -np.inf)
    outside = (alpha < low - near) | (alpha > high + near)
    if outside.any():
        raise BadArgument(
            f"judge: alpha = {alpha[outside][0]:g} lies outside the curve, which has good points "
            f"from {low:g} to {high:g}; compute the curve there, or give the problem itself"
        )
    closest = np.clip(np.searchsorted(grid, alpha - near), 0, grid.size - 1)
    exact = np.abs(grid[closest] - alpha) <= near
    if exact.all():
        return errors[closest], np.zeros(alpha.size)
    t, at = np.log(grid), np.log(np.clip(alpha, low, high))
    smooth = PchipInterpolator(t, errors)(at)
    doubt = np.abs(smooth - np.interp(at, t, errors))
    slope = np.abs(np.diff(errors) / np.diff(t))
    padded = np.concatenate([[0.0], slope, [0.0]])
    cell = np.clip(np.searchsorted(t, at, side="right") - 1, 0, slope.size - 1)
    usual = np.maximum(padded[cell], padded[cell + 2])
    jump = slope[cell] > _STEEP * usual
    reach = np.maximum(np.abs(errors[cell] - smooth), np.abs(errors[cell + 1] - smooth))
    doubt = np.where(jump, reach, doubt)
    return np.where(exact, errors[closest], smooth), np.where(exact, 0.0, doubt)
