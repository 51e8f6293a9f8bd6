"""Learning curves of estimators: solutions dressed with what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.erm.answers import Answer, joined, rows, void
from nishimori.erm.base import Estimator
from nishimori.erm.equations import Point, System, misalignment
from nishimori.erm.limits import (
    recovered,
    sparse_again,
    thresholded,
    vanishing,
)
from nishimori.erm.margins import MarginSystem
from nishimori.erm.setting import Setting, prepare
from nishimori.erm.solver import Solved, solve_points
from nishimori.erm.square import isotropic_square
from nishimori.erm.unregularized import diverging, unregularized
from nishimori.errors import BadArgument, Status
from nishimori.observables.curve import failure_sentence, report_failures
from nishimori.results import ErmCurve, ErmState
from nishimori.state_evolution.requests import report, require_alpha, require_options

if TYPE_CHECKING:
    from nishimori.features import Features
    from nishimori.glm import GLM, OnFailure

__all__ = ["answer", "learning_curve", "optimal_regularization", "solve"]

FloatArray = NDArray[np.float64]

_VOID = (Status.NO_SOLUTION, Status.NOT_SEPARABLE)  # there are no numbers
_LEAST = 1e-280  # numbers below have no digits to compare
_FEW_DIGITS = 1e-6
_ROUNDING = 1e-15  # of one evaluation of the equations
_GOOD = 1e-9  # residual of a point whose error the finer grid is asked for


def learning_curve(
    estimator: Estimator,
    problem: GLM,
    alpha: ArrayLike,
    features: Features | None,
    *,
    rtol: float = 1e-10,
    on_failure: OnFailure = "raise",
) -> ErmCurve:
    """See `Estimator.learning_curve`."""
    ratios = require_alpha(alpha)
    require_options(rtol, on_failure)
    setting = prepare(estimator, problem, features)
    possible = np.ones(ratios.size, dtype=np.bool_)
    if estimator.separable_only:
        from nishimori.erm.separability import separable

        possible = separable(setting, ratios.ravel(), on_failure)
    ratios, regularization = _regularizations(setting, ratios)
    flat, reg = ratios.ravel().copy(), regularization.ravel().copy()
    if possible.all():
        found = answer(setting, flat, reg, rtol)
    else:
        parts = [(~possible, void(int((~possible).sum()), Status.NOT_SEPARABLE))]
        if possible.any():
            parts.append((possible, answer(setting, flat[possible], reg[possible], rtol)))
        found = joined(flat, parts)
    flatness = np.full(ratios.shape, np.nan)
    if estimator.regularization == "optimal" and not estimator.separable_only:
        from nishimori.erm.optimum import certificate

        values, certified = certificate(setting, flat, reg, found.x)
        flatness = values.reshape(ratios.shape)
        found.status[~certified & (found.status == Status.CONVERGED)] = Status.NOT_OPTIMAL
    curve = _dressed(setting, ratios, regularization, flatness, found)
    _report(setting, curve, on_failure)
    return curve


def _report(setting: Setting, curve: ErmCurve, on_failure: OnFailure) -> None:
    """As for other curves; names the remedy for points without regularization."""
    free = curve.failed & (curve.regularization == 0.0)
    if on_failure == "return" or setting.estimator.separable_only or not free.any():
        return report_failures(curve, on_failure)
    sentence = failure_sentence(curve)
    if not (curve.status[free] == Status.DIVERGES).any():
        sentence += "; a small positive regularization may do where none does not"
    elif setting.estimator.labels == "sign" and not setting.estimator.is_square:
        from nishimori.erm.separability import threshold

        sentence += (
            f"; the labels can be separated below alpha = {threshold(setting):.10g}, where the "
            "direction of the weights is that of MaxMargin"
        )
    return report(sentence, curve, on_failure)


def solve(
    estimator: Estimator,
    problem: GLM,
    alpha: float,
    features: Features | None,
    *,
    rtol: float = 1e-10,
    on_failure: OnFailure = "raise",
) -> ErmState:
    """See `Estimator.solve`."""
    if require_alpha(alpha).ndim != 0:
        raise BadArgument("solve: alpha must be one number; learning_curve takes an array")
    if np.ndim(estimator.regularization) != 0:
        raise BadArgument("solve: regularization must be one number or 'optimal', got an array")
    curve = learning_curve(estimator, problem, alpha, features, rtol=rtol, on_failure=on_failure)
    return curve.state(0)


def optimal_regularization(
    estimator: Estimator, problem: GLM, alpha: ArrayLike, features: Features | None
) -> Any:
    """See `Estimator.optimal_regularization`."""
    from nishimori.erm.optimum import best_regularization

    ratios = require_alpha(alpha)
    setting = prepare(estimator, problem, features)
    if estimator.separable_only:
        raise BadArgument(f"{estimator.name}: there is no regularization to optimise")
    return best_regularization(setting, ratios.ravel()).reshape(ratios.shape)[()]


def answer(
    setting: Setting,
    alpha: FloatArray,
    regularization: FloatArray,
    rtol: float = 1e-10,
    start: FloatArray | None = None,
) -> Answer:
    """Solve at flat arrays of alpha = n/d and regularisation, and say how well."""
    if setting.closed:
        return _closed_answer(setting, alpha, regularization)
    free = regularization == 0.0
    if setting.estimator.l1 > 0.0 or setting.estimator.separable_only or not free.any():
        return _solved(setting, alpha, regularization, rtol, start)

    def unpenalised(other: Setting, ratios: FloatArray) -> Answer:
        return _solved(other, ratios, np.zeros_like(ratios), rtol)

    limit = unregularized(setting, alpha[free], unpenalised)
    if free.all():
        return limit
    rest = None if start is None else start[~free]
    other = _solved(setting, alpha[~free], regularization[~free], rtol, rest)
    return joined(alpha, [(free, limit), (~free, other)])


def _solved(
    setting: Setting,
    alpha: FloatArray,
    regularization: FloatArray,
    rtol: float,
    start: FloatArray | None = None,
) -> Answer:
    """As `answer`; without regularization, of losses that have a minimum all the same."""
    system, each = setting.system, alpha / setting.geometry.ratio
    hard = setting.estimator.separable_only
    scale = np.ones_like(regularization) if hard else regularization
    solved = solve_points(system, each, scale, start, along_alpha=hard)
    sparse_again(setting, each, scale, solved)
    with np.errstate(all="ignore"):
        point = system.finish(solved.x, each, scale)
        wrong = solved.residual + _ROUNDING
        gap, trained = np.zeros_like(wrong), np.zeros_like(wrong)
        if not setting.estimator.is_square:
            fine = setting.refined()
            finer = fine.respond(fine.conjugates(solved.x, each), scale)
            gap = np.where(wrong < _GOOD, np.abs(finer - solved.x).max(axis=1), 0.0)
            # as far beside the solution as rounding may be: in a tail that moves much
            beside = finer + np.maximum(wrong[:, None], np.spacing(np.abs(finer)))
            tested, trained = _apart(point, fine.finish(beside, each, scale))
            good = wrong < _GOOD
            trained = np.where(good, trained, 0.0)
            wrong = np.maximum(wrong, np.where(good, np.fmax(gap, tested), gap))
        doubt = wrong * solved.sensitivity
        error = np.maximum(wrong, trained) * solved.sensitivity
        point = _with_labels(setting, point, solved.x, each, scale)
    status = _status(setting, solved, point, gap, doubt, rtol)
    recovered(setting, point, each, scale, solved, error, status)
    thresholded(setting, point, each, scale, solved, status)
    if hard:
        point = vanishing(point)
    return Answer(point, solved.x, solved.residual, error, status)


def _apart(one: Point, two: Point) -> tuple[FloatArray, FloatArray]:
    """Largest relative difference of what is positive: in a tail it is not that of the unknowns.

    That of the student on a fresh input, then that on the training samples, whose loss can be as
    small as it likes while all else is known well.
    """

    def largest(*pairs: tuple[FloatArray, FloatArray]) -> FloatArray:
        out = np.zeros(one.test_error.shape)
        for a, b in pairs:
            large = np.maximum(np.abs(a), np.abs(b))
            out = np.fmax(out, np.where(large > _LEAST, np.abs(a - b) / large, 0.0))
        return out

    order = zip(one.order[:2], two.order[:2], strict=True)
    tested = largest(*order, (one.test_error, two.test_error))
    trained = largest((one.train_loss, two.train_loss), (one.train_error, two.train_error))
    return tested, trained


def _closed_answer(setting: Setting, alpha: FloatArray, regularization: FloatArray) -> Answer:
    slope, rest = setting.moments
    problem = setting.problem
    point, gap, residual = isotropic_square(
        alpha, regularization, problem.signal_variance, problem.noise_variance, slope, rest
    )
    if setting.labels is not None:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            extra = _noise(setting.labels) * point.order.self_overlap
            tilt = np.arcsinh(point.order.overlap / np.sqrt(gap + extra))
            v = np.minimum(point.order.susceptibility, 1e300)
            x = np.stack([np.log(v), np.log(point.order.self_overlap), tilt], axis=1)
            found = setting.labels.finish(x, alpha, regularization)
        from nishimori.erm.observables import misclassification

        wrong = misclassification(setting.problem, setting.geometry, point.order, gap)
        point = point._replace(train_error=found.train_error, test_error=wrong)
    learnt = point.order.overlap != 0.0
    status = np.where(learnt, Status.CONVERGED, Status.NOTHING_LEARNT).astype(np.int_)
    status[~np.isfinite(point.test_error)] = Status.NOT_FINITE
    out = Answer(point, None, residual, np.full(alpha.shape, 2e-15), status)
    peak = (regularization == 0.0) & (alpha == 1.0)
    if not peak.any():
        return out
    return joined(alpha, [(~peak, rows(out, ~peak)), (peak, diverging(setting, alpha[peak]))])


def _with_labels(
    setting: Setting, point: Point, x: FloatArray, alpha: FloatArray, regularization: FloatArray
) -> Point:
    """The errors of signs, where only the labels' moments were needed so far."""
    if setting.labels is None:
        return point
    from nishimori.erm.observables import misclassification

    order = point.order
    gap = misalignment(setting.geometry, point.conjugates, order, regularization)
    noise = _noise(setting.labels)
    tilt = np.arcsinh(order.overlap / np.sqrt(gap + noise * order.self_overlap))
    full = np.stack([x[:, 0], np.log(order.self_overlap), tilt], axis=1)
    train_error = setting.labels.finish(full, alpha, regularization).train_error
    wrong = misclassification(setting.problem, setting.geometry, order, gap)
    return point._replace(train_error=train_error, test_error=wrong)


