"""The regularisation of the smallest test error: closed forms, and a search on its derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Logistic, Sign
from nishimori.erm.equations import Conjugates, RegressionSystem, misalignment
from nishimori.erm.observables import misclassification
from nishimori.erm.setting import Setting
from nishimori.erm.solver import solve_points
from nishimori.erm.unregularized import recovers_at_peak

__all__ = ["best_regularization", "certificate"]

FloatArray = NDArray[np.float64]

_LOWEST, _HIGHEST = math.log(1e-12), math.log(1e12)
_DECADE = math.log(10.0)
_GRID = _DECADE * np.array([-4.0, -2.5, -1.5, -0.75, 0.0, 0.75, 1.5, 3.0])
Stencil = tuple[tuple[float, float], ...]
"""Shifts and weights of differences f(shift) - f(-shift) that make a derivative."""
_COARSE: Stencil = ((1e-4, 0.5e4),)
_FINE: Stencil = ((1e-3, 8e3 / 12.0), (2e-3, -1e3 / 12.0))
_SMALL = 1e-6  # a derivative that needs the finer of the two, times how stiff equations amplify
_FLAT = 1e-12  # relative change of the test error per unit of ln(regularization)
_LEVEL = 1e-11  # relative difference of test errors that are on one plateau
_ASIDE, _STEP = 0.1, 0.01  # of ln(regularization), for differences around an optimum
_GAIN = 1e-12  # relative, of the test error, that is none
_NOISE = 1e-13  # relative, of two test errors
_BEYOND = 2e-5  # of ln(regularization), beside a root
_ITERATIONS = 40


def best_regularization(setting: Setting, alpha: FloatArray) -> FloatArray:
    """The minimiser at flat alpha = n/d; 1e-12 or 1e12 where the error falls as far as that."""
    closed = _matched(setting)
    if closed is not None:
        return np.full(alpha.shape, closed)
    out = np.exp(_exactly_recovering(setting, alpha))
    todo = np.flatnonzero(np.isnan(out))
    if todo.size == 0:
        return out
    x, error = _scan(setting, alpha[todo])
    best, plateau = _lowest(error)
    each, count = np.arange(todo.size), _GRID.size
    low = np.where(best > 0, _GRID[np.maximum(best - 1, 0)], _LOWEST)
    high = np.where(best < count - 1, _GRID[np.minimum(best + 1, count - 1)], _HIGHEST)
    start = x[each, best]
    out[todo] = np.exp(_descend(setting, alpha[todo], _GRID[best], low, high, start, plateau))
    return out


def _exactly_recovering(setting: Setting, alpha: FloatArray) -> FloatArray:
    """The largest ln(regularization) on the grid at which there is no error at all, or NaN.

    With exactly as many samples as weights that may be none at all: ln 0.
    """
    out = np.full(alpha.shape, np.nan)
    system = setting.system
    if not isinstance(system, RegressionSystem) or system.variances.any():
        return out
    if setting.estimator.l1 == 0.0:
        out[recovers_at_peak(setting, alpha)] = -np.inf
    for log_regularization in _GRID:
        reg = np.full(alpha.shape, math.exp(log_regularization))
        exact = system.recovers(alpha / setting.geometry.ratio, reg)[0]
        out[exact] = log_regularization
    return out


def _lowest(error: FloatArray) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """The best point on the grid, and whether a plateau begins there: upwards 1, downwards -1.

    A valley may hide beside a plateau, between its last point on the grid and the next.
    """
    finite = np.where(np.isfinite(error), error, np.inf)
    level = finite <= finite.min(axis=1, keepdims=True) * (1.0 + _LEVEL)
    best, last = np.argmin(finite, axis=1), error.shape[1] - 1
    first_level, last_level = np.argmax(level, axis=1), last - np.argmax(level[:, ::-1], axis=1)
    several = (last_level > first_level) & (level.sum(axis=1) == last_level - first_level + 1)
    upwards = several & (last_level == last) & (first_level > 0)
    downwards = several & (first_level == 0) & (last_level < last)
    best = np.where(upwards, first_level, np.where(downwards, last_level, best))
    return best, upwards.astype(np.int_) - downwards.astype(np.int_)


def _scan(setting: Setting, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Solutions and test errors on the grid, each point from its neighbour."""
    middle = int(np.argmin(np.abs(_GRID)))
    x: list[FloatArray] = [np.zeros(0)] * _GRID.size
    error = list(x)
    for k in [*range(middle, _GRID.size), *range(middle - 1, -1, -1)]:
        back = 1 if k < middle else -1
        start = None if k == middle else x[k + back]
        if start is not None and abs(k - middle) > 1:
            share = (_GRID[k] - _GRID[k + back]) / (_GRID[k + back] - _GRID[k + 2 * back])
            start = start + share * (start - x[k + 2 * back])
        x[k], error[k] = _solved(setting, alpha, np.full(alpha.shape, _GRID[k]), start)
    return np.stack(x, axis=1), np.stack(error, axis=1)


