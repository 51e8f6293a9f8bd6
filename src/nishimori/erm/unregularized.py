"""No regularization: the limit from above, which is an interpolator, a minimum, or nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Channel
from nishimori.erm.answers import Answer, joined, rows
from nishimori.erm.base import Estimator, FloatArray, Kinks
from nishimori.erm.equations import Conjugates, Point, RegressionSystem
from nishimori.erm.labelled import LabelledLoss
from nishimori.erm.separability import threshold
from nishimori.erm.setting import Setting, label_system
from nishimori.errors import Status
from nishimori.features import OrderParameters

__all__ = ["Constraint", "diverging", "recovers_at_peak", "unregularized"]

_FIELDS = np.array([0.31, -0.77, 1.93, -2.6])
_FEW = 4  # labels that are asked where their loss is least
_EQUAL = 1e-13  # relative distance from the rank that is none
_NEAR = 1e-8  # of two places where a loss is least
_SOLVED = 1e-8  # residual
_SMALLEST = 1e-12  # of V in units of 1/regularization: below, some sample is not fitted

Solve = Callable[[Setting, FloatArray], Answer]


@dataclass(frozen=True, kw_only=True)
class Constraint(Estimator):
    """Weights of least norm with t in [low, high] on every sample: 0 there, infinite elsewhere.

    It is what a loss that is least on that interval becomes as the regularization vanishes, as
    long as all samples can be fitted.
    """

    low: float
    high: float
    kind: Literal["real", "sign"]

    separable_only = True

    @property
    def labels(self) -> Literal["real", "sign"]:  # type: ignore[override]
        return self.kind

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        beyond = t - np.clip(t, self.low, self.high)
        slope = np.where(beyond != 0.0, 1.0, 0.0) / susceptibility
        return (-beyond if self.kind == "sign" else beyond) / susceptibility, slope

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return np.zeros_like(t)

    @property
    def kinks(self) -> Kinks:
        ends = sorted({end for end in (self.low, self.high) if math.isfinite(end)})
        return tuple((end, 0.0, 0.0) for end in ends)


def unregularized(setting: Setting, alpha: FloatArray, solve: Solve) -> Answer:
    """The answer at flat alpha = n/d; `solve` solves a setting without regularization.

    With fewer samples than weights, or separable ones, all of them attain the least loss, and of
    the weights that do so those of least norm are the limit. Otherwise the loss itself has a
    minimum. Between the two, and where the least loss is not attained, the weights diverge.
    """
    loss = setting.estimator
    least = _least(loss, setting.problem.channel)
    if least is None:
        return solve(setting, alpha)
    low, high = least
    point = low == high and math.isfinite(low)
    if point:
        fitted, between = _counted(setting, alpha)
    elif loss.labels == "sign" and high == math.inf:
        separable = alpha < threshold(setting)
        nowhere = np.zeros(alpha.shape, dtype=np.bool_)
        fitted, between = (separable, nowhere) if low < math.inf else (nowhere, separable)
    else:
        return _whichever(setting, alpha, solve, low, high)
    rest = ~(fitted | between)
    parts = []
    if fitted.any():
        parts.append((fitted, solve(_constrained(setting, low, high), alpha[fitted])))
    if between.any():
        parts.append((between, diverging(setting, alpha[between], None if point else solve)))
    if rest.any():
        parts.append((rest, solve(setting, alpha[rest])))
    return joined(alpha, parts)


def diverging(setting: Setting, alpha: FloatArray, solve: Solve | None = None) -> Answer:
    """Infinite weights: at the peak between fitting all samples and not, or of separable ones.

    With `solve`, labels are separable and the direction is that of the largest margin. At the peak
    there is none, or the target if it can be fitted without an error.
    """
    geometry, zero = setting.geometry, np.zeros(alpha.shape)
    infinite, one = np.full(alpha.shape, math.inf), np.ones(alpha.shape)
    slope, _ = setting.moments
    signs = setting.estimator.labels == "sign"
    overlap = geometry.order_parameters(one, zero, slope * one, zero).overlap
    self_overlap, norm, error = infinite, infinite, 0.5 * one if signs else infinite
    status, residual = np.full(alpha.shape, int(Status.DIVERGES)), zero.copy()
    estimate = zero.copy()
    if solve is not None:
        margin = solve(_constrained(setting, 1.0, math.inf), alpha)
        overlap = np.copysign(math.inf, margin.point.order.overlap)
        error, residual, estimate = margin.point.test_error, margin.residual, margin.error
    elif _explained(setting):
        rho, norms = geometry.target_variance, setting.problem.signal_variance
        self_overlap, norm, error = rho * one, norms * one, zero
        status[:] = Status.PERFECT_RECOVERY
    train = zero if signs else np.full(alpha.shape, math.nan)
    point = Point(
        OrderParameters(infinite, self_overlap, overlap, norm),
        Conjugates(zero, zero, zero),
        zero,
        train,
        error,
    )
    copied = Point(
        OrderParameters(*(values.copy() for values in point.order)),
        Conjugates(*(values.copy() for values in point.conjugates)),
        *(values.copy() for values in point[2:]),
    )
    return Answer(copied, None, residual, estimate, status)


def recovers_at_peak(setting: Setting, alpha: FloatArray) -> NDArray[np.bool_]:
    """Where there are exactly as many samples as weights, whose one solution is the target."""
    least = _least(setting.estimator, setting.problem.channel)
    if least is None or least[0] != least[1] or not _explained(setting):
        return np.zeros(alpha.shape, dtype=np.bool_)
    return _counted(setting, alpha)[1]


def _counted(setting: Setting, alpha: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where there are fewer samples than independent weights, and where as many."""
    samples, rank = alpha / setting.geometry.ratio, _rank(setting)
    fewer = samples < rank * (1.0 - _EQUAL)
    return fewer, ~fewer & (samples <= rank * (1.0 + _EQUAL))


