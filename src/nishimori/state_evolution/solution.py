"""Fixed points as arrays, and those that need no solving."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status
from nishimori.state_evolution.equations import Equations

__all__ = ["Solution", "failed", "nothing_learnt", "perfect_recovery"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """Fixed points as flat arrays, one element per requested sample ratio."""

    log_conjugate: FloatArray
    overlap: FloatArray
    mmse: FloatArray
    entropy: FloatArray
    deficit: FloatArray
    free_entropy: FloatArray
    stable: NDArray[np.bool_]
    status: NDArray[np.int_]
    residual: FloatArray
    error_estimate: FloatArray

    @property
    def conjugate(self) -> FloatArray:
        """r = exp(log_conjugate)."""
        return np.asarray(np.exp(self.log_conjugate))

    def part(self, chosen: NDArray[np.bool_]) -> Solution:
        """The points that are chosen."""
        return Solution(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def put(self, where: NDArray[Any], part: Solution) -> None:
        """Write the points of `part` to the places `where` (indices, or a mask)."""
        for field in fields(self):
            getattr(self, field.name)[where] = getattr(part, field.name)

    def where(self, condition: NDArray[np.bool_], other: Solution) -> Solution:
        """This solution where `condition` holds, the other one elsewhere."""
        merged = {
            field.name: np.where(condition, getattr(self, field.name), getattr(other, field.name))
            for field in fields(self)
        }
        return Solution(**merged)


def nothing_learnt(
    equations: Equations, alpha: FloatArray, stable: NDArray[np.bool_] | None = None
) -> Solution:
    """r = 0: the prior is all that is known."""
    zero = np.zeros_like(alpha)
    denoised = equations.prior.evaluate(zero)
    signal, variance = equations.channel_arguments(denoised.overlap, denoised.mmse)
    entropy = equations.channel.evaluate(signal[:1], variance[:1], equations.offset).entropy[0]
    return Solution(
        np.full_like(alpha, -math.inf),
        denoised.overlap,
        denoised.mmse,
        zero + entropy,
        denoised.deficit,
        alpha * entropy - denoised.deficit,
        np.ones(alpha.shape, dtype=np.bool_) if stable is None else stable,
        np.full(alpha.shape, int(Status.NOTHING_LEARNT)),
        zero,
        zero.copy(),
    )


def perfect_recovery(
    equations: Equations, alpha: FloatArray, stable: NDArray[np.bool_]
) -> Solution:
    """v = 0 with an infinite conjugate, a stable fixed point where `stable`."""
    zero = np.zeros_like(alpha)
    moment = np.full(1, equations.input_second_moment)
    signal, variance = equations.channel_arguments(moment, zero[:1])
    entropy = float(equations.channel.evaluate(signal, variance, equations.offset).entropy[0])
    limit = equations.prior.information_limit
    if math.isinf(limit) and entropy == math.inf:
        free_entropy = np.where(stable, math.inf, -math.inf)
    else:
        free_entropy = alpha * entropy - limit
    status = np.where(stable, int(Status.PERFECT_RECOVERY), int(Status.NO_SOLUTION))
    return Solution(
        zero + math.inf,
        zero + equations.input_second_moment,
        zero.copy(),
        zero + entropy,
        zero + limit,
        free_entropy,
        stable,
        status,
        zero.copy(),
        zero.copy(),
    )


def failed(alpha: FloatArray, status: Status) -> Solution:
    """NaN everywhere, with the reason as status."""
    values: dict[str, Any] = {
        field.name: np.full(alpha.shape, np.nan) for field in fields(Solution)
    }
    values["stable"] = np.zeros(alpha.shape, dtype=np.bool_)
    values["status"] = np.full(alpha.shape, int(status))
    return Solution(**values)
