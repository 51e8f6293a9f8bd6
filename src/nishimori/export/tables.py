"""Rows as text: an aligned table, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["curve_table", "erm_table", "to_csv", "to_json"]

_QUANTILE = "test_error_quantile_"
_ESTIMATOR = "test_error_"


def to_json(document: Mapping[str, Any]) -> str:
    """`document` as JSON: floats to the last digit, NaN and infinities as null.

    Examples
    --------
    >>> print(to_json({"alpha": 0.1, "free_entropy": float("nan")}), end="")
    {
      "alpha": 0.1,
      "free_entropy": null
    }
    """
    return json.dumps(_plain(document), indent=2, allow_nan=False) + "\n"


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line of names, then one line per row; floats to the last digit.

    Examples
    --------
    >>> print(to_csv([{"alpha": 0.1, "stable": True}, {"alpha": 1.0, "stable": False}]), end="")
    alpha,stable
    0.1,true
    1.0,false
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return file.getvalue()


def curve_table(
    reduction: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    heading: Mapping[str, str] | None = None,
) -> str:
    """A learning curve to read: what it is the curve of, then a line per point.

    Parameters
    ----------
    reduction : mapping
        `Reduction.as_dict()`, or the same names for a GLM.
    rows : sequence of mapping
        `Curve.rows()`.
    heading : mapping of str, optional
        More lines to put at the top.
    """
    return "\n".join([problem_header(reduction, heading), "", *_aligned(_columns(rows)), ""])


def erm_table(
    reduction: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    heading: Mapping[str, str] | None = None,
) -> str:
    """An estimator's learning curve to read; `rows` are those of `ErmCurve.rows()`."""
    names = ("alpha", "regularization", "overlap", "self_overlap", "test_error", "train_loss")
    columns = {
        name.replace("_", " "): [format(row[name], ".10g") for row in rows] for name in names
    }
    columns["residual"] = [format(row["residual"], ".1e") for row in rows]
    columns["status"] = [str(row["status"]) for row in rows]
    return "\n".join([problem_header(reduction, heading), "", *_aligned(columns), ""])


def problem_header(reduction: Mapping[str, Any], heading: Mapping[str, str] | None = None) -> str:
    """What a table is about: the network, the caller's `heading`, the variances, the rigour."""
    lines = [("network", str(reduction.get("description", "")))]
    lines += list((heading or {}).items())
    for name in ("signal_variance", "noise_variance", "offset_variance"):
        lines.append((name.replace("_", " "), _variance(reduction, name)))
    if "rigour" in reduction:
        lines.append(("rigour", f"{reduction['rigour']}: {'; '.join(reduction['reasons'])}"))
    if reduction.get("rigour_with_labels", reduction.get("rigour")) != reduction.get("rigour"):
        why = "; ".join(reduction["reasons_with_labels"])
        lines.append(("with labels", f"{reduction['rigour_with_labels']}: {why}"))
    width = max(len(name) for name, _ in lines) + 2
    return "\n".join(f"{name:<{width}}{text}" for name, text in lines)


def states_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Fixed points to read: a line each, with stability and free entropy."""
    columns = {
        name.replace("_", " "): [format(row[name], ".10g") for row in rows]
        for name in ("alpha", "overlap", "mmse", "test_error", "free_entropy")
    }
    columns["stable"] = ["yes" if row["stable"] else "no" for row in rows]
    columns["status"] = [str(row["status"]) for row in rows]
    return "\n".join([*_aligned(columns), ""])


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    def column(name: str, form: str = ".10g") -> list[str]:
        return [format(row[name], form) for row in rows]

    columns = {name: column(name) for name in ("alpha", "overlap", "mmse")}
    columns["test error"] = column("test_error")
    for name in rows[0] if rows else ():
        if name.startswith(_QUANTILE):
            columns[f"{float(name.removeprefix(_QUANTILE)):.4g} quantile"] = column(name, ".6g")
        elif name.startswith(_ESTIMATOR):
            columns[name.removeprefix(_ESTIMATOR)] = column(name)
    columns["information"] = column("mutual_information")
    columns["residual"] = column("residual", ".1e")
    columns["status"] = [row["status"] for row in rows]
    return columns


def _aligned(columns: Mapping[str, Sequence[str]]) -> Iterable[str]:
    widths = [max(map(len, [name, *cells])) for name, cells in columns.items()]
    for line in [columns.keys(), *zip(*columns.values(), strict=True)]:
        yield "  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True))


def _variance(reduction: Mapping[str, Any], name: str) -> str:
    """The number, or its logarithm where a float underflows."""
    logarithm = reduction.get(f"log_{name}", -math.inf)
    if reduction[name] == 0.0 and logarithm > -math.inf:
        return f"exp({logarithm:.15g})"
    return f"{reduction[name]:.15g}"


def _plain(value: Any) -> Any:
    """`value` in the types that JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # a NumPy scalar or array
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _cell(value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else value
