"""Samples drawn from a teacher, all at once or as a stream of batches."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_integer
from nishimori.channels import Channel
from nishimori.simulate.datasets import Dataset
from nishimori.simulate.labels import draw_labels
from nishimori.simulate.memory import require_memory

__all__ = ["BATCH", "Array", "Teacher", "require_rng"]

Array = NDArray[Any]

BATCH = 2**23
"""Numbers of a batch: 64 MiB of float64."""

_MOST_SAMPLES = 10**10
_LESS = "use smaller widths or fewer samples, dtype='float32', or batches()"


class Teacher:
    """What draws samples: a teacher gives `dimension`, `channel`, `dtype`, `field` and `offset`.

    Attributes
    ----------
    dimension : int
        d.
    channel : Channel
        P_out.
    dtype : dtype
        Of the inputs, the fields and the labels.
    offset : float
        Mean of the field over the inputs; what a learner finds at no cost.
    """

    channel: Channel
    dtype: np.dtype[Any]
    scale: Array | None

    @property
    def dimension(self) -> int:
        raise NotImplementedError

    @property
    def widest(self) -> int:
        """The most numbers that one sample makes on its way."""
        return self.dimension

    @property
    def offset(self) -> float:
        raise NotImplementedError

    def field(self, inputs: Array, rng: np.random.Generator) -> Array:
        """h at each row of `inputs`; `rng` for what is drawn anew with every sample."""
        raise NotImplementedError

    def batches(
        self, samples: int, rng: np.random.Generator | int, rows: int | None = None
    ) -> Iterator[Dataset]:
        """`samples` fresh samples, some `rows` at a time: what is yielded is all that is held.

        Parameters
        ----------
        samples : int
        rng : numpy.random.Generator or int
            Source of randomness, or a seed.
        rows : int, optional
            Samples in a batch; by default as many as make 64 MiB of doubles.
        """
        count = require_integer("samples", samples, "batches", 1, _MOST_SAMPLES)
        source = require_rng(rng, "sample")
        most = max(BATCH // max(self.widest, 1), 1)
        step = most if rows is None else require_integer("rows", rows, "batches", 1, count)
        for start in range(0, count, step):
            yield self._fresh(min(step, count - start), source)

    def sample(self, samples: int, rng: np.random.Generator | int) -> Dataset:
        """`samples` fresh samples in one set.

        Raises
        ------
        BadArgument
            If they do not fit in memory; the sentence says how much is needed.
        """
        count = require_integer("samples", samples, "sample", 1, _MOST_SAMPLES)
        size = float(count) * (self.dimension + 2) * self.dtype.itemsize
        batch = 3.0 * min(BATCH, count * self.widest) * self.dtype.itemsize
        what = f"a set of {count} samples of dimension {self.dimension} in {self.dtype}"
        require_memory("sample", what, size + batch, _LESS)
        inputs = np.empty((count, self.dimension), self.dtype)
        labels, fields = np.empty((2, count), self.dtype)
        start = 0
        for part in self.batches(count, rng):
            here = slice(start, start + part.samples)
            inputs[here], labels[here], fields[here] = part.inputs, part.labels, part.fields
            start += part.samples
        return Dataset(inputs, labels, fields)

    def _inputs(self, rows: int, rng: np.random.Generator) -> Array:
        kind: Any = np.float32 if self.dtype == np.float32 else np.float64
        inputs = rng.standard_normal((rows, self.dimension), dtype=kind)
        if self.scale is not None:
            inputs *= self.scale
        return inputs

    def _fresh(self, rows: int, rng: np.random.Generator) -> Dataset:
        inputs = self._inputs(rows, rng)
        fields = self.field(inputs, rng)
        labels = draw_labels(self.channel, fields.astype(np.float64), rng)
        return Dataset(inputs, labels.astype(self.dtype), fields)


def require_rng(rng: Any, owner: str) -> np.random.Generator:
    """`rng` as a generator, made from a seed if it is one, or a sentence.

    A seed counts together with the name of the `owner`: a teacher and a sample of the same seed
    must not share their random numbers.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    seed = require_integer("rng", rng, owner, 0, 2**63)
    return np.random.default_rng([seed, zlib.crc32(owner.encode())])
