"""Deep networks as functions of one flat vector of weights, in JAX.

Only imported when a posterior is sampled: JAX is part of the optional extra ``bayes``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, singledispatch
from itertools import pairwise
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray

from nishimori.activations import (
    ELU,
    GELU,
    Abs,
    Activation,
    Custom,
    Erf,
    HardTanh,
    Hermite,
    Identity,
    LeakyReLU,
    PiecewiseLinear,
    Polynomial,
    ReLU,
    Sigmoid,
    SiLU,
    Sine,
    Softplus,
    Tanh,
)
from nishimori.errors import BadArgument
from nishimori.network import DeepNetwork

__all__ = ["Architecture", "activate", "require_gradient"]

Traced = Any
FloatArray = NDArray[np.float64]


def require_gradient(activation: Activation, owner: str) -> None:
    """Refuse, in a sentence, what jumps or has no JAX form."""
    name = type(activation).__name__
    if activation.jumps:
        raise BadArgument(
            f"{owner}: {name} jumps, so the gradient does not see where the likelihood changes; "
            "continuous activations would be accepted"
        )
    try:
        jax.eval_shape(jax.grad(lambda x: activate(activation, x).sum()), jnp.ones(3))
    except BadArgument:
        raise
    except Exception as error:  # whatever a user's function may raise
        raise BadArgument(
            f"{owner}: the function of a Custom activation must take and return JAX arrays, "
            f"written with operators or jax.numpy; it failed: {type(error).__name__}"
        ) from error


@singledispatch
def activate(activation: Activation, x: Traced) -> Traced:
    """The activation of each element of a JAX array."""
    raise BadArgument(f"simulate: {type(activation).__name__} has no JAX form")


@activate.register
def _(activation: Identity, x: Traced) -> Traced:
    return x


@activate.register
def _(activation: Tanh, x: Traced) -> Traced:
    return jnp.tanh(activation.gain * x)


@activate.register
def _(activation: Erf, x: Traced) -> Traced:
    return jax.scipy.special.erf(activation.gain * x)


@activate.register
def _(activation: Sine, x: Traced) -> Traced:
    return jnp.sin(activation.gain * x)


@activate.register
def _(activation: ReLU, x: Traced) -> Traced:
    return jnp.maximum(x, 0.0)


@activate.register
def _(activation: LeakyReLU, x: Traced) -> Traced:
    return jnp.where(x > 0.0, x, activation.slope * x)


@activate.register
def _(activation: Abs, x: Traced) -> Traced:
    return jnp.abs(x)


@activate.register
def _(activation: GELU, x: Traced) -> Traced:
    return x * jax.scipy.special.ndtr(x)


@activate.register
def _(activation: Sigmoid, x: Traced) -> Traced:
    return jax.nn.sigmoid(activation.gain * x)


@activate.register
def _(activation: SiLU, x: Traced) -> Traced:
    return x * jax.nn.sigmoid(activation.gain * x)


@activate.register
def _(activation: Softplus, x: Traced) -> Traced:
    return jnp.logaddexp(activation.gain * x, 0.0) / activation.gain


@activate.register
def _(activation: ELU, x: Traced) -> Traced:
    return jnp.where(x > 0.0, x, activation.alpha * jnp.expm1(jnp.minimum(x, 0.0)))


@activate.register
def _(activation: HardTanh, x: Traced) -> Traced:
    return jnp.clip(x, -1.0, 1.0)


@activate.register
def _(activation: Hermite, x: Traced) -> Traced:
    before, here = jnp.zeros_like(x), jnp.ones_like(x)
    for n in range(activation.n):
        before, here = here, x * here - n * before
    return here


@activate.register
def _(activation: Polynomial, x: Traced) -> Traced:
    total = jnp.zeros_like(x)
    for coefficient in reversed(activation.coefficients):
        total = total * x + coefficient
    return total


@activate.register
def _(activation: PiecewiseLinear, x: Traced) -> Traced:
    total = activation.slopes[0] * x + activation.intercepts[0]
    for point, (left, right) in zip(
        activation.breakpoints_, pairwise(activation.slopes), strict=True
    ):
        total = total + (right - left) * jnp.maximum(x - point, 0.0)
    return total


@activate.register
def _(activation: Custom, x: Traced) -> Traced:
    return jnp.reshape(jnp.asarray(activation.function(jnp.ravel(x)), x.dtype), x.shape)


@dataclass(frozen=True)
class Architecture:
    """A network of given widths, its weights, biases and readout one vector of N(0, 1) numbers.

    Attributes
    ----------
    network : DeepNetwork
    widths : tuple of int
        d, d_1, ..., d_L.
    with_readout : bool
        Whether the readout is part of the vector (its last d_L numbers) or integrated out.
    """

    network: DeepNetwork
    widths: tuple[int, ...]
    with_readout: bool

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Of the weights of each hidden layer."""
        return tuple((above, below) for below, above in pairwise(self.widths))

    @cached_property
    def size(self) -> int:
        """Length of the vector: biases of variance 0 have no place in it."""
        count = self.widths[-1] if self.with_readout else 0
        for layer, (above, below) in zip(self.network.layers, self.shapes, strict=True):
            count += above * below + (above if layer.bias_variance > 0.0 else 0)
        return count

    def hidden(self, position: Traced, inputs: Traced) -> Traced:
        """The last hidden layer at each row of `inputs`."""
        state = inputs
        for layer, weights, bias in zip(self.network.layers, *self._layers(position), strict=True):
            before = state @ weights.T * (1.0 / math.sqrt(weights.shape[1]))
            state = activate(layer.activation, before + bias)
        return state

    def field(self, position: Traced, inputs: Traced) -> Traced:
        """h at each row of `inputs`, where the readout is part of the vector."""
        readout = self.readout(position)
        return self.hidden(position, inputs) @ readout * (1.0 / math.sqrt(readout.size))

    def readout(self, position: Traced) -> Traced:
        """a."""
        return position[self.size - self.widths[-1] :] * math.sqrt(self.network.readout_variance)

    def _layers(self, position: Traced) -> tuple[list[Traced], list[Traced]]:
        """Weights and biases with their variances, layer by layer."""
        weights: list[Traced] = []
        biases: list[Traced] = []
        start = 0
        for layer, (above, below) in zip(self.network.layers, self.shapes, strict=True):
            flat = position[start : start + above * below]
            start += flat.size
            weights.append(flat.reshape(above, below) * math.sqrt(layer.weight_variance))
            if layer.bias_variance > 0.0:
                biases.append(position[start : start + above] * math.sqrt(layer.bias_variance))
                start += above
            else:
                biases.append(np.zeros(above))
        return weights, biases

    def many(self, positions: FloatArray) -> dict[str, tuple[FloatArray, ...]]:
        """W_l and b_l of vectors along the last axis, each with the leading axes of `positions`."""
        shape = positions.shape[:-1]
        layers = [self._layers(position) for position in positions.reshape(-1, self.size)]
        found = {}
        for number, name in enumerate(("weights", "biases")):
            stacks = zip(*(pair[number] for pair in layers), strict=True)
            arrays = [np.stack(stack) for stack in stacks]
            found[name] = tuple(a.reshape(*shape, *a.shape[1:]) for a in arrays)
        return found

    def position(
        self,
        weights: Sequence[NDArray[Any]],
        biases: Sequence[NDArray[Any]],
        readout: NDArray[Any],
    ) -> FloatArray:
        """The vector of given weights; what has variance 0 is given the value 0."""
        parts: list[NDArray[Any]] = []
        for layer, matrix, bias in zip(self.network.layers, weights, biases, strict=True):
            parts.append(_whiten(matrix, layer.weight_variance))
            if layer.bias_variance > 0.0:
                parts.append(_whiten(bias, layer.bias_variance))
        if self.with_readout:
            parts.append(_whiten(readout, self.network.readout_variance))
        return np.concatenate(parts)


def _whiten(values: NDArray[Any], variance: float) -> FloatArray:
    flat = np.ravel(values).astype(np.float64)
    return flat / math.sqrt(variance) if variance > 0.0 else np.zeros_like(flat)
