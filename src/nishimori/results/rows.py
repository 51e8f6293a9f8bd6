"""What states and curves of every kind have in common: rows, reprs, tables."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status

__all__ = ["curve_repr", "failures", "numbers_of", "point", "state_repr", "table"]

_SUMMARY = ("regularization", "overlap", "mmse", "test_error", "train_loss")


def numbers_of(result: Any) -> list[str]:
    """The names of its fields, but for where it came from."""
    return [field.name for field in fields(result) if field.name != "origin"]


def point(curve: Any, kind: Any, index: int | tuple[int, ...]) -> dict[str, Any]:
    """The fields of the state `kind` at `index` of a curve."""
    values: dict[str, Any] = {}
    for name in numbers_of(kind):
        value = getattr(curve, name)
        if isinstance(value, np.ndarray):
            value = value.flat[index] if isinstance(index, int) else value[index]
            value = value.item()
        values[name] = value
    values["status"] = Status(values["status"])
    values["origin"] = curve.origin
    return values


def state_repr(state: Any) -> str:
    """A state in one line."""
    shown = [f"{name} {getattr(state, name):.8g}" for name in _SUMMARY if hasattr(state, name)]
    kind = type(state).__name__
    return f"<{kind} at alpha = {state.alpha:g}: {', '.join(shown)}, {state.status.label}>"


def curve_repr(curve: Any) -> str:
    """The ranges of a curve in a few lines; ``str`` is the table."""
    kind, count = type(curve).__name__, len(curve)
    lines = [f"<{kind} of {count} point{'' if count == 1 else 's'}, shape {curve.alpha.shape}"]
    for name in ("alpha", *_SUMMARY) if count else ():
        if hasattr(curve, name):
            values = getattr(curve, name).ravel()
            lines.append(f"  {name:<15}{values[0]:.8g} to {values[-1]:.8g}")
    failures = int(curve.failed.sum())
    lines.append(
        f"  {'status':<15}{failures} failed>" if failures else f"  {'status':<15}none failed>"
    )
    return "\n".join(lines)


def failures(status: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Where a status is a failure."""
    return np.isin(status, [member.value for member in Status if member.failed])


def table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    """Rows to read, the last of `columns` being the residual."""
    lines = ["".join(f"{name:>20}" for name in columns) + "  status"]
    for row in rows:
        numbers = (f"{row[name]:>20.12g}" for name in columns[:-1])
        lines.append("".join(numbers) + f"{row['residual']:>20.1e}  {row['status']}")
    return "\n".join(lines)
