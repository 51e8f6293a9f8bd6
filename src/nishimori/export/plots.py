"""Pictures of learning curves, with matplotlib (extra ``plot``)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nishimori.arguments import shown
from nishimori.errors import BadArgument, OutputError
from nishimori.export.files import file_name, refuse_existing, write_atomically
from nishimori.export.pictures import new_axes, remember
from nishimori.export.provenance import (
    describe,
    eps_with,
    figure_metadata,
    registered,
)
from nishimori.figures.curves import (
    ALPHA,
    LABELS,
    curve_items,
    is_log,
    quantity_label,
)
from nishimori.figures.description import Band, Item, Line, Panel, Points, Scale, style_of
from nishimori.figures.drawing import Drawing
from nishimori.figures.opaque import opaque
from nishimori.figures.with_matplotlib import draw_items, render_panels, require_matplotlib, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nishimori.results import Curve, ErmCurve
    from nishimori.results.rows import Points as Rows

__all__ = [
    "FORMATS",
    "check_plot",
    "draw_curve",
    "figure_file",
    "plot_curve_file",
    "plot_erm_file",
    "require_matplotlib",
    "save_figure",
]

FORMATS = (".png", ".pdf", ".svg", ".eps")
_PAIR = (8.0, 3.4)  # inches


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
    curve: Rows[Any],
    axes: Axes | None = None,
    *,
    quantity: str = "test_error",
    label: str | None = None,
    **look: Any,
) -> Axes:
    """Draw one quantity of a curve against alpha, a line for each row of an array of alphas.

    Several regularizations at one alpha are drawn against the regularization instead. The axis of
    alpha is logarithmic where alpha spans more than a decade. Points that failed are left out.
    Where the test error is a mean over networks, shaded bands between its quantiles show how it
    varies.

    Parameters
    ----------
    curve : Curve or ErmCurve
    axes : matplotlib.axes.Axes, optional
        Where to draw, by default the current axes of pyplot.
    quantity : str, default "test_error"
        An attribute of the curve.
    label : str, optional
        For the legend.
    **look
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
    require_matplotlib()
    from matplotlib.colors import to_hex

    items = curve_items(curve, quantity, label)
    axes = new_axes(axes)
    for item in items:
        if isinstance(item, Points):  # alone: a line through it would not be seen
            draw_items(axes, [Line(item.x, item.y, item.label)], **{"marker": "o", **look})
        elif isinstance(item, Line):
            draw_items(axes, [item], **look)
        else:
            continue
        if "c" not in look:
            look["color"] = axes.lines[-1].get_color()
    color = to_hex(axes.lines[-1].get_color())
    draw_items(axes, [replace(item, color=color) for item in items if isinstance(item, Band)])
    across = curve.index_name
    if is_log(getattr(curve, across), across):
        axes.set_xscale("log")
    axes.set_xlabel(ALPHA if across == "alpha" else LABELS[across])
    axes.set_ylabel(quantity_label(curve, quantity))
    return remember(axes, curve)


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
    label = "mean" if curve.quantiles else "Bayes-optimal" if others else None
    named: dict[str | None, Curve | ErmCurve] = {label: curve}
    named.update(others or {})
    left: list[Item] = []
    for place, (name, each) in enumerate(named.items()):
        left += curve_items(each, label=name, **style_of(place))
    if others:
        right = _panel(_excesses(curve, others), "excess over the optimum (relative)")
    else:
        items = [
            *curve_items(curve, "overlap", LABELS["overlap"], **style_of(2)),
            *curve_items(curve, "mmse", LABELS["mmse"], **style_of(1)),
        ]
        right = _panel(items, "overlap and mmse of the weights", "linear")
    drawing = _pair(_panel(left, _error_label(metric)), right, title)
    said = describe({name or type(each).__name__: each for name, each in named.items()})
    _write(drawing, path, force, said if document is None else document)


def _excesses(curve: Curve, others: Mapping[str, ErmCurve]) -> Iterator[Item]:
    """How far the estimators' test errors are above the optimal one."""
    for place, other in enumerate(others.values(), 1):
        excess = replace(other, test_error=other.test_error / curve.test_error - 1.0)
        yield from curve_items(excess, **style_of(place))


def _panel(items: Iterable[Item], label: str, y_scale: Scale = "auto") -> Panel:
    return Panel(list(items), ALPHA, label, y_scale=y_scale)


def _error_label(metric: str | None) -> str:
    return f"test error ({metric})" if metric else "test error"


def _pair(left: Panel, right: Panel, title: str | None) -> Drawing:
    return Drawing([left, right], size=_PAIR, title=title)


def _write(drawing: Drawing, path: str, force: bool, document: Mapping[str, Any]) -> None:
    with figure_file(path, *_PAIR, force=force, document=document) as figure:
        render_panels(figure, drawing)


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
    left = _panel(curve_items(curve, **style_of(0)), _error_label(metric))
    right = _panel(curve_items(curve, "train_loss", **style_of(2)), LABELS["train_loss"])
    said = describe({type(curve).__name__: curve}) if document is None else document
    _write(_pair(left, right, title), path, force, said)


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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        save_figure(figure, path, force=force, document=document)


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
    BadArgument
        If `figure` is no figure or `path` no path.
    OutputError
        If the file exists, cannot be drawn or cannot be written.
    """
    path = file_name(path)
    check_plot(path)
    refuse_existing(path, force)
    from matplotlib.figure import Figure

    if not isinstance(figure, Figure):
        raise BadArgument(
            f"save_figure: figure must be a matplotlib figure, got {shown(figure)}; give that of "
            "the axes that were drawn in, axes.figure"
        )
    content = io.BytesIO()
    extension = os.path.splitext(path)[1].lower().removeprefix(".")
    said = registered(figure) if document is None else document
    if said is not None:
        options["metadata"] = {**figure_metadata(said, extension), **options.get("metadata", {})}
    with opaque(figure) if extension == "eps" else nullcontext():
        figure.savefig(content, format=extension, **{"dpi": 150, **options})
    drawn = content.getvalue()
    if said is not None and extension == "eps":
        drawn = eps_with(drawn, said)
    write_atomically(path, drawn)
