"""Figures drawn with matplotlib (extra ``plot``), without pyplot and without its global style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nishimori.errors import BadArgument, OutputError
from nishimori.figures.axis import Axis
from nishimori.figures.description import Band, Item, Line, Note, Panel, Points, Span, Threshold
from nishimori.figures.layout import Settled, settle, settle_all
from nishimori.figures.palette import DASHES, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nishimori.figures.drawing import Drawing

__all__ = ["draw_items", "draw_panel", "render", "render_panels", "require_matplotlib", "style"]

_MARKERS = {
    "circle": "o",
    "square": "s",
    "triangle": "^",
    "diamond": "D",
    "down": "v",
    "pentagon": "p",
    "cross": "x",
    "ring": "o",
}
_STYLE = {
    "font.family": ["STIXGeneral"],
    "mathtext.fontset": "stix",
    "font.size": 9.0,
    "axes.labelsize": 9.0,
    "axes.titlesize": 9.0,
    "figure.titlesize": 9.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.title_fontsize": 8.0,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.unicode_minus": True,
    "text.usetex": False,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "nishimori",
}
# What of matplotlib's defaults is in force beside it, whatever the user has set.
_FAMILIES = ("axes.", "xtick.", "ytick.", "font.", "mathtext.", "lines.", "legend.", "grid.",
             "figure.", "savefig.", "text.", "patch.", "errorbar.")  # fmt: skip
_SMALL = 8.0
_OPPOSITE = {"left": "right", "right": "left", "above": "bottom", "below": "top"}


@contextmanager
def style() -> Iterator[None]:
    """Our style, in force inside only."""
    require_matplotlib()
    from matplotlib import rc_context, rcParamsDefault

    kept = {k: v for k, v in rcParamsDefault.items() if k.startswith(_FAMILIES)}
    ours: Any = {**kept, **_STYLE}
    with rc_context(ours):
        yield


def render(drawing: Drawing) -> Figure:
    """A new figure with everything on it.

    Raises
    ------
    BadArgument
        If a text holds mathematics that matplotlib cannot read.
    OutputError
        If matplotlib is not installed.
    """
    with style():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=drawing.dimensions, layout="constrained")
        FigureCanvasAgg(figure)
        render_panels(figure, drawing)
        try:
            figure.draw_without_rendering()  # now, while the style is in force
        except ValueError as error:
            reason = str(error).strip().splitlines()[-1]
            raise BadArgument(
                f"a text of the figure holds mathematics that cannot be set: {reason}"
            ) from None
    return figure


def render_panels(figure: Figure, drawing: Drawing) -> None:
    """Draw the panels into an empty figure, in whatever style is in force."""
    panels, columns = drawing.panels, drawing.columns or 1
    rows = -(-len(panels) // columns)
    heights = [p.weight for p in panels] if columns == 1 else [1.0] * rows
    widths = [p.weight for p in panels[:columns]] if rows == 1 else [1.0] * columns
    grid = figure.add_gridspec(rows, columns, height_ratios=heights, width_ratios=widths)
    for k, settled in enumerate(settle_all(panels, columns, drawing.dimensions)):
        _draw_settled(figure.add_subplot(grid[k // columns, k % columns]), settled)
    if drawing.title:
        figure.suptitle(text(drawing.title))


def draw_panel(axes: Axes, panel: Panel, **more: Any) -> None:
    """Draw a panel on any axes, in whatever style is in force; `more` goes to `Axes.plot`."""
    box = axes.get_window_extent()
    dpi = axes.figure.dpi
    _draw_settled(axes, settle(panel, box.width / dpi + 0.6, box.height / dpi + 0.5), **more)


def draw_items(
    axes: Axes,
    items: Sequence[Item],
    names: dict[int, tuple[str, str]] | None = None,
    **more: Any,
) -> list[Any]:
    """Draw items on any axes, and return what their legend shows, in order.

    `more` goes to `Axes.plot` of lines.
    """
    handles: list[Any] = []
    for k, item in enumerate(items):
        if isinstance(item, Threshold):
            _draw_threshold(axes, item, *(names or {}).get(k, ("left", "top")))
            continue
        if isinstance(item, Note):
            _draw_note(axes, item)
            continue
        if isinstance(item, Line):
            handle = _draw_line(axes, item, **more)
        elif isinstance(item, Points):
            handle = _draw_points(axes, item)
        else:
            handle = _draw_region(axes, item)
        if item.label is not None:
            handles.append(handle)
    return handles


def text(said: str) -> str:
    """`said` for matplotlib: a dollar sign that has no partner is one."""
    bare = said.replace(r"\$", "")
    return said.replace("$", r"\$") if bare.count("$") % 2 and r"\$" not in said else said


def require_matplotlib() -> None:
    """Refuse with a sentence where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise OutputError('drawing needs matplotlib: pip install "nishimori[plot]"') from None


def set_ticks(axes: Axes, name: str, axis: Axis) -> None:
    """Limits, scale and, on a logarithmic axis, ticks with plain labels."""
    getattr(axes, f"set_{name}lim")(axis.low, axis.high)
    if axis.log:
        getattr(axes, f"set_{name}scale")("log")
        from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

        which = getattr(axes, f"{name}axis")
        which.set_major_locator(FixedLocator(axis.ticks))
        plain = tick_labels(axis.ticks)
        which.set_major_formatter(FuncFormatter(lambda value, _: plain.get(float(value), "")))
        which.set_minor_formatter(NullFormatter())


