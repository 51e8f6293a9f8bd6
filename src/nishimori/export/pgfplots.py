"""Results as PGFPlots: a picture in LaTeX and the numbers that it reads."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nishimori.errors import BadArgument, Status
from nishimori.export.files import file_name, refuse_existing, write_new
from nishimori.export.latex_tables import chosen_columns, is_number
from nishimori.export.portable import document_of
from nishimori.export.provenance import header_lines, with_comments
from nishimori.figures.branches import threshold_items
from nishimori.figures.curves import ALPHA
from nishimori.figures.description import Panel, Threshold, style_of
from nishimori.figures.drawing import Drawing
from nishimori.figures.pgfplots_items import dashes
from nishimori.figures.splitting import lines_of
from nishimori.figures.tex_files import AXIS, END, head_of, require_readable_name
from nishimori.figures.tex_text import tex_text

__all__ = ["pgfplots_files"]

_QUANTILE = "test_error_quantile_"
_FAILED = {status.label for status in Status if status.failed}
_LABELS = {"alpha": r"$\alpha = n/d$", "overlap": "overlap", "conjugate": "conjugate $r$"}
_WIDE = 30.0
_WIDTH = 1.2  # of a line, in points

Rows = Sequence[Mapping[str, Any]]


def pgfplots_files(
    result: Any,
    path: str | os.PathLike[str],
    *,
    quantity: str | Sequence[str] = "test_error",
    force: bool = False,
) -> tuple[str, str]:
    """See `Travels.to_pgfplots`."""
    stem = file_name(path)
    stem = stem[:-4] if stem.endswith((".tex", ".dat")) else stem
    require_readable_name(stem)
    if result.index_name == "threshold":
        return _thresholds(result, stem, force)
    drawn = _FIGURES.get(type(result).__name__)
    if drawn is not None and quantity == "test_error":
        drawn(result).save(f"{stem}.tex", force=force)
        return f"{stem}.tex", f"{stem}.dat"
    rows = result.rows()
    if not rows:
        raise BadArgument("to_pgfplots: there is no point to draw")
    x = result.index_name
    names = _quantities(result, rows, quantity, x)
    for extension in (".tex", ".dat"):
        refuse_existing(stem + extension, force)
    document = document_of(result, rows)
    lines = _lines(result, rows, x)
    data = with_comments(_table(lines), document)
    name, band = os.path.basename(stem), _band(rows) if names == ["test_error"] else None
    joined = len(rows) > 1 and not result.marks_only
    head = head_of(name, header_lines(document), ["fillbetween"] if band else [])
    picture = head + "\n".join([*_picture(rows, x, names, name, band, joined), END, ""])
    write_new(f"{stem}.dat", data.encode(), force=force)
    write_new(f"{stem}.tex", picture.encode(), force=force)
    return f"{stem}.tex", f"{stem}.dat"


def _diagram(found: Any) -> Drawing:
    from nishimori.figures import phase_diagram

    return phase_diagram(found)


def _comparison(found: Any) -> Drawing:
    from nishimori.figures import comparison

    return comparison(found)


def _extrapolation(found: Any) -> Drawing:
    from nishimori.export.comparisons import limits_panel

    return Drawing([limits_panel(found)], results={"extrapolation": found})


# several quantities, each with a look of its own
_FIGURES = {
    "Comparison": _comparison,
    "Extrapolation": _extrapolation,
    "PhaseDiagram": _diagram,
}


def _thresholds(found: Any, stem: str, force: bool) -> tuple[str, str]:
    """A line at each: a word is no abscissa."""
    items = list(threshold_items(found, named=True))
    if not any(isinstance(item, Threshold) for item in items):
        raise BadArgument("to_pgfplots: there is no threshold to draw")
    marks = [item.value for item in items if isinstance(item, Threshold)]
    panel = Panel(
        items, ALPHA, x_limits=(0.0, 1.25 * max(marks)), y_limits=(0.0, 1.0), legend="above"
    )
    drawing = Drawing([panel], size=(3.375, 1.4), results={"Transitions": found})
    drawing.save(f"{stem}.tex", force=force)
    return f"{stem}.tex", f"{stem}.dat"


def _quantities(result: Any, rows: Rows, quantity: str | Sequence[str], x: str) -> list[str]:
    if quantity == "test_error" and not any("test_error" in row for row in rows):
        numbers = [name for name in rows[0] if is_number(rows[0][name]) and name != x]
        preferred = [name for name in result.shown_columns if name in numbers]
        return [(preferred or numbers)[0]]
    if quantity is None:
        raise BadArgument("to_pgfplots: quantity must be a name or a sequence of names, got None")
    names = chosen_columns(result, rows, quantity, "quantity")
    for name in names:
        if not any(is_number(row.get(name)) for row in rows):
            raise BadArgument(f"to_pgfplots: {name} has no numbers to draw")
    return names


def _lines(result: Any, rows: Rows, x: str) -> list[list[dict[str, Any]]]:
    """Points in the lines that they are drawn as, ascending; NaN where a point failed."""
    shape = getattr(result, "shape", (len(rows),))
    along = np.array([row[x] if len(shape) > 1 else 0.0 for row in rows]).reshape(shape)
    groups: dict[Any, list[dict[str, Any]]] = {}
    for number, line in enumerate(lines_of(along)):
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


def _picture(
    rows: Rows,
    x: str,
    names: Sequence[str],
    file: str,
    band: tuple[str, str] | None,
    joined: bool,
) -> list[str]:
    places = [row[x] for row in rows]
    wide = min(places) > 0.0 and max(places) > _WIDE * min(places)
    options = [
        "width=2.75in, height=1.8in",
        *AXIS,
        f"xlabel={{{_label(str(rows[0].get('parameter', x)) if x == 'value' else x)}}}",
        *(
            [f"ylabel={{{_label(names[0])}}}"]
            if len(names) == 1
            else ["legend pos=outer north east"]
        ),
        *(["xmode=log"] if wide else []),
    ]
    data = f"{{{file}.dat}}"
    used = dict.fromkeys(style_of(number)["color"] for number in range(len(names)))
    return [
        *(rf"\definecolor{{{_color(code)}}}{{HTML}}{{{code[1:]}}}" for code in used),
        r"\begin{tikzpicture}",
        rf"\begin{{axis}}[{', '.join(options)}]",
        *(_shaded(x, band, data) if band else []),
        *(
            line
            for number, name in enumerate(names)
            for line in _drawn(joined, x, name, data, number, len(names) > 1)
        ),
        r"\end{axis}",
        r"\end{tikzpicture}%",
    ]


def _drawn(joined: bool, x: str, name: str, data: str, number: int, legend: bool) -> list[str]:
    look = style_of(number)
    style = "only marks, mark=*, mark size=1.5pt"
    if joined:
        style = f"line width={_WIDTH:g}pt, line join=round{dashes(look['dash'], _WIDTH)}"
    lines = [rf"\addplot[{_color(look['color'])}, {style}] {_columns(x, name, data)};"]
    return [*lines, rf"\addlegendentry{{{_label(name)}}}"] if legend else lines


def _color(code: str) -> str:
    return f"nishimori{code[1:].lower()}"


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
    return _LABELS.get(name) or tex_text(name.replace("_", " "))
