"""Up to which sample ratio the labels can be separated by a hyperplane."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from nishimori.erm.base import Estimator
from nishimori.erm.general import GeneralSystem
from nishimori.erm.margins import MarginSystem
from nishimori.erm.setting import Setting, label_system, prepare
from nishimori.errors import BadArgument
from nishimori.features import Geometry

if TYPE_CHECKING:
    from nishimori.features import Features
    from nishimori.glm import GLM, OnFailure

__all__ = ["separability_threshold", "separable", "threshold"]

FloatArray = NDArray[np.float64]

_SMALL = 1e-13


@dataclass(frozen=True, kw_only=True)
class _ZeroMargin(Estimator):
    """Y z >= 0 on every sample: what is left of a hard margin where it goes to zero."""

    labels: ClassVar[Literal["real", "sign", "any"]] = "sign"
    separable_only: ClassVar[bool] = True

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.maximum(-t, 0.0) / susceptibility, np.where(t <= 0.0, 1.0 / susceptibility, 0.0)

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return np.zeros_like(t)

    def cuts(self, susceptibility: FloatArray) -> FloatArray:
        return np.zeros((*np.shape(susceptibility), 1))


def separability_threshold(
    estimator: Estimator, problem: GLM, features: Features | None = None
) -> float:
    r"""See `Estimator.separability_threshold`.

    Separability does not change under an invertible map of the features, so only the part of h
    that they span linearly, of variance :math:`\lambda' = c^T \Omega^{-1} c`, and their rank
    matter. At zero margin, with q = 1 and m = x,

    .. math:: \alpha_p = \frac{x}{\lambda' A_1(x)}, \qquad
              1 = \frac{x^2}{\lambda'} + \alpha_p A_2(x),

    :math:`A_2 = E[\min(u, 0)^2]` and A_1 the average that gives the conjugate of m.
    """
    if estimator.labels == "real":
        raise BadArgument(
            f"{estimator.name}: separability is a question about labels +1 and -1, and "
            "its loss is one of real labels"
        )
    setting = prepare(estimator, problem, features)
    if setting.estimator.labels == "real":
        raise BadArgument(
            f"{estimator.name}: separability is a question about labels +1 and -1, and those of "
            f"{problem.channel} are real"
        )
    return threshold(setting)


def separable(setting: Setting, alpha: FloatArray, on_failure: OnFailure) -> NDArray[np.bool_]:
    """Where a hyperplane separates the labels; refuses the rest if ``on_failure="raise"``."""
    limit = threshold(setting)
    beyond = alpha[alpha >= limit]
    if beyond.size and on_failure == "raise":
        raise BadArgument(
            f"{setting.estimator.name}: the data can be separated only below "
            f"alpha = {limit:.10g}, got alpha = {beyond.flat[0]:g}; use Hinge with a small "
            "regularization beyond"
        )
    return np.asarray(alpha < limit)


def threshold(setting: Setting) -> float:
    """The sample ratio n/d up to which the labels of a setting can be separated."""
    geometry = setting.geometry
    signal, rank = _span(geometry)
    if rank > 1.5:  # a kernel fits any labels
        return math.inf
    # what the geometry knows only by subtraction, at a regularisation of _SMALL
    signal = min(signal, geometry.target_variance)
    moments = _moments(setting)
    free = 1.0 / moments(0.0)[1]
    if signal <= 1e-12 * geometry.target_variance:
        return free * geometry.ratio * rank
    root = math.sqrt(signal)

    def excess(share: float) -> float:
        alpha = share / (root * moments(share * root)[0])
        return share * share + alpha * moments(share * root)[1] - 1.0

    low, high = 1e-7, 1.0 - 1e-10
    if moments(low * root)[0] <= 0.0 or excess(low) >= 0.0:
        return free * geometry.ratio * rank
    if excess(high) <= 0.0:
        return math.inf
    share = brentq(excess, low, high, xtol=1e-16, rtol=1e-14)
    return float(share / (root * moments(share * root)[0]) * geometry.ratio * rank)


def _span(geometry: Geometry) -> tuple[float, float]:
    """Variance of the best linear prediction of h from the features, and their rank."""
    one, zero = np.ones(1), np.zeros(1)
    order = geometry.order_parameters(one, zero, one, np.full(1, _SMALL))
    return float(order.overlap[0]), float(order.susceptibility[0])


def _moments(setting: Setting) -> Callable[[float], tuple[float, float]]:
    """(A_1, A_2) at m = x, q = 1."""
    system = label_system(_ZeroMargin(), setting.problem, setting.geometry, setting.offset)
    if isinstance(system, MarginSystem):
        total, keep = system.total_variance, 1.0 - 2.0 * system.flip

        def closed(x: float) -> tuple[float, float]:
            rest = max(total - x * x, 0.0)
            first = keep * math.sqrt(rest) / (math.pi * total)
            # 2 int_{-inf}^0 t^2 phi(t) Phi(a t) dt, a = x/sqrt(rest)
            second = (math.atan2(math.sqrt(rest), x) - x * math.sqrt(rest) / total) / math.pi
            return first, keep * second + system.flip

        return closed
    assert isinstance(system, GeneralSystem)
    rho = setting.geometry.target_variance

    def numeric(x: float) -> tuple[float, float]:
        tilt = math.atanh(min(x / math.sqrt(rho), 1.0 - 1e-15))
        slope, square, cross, overlap, *_ = system.averages(0.0, 0.0, tilt, False)
        return (cross + overlap * slope) / rho, square

    return numeric
