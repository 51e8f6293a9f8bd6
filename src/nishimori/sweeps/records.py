"""What was computed, as rows of numbers: of one point, and of a chunk of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

from nishimori.arguments import shown
from nishimori.errors import NishimoriError, Status

__all__ = ["BOOL", "DONE", "ERROR", "FLOAT", "INT", "TEXT", "Block", "Record", "failure", "record"]

DONE, ERROR = "done", "error"
FLOAT, INT, BOOL, TEXT = 1, 2, 4, 8
_KINDS = {float: FLOAT, int: INT, bool: BOOL, str: TEXT, type(None): 0}
_LARGEST = 2**63 - 1  # that SQLite has
_LONGEST = 500  # characters of a sentence
_WANTED = "return a number, a mapping of names to numbers, or a result of nishimori"
_RESERVED = ("status", "error")
_NOT_QUANTITIES = ("origin", "status", "variance_error")


@dataclass(frozen=True)
class Record:
    """One point: how it ended, and its quantities."""

    status: str
    failed: bool
    error: str
    names: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()


@dataclass
class Block:
    """The rows of some cells.

    Attributes
    ----------
    quantities : dict of str to list of int
        By name: the column, the first point that has it, its place there, and the kinds of its
        values.
    rows : list of tuple
        Point, status, whether it failed, the sentence, and the quantities by column; those that
        are missing at the end are left out.
    """

    quantities: dict[str, list[int]] = field(default_factory=dict)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    _names: tuple[str, ...] = ()
    _kinds: tuple[type, ...] = ()
    _first: int = 0
    _ascending: bool = False

    def add(self, point: int, found: Record) -> None:
        """Append the row of one point."""
        values = found.values
        kinds = tuple(map(type, values))
        if found.names != self._names or kinds != self._kinds or point < self._first:
            self._learn(point, found.names, kinds)
        if not self._ascending:
            columns = [self.quantities[name][0] for name in found.names]
            spread: list[Any] = [None] * (max(columns, default=-1) + 1)
            for column, value in zip(columns, values, strict=True):
                spread[column] = value
            values = tuple(spread)
        self.rows.append((point, found.status, int(found.failed), found.error, *values))

    def _learn(self, point: int, names: tuple[str, ...], kinds: tuple[type, ...]) -> None:
        for place, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            known = self.quantities.setdefault(name, [len(self.quantities), point, place, 0])
            known[1:3] = min(known[1:3], [point, place])
            known[3] |= _KINDS[kind]
        self._names, self._kinds, self._first = names, kinds, point
        self._ascending = [self.quantities[name][0] for name in names] == list(range(len(names)))


def failure(error: BaseException) -> Record:
    """The row of a point that raised; an interrupt, which is no failure of the point, is raised.

    One that comes while compiled code is called is the cause of a SystemError.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            raise cause
        cause = cause.__cause__
    text = " ".join(str(error).split())
    if not isinstance(error, NishimoriError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return Record(ERROR, True, text[:_LONGEST])


def record(value: Any, taken: Sequence[str]) -> Record:
    """The row of what a function returned; `taken` are the names that the grid has."""
    if isinstance(value, Mapping):
        return _of_mapping(value, taken)
    if is_dataclass(value) and type(value).__module__.startswith("nishimori."):
        return _of_result(value, taken)
    number, why = _number(value)
    if why or value is None:
        return _refused(f"the function must {_WANTED}, got {shown(value)}")
    return _of_mapping({"result" if "value" in taken else "value": number}, taken)


def _of_mapping(value: Mapping[Any, Any], taken: Sequence[str]) -> Record:
    names, values = [], []
    for name, given in value.items():
        if not isinstance(name, str) or not name:
            return _refused(f"names of quantities are text, got {shown(name)}")
        if name in taken or name in _RESERVED:
            return _refused(
                f"the function returned a quantity named {name!r}, which the grid or the status "
                "has; give it another name"
            )
        number, why = _number(given)
        if why:
            return _refused(f"{name} must be a number, got {shown(given)}")
        names.append(name)
        values.append(number)
    return Record(DONE, False, "", tuple(names), tuple(values))


def _of_result(value: Any, taken: Sequence[str]) -> Record:
    """The numbers of a state, of transitions, of a reduction; of a curve of one point."""
    state = getattr(value, "state", None)
    if callable(state):
        if len(value) != 1:
            return _refused(
                f"the function returned a curve of {len(value)} points; return one state, or let "
                "the grid vary alpha"
            )
        value = state(0)
    names, values = [], []
    for f in fields(value):
        given = getattr(value, f.name)
        if f.name in taken or f.name in _NOT_QUANTITIES or f.name.startswith("_"):
            continue
        number, why = _number(given)
        if not why:
            names.append(f.name)
            values.append(number)
    status = getattr(value, "status", None)
    if not names and status is None:
        return _refused(f"the function must {_WANTED}, got {shown(value)}")
    if not isinstance(status, Status):
        return Record(DONE, False, "", tuple(names), tuple(values))
    sentence = status.sentence if status.failed else ""
    return Record(status.label, status.failed, sentence, tuple(names), tuple(values))


def _refused(sentence: str) -> Record:
    return Record(ERROR, True, sentence[:_LONGEST])


def _number(value: Any) -> tuple[Any, bool]:
    """`value` as one of the kinds that a store has, and whether it is none of them."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.generic):
        value = value.item()
    kind = type(value)
    if kind is int and abs(value) > _LARGEST:
        value = float(value) if abs(value) < 1e308 else math.copysign(math.inf, value)
    if kind in _KINDS:
        return value, False
    for plain in (bool, int, float, str):
        if isinstance(value, plain):
            return plain(value), False
    if not hasattr(value, "shape") and hasattr(value, "__float__"):  # Fraction, Decimal, mpf
        return float(value), False
    return None, True