def _noise(system: System) -> float:
    """Inside the sign, which its variables include."""
    return system.noise if isinstance(system, MarginSystem) else 0.0


def _status(
    setting: Setting,
    solved: Solved,
    point: Point,
    gap: FloatArray,
    doubt: FloatArray,
    rtol: float,
) -> NDArray[np.int_]:
    status = np.full(solved.residual.shape, int(Status.CONVERGED), dtype=np.int_)
    nothing = (point.order.overlap == 0.0) | (setting.problem.signal_variance == 0.0)
    status[nothing] = Status.NOTHING_LEARNT
    status[doubt > max(_FEW_DIGITS, 10.0 * rtol)] = Status.ILL_CONDITIONED
    status[gap > max(10.0 * rtol, 1e-11)] = Status.UNRESOLVED
    status[~(solved.residual <= rtol)] = Status.RESIDUAL_TOO_LARGE
    status[~(solved.residual <= 1e-3)] = Status.NO_SOLUTION
    status[~np.isfinite(point.test_error) & (solved.residual <= rtol)] = Status.NOT_FINITE
    return status


def _regularizations(setting: Setting, ratios: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Alpha, and the regularisation at each."""
    asked = setting.estimator.regularization
    if setting.estimator.separable_only:
        return ratios, np.zeros(ratios.shape)
    if isinstance(asked, str):
        from nishimori.erm.optimum import best_regularization

        return ratios, best_regularization(setting, ratios.ravel()).reshape(ratios.shape)
    given = np.asarray(asked, dtype=np.float64)
    try:
        alpha, regularization = np.broadcast_arrays(ratios, given)
    except ValueError:
        raise BadArgument(
            f"{setting.estimator.name}: regularization of shape {given.shape} cannot be "
            f"broadcast with alpha of shape {ratios.shape}"
        ) from None
    return alpha.copy(), regularization.copy()


def _dressed(
    setting: Setting,
    alpha: FloatArray,
    regularization: FloatArray,
    flatness: FloatArray,
    found: Answer,
) -> ErmCurve:
    order, conjugates, point = found.point.order, found.point.conjugates, found.point
    reg = regularization.ravel()
    penalty = 0.5 * reg * np.where(reg > 0.0, order.norm, 0.0)
    if setting.estimator.l1 > 0.0:  # the l1 norm, from the stationarity of the objective
        total = (
            order.overlap * conjugates.overlap
            - order.self_overlap * conjugates.susceptibility
            + order.susceptibility * conjugates.self_overlap
        )
        penalty = total - penalty
    arrays: dict[str, Any] = {
        "overlap": order.overlap,
        "self_overlap": order.self_overlap,
        "susceptibility": order.susceptibility,
        "overlap_conjugate": conjugates.overlap,
        "self_overlap_conjugate": conjugates.self_overlap,
        "susceptibility_conjugate": conjugates.susceptibility,
        "norm": order.norm,
        "test_error": point.test_error,
        "train_loss": point.train_loss,
        "train_error": point.train_error,
        "objective": alpha.ravel() / setting.geometry.ratio * point.train_loss + penalty,
        "status": found.status,
        "residual": found.residual,
        "error_estimate": found.error,
    }
    void = np.isin(found.status, _VOID)
    for name in arrays.keys() - {"status", "residual", "error_estimate"}:
        arrays[name] = np.where(void, np.nan, arrays[name])
    shaped: dict[str, Any] = {
        name: np.asarray(values).reshape(alpha.shape) for name, values in arrays.items()
    }
    return ErmCurve(alpha=alpha, regularization=regularization, flatness=flatness, **shaped)
