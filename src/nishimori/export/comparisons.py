"""Pictures of simulations beside theory, with matplotlib (extra ``plot``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nishimori.errors import BadArgument
from nishimori.export.pictures import new_axes, remember
from nishimori.export.plots import figure_file
from nishimori.figures import comparison as figure_of
from nishimori.figures.comparisons import comparison_panel
from nishimori.figures.curves import ALPHA
from nishimori.figures.description import Item, Panel, Points, marker_of, style_of
from nishimori.figures.with_matplotlib import draw_panel, render_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nishimori.simulate.compared import Comparison
    from nishimori.simulate.extrapolation import Extrapolation

__all__ = ["draw_comparison", "draw_limits", "limits_panel", "plot_comparison_file"]

_SIZE = (9.0, 3.8)  # inches


def draw_comparison(comparison: Comparison, axes: Axes | None = None) -> Axes:
    """Draw theory as curves, measured means as points with bars of two standard errors.

    A point that speaks against its theory is ringed. The axes of alpha and of the error are
    logarithmic where they span more than a decade.

    Parameters
    ----------
    comparison : Comparison
    axes : matplotlib.axes.Axes, optional
        Where to draw, by default the current axes of pyplot.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    BadArgument
        If there is no point.
    OutputError
        If matplotlib is not installed.
    """
    panel = comparison_panel(comparison)
    axes = new_axes(axes)
    draw_panel(axes, panel)
    return remember(axes, comparison)


def draw_limits(found: Extrapolation, axes: Axes | None = None) -> Axes:
    """Draw limits of infinite width with bars of two standard errors, theory as crosses."""
    panel = limits_panel(found)
    axes = new_axes(axes)
    draw_panel(axes, panel)
    return remember(axes, found)


def limits_panel(found: Extrapolation) -> Panel:
    """What `draw_limits` draws."""
    if not found.points:
        raise BadArgument("an extrapolation without points cannot be drawn")
    items: list[Item] = []
    for place, label in enumerate(dict.fromkeys(p.estimator for p in found.points)):
        points = [p for p in found.points if p.estimator == label]
        columns = [(p.alpha, p.limit, 2.0 * p.standard_error, p.theory) for p in points]
        alpha, limit, error, theory = np.array(columns, dtype=np.float64).T
        color, marker = style_of(place)["color"], marker_of(place)
        items.append(Points(alpha, limit, error, f"{label}: infinite width", color, marker))
        items.append(Points(alpha, theory, None, f"{label}: theory", color, "cross"))
    return Panel(items, ALPHA, "test error", x_scale="linear", y_scale="linear")


def plot_comparison_file(
    comparison: Comparison,
    path: str,
    *,
    title: str | None = None,
    force: bool = False,
    document: Mapping[str, Any] | None = None,
) -> None:
    """Draw a comparison into a file: the curves on the left, z against alpha on the right.

    Parameters
    ----------
    comparison : Comparison
    path : str
        Its extension is the format.
    title : str, optional
    force : bool, default False
        Whether a file that exists is overwritten.
    document : mapping, optional
        What the file says about itself, by default how the comparison is made again.

    Raises
    ------
    OutputError
        If the file exists, cannot be written or drawn; nothing half-written is left behind.
    """
    drawing = figure_of(comparison, size=_SIZE, title=title or comparison.title or None)
    with figure_file(path, *_SIZE, force=force, document=document) as figure:
        render_panels(figure, drawing)
        remember(figure.axes[0], comparison)
