"""Holding the numbers of a file against those that are computed again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nishimori.export.reading import plain_cell

__all__ = ["Column", "compare_tables"]

_DIAGNOSTICS = ("residual", "error_estimate", "change")
_SUMS = ("free_entropy", "log_loss", "mutual_information", "signal_mutual_information")
_UNIT = 1e-3
_LOOSE = {"flatness": 1e-3, "regularization": 1e-6}
_INDICES = ("estimator", "boundary", "threshold", "alpha", "iteration", "index", "value")


@dataclass(frozen=True)
class Column:
    """How one column of a file compares with what is computed now.

    Attributes
    ----------
    name : str
    count : int
        Values that were compared.
    largest : float
        The largest difference: relative for numbers, absolute for residuals and error estimates
        (which are relative errors themselves), infinite where words or what is finite differ.
    allowed : float
        The tolerance at that point.
    agrees : bool
        Whether every value is within its tolerance.
    where : str
        The point of the largest difference beyond tolerance, or of the largest one.
    written, computed : object
        The values there.
    """

    name: str
    count: int
    largest: float
    allowed: float
    agrees: bool
    where: str
    written: Any
    computed: Any

    @property
    def sentence(self) -> str:
        """What differs most."""
        where = f" at {self.where}" if self.where else ""
        kind = "absolute" if self.name in _DIAGNOSTICS else "relative"
        size = f" ({kind} difference {self.largest:.1e}, allowed {self.allowed:.1e})"
        shown = size if math.isfinite(self.largest) else ""
        return f"{self.name}{where} is {self.written} in the file and {self.computed} now{shown}"


def compare_tables(
    written: Sequence[Mapping[str, Any]],
    computed: Sequence[Mapping[str, Any]],
    names: Sequence[tuple[str, str]],
    tolerance: float,
    *,
    own_errors: bool,
) -> list[Column]:
    """Every pair of (column of the file, column of the result), point by point.

    With `own_errors` a point is allowed its own error estimate where that is larger.
    """
    columns = []
    for name, of in names:
        pairs = list(_pairs(written, computed, name, of, tolerance, own_errors))
        if pairs:
            columns.append(_worst(name, pairs))
    return columns


def _pairs(
    written: Sequence[Mapping[str, Any]],
    computed: Sequence[Mapping[str, Any]],
    name: str,
    of: str,
    tolerance: float,
    own_errors: bool,
) -> Iterator[tuple[float, float, str, Any, Any]]:
    for number, (old, new) in enumerate(zip(written, computed, strict=True), 1):
        estimate = new.get("error_estimate", 0.0) if own_errors else 0.0
        own = estimate if isinstance(estimate, float) and math.isfinite(estimate) else 0.0
        allowed = max(tolerance, own, _LOOSE.get(of, 0.0) if _searched(new, own_errors) else 0.0)
        where = _place(new, number)
        for path, before, now in _leaves(old.get(name), new.get(of)):
            yield _difference(of, before, now), allowed, where + path, before, now


def _searched(row: Mapping[str, Any], own_errors: bool) -> bool:
    """Whether the regularization of an estimator is the outcome of a search."""
    flatness = row.get("flatness")
    return own_errors and isinstance(flatness, float) and math.isfinite(flatness)


def _leaves(before: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Pairs of plain values of two nested structures of one shape."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in now:
            if key in before:
                yield from _leaves(before[key], now[key], f"{path}.{key}")
    elif _is_list(before) and _is_list(now) and len(before) == len(now):
        for number, pair in enumerate(zip(before, now, strict=True), 1):
            yield from _leaves(*pair, f"{path} {number}")
    else:
        yield path, before, now


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _difference(name: str, before: Any, now: Any) -> float:
    if isinstance(now, str) and not isinstance(before, str):
        now = plain_cell(now)  # a word that looks like a number, in CSV
    if _lost(before) and _lost(now):
        # null is what JSON has for all that is not finite; CSV tells them apart
        same = before is None or now is None or str(before) == str(now)
        return 0.0 if same else math.inf
    if not (_is_number(before) and _is_number(now)):
        return 0.0 if type(before) is type(now) and before == now else math.inf
    if _lost(before) or _lost(now):
        return math.inf
    gap = abs(before - now)
    if name in _DIAGNOSTICS or gap == 0.0:
        return float(gap)
    scale = max(abs(before), abs(now), _UNIT if name in _SUMS else 0.0)
    return float(gap / scale)


def _lost(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _place(row: Mapping[str, Any], number: int) -> str:
    known = [(name, row[name]) for name in _INDICES if row.get(name) is not None]
    said = [f"{n} = {v:.6g}" if isinstance(v, float) else f"{n} {v}" for n, v in known]
    return ", ".join(said) or f"row {number}"


def _worst(name: str, pairs: Sequence[tuple[float, float, str, Any, Any]]) -> Column:
    def excess(pair: tuple[float, float, str, Any, Any]) -> tuple[bool, float]:
        return pair[0] > pair[1], pair[0]

    largest, allowed, where, before, now = max(pairs, key=excess)
    return Column(name, len(pairs), largest, allowed, largest <= allowed, where, before, now)
