"""Every branch of fixed points of one problem against the sample ratio."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_choice, shown
from nishimori.errors import BadArgument
from nishimori.figures.curves import ALPHA, LABELS, drawn_values
from nishimori.figures.description import Item, Line, Panel, Points, Span, Threshold
from nishimori.figures.drawing import Drawing
from nishimori.figures.palette import BLACK, BLUE, ORANGE
from nishimori.figures.splitting import lone
from nishimori.glm import GLM
from nishimori.transitions import Transitions

if TYPE_CHECKING:
    from nishimori.results import Curve

__all__ = ["QUANTITIES", "alpha_grid", "branch_items", "phases", "phases_panel"]

FloatArray = NDArray[np.float64]

QUANTITIES = ("overlap", "mmse", "test_error")
_KINDS = {
    "optimal": (BLUE, "solid", 1.8),
    "metastable": (ORANGE, "solid", 1.0),
    "unstable": (BLACK, "dotted", 1.2),
}
_POINTS = 240
_NEAR = range(2, 8)
_LOG_RANGE = 30.0


def phases(
    problem: GLM | Transitions,
    alpha: ArrayLike | None = None,
    *,
    quantity: str = "overlap",
    free_entropy: bool = True,
    size: str | float | tuple[float, float] = "column",
    title: str | None = None,
) -> Drawing:
    """Every branch of fixed points, stable or not, the thresholds, and the free entropies.

    Lines mark weak recovery (WR), the information-theoretic (IT) and the algorithmic (alg)
    threshold, dashed ones other spinodals; the hard phase, between IT and alg, is shaded. The
    second panel shows how far the free entropy of each branch is below that of the optimal one:
    where two change places is the information-theoretic threshold.

    Parameters
    ----------
    problem : GLM or Transitions
        Transitions of a problem (``problem.transitions()``) remember it.
    alpha : array_like, optional
        Where to solve it; by default around all of the thresholds.
    quantity : {"overlap", "mmse", "test_error"}
    free_entropy : bool, default True
        Whether to draw the second panel.
    size : str, float or pair of float, default "column"
        As of `Drawing`.
    title : str, optional

    Raises
    ------
    BadArgument
        If an argument is of another kind or out of its domain.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(channel=nm.channels.Sign(), prior=nm.priors.Rademacher())
    >>> nm.figures.phases(problem)
    <Drawing of 2 panels, 3.38 x 4.09 in>
    """
    from nishimori.observables import branches

    require_choice("quantity", quantity, "phases", QUANTITIES)
    found = problem if isinstance(problem, Transitions) else None
    subject = problem if found is None else _problem_of(found)
    if not isinstance(subject, GLM):
        raise BadArgument(f"phases: expected a GLM or Transitions, got {shown(problem)}")
    if found is None:
        found = subject.transitions(on_failure="return")
    grid = np.unique(np.asarray(alpha_grid(found) if alpha is None else alpha))
    curves = branches(subject, grid, on_failure="return")
    panels = [phases_panel(found, curves, quantity)]
    if free_entropy:
        panels.append(_entropy_panel(found, curves))
    results = {"transitions": found}
    return Drawing(panels, columns=1, size=size, title=title, results=results)


def phases_panel(found: Transitions, curves: Sequence[Curve], quantity: str) -> Panel:
    """Branches of one quantity, and every threshold."""
    values = [drawn_values(getattr(curve, quantity), curve) for curve in curves]
    drawn = np.concatenate([np.empty(0), *values])
    drawn = drawn[np.isfinite(drawn)]
    log = bool(quantity != "overlap" and drawn.size and drawn.min() > 0.0)
    log = log and bool(drawn.max() > _LOG_RANGE * drawn.min())
    return Panel(
        [*threshold_items(found, named=True), *branch_items(curves, values)],
        ALPHA,
        LABELS[quantity],
        y_scale="log" if log else "linear",
        x_scale="linear",
        legend="above",
    )


def branch_items(curves: Sequence[Curve], values: Sequence[FloatArray]) -> Iterator[Item]:
    """Lines of `values` along each branch: optimal, metastable or unstable."""
    best = _best(curves)
    for kind, (color, dash, width) in _KINDS.items():
        label: str | None = kind
        for curve, along in zip(curves, values, strict=True):
            top = np.array([best.get(alpha, math.nan) for alpha in curve.alpha])
            leads = curve.stable & (curve.free_entropy >= top)
            if kind == "unstable":
                chosen = ~curve.stable
            else:
                chosen = leads if kind == "optimal" else curve.stable & ~leads
            if not chosen.any():
                continue
            # a stretch reaches the next point of its branch, so that the line has no gaps
            reached = chosen | (np.append(False, chosen[:-1]) & curve.stable)
            shown = np.where(reached, along, np.nan)
            yield Line(curve.alpha, shown, label, color, dash, width)
            label, alone = None, lone(shown)
            if alone.any():
                look: Any = {"color": color, "marker": "circle", "filled": kind != "unstable"}
                yield Points(curve.alpha[alone], shown[alone], **look, size=3.0)


def alpha_grid(found: Transitions) -> list[float]:
    """Sample ratios around every threshold, close to where branches end."""
    thresholds = [
        found.weak_recovery,
        found.information_theoretic,
        found.algorithmic,
        found.perfect_recovery,
        *found.spinodals,
    ]
    marks = [value for value in thresholds if math.isfinite(value) and value > 0.0]
    low, high = (0.5 * min(marks), 1.3 * max(marks)) if marks else (0.05, 5.0)
    grid = [low + (high - low) * k / (_POINTS - 1) for k in range(_POINTS)]
    near = [mark * (1.0 + side * 10.0**-k) for mark in marks for k in _NEAR for side in (-1, 1)]
    return grid + near


def _entropy_panel(found: Transitions, curves: Sequence[Curve]) -> Panel:
    best = _best(curves)
    with np.errstate(invalid="ignore"):  # it is infinite where the signal is known exactly
        values = [
            drawn_values(curve.free_entropy - [best.get(a, math.nan) for a in curve.alpha], curve)
            for curve in curves
        ]
    stable = [v[curve.stable] for v, curve in zip(values, curves, strict=True)]
    lowest = min((float(np.nanmin(v)) for v in stable if np.isfinite(v).any()), default=0.0)
    return Panel(
        [*threshold_items(found, named=False), *branch_items(curves, values)],
        ALPHA,
        "free entropy\n(relative)",
        y_limits=(1.25 * lowest, -0.12 * lowest) if lowest < 0.0 else None,
        x_scale="linear",
        y_scale="linear",
        legend="none",
        weight=0.55,
    )


def _best(curves: Sequence[Curve]) -> dict[float, float]:
    """The largest free entropy of a stable branch at each alpha."""
    best: dict[float, float] = {}
    for curve in curves:
        for alpha, value, stable in zip(curve.alpha, curve.free_entropy, curve.stable, strict=True):
            if stable:
                best[alpha] = max(best.get(alpha, -math.inf), value)
    return best


def threshold_items(found: Transitions, *, named: bool) -> Iterator[Item]:
    """The hard phase, and a line at every threshold that exists."""
    low, high = found.information_theoretic, found.algorithmic
    if math.isfinite(low) and math.isfinite(high) and low < high:
        yield Span(low, high, "hard phase" if named else None)
    marks: dict[float, tuple[str, Literal["left", "right"] | None]] = {}
    marks[found.weak_recovery] = (r"$\alpha_{\mathrm{WR}}$", None)
    marks |= {low: (r"$\alpha_{\mathrm{IT}}$", "left"), high: (r"$\alpha_{\mathrm{alg}}$", "right")}
    for value, (name, side) in marks.items():
        if math.isfinite(value) and value > 0.0:
            yield Threshold(value, name if named else None, side=side)
    for value in found.spinodals:
        if not any(math.isclose(value, mark, rel_tol=1e-9) for mark in marks):
            yield Threshold(float(value), dash="dashed")


def _problem_of(found: Transitions) -> Any:
    subject = None if found.origin is None else found.origin.subject
    if not isinstance(subject, GLM):
        raise BadArgument(
            "phases: these transitions do not know their problem; give the GLM itself"
        )
    return subject
