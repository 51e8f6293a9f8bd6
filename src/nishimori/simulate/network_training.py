"""Training of all weights of a deep network, by gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_integer, require_number
from nishimori.channels import Linear
from nishimori.errors import BadArgument
from nishimori.network import DeepNetwork
from nishimori.simulate.backpropagation import DeepStudent, Loss
from nishimori.simulate.descent_checks import (
    MOST_STEPS,
    require_labels,
    require_memory,
    require_network,
    require_rows,
    require_rule,
    require_student_widths,
    require_tests,
)
from nishimori.simulate.descent_steps import History, Problem, run
from nishimori.simulate.sampling import require_rng
from nishimori.simulate.teachers import DeepTeacher
from nishimori.threads import threads_for

__all__ = ["TrainedNetwork", "train_network"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A deep network after training.

    Attributes
    ----------
    network : DeepTeacher
        With the weights that were found; ``network.weights``, ``biases`` and ``readout``.
    classes : bool
        Whether predictions are signs.
    history : History
        Training loss, objective, norm of the gradient and test error along the way.
    """

    network: DeepTeacher
    classes: bool
    history: History

    def outputs(self, inputs: ArrayLike) -> Array:
        """h at rows of inputs x (not divided by sqrt(d))."""
        x = require_rows("inputs", inputs, self.network.dimension, "TrainedNetwork")
        return self.network.field(x)

    def predict(self, inputs: ArrayLike) -> Array:
        """The label: the sign of h where labels are +-1, else h."""
        h = self.outputs(inputs)
        return np.where(h >= 0.0, 1.0, -1.0) if self.classes else h

    def __repr__(self) -> str:
        return (
            f"TrainedNetwork(widths={self.network.widths}, steps={self.history.steps[-1]}, "
            f"train_loss={self.history.train_loss[-1]:.6g})"
        )


