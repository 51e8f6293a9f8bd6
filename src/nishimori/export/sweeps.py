"""Sweeps as data sets, data frames, CSV and JSON; the latter two piece by piece."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nishimori.export.files import write_new
from nishimori.export.portable import attributes_of, optional
from nishimori.export.provenance import describe_rows, entry_of, header_lines
from nishimori.export.tables import to_csv
from nishimori.sweeps.result import Sweep, as_array

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = [
    "comment_pieces",
    "csv_pieces",
    "deliver",
    "describe_sweep",
    "json_pieces",
    "sweep_table",
    "to_pandas",
    "to_xarray",
]

_AT_ONCE = 1000
_MOST_VALUES = 100_000  # of a grid that a file spells out
_TABLE = ("overlap", "mmse", "test_error", "value")


def to_xarray(sweep: Sweep) -> xarray.Dataset:
    """See `Sweep.to_xarray`."""
    library = optional("xarray")
    arrays = sweep.arrays()
    # xarray has no variable of a dimension's name that varies along others too
    dims = {d: f"{d}_axis" if d in arrays and d not in sweep.coordinates else d for d in sweep.dims}
    variables = {name: (tuple(dims.values()), values) for name, values in arrays.items()}
    coordinates: dict[str, Any] = {
        name: (dims[axis], as_array(labels)) for name, (axis, labels) in sweep.coordinates.items()
    }
    coordinates |= sweep.fixed
    found: xarray.Dataset = library.Dataset(variables, coordinates, _attributes(sweep))
    return found


def to_pandas(sweep: Sweep) -> pandas.DataFrame:
    """See `Sweep.to_pandas`."""
    library = optional("pandas")
    columns = {name: sweep.labels_at_points(name) for name in sweep.coordinates}
    columns |= {name: values.ravel() for name, values in sweep.arrays().items()}
    frame: pandas.DataFrame = library.DataFrame(columns)
    frame.attrs.update(_attributes(sweep))
    return frame


def describe_sweep(sweep: Sweep, command: Sequence[str] | None = None) -> dict[str, Any]:
    """What a file says about the sweep: the call that makes it again, where text can say it."""
    values = sum(len(labels) for _, labels in sweep.coordinates.values())
    if values <= _MOST_VALUES:
        entry = entry_of("", sweep)
    else:
        why = f"its grid has {values} values, and a file spells out at most {_MOST_VALUES}"
        entry = {"name": "", "kind": "Sweep", "expression": None, "why": why}
    document = describe_rows((), [entry], command, specification=sweep.specification)
    del document["rows"]
    return document


def csv_pieces(sweep: Sweep) -> Iterator[str]:
    """The lines of a CSV table, a thousand rows at a time."""
    rows = sweep.rows()
    first = True
    while batch := [row for _, row in zip(range(_AT_ONCE), rows, strict=False)]:
        text = to_csv(batch)
        yield text if first else text.split("\n", 1)[1]
        first = False


def comment_pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """The comment lines under a table, of the document of `describe_sweep`."""
    for line in header_lines(document):
        yield f"{line}\n"
    if document["results"]:
        yield f"# specification: {json.dumps(document['specification'])}\n"


def json_pieces(sweep: Sweep, document: Mapping[str, Any] | None = None) -> Iterator[str]:
    """A JSON document, a row at a time."""
    head = {
        **(describe_sweep(sweep) if document is None else document),
        "dims": list(sweep.dims),
        "shape": list(sweep.shape),
        "fixed": {name: _plain(value) for name, value in sweep.fixed.items()},
    }
    yield json.dumps(head, indent=2, allow_nan=False)[:-2] + ',\n  "rows": ['
    comma = "\n"
    for row in sweep.rows():
        line = {name: _plain(value) for name, value in row.items()}
        yield f"{comma}    {json.dumps(line, allow_nan=False)}"
        comma = ",\n"
    yield "\n  ]\n}\n"


def sweep_table(sweep: Sweep) -> Iterator[str]:
    """Rows to read: labels, the quantities that say most, and the status."""
    known = sweep.quantities
    names = [name for name in _TABLE if name in known] or known[:4]
    columns = [*sweep.coordinates, *names, "status"]
    widths = {name: max(len(name), 14) for name in columns}
    for name, (_, labels) in sweep.coordinates.items():
        longest = max((len(_text(label)) for label in labels), default=0)
        widths[name] = max(len(name), min(longest, 60))
    heading = "  ".join(f"{name.replace('_', ' '):>{widths[name]}}" for name in columns)
    yield f"{heading}\n"
    for row in sweep.rows():
        yield "  ".join(f"{_text(row[name]):>{widths[name]}}" for name in columns) + "\n"


def deliver(pieces: Iterable[str], path: str | os.PathLike[str] | None, force: bool) -> str | None:
    """The whole text, or nothing once it is in the file."""
    if path is None:
        return "".join(pieces)
    write_new(path, (piece.encode() for piece in pieces), force=force)
    return None


def _attributes(sweep: Sweep) -> dict[str, str]:
    subject = str(sweep.specification.get("subject", ""))
    return {"subject": subject, **attributes_of(describe_sweep(sweep))}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
