"""How objects show themselves in a notebook: small tables, and lines drawn in SVG.

Everything is escaped, needs no script, and brings no style sheet: colours are the notebook's own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status

if TYPE_CHECKING:
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork
    from nishimori.reduction import Reduction
    from nishimori.results import FixedPoints, Trajectory
    from nishimori.results.rows import Point, Points
    from nishimori.results.travel import Travels
    from nishimori.simulate import Comparison, Extrapolation
    from nishimori.simulate.tracks import Tracks
    from nishimori.sweeps import Sweep
    from nishimori.transitions import PhaseDiagram, Transitions

__all__ = [
    "comparison_html",
    "curve_html",
    "diagram_html",
    "extrapolation_html",
    "fixed_points_html",
    "glm_html",
    "network_html",
    "reduction_html",
    "sparkline",
    "state_html",
    "sweep_html",
    "tracks_html",
    "trajectory_html",
    "transitions_html",
]

FloatArray = NDArray[np.float64]

_ROWS = 12
_WIDTH, _HEIGHT, _MARGIN = 220, 48, 3
_LOG_RANGE = 30.0
_CELL = "padding:0 0.8em 0 0;text-align:left"
_COLUMNS = ("alpha", "regularization", "overlap", "mmse", "test_error", "train_loss", "residual")
_DRAWN = ("test_error", "mmse", "self_overlap")


def network_html(network: DeepNetwork) -> str:
    """The layers, equal neighbours in one row."""
    runs: list[list[Any]] = []
    for index, layer in enumerate(network.layers, 1):
        if runs and runs[-1][2] == layer:
            runs[-1][1] = index
        else:
            runs.append([index, index, layer])
    rows = [
        (
            str(first) if first == last else f"{first} to {last}",
            layer.activation,
            _number(layer.weight_variance),
            _number(layer.bias_variance),
        )
        for first, last, layer in runs
    ]
    rows.append(("readout", "linear", _number(network.readout_variance), ""))
    header = ("layer", "activation", "weight variance", "bias variance")
    return _titled(f"Deep network of {network.depth} hidden layers", _table(header, rows))


def reduction_html(reduction: Reduction) -> str:
    """The equivalent GLM, and the layers that led to it."""
    values = _pairs(
        (
            ("signal variance", _number(reduction.signal_variance)),
            ("noise variance", _number(reduction.noise_variance)),
            ("offset variance", _number(reduction.offset_variance)),
            ("rigour", f"{reduction.rigour}: {'; '.join(reduction.reasons)}"),
        )
    )
    names = ("linear_coefficient", "signal_variance", "noise_variance", "second_moment")
    header = ("layer", *(name.replace("_", " ") for name in names))
    layers = [
        (str(layer.index), *(_number(getattr(layer, name)) for name in names))
        for layer in reduction.layers
    ]
    return _titled(f"Reduction of {reduction.description}", values + _table(header, layers))


def glm_html(problem: GLM) -> str:
    """The parts of the problem."""
    rows = [
        ("channel", problem.channel),
        ("prior", problem.prior),
        ("signal variance", _number(problem.signal_variance)),
        ("noise variance", _number(problem.noise_variance)),
        ("offset", _number(problem.offset)),
        ("spectrum", problem.spectrum),
    ]
    return _titled("Generalized linear model", _pairs(rows))


def curve_html(curve: Points[Any]) -> str:
    """What was computed, its lines, and some of its points."""
    counts = Counter(Status(int(value)).label for value in curve.status.flat)
    status = ", ".join(f"{count} {label}" for label, count in counts.items())
    branch = getattr(curve, "branch", None)
    kind = "Trained estimator" if branch is None else f"Learning curve ({branch} branch)"
    across = getattr(curve, curve.index_name).ravel()
    lines = [
        (name.replace("_", " "), _Raw(sparkline(across, getattr(curve, name).ravel())))
        for name in _DRAWN
        if hasattr(curve, name)
    ]
    columns = [name for name in _COLUMNS if hasattr(curve, name)]
    rows = []
    for k in _chosen(len(curve)):
        numbers = (_number(getattr(curve, name).flat[k]) for name in columns)
        rows.append((*numbers, Status(int(curve.status.flat[k])).label))
    header = (*(name.replace("_", " ") for name in columns), "status")
    body = _pairs(lines) + _table(header, rows)
    return _titled(f"{kind}: {len(curve)} points, {status or 'none'}", body)


def state_html(state: Point) -> str:
    """Every number of one point."""
    rows = [
        (name.replace("_", " "), _number(value) if isinstance(value, float) else value)
        for name, value in state.row().items()
    ]
    return _titled(f"State at alpha = {state.alpha:g}", _pairs(rows))


def trajectory_html(trajectory: Trajectory) -> str:
    """Where it went, iteration by iteration."""
    steps = np.asarray(trajectory.iteration, dtype=np.float64)
    rows = [
        (name.replace("_", " "), _Raw(sparkline(steps, getattr(trajectory, name))))
        for name in ("test_error", "mmse")
    ]
    last = ("last mmse", _number(trajectory.mmse[-1])) if len(trajectory) else ("last mmse", "none")
    title = f"Trajectory at alpha = {trajectory.alpha:g}: {len(trajectory)} points"
    return _titled(title, _pairs([*rows, last, ("status", trajectory.status.label)]))


def fixed_points_html(found: FixedPoints) -> str:
    """A row for each."""
    count = f"{len(found)} fixed point{'' if len(found) == 1 else 's'}"
    return _titled(f"State evolution: {count}", _columns(found))


def comparison_html(comparison: Comparison) -> str:
    """What was simulated, how it went, and the points."""
    said = _pairs([("outcome", comparison.summary)])
    return _titled(comparison.title or "Simulations beside theory", said + _columns(comparison))


def extrapolation_html(found: Extrapolation) -> str:
    """The limits beside theory."""
    return _titled("Limits of infinite width", _columns(found))


def tracks_html(found: Tracks) -> str:
    """What was recorded, against the iteration, with its last value."""
    steps = np.array([row[found.index_name] for row in found.rows()], dtype=np.float64)
    header = ("", "last", f"against {found.index_name}")
    rows = []
    for name in found.shown_columns:
        values = np.asarray(getattr(found, name, steps), dtype=np.float64)
        if name != found.index_name:
            line = _Raw(sparkline(steps, values))
            rows.append((name.replace("_", " "), _number(values[-1]), line))
    status = getattr(found, "status", None)
    how = f", {status.label}" if isinstance(status, Status) else ""
    return _titled(f"{type(found).__name__}: {len(steps)} points{how}", _table(header, rows))


def transitions_html(transitions: Transitions) -> str:
    """A sentence for each threshold."""
    rows = [(name.replace("_", " "), text) for name, text in transitions.statements.items()]
    return _titled(f"Transitions: {transitions.status.label}", _pairs(rows))


def diagram_html(diagram: PhaseDiagram) -> str:
    """Each line in the plane of the parameter and alpha, and the critical points."""
    rows: list[tuple[str, Any]] = []
    for name in ("information_theoretic", "algorithmic", "weak_recovery"):
        line = getattr(diagram, name)
        shown = _Raw(sparkline(line[:, 0], line[:, 1])) if len(line) else "none"
        rows.append((name.replace("_", " "), shown))
    for line in diagram.spinodals:
        rows.append(("spinodals", _Raw(sparkline(line[:, 0], line[:, 1], ordered=True))))
    for value, alpha in diagram.critical_points:
        place = f"{diagram.parameter} = {_number(value)}, alpha = {_number(alpha)}"
        rows.append(("critical point", place))
    return _titled(f"Phase diagram: alpha against {diagram.parameter}", _pairs(rows))


def sweep_html(sweep: Sweep) -> str:
    """The axes, how the points ended, and the first of them."""
    rows: list[tuple[str, Any]] = [
        (name, f"{len(labels)} values, from {labels[0]} to {labels[-1]}")
        for name, (_, labels) in sweep.coordinates.items()
    ]
    rows += [(name, value) for name, value in sweep.fixed.items()]
    rows.append(("quantities", ", ".join(sweep.quantities)))
    return _titled(f"Sweep of {sweep.summary}", _pairs(rows))


def sparkline(x: FloatArray, y: FloatArray, *, ordered: bool = False) -> str:
    """A line as an SVG element; axes that span more than 30 times are logarithmic.

    Points that are not finite are left out; the others are drawn from left to right, unless they
    are `ordered` already.
    """
    finite = np.isfinite(x) & np.isfinite(y)
    across, up = x[finite], y[finite]
    if not across.size:
        return ""
    if not ordered:
        order = np.argsort(across, kind="stable")
        across, up = across[order], up[order]
    horizontal = _scaled(across) * (_WIDTH - 2 * _MARGIN) + _MARGIN
    vertical = (1.0 - _scaled(up)) * (_HEIGHT - 2 * _MARGIN) + _MARGIN
    title = f"{_number(up[0])} to {_number(up[-1])}"
    style = 'fill="none" stroke="currentColor" stroke-width="1.5"'
    if across.size == 1:
        mark = f'<circle cx="{horizontal[0]:.1f}" cy="{vertical[0]:.1f}" r="2" {style}/>'
    else:
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(horizontal, vertical, strict=True))
        mark = f'<polyline points="{path}" {style}/>'
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>'
        f"<title>{escape(title)}</title>{mark}</svg>"
    )


class _Raw(str):
    """What is HTML already."""

    __slots__ = ()


def _scaled(values: FloatArray) -> FloatArray:
    """To [0, 1], in logarithms where that shows more; a constant is in the middle."""
    low, high = float(values.min()), float(values.max())
    if low > 0.0 and high > _LOG_RANGE * low:
        values, low, high = np.log(values), math.log(low), math.log(high)
    if high == low:
        return np.full(values.shape, 0.5)
    half = 0.5 * high - 0.5 * low  # which cannot overflow
    return np.asarray((0.5 * values - 0.5 * low) / half, dtype=np.float64)


def _chosen(count: int) -> list[int]:
    """All points, or as many as a table holds, evenly."""
    if count <= _ROWS:
        return list(range(count))
    return sorted({round(k) for k in np.linspace(0, count - 1, _ROWS)})


def _number(value: Any) -> str:
    return f"{float(value):.6g}"


def _cell(value: Any) -> str:
    return value if isinstance(value, _Raw) else escape(str(value))


def _columns(result: Travels) -> str:
    """The rows of a result, in the columns of its LaTeX table."""
    rows = result.rows()
    names = result.shown_columns
    header = [name.replace("_", " ") for name in names]
    return _table(header, [[_plain(row.get(name)) for name in names] for row in rows])


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value) if isinstance(value, float) else str(value)


def _pairs(rows: Iterable[tuple[str, Any]]) -> str:
    cells = (
        f'<tr><th style="{_CELL}">{escape(name)}</th><td style="{_CELL}">{_cell(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    shown: list[Sequence[Any]] = [rows[k] for k in _chosen(len(rows))]
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in header)
    lines = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{_cell(value)}</td>' for value in row) + "</tr>"
        for row in shown
    )
    left_out = len(rows) - len(shown)
    note = f"<div>{left_out} more rows are not shown.</div>" if left_out else ""
    return f"<table><tr>{head}</tr>{lines}</table>{note}"


def _titled(title: str, body: str) -> str:
    return f"<div><div><b>{escape(title)}</b></div>{body}</div>"
