"""Learning curves and single states: solutions dressed with what they mean."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.errors import BadArgument, ConvergenceError, ConvergenceWarning, Status, suggest
from nishimori.glm import GLM
from nishimori.observables.errors import default_errors
from nishimori.observables.information import mutual_informations
from nishimori.results import Curve, ErmCurve, State
from nishimori.state_evolution import Equations, Solution, solve_all, solve_branch

__all__ = ["fixed_points", "learning_curve", "report_failures", "solve"]

FloatArray = NDArray[np.float64]
OnFailure = Literal["raise", "warn", "return"]

_BRANCHES = ("optimal", "algorithmic", "informed")


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
    _require_branch(branch)
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


def fixed_points(
    problem: GLM, alpha: float, *, rtol: float = 1e-10, on_failure: OnFailure = "raise"
) -> list[State]:
    """See `GLM.fixed_points`."""
    if np.ndim(alpha) != 0:
        raise BadArgument("fixed_points: alpha must be one number")
    ratios = require_alpha(alpha)
    require_options(rtol, on_failure)
    equations = Equations.of(problem)
    states = []
    for solution in solve_all(equations, ratios.ravel(), rtol):
        if solution.status[0] != Status.NO_SOLUTION:
            curve = _dressed(equations, ratios, solution, "all")
            report_failures(curve, on_failure)
            states.append(curve.state(0))
    return sorted(states, key=lambda state: state.conjugate)


def require_alpha(alpha: ArrayLike) -> FloatArray:
    """`alpha` as an array of finite positive floats, or a sentence."""
    try:
        ratios = np.array(alpha, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadArgument(f"alpha must be a number or an array of numbers, got {alpha!r}") from None
    if ratios.size == 0:
        raise BadArgument("alpha is empty; at least one sample ratio n/d is needed")
    bad = ~(np.isfinite(ratios) & (ratios > 0.0))
    if bad.any():
        raise BadArgument(
            f"alpha is the sample ratio n/d and must be positive and finite, got {ratios[bad][0]:g}"
        )
    return ratios


def _require_branch(branch: str) -> None:
    if branch not in _BRANCHES:
        raise suggest(str(branch), _BRANCHES, "branch")


def require_options(rtol: float, on_failure: str) -> None:
    """Refuse a tolerance or a way to fail that does not exist."""
    if not (isinstance(rtol, int | float) and 1e-13 <= rtol <= 1e-3):
        raise BadArgument(f"rtol must lie between 1e-13 and 1e-3, got {rtol!r}")
    if on_failure not in ("raise", "warn", "return"):
        raise BadArgument(f"on_failure must be 'raise', 'warn' or 'return', got {on_failure!r}")


def _dressed(equations: Equations, alpha: FloatArray, solution: Solution, branch: str) -> Curve:
    flat = alpha.ravel()
    all_known, signal_known = mutual_informations(equations, flat, solution)
    arrays: dict[str, Any] = {
        "alpha": flat,
        "overlap": solution.overlap,
        "mmse": solution.mmse,
        "conjugate": solution.conjugate,
        "free_entropy": solution.free_entropy,
        "mutual_information": all_known,
        "signal_mutual_information": signal_known,
        "test_error": default_errors(
            equations, solution.overlap, solution.mmse, solution.log_conjugate
        ),
        "log_loss": -solution.entropy,
        "stable": solution.stable,
        "status": solution.status,
        "residual": solution.residual,
        "error_estimate": solution.error_estimate,
    }
    return Curve(branch=branch, **{k: v.reshape(alpha.shape) for k, v in arrays.items()})


def report_failures(curve: Curve | ErmCurve, on_failure: OnFailure) -> None:
    """Raise or warn if a point of `curve` failed, as `on_failure` says."""
    if on_failure == "return" or not curve.failed.any():
        return
    message = failure_sentence(curve)
    if on_failure == "raise":
        raise ConvergenceError(message, curve)
    warnings.warn(message, ConvergenceWarning, stacklevel=4)


def failure_sentence(curve: Curve | ErmCurve) -> str:
    """One sentence on how many points failed, the first of them, and why."""
    failed = np.flatnonzero(curve.failed.ravel())
    first = curve.state(int(failed[0]))
    count = f"{failed.size} of {len(curve)} points" if len(curve) > 1 else "the point"
    return (
        f"{count} missed the tolerance; at alpha = {first.alpha:g}: {first.status.sentence} "
        f"(residual {first.residual:.1e})"
    )
