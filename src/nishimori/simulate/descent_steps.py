"""The steps of full-batch gradient descent, and what they leave behind."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from nishimori.errors import ConvergenceError
from nishimori.simulate.backpropagation import DeepStudent, Loss
from nishimori.simulate.tracks import Tracks

__all__ = ["History", "Problem", "Rule", "run"]

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
Progress = Callable[[int, int], None] | None
TestError = Callable[[Array], float]

_PROMISE = 0.3  # of the decrease that the slope promises: what a step must keep
_GROWTH = 1.3  # of the next step's first try
_SHORTEST = 1e-14
_CORRECTIONS = 10


@dataclass(frozen=True)
class Rule:
    """How to descend: the checked arguments of `train_network`."""

    loss: Literal["auto", "square", "logistic"]
    method: Literal["gradient", "lbfgs"]
    learning_rate: float | None
    momentum: float
    steps: int
    weight_decay: float
    tolerance: float


@dataclass(frozen=True, eq=False)
class Problem:
    """A student, its samples and its loss."""

    student: DeepStudent
    inputs: Array
    labels: Array
    loss: Loss
    weight_decay: float

    def at(self, theta: Array) -> tuple[float, float, Array]:
        """Mean loss, objective and gradient."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.student.gradient(
                theta, self.inputs, self.labels, self.loss, self.weight_decay
            )


@dataclass(frozen=True, eq=False)
class History(Tracks):
    """What was recorded along the way; arrays of one length.

    Attributes
    ----------
    steps : ndarray of int
        How many steps had been made; the first entry is the start, the last the end.
    train_loss : ndarray
        Mean loss of the training samples, without weight decay.
    objective : ndarray
        Sum of losses plus weight decay.
    gradient_norm : ndarray
    test_error : ndarray
        Mean square, or share of wrong signs for the logistic loss; NaN without test samples.
    converged : bool
        Whether the gradient fell to the tolerance before the steps were used up.
    """

    steps: NDArray[np.int_]
    train_loss: FloatArray
    objective: FloatArray
    gradient_norm: FloatArray
    test_error: FloatArray
    converged: bool

    index_name = "steps"
    tracks = ("steps", "train_loss", "objective", "gradient_norm", "test_error")
    table_columns = ("train_loss", "steps", "objective", "gradient_norm", "test_error")


@dataclass(eq=False)
class _Recorder:
    every: int
    test_error: TestError
    rows: list[tuple[int, float, float, float, float]] = field(default_factory=list)

    def note(self, step: int, theta: Array, found: tuple[float, float, Array], last: bool) -> None:
        if self.rows and self.rows[-1][0] == step:
            return
        if last or step % self.every == 0:
            norm = _norm(found[2])
            self.rows.append((step, found[0], found[1], norm, self.test_error(theta)))

    def history(self, converged: bool) -> History:
        steps, loss, objective, norm, error = np.array(self.rows, dtype=np.float64).T
        return History(steps.astype(np.int_), loss, objective, norm, error, converged)


def run(
    problem: Problem,
    theta: Array,
    rule: Rule,
    every: int,
    test_error: TestError,
    progress: Progress,
) -> tuple[Array, History]:
    """Descend from theta; the end, and the way there."""
    recorder = _Recorder(every, test_error)
    descend = _by_lbfgs if rule.method == "lbfgs" else _by_gradient
    theta, converged = descend(problem, theta, rule, recorder, progress)
    return theta, recorder.history(converged)


def _by_gradient(
    problem: Problem, theta: Array, rule: Rule, recorder: _Recorder, progress: Progress
) -> tuple[Array, bool]:
    found = _finite(problem.at(theta), 0)
    recorder.note(0, theta, found, True)
    enough = rule.tolerance * _norm(found[2])
    velocity, length, step = np.zeros_like(theta), 1.0, 0
    converged = _norm(found[2]) <= enough
    while step < rule.steps and not converged:
        if rule.learning_rate is None:
            shorter = _shortened(problem, theta, found, length)
            if shorter is None:  # rounding hides any further decrease
                break
            length, theta, found = shorter
            length *= _GROWTH
        else:
            velocity *= theta.dtype.type(rule.momentum)
            velocity -= theta.dtype.type(rule.learning_rate) * found[2]
            theta = theta + velocity
            found = _finite(problem.at(theta), step + 1)
        step += 1
        converged = _norm(found[2]) <= enough
        recorder.note(step, theta, found, False)
        if progress is not None:
            progress(step, rule.steps)
    recorder.note(step, theta, found, True)
    return theta, converged


def _shortened(
    problem: Problem, theta: Array, found: tuple[float, float, Array], length: float
) -> tuple[float, Array, tuple[float, float, Array]] | None:
    """A step along the gradient that lowers the objective by enough."""
    square = float(np.dot(found[2], found[2]))
    while length > _SHORTEST:
        there = theta - theta.dtype.type(length) * found[2]
        new = problem.at(there)
        if math.isfinite(new[1]) and new[1] <= found[1] - _PROMISE * length * square:
            return length, there, new
        length *= 0.5
    return None


def _by_lbfgs(
    problem: Problem, theta: Array, rule: Rule, recorder: _Recorder, progress: Progress
) -> tuple[Array, bool]:
    found = _finite(problem.at(theta), 0)
    recorder.note(0, theta, found, True)
    kind, count = theta.dtype, 0

    def objective(x: FloatArray) -> tuple[float, FloatArray]:
        at = problem.at(x.astype(kind))
        return at[1], at[2].astype(np.float64)

    def after_step(x: FloatArray) -> None:
        nonlocal count
        count += 1
        if count % recorder.every == 0:
            now = x.astype(kind)
            recorder.note(count, now, problem.at(now), False)
        if progress is not None:
            progress(count, rule.steps)

    largest = float(np.abs(found[2]).max())
    ended = minimize(
        objective,
        theta.astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        callback=after_step,
        options={
            "maxiter": rule.steps,
            "maxfun": 20 * rule.steps,
            "maxcor": _CORRECTIONS,
            "gtol": rule.tolerance * largest,
            "ftol": 0.0,
        },
    )
    theta = ended.x.astype(kind)
    found = _finite(problem.at(theta), count)
    recorder.note(count, theta, found, True)
    return theta, bool(np.abs(found[2]).max() <= rule.tolerance * largest)


def _norm(gradient: Array) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.linalg.norm(gradient))


def _finite(found: tuple[float, float, Array], step: int) -> tuple[float, float, Array]:
    if math.isfinite(found[1]) and math.isfinite(_norm(found[2])):
        return found
    raise ConvergenceError(
        f"train_network: the training loss is not finite after {step} steps; a smaller "
        "learning_rate, or None, which finds one at each step, would be accepted"
    )
