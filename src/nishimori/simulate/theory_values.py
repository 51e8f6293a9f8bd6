"""What theory says about each procedure: the one place where simulations meet their solvers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.erm import Estimator
from nishimori.errors import BadArgument, Status
from nishimori.glm import GLM
from nishimori.network import DeepNetwork
from nishimori.simulate.procedures import Procedure, is_a
from nishimori.spectra import Isotropic

__all__ = ["Theory", "natural_scale"]

FloatArray = NDArray[np.float64]

_RTOL = 1e-8
_NODES = 16  # of the Gauss-Hermite mean over the offset: 1e-4, a tenth of any error bar
_SEARCH = np.geomspace(1e-2, 1e2, 25)  # around the optimum without an offset


@dataclass(frozen=True, eq=False)
class Theory:
    """The limit of large dimension for one procedure on one problem.

    Attributes
    ----------
    problem : GLM
        Without the network's offset.
    network : DeepNetwork or None
    estimator : Estimator or None
        Whose theory it is; None for the optimum.
    features : object or None
        Of the estimator.
    branch : {"optimal", "algorithmic"}
        Of the optimum.
    bound : bool
        Whether the optimum is only what the procedure cannot beat.
    """

    problem: GLM
    network: DeepNetwork | None
    estimator: Estimator | None = None
    features: Any = None
    branch: str = "optimal"
    bound: bool = False

    @classmethod
    def of(cls, procedure: Procedure, problem: GLM, network: DeepNetwork | None) -> Theory:
        """The theory of a procedure."""
        estimator = getattr(procedure, "estimator", None)
        if isinstance(estimator, Estimator):
            features = getattr(procedure, "features", None)
            shared = getattr(features, "shared_layers", 0)
            if shared:
                if network is None:
                    raise BadArgument(
                        "compare: features that share layers with the teacher need a network"
                    )
                problem = network.glm(problem.channel, above_layer=shared)
            return cls(problem, network, estimator, features)
        if is_a(procedure, "MessagePassing"):
            return cls(problem, network, branch="algorithmic")
        return cls(problem, network, bound=not is_a(procedure, "Posterior"))

    @property
    def metric(self) -> str:
        """What the test error is: misclassification of the noisy label, or mean square."""
        channel = self.problem.channel
        if self.estimator is None:
            return channel.metrics[0]
        signs = self.estimator.for_labels(channel).labels == "sign"
        return "misclassification" if signs else "mean_square"

    @property
    def any_alpha(self) -> bool:
        """Whether it can be asked at other alphas than those of an array of regularizations."""
        given = None if self.estimator is None else self.estimator.regularization
        return given is None or isinstance(given, str) or np.ndim(given) == 0

    @property
    def offset_variance(self) -> float:
        """Of the random offset that the errors are averaged over; 0 where it changes nothing."""
        if self.network is None or self.problem.channel.ignores_offset:
            return 0.0
        return float(self.network.reduce(self.problem.spectrum.mean).offset_variance)

    def errors(
        self, alpha: FloatArray, regularization: FloatArray | None = None
    ) -> tuple[FloatArray, list[str]]:
        """The test error at each alpha, and why there is none where it is NaN.

        `regularization` is what `regularization(alpha)` has found, where that is known already.
        """
        if self.estimator is not None:
            if regularization is None:
                regularization = self.regularization(alpha)
            return self._of_estimator(alpha, regularization)
        options: dict[str, Any] = {"branch": self.branch, "rtol": _RTOL, "on_failure": "return"}
        if self.network is None:
            curve = self.problem.learning_curve(alpha, **options)
        else:
            given = self.problem.spectrum
            spectrum = None if isinstance(given, Isotropic) else given
            curve = self.network.learning_curve(
                self.problem.channel, alpha, spectrum=spectrum, **options
            )
        return _with_reasons(curve.test_error, curve.status)

    def regularization(self, alpha: FloatArray) -> FloatArray:
        """The number that the estimator is trained with at each alpha, "optimal" searched for."""
        estimator = self.estimator
        assert estimator is not None
        given = estimator.regularization
        if estimator.separable_only:
            return np.zeros(alpha.size)
        if not isinstance(given, str):
            values = np.asarray(given, dtype=np.float64)
            if values.ndim and values.shape != alpha.shape:
                raise BadArgument(
                    f"{estimator.name}: regularization must be one number, 'optimal', or one for "
                    f"each of the {alpha.size} alphas; got shape {values.shape}"
                )
            return np.broadcast_to(values, alpha.shape)
        best = np.asarray(
            estimator.optimal_regularization(self.problem, alpha, self.features), dtype=np.float64
        )
        if self.offset_variance == 0.0:
            return best
        return self._best_on_average(alpha, best)

    def _of_estimator(
        self, alpha: FloatArray, regularization: FloatArray
    ) -> tuple[FloatArray, list[str]]:
        estimator = self.estimator
        assert estimator is not None
        if not estimator.separable_only:
            estimator = replace(estimator, regularization=regularization.tolist())

        def at(offset: float) -> tuple[FloatArray, list[str]]:
            curve = estimator.learning_curve(
                replace(self.problem, offset=offset),
                alpha,
                self.features,
                rtol=_RTOL,
                on_failure="return",
            )
            return _with_reasons(curve.test_error, curve.status)

        return self._averaged(at, alpha.size)

    def _averaged(
        self, at: Callable[[float], tuple[FloatArray, list[str]]], size: int
    ) -> tuple[FloatArray, list[str]]:
        variance = self.offset_variance
        if variance == 0.0:
            return at(self.problem.offset)
        total, reasons = np.zeros(size), [""] * size
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        weights = weights / weights.sum()
        if self.problem.channel.even_in_offset:
            kept = nodes > 0.0
            nodes, weights = nodes[kept], 2.0 * weights[kept]
        for node, weight in zip(nodes, weights, strict=True):
            errors, why = at(math.sqrt(variance) * float(node))
            total += weight * errors
            reasons = [a or b for a, b in zip(reasons, why, strict=True)]
        return total, reasons

    def _best_on_average(self, alpha: FloatArray, start: FloatArray) -> FloatArray:
        """Where a parabola through the smallest mean errors in ln(regularization) is lowest."""
        factors = _SEARCH
        grid_alpha = np.repeat(alpha, factors.size)
        grid = np.outer(start, factors).ravel()
        errors, _ = self._of_estimator(grid_alpha, grid)
        table = np.where(np.isfinite(errors), errors, np.inf).reshape(alpha.size, factors.size)
        k = np.clip(np.argmin(table, axis=1), 1, factors.size - 2)
        rows = np.arange(alpha.size)
        low, mid, high = (table[rows, k + step] for step in (-1, 0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            shift = 0.5 * (low - high) / (low - 2.0 * mid + high)
        shift = np.where(np.isfinite(shift), np.clip(shift, -1.0, 1.0), 0.0)
        return start * factors[k] * (factors[1] / factors[0]) ** shift


def natural_scale(problem: GLM, metric: str) -> float:
    """The error of who knows the problem and has no sample: what errors are measured against."""
    total = problem.signal_variance * problem.spectrum.mean + problem.noise_variance
    channel = problem.channel
    if metric == channel.metrics[0]:
        nothing, everything = np.zeros(1), np.full(1, total)
        return float(channel.errors(nothing, everything, problem.offset, metric)[0])
    return float(channel.label_moments(total, problem.offset).mean_square)


def _with_reasons(errors: FloatArray, status: NDArray[np.int_]) -> tuple[FloatArray, list[str]]:
    kinds = [Status(int(s)) for s in status]
    reasons = [kind.sentence if kind.failed else "" for kind in kinds]
    return np.where([bool(r) for r in reasons], np.nan, errors), reasons
