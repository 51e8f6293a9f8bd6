"""Results that travel: data frames, data sets, CSV, JSON, LaTeX and PGFPlots."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from nishimori.errors import BadArgument, OutputError, suggest
from nishimori.export.files import write_new
from nishimori.export.provenance import describe, header_lines
from nishimori.export.tables import to_csv, to_json

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = [
    "csv_text",
    "json_text",
    "latex_table",
    "pgfplots_files",
    "to_dataset",
    "to_frame",
    "write_text",
]


def to_frame(result: Any) -> pandas.DataFrame:
    """A row per point; ``attrs`` says how it was made."""
    pandas = _optional("pandas")
    frame = pandas.DataFrame(result.rows())
    frame.attrs.update(_attributes(result))
    return frame


def to_dataset(result: Any) -> xarray.Dataset:
    """A variable per quantity, along alpha where that is one-dimensional."""
    xarray = _optional("xarray")
    rows = result.rows()
    columns = {name: np.array([row.get(name) for row in rows]) for name in rows[0]} if rows else {}
    shape = np.shape(getattr(result, "alpha", ())) or (len(rows),)
    if int(np.prod(shape)) != len(rows):
        shape = (len(rows),)
    index = result.index_name
    names = (index,) if len(shape) == 1 else tuple(f"{index}_{k}" for k in range(len(shape)))
    variables = {
        name: (names, values.reshape(shape)) for name, values in columns.items() if name != index
    }
    coordinates = {}
    if index in columns:
        coordinates[index] = (names, columns[index].reshape(shape))
    return xarray.Dataset(variables, coordinates, _attributes(result))


def csv_text(result: Any) -> str:
    """CSV under comment lines (``#``) that say how it was made."""
    document = describe({"": result})
    return "\n".join([*header_lines(document), to_csv(result.rows())])


def json_text(result: Any) -> str:
    """The document of `nishimori.export.provenance`: how it is made again, and its rows."""
    return to_json(describe({"": result}))


def latex_table(
    result: Any, columns: Sequence[str] | None = None, *, digits: int = 6, booktabs: bool = True
) -> str:
    """A LaTeX tabular of some columns, its source as comments.

    Parameters
    ----------
    result
    columns : sequence of str, optional
        Those of ``rows()``; by default the ones that `str` shows.
    digits : int, default 6
        Significant digits.
    booktabs : bool, default True
        Rules of the package booktabs, or ``\\hline``.
    """
    rows = result.rows()
    names = _columns(result, rows, columns)
    top, middle, bottom = (
        (r"\toprule", r"\midrule", r"\bottomrule") if booktabs else (r"\hline",) * 3
    )
    comments = ["%" + line[1:] for line in header_lines(describe({"": result}))]
    lines = [*comments, *(["% needs \\usepackage{booktabs}"] if booktabs else [])]
    lines += [rf"\begin{{tabular}}{{{'r' * len(names)}}}", top]
    lines += [" & ".join(name.replace("_", " ") for name in names) + r" \\", middle]
    lines += [" & ".join(_latex_cell(row.get(name), digits) for name in names) + r" \\" for row in rows]
    return "\n".join([*lines, bottom, r"\end{tabular}", ""])


def pgfplots_files(
    result: Any, path: str, *, quantity: str | Sequence[str] = "test_error", force: bool = False
) -> tuple[str, str]:
    """Write ``path.dat`` and ``path.tex``, a standalone picture that compiles; return both names.

    Parameters
    ----------
    path : str
        Name without extension (``.tex`` and ``.dat`` are taken off).
    quantity : str or sequence of str
        Columns to draw against the first one.
    force : bool, default False
        Whether files that exist are overwritten.
    """
    rows = result.rows()
    names = [quantity] if isinstance(quantity, str) else list(quantity)
    names = _columns(result, rows, names)
    stem = os.fspath(path)
    stem = stem[:-4] if stem.endswith((".tex", ".dat")) else stem
    x = result.index_name
    table = [name for name in (rows[0] if rows else ()) if _is_number(rows[0][name])]
    head = header_lines(describe({"": result}))
    data = [*head, " ".join(table), *(" ".join(_cell(row[n]) for n in table) for row in rows), ""]
    picture = "\n".join(["%" + line[1:] for line in head] + _picture(rows, x, names, stem))
    write_new(f"{stem}.dat", "\n".join(data).encode(), force=force)
    write_new(f"{stem}.tex", picture.encode(), force=force)
    return f"{stem}.tex", f"{stem}.dat"


def write_text(text: str, path: str | None, force: bool) -> str:
    """`text`, which is also written to `path` if there is one."""
    if path is not None:
        write_new(path, text.encode(), force=force)
    return text


def _attributes(result: Any) -> dict[str, Any]:
    document = describe({"": result})
    entry = document["results"][0]
    return {
        "nishimori": document["nishimori"],
        "expression": entry["expression"] or "",
        "command": document["command"] or "",
    }


def _optional(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise OutputError(
            f'{name} is needed for this and is not installed: pip install "nishimori[{name}]"'
        ) from None


def _columns(
    result: Any, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None
) -> list[str]:
    known = list(rows[0]) if rows else []
    if columns is None:
        return [name for name in result.table_columns if name in known]
    for name in columns:
        if name not in known:
            raise suggest(str(name), known, "column")
    if not columns:
        raise BadArgument("columns is empty; name at least one")
    return list(columns)


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    return repr(float(value)) if _is_number(value) else "nan"


def _latex_cell(value: Any, digits: int) -> str:
    if not _is_number(value):
        return str(value).replace("_", r"\_")
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    return rf"${mantissa} \times 10^{{{int(exponent)}}}$" if exponent else f"${text}$"


def _picture(
    rows: Sequence[Mapping[str, Any]], x: str, names: Sequence[str], stem: str
) -> list[str]:
    places = [float(row[x]) for row in rows if row[x] is not None]
    wide = bool(places) and min(places) > 0.0 and max(places) > 10.0 * min(places)
    label = r"$\alpha = n/d$" if x == "alpha" else x.replace("_", " ")
    options = [f"xlabel={{{label}}}", "width=8.6cm", "height=6cm", "legend cell align=left"]
    options.append(f"ylabel={{{names[0].replace('_', ' ')}}}")
    lines = [
        r"\documentclass{standalone}",
        r"\usepackage{pgfplots}",
        r"\pgfplotsset{compat=1.16}",
        r"\begin{document}",
        r"\begin{tikzpicture}",
        rf"\begin{{axis}}[{'xmode=log, ' if wide else ''}{', '.join(options)}]",
    ]
    data = os.path.basename(stem) + ".dat"
    for name in names:
        lines.append(
            rf"\addplot+[no marks, thick] table[x={x}, y={name}, comment chars={{\#}}] {{{data}}};"
        )
        if len(names) > 1:
            lines.append(rf"\addlegendentry{{{name.replace('_', ' ')}}}")
    return [*lines, r"\end{axis}", r"\end{tikzpicture}", r"\end{document}", ""]
