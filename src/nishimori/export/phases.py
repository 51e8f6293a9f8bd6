"""Pictures of phases: branches through the transitions of one problem, and phase diagrams."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nishimori.export.pictures import remember
from nishimori.export.plots import figure_file, require_matplotlib
from nishimori.results import Curve
from nishimori.transitions import PhaseDiagram, Transitions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_phase_diagram", "draw_phases", "plot_phases_file"]

_STYLES = {"optimal": ("C0", "-"), "metastable": ("C0", "--"), "unstable": ("C3", ":")}
_LINES = (1.8, 1.2, 1.2)
_LOG_RANGE = 30.0


def _new_axes() -> Axes:
    require_matplotlib()
    from matplotlib import pyplot

    return pyplot.gca()


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
    axes = _new_axes() if axes is None else axes
    best: dict[float, float] = {}
    for curve in curves:
        for alpha, value, stable in zip(curve.alpha, curve.free_entropy, curve.stable, strict=True):
            if stable:
                best[alpha] = max(best.get(alpha, -math.inf), value)
    labelled: set[str] = set()
    for curve in curves:
        values = getattr(curve, quantity)
        top = np.array([best.get(alpha, math.nan) for alpha in curve.alpha])
        leads = curve.stable & (curve.free_entropy >= top)
        kinds = {"optimal": leads, "metastable": curve.stable & ~leads, "unstable": ~curve.stable}
        for (kind, chosen), width in zip(kinds.items(), _LINES, strict=True):
            # a stretch reaches the next point of its branch, so that the line has no gaps
            shown = chosen | (np.append(False, chosen[:-1]) & curve.stable)
            if not chosen.any():
                continue
            colour, dash = _STYLES[kind]
            label = kind if kind not in labelled else None
            labelled.add(kind)
            line = np.where(shown, values, np.nan)
            axes.plot(curve.alpha, line, dash, color=colour, linewidth=width, label=label)
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
                xytext=(-3, -4),
                textcoords="offset points",
                rotation=90,
                ha="right",
                va="top",
                fontsize="x-small",
            )
    axes.set_xlabel(r"$\alpha = n/d$")
    drawn = np.concatenate([getattr(curve, quantity) for curve in curves])
    if quantity != "overlap" and drawn.min() > 0.0 and drawn.max() > _LOG_RANGE * drawn.min():
        axes.set_yscale("log")
    axes.set_ylabel({"overlap": "overlap $q$"}.get(quantity, quantity.replace("_", " ")))
    axes.legend(fontsize="small")
    return remember(axes, transitions)


def draw_phase_diagram(diagram: PhaseDiagram, axes: Axes | None = None, **style: Any) -> Axes:
    """Boundaries in the plane of the parameter and alpha, the hard phase shaded."""
    axes = _new_axes() if axes is None else axes
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
        axes = figure.subplots()
        draw_phases(transitions, curves, axes, quantity=quantity)
        axes.set_title(title, fontsize="medium")
