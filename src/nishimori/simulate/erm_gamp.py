"""Message passing for estimators: its fixed point is the minimiser that training looks for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_fraction, require_integer
from nishimori.erm import Estimator
from nishimori.erm.label_kinds import require_signs
from nishimori.errors import BadArgument
from nishimori.simulate.gamp import optional_vector, require_inputs, require_samples
from nishimori.simulate.subgradients import slope
from nishimori.simulate.tracks import Tracks

__all__ = ["ErmGampResult", "erm_gamp"]

FloatArray = NDArray[np.float64]

_MOST = 100_000  # iterations
_STRAIGHT = 1e-12  # share of curved samples below which the step is not defined


@dataclass(frozen=True, eq=False)
class ErmGampResult(Tracks):
    """What message passing found for an estimator, and how it got there.

    Attributes
    ----------
    estimator : Estimator
    weights : ndarray of shape (d,)
        w, the minimiser once converged.
    susceptibility : ndarray
        V at every iteration.
    overlap : ndarray
        w . a/d at every iteration, the start included; NaN where the weights a are not known.
    self_overlap : ndarray
        abs(w)^2/d at every iteration.
    change : ndarray
        Root mean square of the step of the weights at every iteration.
    converged : bool
        Whether the last step is below the tolerance.
    """

    estimator: Estimator
    weights: FloatArray
    susceptibility: FloatArray
    overlap: FloatArray
    self_overlap: FloatArray
    change: FloatArray
    converged: bool

    tracks = ("overlap", "self_overlap", "susceptibility", "change")
    table_columns = ("self_overlap", "iteration", "overlap", "change")

    @property
    def iterations(self) -> int:
        """How many were made."""
        return self.change.size - 1

    def fields(self, inputs: ArrayLike) -> FloatArray:
        """z = w . x/sqrt(d) of fresh inputs."""
        x = require_inputs("ErmGampResult", inputs, self.weights.size)
        return x @ self.weights / math.sqrt(self.weights.size)

    def predict(self, inputs: ArrayLike) -> FloatArray:
        """The sign of z where the loss is of labels +-1, else z."""
        z = self.fields(inputs)
        return np.where(z >= 0.0, 1.0, -1.0) if self.estimator.labels == "sign" else z


def erm_gamp(
    estimator: Estimator,
    inputs: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    iterations: int = 2000,
    damping: float = 0.0,
    tolerance: float = 1e-10,
) -> ErmGampResult:
    r"""Message passing for an estimator on one data set of isotropic inputs.

    Parameters
    ----------
    estimator : Estimator
        Its regularization must be a number; with an l1 penalty too if it has one.
    inputs : array_like of shape (n, d)
        x, of unit variance per component and independent: for correlated inputs these equations
        are not valid.
    labels : array_like of shape (n,)
    weights : array_like of shape (d,), optional
        True weights a, to follow the overlap with them.
    iterations : int, default 2000
        At most.
    damping : float, default 0
        Share of the old state kept at each step, in [0, 1); hinge and l1 losses at small
        regularization need some.
    tolerance : float, default 1e-10
        Root mean square of the last step of the weights.

    Returns
    -------
    ErmGampResult

    Raises
    ------
    BadArgument
        If the arguments do not fit each other.

    Notes
    -----
    With A = X/sqrt(d) and V the mean variance of the weights, one iteration is

    .. math:: \omega = A w - V g_{old}, \quad g = \frac{prox_V(y, \omega) - \omega}{V}, \quad
              \hat V = -\tfrac1d \sum_\mu \partial_\omega g_\mu, \quad
              w = \frac{soft(A^T g + \hat V w, \ell_1)}{\lambda_{reg} + \hat V}.

    Examples
    --------
    >>> import nishimori as nm
    >>> teacher = nm.simulate.glm_teacher(nm.GLM(nm.channels.Linear(0.1)), dimension=300, rng=0)
    >>> data = teacher.sample(600, rng=1)
    >>> ridge = nm.erm.Ridge(regularization=0.1)
    >>> found = nm.simulate.erm_gamp(ridge, data.inputs, data.labels)
    >>> twin = nm.simulate.fit(ridge, data.inputs, data.labels)
    >>> bool(abs(found.weights - twin.weights).max() < 1e-7)
    True

    References
    ----------
    .. [1] Donoho, Maleki, Montanari, PNAS 2009, arXiv:0907.3574.
    .. [2] Rangan, ISIT 2011, arXiv:1010.5141.
    """
    if not isinstance(estimator, Estimator):
        raise BadArgument(
            f"erm_gamp: estimator must be one of nishimori.erm, got {estimator!r:.60}"
        )
    if not isinstance(estimator.regularization, float):
        raise BadArgument("erm_gamp: regularization must be one number")
    x, y = require_samples("erm_gamp", inputs, labels)
    require_signs(estimator, y, "erm_gamp")
    n, d = x.shape
    count = require_integer("iterations", iterations, "erm_gamp", 1, _MOST)
    damping = require_fraction("damping", damping, "erm_gamp", 0.0, 1.0 - 1e-9)
    tolerance = require_fraction("tolerance", tolerance, "erm_gamp", 0.0, 1.0)
    truth = optional_vector("erm_gamp", "weights", weights, d)
    design = x / math.sqrt(d)
    ridge, l1 = estimator.regularization, estimator.l1
    if estimator.separable_only:  # whose weights are the same at any
        ridge = 1.0
    w, v, score, curvature = np.zeros(d), 1.0, np.zeros(n), 0.0
    tracks = [(v, _mean(truth, w), 0.0, math.inf)]
    converged = False
    for step in range(count):
        kept = damping if step else 0.0
        omega = design @ w - v * score
        descent, response = slope(estimator, y, omega, v)
        score = kept * score - (1.0 - kept) * descent
        bend = float((1.0 - response).sum()) / (d * v)
        curvature = kept * curvature + (1.0 - kept) * bend
        total = ridge + curvature
        if not total > _STRAIGHT:  # no sample holds the weights: they would run away
            total = _STRAIGHT
        pull = design.T @ score + curvature * w
        alive = np.abs(pull) > l1
        moved = (1.0 - kept) * (np.sign(pull) * np.maximum(np.abs(pull) - l1, 0.0) / total - w)
        w = w + moved
        v = kept * v + (1.0 - kept) * float(alive.mean()) / total
        change = math.sqrt(float(np.mean(np.square(moved))))
        tracks.append((v, _mean(truth, w), float(np.mean(np.square(w))), change))
        if change < tolerance or not alive.any():
            converged = True
            break
        if not (math.isfinite(change) and v > 0.0):
            break
    widths, overlaps, squares, changes = np.array(tracks).T
    return ErmGampResult(estimator, w, widths, overlaps, squares, changes, converged)


def _mean(truth: FloatArray | None, w: FloatArray) -> float:
    return math.nan if truth is None else float(np.mean(truth * w))
