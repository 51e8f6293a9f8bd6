"""Pictures of simulations beside theory, with matplotlib (extra ``plot``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument
from nishimori.export.pictures import remember
from nishimori.export.plots import figure_file, finish, require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nishimori.simulate.compared import Comparison
    from nishimori.simulate.extrapolation import Extrapolation

__all__ = ["draw_comparison", "draw_limits", "plot_comparison_file"]

# Okabe and Ito's colours, told apart by colour-blind readers; markers and dashes say it again.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES = ("-", "--", "-.", ":")
_FARTHEST = 20.0  # a limit of few repetitions beyond it would leave no room for the points
_DENSE = 40  # points of a theory curve between the first and the last alpha
_ALPHA = r"$\alpha = n/d$ (samples per input dimension)"


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
    if not comparison.points:
        raise BadArgument("a comparison without points cannot be drawn")
    if axes is None:
        from matplotlib import pyplot

        axes = pyplot.gca()
    for k, label in enumerate(comparison.estimators):
        points = sorted(
            (p for p in comparison.points if p.estimator == label), key=lambda p: p.alpha
        )
        colour, marker = _COLOURS[k % len(_COLOURS)], _MARKERS[k % len(_MARKERS)]
        alpha, theory = comparison.theory_curve(label, _DENSE)
        bound = any("optimum" in p.verdict for p in points)
        said = f"{label}: {'bound' if bound else 'theory'}".replace("$", r"\$")
        axes.plot(alpha, theory, color=colour, linestyle=_DASHES[k % len(_DASHES)], label=said)
        axes.errorbar(
            [p.alpha for p in points],
            [p.mean for p in points],
            yerr=[2.0 * p.standard_error for p in points],
            fmt=marker,
            color=colour,
            markersize=5,
            markerfacecolor="white",
            capsize=2.5,
            label=f"{label}: simulated".replace("$", r"\$"),
        )
        wrong = [p for p in points if not (p.agrees or p.noisy) and np.isfinite(p.mean)]
        if wrong:
            axes.plot(
                [p.alpha for p in wrong],
                [p.mean for p in wrong],
                "o",
                markersize=14,
                markerfacecolor="none",
                markeredgecolor="black",
            )
    _scale(axes, comparison)
    axes.set_xlabel(_ALPHA)
    metrics = {comparison.metrics.get(label, "") for label in comparison.estimators} - {""}
    known = f" ({metrics.pop().replace('_', ' ')})" if len(metrics) == 1 else ""
    axes.set_ylabel(f"test error{known}")
    axes.legend(framealpha=0.85, edgecolor="none", fontsize="small")
    return remember(axes, comparison)


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
    with figure_file(path, 9.0, 3.8, force=force, document=document) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        draw_comparison(comparison, left)
        _draw_scores(comparison, right)
        if left.get_xscale() == "log":
            _log_alpha(right, np.array([p.alpha for p in comparison.points]))
        finish(figure, title or comparison.title)


def draw_limits(found: Extrapolation, axes: Axes | None = None) -> Axes:
    """Draw limits of infinite width with bars of two standard errors, theory as crosses."""
    require_matplotlib()
    if not found.points:
        raise BadArgument("an extrapolation without points cannot be drawn")
    if axes is None:
        from matplotlib import pyplot

        axes = pyplot.gca()
    labels = list(dict.fromkeys(p.estimator for p in found.points))
    for k, label in enumerate(labels):
        points = [p for p in found.points if p.estimator == label]
        said, colour = label.replace("$", r"\$"), _COLOURS[k % len(_COLOURS)]
        alpha = [p.alpha for p in points]
        axes.errorbar(
            alpha,
            [p.limit for p in points],
            yerr=[2.0 * p.standard_error for p in points],
            fmt=_MARKERS[k % len(_MARKERS)],
            color=colour,
            markerfacecolor="white",
            capsize=2.5,
            label=f"{said}: infinite width",
        )
        axes.plot(alpha, [p.theory for p in points], "x", color=colour, label=f"{said}: theory")
    axes.set_xlabel(_ALPHA)
    axes.set_ylabel("test error")
    axes.legend(framealpha=0.85, edgecolor="none", fontsize="small")
    return remember(axes, found)


def _draw_scores(comparison: Comparison, axes: Axes) -> None:
    axes.axhspan(-1.0, 1.0, color="0.5", alpha=0.15, linewidth=0)
    for limit in sorted({p.limit for p in comparison.points if p.limit < _FARTHEST}):
        for level in (-limit, limit):
            axes.axhline(level, color="0.3", linewidth=0.8, linestyle="--")
    for k, label in enumerate(comparison.estimators):
        points = [p for p in comparison.points if p.estimator == label]
        axes.plot(
            [p.alpha for p in points],
            [p.z for p in points],
            _MARKERS[k % len(_MARKERS)],
            color=_COLOURS[k % len(_COLOURS)],
            markerfacecolor="white",
        )
    axes.set_xlabel(_ALPHA)
    axes.set_ylabel("(measured - theory)/standard error")


def _scale(axes: Axes, comparison: Comparison) -> None:
    alpha = np.array([p.alpha for p in comparison.points])
    if alpha.max() > 10.0 * alpha.min():
        _log_alpha(axes, alpha)
    errors = np.array([p.mean for p in comparison.points if np.isfinite(p.mean)])
    if errors.size and errors.min() > 0.0 and errors.max() > 10.0 * errors.min():
        axes.set_yscale("log")


def _log_alpha(axes: Axes, alpha: NDArray[np.float64]) -> None:
    """A logarithmic axis whose few labels are plain numbers."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_xscale("log")
    ticks = [a for a in np.unique(alpha) if a > 0.0]
    kept = ticks[:1]
    for tick in ticks[1:]:  # a label needs room: an eighth of the axis
        if tick > kept[-1] * (ticks[-1] / ticks[0]) ** 0.125:
            kept.append(tick)
    axes.set_xticks(kept)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
