"""Fixed points at given sample ratios: one branch, or all of them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status, UnresolvedIntegral
from nishimori.priors import Gaussian
from nishimori.state_evolution.equations import Equations, Point
from nishimori.state_evolution.inverse_map import InverseMap
from nishimori.state_evolution.landscape import LINEAR_BELOW, Landscape
from nishimori.state_evolution.solution import (
    Solution,
    failed,
    nothing_learnt,
    perfect_recovery,
)

__all__ = ["solve_all", "solve_branch"]

FloatArray = NDArray[np.float64]

# Where F(0) = 0, alpha(r) is taken to be linear in r below this ln r (to 1e-11 and less).
_ONSET_BELOW = -12.0
_POLISH_STEPS = 6
# an error of the given variances that leaves fewer digits of the mmse is a failure
_FEW_DIGITS = 1e-6
_EPSILON = float(np.finfo(float).eps)


def solve_branch(equations: Equations, alpha: FloatArray, branch: str, rtol: float) -> Solution:
    """The optimal, algorithmic or informed fixed point at each of `alpha` (flat, valid)."""
    best, *others = solve_all(equations, alpha, rtol, stable_only=True)
    for other in others:
        missing = ~best.stable | (best.status == Status.NO_SOLUTION)
        exists = other.stable & (other.status != Status.NO_SOLUTION)
        if branch == "optimal":
            better = exists & (missing | (other.free_entropy > best.free_entropy))
        elif branch == "informed":
            better = exists & (missing | (other.log_conjugate > best.log_conjugate))
        else:
            better = exists & (missing | (other.log_conjugate < best.log_conjugate))
        best = other.where(better, best)
    return best


def solve_all(
    equations: Equations, alpha: FloatArray, rtol: float, *, stable_only: bool = False
) -> list[Solution]:
    """Every branch of fixed points in ascending conjugate, each on all of `alpha`.

    Where a branch does not exist at a sample ratio, its status there is ``NO_SOLUTION``. Where
    the channel's integrals are not resolved, the first one's is ``UNRESOLVED``: from some sample
    ratio on, as they get no easier when more is known.
    """
    try:
        return _branches(equations, alpha, rtol, stable_only)
    except UnresolvedIntegral:
        order, found = np.argsort(alpha), list[Solution]()
    done, missed = 0, alpha.size
    while missed - done > 1:
        middle = (done + missed) // 2
        try:
            found = _branches(equations, alpha[order[:middle]], rtol, stable_only)
            done = middle
        except UnresolvedIntegral:
            missed = middle
    solutions = [failed(alpha, Status.NO_SOLUTION) for _ in range(max(1, len(found)))]
    for solution, part in zip(solutions, found, strict=False):
        solution.put(order[:done], part)
    solutions[0].status[order[done:]] = Status.UNRESOLVED
    return solutions


def _branches(
    equations: Equations, alpha: FloatArray, rtol: float, stable_only: bool
) -> list[Solution]:
    if equations.signal_variance == 0.0:
        return [nothing_learnt(equations, alpha)]
    log_alpha = np.log(alpha)
    if type(equations.prior) is Gaussian:
        conjugate = equations.channel.gaussian_conjugate(
            alpha, equations.signal_variance, equations.noise_variance
        )
        if conjugate is not None:
            return [_explicit(equations, alpha, conjugate, rtol)]
    try:
        ends = Landscape.of(equations)
    except FloatingPointError:
        return [failed(alpha, Status.NOT_FINITE)]
    if ends.silent:
        return [nothing_learnt(equations, alpha)]
    start = _start(equations, ends, alpha, log_alpha, rtol)
    window = ends.window(equations, float(log_alpha.min()), float(log_alpha.max()))
    solutions = []
    if window is not None:
        inverse = InverseMap(equations.at, window, costly=equations.channel.costly)
        for branch in inverse.branches:
            if branch.stable or not stable_only:
                root, slope = inverse.roots(branch, log_alpha)
                if equations.channel.costly:
                    found = _interpolated(equations, inverse, alpha, root, slope, rtol)
                else:
                    found = _polished(equations, alpha, root, slope, rtol)
                solutions.append(found)
    if start is not None:
        solutions = _joined(start, solutions)
    if ends.even:
        solutions.insert(0, nothing_learnt(equations, alpha, log_alpha < ends.log_weak_recovery))
    if ends.log_perfect < math.inf:
        solutions.append(perfect_recovery(equations, alpha, log_alpha > ends.log_perfect))
    return solutions or [failed(alpha, Status.NO_SOLUTION)]


def _start(
    equations: Equations,
    ends: Landscape,
    alpha: FloatArray,
    log_alpha: FloatArray,
    rtol: float,
) -> Solution | None:
    """Fixed points at so small an r that alpha(r) is known in closed form."""
    if ends.even:
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.log((log_alpha - ends.log_weak_recovery) / ends.onset)
            slope = ends.onset * np.exp(root)
        near = root < _ONSET_BELOW
    else:
        root, slope = log_alpha - ends.linear, np.ones_like(alpha)
        near = root < LINEAR_BELOW
    if not near.any():
        return None
    return _polished(equations, alpha, np.where(near, root, np.nan), slope, rtol)


def _joined(start: Solution, solutions: list[Solution]) -> list[Solution]:
    """Merge the start with the first branch of the map, which continues it."""
    if not solutions:
        return [start]
    first, *rest = solutions
    return [first.where(first.status != Status.NO_SOLUTION, start), *rest]


def _interpolated(
    equations: Equations,
    inverse: InverseMap,
    alpha: FloatArray,
    root: FloatArray,
    slope: FloatArray,
    rtol: float,
) -> Solution:
    """Fixed points of a channel too costly to evaluate at each of them.

    The entropy comes from its series; the residual is how far the series of ln alpha is from the
    equation, measured between the nodes of each panel that is used.
    """
    out = failed(alpha, Status.NO_SOLUTION)
    exists = np.flatnonzero(np.isfinite(root))
    if exists.size == 0:
        return out
    t = root[exists]
    panel = inverse.panel_of(t)
    used, index = np.unique(panel, return_inverse=True)
    check = 0.5 * (inverse.edges[used] + inverse.edges[used + 1])
    gap = np.abs(equations.log_alpha(check) - inverse.log_alpha_at(check)[0])
    denoised = equations.prior.evaluate(np.exp(t))
    point = Point(
        np.log(alpha[exists]),
        denoised.overlap,
        denoised.mmse,
        inverse.entropy_at(t),
        denoised.deficit,
        denoised.mmse_slope,
        denoised.overlap_slope,
        inverse.error[panel],
    )
    residual = np.expm1(gap)[index]
    out.put(exists, _assembled(equations, alpha[exists], t, point, slope[exists], residual, rtol))
    return out


def _polished(
    equations: Equations, alpha: FloatArray, root: FloatArray, slope: FloatArray, rtol: float
) -> Solution:
    """Newton steps on exact values until the residual is below the tolerance."""
    exists = np.isfinite(root)
    if not exists.all():
        out = failed(alpha, Status.NO_SOLUTION)
        if exists.any():
            out.put(exists, _polished(equations, alpha[exists], root[exists], slope[exists], rtol))
        return out
    goal = min(0.1 * rtol, 1e-12)
    t, point = root.copy(), equations.at(root)
    gap = np.log(alpha) - point.log_alpha
    for _ in range(_POLISH_STEPS):
        # the rounding of ln r and ln alpha is the floor
        floor = 4.0 * _EPSILON * (1.0 + np.abs(t) + np.abs(point.log_alpha))
        late = np.flatnonzero(np.abs(gap) > np.maximum(goal, floor))
        if late.size == 0:
            break
        step = np.clip(gap[late] / slope[late], -0.5, 0.5)
        trial = t[late] + step
        at_trial = equations.at(trial)
        new_gap = np.log(alpha[late]) - at_trial.log_alpha
        better = np.abs(new_gap) < np.abs(gap[late])
        kept = late[better]
        if kept.size == 0:
            break
        t[kept], gap[kept] = trial[better], new_gap[better]
        for old, new in zip(point, at_trial, strict=True):
            old[kept] = new[better]
    return _assembled(equations, alpha, t, point, slope, np.abs(np.expm1(gap)), rtol)


def _assembled(
    equations: Equations,
    alpha: FloatArray,
    log_conjugate: FloatArray,
    point: Point,
    slope: FloatArray,
    residual: FloatArray,
    rtol: float,
) -> Solution:
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        free_entropy = alpha * point.entropy - point.deficit
        sensitivity = np.maximum(point.mmse_slope, point.overlap_slope) / np.abs(slope)
        # ln alpha moves with ln lambda itself and, at most as much, with lambda in F
        given = 2.0 * equations.variance_error
        doubt = residual + point.error + given + 4.0 * _EPSILON
        error = sensitivity * doubt + 2.0 * _EPSILON
    status = np.full(alpha.shape, int(Status.CONVERGED))
    status[point.error > rtol] = Status.UNRESOLVED
    status[point.mmse_slope * given > np.abs(slope) * _FEW_DIGITS] = Status.UNRESOLVED
    status[~(residual <= rtol)] = Status.RESIDUAL_TOO_LARGE
    status[~np.isfinite(residual) | np.isnan(point.mmse)] = Status.NOT_FINITE
    return Solution(
        log_conjugate,
        point.overlap,
        point.mmse,
        point.entropy,
        point.deficit,
        free_entropy,
        slope > 0.0,
        status,
        residual,
        error,
    )


def _explicit(
    equations: Equations, alpha: FloatArray, conjugate: FloatArray, rtol: float
) -> Solution:
    """A channel that knows its conjugate in closed form; the residual is still the equation's."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        log_conjugate = np.log(conjugate)
        denoised = equations.prior.evaluate(conjugate)
        signal, variance = equations.channel_arguments(denoised.overlap, denoised.mmse)
        known = equations.channel.evaluate(signal, variance, equations.offset)
        right = alpha * (equations.signal_variance * known.fisher)
        residual = np.abs(right / conjugate - 1.0)
        # d ln alpha / d ln r by the chain rule: F depends on V alone
        slope = 1.0 - denoised.overlap * equations.signal_variance * denoised.mmse * known.fisher
    exact = np.isinf(conjugate) & np.isinf(known.fisher)
    nothing = conjugate == 0.0
    residual[exact | nothing] = 0.0
    point = Point(
        np.log(alpha),
        denoised.overlap,
        denoised.mmse,
        known.entropy,
        denoised.deficit,
        denoised.mmse_slope,
        denoised.overlap_slope,
        known.error,
    )
    slope[exact | nothing] = 1.0
    solution = _assembled(equations, alpha, log_conjugate, point, slope, residual, rtol)
    solution.status[exact] = Status.PERFECT_RECOVERY
    solution.free_entropy[exact] = np.inf
    solution.status[nothing] = Status.NOTHING_LEARNT
    return solution
