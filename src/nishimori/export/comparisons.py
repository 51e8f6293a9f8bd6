"""Pictures of simulations beside theory, with matplotlib (extra ``plot``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nishimori.export.plots import current_axes, figure_file, require_matplotlib
from nishimori.figures import comparison as figure_of
from nishimori.figures.comparisons import comparison_panel
from nishimori.figures.with_matplotlib import draw_panel, render_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nishimori.simulate.compared import Comparison

__all__ = ["draw_comparison", "plot_comparison_file"]

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
    require_matplotlib()
    panel = comparison_panel(comparison)
    axes = current_axes() if axes is None else axes
    draw_panel(axes, panel)
    return axes


def plot_comparison_file(comparison: Comparison, path: str, *, title: str | None = None) -> None:
    """Draw a comparison into a file: the curves on the left, z against alpha on the right.

    Parameters
    ----------
    comparison : Comparison
    path : str
        Its extension is the format.
    title : str, optional

    Raises
    ------
    OutputError
        If the file cannot be written or drawn; nothing half-written is left behind.
    """
    drawing = figure_of(comparison, size=_SIZE, title=title or comparison.title or None)
    with figure_file(path, *_SIZE) as figure:
        render_panels(figure, drawing)
