"""Pictures of phases: branches through the transitions of one problem, and phase diagrams."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nishimori.export.plots import check_plot, require_matplotlib, save_figure
from nishimori.glm import GLM
from nishimori.observables import test_error
from nishimori.results import State
from nishimori.transitions import PhaseDiagram, Transitions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_phase_diagram", "draw_phases", "plot_phases_file"]

_STYLES = {"optimal": ("C0", "-"), "metastable": ("C0", "--"), "unstable": ("C3", ":")}


def _new_axes() -> Axes:
    require_matplotlib()
    from matplotlib import pyplot

    return pyplot.gca()


def draw_phases(
    problem: GLM,
    transitions: Transitions,
    rows: list[tuple[float, list[State]]],
    axes: Axes | None = None,
    *,
    quantity: str = "overlap",
) -> Axes:
    """The classical picture: every branch against alpha, the hard phase shaded.

    Parameters
    ----------
    rows : list of (alpha, states)
        `GLM.fixed_points` at each alpha, ascending.
    quantity : {"overlap", "mmse", "test_error"}
    """
    axes = axes or _new_axes()
    points: dict[str, list[tuple[float, float]]] = {kind: [] for kind in _STYLES}
    for alpha, states in rows:
        stable = [state for state in states if state.stable]
        best = max(stable, key=lambda state: state.free_entropy, default=None)
        for state in states:
            value = (
                float(test_error(problem, state))
                if quantity == "test_error"
                else getattr(state, quantity)
            )
            kind = "unstable" if not state.stable else "metastable"
            points["optimal" if state is best else kind].append((alpha, value))
    for kind, found in points.items():
        if found:
            colour, _ = _STYLES[kind]
            x, y = np.array(found).T
            marker = {"optimal": "o", "metastable": "o", "unstable": "."}[kind]
            face = colour if kind == "optimal" else "none"
            axes.plot(x, y, marker, color=colour, markerfacecolor=face, markersize=3.0, label=kind)
    low, high = transitions.information_theoretic, transitions.algorithmic
    if math.isfinite(low) and math.isfinite(high) and low < high:
        axes.axvspan(low, high, color="0.88", label="hard phase", zorder=0)
    named = (
        (transitions.weak_recovery, "weak recovery"),
        (low, "information-theoretic"),
        (high, "algorithmic"),
    )
    for value, name in named:
        if math.isfinite(value) and value > 0.0:
            axes.axvline(value, color="0.4", linewidth=0.8)
            axes.annotate(
                name,
                (value, 1.0),
                xycoords=("data", "axes fraction"),
                rotation=90,
                ha="right",
                va="top",
                fontsize="x-small",
            )
    axes.set_xlabel(r"$\alpha = n/d$")
    axes.set_ylabel({"overlap": "overlap $q$"}.get(quantity, quantity.replace("_", " ")))
    axes.legend(fontsize="small")
    return axes


def draw_phase_diagram(diagram: PhaseDiagram, axes: Axes | None = None, **style: Any) -> Axes:
    """Boundaries in the plane of the parameter and alpha, the hard phase shaded."""
    axes = axes or _new_axes()
    for k, line in enumerate(diagram.spinodals):
        label = "spinodals" if k == 0 else None
        axes.plot(*line.T, "--", color="C0", linewidth=1.0, label=label, **style)
    lines = (
        ("information_theoretic", "C3", "-"),
        ("algorithmic", "C0", "-"),
        ("weak_recovery", "0.4", "-."),
    )
    for name, colour, dash in lines:
        line = getattr(diagram, name)
        if len(line):
            text = name.replace("_", " ")
            axes.plot(*line.T, dash, color=colour, linewidth=1.4, label=text, **style)
    easy, possible = diagram.algorithmic, diagram.information_theoretic
    if len(easy) > 1 and len(possible) > 1:
        grid = np.linspace(max(easy[0, 0], possible[0, 0]), min(easy[-1, 0], possible[-1, 0]), 200)
        axes.fill_between(
            grid,
            np.interp(grid, *possible.T),
            np.interp(grid, *easy.T),
            color="0.88",
            label="hard phase",
        )
    if len(diagram.critical_points):
        axes.plot(*diagram.critical_points.T, "ko", markersize=4.0, label="critical point")
    axes.set_xlabel(diagram.parameter)
    axes.set_ylabel(r"$\alpha = n/d$")
    axes.legend(fontsize="small")
    return axes


def plot_phases_file(
    problem: GLM,
    transitions: Transitions,
    rows: list[tuple[float, list[State]]],
    path: str,
    *,
    title: str,
    quantity: str = "overlap",
) -> None:
    """`draw_phases` into a file, written whole or not at all."""
    check_plot(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw_phases(problem, transitions, rows, axes, quantity=quantity)
    axes.set_title(title, fontsize="medium")
    save_figure(figure, path)
