"""Pictures of phases: branches through the transitions of one problem, and phase diagrams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nishimori.export.pictures import new_axes, remember
from nishimori.export.plots import figure_file
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
    axes = new_axes(axes)
    draw_panel(axes, phases_panel(transitions, curves, quantity))
    return remember(axes, transitions)


def draw_phase_diagram(diagram: PhaseDiagram, axes: Axes | None = None, **style: Any) -> Axes:
    """Boundaries in the plane of the parameter and alpha, the hard phase shaded."""
    axes = new_axes(axes)
    draw_panel(axes, phase_diagram(diagram).panels[0], **style)
    return remember(axes, diagram)


def plot_phases_file(
    transitions: Transitions,
    curves: list[Curve],
    path: str,
    *,
    title: str,
    quantity: str = "overlap",
    force: bool = False,
    document: Mapping[str, Any] | None = None,
) -> None:
    """`draw_phases` into a file, written whole or not at all; over one that exists by `force`."""
    with figure_file(path, 6.4, 4.4, force=force, document=document) as figure:
        draw_phases(transitions, curves, figure.subplots(), quantity=quantity)
        figure.suptitle(title.replace("$", r"\$"), fontsize="medium")
