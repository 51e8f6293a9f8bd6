"""Losses of the margin u = y omega on sign labels: one integral over the law of u."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nishimori.erm.base import Estimator
from nishimori.erm.equations import Averages, Conjugates, Point, misalignment
from nishimori.erm.quadrature import FINER, LEVELS, Levels, loss_nodes, nodes_around, normal
from nishimori.features import Geometry

__all__ = ["MarginSystem", "overlap_start"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_ROWS = 32


@dataclass(frozen=True, eq=False)
class MarginSystem:
    r"""Sign labels, with noise inside and flips, and a loss of the margin u = y omega.

    The variables are ln V, ln q and v with :math:`m = \sqrt{q V'} \tanh v`, V' = E h^2 + noise, so
    that :math:`q V' - m^2 = q V'/\cosh^2 v` is never a difference. With
    :math:`k = \sqrt{2/(\pi V')}` and p = flip, u has the density

    .. math:: p(u) = 2 N(u; 0, q) [(1 - 2p) \Phi(u \sinh v/\sqrt q) + p],

    .. math:: \hat V = \alpha_p E[-g'(u)], \quad \hat q = \alpha_p E[g(u)^2], \quad
              \hat m = \alpha_p (1 - 2p) k\, E_{u \sim N(0, q/\cosh^2 v)}[g(u)] .
    """

    loss: Estimator
    geometry: Geometry
    noise: float
    flip: float
    nodes: int = 16
    levels: Levels = LEVELS

    @property
    def total_variance(self) -> float:
        """V'."""
        return self.geometry.target_variance + self.noise

    def start(self, alpha: FloatArray, regularization: FloatArray) -> FloatArray:
        """See `System`."""
        return overlap_start(self.geometry.target_variance, alpha, regularization)

    def conjugates(self, x: FloatArray, alpha: FloatArray) -> Conjugates:
        """See `System`."""
        return self._averaged(x, alpha)[0]

    def respond(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        """See `System`."""
        order = self.geometry.order_parameters(*conjugates, regularization)
        gap = misalignment(self.geometry, conjugates, order, regularization)
        gap = gap + self.noise * order.self_overlap
        with np.errstate(divide="ignore", invalid="ignore"):
            tilt = np.arcsinh(order.overlap / np.sqrt(gap))
            return np.stack(
                [np.log(order.susceptibility), np.log(order.self_overlap), tilt], axis=1
            )

    def test_error(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        """See `System`."""
        order = self.geometry.order_parameters(*conjugates, regularization)
        gap = misalignment(self.geometry, conjugates, order, regularization)
        gap = gap + self.noise * order.self_overlap
        angle = np.arctan2(np.sqrt(gap), order.overlap) / math.pi
        return self.flip + (1.0 - 2.0 * self.flip) * angle

    def finish(self, x: FloatArray, alpha: FloatArray, regularization: FloatArray) -> Point:
        """See `System`."""
        conjugates, averages = self._averaged(x, alpha, complete=True)
        order = self.geometry.order_parameters(*conjugates, regularization)
        error = self.test_error(conjugates, regularization)
        return Point(order, conjugates, averages.loss, averages.wrong, error)

    def refined(self) -> MarginSystem:
        """See `System`."""
        return replace(self, nodes=self.nodes + 6, levels=FINER)

    def _averaged(
        self, x: FloatArray, alpha: FloatArray, complete: bool = False
    ) -> tuple[Conjugates, Averages]:
        # as many rows at a time as keep the nodes in the cache
        parts = [
            self._block(x[i : i + _ROWS], alpha[i : i + _ROWS], complete)
            for i in range(0, alpha.size, _ROWS)
        ]
        if len(parts) == 1:
            return parts[0]
        conjugates, averages = (
            [np.concatenate(columns) for columns in zip(*halves, strict=True)]
            for halves in zip(*parts, strict=True)
        )
        return Conjugates(*conjugates), Averages(*averages)

    def _block(
        self, x: FloatArray, alpha: FloatArray, complete: bool
    ) -> tuple[Conjugates, Averages]:
        loss, keep = self.loss, 1.0 - 2.0 * self.flip
        with np.errstate(over="ignore"):
            v, scale = np.exp(x[:, 0]), np.exp(0.5 * x[:, 1])
        narrow = 1.0 / np.cosh(np.minimum(np.abs(x[:, 2]), 300.0))
        steep = np.sinh(np.clip(x[:, 2], -300.0, 300.0))
        zero = np.zeros_like(v)
        nodes = loss_nodes(loss, v, zero, scale, self.nodes, self.levels, narrow)

        def density(t: FloatArray, row: IntArray) -> FloatArray:
            return 2.0 * normal(t) * (keep * ndtr(t * steep[row][:, None]) + self.flip)

        law = nodes.weight * density(nodes.z, nodes.row)
        each = narrow[nodes.row][:, None]
        near = nodes.weight * normal(nodes.z / each) / each
        g, slope = nodes.score(loss, v)
        k = math.sqrt(2.0 / (math.pi * self.total_variance))
        conjugates = Conjugates(
            alpha * nodes.sums(slope, law, v.size),
            alpha * nodes.sums(g * g, law, v.size),
            alpha * (keep * k) * nodes.sums(g, near, v.size),
        )
        if not complete:
            return conjugates, Averages(v, v, v, v)
        train = nodes.sums(nodes.minimum(loss, v), law, v.size)
        wrong = zero
        if not loss.separable_only:
            # below the place whose proximal point is 0
            start = -loss.score(np.zeros((1, 1)), np.full((1, 1), 1e-300))[0][0]
            nodes = nodes_around(
                np.zeros(1),
                start,
                np.empty((v.size, 0)),
                v,
                zero,
                scale,
                self.nodes,
                self.levels,
                narrow,
            )
            law = nodes.weight * density(nodes.z, nodes.row) * (nodes.region == 0)[:, None]
            wrong = nodes.sums(law, np.ones_like(law), v.size)
        return conjugates, Averages(v, v, train, wrong)


def overlap_start(
    target_variance: float, alpha: FloatArray, regularization: FloatArray
) -> FloatArray:
    """Ln V, ln q and v to begin with."""
    v = 1.0 / (np.maximum(regularization, 0.03) + np.minimum(alpha, 1.0))
    q = 0.5 * np.square(v * np.minimum(1.0, alpha) + 1e-3 * v) + 1e-300
    tilt = np.minimum(0.8, np.sqrt(alpha))
    return np.stack([np.log(v), np.log(q), tilt], axis=1)
