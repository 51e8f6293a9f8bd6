"""The grammar of ``--alpha``: ``1``, ``0.1,1,10``, ``start:stop:count``, with ``:log`` or not."""

from __future__ import annotations

import math

from nishimori.errors import BadArgument

__all__ = ["ACCEPTED", "MOST_POINTS", "check_alpha", "parse_alpha"]

ACCEPTED = "1, or 0.1,1,10, or start:stop:count, or start:stop:count:log"
MOST_POINTS = 10_000_000


def parse_alpha(text: str) -> list[float]:
    """The sample ratios that `text` asks for.

    Parameters
    ----------
    text : str
        A number, numbers separated by commas, or a grid with both ends included:
        ``start:stop:count`` is evenly spaced and ``start:stop:count:log`` geometric.

    Returns
    -------
    list of float
        In the order of the text; each finite and positive.

    Raises
    ------
    BadArgument
        Says which part of the text is wrong and what would be accepted.

    Examples
    --------
    >>> parse_alpha("0.1,1,10")
    [0.1, 1.0, 10.0]
    >>> parse_alpha("1:2:3")
    [1.0, 1.5, 2.0]
    >>> parse_alpha("0.01:100:3:log")
    [0.01, 1.0, 100.0]
    """
    if not text.strip():
        raise BadArgument(f"is empty; expected {ACCEPTED}")
    if ":" in text:
        return _grid(text)
    return [_ratio(part, "", text) for part in text.split(",")]


def check_alpha(value: float) -> float:
    """`value` as a sample ratio, or a sentence."""
    number = float(value)
    if not math.isfinite(number) or number <= 0.0:
        raise BadArgument(f"must be finite and positive, got {number:g}")
    return number


def plain_float(text: str) -> float:
    """A float as it is written everywhere: no underscores, no digits but 0 to 9."""
    if "_" in text or not text.isascii():
        raise ValueError
    return float(text)


def _grid(text: str) -> list[float]:
    if "," in text:
        raise BadArgument(f"mixes a grid and a list in {text!r}; expected {ACCEPTED}")
    parts = text.split(":")
    if len(parts) == 2 or len(parts) > 4:
        raise BadArgument(f"has {len(parts)} parts in {text!r}; expected {ACCEPTED}")
    start, stop = _ratio(parts[0], "start ", text), _ratio(parts[1], "stop ", text)
    count = _count(parts[2], text)
    spacing = parts[3].strip() if len(parts) == 4 else "linear"
    if len(parts) == 4 and spacing != "log":
        raise BadArgument(f"has spacing {spacing!r} in {text!r}; only 'log' may follow the count")
    import numpy as np

    space = np.geomspace if spacing == "log" else np.linspace
    values: list[float] = space(start, stop, count).tolist()
    return values


def _ratio(part: str, role: str, text: str) -> float:
    try:
        number = plain_float(part)
    except ValueError:
        where = "" if part == text else f" in {text!r}"
        raise BadArgument(
            f"{role}must be a number, got {part!r}{where}; expected {ACCEPTED}"
        ) from None
    if not math.isfinite(number) or number <= 0.0:
        raise BadArgument(f"{role}must be finite and positive, got {part.strip()}")
    return number


def _count(part: str, text: str) -> int:
    try:
        count = int(part)
    except ValueError:
        raise BadArgument(f"count must be an integer, got {part!r} in {text!r}") from None
    if not 1 <= count <= MOST_POINTS:
        raise BadArgument(f"count must be from 1 to {MOST_POINTS}, got {count}")
    return count
