"""Pictures of learning curves, with matplotlib (extra ``plot``)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument, OutputError, suggest
from nishimori.export.files import refuse_existing, write_atomically
from nishimori.export.provenance import (
    describe,
    eps_with,
    figure_metadata,
    register,
    registered,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nishimori.results import Curve, ErmCurve
    from nishimori.results.rows import Points

__all__ = [
    "FORMATS",
    "check_plot",
    "draw_curve",
    "figure_file",
    "finish",
    "plot_curve_file",
    "plot_erm_file",
    "require_matplotlib",
    "save_figure",
]

FORMATS = (".png", ".pdf", ".svg", ".eps")

_LABELS = {
    "overlap": r"overlap $q$",
    "mmse": r"mmse $1 - q$",
    "conjugate": r"conjugate $r$",
    "free_entropy": r"free entropy $\Phi$ per dimension (nats)",
    "mutual_information": "mutual information per sample (nats)",
    "signal_mutual_information": "signal mutual information per sample (nats)",
    "test_error": "test error",
    "log_loss": "log-loss per label (nats)",
    "self_overlap": r"self-overlap $q$",
    "susceptibility": r"susceptibility $V$",
    "norm": "mean square of the student's weights",
    "train_loss": "training loss",
    "train_error": "training error",
    "objective": "minimum of the objective per weight",
    "regularization": r"regularization $\lambda_{\mathrm{reg}}$",
    "residual": "residual",
    "error_estimate": "error estimate",
}
_DASHES = ("-", "--", "-.", ":")
_ALPHA = r"$\alpha = n/d$ (samples per input dimension)"


def check_plot(path: str) -> None:
    """Refuse, before any work, a picture that could not be drawn.

    Raises
    ------
    OutputError
        If the extension of `path` is not one of `FORMATS`, or matplotlib is not installed.
    """
    extension = os.path.splitext(path)[1]
    if extension.lower() not in FORMATS:
        raise OutputError(
            f"cannot draw {path!r}: its extension must be one of {', '.join(FORMATS)}"
        )
    require_matplotlib()


def draw_curve(
    curve: Points[Any],
    axes: Axes | None = None,
    *,
    quantity: str = "test_error",
    label: str | None = None,
    **style: Any,
) -> Axes:
    """Draw one quantity of a curve against alpha.

    The axis of alpha is logarithmic where alpha spans more than a decade. Points that failed are
    left out. Where the test error is a mean over networks, shaded bands between its quantiles show
    how it varies.

    Parameters
    ----------
    curve : Curve or ErmCurve
    axes : matplotlib.axes.Axes, optional
        Where to draw, by default the current axes of pyplot.
    quantity : str, default "test_error"
        An attribute of the curve.
    label : str, optional
        For the legend.
    **style
        Passed to `Axes.plot`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    BadArgument, UnknownName
        If `quantity` is not a number of the curve.
    OutputError
        If matplotlib is not installed.
    """
    axes = _drawn(curve, axes, quantity=quantity, label=label, **style)
    register(axes.figure, describe({type(curve).__name__: curve}))
    return axes


def _drawn(
    curve: Points[Any],
    axes: Axes | None,
    *,
    quantity: str = "test_error",
    label: str | None = None,
    **style: Any,
) -> Axes:
    """`draw_curve`, of which the figure takes no note."""
    require_matplotlib()
    known = [name for name in _LABELS if hasattr(curve, name)]
    if quantity not in known:
        raise suggest(str(quantity), known, "quantity of a curve")
    if axes is None:
        from matplotlib import pyplot

        axes = pyplot.gca()
    if curve.alpha.size == 0:
        raise BadArgument("a curve without points cannot be drawn")
    order = np.argsort(curve.alpha, axis=None)
    alpha = curve.alpha.ravel()[order]
    values = _shown(getattr(curve, quantity), curve, order)
    if alpha.size == 1:
        style.setdefault("marker", "o")
    (line,) = axes.plot(alpha, values, label=label, **style)
    quantiles = getattr(curve, "quantiles", None)
    if quantity == "test_error" and quantiles:
        _shade_quantiles(axes, curve, quantiles, order, line.get_color())
    if alpha[-1] > 10.0 * alpha[0]:
        axes.set_xscale("log")
    axes.set_xlabel(_ALPHA)
    axes.set_ylabel(_label(curve, quantity))
    return axes


def _label(curve: Points[Any], quantity: str) -> str:
    student = quantity == "overlap" and hasattr(curve, "self_overlap")
    return r"overlap $m$" if student else _LABELS[quantity]


def plot_curve_file(
    curve: Curve,
    path: str,
    *,
    title: str | None = None,
    metric: str | None = None,
    others: Mapping[str, ErmCurve] | None = None,
    force: bool = False,
    document: Mapping[str, Any] | None = None,
) -> None:
    """Draw a curve into a file: the test error on the left, overlap and mmse on the right.

    With estimators beside it, the right shows how far their errors are above the optimal one.

    Parameters
    ----------
    curve : Curve
    path : str
        Its extension, one of `FORMATS`, is the format.
    title : str, optional
        What it is the curve of.
    metric : str, optional
        What the test error measures, such as "misclassification".
    others : mapping of str to ErmCurve, optional
        Estimators whose test error is drawn beside the optimal one.
    force : bool, default False
        Whether a file that exists is overwritten.
    document : mapping, optional
        What the file says about itself, by default how each curve is made again.

    Raises
    ------
    OutputError
        If the file exists, cannot be written or drawn; nothing half-written is left behind.
    """
    with figure_file(path, 8.0, 3.4, force=force, document=document) as figure:
        left, right = figure.subplots(1, 2)
        label = "mean" if curve.quantiles else "Bayes-optimal" if others else None
        draw_curve(curve, left, color="tab:blue", label=label)
        for number, (name, other) in enumerate((others or {}).items(), 1):
            style: dict[str, Any] = {"color": f"C{number}", "linestyle": _DASHES[number % 4]}
            draw_curve(other, left, label=name.replace("$", r"\$"), **style)
            _draw_excess(curve, other, right, **style)
        if metric:
            left.set_ylabel(f"test error ({metric})")
        if _spans(_shown(curve.test_error, curve), 30.0):
            left.set_yscale("log")
        if label:
            left.legend(framealpha=0.85, edgecolor="none")
        if others:
            right.set_ylabel("excess over the optimum (relative)")
        else:
            _draw_weights(curve, right)
        finish(figure, title)


def _draw_weights(curve: Curve, axes: Axes) -> None:
    """Overlap and mmse against alpha."""
    draw_curve(curve, axes, quantity="overlap", color="tab:green", label=_LABELS["overlap"])
    draw_curve(curve, axes, quantity="mmse", color="tab:red", linestyle="--", label=_LABELS["mmse"])
    axes.set_ylabel("overlap and mmse of the weights")
    axes.legend(frameon=False)


def _draw_excess(curve: Curve, other: ErmCurve, axes: Axes, **style: Any) -> None:
    """How far an estimator's test error is above the optimal one."""
    excess = replace(other, test_error=other.test_error / curve.test_error - 1.0)
    _drawn(excess, axes, **style)


