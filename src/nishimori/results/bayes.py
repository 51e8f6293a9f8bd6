"""Bayes-optimal states, and curves of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status
from nishimori.results.origin import Origin
from nishimori.results.rows import Point, Points

__all__ = ["Curve", "State"]

FloatArray = NDArray[np.float64]

_NETWORK_REFERENCES = ("camilli2025", "cui2023", "barbier2019")
_TABLE_COLUMNS = ("alpha", "overlap", "mmse", "test_error", "mutual_information", "residual")
_LATEX_COLUMNS = (*_TABLE_COLUMNS[:-1], "status")


@dataclass(frozen=True, repr=False)
class State(Point):
    """One fixed point of state evolution, with everything computed at it.

    Attributes
    ----------
    alpha : float
        Sample ratio n/d.
    overlap, mmse : float
        q and v of the posterior mean with the weights of the equivalent GLM, per unit prior
        second moment; q + v = 1, each computed as its own quantity.
    conjugate : float
        r, the signal-to-noise ratio of the equivalent scalar observation of a weight.
    free_entropy : float
        Phi_RS per input dimension, in nats; the optimal branch has the largest.
    mutual_information : float
        I(weights, structural noise; data)/n in nats: the deep network's I(theta; D)/n.
    signal_mutual_information : float
        I(weights of the equivalent GLM; data)/n in nats, structural noise not counted.
    test_error : float
        Misclassification of the noisy label for classes, else mean-square error with label noise.
    log_loss : float
        -E ln P(y | data) of a fresh label, in nats; for a continuous label against Lebesgue.
    branch : str
        The branch that was asked for: "optimal", "algorithmic" or "informed".
    stable : bool
        Whether message passing stays at this fixed point (d alpha / d r > 0).
    status : Status
        How the computation ended; anything with `status.failed` should not be used.
    residual : float
        abs(alpha lambda F(q(r)) / r - 1): how far the equation of the fixed point fails.
    error_estimate : float
        Estimated relative error of `mmse` (and of `overlap` where that is the smaller one).
    """

    alpha: float
    overlap: float
    mmse: float
    conjugate: float
    free_entropy: float
    mutual_information: float
    signal_mutual_information: float
    test_error: float
    log_loss: float
    branch: str
    stable: bool
    status: Status
    residual: float
    error_estimate: float
    origin: Origin | None = field(default=None, compare=False, repr=False)

    references: ClassVar[tuple[str, ...]] = ("barbier2019",)
    table_columns = _LATEX_COLUMNS

    @property
    def log_evidence(self) -> float:
        """E ln P(labels | inputs)/d in nats, which is the free entropy of the optimal branch.

        It is the area under minus the log-loss, from no sample to alpha.
        """
        return self.free_entropy

    @property
    def _title(self) -> str:
        return f"{self.branch} state"


@dataclass(frozen=True, repr=False)
class Curve(Points[State]):
    """A learning curve: the attributes of `State` as arrays of the shape of `alpha`.

    `status` holds the integers of `Status`. `quantiles` is set where the curve is a mean over the
    random output offset of a network: it maps a probability to the test error that is not exceeded
    with that probability over the draw of the network.
    """

    alpha: FloatArray
    overlap: FloatArray
    mmse: FloatArray
    conjugate: FloatArray
    free_entropy: FloatArray
    mutual_information: FloatArray
    signal_mutual_information: FloatArray
    test_error: FloatArray
    log_loss: FloatArray
    branch: str
    stable: NDArray[np.bool_]
    status: NDArray[np.int_]
    residual: FloatArray
    error_estimate: FloatArray
    quantiles: Mapping[float, FloatArray] | None = None
    origin: Origin | None = field(default=None, compare=False, repr=False)

    _kind = State
    _columns = _TABLE_COLUMNS
    table_columns = _LATEX_COLUMNS

    @property
    def references(self) -> tuple[str, ...]:
        """Keys of what `nishimori.citation` cites; those of a network where it is a mean."""
        return ("barbier2019",) if self.quantiles is None else _NETWORK_REFERENCES

    @property
    def log_evidence(self) -> FloatArray:
        """As in `State`."""
        return self.free_entropy

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point, as the JSON and CSV exports write them."""
        rows = super().rows()
        for probability, values in (self.quantiles or {}).items():
            for row, value in zip(rows, values.flat, strict=True):
                row[f"test_error_quantile_{probability:g}"] = float(value)
        return rows