def _explained(setting: Setting) -> bool:
    """Whether some weights make no error at all on real labels, and the loss is least there."""
    loss = setting.estimator
    if loss.labels == "sign" or setting.moments[1] != 0.0 or _unexplained(setting) != 0.0:
        return False
    least = _least(loss, setting.problem.channel)
    return least is not None and abs(0.5 * (least[0] + least[1])) < _NEAR


def _least(loss: Estimator, channel: Channel) -> tuple[float, float] | None:
    """Where the loss is least in the margin or the residual; None if labels differ in that."""
    if not isinstance(loss, LabelledLoss):
        return loss.minimizers()
    binary = loss.labels == "sign"
    labels = [-1.0, 1.0] if binary else np.unique(channel.label_law(_FIELDS).values)[:_FEW].tolist()
    found = []
    for y in labels:
        low, high = loss.table(y).minimizers()
        if binary and not math.isfinite(low) and not math.isfinite(high):
            found.append((math.inf, math.inf))
        elif binary:
            found.append((low, high) if y > 0.0 else (-high, -low))
        else:
            found.append((y - high, y - low))
    near = np.isclose(found, found[0], rtol=_NEAR, atol=_NEAR).all()
    return found[0] if near else None


def _unexplained(setting: Setting) -> float:
    """What no weights can tell of h, relative to its variance; rounding is none."""
    one, zero = np.ones(1), np.zeros(1)
    rho = setting.geometry.target_variance
    left = float(setting.geometry.mean_square(one, zero, zero)[0])
    return left if left > 1e-15 * rho else 0.0


def _rank(setting: Setting) -> float:
    """Of the features, per feature; infinite for a kernel that fits anything."""
    one, zero = np.ones(1), np.zeros(1)
    with np.errstate(divide="ignore"):
        return float(setting.geometry.order_parameters(one, one, one, zero).susceptibility[0])


def _constrained(setting: Setting, low: float, high: float) -> Setting:
    """The same student, to fit every sample."""
    kind: Literal["real", "sign"] = "sign" if setting.estimator.labels == "sign" else "real"
    loss = Constraint(low=low, high=high, kind=kind)
    if setting.estimator.is_square:  # moments of the labels are all it needs
        assert isinstance(setting.system, RegressionSystem)
        point = Constraint(low=0.0, high=0.0, kind="real")
        square = replace(setting.system, loss=point)
        labels = None
        if setting.labels is not None:
            labels = label_system(loss, setting.problem, setting.geometry, setting.offset)
        return replace(setting, estimator=loss, system=square, labels=labels, closed=False)
    system = label_system(loss, setting.problem, setting.geometry, setting.offset)
    return replace(setting, estimator=loss, system=system, labels=None, closed=False)


def _whichever(
    setting: Setting, alpha: FloatArray, solve: Solve, low: float, high: float
) -> Answer:
    """A loss that is least on an interval: all samples are in it, or else there is a minimum."""
    parts = []
    left = np.ones(alpha.shape, dtype=np.bool_)
    if low < high and (math.isfinite(low) or math.isfinite(high)):
        found = solve(_constrained(setting, low, high), alpha)
        assert found.x is not None
        fitted = (found.residual < _SOLVED) & (found.x[:, 0] > math.log(_SMALLEST))
        if fitted.any():
            parts.append((fitted, rows(found, fitted)))
        left = ~fitted
    if left.any():
        parts.append((left, solve(setting, alpha[left])))
    return joined(alpha, parts)
