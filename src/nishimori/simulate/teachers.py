"""Teachers: real deep networks of finite width, and the linear models they are equivalent to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from nishimori.arguments import require_integer
from nishimori.channels import Channel
from nishimori.errors import BadArgument
from nishimori.glm import GLM
from nishimori.network import DeepNetwork, require_spectrum
from nishimori.simulate.inputs import input_variances
from nishimori.simulate.memory import require_memory
from nishimori.simulate.sampling import BATCH, Array, Teacher, require_rng
from nishimori.simulate.weights import draw_weights
from nishimori.spectra import Isotropic, Spectrum

__all__ = ["DeepTeacher", "GlmTeacher", "glm_teacher", "require_widths", "teacher"]

Precision = Literal["float32", "float64"]

_WIDEST = 10**7
_PAIRS = 4096  # of inputs x and -x that the offset is averaged over


@dataclass(frozen=True, eq=False)
class DeepTeacher(Teacher):
    r"""A deep network with all its weights, which labels inputs through a channel.

    .. math:: X^\ell = \phi_\ell(W_\ell X^{\ell-1}/\sqrt{d_{\ell-1}} + b_\ell), \quad
              h = a \cdot X^L/\sqrt{d_L}, \quad y \sim P_{out}(\cdot | h).

    Attributes
    ----------
    network : DeepNetwork
        Its law.
    channel : Channel
    weights : tuple of ndarray
        W_l, of shape (d_l, d_{l-1}).
    biases : tuple of ndarray
        b_l, of shape (d_l,).
    readout : ndarray
        a, of shape (d_L,).
    scale : ndarray or None
        Standard deviation of each input component; None for isotropic inputs.
    """

    network: DeepNetwork
    channel: Channel
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    readout: Array
    scale: Array | None = None

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        return self.readout.dtype

    @property
    def widths(self) -> tuple[int, ...]:
        """d, d_1, ..., d_L."""
        return (self.weights[0].shape[1], *(w.shape[0] for w in self.weights))

    @property
    def dimension(self) -> int:
        return self.widths[0]

    @property
    def widest(self) -> int:
        return max(self.widths)

    def hidden(self, inputs: Array) -> Array:
        """The last hidden layer at each row of `inputs`, of shape (rows, d_L)."""
        state = np.asarray(inputs, self.dtype)
        for layer, weights, bias in zip(
            self.network.layers, self.weights, self.biases, strict=True
        ):
            before = state @ weights.T
            before *= self.dtype.type(1.0 / math.sqrt(weights.shape[1]))
            before += bias
            after = layer.activation.value(before.ravel())
            state = np.asarray(after, self.dtype).reshape(before.shape)
        return state

    def field(self, inputs: Array, rng: np.random.Generator | None = None) -> Array:
        """h at each row of `inputs`."""
        step = max(BATCH // self.widest, 1)
        parts = [
            self.hidden(inputs[start : start + step]) @ self.readout
            for start in range(0, inputs.shape[0], step)
        ]
        return np.concatenate(parts) * self.dtype.type(1.0 / math.sqrt(self.widths[-1]))

    @cached_property
    def offset(self) -> float:
        """Mean of h over the inputs, from 4,096 pairs x, -x (exactly 0 for an odd network)."""
        if all(
            layer.activation.parity == "odd" and layer.bias_variance == 0.0
            for layer in self.network.layers
        ):
            return 0.0
        rng = np.random.default_rng(0)
        step = max(min(BATCH // (2 * self.widest), _PAIRS), 1)
        total, done = 0.0, 0
        while done < _PAIRS:
            x = self._inputs(step, rng)
            total += float(np.sum(self.field(x)) + np.sum(self.field(-x)))
            done += step
        return total / (2.0 * done)


@dataclass(frozen=True, eq=False)
class GlmTeacher(Teacher):
    r"""The equivalent linear model with its weights; structural noise is drawn with each sample.

    .. math:: h = \sqrt\lambda\, a \cdot x/\sqrt d + \sqrt\eta\, \xi + c_0.

    Attributes
    ----------
    problem : GLM
    weights : ndarray
        a, of shape (d,).
    scale : ndarray or None
        Standard deviation of each input component; None for isotropic inputs.
    """

    problem: GLM
    weights: Array
    scale: Array | None = None

    @property
    def channel(self) -> Channel:  # type: ignore[override]
        return self.problem.channel

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        return self.weights.dtype

    @property
    def dimension(self) -> int:
        return self.weights.size

    @property
    def offset(self) -> float:
        return self.problem.offset

    def field(self, inputs: Array, rng: np.random.Generator) -> Array:
        slope = math.sqrt(self.problem.signal_variance / self.dimension)
        noise = rng.standard_normal(inputs.shape[0])
        field = slope * (inputs @ self.weights) + self.problem.offset
        field = field + math.sqrt(self.problem.noise_variance) * noise
        return field.astype(self.dtype)


def teacher(
    network: DeepNetwork,
    channel: Channel,
    widths: int | Sequence[int],
    rng: np.random.Generator | int,
    *,
    spectrum: Spectrum | None = None,
    dtype: Precision = "float64",
) -> DeepTeacher:
    """A real deep network of this law, its weights drawn.

    Parameters
    ----------
    network : DeepNetwork
        The law of the weights.
    channel : Channel
        Of the labels.
    widths : int or sequence of int
        d, d_1, ..., d_L: the input dimension and the width of each hidden layer; one number for
        all of them.
    rng : numpy.random.Generator or int
        Source of randomness, or a seed.
    spectrum : Spectrum, optional
        Of the inputs' covariance; isotropic by default.
    dtype : {"float64", "float32"}

    Returns
    -------
    DeepTeacher
        Its ``sample(samples, rng)`` draws a `Dataset`, its ``batches`` a stream of them.

    Raises
    ------
    BadArgument
        If the widths do not fit the network, or the weights do not fit in memory.

    Examples
    --------
    >>> import nishimori as nm
    >>> network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
    >>> teacher = nm.simulate.teacher(network, nm.channels.Sign(), widths=100, rng=0)
    >>> teacher.widths, teacher.sample(50, rng=1).inputs.shape
    ((100, 100, 100), (50, 100))
    """
    if not isinstance(network, DeepNetwork):
        raise BadArgument(f"teacher: network must be a DeepNetwork, got {network!r:.60}")
    if not isinstance(channel, Channel):
        raise BadArgument(f"teacher: channel must be one of nishimori.channels, got {channel!r}")
    sizes = require_widths(widths, network.depth, "teacher")
    kind = _precision(dtype)
    require_spectrum(spectrum)
    count = sum(a * b for a, b in zip(sizes, sizes[1:], strict=False)) + sum(sizes)
    what = f"a network of widths {_spell(sizes)} in {kind}"
    require_memory("teacher", what, 2.0 * count * kind.itemsize, "use smaller widths or float32")
    source = require_rng(rng, "teacher")
    weights, biases = [], []
    for layer, below, above in zip(network.layers, sizes, sizes[1:], strict=False):
        matrix = source.standard_normal((above, below), dtype=kind.type)
        matrix *= kind.type(math.sqrt(layer.weight_variance))
        weights.append(matrix)
        bias = source.standard_normal(above, dtype=kind.type)
        biases.append(bias * kind.type(math.sqrt(layer.bias_variance)))
    readout = source.standard_normal(sizes[-1], dtype=kind.type)
    readout = readout * kind.type(math.sqrt(network.readout_variance))
    scale = _scale(spectrum, sizes[0], source, kind)
    return DeepTeacher(network, channel, tuple(weights), tuple(biases), readout, scale)


def glm_teacher(
    problem: GLM,
    dimension: int,
    rng: np.random.Generator | int,
    *,
    dtype: Precision = "float64",
) -> GlmTeacher:
    """The linear model of `problem` in a finite dimension, its weights drawn.

    Parameters
    ----------
    problem : GLM
    dimension : int
        d.
    rng : numpy.random.Generator or int
        Source of randomness, or a seed.
    dtype : {"float64", "float32"}

    Raises
    ------
    BadArgument
        If an argument is of another kind or out of its domain.

    Examples
    --------
    >>> import nishimori as nm
    >>> teacher = nm.simulate.glm_teacher(nm.GLM(nm.channels.Sign()), dimension=100, rng=0)
    >>> teacher.sample(50, rng=1).labels.shape
    (50,)
    """
    if not isinstance(problem, GLM):
        raise BadArgument(f"glm_teacher: problem must be a GLM, got {problem!r:.60}")
    size = require_integer("dimension", dimension, "glm_teacher", 1, _WIDEST)
    kind = _precision(dtype)
    source = require_rng(rng, "glm_teacher")
    weights = draw_weights(problem.prior, size, source).astype(kind)
    return GlmTeacher(problem, weights, _scale(problem.spectrum, size, source, kind))


def _scale(
    spectrum: Spectrum | None, dimension: int, rng: np.random.Generator, kind: np.dtype[Any]
) -> Array | None:
    if spectrum is None or isinstance(spectrum, Isotropic):
        return None
    return np.sqrt(input_variances(spectrum, dimension, rng)).astype(kind)


def _precision(dtype: Any) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise BadArgument(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    return kind


def require_widths(widths: Any, depth: int, owner: str) -> tuple[int, ...]:
    """d, d_1, ..., d_L from one width or all of them, or a sentence."""
    if isinstance(widths, str) or not hasattr(widths, "__len__"):
        width = require_integer("widths", widths, owner, 1, _WIDEST)
        return (width,) * (depth + 1)
    sizes = tuple(require_integer("widths", w, owner, 1, _WIDEST) for w in widths)
    if len(sizes) != depth + 1:
        raise BadArgument(
            f"{owner}: a network of {depth} hidden layers has {depth + 1} widths, the input's "
            f"first; got {len(sizes)}"
        )
    return sizes


def _spell(sizes: tuple[int, ...]) -> str:
    if len(set(sizes)) == 1 and len(sizes) > 3:
        return f"{sizes[0]} ({len(sizes)} times)"
    return " x ".join(str(size) for size in sizes)
