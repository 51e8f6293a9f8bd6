"""Bayesian networks of finite width: samples of all weights, given a data set."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_fraction, require_number
from nishimori.channels import Channel
from nishimori.errors import BadArgument, ConvergenceError, ConvergenceWarning
from nishimori.network import DeepNetwork
from nishimori.simulate.posterior_checks import (
    Length,
    Start,
    require_data,
    require_extra,
    require_model,
    require_resources,
    require_rows,
    require_starts,
)
from nishimori.simulate.posterior_result import PosteriorResult
from nishimori.simulate.sampling import require_rng
from nishimori.simulate.teachers import require_widths

if TYPE_CHECKING:
    from nishimori.glm import GLM

__all__ = ["Posterior", "sample_posterior"]

FloatArray = NDArray[np.float64]
_OWNER = "sample_posterior"


def sample_posterior(
    network: DeepNetwork,
    channel: Channel,
    inputs: ArrayLike,
    labels: ArrayLike,
    widths: int | Sequence[int],
    rng: np.random.Generator | int,
    *,
    test_inputs: ArrayLike | None = None,
    warmup: int = 500,
    draws: int = 500,
    chains: int = 4,
    start: Start | Sequence[Start] = "prior",
    keep_weights: bool = False,
    accept: float = 0.8,
    largest_rhat: float = 1.01,
    smallest_ess: float = 400.0,
    time_limit: float = 24.0,
    progress: Callable[[int, int], None] | None = None,
) -> PosteriorResult:
    r"""Sample the posterior of all weights, biases and the readout of a network.

    .. math:: P(W, b, a | D) \propto \prod_{\mu} P_{out}(y_\mu | h(x_\mu; W, b, a))\, P(W, b, a)

    with the prior of `network`. The sampler is NumPyro's no-U-turn sampler in the units in
    which the prior is N(0, 1). Below `Linear` noise the readout is integrated out exactly: the
    chain moves the hidden layers under the evidence
    :math:`N(y; 0, \Delta_a \Phi\Phi^T/d_L + \Delta)`, predictions are means given the hidden
    layers, and the readout is drawn from its Gaussian law.

    Parameters
    ----------
    network : DeepNetwork
        The law of the weights.
    channel : Channel
        Of the labels; with noise, so that the likelihood has a gradient everywhere.
    inputs : array_like of shape (n, d)
        x, not divided by sqrt(d).
    labels : array_like of shape (n,)
    widths : int or sequence of int
        d, d_1, ..., d_L.
    rng : numpy.random.Generator or int
        Source of randomness, or a seed.
    test_inputs : array_like of shape (tests, d), optional
        Where to predict.
    warmup, draws : int, default 500
        Iterations of each chain before and after its step size is fixed.
    chains : int, default 4
    start : "prior" or DeepTeacher, or a sequence of them
        Where chains start: at fresh weights of the prior, or at the teacher's own, which are
        an exact sample of the posterior. A sequence holds the start of each chain.
    keep_weights : bool, default False
        Whether the result holds the weights of every draw.
    accept : float, default 0.8
        Acceptance rate that the step size aims at.
    largest_rhat, smallest_ess : float, default 1.01 and 400
        What split R-hat and effective sample size, of every prediction and of the log density,
        must keep to be called mixed.
    time_limit : float, default 24
        Hours; what would take longer by a rough estimate is refused.
    progress : callable, optional
        Called as ``progress(done, total)`` between blocks of iterations.

    Returns
    -------
    PosteriorResult

    Raises
    ------
    BadArgument
        If the extra ``bayes`` is not installed, a channel has no noise, an activation jumps, an
        argument is out of its domain, or memory or time would not do.

    Notes
    -----
    JAX runs in double precision inside this function and as before outside.

    Examples
    --------
    >>> import nishimori as nm
    >>> network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=1)
    >>> teacher = nm.simulate.teacher(network, nm.channels.Linear(0.1), widths=10, rng=0)
    >>> data, test = teacher.sample(10, rng=1), teacher.sample(100, rng=2)
    >>> result = nm.simulate.sample_posterior(
    ...     network, teacher.channel, data.inputs, data.labels, teacher.widths, rng=3,
    ...     test_inputs=test.inputs,
    ... )  # doctest: +SKIP
    >>> result.mixed  # doctest: +SKIP
    True

    References
    ----------
    .. [1] Hoffman, Gelman, JMLR 15, 1593 (2014), arXiv:1111.4246; Phan, Pradhan, Jankowiak,
       arXiv:1912.11554.
    """
    require_extra(_OWNER)
    require_model(network, channel, _OWNER)
    sizes = require_widths(widths, network.depth, _OWNER)
    x, y = require_data(inputs, labels, sizes[0], channel, _OWNER)
    given = np.zeros((0, sizes[0])) if test_inputs is None else test_inputs
    tests = require_rows("test_inputs", given, sizes[0], _OWNER)
    length = Length.checked(warmup, draws, chains, _OWNER)
    starts = require_starts(start, length.chains, sizes, _OWNER)
    aim = require_fraction("accept", accept, _OWNER, 0.5, 0.99)
    bounds = (
        require_number("largest_rhat", largest_rhat, _OWNER),
        require_number("smallest_ess", smallest_ess, _OWNER),
    )
    limit = require_number("time_limit", time_limit, _OWNER)
    require_resources(sizes, len(y), len(tests), length, keep_weights, limit, _OWNER)
    source = require_rng(rng, _OWNER)
    from nishimori.simulate.posterior_chains import run

    return run(
        network,
        channel,
        sizes,
        (x, y, tests),
        source,
        length=length,
        starts=starts,
        accept=aim,
        bounds=bounds,
        keep_weights=keep_weights,
        progress=progress,
    )


@dataclass(frozen=True)
class Posterior:
    """The Bayes-optimal predictor of a deep student of the teacher's architecture, by sampling.

    Parameters
    ----------
    warmup, draws, chains, accept, largest_rhat, smallest_ess
        As in `sample_posterior`.
    on_failure : {"warn", "raise", "return"}
        What to do if the chains have not mixed.

    Raises
    ------
    BadArgument
        If an argument is out of its domain.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.simulate.Posterior(draws=200).name
    'posterior'
    """

    warmup: int = 500
    draws: int = 500
    chains: int = 4
    accept: float = 0.8
    largest_rhat: float = 1.01
    smallest_ess: float = 400.0
    on_failure: Literal["warn", "raise", "return"] = "warn"

    def __post_init__(self) -> None:
        Length.checked(self.warmup, self.draws, self.chains, "Posterior")
        require_fraction("accept", self.accept, "Posterior", 0.5, 0.99)
        require_number("largest_rhat", self.largest_rhat, "Posterior")
        require_number("smallest_ess", self.smallest_ess, "Posterior")
        if self.on_failure not in ("warn", "raise", "return"):
            raise BadArgument(
                f"Posterior: on_failure must be 'warn', 'raise' or 'return', got "
                f"{self.on_failure!r}"
            )

    @property
    def name(self) -> str:
        return "posterior"

    def check(self, problem: GLM, network: DeepNetwork | None) -> None:
        """Refuse, in a sentence, what cannot be sampled."""
        if network is None:
            raise BadArgument(
                "Posterior: a student network is sampled, and a plain GLM has none; a DeepNetwork "
                "would be accepted"
            )
        require_extra("Posterior")
        require_model(network, problem.channel, "Posterior")

    def predict(self, task: Any, rng: np.random.Generator) -> FloatArray:
        """The most probable label where labels are classes, E[y|x, data] otherwise."""
        self.check(task.problem, task.network)
        result = sample_posterior(
            task.network,
            task.problem.channel,
            task.train.inputs,
            task.train.labels,
            task.widths,
            rng,
            test_inputs=task.test_inputs,
            warmup=self.warmup,
            draws=self.draws,
            chains=self.chains,
            accept=self.accept,
            largest_rhat=self.largest_rhat,
            smallest_ess=self.smallest_ess,
        )
        if not result.mixed and self.on_failure == "raise":
            raise ConvergenceError(f"Posterior: {result.status}", result)
        if not result.mixed and self.on_failure == "warn":
            warnings.warn(f"Posterior: {result.status}", ConvergenceWarning, stacklevel=2)
        return result.predictions
