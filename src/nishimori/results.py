"""What a computation returns: one state, or a curve of them, that knows how to print itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Curve", "ErmCurve", "ErmState", "State", "Trajectory"]

FloatArray = NDArray[np.float64]

_NETWORK_REFERENCES = ("camilli2025", "cui2023", "barbier2019")
_SUMMARY = ("regularization", "overlap", "mmse", "test_error", "train_loss")
_TABLE_COLUMNS = ("alpha", "overlap", "mmse", "test_error", "mutual_information", "residual")
_ERM_COLUMNS = (
    "alpha",
    "regularization",
    "overlap",
    "self_overlap",
    "test_error",
    "train_loss",
    "residual",
)


@dataclass(frozen=True)
class State:
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

    references: ClassVar[tuple[str, ...]] = ("barbier2019",)

    @property
    def log_evidence(self) -> float:
        """E ln P(labels | inputs)/d in nats, which is the free entropy of the optimal branch.

        It is the area under minus the log-loss, from no sample to alpha.
        """
        return self.free_entropy

    def row(self) -> dict[str, Any]:
        """The attributes by name, the status as its lower-case label."""
        row = {field.name: getattr(self, field.name) for field in fields(self)}
        row["status"] = self.status.label
        return row

    def __repr__(self) -> str:
        return _state_repr(self)

    def _repr_html_(self) -> str:
        from nishimori.export.html import state_html

        return state_html(self)

    def __str__(self) -> str:
        lines = [f"{self.branch} state at alpha = {self.alpha:g}: {self.status.label}"]
        for name, value in self.row().items():
            if isinstance(value, float) and name != "alpha":
                lines.append(f"  {name:<26}{value: .12g}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Curve:
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

    @property
    def references(self) -> tuple[str, ...]:
        """Keys of what `nishimori.citation` cites; those of a network where it is a mean."""
        return ("barbier2019",) if self.quantiles is None else _NETWORK_REFERENCES

    def __len__(self) -> int:
        return self.alpha.size

    def state(self, index: int | tuple[int, ...]) -> State:
        """The point at `index` (of the flattened curve for an integer) as a `State`."""
        return State(**_point(self, State, index))

    def __iter__(self) -> Iterator[State]:
        return (self.state(index) for index in range(len(self)))

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point, as the JSON and CSV exports write them."""
        rows = [state.row() for state in self]
        for probability, values in (self.quantiles or {}).items():
            for row, value in zip(rows, values.flat, strict=True):
                row[f"test_error_quantile_{probability:g}"] = float(value)
        return rows

    @property
    def log_evidence(self) -> FloatArray:
        """As in `State`."""
        return self.free_entropy

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Where the status is a failure."""
        return _failed(self.status)

    def __repr__(self) -> str:
        return _curve_repr(self)

    def _repr_html_(self) -> str:
        from nishimori.export.html import curve_html

        return curve_html(self)

    def __str__(self) -> str:
        return _table(self.rows(), _TABLE_COLUMNS)

    def plot(self, axes: Axes | None = None, *, quantity: str = "test_error", **style: Any) -> Axes:
        """Draw `quantity` against alpha with matplotlib (extra ``plot``); returns the axes."""
        from nishimori.export.plots import draw_curve

        return draw_curve(self, axes, quantity=quantity, **style)


@dataclass(frozen=True)
class ErmState:
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

    references: ClassVar[tuple[str, ...]] = ("loureiro2021",)

    def row(self) -> dict[str, Any]:
        """The attributes by name, the status as its lower-case label."""
        row = {field.name: getattr(self, field.name) for field in fields(self)}
        row["status"] = self.status.label
        return row

    def __repr__(self) -> str:
        return _state_repr(self)

    def _repr_html_(self) -> str:
        from nishimori.export.html import state_html

        return state_html(self)

    def __str__(self) -> str:
        lines = [f"trained estimator at alpha = {self.alpha:g}: {self.status.label}"]
        for name, value in self.row().items():
            if isinstance(value, float) and name != "alpha":
                lines.append(f"  {name:<26}{value: .12g}")
        return "\n".join(lines)


@dataclass(frozen=True)
class ErmCurve:
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

    references: ClassVar[tuple[str, ...]] = ("loureiro2021",)

    def __len__(self) -> int:
        return self.alpha.size

    def state(self, index: int | tuple[int, ...]) -> ErmState:
        """The point at `index` (of the flattened curve for an integer) as an `ErmState`."""
        return ErmState(**_point(self, ErmState, index))

    def __iter__(self) -> Iterator[ErmState]:
        return (self.state(index) for index in range(len(self)))

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point, as the JSON and CSV exports write them."""
        return [state.row() for state in self]

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Where the status is a failure."""
        return _failed(self.status)

    def __repr__(self) -> str:
        return _curve_repr(self)

    def _repr_html_(self) -> str:
        from nishimori.export.html import curve_html

        return curve_html(self)

    def __str__(self) -> str:
        return _table(self.rows(), _ERM_COLUMNS)

    def plot(self, axes: Axes | None = None, *, quantity: str = "test_error", **style: Any) -> Axes:
        """Draw `quantity` against alpha with matplotlib (extra ``plot``); returns the axes."""
        from nishimori.export.plots import draw_curve

        return draw_curve(self, axes, quantity=quantity, **style)


def _point(curve: Any, kind: Any, index: int | tuple[int, ...]) -> dict[str, Any]:
    """The fields of the state `kind` at `index` of a curve."""
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = getattr(curve, field.name)
        if isinstance(value, np.ndarray):
            value = value.flat[index] if isinstance(index, int) else value[index]
            value = value.item()
        values[field.name] = value
    values["status"] = Status(values["status"])
    return values


def _state_repr(state: Any) -> str:
    shown = [f"{name} {getattr(state, name):.8g}" for name in _SUMMARY if hasattr(state, name)]
    kind = type(state).__name__
    return f"<{kind} at alpha = {state.alpha:g}: {', '.join(shown)}, {state.status.label}>"


def _curve_repr(curve: Any) -> str:
    """The ranges of a curve in a few lines; ``str`` is the table."""
    kind, count = type(curve).__name__, len(curve)
    lines = [f"<{kind} of {count} point{'' if count == 1 else 's'}, shape {curve.alpha.shape}"]
    for name in ("alpha", *_SUMMARY) if count else ():
        if hasattr(curve, name):
            values = getattr(curve, name).ravel()
            lines.append(f"  {name:<15}{values[0]:.8g} to {values[-1]:.8g}")
    failures = int(curve.failed.sum())
    lines.append(
        f"  {'status':<15}{failures} failed>" if failures else f"  {'status':<15}none failed>"
    )
    return "\n".join(lines)


def _failed(status: NDArray[np.int_]) -> NDArray[np.bool_]:
    return np.isin(status, [member.value for member in Status if member.failed])


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    lines = ["".join(f"{name:>20}" for name in columns) + "  status"]
    for row in rows:
        numbers = (f"{row[name]:>20.12g}" for name in columns[:-1])
        lines.append("".join(numbers) + f"{row['residual']:>20.1e}  {row['status']}")
    return "\n".join(lines)


@dataclass(frozen=True)
class Trajectory:
    """State evolution of message passing: arrays over the iterations, the start included.

    Attributes
    ----------
    alpha : float
        Sample ratio n/d.
    iteration : ndarray of int
        0 is the start.
    overlap, mmse, conjugate, test_error : ndarray
        As in `State`; ``conjugate[t]`` gave ``overlap[t]``.
    status : Status
        A failure if a step was not a number (NaN from there on) or its integral not resolved. It
        does not say that the iteration has come to rest: `iterations_to` does.
    """

    alpha: float
    iteration: NDArray[np.int_]
    overlap: FloatArray
    mmse: FloatArray
    conjugate: FloatArray
    test_error: FloatArray
    status: Status = Status.CONVERGED

    references: ClassVar[tuple[str, ...]] = ("barbier2019",)

    def __len__(self) -> int:
        return self.iteration.size

    def __repr__(self) -> str:
        last = f"mmse {self.mmse[0]:.8g} to {self.mmse[-1]:.8g}" if len(self) else "no points"
        return f"<Trajectory at alpha = {self.alpha:g}: {len(self)} points, {last}>"

    def _repr_html_(self) -> str:
        from nishimori.export.html import trajectory_html

        return trajectory_html(self)

    def iterations_to(self, tolerance: float = 1e-3) -> int | None:
        """The first iteration whose mmse is within a relative `tolerance` of the last one's.

        None if that is only the last one itself: then the trajectory was too short to tell.
        """
        gap = np.abs(self.mmse - self.mmse[-1])
        near = np.flatnonzero(gap <= tolerance * self.mmse[-1])
        first = int(near[0])
        return first if first < len(self) - 1 else None
