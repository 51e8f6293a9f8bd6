"""Which labels a channel can give at all."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Channel, Custom, Door, Logistic, Ordinal, Poisson, Sign
from nishimori.errors import BadArgument

__all__ = ["require_possible"]

FloatArray = NDArray[np.float64]


def require_possible(channel: Channel, labels: FloatArray) -> None:
    """Refuse, in a sentence, labels that `channel` cannot give."""
    wrong = ~_possible(channel, labels)
    if wrong.any():
        raise BadArgument(
            f"gamp: the label {labels[wrong][0]:g} cannot come from {channel!s:.60}, "
            "whatever the weights"
        )


@singledispatch
def _possible(channel: Channel, labels: FloatArray) -> NDArray[np.bool_]:
    return np.ones(labels.shape, bool)


@_possible.register(Sign)
@_possible.register(Logistic)
@_possible.register(Door)
def _(channel: Channel, labels: FloatArray) -> NDArray[np.bool_]:
    return np.abs(labels) == 1.0


@_possible.register
def _(channel: Poisson, labels: FloatArray) -> NDArray[np.bool_]:
    return (labels >= 0.0) & (labels == np.rint(labels))


@_possible.register
def _(channel: Ordinal, labels: FloatArray) -> NDArray[np.bool_]:
    return np.isin(labels, np.arange(len(channel.thresholds) + 1))


@_possible.register
def _(channel: Custom, labels: FloatArray) -> NDArray[np.bool_]:
    if channel.outputs is not None:
        return np.isin(labels, np.asarray(channel.outputs))
    assert channel.support is not None
    return (labels >= channel.support[0]) & (labels <= channel.support[1])
