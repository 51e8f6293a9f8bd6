"""Pictures of single states, fixed points, trajectories, thresholds and layers (extra ``plot``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nishimori.errors import BadArgument, suggest
from nishimori.export.latex_tables import is_number
from nishimori.export.provenance import describe, register
from nishimori.figures.with_matplotlib import require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "draw_columns",
    "draw_layers",
    "draw_points",
    "draw_transitions",
    "new_axes",
    "remember",
]

_LABELS = {
    "alpha": r"$\alpha = n/d$ (samples per input dimension)",
    "iteration": "iteration",
    "steps": "steps",
    "index": "layer",
    "test": "test input",
}
_WIDE = 30.0
_LINES = ("-", "--", "-.", ":")


def draw_points(result: Any, axes: Axes | None, *, quantity: str, **style: Any) -> Axes:
    """States as points, open where they are unstable."""
    axes = new_axes(axes)
    rows = [row for row in result.rows() if quantity in row]
    _require_numbers(result, quantity)
    style = {"marker": "o", "linestyle": "none", "color": "C0"} | style
    for stable in (True, False):
        chosen = [row for row in rows if row.get("stable", True) == stable]
        if chosen:
            face = {} if stable else {"markerfacecolor": "none", "label": None}
            axes.plot(
                [row["alpha"] for row in chosen],
                [row[quantity] for row in chosen],
                **(style | face),
            )
    _name(axes, "alpha", quantity)
    return remember(axes, result)


def draw_columns(result: Any, axes: Axes | None, *, quantity: str, **style: Any) -> Axes:
    """One column against the result's index, logarithmic where it spans decades."""
    axes = new_axes(axes)
    _require_numbers(result, quantity)
    rows = result.rows()
    values = [row[quantity] for row in rows]
    axes.plot([row[result.index_name] for row in rows], values, **style)
    finite = [value for value in values if math.isfinite(value)]
    if finite and min(finite) > 0.0 and max(finite) > _WIDE * min(finite):
        axes.set_yscale("log")
    _name(axes, result.index_name, quantity)
    return remember(axes, result)


def draw_transitions(found: Any, axes: Axes | None, **style: Any) -> Axes:
    """A vertical line at every threshold, and the hard phase shaded."""
    axes = new_axes(axes)
    style.setdefault("linewidth", 1.2)
    lines: dict[str, list[float]] = {}
    for row in found.rows():
        if math.isfinite(row["alpha"]) and row["alpha"] > 0.0:
            lines.setdefault(row["threshold"], []).append(row["alpha"])
    for number, (name, places) in enumerate(lines.items()):
        for k, alpha in enumerate(places):
            label = name.replace("_", " ") if k == 0 else None
            look = {"color": f"C{number}", "linestyle": _LINES[number % 4], "label": label}
            axes.axvline(alpha, **(look | style))
    low, high = found.information_theoretic, found.algorithmic
    if math.isfinite(low) and math.isfinite(high) and low < high:
        axes.axvspan(low, high, color="0.88", label="hard phase", zorder=0)
    axes.set_xlabel(_LABELS["alpha"])
    if lines:
        axes.legend(fontsize="small")
    return remember(axes, found)


def draw_layers(reduction: Any, axes: Axes | None, **style: Any) -> Axes:
    """Signal and noise variance, layer by layer."""
    axes = new_axes(axes)
    rows = reduction.rows()
    if not rows:
        raise BadArgument("a reduction without layers cannot be drawn")
    places = [row["index"] for row in rows]
    for number, name in enumerate(("signal_variance", "noise_variance")):
        look = {"marker": "os"[number], "linestyle": _LINES[number], "color": f"C{number}"}
        axes.plot(
            places,
            [row[name] for row in rows],
            **(look | {"label": name.replace("_", " ")} | style),
        )
    axes.set_xlabel(_LABELS["index"])
    axes.set_xticks(places[:: 1 + len(places) // 12])
    axes.set_ylabel("variance")
    axes.legend(fontsize="small")
    return remember(axes, reduction)


def new_axes(axes: Axes | None) -> Axes:
    """`axes`, or the current ones of pyplot."""
    require_matplotlib()
    if axes is not None:
        return axes
    from matplotlib import pyplot

    return pyplot.gca()


def remember(axes: Axes, result: Any) -> Axes:
    """`axes`, whose figure knows what has been drawn: `save_figure` writes it into the file."""
    figure: Any = axes.figure
    register(figure, describe({type(result).__name__: result}))
    return axes


def _require_numbers(result: Any, quantity: str) -> None:
    rows = result.rows()
    if not rows:
        raise BadArgument(f"a {type(result).__name__} without points cannot be drawn")
    known = [name for name, value in rows[0].items() if is_number(value)]
    if quantity not in known:
        raise suggest(str(quantity), known, f"quantity of a {type(result).__name__}")


def _name(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(_LABELS.get(x, x.replace("_", " ")))
    axes.set_ylabel(y.replace("_", " "))
