"""Estimators of `nishimori.erm` as learners: trained on the samples of a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_choice, require_fraction
from nishimori.erm import Estimator, Huber
from nishimori.erm.label_kinds import require_labels
from nishimori.errors import BadArgument
from nishimori.features import Kernel
from nishimori.simulate.fitting import (
    FAILURES,
    SOLVERS,
    FitResult,
    OnFailure,
    Solver,
    fit,
    require_estimator,
    wants_scikit_learn,
)
from nishimori.simulate.students import require_features
from nishimori.simulate.with_scikit_learn import require_scikit_learn

if TYPE_CHECKING:
    from nishimori.features import Features
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork
    from nishimori.simulate.procedures import Task

__all__ = ["Trained"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """An estimator of `nishimori.erm`, trained on the samples that it is given.

    Parameters
    ----------
    estimator : Estimator
        Its regularization must be a number.
    features : LinearStudent, RandomFeatures or Kernel, optional
    kernel : callable, optional
    solver : {"auto", "scikit-learn", "newton"}
    tolerance : float, default 1e-6
    on_failure : {"raise", "warn", "return"}
        All as in `fit`.

    Notes
    -----
    Where the channel ignores an offset (`Linear`, `Laplace`) and the teacher has one, the labels
    are centred by their mean, as the theory assumes that this constant is learnt. For other
    channels there is no intercept, as there is none in theory.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.simulate.Trained(nm.erm.Ridge(regularization=0.3)).name
    'ridge:regularization=0.3'
    """

    estimator: Estimator
    features: Features | None = None
    kernel: Callable[[FloatArray], Any] | None = None
    solver: Solver = "auto"
    tolerance: float = 1e-6
    on_failure: OnFailure = "raise"

    def __post_init__(self) -> None:
        if not isinstance(self.estimator, Estimator):
            raise BadArgument(
                f"Trained: estimator must be one of nishimori.erm, got {self.estimator!r:.60}"
            )
        require_fraction("tolerance", self.tolerance, "Trained", 1e-10, 1.0)
        require_choice("solver", self.solver, "Trained", SOLVERS)
        require_choice("on_failure", self.on_failure, "Trained", FAILURES)

    @property
    def name(self) -> str:
        """The estimator, and what it sees if that is not the input."""
        if self.features is None:
            return str(self.estimator)
        return f"{self.estimator} on {type(self.features).__name__}"

    def check(self, problem: GLM, network: DeepNetwork | None) -> None:
        """Refuse, in a sentence, labels, features or a regularization that cannot be trained on."""
        require_labels(self.estimator, problem.channel)
        require_estimator(self.estimator, "Trained")
        require_features(self.features, self.kernel, "Trained")
        if self.solver == "scikit-learn" and isinstance(self.estimator, Huber):
            raise BadArgument(
                "Trained: scikit-learn's Huber regression fits the scale of the noise too; ask for "
                "solver='newton', or write fit(..., state=...)"
            )
        if wants_scikit_learn(self.estimator, self.solver, not isinstance(self.features, Kernel)):
            require_scikit_learn("Trained")

    def fit(self, task: Task, rng: np.random.Generator) -> FitResult:
        """What `predict` predicts with."""
        self.check(task.problem, task.network)
        return fit(
            self.estimator,
            task.train.inputs,
            task.train.labels,
            self.features,
            kernel=self.kernel,
            centre=task.problem.channel.ignores_offset and task.problem.offset != 0.0,
            rng=rng,
            solver=self.solver,
            tolerance=self.tolerance,
            on_failure=self.on_failure,
        )

    def predict(self, task: Task, rng: np.random.Generator) -> FloatArray:
        """The sign of the output where labels are +-1, else the output."""
        return self.fit(task, rng).predict(task.test_inputs)
