"""Gaussian averages of the score of a loss, panel by panel, many integrals at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels.rules import gauss_legendre

if TYPE_CHECKING:
    from nishimori.erm.base import Estimator

__all__ = ["FINER", "LEVELS", "Levels", "Nodes", "loss_nodes", "nodes_around", "normal"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Levels = tuple[float, ...]

LEVELS = (2.0, 4.0, 6.0, 9.0)
"""Edges of panels: where the normal density is exp(-level^2/2) of its largest in the region.

Around the mean these are standard deviations. What lies beyond the last is 2e-19 of the rest.
"""
FINER = (1.3, 2.9, 4.7, 7.1, 10.0)
"""The same for a check on them: no edge in common, and another end."""


def normal(z: FloatArray) -> FloatArray:
    """The density of N(0, 1)."""
    out: FloatArray = np.exp(-0.5 * z * z) * (1.0 / math.sqrt(2.0 * math.pi))
    return out


class Nodes(NamedTuple):
    """The panels of many rows behind one another; the last four have the shape (panel, node).

    Region 2 k + 1 of a row is where the proximal point is held at kink k, with the derivative
    `slope` of the loss, and region 2 k is below. A node is at mean + width z, which is `place`, and
    `weight` is that of dz without any density.
    """

    row: IntArray
    region: IntArray
    place: FloatArray
    z: FloatArray
    weight: FloatArray
    slope: FloatArray

    def score(self, loss: Estimator, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """`Estimator.score`, with all digits at kinks; `v` has an entry for each row."""
        each, held = v[self.row][:, None], self.region % 2 == 1
        g, slope = loss.score(self.place, each)
        if held.any():
            sign = -1.0 if loss.labels == "sign" else 1.0
            g[held], slope[held] = sign * self.slope[held], 1.0 / each[held]
        return g, slope

    def minimum(self, loss: Estimator, v: FloatArray) -> FloatArray:
        """`Estimator.minimum`, likewise."""
        low, held = loss.minimum(self.place, v[self.row][:, None]), self.region % 2 == 1
        if held.any():
            floor = loss.reduced(np.array(loss.kinks)[:, 0])
            low[held] = floor[self.region[held] // 2, None]
        return low

    def sums(self, values: FloatArray, weights: FloatArray, rows: int) -> FloatArray:
        """Of values times weights at the nodes, row by row."""
        panels = np.einsum("pk,pk->p", values, weights)
        return np.bincount(self.row, panels, rows).astype(np.float64, copy=False)


def loss_nodes(
    loss: Estimator,
    v: FloatArray,
    mean: FloatArray,
    width: FloatArray,
    count: int,
    levels: Levels,
    second: FloatArray | None = None,
    share: FloatArray | None = None,
) -> Nodes:
    """Nodes for averages of the loss over N(mean, width^2), a row for each entry of the arrays.

    Panels resolve a law of the same mean and of width `second`, in units of `width`, as well.
    Rows that are parts of one mean have a `share` in it.
    """
    kinks = np.array(loss.kinks, dtype=np.float64).reshape(-1, 3)
    ends, slopes = np.repeat(kinks[:, 0], 2), kinks[:, 1:].ravel()
    return nodes_around(ends, slopes, loss.cuts(v), v, mean, width, count, levels, second, share)


def nodes_around(
    ends: FloatArray,
    slopes: FloatArray,
    cuts: FloatArray,
    v: FloatArray,
    mean: FloatArray,
    width: FloatArray,
    count: int,
    levels: Levels,
    second: FloatArray | None = None,
    share: FloatArray | None = None,
) -> Nodes:
    """The same with regions that end at the places ``ends + v slopes``, ascending."""
    from nishimori._kernels import erm_panels

    second = np.ones_like(v) if second is None else second
    share = np.zeros(0) if share is None else np.log(share)
    # kernels take no array that is read-only, as a loss may hand out
    cuts, edges = np.array(cuts, dtype=np.float64, order="C"), np.array(levels)
    rule = gauss_legendre(count)
    return Nodes(
        *erm_panels.panels(ends, slopes, cuts, v, mean, width, second, share, edges, *rule)
    )
