"""Figures as PGFPlots source and its table of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nishimori.figures.axis import Axis
from nishimori.figures.description import Band, Line, Points, Span
from nishimori.figures.layout import Settled, settle_all
from nishimori.figures.pgfplots_items import Writer, entry
from nishimori.figures.pgfplots_table import Table
from nishimori.figures.tex_files import AXIS, END, head_of
from nishimori.figures.tex_text import tex_text
from nishimori.figures.with_matplotlib import panel_hides_ticks, tick_labels

if TYPE_CHECKING:
    from nishimori.figures.drawing import Drawing

__all__ = ["source"]

_LEFT, _BOTTOM, _TOP = 0.52, 0.42, 0.06  # inches beside an axis: its label and numbers
_BETWEEN = 0.16  # above each other, where only the lowest has numbers
_LEGEND = 0.16  # a row of a legend above


def source(drawing: Drawing, name: str) -> tuple[str, str]:
    """The contents of ``name.tex`` and ``name.dat``."""
    from nishimori.export.provenance import header_lines

    table = Table()
    body = _picture(drawing, f"{name}.dat", table)
    made = header_lines(drawing.document)
    head = head_of(name, made, ["groupplots"])
    comment = f"# numbers of {name}.tex; columns of one number belong together\n"
    return f"{head}{body}{END}\n", "".join(f"{line}\n" for line in made) + comment + table.text()


def _picture(drawing: Drawing, file: str, table: Table) -> str:
    columns = drawing.columns or 1
    panels = settle_all(drawing.panels, columns, drawing.dimensions)
    rows = -(-len(panels) // columns)
    colors: dict[str, str] = {}
    options = [
        rf"group style={{group size={columns} by {rows}, horizontal sep={_LEFT + 0.1:.2f}in, "
        rf"vertical sep={_gap(panels, columns):.2f}in}}",
        *AXIS,
    ]
    parts = [_panel(drawing, panels, k, file, table, colors) for k in range(len(panels))]
    named = [rf"\definecolor{{{name}}}{{HTML}}{{{code[1:]}}}" for code, name in colors.items()]
    if drawing.title:
        up = max(map(_above, panels[:columns])) + 0.05
        title = (
            rf"\path (group c1r1.north west) -- (group c{columns}r1.north east) node[midway, "
            rf"anchor=south, font=\small, align=center, yshift={up:.2f}in] "
            f"{{{tex_text(drawing.title)}}};"
        )
    else:
        title = ""
    inside = "\n".join(part for part in parts if part)
    return "\n".join(
        [
            *named,
            r"\begin{tikzpicture}",
            "\\begin{groupplot}[\n  " + ",\n  ".join(options) + "]",
            inside,
            r"\end{groupplot}",
            *([title] if title else []),
            r"\end{tikzpicture}%",
            "",
        ]
    )


def _gap(panels: Sequence[Settled], columns: int) -> float:
    shared = any(panel_hides_ticks(panel) for panel in panels)
    above = max(_above(panel) for panel in panels[columns:]) if len(panels) > columns else 0.0
    return (_BETWEEN if shared else _BOTTOM + 0.1) + above


def _above(settled: Settled) -> float:
    """Inches that a legend above a panel takes."""
    return _LEGEND * settled.rows_above


def _panel(
    drawing: Drawing,
    panels: Sequence[Settled],
    k: int,
    file: str,
    table: Table,
    colors: dict[str, str],
) -> str:
    settled = panels[k]
    width, height = _inside(drawing, panels, k)
    x, y = settled.x, settled.y
    options = [
        f"width={width:.3f}in, height={height:.3f}in",
        f"xmin={x.low!r}, xmax={x.high!r}, ymin={y.low!r}, ymax={y.high!r}",
        *_axis_options("x", x, hidden=panel_hides_ticks(settled)),
        *_axis_options("y", y, hidden=False),
    ]
    if settled.legend == "above":
        options.append(
            "legend style={at={(0.5,1.02)}, anchor=south, /tikz/every even column/.append style="
            f"{{column sep=5pt}}}}, legend columns={settled.legend_columns}"
        )
    elif settled.legend != "none":
        corner = settled.legend.replace("upper", "north").replace("lower", "south")
        corner = corner.replace("right", "east").replace("left", "west")
        options.append(f"legend pos={corner}")
    lines = ["\\nextgroupplot[\n  " + ",\n  ".join(options) + "]"]
    title = settled.panel.legend_title
    if title is not None and settled.legend != "none":
        lines += [r"\addlegendimage{empty legend}", entry(title)]
    for number, item in enumerate(settled.panel.items):
        if settled.legend == "none" and isinstance(item, Line | Points | Band | Span):
            item = replace(item, label=None)
        lines += Writer(settled, file, table, colors).item(
            item, settled.names.get(number, ("left", "top"))
        )
    return "\n".join(lines)


def _inside(drawing: Drawing, panels: Sequence[Settled], k: int) -> tuple[float, float]:
    """Width and height of one axis, without what is written beside it."""
    columns = drawing.columns or 1
    rows = -(-len(panels) // columns)
    across, up = drawing.dimensions
    weights = [panel.panel.weight for panel in panels]
    width = (across - columns * (_LEFT + 0.1)) / columns
    free = (
        up
        - _BOTTOM
        - _TOP
        - max(map(_above, panels[:columns]))
        - (rows - 1) * _gap(panels, columns)
    )
    height = (free - (0.22 if drawing.title else 0.0)) / rows
    if rows == 1:
        width *= columns * weights[k] / sum(weights)
    elif columns == 1:
        height *= rows * weights[k] / sum(weights)
    return max(width, 0.3), max(height, 0.3)


def _minor(axis: Axis) -> str:
    """The places of ticks without labels, where there are few decades."""
    low, high = math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high))
    ticks = [float(f"{digit}e{p}") for p in range(low, high) for digit in range(1, 10)]
    if high - low > 4:
        return ""
    return ",".join(repr(t) for t in ticks if axis.low <= t <= axis.high and t not in axis.ticks)


def _axis_options(name: str, axis: Axis, hidden: bool) -> list[str]:
    options = []
    if axis.log:
        labels = tick_labels(axis.ticks)
        options.append(f"{name}mode=log, minor {name}tick={{{_minor(axis)}}}")
        options.append(f"{name}tick={{{','.join(map(repr, labels))}}}")
        said = "" if hidden else ",".join(labels.values())
        options.append(f"{name}ticklabels={{{said}}}")
    elif hidden:
        options.append(f"{name}ticklabels={{}}")
    else:
        options.append(f"{name}ticklabel style={{/pgf/number format/fixed, "
                       "/pgf/number format/precision=6}")  # fmt: skip
    if axis.label:
        options.append(f"{name}label={{{tex_text(axis.label)}}}")
    return options
