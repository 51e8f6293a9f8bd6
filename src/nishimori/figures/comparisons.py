"""Simulations beside theory, and how far apart they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nishimori.arguments import require_positive, shown
from nishimori.errors import BadArgument
from nishimori.figures.curves import ALPHA
from nishimori.figures.description import (
    Item,
    Line,
    Panel,
    Points,
    Span,
    Threshold,
    marker_of,
    style_of,
)
from nishimori.figures.drawing import Drawing
from nishimori.figures.palette import BLACK

if TYPE_CHECKING:
    from nishimori.simulate import Comparison

__all__ = ["comparison", "comparison_panel", "score_panel"]

_FARTHEST = 20.0  # a limit of few repetitions beyond it would leave no room for the points
_DENSE = 40  # points of a theory curve between the first and the last alpha


def comparison(
    comparison: Comparison,
    *,
    scores: bool = True,
    bars: float = 2.0,
    size: str | float | tuple[float, float] | None = None,
    title: str | None = None,
) -> Drawing:
    """Theory as lines, measured means as markers, and the scores of every point.

    A point that speaks against its theory is ringed. The second panel shows the difference in
    standard errors; between the dashed lines it is small enough, see `nishimori.simulate.verdict`.

    Parameters
    ----------
    comparison : Comparison
        Of `nishimori.simulate.compare` or `nishimori.simulate.judge`.
    scores : bool, default True
        Whether to draw the second panel.
    bars : float, default 2
        Half the length of an error bar, in standard errors.
    size : str, float or pair of float, optional
        As of `Drawing`; by default "wide" with the scores and "column" without.
    title : str, optional

    Raises
    ------
    BadArgument
        If there is no point, or an argument is of another kind.
    """
    from nishimori.simulate import Comparison

    if not isinstance(comparison, Comparison):
        raise BadArgument(f"comparison: expected a Comparison, got {shown(comparison)}")
    panels = [comparison_panel(comparison, require_positive("bars", bars, "comparison"))]
    if scores:
        panels.append(score_panel(comparison, log=panels[0].x_scale == "log"))
    chosen = ("wide" if scores else "column") if size is None else size
    return Drawing(panels, size=chosen, title=title, results={"comparison": comparison})


def comparison_panel(table: Comparison, bars: float = 2.0) -> Panel:
    """The curves and the points of `table`."""
    if not table.points:
        raise BadArgument("a comparison without points cannot be drawn")
    items: list[Item] = []
    for place, label in enumerate(table.estimators):
        items += _estimator(table, label, place, bars)
    metrics = {table.metrics.get(label, "") for label in table.estimators} - {""}
    known = f" ({metrics.pop().replace('_', ' ')})" if len(metrics) == 1 else ""
    alpha = np.array([p.alpha for p in table.points])
    log = alpha.max() > 10.0 * alpha.min()
    return Panel(items, ALPHA, f"test error{known}", x_scale="log" if log else "linear", weight=1.3)


def score_panel(table: Comparison, *, log: bool) -> Panel:
    """(measured - theory)/standard error, and where it agrees."""
    items: list[Item] = [Span(-1.0, 1.0, axis="y")]
    limits = sorted({p.limit for p in table.points if p.limit < _FARTHEST})
    items += [
        Threshold(sign * limit, axis="y", dash="dashed") for limit in limits for sign in (-1.0, 1.0)
    ]
    for place, label in enumerate(table.estimators):
        points = [p for p in table.points if p.estimator == label]
        style = {"color": style_of(place)["color"], "marker": marker_of(place)}
        alpha, scores = np.array([(p.alpha, p.z) for p in points]).T
        items.append(Points(alpha, scores, **style))
    return Panel(
        items,
        ALPHA,
        "measured $-$ theory\n(standard errors)",
        x_scale="log" if log else "linear",
        y_scale="linear",
    )


def _estimator(table: Comparison, label: str, place: int, bars: float) -> Iterator[Item]:
    points = sorted((p for p in table.points if p.estimator == label), key=lambda p: p.alpha)
    bound = any("optimum" in p.verdict for p in points)
    style = style_of(place)
    yield Line(
        *table.theory_curve(label, _DENSE), f"{label}: {'bound' if bound else 'theory'}", **style
    )
    alpha, mean, error = np.array([(p.alpha, p.mean, bars * p.standard_error) for p in points]).T
    color, marker = style["color"], marker_of(place)
    yield Points(alpha, mean, error, f"{label}: simulated", color, marker)
    wrong = np.array([not (p.agrees or p.noisy) for p in points]) & np.isfinite(mean)
    if wrong.any():
        yield Points(alpha[wrong], mean[wrong], color=BLACK, marker="ring", size=12.0)