def train_network(
    network: DeepNetwork,
    inputs: ArrayLike,
    labels: ArrayLike,
    rng: np.random.Generator | int,
    *,
    widths: Sequence[int] | None = None,
    loss: Literal["auto", "square", "logistic"] = "auto",
    method: Literal["gradient", "lbfgs"] = "gradient",
    learning_rate: float | None = None,
    momentum: float = 0.0,
    steps: int = 1000,
    weight_decay: float = 0.0,
    initial_readout: float = 1.0,
    tolerance: float = 1e-6,
    record: int | None = None,
    test_inputs: ArrayLike | None = None,
    test_labels: ArrayLike | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainedNetwork:
    r"""Train all layers of a network by full-batch gradient descent from random weights.

    .. math:: \theta \leftarrow \theta - \gamma \nabla_\theta \Big[ \sum_\mu \ell(y_\mu, h(x_\mu))
              + \tfrac12 w |\theta|^2 \Big],

    where theta are the weights, biases and readout in units in which their prior is N(0, 1), and
    the network divides by the square roots of its widths.

    Parameters
    ----------
    network : DeepNetwork
        Architecture, and the law of the initial weights. Activations must not jump.
    inputs : array_like of shape (n, d)
        x, not divided by sqrt(d); float32 inputs are trained on in float32.
    labels : array_like of shape (n,)
    rng : numpy.random.Generator or int
        For the initial weights.
    widths : sequence of int, optional
        d, d_1, ..., d_L; all d by default.
    loss : {"auto", "square", "logistic"}
        (y - h)^2/2 or ln(1 + exp(-y h)); "auto" takes the second where all labels are +-1.
    method : {"gradient", "lbfgs"}
        Plain gradient descent, or SciPy's L-BFGS on the same objective.
    learning_rate : float, optional
        gamma, the same at each step. By default each step is as long as lowers the objective by a
        share of what its slope promises.
    momentum : float, default 0
        In [0, 1): the share of the last step that is added to the next; needs a `learning_rate`.
    steps : int, default 1000
    weight_decay : float, default 0
        w. At the noise of a `Linear` channel (square loss), and at 1 for a `Logistic` one, the
        minimum is the most probable network given the data, which is not the posterior mean.
    initial_readout : float, default 1
        What the initial readout is multiplied by; with 0 the network starts at h = 0.
    tolerance : float, default 1e-6
        Ends when the gradient is this fraction of the initial one.
    record : int, optional
        Steps between two entries of the history; a hundredth of `steps` by default.
    test_inputs, test_labels : array_like, optional
        For the test error along the way.
    progress : callable, optional
        Called as ``progress(done, total)`` after each step.

    Returns
    -------
    TrainedNetwork

    Raises
    ------
    BadArgument
        If an argument is out of its domain, shapes do not fit, or memory would not do.
    ConvergenceError
        If the loss grows beyond all bounds, as it does with too large a learning rate.

    Examples
    --------
    >>> import nishimori as nm
    >>> network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
    >>> teacher = nm.simulate.teacher(network, nm.channels.Linear(0.1), widths=30, rng=0)
    >>> data = teacher.sample(60, rng=1)
    >>> trained = nm.simulate.train_network(network, data.inputs, data.labels, rng=2, steps=200)
    >>> bool(trained.history.train_loss[-1] < 0.1 * trained.history.train_loss[0])
    True
    """
    owner = "train_network"
    require_network(network, owner)
    x = require_rows("inputs", inputs, None, owner)
    y = require_labels(labels, x, "labels", owner)
    sizes = require_student_widths(widths, network.depth, x.shape[1])
    signs = bool(np.all(np.abs(y) == 1.0))
    if loss == "logistic" and not signs:
        raise BadArgument(
            f"{owner}: the logistic loss needs labels +1 and -1, got {y[np.abs(y) != 1.0][0]:g}"
        )
    rule = require_rule(
        owner, loss, method, learning_rate, momentum, steps, weight_decay, tolerance
    )
    kind: Loss = ("logistic" if signs else "square") if rule.loss == "auto" else rule.loss
    start = require_number("initial_readout", initial_readout, owner)
    every = max(rule.steps // 100, 1) if record is None else record
    every = require_integer("record", every, owner, 1, MOST_STEPS)
    tests = require_tests(test_inputs, test_labels, x.shape[1], owner)
    student = DeepStudent(network, sizes)
    require_memory(student, x, rule, owner)
    source = require_rng(rng, owner)
    theta = source.standard_normal(student.size).astype(x.dtype)
    student.blocks(theta).readout[...] *= x.dtype.type(start)
    problem = Problem(student, x, y.astype(x.dtype), kind, rule.weight_decay)

    def test_error(now: Array) -> float:
        if tests is None:
            return float("nan")
        h = _teacher(student, now).field(tests[0])
        if kind == "logistic":
            return float(np.mean(np.where(h >= 0.0, 1.0, -1.0) != tests[1]))
        return float(np.mean(np.square(h - tests[1])))

    with threads_for(float(len(x)) * max(sizes) ** 2):
        theta, history = run(problem, theta, rule, every, test_error, progress)
    return TrainedNetwork(_teacher(student, theta), kind == "logistic", history)


def _teacher(student: DeepStudent, theta: Array) -> DeepTeacher:
    """The network with its weights in the units of the model."""
    kind, parts, layers = theta.dtype.type, student.blocks(theta), student.network.layers
    weights = tuple(
        matrix * kind(np.sqrt(layer.weight_variance))
        for matrix, layer in zip(parts.weights, layers, strict=True)
    )
    biases = tuple(
        bias * kind(np.sqrt(layer.bias_variance)) if bias.size else np.zeros(width, kind)
        for bias, layer, width in zip(parts.biases, layers, student.widths[1:], strict=True)
    )
    readout = parts.readout * kind(np.sqrt(student.network.readout_variance))
    return DeepTeacher(student.network, Linear(), weights, biases, readout)
