"""Samples of a task: inputs, labels, and the fields that the labels were drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples that one teacher has labelled.

    Attributes
    ----------
    inputs : ndarray of shape (samples, dimension)
        x, of unit variance per component, or of the spectrum's; a learner that takes the
        normalisation of the equations sees x/sqrt(d), which is `scaled_inputs`.
    labels : ndarray of shape (samples,)
        y.
    fields : ndarray of shape (samples,)
        h, the teacher's output before the channel; no learner may see it.
    """

    inputs: NDArray[Any]
    labels: NDArray[Any]
    fields: NDArray[Any]

    @property
    def samples(self) -> int:
        """n."""
        return self.inputs.shape[0]

    @property
    def dimension(self) -> int:
        """d."""
        return self.inputs.shape[1]

    @property
    def scaled_inputs(self) -> NDArray[Any]:
        """x/sqrt(d), a new array."""
        scale = self.inputs.dtype.type(1.0 / np.sqrt(self.dimension))
        return self.inputs * scale

    def __len__(self) -> int:
        return self.samples
