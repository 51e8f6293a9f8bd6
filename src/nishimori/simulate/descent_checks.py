"""What a deep network can be trained on, and what not: said before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import (
    require_array,
    require_choice,
    require_fraction,
    require_integer,
    require_number,
)
from nishimori.errors import BadArgument
from nishimori.network import DeepNetwork
from nishimori.simulate.backpropagation import DeepStudent
from nishimori.simulate.descent_steps import Rule
from nishimori.simulate.memory import require_memory as require_bytes
from nishimori.simulate.teachers import require_widths

__all__ = [
    "MOST_STEPS",
    "require_labels",
    "require_memory",
    "require_network",
    "require_rows",
    "require_rule",
    "require_student_widths",
    "require_tests",
]

Array = NDArray[Any]

MOST_STEPS = 10**9
_LARGEST = 1e12


def require_network(network: Any, owner: str) -> None:
    """Refuse, in a sentence, networks without a derivative."""
    if not isinstance(network, DeepNetwork):
        raise BadArgument(f"{owner}: network must be a DeepNetwork, got {network!r:.60}")
    for layer in network.layers:
        if layer.activation.jumps:
            raise BadArgument(
                f"{owner}: the activation {layer.activation} jumps, and gradient descent cannot "
                "use its derivative; a continuous activation would be accepted"
            )


def require_rule(
    owner: str,
    loss: Any,
    method: Any,
    learning_rate: Any,
    momentum: Any,
    steps: Any,
    weight_decay: Any,
    tolerance: Any,
) -> Rule:
    """How to descend, or a sentence."""
    require_choice("loss", loss, owner, ("auto", "square", "logistic"))
    require_choice("method", method, owner, ("gradient", "lbfgs"))
    rate = None
    if learning_rate is not None:
        rate = require_number("learning_rate", learning_rate, owner)
        if rate <= 0.0:
            raise BadArgument(f"{owner}: learning_rate must be positive or None, got {rate:g}")
    share = require_fraction("momentum", momentum, owner, 0.0, 0.9999)
    if share > 0.0 and (rate is None or method != "gradient"):
        raise BadArgument(f"{owner}: momentum needs method='gradient' and a learning_rate")
    if rate is not None and method != "gradient":
        raise BadArgument(f"{owner}: L-BFGS finds its own steps; learning_rate must be None")
    return Rule(
        loss,
        method,
        rate,
        share,
        require_integer("steps", steps, owner, 1, MOST_STEPS),
        require_fraction("weight_decay", weight_decay, owner, 0.0, _LARGEST),
        require_fraction("tolerance", tolerance, owner, 0.0, 1.0),
    )


def require_rows(name: str, values: Any, width: int | None, owner: str) -> Array:
    """Finite rows of numbers in float32 or float64."""
    kind = np.float32 if getattr(values, "dtype", None) == np.float32 else np.float64
    rows = require_array(name, values, owner).astype(kind, copy=False)
    if rows.ndim != 2 or rows.size == 0 or (width is not None and rows.shape[1] != width):
        wanted = "numbers" if width is None else f"{width} numbers"
        raise BadArgument(f"{owner}: {name} must be rows of {wanted}, got shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise BadArgument(f"{owner}: {name} must be finite")
    return rows


def require_labels(values: Any, inputs: Array, name: str, owner: str) -> Array:
    """One finite number for each row of inputs."""
    y = require_array(name, values, owner)
    if y.shape != inputs.shape[:1]:
        raise BadArgument(
            f"{owner}: {name} must be one number for each of {len(inputs)} rows, got shape "
            f"{y.shape}"
        )
    if not np.isfinite(y).all():
        raise BadArgument(f"{owner}: {name} must be finite")
    return y


def require_tests(
    inputs: Any, labels: Any, dimension: int, owner: str
) -> tuple[Array, Array] | None:
    """Both or neither of test inputs and labels."""
    if (inputs is None) != (labels is None):
        raise BadArgument(f"{owner}: test_inputs and test_labels must be given together")
    if inputs is None:
        return None
    x = require_rows("test_inputs", inputs, dimension, owner)
    return x, require_labels(labels, x, "test_labels", owner)


def require_student_widths(widths: Any, depth: int, dimension: int) -> tuple[int, ...]:
    """d, d_1, ..., d_L; all d where nothing is said."""
    if widths is None:
        return (dimension,) * (depth + 1)
    given = np.atleast_1d(np.asarray(widths, dtype=object)).tolist()
    sizes = require_widths(given, depth, "train_network")
    if sizes[0] != dimension:
        raise BadArgument(
            f"train_network: widths begin with the dimension of the inputs, {dimension}, "
            f"got {sizes[0]}"
        )
    return sizes


def require_memory(student: DeepStudent, inputs: Array, rule: Rule, owner: str) -> None:
    """Refuse, in a sentence, what does not fit in memory."""
    vectors = 30.0 if rule.method == "lbfgs" else 5.0
    states = 3.0 * len(inputs) * sum(student.widths) + 6.0 * len(inputs) * max(student.widths)
    size = 8.0 * (vectors * student.size + states)
    what = f"training a network of widths {student.widths} on {len(inputs)} samples"
    require_bytes(owner, what, size, "use smaller widths or fewer samples")
