"""Trained estimators in the limit, and curves of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status
from nishimori.results.origin import Origin
from nishimori.results.rows import Point, Points

__all__ = ["ErmCurve", "ErmState"]

FloatArray = NDArray[np.float64]

_TABLE_COLUMNS = (
    "alpha",
    "regularization",
    "overlap",
    "self_overlap",
    "test_error",
    "train_loss",
    "residual",
)
_LATEX_COLUMNS = (*_TABLE_COLUMNS[:-1], "status")


@dataclass(frozen=True, repr=False)
class ErmState(Point):
    """One trained estimator in the limit of large dimension, with everything computed at it.

    z is the student's output on a fresh input, h the target's.

    Attributes
    ----------
    alpha : float
        Sample ratio n/d.
    overlap : float
        m = E h z; it includes the square root of the signal variance.
    self_overlap : float
        q = E z^2.
    susceptibility : float
        V, the variance of the cavity field per unit inverse temperature.
    overlap_conjugate, self_overlap_conjugate, susceptibility_conjugate : float
        Of m, q and V.
    norm : float
        Mean square of the student's weights.
    test_error : float
        Misclassification of the noisy label for classes, else mean-square error with label noise.
    train_loss : float
        Mean loss over the training samples, penalty not counted.
    train_error : float
        Share of the training samples on the wrong side; NaN for real labels.
    objective : float
        The minimum that was found, per weight of the student: the losses summed and both
        penalties, that of the l1 norm too.
    regularization : float
        The one used, or found where it was "optimal".
    flatness : float
        Where the regularisation was searched for: d^2 ln(test error)/d ln(regularization)^2 at
        the optimum. Else NaN.
    status : Status
        How the computation ended; anything with `status.failed` should not be used.
    residual : float
        Largest relative error of the equations.
    error_estimate : float
        Estimated relative error of the order parameters, the errors and the training loss.
    """

    alpha: float
    overlap: float
    self_overlap: float
    susceptibility: float
    overlap_conjugate: float
    self_overlap_conjugate: float
    susceptibility_conjugate: float
    norm: float
    test_error: float
    train_loss: float
    train_error: float
    objective: float
    regularization: float
    flatness: float
    status: Status
    residual: float
    error_estimate: float
    origin: Origin | None = field(default=None, compare=False, repr=False)

    references: ClassVar[tuple[str, ...]] = ("loureiro2021",)
    table_columns = _LATEX_COLUMNS

    @property
    def _title(self) -> str:
        return "trained estimator"


@dataclass(frozen=True, repr=False)
class ErmCurve(Points[ErmState]):
    """A learning curve of a trained estimator: the attributes of `ErmState` as arrays.

    The shape is that of alpha, broadcast with the regularisation. `status` holds the integers of
    `Status`.
    """

    alpha: FloatArray
    overlap: FloatArray
    self_overlap: FloatArray
    susceptibility: FloatArray
    overlap_conjugate: FloatArray
    self_overlap_conjugate: FloatArray
    susceptibility_conjugate: FloatArray
    norm: FloatArray
    test_error: FloatArray
    train_loss: FloatArray
    train_error: FloatArray
    objective: FloatArray
    regularization: FloatArray
    flatness: FloatArray
    status: NDArray[np.int_]
    residual: FloatArray
    error_estimate: FloatArray
    origin: Origin | None = field(default=None, compare=False, repr=False)

    references: ClassVar[tuple[str, ...]] = ("loureiro2021",)

    @property
    def index_name(self) -> str:
        """What the others are functions of: alpha, or the regularization at one alpha."""
        lone = np.unique(self.alpha).size == 1
        strengths = self.regularization[np.isfinite(self.regularization)]
        return "regularization" if lone and np.unique(strengths).size > 1 else "alpha"

    _kind = ErmState
    _columns = _TABLE_COLUMNS
    table_columns = _LATEX_COLUMNS
