"""Message passing as a learner of simulated tasks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_choice
from nishimori.channels import Channel, Custom, Logistic, Poisson, Readout
from nishimori.erm import Estimator
from nishimori.erm.label_kinds import require_labels
from nishimori.errors import BadArgument, ConvergenceError, ConvergenceWarning
from nishimori.simulate.denoisers import mixture_of
from nishimori.simulate.erm_gamp import ErmGampResult, erm_gamp
from nishimori.simulate.field_posteriors import field_posterior
from nishimori.simulate.fitting import FAILURES, OnFailure, require_estimator
from nishimori.simulate.gamp import GampResult, gamp
from nishimori.simulate.inputs import input_variances
from nishimori.simulate.log_likelihoods import log_likelihood
from nishimori.simulate.passing_checks import require_settings
from nishimori.simulate.readout_posteriors import affine_pieces, require_invertible
from nishimori.spectra import Isotropic

if TYPE_CHECKING:
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork
    from nishimori.simulate.procedures import Task

__all__ = ["MessagePassing"]

FloatArray = NDArray[np.float64]

_MOVED = (1.0, 0.5, 0.2)  # share of each undamped step, tried one after the other
_LARGEST = 10.0  # self-overlap of an estimate, per second moment, that predicts anything


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
        In [0, 1). Where the iteration does not come to rest, as happens in small dimension, it is
        begun again with more.
    iterations : int, default 500
        At most.
    tolerance : float, default 1e-6
        Largest residual.
    on_failure : {"warn", "raise", "return"}
        What to do if it does not converge; the others predict with what there is, unless that has
        run away.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Sign(noise=0.1))
    >>> table = nm.simulate.compare(problem, "bayes", [1.0, 3.0], width=100, repetitions=10)
    >>> table.agrees
    True
    """

    estimator: Estimator | None = None
    damping: float = 0.0
    iterations: int = 500
    tolerance: float = 1e-6
    on_failure: OnFailure = "warn"

    def __post_init__(self) -> None:
        if not (self.estimator is None or isinstance(self.estimator, Estimator)):
            raise BadArgument(
                "MessagePassing: estimator must be one of nishimori.erm or None, got "
                f"{self.estimator!r:.60}"
            )
        require_settings("MessagePassing", self.iterations, self.damping, self.tolerance)
        require_choice("on_failure", self.on_failure, "MessagePassing", FAILURES)

    @property
    def name(self) -> str:
        """What it passes messages for."""
        of = "" if self.estimator is None else f" for {self.estimator}"
        return f"message passing{of}"

    def check(self, problem: GLM, network: DeepNetwork | None) -> None:
        """Refuse, in a sentence, labels, priors and inputs that it cannot take."""
        if self.estimator is None:
            mixture_of(problem.prior)
            _require_known(problem.channel)
            return
        require_labels(self.estimator, problem.channel)
        require_estimator(self.estimator, "MessagePassing")
        if not isinstance(problem.spectrum, Isotropic):
            raise BadArgument(
                "MessagePassing: message passing for an estimator is valid for isotropic inputs, "
                f"and these have the spectrum {problem.spectrum}; use Trained"
            )

    def run(self, task: Task, rng: np.random.Generator) -> GampResult | ErmGampResult:
        """What `predict` predicts with; labels that ignore an offset are centred for estimators."""
        self.check(task.problem, task.network)
        train, problem = task.train, task.problem
        options: dict[str, Any] = {"iterations": self.iterations, "tolerance": self.tolerance}
        found: GampResult | ErmGampResult | None = None
        for moved in _MOVED:
            damping = 1.0 - (1.0 - self.damping) * moved
            if self.estimator is None:
                given = {"scale": _scale(task), "rng": rng, "damping": damping, **options}
                new: GampResult | ErmGampResult = gamp(problem, train.inputs, train.labels, **given)
            else:
                labels = np.asarray(train.labels, dtype=np.float64) - _constant(task)
                new = erm_gamp(self.estimator, train.inputs, labels, damping=damping, **options)
            if found is None or new.converged or not new.residual[-1] > found.residual[-1]:
                found = new
            if found.converged:
                break
        assert found is not None
        return found

    def predict(self, task: Task, rng: np.random.Generator) -> FloatArray:
        """Of each test label: the most probable one, its mean, or what the estimator says."""
        found = self.run(task, rng)
        if not found.converged:
            self._fail(found)
        predicted = found.predict(task.test_inputs)
        return predicted if self.estimator is None else predicted + _constant(task)

    def _fail(self, found: GampResult | ErmGampResult) -> None:
        text = (
            f"{self.name}: after {found.iterations} iterations the residual is "
            f"{found.residual[-1]:.1e}, and {self.tolerance:g} is wanted"
        )
        moment = 1.0
        if isinstance(found, GampResult):
            moment = float(found.problem.spectrum.mean)
        size = float(found.self_overlap[-1])
        away = not size < (_LARGEST * moment if isinstance(found, GampResult) else np.inf)
        if away:
            text += f"; the estimate has run away, to a self-overlap of {size:.3g}"
        if self.on_failure == "raise" or away:
            raise ConvergenceError(text, found)
        if self.on_failure == "warn":
            warnings.warn(text, ConvergenceWarning, stacklevel=3)


def _require_known(channel: Channel) -> None:
    """Refuse channels that `field_posterior` would refuse, before there are data."""
    if isinstance(channel, Readout) and channel.noise == 0.0:
        if affine_pieces(channel.activation) is None:
            require_invertible(channel.activation)
    elif isinstance(channel, Logistic | Poisson | Custom | Readout) or (
        field_posterior.dispatch(type(channel)) is field_posterior.dispatch(Channel)
    ):
        log_likelihood(channel)


def _constant(task: Task) -> float:
    """What is taken off the labels, and added to the outputs, as theory assumes it known."""
    if not task.problem.channel.ignores_offset or task.problem.offset == 0.0:
        return 0.0
    return float(np.mean(task.train.labels, dtype=np.float64))


def _scale(task: Task) -> FloatArray | None:
    """Standard deviations of the input components: of the spectrum, in the teacher's order."""
    spectrum, d = task.problem.spectrum, task.train.dimension
    if isinstance(spectrum, Isotropic):
        return None
    # eigenvalues of random covariances fluctuate by 1/d only: those of another draw will do
    return np.sqrt(input_variances(spectrum, d, np.random.default_rng(0)))