def plot_erm_file(
    curve: ErmCurve,
    path: str,
    *,
    title: str | None = None,
    metric: str | None = None,
    force: bool = False,
    document: Mapping[str, Any] | None = None,
) -> None:
    """Draw an estimator's curve: test error on the left, training loss on the right.

    Parameters and errors are those of `plot_curve_file`.
    """
    with figure_file(path, 8.0, 3.4, force=force, document=document) as figure:
        left, right = figure.subplots(1, 2)
        draw_curve(curve, left, color="tab:blue")
        if metric:
            left.set_ylabel(f"test error ({metric})")
        draw_curve(curve, right, quantity="train_loss", color="tab:green")
        for axes, values in ((left, curve.test_error), (right, curve.train_loss)):
            if _spans(_shown(values, curve), 30.0):
                axes.set_yscale("log")
        finish(figure, title)


@contextmanager
def figure_file(
    path: str,
    width: float,
    height: float,
    *,
    force: bool = False,
    document: Mapping[str, Any] | None = None,
) -> Iterator[Figure]:
    """A new figure of this size in inches, written to `path` when it has been drawn.

    Raises
    ------
    OutputError
        At once if `path` exists or could not be drawn to, at the end if it cannot be written.
    """
    check_plot(path)
    refuse_existing(path, force)
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context():
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        save_figure(figure, path, force=force, document=document)


def finish(figure: Figure, title: str | None) -> None:
    """Grid, spines and title, as all our pictures have them."""
    for axes in figure.axes:
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    if title:
        figure.suptitle(title.replace("$", r"\$"), fontsize="medium")


def save_figure(
    figure: Figure,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    document: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Write a figure in the format of the extension of `path`, whole or not at all.

    The file carries the results that nishimori has drawn in it: how each is made again, its
    numbers, the version and a command. `nishimori.export.reproduce` reads them back.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Yours, or one of nishimori's.
    path : path
        Its extension, one of `FORMATS`, is the format.
    force : bool, default False
        Whether a file that exists is overwritten.
    document : mapping, optional
        What the file says about itself instead.
    **options
        Passed to `Figure.savefig`.

    Raises
    ------
    OutputError
        If the file exists, cannot be drawn or cannot be written.
    """
    path = os.fspath(path)
    check_plot(path)
    refuse_existing(path, force)
    content = io.BytesIO()
    extension = os.path.splitext(path)[1].lower().removeprefix(".")
    said = registered(figure) if document is None else document
    if said is not None:
        options["metadata"] = {**figure_metadata(said, extension), **options.get("metadata", {})}
    figure.savefig(content, format=extension, **{"dpi": 150, **options})
    drawn = content.getvalue()
    if said is not None and extension == "eps":
        drawn = eps_with(drawn, said)
    write_atomically(path, drawn)


def _shown(
    values: NDArray[np.float64], curve: Points[Any], order: NDArray[np.int_] | None = None
) -> NDArray[np.float64]:
    """`values` flat and in order, NaN where the point failed or is not finite."""
    shown = np.where(curve.failed | ~np.isfinite(values), np.nan, values).ravel()
    return shown if order is None else shown[order]


def _spans(values: NDArray[np.float64], factor: float) -> bool:
    """Whether finite `values` are positive and their extremes differ by more than `factor`."""
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0.0 and finite.max() > factor * finite.min())


def _shade_quantiles(
    axes: Axes,
    curve: Points[Any],
    quantiles: Mapping[float, NDArray[np.float64]],
    order: NDArray[np.int_],
    color: Any,
) -> None:
    alpha = curve.alpha.ravel()[order]
    levels = sorted(quantiles)
    pairs = [(low, high) for low, high in zip(levels, reversed(levels), strict=True) if low < high]
    for number, (low, high) in enumerate(pairs, 1):
        below, above = (_shown(quantiles[level], curve, order) for level in (low, high))
        label = f"{100 * low:g}% to {100 * high:g}% of networks"
        axes.fill_between(
            alpha, below, above, color=color, alpha=0.15 * number, linewidth=0, label=label
        )


def require_matplotlib() -> None:
    """Refuse with a sentence where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise OutputError("drawing needs matplotlib: pip install nishimori[plot]") from None
