"""Message passing for estimators: its fixed point is the minimiser that training looks for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_number
from nishimori.erm import Estimator, MaxMargin
from nishimori.erm.label_kinds import require_signs
from nishimori.errors import BadArgument, Status
from nishimori.simulate.fitting import require_estimator
from nishimori.simulate.passing import pass_messages
from nishimori.simulate.passing_checks import (
    require_independent,
    require_inputs,
    require_samples,
    require_settings,
    require_vector,
)
from nishimori.simulate.subgradients import absolute_slope, label_unit, slope
from nishimori.simulate.tracks import Tracks

__all__ = ["ErmGampResult", "erm_gamp"]

FloatArray = NDArray[np.float64]

_DOUBLINGS = 200
_ALL_HELD = 1e-6  # in the place of the share of weights that are not 0, where there is none
_COLLAPSED = 1e-12  # of V: constraints that cannot be met


@dataclass(frozen=True, eq=False)
class ErmGampResult(Tracks):
    """What message passing found for an estimator, and how it got there.

    Attributes
    ----------
    estimator : Estimator
    weights : ndarray of shape (d,)
        w, the minimiser once converged.
    susceptibility : ndarray
        V at the start and every iteration.
    overlap : ndarray
        w . a/d, times sqrt(signal_variance) the m of theory; NaN where the weights a are not known.
    self_overlap : ndarray
        abs(w)^2/d.
    conjugate : ndarray
        The precision that the loss gave to each weight; conjugate[0] = 0.
    residual : ndarray
        Root mean square of what one more iteration, not damped, would have changed of the weights
        or outputs, relative to these (for outputs below the labels' spread, to that), whichever is
        larger. residual[0] = inf.
    status : Status
        CONVERGED, RESIDUAL_TOO_LARGE after so many iterations, NOT_SEPARABLE (no margin), or
        NOT_FINITE.
    test_fields : ndarray or None
        `fields` of the test inputs, where such were given.
    classes : bool
        Whether predictions are signs.
    """

    estimator: Estimator
    weights: FloatArray
    susceptibility: FloatArray
    overlap: FloatArray
    self_overlap: FloatArray
    conjugate: FloatArray
    residual: FloatArray
    status: Status
    test_fields: FloatArray | None = None
    classes: bool = False

    @property
    def converged(self) -> bool:
        """Whether the residual is within the tolerance."""
        return not self.status.failed

    tracks = ("overlap", "self_overlap", "susceptibility", "residual")
    table_columns = ("self_overlap", "iteration", "overlap", "residual")

    @property
    def iterations(self) -> int:
        """How many were made."""
        return self.residual.size - 1

    def fields(self, inputs: ArrayLike) -> FloatArray:
        """z = w . x/sqrt(d) of fresh inputs x."""
        x = require_inputs("ErmGampResult", inputs, self.weights.size)
        return x @ self.weights / math.sqrt(self.weights.size)

    def predict(self, inputs: ArrayLike) -> FloatArray:
        """The sign of z where the labels are +-1 and the loss is not one of real labels, else z."""
        z = self.fields(inputs)
        return np.where(z >= 0.0, 1.0, -1.0) if self.classes else z

    def __repr__(self) -> str:
        return (
            f"ErmGampResult({self.estimator}, {self.iterations} iterations, {self.status.label}, "
            f"residual={self.residual[-1]:.1e})"
        )


def erm_gamp(
    estimator: Estimator,
    inputs: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    test_inputs: ArrayLike | None = None,
    iterations: int = 1000,
    damping: float = 0.0,
    tolerance: float = 1e-10,
    initial_susceptibility: float = 1.0,
) -> ErmGampResult:
    r"""Message passing for an estimator, on one data set of independent input components.

    Parameters
    ----------
    estimator : Estimator
        Its regularization must be a number; an l1 penalty may be there too.
    inputs : array_like of shape (n, d)
        x, of independent components of unit variance; not x/sqrt(d).
    labels : array_like of shape (n,)
    weights : array_like of shape (d,), optional
        True weights a, to follow the overlap with them.
    test_inputs : array_like of shape (m, d), optional
        Fresh inputs, whose `test_fields` the result shall hold.
    iterations : int, default 1000
        At most.
    damping : float, default 0
        Share of the old state kept at each step, in [0, 1); losses with kinks at small
        regularization need some at small dimension.
    tolerance : float, default 1e-10
        Largest residual.
    initial_susceptibility : float, default 1
        V at the start, > 0; the fixed point does not depend on it.

    Returns
    -------
    ErmGampResult

    Raises
    ------
    BadArgument
        If the arguments do not fit each other, the loss cannot take the labels, or the inputs are
        of another scale or correlated.

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
    >>> found.converged, bool(abs(found.weights - twin.weights).max() < 1e-9)
    (True, True)

    References
    ----------
    .. [1] Donoho, Maleki, Montanari, PNAS 2009, arXiv:0907.3574.
    .. [2] Rangan, ISIT 2011, arXiv:1010.5141.
    """
    require_estimator(estimator, "erm_gamp")
    x, y = require_samples("erm_gamp", inputs, labels)
    require_signs(estimator, y, "erm_gamp")
    classes = bool(np.all(np.abs(y) == 1.0))
    d = x.shape[1]
    settings = require_settings("erm_gamp", iterations, damping, tolerance)
    truth = require_vector("erm_gamp", "weights", weights, d)
    v = require_number("initial_susceptibility", initial_susceptibility, "erm_gamp")
    if v <= 0.0:
        raise BadArgument(f"erm_gamp: initial_susceptibility must be positive, got {v:g}")
    require_independent("erm_gamp", x, d, np.random.default_rng(0))
    ridge = 1.0 if isinstance(estimator, MaxMargin) else float(np.asarray(estimator.regularization))
    l1 = estimator.l1

    def output(omega: FloatArray, v: float) -> tuple[FloatArray, float]:
        descent, response = slope(estimator, y, omega, v)
        return -descent, float((1.0 - response).sum()) / v

    def denoise(pull: FloatArray, precision: float) -> tuple[FloatArray, FloatArray]:
        total = ridge + precision
        if not total > 0.0:  # not even held by one sample: stay, and be less sure
            return np.zeros(d), np.full(d, 4.0 * v)
        if l1 == 0.0:
            return pull / total, np.full(d, 1.0 / total)
        held, free = absolute_slope(pull, 1.0, l1)  # of l1 |w| at the proximal point of V = 1
        if not free.any():  # V > 0 all the same: the next pull may be stronger
            return np.zeros(d), np.full(d, _ALL_HELD / total)
        return (pull - held) / total, free / total

    if ridge == 0.0:
        v = _first_susceptibility(estimator, y, v)
    passed = pass_messages(
        x,
        1.0 / math.sqrt(d),
        output,
        denoise,
        (np.zeros(d), np.full(d, v)),
        settings,
        truth,
        label_size=label_unit(estimator, y),
        least=_COLLAPSED * v if isinstance(estimator, MaxMargin) else 0.0,
    )
    status = passed.status
    if isinstance(estimator, MaxMargin) and not passed.susceptibility[-1] > _COLLAPSED * v:
        status = Status.NOT_SEPARABLE  # there are samples that pull for ever
    result = ErmGampResult(
        estimator=estimator,
        weights=passed.mean,
        susceptibility=passed.susceptibility,
        overlap=passed.overlap,
        self_overlap=passed.self_overlap,
        conjugate=passed.conjugate,
        residual=passed.residual,
        status=status,
        classes=classes and estimator.labels != "real",
    )
    if test_inputs is None:
        return result
    object.__setattr__(result, "test_fields", result.fields(test_inputs))
    return result


def _first_susceptibility(estimator: Estimator, y: FloatArray, v: float) -> float:
    """The least v 2^k at which a sample holds the weights, without a regularization that does."""
    for _ in range(_DOUBLINGS):
        if (slope(estimator, y, np.zeros_like(y), v)[1] < 1.0).any():
            return v
        v *= 2.0
    return v
