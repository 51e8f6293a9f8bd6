"""Message passing as a learner of simulated tasks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_fraction, require_integer
from nishimori.erm import Estimator
from nishimori.erm.label_kinds import require_labels
from nishimori.errors import BadArgument, ConvergenceError, ConvergenceWarning
from nishimori.priors import Gaussian
from nishimori.simulate.denoisers import mixture_of
from nishimori.simulate.erm_gamp import erm_gamp
from nishimori.simulate.gamp import gamp
from nishimori.spectra import Isotropic

if TYPE_CHECKING:
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork
    from nishimori.simulate.procedures import Task

__all__ = ["MessagePassing"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MessagePassing:
    """Bayes-optimal message passing, or message passing for an estimator.

    On the data of a deep network it takes the labels to come from the equivalent GLM, whose
    offset and variances it knows; that this is as good as knowing the network is the theorem.

    Parameters
    ----------
    estimator : Estimator, optional
        Of `nishimori.erm`; without one it is Bayes-optimal.
    damping : float, default 0
        In [0, 1). Where the iteration does not come to rest, as happens in small dimensions, it
        is begun again with more.
    iterations : int, default 500
        At most.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.simulate.MessagePassing().name
    'message passing'
    """

    estimator: Estimator | None = None
    damping: float = 0.0
    iterations: int = 500

    def __post_init__(self) -> None:
        if not (self.estimator is None or isinstance(self.estimator, Estimator)):
            raise BadArgument(
                "MessagePassing: estimator must be one of nishimori.erm or None, got "
                f"{self.estimator!r:.60}"
            )
        require_fraction("damping", self.damping, "MessagePassing", 0.0, 1.0 - 1e-9)
        require_integer("iterations", self.iterations, "MessagePassing", 1, 100_000)

    @property
    def name(self) -> str:
        """What it passes messages for."""
        of = "" if self.estimator is None else f" for {self.estimator}"
        return f"message passing{of}"

    def check(self, problem: GLM, network: DeepNetwork | None) -> None:
        """Refuse, in a sentence, labels, priors and inputs that it cannot take."""
        isotropic = isinstance(problem.spectrum, Isotropic)
        if self.estimator is None:
            mixture_of(problem.prior)
            if not (isotropic or isinstance(problem.prior, Gaussian)):
                raise BadArgument("MessagePassing: correlated inputs need a Gaussian prior")
            return
        require_labels(self.estimator, problem.channel)
        if not isotropic:
            raise BadArgument(
                "MessagePassing: message passing for an estimator needs isotropic inputs; train it "
                "instead"
            )

    def predict(self, task: Task, rng: np.random.Generator) -> FloatArray:
        """Of each test label: the most probable one, its mean, or what the estimator says."""
        train, problem = task.train, task.problem
        if self.estimator is None:
            scale = _scale(task)
            for damping in self._dampings():
                found = gamp(
                    problem,
                    train.inputs,
                    train.labels,
                    iterations=self.iterations,
                    damping=damping,
                    scale=scale,
                    rng=rng,
                )
                if found.converged:
                    break
            self._warn(found.converged)
            _refuse_runaway(found.self_overlap[-1], float(problem.spectrum.mean))
            return found.predict(task.test_inputs)
        labels = np.asarray(train.labels, dtype=np.float64)
        constant = 0.0
        if problem.channel.ignores_offset and problem.offset != 0.0:
            constant = float(labels.mean())
        estimator = self.estimator.for_labels(problem.channel)
        for damping in self._dampings():
            trained = erm_gamp(
                estimator,
                train.inputs,
                labels - constant,
                iterations=self.iterations,
                damping=damping,
            )
            if trained.converged:
                break
        self._warn(trained.converged)
        return trained.predict(task.test_inputs) + constant

    def _dampings(self) -> list[float]:
        return [1.0 - (1.0 - self.damping) * share for share in (1.0, 0.5, 0.2)]

    def _warn(self, converged: bool) -> None:
        if not converged:
            warnings.warn(
                f"{self.name} has not come to rest in {self.iterations} iterations",
                ConvergenceWarning,
                stacklevel=3,
            )


def _refuse_runaway(self_overlap: float, moment: float) -> None:
    if not self_overlap < 10.0 * moment:
        raise ConvergenceError(
            "message passing has diverged, with damping too: the estimate's self-overlap is "
            f"{self_overlap:.3g}; a larger dimension would be accepted"
        )


def _scale(task: Task) -> FloatArray | None:
    """Standard deviations of correlated input components, from all inputs that are known."""
    if isinstance(task.problem.spectrum, Isotropic):
        return None
    inputs = np.concatenate([task.train.inputs, task.test_inputs])
    return np.sqrt(np.mean(np.square(inputs, dtype=np.float64), axis=0))
