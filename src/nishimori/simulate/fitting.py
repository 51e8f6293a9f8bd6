"""Training of the estimators of `nishimori.erm` on samples."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array, require_choice, require_fraction
from nishimori.erm import Estimator, MaxMargin
from nishimori.erm.label_kinds import require_signs
from nishimori.errors import BadArgument, ConvergenceError, ConvergenceWarning
from nishimori.simulate.convex_solver import minimise
from nishimori.simulate.memory import require_memory
from nishimori.simulate.optimality import optimality
from nishimori.simulate.sampling import require_rng
from nishimori.simulate.students import KernelStudent, Student, draw_student, require_features
from nishimori.simulate.with_scikit_learn import (
    KERNEL_RIDGE,
    has_precise,
    kernel_ridge,
    require_scikit_learn,
    train,
)
from nishimori.threads import threads_for

if TYPE_CHECKING:
    from nishimori.features import Features
    from nishimori.results import ErmState

__all__ = [
    "FAILURES",
    "SOLVERS",
    "FitResult",
    "OnFailure",
    "Solver",
    "fit",
    "require_estimator",
    "wants_scikit_learn",
]

FloatArray = NDArray[np.float64]
Solver = Literal["auto", "scikit-learn", "newton"]
OnFailure = Literal["raise", "warn", "return"]

SOLVERS = ("auto", "scikit-learn", "newton")
FAILURES = ("raise", "warn", "return")
_NEWTON = "newton"
_FINER = 1e-3  # of the tolerance: what our own solver aims at


@dataclass(frozen=True, eq=False)
class FitResult:
    """A trained estimator.

    Attributes
    ----------
    estimator : Estimator
    weights : ndarray of shape (p,)
        w; for a kernel, in the factor of its matrix in which the penalty is that of w.
    offset : float
        What was taken off the labels, and is added to the outputs.
    residual : float
        Of the Karush-Kuhn-Tucker conditions; see `fit`.
    solver : str
        Who found the weights: a class of scikit-learn, or "newton".
    iterations : int
    train_loss : float
        Mean loss of the training samples.
    objective : float
        Sum of losses plus penalty, at the minimum.
    dimension : int
        d of the inputs.
    classes : bool
        Whether predictions are signs.
    student : Student
        What the weights multiply.
    """

    estimator: Estimator
    weights: FloatArray
    offset: float
    residual: float
    solver: str
    iterations: int
    train_loss: float
    objective: float
    dimension: int
    classes: bool
    student: Student

    def outputs(self, inputs: ArrayLike) -> FloatArray:
        """z at rows of inputs x (not divided by sqrt(d))."""
        x = np.atleast_2d(require_array("inputs", inputs, "FitResult"))
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise BadArgument(
                f"FitResult: inputs must be rows of {self.dimension} numbers, as those of the "
                f"training samples, got shape {x.shape}"
            )
        return self.student.outputs(x, self.weights) + self.offset

    def predict(self, inputs: ArrayLike) -> FloatArray:
        """The label: the sign of the output where labels are +-1, else the output."""
        z = self.outputs(inputs)
        return np.where(z >= 0.0, 1.0, -1.0) if self.classes else z

    def __repr__(self) -> str:
        return (
            f"FitResult({self.estimator}, {self.weights.size} weights, solver={self.solver}, "
            f"residual={self.residual:.1e})"
        )


def fit(
    estimator: Estimator,
    inputs: ArrayLike,
    labels: ArrayLike,
    features: Features | None = None,
    *,
    kernel: Callable[[FloatArray], Any] | None = None,
    centre: bool = False,
    rng: np.random.Generator | int = 0,
    solver: Solver = "auto",
    state: ErmState | None = None,
    tolerance: float = 1e-6,
    on_failure: OnFailure = "raise",
) -> FitResult:
    r"""Train an estimator: minimise its loss and penalty on samples.

    .. math:: \sum_\mu \ell(y_\mu, z_\mu) + \tfrac12 \lambda_{reg} |w|^2 + \ell_1 |w|_1, \qquad
              z = w \cdot v(x)/\sqrt p.

    Parameters
    ----------
    estimator : Estimator
        One of `nishimori.erm`; its regularization must be a number.
    inputs : array_like of shape (n, d)
        x, not divided by sqrt(d).
    labels : array_like of shape (n,)
    features : LinearStudent, RandomFeatures or Kernel, optional
        v(x); x itself by default. Random layers are drawn. Of a `Kernel`, which knows only its
        linear and residual parts, the sum linear x.x'/d + residual delta(x, x') is used.
    kernel : callable, optional
        The function k(x.x'/d) of arrays that `features`, a Kernel, stands for; used instead.
    centre : bool, default False
        Whether the labels' mean is taken off first, and added to the outputs.
    rng : numpy.random.Generator or int, default 0
        For random features.
    solver : {"auto", "scikit-learn", "newton"}
        "scikit-learn" is the class that `nishimori.erm.scikit_learn` names (KernelRidge for the
        square loss with a kernel), "newton" our own method of multipliers. "auto" takes the first
        for square, logistic and squared hinge losses, and the second for losses with kinks,
        where the first's are slow, for Huber's and for the l1-penalised others, and
        wherever the first has missed the tolerance.
    state : ErmState, optional
        The theory's solution, which scikit-learn's HuberRegressor needs.
    tolerance : float, default 1e-6
        Largest residual.
    on_failure : {"raise", "warn", "return"}
        What to do if the residual is larger.

    Returns
    -------
    FitResult
        Its ``residual`` is that of the Karush-Kuhn-Tucker conditions: how far 0 is from the
        subgradients of the objective, relative to their terms without cancellations, with kinks
        as wide, in units of the labels.

    Raises
    ------
    BadArgument
        If shapes, labels or an argument do not fit, or scikit-learn is not installed.
    ConvergenceError
        If the residual is too large and ``on_failure="raise"``; the fit is its ``result``.

    Examples
    --------
    >>> import nishimori as nm
    >>> teacher = nm.simulate.glm_teacher(nm.GLM(nm.channels.Sign(0.1)), dimension=100, rng=0)
    >>> data, test = teacher.sample(200, rng=1), teacher.sample(1000, rng=2)
    >>> hinge = nm.simulate.fit(nm.erm.Hinge(regularization=0.5), data.inputs, data.labels)
    >>> hinge.solver, hinge.residual < 1e-8
    ('newton', True)
    >>> bool(np.mean(hinge.predict(test.inputs) != test.labels) < 0.3)
    True
    """
    x, y = _require_data(inputs, labels)
    require_estimator(estimator, "fit")
    require_features(features, kernel, "fit")
    require_choice("solver", solver, "fit", SOLVERS)
    require_choice("on_failure", on_failure, "fit", FAILURES)
    largest = require_fraction("tolerance", tolerance, "fit", 1e-10, 1.0)
    if estimator.l1 > 0.0 and hasattr(features, "residual"):
        raise BadArgument("fit: l1 > 0 is a penalty of weights, and a kernel has none")
    classes = bool(np.all(np.abs(y) == 1.0))
    require_signs(estimator, y, "fit")
    if centre and estimator.labels == "sign":
        raise BadArgument(f"fit: {estimator.name} needs labels +1 and -1, which centre would undo")
    offset = float(y.mean()) if centre else 0.0
    y = y - offset
    student = draw_student(features, x.shape[1], kernel, require_rng(rng, "fit"))
    design = student.design(x)
    n, p = design.shape
    least = min(n, p)
    size = 8.0 * (2.0 * n * p + 3.0 * least * least)
    require_memory("fit", f"a problem of {n} samples and {p} weights", size, "use smaller widths")
    with threads_for(float(n) * p * least):
        weights, name, count, residual = _solve(
            estimator, student, design, y, solver, state, largest
        )
    z = design @ weights
    loss = 0.0 if isinstance(estimator, MaxMargin) else float(np.sum(estimator.value(y, z)))
    penalty = 0.5 * _regularization(estimator) * float(weights @ weights)
    penalty += estimator.l1 * float(np.abs(weights).sum())
    found = FitResult(
        estimator=estimator,
        weights=weights,
        offset=offset,
        residual=residual,
        solver=name,
        iterations=count,
        train_loss=loss / n,
        objective=loss + penalty,
        dimension=x.shape[1],
        classes=classes and estimator.labels != "real",
        student=student,
    )
    if not residual <= largest:
        _fail(found, largest, on_failure)
    return found


def _solve(
    estimator: Estimator,
    student: Student,
    design: FloatArray,
    labels: FloatArray,
    solver: Solver,
    state: ErmState | None,
    tolerance: float,
) -> tuple[FloatArray, str, int, float]:
    """Weights, who found them, in how many iterations, and their residual."""
    regularization, l1 = _regularization(estimator), estimator.l1
    kernel = isinstance(student, KernelStudent)
    if wants_scikit_learn(estimator, solver, not kernel):
        require_scikit_learn("fit")
        if isinstance(student, KernelStudent) and estimator.is_square:
            dual = kernel_ridge(student.gram(), labels, regularization)
            weights, name, count = student.factor.T @ dual, KERNEL_RIDGE, 1
        else:
            weights, name, count = train(estimator, design, labels, state)
        residual = optimality(estimator, design, labels, weights, regularization, l1)
        if solver == "scikit-learn" or residual <= tolerance:
            return weights, name, count, residual
    aim = _FINER * tolerance
    found = minimise(estimator, design, labels, regularization, l1, aim)
    return found.weights, _NEWTON, found.iterations, found.residual


def wants_scikit_learn(estimator: Estimator, solver: Solver, plain: bool) -> bool:
    """Whether scikit-learn is asked; `plain` tells that there is no kernel."""
    if solver == "scikit-learn":
        return True
    # with a kernel and no regularization its matrix may be singular
    return solver == "auto" and has_precise(estimator) and (plain or estimator.regularization != 0)


def _regularization(estimator: Estimator) -> float:
    if isinstance(estimator, MaxMargin):
        return 1.0
    assert isinstance(estimator.regularization, float)
    return estimator.regularization


def require_estimator(estimator: Any, owner: str) -> None:
    """Refuse, in a sentence, what is no estimator with one number for its regularization."""
    if not isinstance(estimator, Estimator):
        raise BadArgument(f"{owner}: estimator must be one of nishimori.erm, got {estimator!r:.60}")
    if isinstance(estimator, MaxMargin) or isinstance(estimator.regularization, float):
        return
    raise BadArgument(
        f"{owner}: the regularization of {estimator.name} must be one number to train with, got "
        f"{estimator.regularization!r:.60}; optimal_regularization(problem, alpha) finds the best"
    )


def _require_data(inputs: ArrayLike, labels: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, y = require_array("inputs", inputs, "fit"), require_array("labels", labels, "fit")
    if x.ndim != 2 or y.shape != x.shape[:1] or y.size == 0 or x.shape[1] == 0:
        raise BadArgument(
            "fit: inputs must be rows of numbers and labels one number for each row, got shapes "
            f"{x.shape} and {y.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadArgument("fit: inputs and labels must be finite")
    return x, y


def _fail(found: FitResult, tolerance: float, on_failure: OnFailure) -> None:
    text = (
        f"{found.estimator.name}: the residual of the optimality conditions is "
        f"{found.residual:.1e}, and {tolerance:g} is wanted"
    )
    if isinstance(found.estimator, MaxMargin):
        text += "; the training samples may not be separable, where Hinge would do"
    elif found.estimator.regularization == 0.0:
        text += "; without regularization there may be no minimum"
    if on_failure == "raise":
        raise ConvergenceError(text, found)
    if on_failure == "warn":
        warnings.warn(text, ConvergenceWarning, stacklevel=3)
