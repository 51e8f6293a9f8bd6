"""Points of the user's own: from a CSV file, a data frame, arrays or rows."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import shown
from nishimori.errors import BadArgument

__all__ = ["Points", "read_points"]

FloatArray = NDArray[np.float64]

_NAMES = {
    "alpha": ("alpha", "sample_ratio", "n/d", "n_over_d"),
    "samples": ("samples", "n", "n_samples", "n_train"),
    "dimension": ("dimension", "d", "input_dimension", "n_features"),
    "error": ("error", "test_error", "mean", "mean_error", "mse", "generalization_error"),
    "standard_error": ("standard_error", "se", "stderr", "std_err", "sem", "error_bar", "yerr"),
    "width": ("width", "smallest_width", "d_min"),
    "repetitions": ("repetitions", "n_repetitions", "runs", "n_runs"),
}
_MAYBE = ("samples", "dimension", "width", "repetitions")  # a blank cell is one that is not known
_ORDER = ("alpha", "error", "standard_error", "width")
_WANTED = (
    "points need the columns alpha (or n and d), error and standard_error, and may have width and "
    "repetitions"
)


@dataclass(frozen=True, eq=False)
class Points:
    """Measured test errors: arrays of one length, with NaN for a width or repetitions unknown."""

    alpha: FloatArray
    error: FloatArray
    standard_error: FloatArray
    width: FloatArray
    repetitions: FloatArray


def read_points(points: Any) -> Points:
    """The points of a file, a data frame, a mapping, a structured array, rows or a table.

    Raises
    ------
    BadArgument
        If a column is missing or not of numbers, a number is not finite, or a standard error is
        negative; names the column and the line.
    """
    columns = _columns(points)
    known: dict[str, FloatArray] = {}
    names: dict[str, str] = {}
    for name, aliases in _NAMES.items():
        match = [c for c in columns if _plain(c) in aliases]
        if len(match) > 1:
            raise BadArgument(f"judge: {match[0]!r} and {match[1]!r} both are columns of {name}")
        if match:
            names[name] = match[0]
            known[name] = _numbers(match[0], columns[match[0]], blank=name in _MAYBE)
    if "alpha" not in known and "samples" in known and "dimension" in known:
        dimension = known["dimension"]
        _refuse(names["dimension"], dimension, dimension > 0.0, "finite and positive")
        known["alpha"] = known["samples"] / dimension
    for name in ("alpha", "error", "standard_error"):
        if name not in known:
            raise BadArgument(
                f"judge: there is no column {name}; {_WANTED}; the columns are "
                f"{', '.join(map(repr, columns)) or 'none'}"
            )
    sizes = {array.size for array in known.values()}
    if len(sizes) > 1:
        raise BadArgument(f"judge: the columns have unequal lengths {sorted(sizes)}")
    if sizes == {0}:
        raise BadArgument("judge: there are no points")
    _refuse("alpha", known["alpha"], known["alpha"] > 0.0, "finite and positive")
    _refuse("error", known["error"], np.isfinite(known["error"]), "finite")
    spread = known["standard_error"]
    _refuse("standard_error", spread, spread >= 0.0, "finite and at least 0")
    width = known.get("width", known.get("dimension", np.full(spread.size, np.nan)))
    _refuse("width", width, np.isnan(width) | (width >= 1.0), "at least 1")
    repetitions = known.get("repetitions", np.full(spread.size, np.nan))
    whole = (repetitions >= 2.0) & (repetitions == np.floor(repetitions))
    _refuse("repetitions", repetitions, np.isnan(repetitions) | whole, "a whole number from 2 on")
    return Points(known["alpha"], known["error"], spread, width, repetitions)


def _columns(points: Any) -> dict[str, Any]:
    """Names and values, whatever the points came as."""
    if isinstance(points, str | os.PathLike):
        return _read_csv(os.fspath(points))
    names = getattr(getattr(points, "dtype", None), "names", None)
    if names:
        return {name: points[name] for name in names}
    if callable(getattr(points, "keys", None)):  # a mapping, or a data frame
        return {str(name): points[name] for name in points.keys()}  # noqa: SIM118
    own = getattr(points, "rows", None)
    rows = own() if callable(own) else points  # a Comparison
    if isinstance(rows, Sequence) and rows and all(isinstance(r, Mapping) for r in rows):
        return {str(name): [row.get(name) for row in rows] for name in rows[0]}
    try:
        table = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        table = np.empty(0)
    if table.ndim != 2 or table.shape[1] not in (3, 4):
        raise BadArgument(
            "judge: points must be a CSV file, a data frame, a mapping of columns, rows, or an "
            "array of columns alpha, error, standard_error and maybe width; got "
            f"{shown(points)}"
        )
    return dict(zip(_ORDER, table.T, strict=False))


def _read_csv(path: str) -> dict[str, Any]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row and not row[0].startswith("#")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a text file of CSV"
        raise BadArgument(f"judge: {path!r} cannot be read: {why}") from None
    if not rows:
        raise BadArgument(f"judge: {path!r} is empty; {_WANTED}")
    header, *lines = rows
    twice = next(
        (name for k, name in enumerate(header) if name.strip() and name in header[:k]), None
    )
    if twice is not None:
        raise BadArgument(
            f"judge: the header of {path!r} has {twice!r} twice; name each column once"
        )
    for number, line in enumerate(lines, 2):
        if len(line) != len(header):
            raise BadArgument(
                f"judge: line {number} of {path!r} has {len(line)} cells, the header {len(header)}"
            )
    return {name: [line[k] for line in lines] for k, name in enumerate(header)}


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _numbers(name: str, values: Any, blank: bool) -> FloatArray:
    try:
        cells = np.asarray(values).ravel().tolist()
    except ValueError:
        raise BadArgument(f"judge: {name} must be one number for each point") from None
    out = np.empty(len(cells))
    for k, cell in enumerate(cells):
        empty = cell is None or (blank and isinstance(cell, str) and not cell.strip())
        try:
            out[k] = np.nan if empty else float(cell)
        except OverflowError:
            raise BadArgument(f"judge: {name} is too large for a float in point {k + 1}") from None
        except (TypeError, ValueError):
            raise BadArgument(
                f"judge: {name} must be a number, got {shown(cell)} in point {k + 1}"
            ) from None
    return out


def _refuse(name: str, values: FloatArray, good: NDArray[np.bool_], accepted: str) -> None:
    bad = np.flatnonzero(~(good & ~np.isinf(values)))
    if bad.size:
        raise BadArgument(
            f"judge: {name} must be {accepted}, got {values[bad[0]]:g} in point {bad[0] + 1}"
        )
