"""Pictures of phases: branches through the transitions of one problem, and phase diagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nishimori.export.plots import current_axes, figure_file, require_matplotlib
from nishimori.figures import phase_diagram
from nishimori.figures.branches import phases_panel
from nishimori.figures.with_matplotlib import draw_panel
from nishimori.results import Curve
from nishimori.transitions import PhaseDiagram, Transitions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_phase_diagram", "draw_phases", "plot_phases_file"]


def draw_phases(
    transitions: Transitions,
    curves: list[Curve],
    axes: Axes | None = None,
    *,
    quantity: str = "overlap",
) -> Axes:
    """The classical picture: every branch against alpha, the hard phase shaded.

    Parameters
    ----------
    curves : list of Curve
        Every branch at ascending alpha, as `observables.branches` gives them.
    quantity : {"overlap", "mmse", "test_error"}
    """
    require_matplotlib()
    axes = current_axes() if axes is None else axes
    draw_panel(axes, phases_panel(transitions, curves, quantity))
    return axes


def draw_phase_diagram(diagram: PhaseDiagram, axes: Axes | None = None, **style: Any) -> Axes:
    """Boundaries in the plane of the parameter and alpha, the hard phase shaded."""
    require_matplotlib()
    axes = current_axes() if axes is None else axes
    draw_panel(axes, phase_diagram(diagram).panels[0], **style)
    return axes


def plot_phases_file(
    transitions: Transitions,
    curves: list[Curve],
    path: str,
    *,
    title: str,
    quantity: str = "overlap",
) -> None:
    """`draw_phases` into a file, written whole or not at all."""
    with figure_file(path, 6.4, 4.4) as figure:
        draw_phases(transitions, curves, figure.subplots(), quantity=quantity)
        figure.suptitle(title.replace("$", r"\$"), fontsize="medium")