def certificate(
    setting: Setting, alpha: FloatArray, regularization: FloatArray, x: FloatArray | None
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """How flat the test error is at the optimum, and whether it is one as far as doubles can tell.

    The flatness f is d^2 ln(test error)/d ln(regularization)^2, by a second difference. In a valley
    no more than 1e-12, relative, is gained a tenth to either side, nor by s^2/(2 f) with the
    derivative s in between. At an end of the range one side is enough. `x` solves the
    equations there.
    """
    from nishimori.erm.curve import answer

    def log_error(shift: float) -> FloatArray:
        reg = regularization * math.exp(shift)
        if x is None:
            error = answer(setting, alpha, reg).point.test_error
        else:
            _, error = _solved(setting, alpha, np.log(reg), x)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(error)

    left, middle, right = (log_error(shift) for shift in (-_ASIDE, 0.0, _ASIDE))
    with np.errstate(invalid="ignore"):
        below, above = left - middle, right - middle
        flatness: FloatArray = (below + above) / (_ASIDE * _ASIDE)
    if x is None or _matched(setting) is not None:
        return flatness, np.ones(alpha.shape, dtype=np.bool_)
    near = [log_error(shift * _STEP) for shift in (-2.0, -1.0, 1.0, 2.0)]
    at = np.log(regularization)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (8.0 * (near[2] - near[1]) - (near[3] - near[0])) / (12.0 * _STEP)
        gain = 0.5 * np.square(slope) / flatness
        valley = (below >= -_GAIN) & (above >= -_GAIN) & (gain >= 0.0) & (gain <= _GAIN)
        level = (np.abs(below) <= _LEVEL) & (np.abs(above) <= _LEVEL)
        lowest, highest = at < _LOWEST + 1e-6, at > _HIGHEST - 1e-6
        ends = (lowest & (above >= -_NOISE)) | (highest & (below >= -_NOISE))
    return flatness, valley | level | ends | (middle == -np.inf)


def _matched(setting: Setting) -> float | None:
    """Where the square loss is the best linear estimate of h, which no other direction beats."""
    estimator = setting.estimator
    if not estimator.is_square or estimator.l1 > 0.0:
        return None
    if estimator.labels == "sign" and not isinstance(setting.problem.channel, Sign | Logistic):
        return None
    slope, rest = setting.moments
    signal = slope * slope * setting.problem.signal_variance
    noise = slope * slope * setting.problem.noise_variance + rest
    if signal <= 1e-300 or noise > 1e12 * signal:
        return None if setting.geometry.matched_regularization(0.0) is None else 1e12
    return setting.geometry.matched_regularization(noise / signal)


def _descend(
    setting: Setting,
    alpha: FloatArray,
    at: FloatArray,
    low: FloatArray,
    high: FloatArray,
    start: FloatArray,
    side: NDArray[np.int_],
) -> FloatArray:
    """Roots of the derivative of the test error in [low, high], by Illinois steps.

    `side` is where a plateau continues that begins in between, whose slope counts as one away from
    it; 0 for none.
    """
    at, low, high, x = at.copy(), low.copy(), high.copy(), start.copy()
    slope_low, slope_high = np.full(at.shape, np.nan), np.full(at.shape, np.nan)
    best, best_error = at.copy(), np.full(at.shape, np.inf)
    last_error = best_error.copy()
    last = np.zeros(at.size, dtype=np.int_)
    active = np.arange(at.size)
    linear, move = np.zeros((*x.shape, x.shape[1])), np.zeros_like(x)
    for iteration in range(_ITERATIONS):
        found = _derivative(setting, alpha[active], at[active], x[active], linear[active])
        slope, error = found.change, found.error
        last_error[active] = error
        x[active], linear[active], move[active] = found.x, found.slope, found.move
        plateau = ~(np.abs(slope) > _FLAT)
        improved = error < best_error[active] * (1.0 - 1e-14)
        best[active[improved]], best_error[active[improved]] = at[active][improved], error[improved]
        # away from the best point so far, that one says where the valley is: towards a plateau the
        # slope is noise, and its sign would shut the minimum out of the bracket
        aside = error > best_error[active] * (1.0 + 1e-11)
        falling = np.where(aside, best[active] > at[active], slope < 0.0)
        beside = plateau & (side[active] != 0)
        falling = np.where(beside & ~aside, side[active] < 0, falling)
        slope = np.where(falling, -np.abs(slope), np.abs(slope))
        left, right = active[falling], active[~falling]
        low[left], slope_low[left] = at[left], slope[falling]
        high[right], slope_high[right] = at[right], slope[~falling]
        # the other end counts less when one end is kept twice (Illinois)
        slope_high[left] *= np.where(last[left] < 0, 0.5, 1.0)
        slope_low[right] *= np.where(last[right] > 0, 0.5, 1.0)
        last[left], last[right] = -1, 1
        done = plateau & ~aside & ~beside
        active = active[~done & (high[active] - low[active] > np.where(beside, 1e-4, 1e-10))]
        ends = low[active], high[active], slope_low[active], slope_high[active]
        new = _next(*ends, beyond=iteration % 2 == 1)
        done = np.abs(new - at[active]) < 1e-8
        x[active] += move[active] * (new - at[active])[:, None]
        at[active] = new
        active = active[~done]
        if active.size == 0:
            break
    return np.where(best_error < last_error * (1.0 - 1e-12), best, at)


def _next(
    low: FloatArray, high: FloatArray, left: FloatArray, right: FloatArray, *, beyond: bool
) -> FloatArray:
    """A secant step where both slopes are known, else outwards by two decades at most.

    Where the slopes are of unlike sizes, the small one is that of a plateau or near the root: the
    bracket is halved, or made a short one with a step `beyond` the root that may be so near.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        secant = low - left * (high - low) / (right - left)
        less, more = np.fmin(np.abs(left), np.abs(right)), np.fmax(np.abs(left), np.abs(right))
    halve = (less < 1e-4 * more) & (high - low > 1e-4) | ~np.isfinite(secant)
    middle = 0.5 * (low + high)
    if beyond:
        near = np.abs(left) < np.abs(right)
        with np.errstate(invalid="ignore"):
            far = np.maximum(2.0 * np.where(near, secant - low, high - secant), _BEYOND)
        middle = np.where(near, np.fmin(middle, low + far), np.fmax(middle, high - far))
    inside = np.where(halve, middle, secant)
    step = 2.0 * _DECADE
    down, up = np.maximum(high - step, low), np.minimum(low + step, high)
    return np.where(np.isnan(left), down, np.where(np.isnan(right), up, inside))


class _Derivative(NamedTuple):
    """A solution, the Jacobian there, how it moves with ln(regularization), and the test error."""

    x: FloatArray
    slope: FloatArray
    move: FloatArray
    change: FloatArray
    error: FloatArray


def _derivative(
    setting: Setting,
    alpha: FloatArray,
    log_regularization: FloatArray,
    start: FloatArray,
    slope: FloatArray | None,
) -> _Derivative:
    """D ln(test error)/d ln(regularization) along the solution, by implicit differentiation."""
    each, reg = alpha / setting.geometry.ratio, np.exp(log_regularization)
    x, error = _solved(setting, alpha, log_regularization, start, slope)
    linear, move, change = _implicit(setting, each, reg, x, _COARSE)
    stiff = 1.0 / np.clip(np.linalg.svd(linear, compute_uv=False)[:, -1], 1e-4, 1.0)
    small = np.flatnonzero(np.abs(change) < _SMALL * stiff)
    if small.size:  # near a root, or on a plateau, the error of the differences is not
        finer = _implicit(setting, each[small], reg[small], x[small], _FINE)
        linear[small], move[small], change[small] = finer
    return _Derivative(x, linear, move, change, np.where(np.isfinite(error), error, np.inf))


def _implicit(
    setting: Setting, alpha: FloatArray, reg: FloatArray, x: FloatArray, stencil: Stencil
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The Jacobian, how solutions move with ln(regularization), and the test error with them."""
    system, width = setting.system, x.shape[1]
    scale = np.where(np.abs(x) < 1.0, np.maximum(np.abs(x), 1e-2), 1.0)

    def along(function: Callable[[float], FloatArray]) -> FloatArray:
        return sum(
            (weight * (function(shift) - function(-shift)) for shift, weight in stencil),
            np.zeros(()),
        )

    def hats(y: FloatArray) -> FloatArray:
        return np.stack(system.conjugates(y, alpha), axis=1)

    def response(c: FloatArray, regularization: FloatArray) -> FloatArray:
        return system.respond(Conjugates(*c.T), regularization)

    def hats_towards(direction: FloatArray) -> Callable[[float], FloatArray]:
        return lambda shift: hats(x + shift * direction)

    def response_towards(direction: FloatArray) -> Callable[[float], FloatArray]:
        return lambda shift: response(centre + shift * direction, reg)

    def logarithm(c: FloatArray, regularization: FloatArray) -> FloatArray:
        return np.log(_error(setting, Conjugates(*c.T), regularization))

    with np.errstate(all="ignore"):
        centre = hats(x)
        spread, columns = [], []
        for j in range(width):  # of the conjugates, and of the response to them
            unit = np.zeros_like(x)
            unit[:, j] = scale[:, j]
            moved = along(hats_towards(unit)) / scale[:, j, None]
            spread.append(moved)
            columns.append(along(response_towards(moved)))
        linear = np.stack(columns, axis=2) - np.eye(width)
        pull = along(lambda shift: response(centre, reg * math.exp(shift)))
        good = np.isfinite(linear).all(axis=(1, 2)) & np.isfinite(pull).all(axis=1)
        move = np.zeros_like(x)
        move[good] = np.linalg.solve(linear[good], -pull[good, :, None])[:, :, 0]
        drift = np.einsum("nij,nj->ni", np.stack(spread, axis=2), move)
        change = along(lambda shift: logarithm(centre + shift * drift, reg * math.exp(shift)))
    linear[~good] = 0.0
    return linear, move, np.where(good & np.isfinite(change), change, 0.0)


def _solved(
    setting: Setting,
    alpha: FloatArray,
    log_regularization: FloatArray,
    start: FloatArray | None,
    slope: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    each, reg = alpha / setting.geometry.ratio, np.exp(log_regularization)
    solved = solve_points(setting.system, each, reg, start, slope)
    with np.errstate(all="ignore"):
        error = _error(setting, setting.system.conjugates(solved.x, each), reg)
    return solved.x, np.where(solved.residual < 1e-8, error, np.nan)


def _error(setting: Setting, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
    if setting.labels is None:
        return setting.system.test_error(conjugates, regularization)
    order = setting.geometry.order_parameters(*conjugates, regularization)
    gap = misalignment(setting.geometry, conjugates, order, regularization)
    return misclassification(setting.problem, setting.geometry, order, gap)
