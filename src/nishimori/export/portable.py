"""Results that travel: data frames, data sets, CSV and JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import OutputError
from nishimori.export.files import write_new
from nishimori.export.provenance import describe_rows, entry_of, with_comments
from nishimori.export.tables import to_csv, to_json

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = [
    "attributes_of",
    "csv_text",
    "document_of",
    "json_text",
    "optional",
    "to_dataset",
    "to_frame",
    "write_text",
]

_QUANTILE = "test_error_quantile_"
_AXES = ("alpha", "regularization")


def document_of(result: Any, rows: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """The document of one result."""
    more = result.more
    entries = [entry_of("", result)]
    entries += [entry_of(key, result, at=key) for key in more if key == "reduction"]
    return describe_rows(result.rows() if rows is None else rows, entries, **more)


def to_frame(result: Any) -> pandas.DataFrame:
    """A row per point; ``attrs`` says how it was made."""
    frame = optional("pandas").DataFrame(result.rows())
    frame.attrs.update(attributes_of(document_of(result, ())))
    return frame


def to_dataset(result: Any) -> xarray.Dataset:
    """A variable per quantity, of the shape of the result; see `Travels.to_xarray`."""
    xarray = optional("xarray")
    rows = result.rows()
    shape: tuple[int, ...] = getattr(result, "shape", (len(rows),))
    columns = {name: _column(rows, name).reshape(shape) for name in _names(rows)}
    coordinates, names = _coordinates(columns, shape, result.index_name)
    quantiles = sorted(
        (float(name.removeprefix(_QUANTILE)), name)
        for name in columns
        if name.startswith(_QUANTILE)
    )
    variables: dict[str, Any] = {
        name: (names, values)
        for name, values in columns.items()
        if name not in coordinates and not name.startswith(_QUANTILE)
    }
    if quantiles:
        stacked = np.stack([columns[name] for _, name in quantiles], axis=-1)
        variables["test_error_quantiles"] = ((*names, "probability"), stacked)
        coordinates["probability"] = [probability for probability, _ in quantiles]
    return xarray.Dataset(variables, coordinates, attributes_of(document_of(result, ())))


def csv_text(result: Any) -> str:
    """CSV, then comment lines (``#``) that say how it was made."""
    rows = result.rows()
    return with_comments(to_csv(rows), document_of(result, rows))


def json_text(result: Any) -> str:
    """The document of the result: how it is made again, and its rows."""
    return to_json(document_of(result))


def write_text(text: str, path: str | os.PathLike[str] | None, force: bool) -> str:
    """`text`, which is also written to `path` if there is one."""
    if path is not None:
        write_new(path, text.encode(), force=force)
    return text


def attributes_of(document: Mapping[str, Any]) -> dict[str, str]:
    """What a frame or a data set says about itself: version, expression and command."""
    (entry, *_) = document["results"]
    return {
        "nishimori": document["nishimori"],
        "expression": entry["expression"] or "",
        "command": document["command"] or "",
    }


def optional(name: str) -> Any:
    """A module of the extra ``data``, or a sentence that says what to install."""
    try:
        return import_module(name)
    except ImportError:
        raise OutputError(f'this needs {name}: pip install "nishimori[data]"') from None


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> NDArray[Any]:
    """The column as an array; what is not known is NaN among numbers, empty among words."""
    values = [row.get(name) for row in rows]
    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else str(value) for value in values])
    if all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    if all(isinstance(value, int) for value in values):
        return np.array(values, dtype=np.int64)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _coordinates(
    columns: Mapping[str, NDArray[Any]], shape: tuple[int, ...], index: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Coordinates by name, as xarray takes them, and the names of all axes."""
    names = [index] if len(shape) == 1 else [f"axis_{k}" for k in range(len(shape))]
    found: dict[str, Any] = {}
    for name in (name for name in _AXES if name in columns and len(shape) > 1):
        for k in range(len(shape)):
            along = np.moveaxis(columns[name], k, 0).reshape(shape[k], -1)
            changes = (along != along[:1]).any()
            # the only axis along which it changes, and that no other quantity has taken
            if changes and names[k].startswith("axis_") and (along == along[:, :1]).all():
                found[name], names[k] = (name, along[:, 0]), name
                break
    if index in columns and index not in found:
        found[index] = (tuple(names), columns[index])
    return found, tuple(names)
