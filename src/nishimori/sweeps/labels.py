"""Short texts for the values of an axis, different for different values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from nishimori.errors import BadArgument
from nishimori.expressions import write

__all__ = ["labels_of"]

_LONGEST = 60
_OPTIMAL = "bayes"  # no estimator


def labels_of(name: str, values: Sequence[Any]) -> Sequence[Any]:
    """Numbers and text as they are, objects as their short text, or longer if need be.

    Examples
    --------
    >>> import nishimori as nm
    >>> labels_of("channel", [nm.channels.Sign(noise=0.1), nm.channels.Logistic()])
    ['sign:noise=0.1', 'logistic']
    >>> labels_of("noise", [0.1, 0.2])
    [0.1, 0.2]
    """
    if isinstance(values, range) or (isinstance(values, np.ndarray) and values.dtype.kind in "fiu"):
        return values
    labels = [_label(name, value) for value in values]
    for spell in (_expression, _numbered):
        counts = Counter(label for label, v in zip(labels, values, strict=True) if not _plain(v))
        labels = [
            spell(label, value, place) if not _plain(value) and counts[label] > 1 else label
            for place, (label, value) in enumerate(zip(labels, values, strict=True), 1)
        ]
    return labels


def _plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | np.generic)


def _label(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if _plain(value):
        return value
    if value is None:
        return _OPTIMAL if name == "estimator" else "none"
    text = " ".join(getattr(value, "__name__", str(value)).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _expression(label: str, value: Any, _: int) -> str:
    try:
        return write(value)
    except BadArgument:
        return label


def _numbered(label: str, _: Any, place: int) -> str:
    return f"{label} #{place}"
