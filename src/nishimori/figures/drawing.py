"""A figure: panels, a size, and the files it can be written to."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nishimori.arguments import require_integer, shown
from nishimori.errors import BadArgument, OutputError
from nishimori.figures.description import Panel
from nishimori.figures.layout import height_of_legends
from nishimori.figures.sizes import columns_of, dimensions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Drawing"]

_PICTURES = (".pdf", ".png", ".svg", ".eps")


@dataclass(frozen=True, eq=False, repr=False)
class Drawing:
    """A figure that is drawn when it is looked at or saved.

    Attributes
    ----------
    panels : sequence of Panel
        In rows, from left to right.
    columns : int, optional
        Panels in a row, by default as many as are 1.5 in wide.
    size : str, float or pair of float, default "column"
        One of ``"column"`` (3.375 in, of two), ``"wide"`` (7 in, both columns), ``"icml"``,
        ``"icml wide"``, ``"neurips"``, ``"jmlr"``; or a width, or width and height, in inches, of
        1.2 x 1 at least and 1 x 0.6 for each panel.
    title : str, optional
    results : mapping of str
        What is drawn, by name: files say how it is made again.

    Examples
    --------
    >>> import nishimori as nm
    >>> curve = nm.GLM(nm.channels.Sign()).learning_curve([0.5, 1.0, 2.0])
    >>> drawing = nm.figures.learning_curves({"Bayes-optimal": curve})
    >>> drawing
    <Drawing of 1 panel, 3.38 x 2.43 in>
    """

    panels: Sequence[Panel]
    columns: int | None = None
    size: str | float | tuple[float, float] = "column"
    title: str | None = None
    results: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        panels = (self.panels,) if isinstance(self.panels, Panel) else tuple(self.panels)
        if not panels or not all(isinstance(panel, Panel) for panel in panels):
            raise BadArgument(f"Drawing: panels must be Panel objects, got {shown(self.panels)}")
        columns = columns_of(self.size, len(panels)) if self.columns is None else self.columns
        columns = require_integer("columns", columns, "Drawing", 1, len(panels))
        object.__setattr__(self, "panels", panels)
        object.__setattr__(self, "columns", columns)
        dimensions(self.size, [panel.weight for panel in panels], columns)

    @cached_property
    def dimensions(self) -> tuple[float, float]:
        """Width and height in inches; legends above panels add to a height that is not given."""
        columns = self.columns or 1
        across, up = dimensions(self.size, [p.weight for p in self.panels], columns)
        if not isinstance(self.size, tuple | list):
            up += height_of_legends(self.panels, columns, (across, up))
        return across, up

    @cached_property
    def figure(self) -> Figure:
        """The matplotlib figure, drawn at first use."""
        from nishimori.export.provenance import register
        from nishimori.figures.with_matplotlib import render

        figure = render(self)
        register(figure, self.document)
        return figure

    @property
    def axes(self) -> list[Axes]:
        """Of `figure`, one for each panel."""
        return self.figure.axes

    def save(
        self, path: str | os.PathLike[str], *, force: bool = False, dpi: float = 300.0
    ) -> None:
        r"""Write a file in the format of its extension: .pdf, .png, .svg, .eps, or .tex.

        A picture holds, as metadata, the calls that make its results again. ``NAME.tex`` is
        written with ``NAME.dat``: a PGFPlots picture of the same lines, markers, bars and labels.
        It compiles by itself, and as it is can be ``\input`` into a paper that loads ``pgfplots``
        and its library ``groupplots``.

        Parameters
        ----------
        path : str or path
        force : bool, default False
            Whether to overwrite files that exist.
        dpi : float, default 300
            Of a .png.

        Raises
        ------
        OutputError
            If a file exists or cannot be written, or the extension is none of these; nothing
            half-written is left behind.
        BadArgument
            If `path` is no path.
        """
        from nishimori.export.files import refuse_existing, write_new

        try:
            path = os.fspath(path)
        except TypeError:
            raise BadArgument(f"save: path must be a str or a path, got {shown(path)}") from None
        if not isinstance(path, str):
            raise BadArgument(f"save: path must be a str or a path, got {shown(path)}")
        stem, extension = os.path.splitext(path)
        if extension.lower() == ".tex":
            from nishimori.figures.tex_files import require_readable_name
            from nishimori.figures.with_pgfplots import source

            require_readable_name(stem)
            for target in (path, stem + ".dat"):
                refuse_existing(target, force)
            tex, dat = source(self, os.path.basename(stem))
            write_new(stem + ".dat", dat.encode(), force=force)
            write_new(path, tex.encode(), force=force)
        elif extension.lower() in _PICTURES:
            from nishimori.export.plots import save_figure
            from nishimori.figures.with_matplotlib import style

            refuse_existing(path, force)
            with style():
                save_figure(self.figure, path, force=force, document=self.document, dpi=dpi)
        else:
            raise OutputError(
                f"cannot draw {path!r}: its extension must be one of {', '.join(_PICTURES)}, .tex"
            )

    def _repr_png_(self) -> bytes:
        from nishimori.figures.with_matplotlib import style

        content = io.BytesIO()
        with style():
            self.figure.savefig(content, format="png", dpi=150)
        return content.getvalue()

    @property
    def document(self) -> dict[str, Any]:
        """What a file says about itself: the version, and the call behind each result."""
        from nishimori.export.provenance import describe

        known = {
            name: result
            for name, result in self.results.items()
            if hasattr(result, "origin") and hasattr(result, "rows")
        }
        return describe(known)

    def __repr__(self) -> str:
        count = len(self.panels)
        width, height = self.dimensions
        plural = "" if count == 1 else "s"
        return f"<Drawing of {count} panel{plural}, {width:.2f} x {height:.2f} in>"
