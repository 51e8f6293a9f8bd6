"""Ends of the range: no weight left, the target found exactly, a hard margin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nishimori.erm.equations import Conjugates, Point, RegressionSystem
from nishimori.erm.setting import Setting
from nishimori.erm.solver import Solved, map_of, solve_points
from nishimori.errors import Status
from nishimori.features import OrderParameters

__all__ = ["recovered", "sparse_again", "thresholded", "vanishing"]

FloatArray = NDArray[np.float64]

_NOTHING = -650.0  # the logarithm of a V or q as good as none


def sparse_again(
    setting: Setting, alpha: FloatArray, regularization: FloatArray, solved: Solved
) -> None:
    """Another start for points lost to an l1 penalty so large that hardly a weight is left."""
    lost = np.flatnonzero(~(solved.residual < 1e-3))
    if setting.estimator.l1 == 0.0 or lost.size == 0:
        return
    few, reg = alpha[lost], regularization[lost]
    with np.errstate(all="ignore"):
        start = map_of(setting.system, few, reg)(_empty(setting, few, reg), np.arange(few.size))
    good = np.isfinite(start).all(axis=1)
    if not good.any():
        return
    again = solve_points(setting.system, few[good], reg[good], start[good])
    for mine, theirs in zip(solved, again, strict=True):
        mine[lost[good]] = theirs


def thresholded(
    setting: Setting,
    point: Point,
    alpha: FloatArray,
    regularization: FloatArray,
    solved: Solved,
    status: NDArray[np.int_],
) -> None:
    """Where an l1 penalty leaves no weight: what is left of them is below all numbers."""
    lost = np.flatnonzero(status == Status.NO_SOLUTION)
    if setting.estimator.l1 == 0.0 or lost.size == 0:
        return
    few, reg = alpha[lost], regularization[lost]
    with np.errstate(all="ignore"):
        finish = setting.system.finish(_empty(setting, few, reg), few, reg)
    empty = finish.order.self_overlap < 1e-200
    found = lost[empty]
    mine = (*point.order, *point.conjugates, *point[2:])
    theirs = (*finish.order, *finish.conjugates, *finish[2:])
    for ours, other in zip(mine, theirs, strict=True):
        ours[found] = other[empty]
    solved.residual[found] = 0.0
    status[found] = Status.NOTHING_LEARNT


def _empty(setting: Setting, alpha: FloatArray, regularization: FloatArray) -> FloatArray:
    """Unknowns of a student without weights."""
    x = setting.system.start(alpha, regularization)
    x[:, 0] = _NOTHING
    if x.shape[1] > 2:
        x[:, 1:] = _NOTHING, 0.0
    return x


def recovered(
    setting: Setting,
    point: Point,
    alpha: FloatArray,
    regularization: FloatArray,
    solved: Solved,
    error: FloatArray,
    status: NDArray[np.int_],
) -> None:
    """Where the target is found exactly: a loss with a kink at 0, or no regularisation."""
    system = setting.system
    lost = np.flatnonzero(np.isin(status, (Status.RESIDUAL_TOO_LARGE, Status.NO_SOLUTION)))
    if not isinstance(system, RegressionSystem) or lost.size == 0:
        return
    exact, v, conjugates = system.recovers(alpha[lost], regularization[lost])
    found = lost[exact]
    if found.size == 0:
        return
    status[found], solved.residual[found], error[found] = Status.PERFECT_RECOVERY, 0.0, 0.0
    rho, norm = setting.geometry.target_variance, setting.problem.signal_variance
    order, hats = point.order, point.conjugates
    for values, value in (
        (order.susceptibility, v[exact]),
        (order.self_overlap, rho),
        (order.overlap, rho),
        (order.norm, norm),
        (point.train_loss, 0.0),
        (point.test_error, 0.0),
    ):
        values[found] = value
    for mine, theirs in zip(hats, conjugates, strict=True):
        mine[found] = theirs[exact]


def vanishing(point: Point) -> Point:
    """What was counted in units of the vanishing regularisation of a hard margin."""
    order = point.order
    infinite, zero = np.full_like(order.norm, np.inf), np.zeros_like(order.norm)
    return point._replace(
        order=OrderParameters(infinite, order.self_overlap, order.overlap, order.norm),
        conjugates=Conjugates(zero, zero, zero),
    )
