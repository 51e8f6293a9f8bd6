"""The mean of a learning curve over the random output offset of a network, and its spread."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array
from nishimori.errors import BadArgument, Status
from nishimori.glm import GLM, OnFailure
from nishimori.observables.curve import learning_curve, report_failures
from nishimori.results import Curve
from nishimori.state_evolution.requests import require_alpha

__all__ = ["offset_average"]

FloatArray = NDArray[np.float64]

_REACH = 8.5
_AGREEMENT = 1e-11
_LEVELS = 3
_INTERVALS = 150
# the Gauss-Kronrod rule of 15 nodes; every second one is of the Gauss rule of 7
_HALF = np.array(
    [
        [0.991455371120812639206854697526329, 0.022935322010529224963732008058970],
        [0.949107912342758524526189684047851, 0.063092092629978553290700663189204],
        [0.864864423359769072789712788640926, 0.104790010322250183839876322541518],
        [0.741531185599394439863864773280788, 0.140653259715525918745189590510238],
        [0.586087235467691130294144838258730, 0.169004726639267902826583426598550],
        [0.405845151377397166906606412076961, 0.190350578064785409913256402421014],
        [0.207784955007898467600689403773245, 0.204432940075298892414161999234649],
        [0.0, 0.209482141084727828012999174891714],
    ]
)
_NODES = np.concatenate([-_HALF[:, 0], _HALF[-2::-1, 0]])
_KRONROD = np.concatenate([_HALF[:, 1], _HALF[-2::-1, 1]])
_GAUSS = np.polynomial.legendre.leggauss(7)[1]
_MEANS = (
    "overlap mmse conjugate free_entropy mutual_information signal_mutual_information "
    "test_error log_loss"
).split()
_DECISIVE = [_MEANS.index("test_error"), _MEANS.index("mmse")]


def offset_average(
    problem: GLM,
    offset_variance: float,
    alpha: ArrayLike,
    *,
    branch: str = "optimal",
    rtol: float = 1e-10,
    on_failure: OnFailure = "raise",
    quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    progress: Callable[[int, int], None] | None = None,
) -> Curve:
    r"""Average `problem`'s curve over its offset :math:`c_0 \sim N(0, \text{offset\_variance})`.

    The mean is a trapezoid sum over c_0, halved in step until two levels agree. Where they do not
    (the error has a kink, or turns within a length much below the spread of c_0, as it does when
    little is learnt), it is an adaptive Gauss-Kronrod integral instead. The disagreement is part of
    the error estimate. The error of a sign label falls with abs(c_0), so a quantile of the error is
    the error at the opposite quantile of abs(c_0); should the error not be monotone, quantiles are
    interpolated between the nodes of the sum (three digits).
    """
    probabilities = require_array("quantiles", quantiles, "learning_curve").ravel().tolist()
    for probability in probabilities:
        if not 0.0 < probability < 1.0:
            raise BadArgument(
                f"quantiles are probabilities between 0 and 1, exclusive; got {probability!r}"
            )
    ratios = require_alpha(alpha)
    if offset_variance == 0.0 or problem.channel.ignores_offset:
        return learning_curve(problem, ratios, branch=branch, rtol=rtol, on_failure=on_failure)
    sigma = math.sqrt(offset_variance)

    def at(z: float) -> Curve:
        shifted = replace(problem, offset=problem.offset + sigma * z)
        return learning_curve(shifted, ratios, branch=branch, rtol=rtol, on_failure="return")

    even = problem.channel.even_in_offset and problem.offset == 0.0
    curves = _Curves(at, progress)
    goal = max(_AGREEMENT, 0.1 * rtol)
    means, error = _trapezoid(curves, even, goal)
    if not np.all(error <= goal):
        means, error = _adaptive(curves, even, goal, means, error)
    curves.finish()
    curve = _combined(ratios, branch, curves, means, error, rtol)
    curve = replace(curve, quantiles=_quantiles(curves, probabilities, at, even))
    report_failures(curve, on_failure)
    return curve


class _Curves(dict[float, Curve]):
    """The curves worked out so far, by offset in standard deviations; makes those that lack."""

    def __init__(
        self, at: Callable[[float], Curve], progress: Callable[[int, int], None] | None
    ) -> None:
        super().__init__()
        self._at = at
        self._progress = progress
        self.expected = 0

    def __missing__(self, z: float) -> Curve:
        self[z] = self._at(z)
        if self._progress is not None:
            self._progress(len(self), max(self.expected, len(self) + 1))
        return self[z]

    def finish(self) -> None:
        """Tell that no more will be made."""
        if self._progress is not None:
            self._progress(len(self), len(self))


def _means_at(curve: Curve) -> FloatArray:
    """What is averaged, shape (quantity, point)."""
    return np.stack([getattr(curve, name).ravel() for name in _MEANS])


def _trapezoid(curves: _Curves, even: bool, goal: float) -> tuple[FloatArray, FloatArray]:
    """Means, and the relative change of test error and mmse at the last halving of the step."""
    step = 2.0
    means: FloatArray | None = None
    for _ in range(_LEVELS):
        step *= 0.5
        count = math.floor(_REACH / step)
        nodes = [k * step for k in range(0 if even else -count, count + 1)]
        curves.expected = len(nodes)
        weights = np.exp(-0.5 * np.square(nodes)) * np.where(even & (np.array(nodes) > 0), 2.0, 1.0)
        values = np.stack([_means_at(curves[z]) for z in nodes], axis=-1)
        previous, means = means, values @ (weights / weights.sum())
        if previous is None:
            continue
        with np.errstate(invalid="ignore"):
            change = np.abs(means[_DECISIVE] / previous[_DECISIVE] - 1.0).max(axis=0)
        if np.all(change <= goal):
            break
    assert means is not None
    return means, change


def _adaptive(
    curves: _Curves, even: bool, goal: float, means: FloatArray, error: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gauss-Kronrod sums on intervals that are halved where some point is not exact enough.

    Points that failed keep their trapezoid sum.
    """
    failed = _failures(curves, 10.0 * goal).any(axis=0).ravel()
    density = (2.0 if even else 1.0) / math.sqrt(2.0 * math.pi)

    def interval(low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """Integrals and their relative errors over one interval, after QUADPACK."""
        z = 0.5 * (low + high) + 0.5 * (high - low) * _NODES
        weights = 0.5 * (high - low) * density * np.exp(-0.5 * z * z)
        values = np.stack([_means_at(curves[float(x)]) for x in z], axis=-1) * weights
        whole = values @ _KRONROD
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = np.abs(whole - values[..., 1::2] @ _GAUSS)[_DECISIVE]
            mean = whole[_DECISIVE][..., None] / ((high - low) * density)
            spread = np.abs(values[_DECISIVE] - mean * density * 0.5 * (high - low)) @ _KRONROD
            gap = np.where(gap > 0.0, spread * np.minimum(1.0, (200.0 * gap / spread) ** 1.5), 0.0)
            return whole, (gap / np.abs(means[_DECISIVE])).max(axis=0)

    edges = np.arange(0.0 if even else -_REACH, _REACH + 0.1, _REACH / 4.0)
    parts = {pair: interval(*pair) for pair in pairwise(edges.tolist())}
    while len(parts) < _INTERVALS:
        doubts = np.stack([doubt for _, doubt in parts.values()])
        late = ~failed & (doubts.sum(axis=0) > goal)
        if not late.any():
            break
        worst = doubts[:, late].max(axis=1)
        for pair in [p for p, w in zip(parts, worst, strict=True) if w > 0.5 * worst.max()]:
            del parts[pair]
            middle = 0.5 * (pair[0] + pair[1])
            for half in ((pair[0], middle), (middle, pair[1])):
                parts[half] = interval(*half)
    found = np.sum([whole for whole, _ in parts.values()], axis=0)
    doubt = np.sum([part for _, part in parts.values()], axis=0)
    return np.where(failed, means, found), np.where(failed, error, doubt)


def _combined(
    alpha: FloatArray,
    branch: str,
    curves: dict[float, Curve],
    means: FloatArray,
    error: FloatArray,
    rtol: float,
) -> Curve:
    error = error.reshape(alpha.shape)
    parts = list(curves.values())
    kinds = np.stack([part.status for part in parts])
    failures = _failures(curves, rtol)
    status = np.where((kinds == kinds[0]).all(axis=0), kinds[0], Status.CONVERGED)
    status[~(error <= max(1e-9, rtol))] = Status.UNRESOLVED
    status = np.where(failures.any(axis=0), np.where(failures, kinds, 0).max(axis=0), status)
    values = {
        "alpha": alpha,
        "branch": branch,
        "stable": np.all([part.stable for part in parts], axis=0),
        "status": status,
        "residual": np.max([part.residual for part in parts], axis=0),
        "error_estimate": _doubts(curves).max(axis=0) + error,
        **{name: row.reshape(alpha.shape) for name, row in zip(_MEANS, means, strict=True)},
    }
    known = {field.name for field in fields(Curve)}
    return Curve(**{name: value for name, value in values.items() if name in known})


def _doubts(curves: dict[float, Curve]) -> FloatArray:
    """What the error estimate of each curve means to the average, shape (curve, ...)."""
    return np.stack([math.exp(-0.5 * z * z) * curves[z].error_estimate for z in curves])


def _failures(curves: dict[float, Curve], rtol: float) -> NDArray[np.bool_]:
    """Where each curve failed, but for doubts that its weight makes harmless."""
    harmless = _doubts(curves) <= 0.1 * rtol
    parts = curves.values()
    unresolved = np.stack([part.status == Status.UNRESOLVED for part in parts])
    failed: NDArray[np.bool_] = np.stack([part.failed for part in parts])
    return failed & ~(unresolved & harmless)


def _quantiles(
    curves: dict[float, Curve],
    probabilities: Sequence[float],
    at: Callable[[float], Curve],
    even: bool,
) -> dict[float, FloatArray]:
    nodes = sorted(curves)
    errors = np.stack([curves[z].test_error for z in nodes])
    slack = 1e-12 * errors[:-1]
    falls = bool(np.all(np.diff(errors, axis=0) <= slack))
    normal = NormalDist()
    if even and falls:
        return {p: at(normal.inv_cdf(1.0 - 0.5 * p)).test_error for p in sorted(probabilities)}
    equal = np.array([normal.inv_cdf((k + 0.5) / 4001) for k in range(4001)])
    equal = np.abs(equal) if even else equal
    flat = errors.reshape(len(nodes), -1)
    samples = np.stack([np.interp(equal, nodes, column) for column in flat.T])
    return {
        p: np.quantile(samples, p, axis=1).reshape(errors.shape[1:]) for p in sorted(probabilities)
    }
