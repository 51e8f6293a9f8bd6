"""Learning curves, with simulations beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_positive, shown
from nishimori.errors import BadArgument, suggest
from nishimori.figures.axis import spans_a_decade
from nishimori.figures.description import (
    Band,
    Item,
    Line,
    Panel,
    Points,
    Scale,
    marker_of,
    style_of,
)
from nishimori.figures.drawing import Drawing
from nishimori.figures.simulated import comparisons_in, made_again, measured_in
from nishimori.figures.splitting import lines_of
from nishimori.results import Curve, ErmCurve

if TYPE_CHECKING:
    from nishimori.results.rows import Points as Rows

__all__ = [
    "ALPHA",
    "LABELS",
    "curve_items",
    "is_log",
    "learning_curves",
    "quantity_label",
]

FloatArray = NDArray[np.float64]

ALPHA = r"$\alpha = n/d$"
LABELS = {
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
"""Of the quantities of a curve that can be drawn."""


def learning_curves(
    curves: Any,
    simulations: Any = None,
    *,
    quantity: str = "test_error",
    size: str | float | tuple[float, float] = "column",
    title: str | None = None,
    y_label: str | None = None,
    x_scale: Scale = "auto",
    y_scale: Scale = "auto",
    y_limits: tuple[float, float] | None = None,
    legend: str = "auto",
    bars: float = 2.0,
) -> Drawing:
    """Curves as lines, simulations as markers with error bars.

    Points that failed are left out. The axes are logarithmic where values span more than a decade.
    An array of alphas, or of regularizations, is a line for each of its rows; several
    regularizations at one alpha are a line against the regularization, beside which a curve of one
    alpha that has none is a level. Quantiles over networks are shaded. A simulation with the label
    of a curve shares its colour and its entry in the legend.

    Parameters
    ----------
    curves : Curve, ErmCurve, or a sequence or mapping of them
        The keys of a mapping are the labels.
    simulations : Comparison, or mapping of str, optional
        From a label to a `Comparison`, or to arrays (alpha, mean, standard error). Files say how
        to make a `Comparison` again, as they do for curves.
    quantity : str, default "test_error"
        An attribute of the curves.
    size : str, float or pair of float, default "column"
        As of `Drawing`.
    title, y_label : str, optional
    x_scale, y_scale : {"auto", "linear", "log"}
    y_limits : pair of float, optional
    legend : str, default "auto"
        As of `Panel`.
    bars : float, default 2
        Half the length of an error bar, in standard errors.

    Raises
    ------
    BadArgument, UnknownName
        If there is nothing to draw, `quantity` is not a number of every curve, or an argument is
        of another kind.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Linear(noise=0.1))
    >>> alpha = [0.5, 1.0, 2.0]
    >>> nm.figures.learning_curves(
    ...     {
    ...         "Bayes-optimal": problem.learning_curve(alpha),
    ...         "ridge": nm.erm.Ridge(regularization=1.0).learning_curve(problem, alpha),
    ...     },
    ...     {"ridge": ([1.0], [0.47], [0.01])},
    ... )
    <Drawing of 1 panel, 3.38 x 2.43 in>
    """
    named = _named_curves(curves)
    measured = list(measured_in(simulations, require_positive("bars", bars, "learning_curves")))
    if not named and not measured:
        raise BadArgument("learning_curves: there is no curve and no simulation to draw")
    across = _shared_abscissa(named, simulations)
    reached = [curve.regularization for curve in named.values() if isinstance(curve, ErmCurve)]
    simulated = {label for label, _ in measured}
    items: list[Item] = []
    for place, (label, curve) in enumerate(named.items()):
        marker = marker_of(place) if label in simulated else None
        said = None if label.isspace() or not label else label
        look = {**style_of(place), "legend_marker": marker if said else None}
        if across == "regularization" and isinstance(curve, Curve):  # a level: it has none
            low, high = min(map(np.min, reached)), max(map(np.max, reached))
            level = float(drawn_values(getattr(curve, quantity), curve)[0])
            items.append(Line(np.array([low, high]), np.full(2, level), said, **look))
        else:
            items += curve_items(curve, quantity, said, **look, across=across)
    places = {label: place for place, label in enumerate(named)}
    for label, (alpha, mean, error) in measured:
        known = label in places
        place = places.setdefault(label, len(places))
        color = style_of(place)["color"]
        said = None if known else label
        items.append(Points(alpha, mean, error, said, color, marker_of(place)))
    first = next(iter(named.values()), None)
    named_axis = quantity_label(first, quantity) if y_label is None else y_label
    if x_scale == "auto" and across == "regularization":
        x_scale = "log" if all(is_log(values, across) for values in reached) else "linear"
    panel = Panel(
        items,
        ALPHA if across == "alpha" else LABELS[across],
        named_axis,
        x_scale=x_scale,
        y_scale=y_scale,
        y_limits=y_limits,
        legend=legend,
    )
    results = {label or "curve": curve for label, curve in named.items()}
    return Drawing([panel], size=size, title=title, results=results | made_again(simulations))


def curve_items(
    curve: Rows[Any],
    quantity: str = "test_error",
    label: str | None = None,
    *,
    color: str | None = None,
    dash: str | None = None,
    width: float = 1.2,
    legend_marker: str | None = None,
    across: str | None = None,
) -> list[Item]:
    """Lines, before them the bands between quantiles; one point alone is a marker.

    There is a line for each row of an array of alphas. Several regularizations at one alpha are a
    line against the regularization.

    Raises
    ------
    BadArgument, UnknownName
        If there is no point, or `quantity` is not a number of the curve.
    """
    known = [name for name in LABELS if hasattr(curve, name)]
    if quantity not in known:
        raise suggest(str(quantity), known, "quantity of a curve")
    if curve.alpha.size == 0:
        raise BadArgument("a curve without points cannot be drawn")
    along = np.broadcast_to(getattr(curve, across or curve.index_name), curve.shape)
    values = drawn_values(getattr(curve, quantity), curve)
    quantiles = getattr(curve, "quantiles", None) if quantity == "test_error" else None
    items: list[Item] = []
    lines: list[Item] = []
    for number, places in enumerate(lines_of(along)):
        said, marker = (None, None) if number else (label, legend_marker)
        places = places[np.argsort(along.ravel()[places], kind="stable")]
        x, y = along.ravel()[places], values[places]
        if quantiles:
            items += _bands(curve, quantiles, x, places, color, named=number == 0)
        if (x == x[0]).all():
            lines.append(Points(x, y, label=said, color=color, marker="circle", filled=True))
        else:
            lines.append(Line(x, y, said, color, dash, width, marker))
    return [*items, *lines]


def is_log(values: FloatArray, name: str) -> bool:
    """Whether an axis of alpha or of the regularization is logarithmic by default."""
    if name == "regularization":
        return bool(np.min(values) > 0.0)
    return spans_a_decade(values)


def drawn_values(values: FloatArray, curve: Rows[Any]) -> FloatArray:
    """`values` flat, NaN where the point failed or is not finite."""
    return np.where(curve.failed | ~np.isfinite(values), np.nan, values).ravel()


def quantity_label(curve: Rows[Any] | None, quantity: str) -> str:
    """Of the axis."""
    if quantity == "overlap" and isinstance(curve, ErmCurve):
        return r"overlap $m$"
    return LABELS.get(quantity, quantity.replace("_", " "))


def _bands(
    curve: Rows[Any],
    quantiles: Mapping[float, FloatArray],
    x: FloatArray,
    places: NDArray[np.int_],
    color: str | None,
    *,
    named: bool,
) -> Iterator[Item]:
    levels = sorted(quantiles)
    pairs = [(low, high) for low, high in zip(levels, reversed(levels), strict=True) if low < high]
    for number, (low, high) in enumerate(pairs, 1):
        below, above = (drawn_values(quantiles[level], curve)[places] for level in (low, high))
        label = f"{100 * low:g}% to {100 * high:g}% of networks" if named else None
        yield Band(x, below, above, label, color or style_of(0)["color"], 0.15 * number)


def _named_curves(curves: Any) -> dict[str, Curve | ErmCurve]:
    if isinstance(curves, Curve | ErmCurve):
        named: dict[Any, Any] = {"": curves}
    elif isinstance(curves, Mapping):
        named = dict(curves)
    elif isinstance(curves, Sequence) and not isinstance(curves, str):
        named = {" " * k: curve for k, curve in enumerate(curves)}
    elif curves is None:
        named = {}
    else:
        raise BadArgument(
            "learning_curves: curves must be a Curve, an ErmCurve, or a sequence or mapping of "
            f"them, got {shown(curves)}"
        )
    for label, curve in named.items():
        if not isinstance(label, str) or not isinstance(curve, Curve | ErmCurve):
            raise BadArgument(
                "learning_curves: expected labels and curves, got "
                f"{shown(label)} and {shown(curve)}"
            )
    return named


def _shared_abscissa(named: Mapping[str, Curve | ErmCurve], simulations: Any) -> str:
    """Of all curves, and of what is simulated."""
    kinds = {curve.index_name for curve in named.values() if len(curve) > 1} or {"alpha"}
    if len(kinds) > 1:
        raise BadArgument(
            "learning_curves: some curves are at one alpha with several regularizations, others "
            "at several alphas or one regularization; they have no axis in common"
        )
    (kind,) = kinds
    if kind == "regularization" and any(True for _ in comparisons_in(simulations)):
        raise BadArgument(
            "learning_curves: a Comparison is drawn against alpha, these curves against the "
            "regularization; give arrays (regularization, mean, standard error)"
        )
    return kind
