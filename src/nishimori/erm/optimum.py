"""The regularisation of the smallest test error: closed forms, and a search on its derivative."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Logistic, Sign
from nishimori.erm.equations import Conjugates, misalignment
from nishimori.erm.newton import central_differences
from nishimori.erm.observables import misclassification
from nishimori.erm.setting import Setting
from nishimori.erm.solver import solve_points

__all__ = ["best_regularization", "flatness_at"]

FloatArray = NDArray[np.float64]

_LOWEST, _HIGHEST = math.log(1e-12), math.log(1e12)
_DECADE = math.log(10.0)
_GRID = _DECADE * np.array([-4.0, -2.5, -1.5, -0.75, 0.0, 0.75, 1.5, 3.0])
_SHIFT = 1e-4  # of ln(regularization), for derivatives along the solution
_FLAT = 1e-12  # relative change of the test error per unit of ln(regularization)
_ITERATIONS = 40


def best_regularization(setting: Setting, alpha: FloatArray) -> FloatArray:
    """The minimiser at flat alpha = n/d; 1e-12 or 1e12 where the error falls as far as that."""
    closed = _matched(setting)
    if closed is not None:
        return np.full(alpha.shape, closed)
    x, error = _scan(setting, alpha)
    best = np.argmin(np.where(np.isfinite(error), error, np.inf), axis=1)
    each, count = np.arange(alpha.size), _GRID.size
    low = np.where(best > 0, _GRID[np.maximum(best - 1, 0)], _LOWEST)
    high = np.where(best < count - 1, _GRID[np.minimum(best + 1, count - 1)], _HIGHEST)
    return np.exp(_descend(setting, alpha, _GRID[best], low, high, x[each, best]))


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


def flatness_at(
    setting: Setting, alpha: FloatArray, regularization: FloatArray, x: FloatArray | None
) -> FloatArray:
    """d^2 ln(test error)/d ln(regularization)^2 by a second difference; `x` solves the middle."""
    from nishimori.erm.curve import answer

    step = 0.1
    logs = []
    for factor in (math.exp(-step), 1.0, math.exp(step)):
        reg = regularization * factor
        if x is None:
            error = answer(setting, alpha, reg).point.test_error
        else:
            _, error = _solved(setting, alpha, np.log(reg), x)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs.append(np.log(error))
    with np.errstate(invalid="ignore"):
        out: FloatArray = (logs[0] - 2.0 * logs[1] + logs[2]) / (step * step)
    return out


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
) -> FloatArray:
    """Roots of the derivative of the test error in [low, high], by Illinois steps."""
    at, low, high, x = at.copy(), low.copy(), high.copy(), start.copy()
    slope_low, slope_high = np.full(at.shape, np.nan), np.full(at.shape, np.nan)
    best, best_error = at.copy(), np.full(at.shape, np.inf)
    last_error = best_error.copy()
    last = np.zeros(at.size, dtype=np.int_)
    active = np.arange(at.size)
    linear, move = np.zeros((*x.shape, x.shape[1])), np.zeros_like(x)
    for _ in range(_ITERATIONS):
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
        slope = np.where(falling, -np.abs(slope), np.abs(slope))
        left, right = active[falling], active[~falling]
        low[left], slope_low[left] = at[left], slope[falling]
        high[right], slope_high[right] = at[right], slope[~falling]
        # the other end counts less when one end is kept twice (Illinois)
        slope_high[left] *= np.where(last[left] < 0, 0.5, 1.0)
        slope_low[right] *= np.where(last[right] > 0, 0.5, 1.0)
        last[left], last[right] = -1, 1
        active = active[~(plateau & ~aside) & (high[active] - low[active] > 1e-10)]
        new = _next(low[active], high[active], slope_low[active], slope_high[active])
        done = np.abs(new - at[active]) < 1e-9
        x[active] += move[active] * (new - at[active])[:, None]
        at[active] = new
        active = active[~done]
        if active.size == 0:
            break
    return np.where(best_error < last_error * (1.0 - 1e-12), best, at)


def _next(low: FloatArray, high: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """A secant step where both slopes are known, else outwards by two decades at most."""
    with np.errstate(invalid="ignore", divide="ignore"):
        secant = low - left * (high - low) / (right - left)
        less, more = np.fmin(np.abs(left), np.abs(right)), np.fmax(np.abs(left), np.abs(right))
    halve = (less < 1e-4 * more) & (high - low > 1e-4) | ~np.isfinite(secant)
    inside = np.where(halve, 0.5 * (low + high), secant)
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
    system, each = setting.system, alpha / setting.geometry.ratio
    reg = np.exp(log_regularization)
    x, error = _solved(setting, alpha, log_regularization, start, slope)
    up, down = reg * math.exp(_SHIFT), reg * math.exp(-_SHIFT)

    def hats(y: FloatArray, rows: NDArray[np.int_]) -> FloatArray:
        return np.stack(system.conjugates(y, each[rows]), axis=1)

    def response(c: FloatArray, regularization: FloatArray) -> FloatArray:
        return system.respond(Conjugates(*c.T), regularization)

    with np.errstate(all="ignore"):
        index = np.arange(alpha.size)
        centre = hats(x, index)
        spread = central_differences(hats, x, index)
        columns = []
        for j in range(x.shape[1]):  # the response to a shift of x, through the conjugates
            shift = _SHIFT * spread[:, :, j]
            ahead, behind = response(centre + shift, reg), response(centre - shift, reg)
            columns.append((ahead - behind) / (2.0 * _SHIFT))
        linear = np.stack(columns, axis=2) - np.eye(x.shape[1])
        pull = (response(centre, up) - response(centre, down)) / (2.0 * _SHIFT)
        good = np.isfinite(linear).all(axis=(1, 2)) & np.isfinite(pull).all(axis=1)
        move = np.zeros_like(x)
        move[good] = np.linalg.solve(linear[good], -pull[good, :, None])[:, :, 0]
        shift = _SHIFT * np.einsum("nij,nj->ni", spread, move)
        ahead = _error(setting, Conjugates(*(centre + shift).T), up)
        behind = _error(setting, Conjugates(*(centre - shift).T), down)
        change = np.log(ahead / behind) / (2.0 * _SHIFT)
    linear[~good] = 0.0
    change = np.where(good & np.isfinite(change), change, 0.0)
    return _Derivative(x, linear, move, change, np.where(np.isfinite(error), error, np.inf))


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
