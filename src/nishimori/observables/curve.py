"""Learning curves and single states: solutions dressed with what they mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.errors import BadArgument, Status, UnresolvedIntegral
from nishimori.glm import GLM, OnFailure
from nishimori.observables.errors import default_errors
from nishimori.observables.information import mutual_informations
from nishimori.results import Curve, ErmCurve, State
from nishimori.state_evolution import Equations, Solution, solve_all, solve_branch
from nishimori.state_evolution.requests import (
    report,
    require_alpha,
    require_branch,
    require_options,
)

__all__ = [
    "branches",
    "failure_sentence",
    "fixed_points",
    "learning_curve",
    "report_failures",
    "solve",
]

FloatArray = NDArray[np.float64]


def learning_curve(
    problem: GLM,
    alpha: ArrayLike,
    *,
    branch: str = "optimal",
    rtol: float = 1e-10,
    on_failure: OnFailure = "raise",
) -> Curve:
    """See `GLM.learning_curve`."""
    ratios = require_alpha(alpha)
    require_branch(branch)
    require_options(rtol, on_failure)
    equations = Equations.of(problem)
    solution = solve_branch(equations, ratios.ravel(), branch, rtol)
    curve = _dressed(equations, ratios, solution, branch)
    report_failures(curve, on_failure)
    return curve


def solve(
    problem: GLM,
    alpha: float,
    *,
    branch: str = "optimal",
    rtol: float = 1e-10,
    on_failure: OnFailure = "raise",
) -> State:
    """See `GLM.solve`."""
    if np.ndim(alpha) != 0:
        raise BadArgument("solve: alpha must be one number; learning_curve takes an array")
    return learning_curve(problem, alpha, branch=branch, rtol=rtol, on_failure=on_failure).state(0)


def branches(
    problem: GLM, alpha: ArrayLike, *, rtol: float = 1e-10, on_failure: OnFailure = "raise"
) -> list[Curve]:
    """Every branch of fixed points, stable or not, each at those of `alpha` where it exists."""
    ratios = require_alpha(alpha).ravel()
    require_options(rtol, on_failure)
    equations = Equations.of(problem)
    found = []
    for solution in solve_all(equations, ratios, rtol):
        exists = solution.status != Status.NO_SOLUTION
        if exists.any():
            found.append(_dressed(equations, ratios[exists], solution.part(exists), "all"))
            report_failures(found[-1], on_failure)
    return found


def fixed_points(
    problem: GLM, alpha: ArrayLike, *, rtol: float = 1e-10, on_failure: OnFailure = "raise"
) -> list[State]:
    """See `GLM.fixed_points`."""
    asked = require_alpha(alpha).ravel()
    found = branches(problem, np.unique(asked), rtol=rtol, on_failure=on_failure)
    at: dict[float, list[State]] = {}
    for state in (state for curve in found for state in curve):
        at.setdefault(state.alpha, []).append(state)
    ordered = dict.fromkeys(float(ratio) for ratio in asked)
    return [
        state
        for ratio in ordered
        for state in sorted(at.get(ratio, []), key=lambda state: state.conjugate)
    ]


def _dressed(equations: Equations, alpha: FloatArray, solution: Solution, branch: str) -> Curve:
    flat, status = alpha.ravel(), solution.status.copy()
    informations, errors = np.full((2, flat.size), np.nan), np.full(flat.size, np.nan)
    made = np.isfinite(solution.overlap)
    part = solution if made.all() else solution.part(made)
    try:
        if made.any():
            informations[:, made] = mutual_informations(equations, flat[made], part)
            errors[made] = default_errors(equations, part.overlap, part.mmse, part.log_conjugate)
    except UnresolvedIntegral:
        status[made] = Status.UNRESOLVED
    arrays: dict[str, Any] = {
        "alpha": flat,
        "overlap": solution.overlap,
        "mmse": solution.mmse,
        "conjugate": solution.conjugate,
        "free_entropy": solution.free_entropy,
        "mutual_information": informations[0],
        "signal_mutual_information": informations[1],
        "test_error": errors,
        "log_loss": -solution.entropy,
        "stable": solution.stable,
        "status": status,
        "residual": solution.residual,
        "error_estimate": solution.error_estimate,
    }
    return Curve(branch=branch, **{k: v.reshape(alpha.shape) for k, v in arrays.items()})


def report_failures(curve: Curve | ErmCurve, on_failure: OnFailure) -> None:
    """Raise or warn if a point of `curve` failed, as `on_failure` says."""
    if on_failure == "return" or not curve.failed.any():
        return
    report(failure_sentence(curve), curve, on_failure)


def failure_sentence(curve: Curve | ErmCurve) -> str:
    """One sentence on how many points failed, the first of them, and why."""
    failed = np.flatnonzero(curve.failed.ravel())
    first = curve.state(int(failed[0]))
    count = f"{failed.size} of {len(curve)} points" if len(curve) > 1 else "the point"
    return (
        f"{count} missed the tolerance; at alpha = {first.alpha:g}: {first.status.sentence} "
        f"(residual {first.residual:.1e})"
    )