def tick_labels(ticks: Sequence[float]) -> dict[float, str]:
    """Plain numbers, or powers of ten where those would be long.

    Examples
    --------
    >>> print(list(tick_labels((0.1, 1.0, 10.0)).values()))
    ['0.1', '1', '10']
    >>> print(list(tick_labels((1e-6, 1e-3, 1.0)).values()))
    ['$10^{-6}$', '$10^{-3}$', '$1$']
    """
    if all(1e-3 <= tick < 1e4 for tick in ticks):
        return {tick: f"{tick:g}" for tick in ticks}
    labels = {}
    for tick in ticks:
        digit, power = f"{tick:.0e}".split("e")
        ten = "" if int(power) == 0 else f"10^{{{int(power)}}}"
        labels[tick] = f"${'' if digit == '1' and ten else digit}{ten}$"
        if ten and digit != "1":
            labels[tick] = rf"${digit}\times {ten}$"
    return labels


def _draw_settled(axes: Axes, settled: Settled, **more: Any) -> None:
    panel = settled.panel
    set_ticks(axes, "x", settled.x)  # first, so that matplotlib does not look for limits
    set_ticks(axes, "y", settled.y)
    handles = draw_items(axes, panel.items, settled.names, **more)
    axes.grid(alpha=0.25, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.set_xlabel(text(settled.x.label))
    axes.set_ylabel(text(settled.y.label))
    if panel_hides_ticks(settled):
        axes.tick_params(labelbottom=False)
    if settled.legend != "none":
        _draw_legend(axes, settled, handles)


def panel_hides_ticks(settled: Settled) -> bool:
    """Whether the numbers of its x axis are on a panel below it."""
    return bool(settled.panel.x_label) and not settled.x.label


def _draw_legend(axes: Axes, settled: Settled, handles: Sequence[Any]) -> None:
    place: dict[str, Any] = {"loc": settled.legend}
    if settled.legend == "above":
        place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "columnspacing": 1.2,
                 "ncols": settled.legend_columns}  # fmt: skip
    title = settled.panel.legend_title
    axes.legend(
        handles=handles, title=None if title is None else text(title), handlelength=2.6,
        borderaxespad=0.3, framealpha=0.85, edgecolor="none", **place,
    )  # fmt: skip


def _label(said: str | None) -> str | None:
    if said is not None and said.startswith("_"):  # matplotlib would leave it out
        said = rf"$\_${said[1:]}"
    return None if said is None else text(said)


def _draw_region(axes: Axes, region: Band | Span) -> Any:
    look: dict[str, Any] = {"color": region.color, "linewidth": 0.0, "label": _label(region.label)}
    if isinstance(region, Band):
        return axes.fill_between(region.x, region.low, region.high, alpha=region.opacity, **look)
    fill = axes.axvspan if region.axis == "x" else axes.axhspan
    return fill(region.low, region.high, zorder=0.5, **look)


def _draw_line(axes: Axes, line: Line, **more: Any) -> Any:
    look: dict[str, Any] = {"label": _label(line.label), "linewidth": line.width}
    if line.color is not None:
        look["color"] = line.color
    if line.dash is not None and DASHES[line.dash]:
        look["linestyle"] = (0.0, DASHES[line.dash])
    if line.legend_marker is not None:
        axes.plot(line.x, line.y, **{**look, "label": None})
        (shown,) = axes.plot([], [], marker=_MARKERS[line.legend_marker], markerfacecolor="white",
                             markersize=4.0, **look)  # fmt: skip
    else:
        (shown,) = axes.plot(line.x, line.y, **{**look, **more})
    return shown


def _draw_points(axes: Axes, points: Points) -> Any:
    hollow = "none" if points.marker == "ring" else "white"
    return axes.errorbar(
        points.x, points.y, yerr=points.error, fmt=_MARKERS[points.marker or "circle"],
        color=points.color, markersize=points.size, capsize=1.8, elinewidth=0.9,
        markerfacecolor=points.color if points.filled else hollow, markeredgewidth=0.9,
        label=_label(points.label), zorder=3.0,
    )  # fmt: skip


def _draw_threshold(axes: Axes, threshold: Threshold, side: str, where: str) -> None:
    across = threshold.axis == "x"
    line = axes.axvline if across else axes.axhline
    look: dict[str, Any] = {"color": threshold.color, "linewidth": 0.8, "zorder": 1.5}
    if DASHES[threshold.dash]:
        look["linestyle"] = (0.0, DASHES[threshold.dash])
    line(threshold.value, **look)
    if not threshold.label:
        return
    at: dict[str, Any] = {"xy": (1.0, threshold.value), "xycoords": ("axes fraction", "data"),
                          "xytext": (-2, 2), "ha": "right", "va": "bottom"}  # fmt: skip
    if across:
        left = side == "left"
        up = {"top": 1.0, "middle": 0.5, "bottom": 0.0}[where]
        at = {"xy": (threshold.value, up), "xycoords": ("data", "axes fraction"), "rotation": 90,
              "xytext": (-2 if left else 2, 2 - 4 * up), "ha": "right" if left else "left",
              "va": "center" if where == "middle" else where}  # fmt: skip
    axes.annotate(text(threshold.label), textcoords="offset points", fontsize=_SMALL,
                  color=GREY, **at)  # fmt: skip


def _draw_note(axes: Axes, note: Note) -> None:
    offset = {"left": (-4, 0), "right": (4, 0), "above": (0, 3), "below": (0, -3)}[note.side]
    beside = note.side in ("left", "right")
    axes.annotate(
        text(note.text), (note.x, note.y), xytext=offset, textcoords="offset points",
        ha=_OPPOSITE[note.side] if beside else "center",
        va="center" if beside else _OPPOSITE[note.side], color=note.color, fontsize=_SMALL,
    )  # fmt: skip
