"""Widths of the usual columns, in inches, and heights that go with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nishimori.arguments import as_float, shown
from nishimori.errors import BadArgument

__all__ = ["WIDTHS", "dimensions"]

WIDTHS = {
    "column": 3.375,  # one of two columns: APS journals (246 pt)
    "wide": 7.0,  # across both columns
    "icml": 3.25,
    "icml wide": 6.75,
    "neurips": 5.5,  # one column of text, as ICLR
    "jmlr": 6.0,
}
_ASPECT = 0.72  # height of a panel over its width
_LARGEST = 40.0


def dimensions(size: Any, weights: Sequence[float], columns: int) -> tuple[float, float]:
    """Width and height in inches of a figure whose panels have these weights.

    Raises
    ------
    BadArgument
        If `size` is neither one of `WIDTHS`, a width nor a pair.
    """
    width = WIDTHS.get(size) if isinstance(size, str) else size
    if isinstance(width, tuple | list):
        if len(width) != 2:
            raise _refusal(size)
        return _inches(width[0], size), _inches(width[1], size)
    across = _inches(width, size)
    rows = sum(weights) / max(weights) if columns == 1 else math.ceil(len(weights) / columns)
    return across, _ASPECT * across / columns * rows


def _inches(value: Any, size: Any) -> float:
    try:
        inches = as_float("size", value, "figures")
    except BadArgument:
        raise _refusal(size) from None
    if not 0.5 <= inches <= _LARGEST:
        raise _refusal(size)
    return inches


def _refusal(size: Any) -> BadArgument:
    return BadArgument(
        f"size must be one of {', '.join(map(repr, WIDTHS))}, a width in inches or a pair (width, "
        f"height), of 0.5 to {_LARGEST:g} inches; got {shown(size)}"
    )
