"""Solved batches: what was found and how well, and how they are put together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nishimori.erm.equations import Conjugates, Point
from nishimori.errors import Status
from nishimori.features import OrderParameters

__all__ = ["Answer", "joined", "rows", "void"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answer:
    """A solved batch: what was found, and how well. `x` is None where the unknowns are not kept."""

    point: Point
    x: FloatArray | None
    residual: FloatArray
    error: FloatArray
    status: NDArray[np.int_]


def void(count: int, status: Status) -> Answer:
    """Points without an answer."""
    nothing = np.full((11, count), math.nan)
    point = Point(OrderParameters(*nothing[:4]), Conjugates(*nothing[4:7]), *nothing[7:10])
    return Answer(point, None, nothing[10], nothing[10].copy(), np.full(count, int(status)))


def rows(answer: Answer, where: NDArray[np.bool_]) -> Answer:
    """Some points of an answer, without the unknowns."""
    point = answer.point
    return replace(
        answer,
        point=Point(
            OrderParameters(*(values[where] for values in point.order)),
            Conjugates(*(values[where] for values in point.conjugates)),
            *(values[where] for values in point[2:]),
        ),
        x=None,
        residual=answer.residual[where],
        error=answer.error[where],
        status=answer.status[where],
    )


def joined(alpha: FloatArray, parts: list[tuple[NDArray[np.bool_], Answer]]) -> Answer:
    """One answer of several, each at its own points; without the unknowns, which differ in kind."""

    def merged(columns: list[NDArray[np.generic]]) -> FloatArray:
        out = np.zeros(alpha.shape)
        for (where, _), values in zip(parts, columns, strict=True):
            out[where] = values
        return out

    points = [part.point for _, part in parts]
    point = Point(
        OrderParameters(*(merged(list(c)) for c in zip(*(p.order for p in points), strict=True))),
        Conjugates(*(merged(list(c)) for c in zip(*(p.conjugates for p in points), strict=True))),
        *(merged(list(c)) for c in zip(*(p[2:] for p in points), strict=True)),
    )
    return Answer(
        point,
        None,
        merged([part.residual for _, part in parts]),
        merged([part.error for _, part in parts]),
        merged([part.status for _, part in parts]).astype(np.int_),
    )
