"""What a student is linear in, on real inputs: the input, random features, or a kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, eigh

from nishimori.channels import Linear
from nishimori.errors import BadArgument
from nishimori.features import Features, Kernel, LinearStudent, RandomFeatures
from nishimori.simulate.memory import require_memory
from nishimori.simulate.teachers import DeepTeacher, teacher

__all__ = ["Student", "draw_student", "require_features"]

FloatArray = NDArray[np.float64]
KernelFunction = Callable[[FloatArray], Any]

_ROWS = 2000
_LITTLE = 1e-13  # of the largest eigenvalue: no more than rounding


class Student(Protocol):
    """A map from inputs to the rows that the weights multiply."""

    def design(self, inputs: FloatArray) -> FloatArray:
        """Rows of the training inputs, which a kernel remembers."""
        ...

    def outputs(self, inputs: FloatArray, weights: FloatArray) -> FloatArray:
        """z at fresh inputs."""
        ...


@dataclass(frozen=True, eq=False)
class _Plain:
    def design(self, inputs: FloatArray) -> FloatArray:
        return inputs / math.sqrt(inputs.shape[1])

    def outputs(self, inputs: FloatArray, weights: FloatArray) -> FloatArray:
        return inputs @ weights / math.sqrt(inputs.shape[1])


@dataclass(frozen=True, eq=False)
class _Layers:
    """The last layer of a random network."""

    network: DeepTeacher

    def design(self, inputs: FloatArray) -> FloatArray:
        rows, width = inputs.shape[0], self.network.widths[-1]
        size = 8.0 * rows * (width + self.network.widest)
        require_memory("fit", f"{rows} x {width} random features", size, "use smaller widths")
        return self.network.hidden(inputs) / math.sqrt(width)

    def outputs(self, inputs: FloatArray, weights: FloatArray) -> FloatArray:
        parts = [
            self.network.hidden(inputs[start : start + _ROWS]) @ weights
            for start in range(0, inputs.shape[0], _ROWS)
        ]
        return np.concatenate(parts) / math.sqrt(weights.size)


@dataclass(eq=False)
class KernelStudent:
    """A factor B of the kernel matrix K = B B^T, in which z = B w and the penalty is that of w."""

    kernel: Kernel
    function: KernelFunction | None
    inputs: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    factor: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    to_samples: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    def gram(self) -> FloatArray:
        """K on the training inputs."""
        matrix = self.between(self.inputs)
        if self.function is None:
            matrix[np.diag_indices_from(matrix)] += self.kernel.residual
        return matrix

    def between(self, inputs: FloatArray) -> FloatArray:
        """K of other inputs and the training ones."""
        products = inputs @ self.inputs.T / inputs.shape[1]
        if self.function is None:
            return self.kernel.linear * products
        with np.errstate(all="ignore"):
            matrix = np.asarray(self.function(products), dtype=np.float64)
        if matrix.shape != products.shape:
            raise BadArgument(
                f"kernel must return an array of the shape of its argument, {products.shape}, "
                f"got {matrix.shape}"
            )
        bad = ~np.isfinite(matrix)
        if bad.any():
            raise BadArgument(
                f"kernel must be finite at x.x'/d, which exceeds 1 for some inputs, and it is not "
                f"at {products[bad][0]:g}; lambda c: k(np.clip(c, -1, 1)) would be accepted"
            )
        return matrix

    def design(self, inputs: FloatArray) -> FloatArray:
        n = inputs.shape[0]
        require_memory("fit", f"a kernel matrix of {n} samples", 32.0 * n * n, "use fewer samples")
        self.inputs = inputs
        matrix = self.gram()
        try:
            self.factor = cholesky(matrix, lower=True)
            self.to_samples = np.asarray(np.linalg.inv(self.factor).T, dtype=np.float64)
        except LinAlgError:  # fewer directions than samples
            values, vectors = eigh(matrix)
            kept = values > _LITTLE * n * values[-1]
            self.factor = vectors[:, kept] * np.sqrt(values[kept])
            self.to_samples = vectors[:, kept] / np.sqrt(values[kept])
        return self.factor

    def outputs(self, inputs: FloatArray, weights: FloatArray) -> FloatArray:
        coefficients = self.to_samples @ weights
        parts = [
            self.between(inputs[start : start + _ROWS]) @ coefficients
            for start in range(0, inputs.shape[0], _ROWS)
        ]
        return np.concatenate(parts)


def require_features(features: Any, kernel: Any, owner: str) -> None:
    """Refuse, in a sentence, features that cannot be drawn for real inputs."""
    if kernel is not None and not isinstance(features, Kernel):
        raise BadArgument(
            f"{owner}: kernel is the function of a features.Kernel, got features={features!r}; "
            "write features=nm.features.Kernel.from_function(kernel)"
        )
    if kernel is not None and not callable(kernel):
        raise BadArgument(f"{owner}: kernel must be a function of x.x'/d, got {kernel!r:.60}")
    if isinstance(features, RandomFeatures) and features.shared_layers:
        raise BadArgument(
            f"{owner}: features that share layers with the teacher need its weights, and a learner "
            "has its samples only; shared_layers=0 would be accepted"
        )
    if not (features is None or isinstance(features, LinearStudent | RandomFeatures | Kernel)):
        raise BadArgument(
            f"{owner}: features must be a LinearStudent, RandomFeatures or Kernel of "
            f"nishimori.features, or None, to be computed from inputs; got {features!r:.80}"
        )


def draw_student(
    features: Features | None,
    dimension: int,
    kernel: KernelFunction | None,
    rng: np.random.Generator,
) -> Student:
    """The student that `features` describe, its random layers drawn."""
    if isinstance(features, Kernel):
        return KernelStudent(features, kernel)
    if isinstance(features, RandomFeatures):
        widths = [max(round(ratio * dimension), 1) for ratio in features.width_ratios]
        return _Layers(teacher(features.network, Linear(), [dimension, *widths], rng))
    return _Plain()
