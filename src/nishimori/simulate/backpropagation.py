"""The output of a deep network and the gradient of a loss in all its weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori.activations import Activation, Custom
from nishimori.network import DeepNetwork

__all__ = ["Blocks", "DeepStudent", "Loss", "value_and_slope"]

Array = NDArray[Any]
Loss = Literal["square", "logistic"]

_STEP = 6e-6  # of a central difference: its error and its rounding are alike


class Blocks(NamedTuple):
    """Weights, biases (empty where the network has none) and readout, in prior units."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    readout: Array


@dataclass(frozen=True, eq=False)
class DeepStudent:
    r"""A network whose weights are one vector theta, of unit variance under its prior.

    .. math:: X^\ell = \phi_\ell(\sqrt{\Delta_\ell}\, W_\ell X^{\ell-1}/\sqrt{d_{\ell-1}}
              + \sqrt{\beta_\ell}\, b_\ell), \qquad h = \sqrt{\Delta_a}\, a \cdot X^L/\sqrt{d_L}.

    Attributes
    ----------
    network : DeepNetwork
    widths : tuple of int
        d, d_1, ..., d_L.
    """

    network: DeepNetwork
    widths: tuple[int, ...]

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the blocks of theta: matrices, then biases, then the readout."""
        pairs = zip(self.widths, self.widths[1:], strict=False)
        matrices: list[tuple[int, ...]] = [(above, below) for below, above in pairs]
        biases: list[tuple[int, ...]] = [
            (width if layer.bias_variance > 0.0 else 0,)
            for layer, width in zip(self.network.layers, self.widths[1:], strict=True)
        ]
        return [*matrices, *biases, (self.widths[-1],)]

    @property
    def size(self) -> int:
        """Length of theta."""
        return sum(math.prod(shape) for shape in self.shapes)

    def blocks(self, theta: Array) -> Blocks:
        """Views of theta."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])[:-1]
        parts = [
            part.reshape(shape)
            for part, shape in zip(np.split(theta, ends), self.shapes, strict=True)
        ]
        depth = self.network.depth
        return Blocks(tuple(parts[:depth]), tuple(parts[depth:-1]), parts[-1])

    @cached_property
    def scales(self) -> tuple[list[float], list[float], float]:
        """What multiplies W X, b and a X^L."""
        layers = self.network.layers
        matrices = [
            math.sqrt(layer.weight_variance / width)
            for layer, width in zip(layers, self.widths, strict=False)
        ]
        biases = [math.sqrt(layer.bias_variance) for layer in layers]
        return matrices, biases, math.sqrt(self.network.readout_variance / self.widths[-1])

    def gradient(
        self, theta: Array, inputs: Array, labels: Array, loss: Loss, weight_decay: float
    ) -> tuple[float, float, Array]:
        """Mean loss of the samples, sum of losses plus decay/2 |theta|^2, and its gradient."""
        parts, (matrices, biases, last) = self.blocks(theta), self.scales
        states, slopes = [inputs], []
        for k, layer in enumerate(self.network.layers):
            before = states[-1] @ parts.weights[k].T
            before *= matrices[k]
            if parts.biases[k].size:
                before += biases[k] * parts.biases[k]
            after, bend = value_and_slope(layer.activation, before)
            states.append(after)
            slopes.append(bend)
        outputs = (states[-1] @ parts.readout) * last
        total, error = _loss(loss, labels, outputs)
        out = np.empty_like(theta)
        found = self.blocks(out)
        found.readout[...] = (error @ states[-1]) * last
        above = np.outer(error * last, parts.readout).astype(theta.dtype)
        for k in range(self.network.depth - 1, -1, -1):
            above *= slopes[k]
            found.weights[k][...] = above.T @ states[k]
            found.weights[k][...] *= matrices[k]
            if parts.biases[k].size:
                found.biases[k][...] = above.sum(axis=0) * biases[k]
            if k > 0:
                above = above @ parts.weights[k]
                above *= matrices[k]
        objective = total
        if weight_decay > 0.0:
            out += theta.dtype.type(weight_decay) * theta
            objective += 0.5 * weight_decay * float(np.dot(theta, theta))
        return total / labels.size, objective, out


def value_and_slope(activation: Activation, before: Array) -> tuple[Array, Array]:
    """Phi and phi' of pre-activations of any shape; at a kink phi' from above."""
    x = np.asarray(before, dtype=np.float64).ravel()
    if not isinstance(activation, Custom):
        series = activation.taylor(x, 1, 1)
        value, slope = series[:, 0], series[:, 1]
    elif activation.derivative is not None:
        value = activation.value(x)
        slope = np.asarray(activation.derivative(x.copy()), dtype=np.float64)
    else:
        step = _STEP * np.maximum(1.0, np.abs(x))
        above, below = x + step, x - step
        value = activation.value(x)
        slope = (activation.value(above) - activation.value(below)) / (above - below)
    kind = before.dtype
    return value.astype(kind).reshape(before.shape), slope.astype(kind).reshape(before.shape)


def _loss(loss: Loss, labels: Array, outputs: Array) -> tuple[float, Array]:
    """The sum of the losses, and the derivative of each in its output."""
    y, h = labels.astype(np.float64), outputs.astype(np.float64)
    if loss == "square":
        error = h - y
        return 0.5 * float(error @ error), error.astype(outputs.dtype)
    margin = y * h
    small = np.exp(-np.abs(margin))
    chance = np.where(margin > 0.0, small, 1.0) / (1.0 + small)
    total = float(np.sum(np.logaddexp(0.0, -margin)))
    return total, (-y * chance).astype(outputs.dtype)
