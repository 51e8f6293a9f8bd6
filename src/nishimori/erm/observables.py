"""Errors of a trained estimator on fresh samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Sign
from nishimori.erm.base import Estimator
from nishimori.erm.general import label_error
from nishimori.features import Geometry, LinearStudent, OrderParameters

if TYPE_CHECKING:
    from nishimori.features import Features
    from nishimori.glm import GLM
    from nishimori.results import ErmCurve, ErmState

__all__ = ["misclassification", "test_error"]

FloatArray = NDArray[np.float64]


def misclassification(
    problem: GLM, geometry: Geometry, order: OrderParameters, gap: FloatArray
) -> FloatArray:
    """How often sign(z) is not the label, at flat arrays; gap is q E h^2 - m^2."""
    channel = problem.channel
    if isinstance(channel, Sign) and problem.offset == 0.0:
        if channel.noise > 0.0:  # the overlap may be infinite
            gap = gap + channel.noise * order.self_overlap
        angle = np.arctan2(np.sqrt(gap), order.overlap) / math.pi
        return channel.flip + (1.0 - 2.0 * channel.flip) * angle
    return label_error(
        channel,
        geometry.target_variance,
        problem.offset,
        order.self_overlap,
        order.overlap,
        gap,
        True,
    )


def test_error(
    estimator: Estimator,
    problem: GLM,
    state: ErmState | ErmCurve,
    features: Features | None = None,
    *,
    label_noise: bool = True,
) -> Any:
    """See `Estimator.test_error`."""
    q = np.asarray(state.self_overlap, dtype=np.float64)
    m = np.asarray(state.overlap, dtype=np.float64)
    estimator = estimator.for_labels(problem.channel)
    channel = problem.channel if label_noise else problem.channel.without_noise()
    rho = (LinearStudent() if features is None else features).geometry(problem).target_variance
    offset = 0.0 if channel.ignores_offset else problem.offset
    gap = np.maximum(q * rho - m * m, 0.0)
    if estimator.labels == "sign" and isinstance(channel, Sign) and offset == 0.0:
        noise = channel.noise * q if channel.noise > 0.0 else 0.0
        angle = np.arctan2(np.sqrt(gap + noise), m) / math.pi
        return channel.flip + (1.0 - 2.0 * channel.flip) * angle
    signs = estimator.labels == "sign"
    flat = label_error(channel, rho, offset, q.ravel(), m.ravel(), gap.ravel(), signs)
    return flat.reshape(q.shape)[()]


test_error.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name
