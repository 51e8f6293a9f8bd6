"""Items of a figure as PGFPlots source."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nishimori.figures.clipping import clipped, far, stretches
from nishimori.figures.description import Band, Item, Line, Note, Points, Span, Threshold
from nishimori.figures.layout import Settled
from nishimori.figures.palette import DASHES
from nishimori.figures.pgfplots_table import Table
from nishimori.figures.tex_text import tex_text

__all__ = ["Writer", "dashes", "entry"]

FloatArray = NDArray[np.float64]

_MARKERS = {
    "circle": "*",
    "square": "square*",
    "triangle": "triangle*",
    "diamond": "diamond*",
    "down": "triangle*",
    "pentagon": "pentagon*",
    "cross": "x",
    "ring": "o",
}
_BARS = (
    "error bars/.cd, y dir=both, y explicit, error bar style={line width=0.7pt, solid}, "
    "error mark options={rotate=90, mark size=1.5pt, line width=0.7pt}"
)


def entry(label: str) -> str:
    """An entry of the legend, in one line."""
    return rf"\addlegendentry{{{tex_text(label.replace(chr(10), ' '))}}}"


class Writer:
    """Source of the items of one panel."""

    def __init__(self, settled: Settled, file: str, table: Table, colors: dict[str, str]) -> None:
        self.settled, self.file, self.table, self.colors = settled, file, table, colors

    def item(self, item: Item, name: tuple[str, str]) -> list[str]:
        """Lines of source of one item."""
        if isinstance(item, Line):
            return self.line(item)
        if isinstance(item, Points):
            return self.points(item)
        if isinstance(item, Band):
            return self.band(item)
        if isinstance(item, Span):
            return self.span(item)
        if isinstance(item, Threshold):
            return self.threshold(item, *name)
        return self.note(item)

    def color(self, code: str | None) -> str:
        """The name that TeX knows a colour by."""
        code = code or "#000000"
        return self.colors.setdefault(code, f"nishimori{chr(ord('a') + len(self.colors))}")

    def line(self, line: Line) -> list[str]:
        x, y = clipped(line.x, line.y, self.settled.x, self.settled.y)
        look = f"{self.color(line.color)}, line width={line.width:g}pt, line join=round"
        look += dashes(line.dash, line.width)
        lines = []
        if np.isfinite(x + y).any():  # of a plot of nothing, an axis alone does not compile
            names = self.table.add(x=x, y=y)
            lines.append(
                rf"\addplot[{look}, no markers, forget plot] table[x={names['x']}, "
                f"y={names['y']}]{{{self.file}}};"
            )
        if line.label is None:
            return lines
        mark = "no markers"
        if line.legend_marker is not None:
            mark = _mark(line.legend_marker, self.color(line.color), False, 4.0)
        return [*lines, rf"\addlegendimage{{{look}, {mark}}}", entry(line.label)]

    def points(self, points: Points) -> list[str]:
        color = self.color(points.color)
        look = f"{color}, only marks, "
        look += _mark(points.marker or "circle", color, points.filled, points.size)
        lines = []
        across, up = self.settled.x.place(points.x), self.settled.y.place(points.y)
        if np.isfinite(across + up).any():
            bars = column = ""
            columns = {"x": points.x, "y": points.y}
            if points.error is not None:
                columns["e"] = points.error
            names = self.table.add(**columns)
            if points.error is not None:
                bars, column = f", {_BARS}", f", y error={names['e']}"
            lines.append(
                rf"\addplot[{look}, forget plot{bars}] table[x={names['x']}, "
                f"y={names['y']}{column}]{{{self.file}}};"
            )
        if points.label is None:
            return lines
        return [*lines, rf"\addlegendimage{{{look}}}", entry(points.label)]

    def band(self, band: Band) -> list[str]:
        good = np.isfinite(band.x) & np.isfinite(band.low) & np.isfinite(band.high)
        fill = f"draw=none, fill={self.color(band.color)}, fill opacity={band.opacity:g}"
        lines = []
        for part in stretches(good):
            x = np.concatenate([band.x[part], band.x[part][::-1]])
            y = np.concatenate([band.low[part], band.high[part][::-1]])
            names = self.table.add(x=x, y=np.clip(y, *far(self.settled.y)))
            lines.append(
                rf"\addplot[{fill}, no markers, forget plot] table[x={names['x']}, "
                f"y={names['y']}]{{{self.file}}} \\closedcycle;".replace(" \\closedcycle", "")
            )
        if band.label is not None:
            lines += [_swatch(self.color(band.color), band.opacity), entry(band.label)]
        return lines

    def span(self, span: Span) -> list[str]:
        axis = self.settled.x if span.axis == "x" else self.settled.y
        low, high = max(span.low, axis.low), min(span.high, axis.high)
        lines = []
        if low < high:
            one, other = (_on_axis(span.axis, v, end) for v, end in ((low, 0), (high, 1)))
            lines.append(rf"\fill[{self.color(span.color)}] {one} rectangle {other};")
        if span.label is not None:
            lines += [_swatch(self.color(span.color)), entry(span.label)]
        return lines

    def threshold(self, threshold: Threshold, side: str, where: str) -> list[str]:
        axis = self.settled.x if threshold.axis == "x" else self.settled.y
        if not axis.low <= threshold.value <= axis.high:
            return []
        look = f"{self.color(threshold.color)}, line width=0.6pt{dashes(threshold.dash, 0.6)}"
        start, end = (_on_axis(threshold.axis, threshold.value, at) for at in (0, 1))
        name = ""
        if threshold.label:
            how = "pos=1, anchor=south east, xshift=-1pt"
            if threshold.axis == "x":
                at, edge = {"top": (1, " east"), "middle": (0.5, ""), "bottom": (0, " west")}[where]
                how = f"pos={at}, rotate=90, anchor={'south' if side == 'left' else 'north'}{edge}"
            name = rf" node[{how}, font=\footnotesize, inner sep=1.5pt] "
            name += f"{{{tex_text(threshold.label)}}}"
        return [rf"\draw[{look}] {start} -- {end}{name};"]

    def note(self, note: Note) -> list[str]:
        place = f"(axis cs:{note.x!r},{note.y!r})"
        look = rf"{note.side}, font=\footnotesize, inner sep=3pt, {self.color(note.color)}"
        return [rf"\node[{look}, align=left] at {place} {{{tex_text(note.text)}}};"]


def _on_axis(name: str, value: float, end: int) -> str:
    """A point at `value` of one axis and at one end of the other."""
    if name == "x":
        return f"({{axis cs:{value!r},1}}|-{{rel axis cs:0,{end}}})"
    return f"({{rel axis cs:{end},0}}|-{{axis cs:1,{value!r}}})"


def _swatch(color: str, opacity: float = 1.0) -> str:
    """Of a region, in the legend."""
    box = rf"\fill[{color}, opacity={opacity:g}] (0cm,-0.08cm) rectangle (0.6cm,0.08cm);"
    return rf"\addlegendimage{{legend image code/.code={{{box}}}}}"


def dashes(dash: str | None, width: float) -> str:
    """The option of a line that is so many points wide; a key of `palette.DASHES`."""
    lengths = DASHES[dash or "solid"]
    if not lengths:
        return ""
    words = [f"{'on' if k % 2 == 0 else 'off'} {width * v:.2f}pt" for k, v in enumerate(lengths)]
    return f", dash pattern={' '.join(words)}"


def _mark(marker: str, color: str, filled: bool, size: float) -> str:
    fill = "none" if marker == "ring" else color if filled else "white"
    turned = ", rotate=180" if marker == "down" else ""
    return (
        f"mark={_MARKERS[marker]}, mark size={0.45 * size:.2f}pt, mark options={{solid, "
        f"draw={color}, fill={fill}, line width=0.7pt{turned}}}"
    )
