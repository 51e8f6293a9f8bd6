"""The square loss on isotropic inputs, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nishimori.erm.equations import Conjugates, Point
from nishimori.features import OrderParameters

__all__ = ["isotropic_square"]

FloatArray = NDArray[np.float64]


def isotropic_square(
    alpha: FloatArray,
    regularization: FloatArray,
    signal_variance: float,
    noise_variance: float,
    slope: float,
    label_variance: float,
) -> tuple[Point, FloatArray, FloatArray]:
    """The solution for y = slope h + noise of variance `label_variance`.

    With it come q E h^2 - m^2 and the residual of the equation for V. With c = V/(1 + V) and
    b = alpha c = 1 - lambda_reg V, E (y - z)^2 = (lambda' (1 - b)^2 + noise)/(1 - b c)
    and 1 - b c = lambda_reg V + b/(1 + V): no sum is a difference.
    """
    signal = slope * slope * signal_variance
    noise = slope * slope * noise_variance + label_variance
    t = alpha + regularization - 1.0
    root = np.hypot(t, 2.0 * np.sqrt(regularization))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        positive = t > 0.0
        v = np.where(positive, 2.0 / (t + root), (root - t) / (2.0 * regularization))
        v = np.where(np.isnan(v), np.inf, v)  # alpha = 1 without regularisation
        missed = np.where(positive, 2.0 * regularization / (t + root), 0.5 * (root - t))
        inverse = 1.0 / v
        c, rest = 1.0 / (1.0 + inverse), inverse / (1.0 + inverse)
        b = alpha * c
        denominator = missed + b * rest
        known = signal * missed * missed + noise
        error = np.where(known > 0.0, known / denominator, 0.0)
        q = signal * b * b + error * b * c
        m = slope * signal_variance * b
        first = alpha * rest
        order = OrderParameters(v, q, m, q)
        conjugates = Conjugates(first, first * rest * error, slope * first)
        gap = signal_variance * error * b * c + noise_variance * q
        train = 0.5 * rest * rest * error
    point = Point(order, conjugates, train, np.full(alpha.shape, np.nan), error)
    return point, gap, np.abs(missed + b - 1.0)
