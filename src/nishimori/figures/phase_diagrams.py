"""Phase diagrams: thresholds in the plane of a parameter and the sample ratio."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nishimori.arguments import shown
from nishimori.errors import BadArgument
from nishimori.figures.curves import ALPHA
from nishimori.figures.description import Band, Item, Line, Panel, Points, Scale
from nishimori.figures.drawing import Drawing
from nishimori.figures.palette import BLACK, BLUE, GREEN, SHADE, SKY, VERMILLION
from nishimori.transitions import PhaseDiagram

__all__ = ["diagram_items", "phase_diagram"]

_LINES = {
    "information_theoretic": ("information-theoretic", VERMILLION, "solid"),
    "algorithmic": ("algorithmic", BLUE, "long-dashed"),
    "weak_recovery": ("weak recovery", GREEN, "dash-dotted"),
}


def phase_diagram(
    diagram: PhaseDiagram,
    *,
    x_label: str | None = None,
    size: str | float | tuple[float, float] = "column",
    title: str | None = None,
    x_scale: Scale = "linear",
    y_scale: Scale = "auto",
    legend: str = "auto",
) -> Drawing:
    """Thresholds against the parameter of a `PhaseDiagram`, the hard phase shaded.

    Parameters
    ----------
    diagram : PhaseDiagram
        Of `nishimori.phase_diagram`.
    x_label : str, optional
        By default the name of the parameter.
    size : str, float or pair of float, default "column"
        As of `Drawing`.
    title : str, optional
    x_scale : {"linear", "log", "auto"}
    y_scale : {"auto", "linear", "log"}
    legend : str, default "auto"
        As of `Panel`.

    Raises
    ------
    BadArgument
        If `diagram` is of another kind or has no line.
    """
    if not isinstance(diagram, PhaseDiagram):
        raise BadArgument(f"phase_diagram: expected a PhaseDiagram, got {shown(diagram)}")
    items = list(diagram_items(diagram))
    if not items:
        raise BadArgument("phase_diagram: the diagram has no boundary to draw")
    label = diagram.parameter if x_label is None else x_label
    panel = Panel(items, label, ALPHA, x_scale=x_scale, y_scale=y_scale, legend=legend)
    return Drawing([panel], size=size, title=title, results={"phase diagram": diagram})


def diagram_items(diagram: PhaseDiagram) -> Iterator[Item]:
    """The hard phase, then spinodals, thresholds and critical points."""
    easy, possible = diagram.algorithmic, diagram.information_theoretic
    if len(easy) > 1 and len(possible) > 1:
        start, end = max(easy[0, 0], possible[0, 0]), min(easy[-1, 0], possible[-1, 0])
        grid = np.union1d(easy[:, 0], possible[:, 0])
        grid = grid[(grid >= start) & (grid <= end)]
        low, high = np.interp(grid, *possible.T), np.interp(grid, *easy.T)
        yield Band(grid, low, high, "hard phase", SHADE)
    for k, line in enumerate(diagram.spinodals):
        yield Line(line[:, 0], line[:, 1], "spinodals" if k == 0 else None, SKY, "dotted", 1.4)
    for name, (label, color, dash) in _LINES.items():
        line = getattr(diagram, name)
        if len(line):
            yield Line(line[:, 0], line[:, 1], label, color, dash, 1.4)
    if len(diagram.critical_points):
        at, alpha = diagram.critical_points.T
        yield Points(at, alpha, None, "critical point", BLACK, "circle", True, 4.5)
