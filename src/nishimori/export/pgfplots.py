"""Results as PGFPlots: a picture in LaTeX and the numbers that it reads."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument, Status
from nishimori.export.files import refuse_existing, write_new
from nishimori.export.latex_tables import chosen_columns, comment_lines, is_number, latex_text
from nishimori.export.portable import document_of
from nishimori.export.provenance import with_comments

__all__ = ["pgfplots_files"]

_QUANTILE = "test_error_quantile_"
_SPECIAL = r"#%{}\~$&^,"
_FAILED = {status.label for status in Status if status.failed}
_INDEX = {"threshold": "alpha"}  # a word is no abscissa
_LABELS = {"alpha": r"$\alpha = n/d$", "overlap": "overlap", "conjugate": "conjugate $r$"}
_WIDE = 30.0
_ALONE = (  # true after \\begin{document}: then the file is a part of another
    r"\expandafter\ifx\csname @nodocument\endcsname\relax",
    r"\let\nishimoriend\relax",
    r"\else",
    r"\IfFileExists{standalone.cls}{\documentclass{standalone}}"
    r"{\documentclass{article}\pagestyle{empty}}",
)

Rows = Sequence[Mapping[str, Any]]


def pgfplots_files(
    result: Any,
    path: str | os.PathLike[str],
    *,
    quantity: str | Sequence[str] = "test_error",
    force: bool = False,
) -> tuple[str, str]:
    """See `Travels.to_pgfplots`."""
    stem = _stem(os.fspath(path))
    rows = result.rows()
    if not rows:
        raise BadArgument("to_pgfplots: there is no point to draw")
    x = _INDEX.get(result.index_name, result.index_name)
    names = _quantities(result, rows, quantity, x)
    for extension in (".tex", ".dat"):
        refuse_existing(stem + extension, force)
    document = document_of(result, rows)
    lines = _lines(result, rows, x)
    data = with_comments(_table(lines), document)
    picture = "\n".join([*comment_lines(document), *_picture(rows, x, names, stem), ""])
    write_new(f"{stem}.dat", data.encode(), force=force)
    write_new(f"{stem}.tex", picture.encode(), force=force)
    return f"{stem}.tex", f"{stem}.dat"


def _stem(path: str) -> str:
    stem = path[:-4] if path.endswith((".tex", ".dat")) else path
    name = os.path.basename(stem)
    wrong = [character for character in name if character in _SPECIAL]
    if wrong or not name:
        what = f"holds {wrong[0]!r}" if wrong else "is empty"
        raise BadArgument(
            f"to_pgfplots: the file's name {name!r} {what}, which LaTeX cannot read; use letters, "
            "digits, - and _"
        )
    return stem


def _quantities(result: Any, rows: Rows, quantity: str | Sequence[str], x: str) -> list[str]:
    if quantity == "test_error" and not any("test_error" in row for row in rows):
        numbers = [name for name in rows[0] if is_number(rows[0][name]) and name != x]
        preferred = [name for name in result.table_columns if name in numbers]
        return [(preferred or numbers)[0]]
    names = chosen_columns(result, rows, [quantity] if isinstance(quantity, str) else quantity)
    for name in names:
        if not any(is_number(row.get(name)) for row in rows):
            raise BadArgument(f"to_pgfplots: {name} has no numbers to draw")
    return names


def _lines(result: Any, rows: Rows, x: str) -> list[list[dict[str, Any]]]:
    """Points in the lines that they are drawn as, ascending; NaN where a point failed."""
    shape = getattr(result, "shape", (len(rows),))
    places: NDArray[np.int_] = np.arange(len(rows)).reshape(shape)
    if len(shape) > 1:
        values = np.array([row[x] for row in rows]).reshape(shape)
        changing = [k for k in range(len(shape)) if (np.diff(values, axis=k) != 0.0).any()]
        places = np.moveaxis(places, changing[-1] if changing else -1, -1)
    groups: dict[Any, list[dict[str, Any]]] = {}
    for number, line in enumerate(places.reshape(-1, places.shape[-1] if places.ndim else 1)):
        for place in line:
            row = rows[place]
            key = (number, row.get("estimator"), row.get("boundary"))
            groups.setdefault(key, []).append(_numbers(row, x))
    if x in ("value", "parameter"):  # a boundary may turn back
        return list(groups.values())
    return [sorted(group, key=lambda row: row[x]) for group in groups.values()]


def _numbers(row: Mapping[str, Any], x: str) -> dict[str, Any]:
    lost = row.get("status") in _FAILED
    return {
        name: math.nan if value is None or (lost and name != x) else value
        for name, value in row.items()
        if value is None or is_number(value)
    }


def _table(lines: Sequence[Rows]) -> str:
    """Names, then numbers; an empty line between lines, where the pen is lifted."""
    names = list(dict.fromkeys(name for line in lines for row in line for name in row))
    blocks = [
        "\n".join(" ".join(repr(row.get(name, math.nan)) for name in names) for row in line)
        for line in lines
    ]
    return " ".join(names) + "\n" + "\n\n".join(blocks)


def _picture(rows: Rows, x: str, names: Sequence[str], stem: str) -> list[str]:
    places = [row[x] for row in rows]
    wide = min(places) > 0.0 and max(places) > _WIDE * min(places)
    options = [
        "width=8.6cm",
        "height=6cm",
        f"xlabel={{{_label(str(rows[0].get('parameter', x)) if x == 'value' else x)}}}",
        f"ylabel={{{_label(names[0])}}}" if len(names) == 1 else "legend cell align=left",
        "unbounded coords=jump",
        *(["xmode=log"] if wide else []),
    ]
    band = _band(rows) if names == ["test_error"] else None
    data = f"{{{os.path.basename(stem)}.dat}}"
    library = [r"\usepgfplotslibrary{fillbetween}"] if band else []
    preamble = [r"\usepackage{pgfplots}", *library, r"\pgfplotsset{compat=1.16}"]
    return [
        "% In a document: \\input this file, after " + "".join(preamble),
        *_ALONE,
        *preamble,
        r"\begin{document}",
        r"\def\nishimoriend{\end{document}}",
        r"\fi",
        r"\begin{tikzpicture}",
        rf"\begin{{axis}}[{', '.join(options)}]",
        *(_shaded(x, band, data) if band else []),
        *(
            line
            for number, name in enumerate(names)
            for line in _drawn(rows, x, name, data, number, len(names) > 1)
        ),
        r"\end{axis}",
        r"\end{tikzpicture}%",
        r"\nishimoriend",
    ]


def _drawn(rows: Rows, x: str, name: str, data: str, number: int, legend: bool) -> list[str]:
    style = "only marks, mark size=1.5pt" if len(rows) == 1 else "no marks, thick"
    dash = ("solid", "dashed", "dotted", "dash dot")[number % 4]
    lines = [rf"\addplot+[{style}, {dash}] {_columns(x, name, data)};"]
    return [*lines, rf"\addlegendentry{{{_label(name)}}}"] if legend else lines


def _shaded(x: str, band: tuple[str, str], data: str) -> list[str]:
    low, high = band
    hidden = "forget plot, draw=none, no marks"
    return [
        rf"\addplot+[{hidden}, name path=low] {_columns(x, low, data)};",
        rf"\addplot+[{hidden}, name path=high] {_columns(x, high, data)};",
        r"\addplot[forget plot, black, opacity=0.15] fill between[of=low and high];",
    ]


def _columns(x: str, y: str, data: str) -> str:
    return rf"table[x={x}, y={y}, comment chars={{\#}}] {data}"


def _band(rows: Rows) -> tuple[str, str] | None:
    """The outermost quantiles, if there are two."""
    levels = sorted(
        (float(name.removeprefix(_QUANTILE)), name) for name in rows[0] if _QUANTILE in name
    )
    return (levels[0][1], levels[-1][1]) if len(levels) > 1 and len(rows) > 1 else None


def _label(name: str) -> str:
    return _LABELS.get(name) or latex_text(name.replace("_", " "))
