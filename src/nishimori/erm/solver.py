"""From a system of equations to its solutions: directly, or along a path from an easy one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from nishimori.erm.equations import System
from nishimori.erm.newton import Roots, Update, jacobian, solve_fixed_points

__all__ = ["Solved", "map_of", "solve_points"]

FloatArray = NDArray[np.float64]

_GOOD = 1e-9  # residual of a step of the continuation
_FIRST, _LONGEST, _SHORTEST = 2.0, 6.0, 2e-3  # steps along the path, in logarithms
_ATTEMPTS = 150
_MANY = 30  # points of a curve that are worth a few of them to start from
_BETWEEN = 0.35  # distance of these, in logarithms


class Solved(NamedTuple):
    """A row of unknowns for each point, the residual, and by how much an error of it moves them."""

    x: FloatArray
    residual: FloatArray
    sensitivity: FloatArray


def map_of(system: System, alpha: FloatArray, regularization: FloatArray) -> Update:
    """The map x -> f(x) of rows of a batch."""

    def update(x: FloatArray, index: NDArray[np.int_]) -> FloatArray:
        return system.respond(system.conjugates(x, alpha[index]), regularization[index])

    return update


def solve_points(
    system: System,
    alpha: FloatArray,
    regularization: FloatArray,
    start: FloatArray | None = None,
    slope: FloatArray | None = None,
    *,
    along_alpha: bool = False,
) -> Solved:
    """Solve at every pair of `alpha` (n/p) and `regularization`, flat arrays of one size.

    All at once from simple starting points (or `start`, with the Jacobian `slope`), or, along a
    curve of many points, from solutions interpolated between a few of them. Those that fail are
    followed from a large regularisation, where the equations are nearly linear, down to their own;
    or from few samples, where the regularisation plays no part.
    """
    with np.errstate(all="ignore"):
        if start is None and alpha.size >= _MANY:
            start, slope = _interpolated(system, alpha, regularization)
        roots = _solve(system, alpha, regularization, start, slope)
        lost = np.flatnonzero(~(roots.residual < _GOOD))
        if lost.size and start is not None:
            _take(roots, lost, _solve(system, alpha[lost], regularization[lost], None))
            lost = np.flatnonzero(~(roots.residual < _GOOD))
        if lost.size:
            followed = _followed(system, alpha[lost], regularization[lost], along_alpha)
            _take(roots, lost, followed)
        sensitivity = _sensitivity(roots.slope)
        doubtful = np.flatnonzero(~(sensitivity < 1e4))
        if doubtful.size:  # or a Jacobian that was updated too often
            x, few = roots.x[doubtful], np.arange(doubtful.size)
            update = map_of(system, alpha[doubtful], regularization[doubtful])
            sensitivity[doubtful] = _sensitivity(jacobian(update, x, few, update(x, few) - x))
        return Solved(roots.x, roots.residual, sensitivity)


def _solve(
    system: System,
    alpha: FloatArray,
    regularization: FloatArray,
    start: FloatArray | None,
    slope: FloatArray | None = None,
) -> Roots:
    update = map_of(system, alpha, regularization)
    if start is None:
        return solve_fixed_points(update, system.start(alpha, regularization))
    return solve_fixed_points(update, start, picard=0, slope=slope)


def _interpolated(
    system: System, alpha: FloatArray, regularization: FloatArray
) -> tuple[FloatArray | None, FloatArray | None]:
    """Starts and Jacobians of points along a curve, from a few of them; None for other batches."""
    varied = [np.log(values) for values in (alpha, regularization) if np.ptp(values) > 0.0]
    if len(varied) != 1 or not np.isfinite(varied[0]).all():
        return None, None
    path = varied[0]
    count = int(np.ptp(path) / _BETWEEN) + 5
    if 2 * count > path.size:
        return None, None
    wanted = np.linspace(path.min(), path.max(), count)
    few = np.unique(np.abs(path[:, None] - wanted).argmin(axis=0))
    few = few[np.unique(path[few], return_index=True)[1]]
    roots = _solve(system, alpha[few], regularization[few], None)
    slope = roots.slope.reshape(few.size, -1)
    good = (roots.residual < _GOOD) & slope.any(axis=1)
    if good.sum() < 4:
        return None, None
    values = np.concatenate([roots.x, slope], axis=1)[good]
    values = CubicSpline(path[few[good]], values)(path)
    width = roots.x.shape[1]
    return values[:, :width], values[:, width:].reshape(path.size, width, width)


def _followed(
    system: System, alpha: FloatArray, regularization: FloatArray, along_alpha: bool
) -> Roots:
    """From an easy problem to the one asked for, with steps that adapt."""
    target = np.log(alpha) if along_alpha else -np.log(np.maximum(regularization, 1e-15))
    easy = np.minimum(alpha, 0.3) if along_alpha else 10.0 * (1.0 + alpha)
    at = np.log(easy) if along_alpha else -np.log(np.maximum(regularization, easy))

    def solved(rows: NDArray[np.int_], place: FloatArray, start: FloatArray | None) -> Roots:
        if along_alpha:
            return _solve(system, np.exp(place), regularization[rows], start)
        return _solve(system, alpha[rows], np.exp(-place), start)

    roots = solved(np.arange(alpha.size), at, None)
    x, slope = roots.x.copy(), np.zeros_like(roots.x)
    step = np.full(alpha.shape, _FIRST)
    active = np.flatnonzero(roots.residual < _GOOD)
    for _ in range(_ATTEMPTS):
        active = active[(at[active] < target[active]) & (step[active] > _SHORTEST)]
        if active.size == 0:
            break
        new = np.minimum(at[active] + step[active], target[active])
        change = new - at[active]
        found = solved(active, new, x[active] + slope[active] * change[:, None])
        good = found.residual < _GOOD
        done = active[good]
        slope[done] = (found.x[good] - x[done]) / change[good, None]
        x[done], at[done] = found.x[good], new[good]
        step[done] = np.minimum(1.6 * step[done], _LONGEST)
        step[active[~good]] *= 0.3
    return _solve(system, alpha, regularization, x)


def _take(roots: Roots, where: NDArray[np.int_], others: Roots) -> None:
    better = others.residual < roots.residual[where]
    for mine, theirs in zip(roots, others, strict=True):
        mine[where[better]] = theirs[better]


def _sensitivity(slope: FloatArray) -> FloatArray:
    """Norm of the inverse Jacobian; 1 where the start was so good that none was needed."""
    good = np.isfinite(slope).all(axis=(1, 2))
    smallest = np.zeros(slope.shape[0])
    smallest[good] = np.linalg.svd(slope[good], compute_uv=False)[:, -1]
    unknown = ~slope.any(axis=(1, 2))
    return np.where(unknown, 1.0, 1.0 / np.maximum(smallest, 1e-300))
