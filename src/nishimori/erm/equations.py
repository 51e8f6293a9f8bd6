"""The equations of empirical risk minimisation, as a map of few variables onto themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from nishimori.erm.base import Estimator
from nishimori.erm.quadrature import FINER, LEVELS, Levels, loss_nodes, normal
from nishimori.features import Geometry, OrderParameters

__all__ = ["Conjugates", "Point", "RegressionSystem", "System", "misalignment"]

FloatArray = NDArray[np.float64]

_ROWS = 32
_NOTHING = 1e-12  # of the labels' variance: a target that explains no more tells nothing of E_0
_TINY = -460.0  # the logarithm of an error that is as good as none


class Conjugates(NamedTuple):
    """The conjugates of V, q and m; arrays of one shape."""

    susceptibility: FloatArray
    self_overlap: FloatArray
    overlap: FloatArray


class Averages(NamedTuple):
    """Per training sample: of the score's slope, its square, the loss, and wrong signs."""

    slope: FloatArray
    square: FloatArray
    loss: FloatArray
    wrong: FloatArray


class Point(NamedTuple):
    """Everything at a solution; arrays over points."""

    order: OrderParameters
    conjugates: Conjugates
    train_loss: FloatArray
    train_error: FloatArray
    test_error: FloatArray


class System(Protocol):
    """A map of (ln V, ...) onto itself, for each alpha_p = n/p and regularisation."""

    def start(self, alpha: FloatArray, regularization: FloatArray) -> FloatArray:
        """Where to begin, a row for each point."""
        ...

    def conjugates(self, x: FloatArray, alpha: FloatArray) -> Conjugates:
        """The channel's half of the map."""
        ...

    def respond(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        """The geometry's half of the map."""
        ...

    def test_error(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        """On fresh samples, noise included."""
        ...

    def finish(self, x: FloatArray, alpha: FloatArray, regularization: FloatArray) -> Point:
        """Everything at a solution x."""
        ...

    def refined(self) -> Self:
        """The same with finer grids, to see what the grids are worth."""
        ...


def misalignment(
    geometry: Geometry, conjugates: Conjugates, order: OrderParameters, regularization: FloatArray
) -> FloatArray:
    """Q E h^2 - m^2, without cancellation where the geometry knows how."""
    return geometry.misalignment(*conjugates, regularization, order)


@dataclass(frozen=True, eq=False)
class RegressionSystem:
    r"""Labels y = slope h + Gaussian noise, and a loss of the residual r = y - z.

    The noise may be a mixture of variances. With :math:`E_0 = E (slope\, h - z)^2`,
    :math:`r \sim N(0, E_0 + \Delta)`, everything depends on V and :math:`E_0`,

    .. math:: \hat V = \alpha_p E[g'(r)], \quad \hat q = \alpha_p E[g(r)^2], \quad
              \hat m = slope\, \hat V,

    by Gaussian integration by parts. The square loss needs no more than second moments of any
    labels, which are then of this form.
    """

    loss: Estimator
    geometry: Geometry
    slope: float
    variances: FloatArray
    weights: FloatArray
    nodes: int = 16
    levels: Levels = LEVELS

    def start(self, alpha: FloatArray, regularization: FloatArray) -> FloatArray:
        """V of ridge regression, and nothing learnt."""
        t = alpha + regularization - 1.0
        root = np.hypot(t, 2.0 * np.sqrt(regularization))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            v = np.where(t > 0.0, 2.0 / (t + root), (root - t) / (2.0 * regularization))
        v = np.clip(v, 1e-14, 1e14)
        e = self.slope**2 * self.geometry.target_variance + 1e-300
        x = np.stack([np.log(v), np.full(alpha.shape, np.log(e))], axis=1)
        if e < _NOTHING * float(self.weights @ self.variances):  # all of it comes from the noise
            with np.errstate(all="ignore"):
                moved = self.respond(self.conjugates(x, alpha), regularization)[:, 1]
            x[:, 1] = np.where(np.isfinite(moved), moved, x[:, 1])
        return x

    def conjugates(self, x: FloatArray, alpha: FloatArray) -> Conjugates:
        """See `System`."""
        return self._averaged(x, alpha)[0]

    def respond(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        """See `System`."""
        order = self.geometry.order_parameters(*conjugates, regularization)
        error = self._mean_square(conjugates, regularization)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(np.stack([order.susceptibility, error], axis=1))

    def test_error(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        """See `System`."""
        error = self._mean_square(conjugates, regularization)
        return error + self.weights @ self.variances

    def finish(self, x: FloatArray, alpha: FloatArray, regularization: FloatArray) -> Point:
        conjugates, averages = self._averaged(x, alpha, complete=True)
        order = self.geometry.order_parameters(*conjugates, regularization)
        error = self.test_error(conjugates, regularization)
        return Point(order, conjugates, averages.loss, averages.wrong, error)

    def recovers(
        self, alpha: FloatArray, regularization: FloatArray
    ) -> tuple[NDArray[np.bool_], FloatArray, Conjugates]:
        """Where the error falls to zero at this regularisation; V and the conjugates there.

        It does for losses with a kink at r = 0, where V goes to zero with the root of the error,
        and for all without regularisation: the error of a tiny error is tinier.
        """
        if self.variances.any():
            none = np.zeros(alpha.shape)
            return none > 0.0, none, Conjugates(none, none, none)
        from nishimori.erm.newton import solve_fixed_points

        tiny = np.full(alpha.shape, _TINY)

        def update(y: FloatArray, index: NDArray[np.int_]) -> FloatArray:
            x = np.stack([y[:, 0], tiny[index]], axis=1)
            hats = self.conjugates(x, alpha[index])
            return self.respond(hats, regularization[index])[:, :1]

        with np.errstate(all="ignore"):
            roots = solve_fixed_points(update, 0.5 * tiny[:, None])
            smooth = solve_fixed_points(update, 0.0 * tiny[:, None])
            chosen = np.where(roots.residual < 1e-9, roots.x[:, 0], smooth.x[:, 0])
            residual = np.minimum(roots.residual, smooth.residual)
            x = np.stack([chosen, tiny], axis=1)
            conjugates = self.conjugates(x, alpha)
            new = self.respond(conjugates, regularization)[:, 1]
            v = np.exp(chosen)
        sharp = chosen < 0.25 * _TINY
        susceptibility = np.where(sharp, np.inf, conjugates.susceptibility)
        hats = Conjugates(
            susceptibility,
            np.where(sharp, conjugates.self_overlap, 0.0),
            self.slope * susceptibility,
        )
        return (residual < 1e-9) & (new < tiny), np.where(sharp, 0.0, v), hats

    def refined(self) -> RegressionSystem:
        return replace(self, nodes=self.nodes + 6, levels=FINER)

    def _mean_square(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        return self.geometry.mean_square(
            conjugates.susceptibility, conjugates.self_overlap, regularization, self.slope
        )

    def _averaged(
        self, x: FloatArray, alpha: FloatArray, complete: bool = False
    ) -> tuple[Conjugates, Averages]:
        with np.errstate(over="ignore"):
            v, error = np.exp(x[:, 0]), np.exp(x[:, 1])
        total = error[:, None] + self.variances
        if self.loss.is_square:
            averages = _square_averages(v, total @ self.weights)
        else:
            # as many rows at a time as keep the nodes in the cache; one where it has parts
            step = _ROWS if self.weights.size == 1 else 1
            parts = [
                self._averages(v[i : i + step], total[i : i + step], complete)
                for i in range(0, v.size, step)
            ]
            averages = Averages(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        slope = alpha * averages.slope
        return Conjugates(slope, alpha * averages.square, self.slope * slope), averages

    def _averages(self, v: FloatArray, total: FloatArray, complete: bool) -> Averages:
        loss, shape = self.loss, total.shape
        width, each = np.sqrt(total).ravel(), np.repeat(v, shape[1])
        zero = np.zeros_like(width)
        share = self.weights if shape[1] > 1 else None
        nodes = loss_nodes(loss, each, zero, width, self.nodes, self.levels, share=share)
        law = nodes.weight * normal(nodes.z)
        g, slope = nodes.score(loss, each)

        def mean(values: FloatArray) -> FloatArray:
            return nodes.sums(values, law, width.size).reshape(shape) @ self.weights

        train = mean(nodes.minimum(loss, each)) if complete else np.zeros(0)
        return Averages(mean(slope), mean(g * g), train, np.full(shape[0], np.nan))


def _square_averages(v: FloatArray, total: FloatArray) -> Averages:
    """Of r/(1 + V), E r^2 = total."""
    slope = 1.0 / (1.0 + v)
    square = total * np.square(slope)
    return Averages(slope, square, 0.5 * square, np.full(v.shape, np.nan))
