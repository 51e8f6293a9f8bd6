"""Gradient descent as a learner: a deep student of the teacher's architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_number
from nishimori.channels import Channel, Linear, Logistic
from nishimori.errors import BadArgument
from nishimori.simulate.backpropagation import Loss
from nishimori.simulate.descent_checks import require_network, require_rule
from nishimori.simulate.network_training import TrainedNetwork, train_network

if TYPE_CHECKING:
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork
    from nishimori.simulate.procedures import Task

__all__ = ["Descent"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Descent:
    """Gradient descent on a deep student of the teacher's architecture, all layers trained.

    Parameters
    ----------
    loss, method, learning_rate, momentum, steps, initial_readout, tolerance
        As in `train_network`.
    weight_decay : float or "prior", default 0
        As there; "prior" is the one at which the minimum is the most probable network, the noise of
        a `Linear` channel and 1 for a `Logistic` one.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.simulate.Descent(steps=500).name
    'descent'
    >>> nm.simulate.Descent().check(nm.GLM(nm.channels.Sign()), None)
    Traceback (most recent call last):
        ...
    nishimori.errors.BadArgument: Descent: a deep student is trained, and a plain GLM has none; a \
DeepNetwork would be accepted
    """

    loss: Literal["auto", "square", "logistic"] = "auto"
    method: Literal["gradient", "lbfgs"] = "gradient"
    learning_rate: float | None = None
    momentum: float = 0.0
    steps: int = 1000
    weight_decay: float | Literal["prior"] = 0.0
    initial_readout: float = 1.0
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        decay = 0.0 if self.weight_decay == "prior" else self.weight_decay
        require_rule(
            "Descent",
            self.loss,
            self.method,
            self.learning_rate,
            self.momentum,
            self.steps,
            decay,
            self.tolerance,
        )
        require_number("initial_readout", self.initial_readout, "Descent")

    @property
    def name(self) -> str:
        """For tables."""
        return "descent"

    def check(self, problem: GLM, network: DeepNetwork | None) -> None:
        """Refuse, in a sentence, what cannot be trained by gradients."""
        if network is None:
            raise BadArgument(
                "Descent: a deep student is trained, and a plain GLM has none; a DeepNetwork would "
                "be accepted"
            )
        require_network(network, "Descent")
        channel = problem.channel
        if self.loss == "logistic" and not channel.binary:
            raise BadArgument(
                f"Descent: the logistic loss needs labels +1 and -1, and those of {channel} are "
                "not of that kind; loss='square' would be accepted"
            )
        self._decay(channel)

    def fit(self, task: Task, rng: np.random.Generator) -> TrainedNetwork:
        """What `predict` predicts with."""
        self.check(task.problem, task.network)
        assert task.network is not None
        channel = task.problem.channel
        auto: Loss = "logistic" if channel.binary else "square"
        return train_network(
            task.network,
            task.train.inputs,
            task.train.labels,
            rng,
            widths=task.widths,
            loss=auto if self.loss == "auto" else self.loss,
            method=self.method,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            steps=self.steps,
            weight_decay=self._decay(channel),
            initial_readout=self.initial_readout,
            tolerance=self.tolerance,
        )

    def predict(self, task: Task, rng: np.random.Generator) -> Array:
        """The sign of h where labels are +-1, else h."""
        h = self.fit(task, rng).outputs(task.test_inputs)
        return np.where(h >= 0.0, 1.0, -1.0) if task.problem.channel.binary else h

    def _decay(self, channel: Channel) -> float:
        if self.weight_decay != "prior":
            return float(self.weight_decay)
        if isinstance(channel, Linear) and self.loss != "logistic" and channel.noise > 0.0:
            return channel.noise
        if isinstance(channel, Logistic) and self.loss != "square":
            return 1.0
        raise BadArgument(
            f"Descent: weight_decay='prior' is known for the square loss on noisy linear labels "
            f"and the logistic loss on logistic ones, not on {channel}; give a number"
        )
