"""Widths of the usual columns, in inches, and heights that go with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nishimori.arguments import as_float, shown
from nishimori.errors import BadArgument

__all__ = ["WIDTHS", "columns_of", "dimensions"]

WIDTHS = {
    "column": 3.375,  # one of two columns: APS journals (246 pt)
    "wide": 7.0,  # across both columns
    "icml": 3.25,
    "icml wide": 6.75,
    "neurips": 5.5,  # one column of text, as ICLR
    "jmlr": 6.0,
}
_ASPECT = 0.72  # height of a panel over its width
_NARROW = 1.5  # inches of a panel, by default
_LOW = 1.2
_LEAST = (1.2, 1.0)  # inches of a figure; with less, what is beside the axes takes it all
_LEAST_PANEL = (1.0, 0.6)  # of one among others
_LARGEST = 40.0
_ROUNDING = 1e-9


def columns_of(size: Any, count: int) -> int:
    """So many of `count` panels in a row that none is narrow, and all rows are equally full.

    Examples
    --------
    >>> columns_of("column", 2), columns_of("column", 6), columns_of("wide", 6)
    (2, 2, 3)
    """
    fit = max(1, int(_given(size)[0] / _NARROW))
    return math.ceil(count / math.ceil(count / fit))


def dimensions(size: Any, weights: Sequence[float], columns: int) -> tuple[float, float]:
    """Width and height in inches of a figure whose panels have these weights.

    Raises
    ------
    BadArgument
        If `size` is neither one of `WIDTHS`, a width nor a pair, or too small for the panels.
    """
    across, up = _given(size)
    rows = math.ceil(len(weights) / columns)
    share = min(weights) / sum(weights)
    least = (
        max(_LEAST[0], _LEAST_PANEL[0] / (share if rows == 1 else 1.0 / columns)),
        max(_LEAST[1], _LEAST_PANEL[1] / (share if columns == 1 else 1.0 / rows)),
    )
    if up is None:
        high = sum(weights) / max(weights) if columns == 1 else rows
        up = max(_ASPECT * across / columns * high, _LOW * high, least[1])
    if across < least[0] * (1.0 - _ROUNDING) or up < least[1] * (1.0 - _ROUNDING):
        count = "this panel" if len(weights) == 1 else f"{len(weights)} panels, {columns} in a row"
        raise BadArgument(
            f"size must be at least {least[0]:.4g} x {least[1]:.4g} inches for {count}; got "
            f"{across:.4g} x {up:.4g}"
        )
    return across, up


def _given(size: Any) -> tuple[float, float | None]:
    """Width, and height if it is given."""
    width = WIDTHS.get(size) if isinstance(size, str) else size
    if isinstance(width, tuple | list):
        if len(width) != 2:
            raise _refusal(size)
        return _inches(width[0], size), _inches(width[1], size)
    return _inches(width, size), None


def _inches(value: Any, size: Any) -> float:
    try:
        inches = as_float("size", value, "figures")
    except BadArgument:
        raise _refusal(size) from None
    if not min(_LEAST) <= inches <= _LARGEST:
        raise _refusal(size)
    return inches


def _refusal(size: Any) -> BadArgument:
    return BadArgument(
        f"size must be one of {', '.join(map(repr, WIDTHS))}, a width in inches or a pair (width, "
        f"height), of at least {_LEAST[0]:g} x {_LEAST[1]:g} and at most {_LARGEST:g} inches; got "
        f"{shown(size)}"
    )
