"""The mean of a learning curve over the random output offset of a network, and its spread."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array
from nishimori.errors import BadArgument, Status
from nishimori.glm import GLM, OnFailure
from nishimori.observables.curve import learning_curve, report_failures
from nishimori.results import Curve
from nishimori.state_evolution.requests import require_alpha

__all__ = ["offset_average"]

FloatArray = NDArray[np.float64]

_REACH = 8.5
_AGREEMENT = 1e-11
_LEVELS = 6
_MEANS = (
    "overlap mmse conjugate free_entropy mutual_information signal_mutual_information "
    "test_error log_loss"
).split()


def offset_average(
    problem: GLM,
    offset_variance: float,
    alpha: ArrayLike,
    *,
    branch: str = "optimal",
    rtol: float = 1e-10,
    on_failure: OnFailure = "raise",
    quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    progress: Callable[[int, int], None] | None = None,
) -> Curve:
    r"""Average `problem`'s curve over its offset :math:`c_0 \sim N(0, \text{offset\_variance})`.

    The mean is a trapezoid sum over c_0, halved in step until two levels agree to 1e-11; the
    disagreement is part of the error estimate. The error of a sign label falls with abs(c_0), so
    a quantile of the error is the error at the opposite quantile of abs(c_0); should the error not
    be monotone, quantiles are interpolated between the nodes of the sum (three digits).
    """
    probabilities = require_array("quantiles", quantiles, "learning_curve").ravel().tolist()
    for probability in probabilities:
        if not 0.0 < probability < 1.0:
            raise BadArgument(
                f"quantiles are probabilities between 0 and 1, exclusive; got {probability!r}"
            )
    ratios = require_alpha(alpha)
    if offset_variance == 0.0 or problem.channel.ignores_offset:
        return learning_curve(problem, ratios, branch=branch, rtol=rtol, on_failure=on_failure)
    sigma = math.sqrt(offset_variance)

    def at(z: float) -> Curve:
        shifted = replace(problem, offset=problem.offset + sigma * z)
        return learning_curve(shifted, ratios, branch=branch, rtol=rtol, on_failure="return")

    curves: dict[float, Curve] = {}
    even = problem.channel.even_in_offset and problem.offset == 0.0
    step, means, error = 2.0, None, np.full(ratios.shape, np.inf)
    for level in range(_LEVELS):
        step *= 0.5
        count = math.floor(_REACH / step)
        nodes = [k * step for k in range(0 if even else -count, count + 1)]
        waiting = [z for z in nodes if z not in curves]
        for done, z in enumerate(waiting):
            curves[z] = at(z)
            if progress is not None:
                progress(len(nodes) - len(waiting) + done + 1, len(nodes))
        weights = {z: math.exp(-0.5 * z * z) * (2.0 if even and z > 0.0 else 1.0) for z in nodes}
        norm = sum(weights.values())
        previous, means = (
            means,
            {
                name: sum(weights[z] * getattr(curves[z], name) for z in nodes) / norm
                for name in _MEANS
            },
        )
        if previous is not None:
            with np.errstate(invalid="ignore"):
                error = np.abs(means["test_error"] / previous["test_error"] - 1.0)
                error = np.maximum(error, np.abs(means["mmse"] / previous["mmse"] - 1.0))
            if level > 1 and np.all(error <= max(_AGREEMENT, 0.1 * rtol)):
                break
    assert means is not None
    curve = _combined(ratios, branch, curves, means, error, rtol)
    curve = replace(curve, quantiles=_quantiles(curves, probabilities, at, even))
    report_failures(curve, on_failure)
    return curve


def _combined(
    alpha: FloatArray,
    branch: str,
    curves: dict[float, Curve],
    means: dict[str, FloatArray],
    error: FloatArray,
    rtol: float,
) -> Curve:
    parts = list(curves.values())
    failed = np.any([part.failed for part in parts], axis=0)
    worst = np.max([np.where(part.failed, part.status, 0) for part in parts], axis=0)
    status = np.where(failed, worst, parts[0].status)
    status[~failed & ~(error <= max(1e-9, rtol))] = Status.UNRESOLVED
    values = {
        "alpha": alpha,
        "branch": branch,
        "stable": np.all([part.stable for part in parts], axis=0),
        "status": status,
        "residual": np.max([part.residual for part in parts], axis=0),
        "error_estimate": np.max([part.error_estimate for part in parts], axis=0) + error,
        **{name: np.asarray(means[name]) for name in _MEANS},
    }
    known = {field.name for field in fields(Curve)}
    return Curve(**{name: value for name, value in values.items() if name in known})


def _quantiles(
    curves: dict[float, Curve],
    probabilities: Sequence[float],
    at: Callable[[float], Curve],
    even: bool,
) -> dict[float, FloatArray]:
    nodes = sorted(curves)
    errors = np.stack([curves[z].test_error for z in nodes])
    slack = 1e-12 * errors[:-1]
    falls = bool(np.all(np.diff(errors, axis=0) <= slack))
    normal = NormalDist()
    if even and falls:
        return {p: at(normal.inv_cdf(1.0 - 0.5 * p)).test_error for p in sorted(probabilities)}
    equal = np.array([normal.inv_cdf((k + 0.5) / 4001) for k in range(4001)])
    equal = np.abs(equal) if even else equal
    flat = errors.reshape(len(nodes), -1)
    samples = np.stack([np.interp(equal, nodes, column) for column in flat.T])
    return {
        p: np.quantile(samples, p, axis=1).reshape(errors.shape[1:]) for p in sorted(probabilities)
    }
