"""Results that travel: to data frames, data sets, CSV, JSON, LaTeX and PGFPlots."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nishimori.errors import BadArgument

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.axes import Axes

    from nishimori.results.origin import Origin

__all__ = ["Travels", "one_axes"]

PathLike = str | os.PathLike[str]


class Travels:
    """What every result can be written as, given that it has ``rows()`` and perhaps an `origin`.

    Whatever is written carries the call that made the numbers (its `origin`), the version of the
    package, and a command that makes them again; `nishimori.export.reproduce` reads it back.
    """

    table_columns: ClassVar[tuple[str, ...]] = ()
    """What a LaTeX table shows; by default every column of numbers."""
    marks_only: ClassVar[bool] = False
    """Whether no line joins its points."""

    @property
    def index_name(self) -> str:
        """The column that the others are functions of."""
        return "alpha"

    @property
    def origin(self) -> Origin | None:
        """The call that made it, where text can repeat that call."""
        return None

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """Those of `table_columns` that this result has something to show in."""
        return self.table_columns

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point, as the exports write them."""
        raise NotImplementedError

    @property
    def more(self) -> dict[str, Any]:
        """What its JSON says beside the rows."""
        return {}

    def to_pandas(self) -> pandas.DataFrame:
        """A data frame (extra ``data``): a row per point, a column per quantity.

        The status is its label. ``attrs`` has the version, the expression and the command.

        Raises
        ------
        OutputError
            If pandas is not installed.
        """
        from nishimori.export.portable import to_frame

        return to_frame(self)

    def to_xarray(self) -> xarray.Dataset:
        """A data set (extra ``data``): a variable per quantity, of the shape of the result.

        Where alpha and the regularization each vary along an axis of their own, they are the
        coordinates of these axes. Quantiles are one variable with a dimension ``probability``.

        Raises
        ------
        OutputError
            If xarray is not installed.
        """
        from nishimori.export.portable import to_dataset

        return to_dataset(self)

    def to_csv(self, path: PathLike | None = None, *, force: bool = False) -> str:
        """CSV to the last digit, then comment lines (``#``) that say how it was made.

        ``pandas.read_csv(path, comment="#")`` and ``numpy.genfromtxt(path, delimiter=",",
        names=True)`` read it.

        Parameters
        ----------
        path : path, optional
            Where to write it too.
        force : bool, default False
            Whether a file that exists is overwritten.

        Returns
        -------
        str

        Raises
        ------
        OutputError
            If the file exists or cannot be written.
        """
        from nishimori.export.portable import csv_text, write_text

        return write_text(csv_text(self), path, force)

    def to_json(self, path: PathLike | None = None, *, force: bool = False) -> str:
        """JSON to the last digit, with what made it; what is not finite is null.

        Arguments and errors as in `to_csv`.
        """
        from nishimori.export.portable import json_text, write_text

        return write_text(json_text(self), path, force)

    def to_pgfplots(
        self,
        path: PathLike,
        *,
        quantity: str | Sequence[str] = "test_error",
        force: bool = False,
    ) -> tuple[str, str]:
        r"""A picture for LaTeX: ``path.tex``, which compiles as it is, and ``path.dat``.

        Points that failed are left out. In a document that loads pgfplots, ``\input`` puts the
        picture there, in its fonts.

        Parameters
        ----------
        path : path
            Without extension; ``.tex`` and ``.dat`` are taken off.
        quantity : str or sequence of str, default "test_error"
            Columns to draw. Where the result has no such column, its first one; a `PhaseDiagram`
            and a `Comparison` are then drawn as `nishimori.figures` draws them.
        force : bool, default False
            Whether files that exist are overwritten.

        Returns
        -------
        tuple of str
            The names of the two files.

        Raises
        ------
        UnknownName
            If there is no such column.
        OutputError
            If a file exists or cannot be written.
        """
        from nishimori.export.pgfplots import pgfplots_files

        return pgfplots_files(self, path, quantity=quantity, force=force)

    def to_latex_table(
        self,
        path: PathLike | None = None,
        *,
        columns: Sequence[str] | None = None,
        digits: int = 6,
        booktabs: bool = True,
        force: bool = False,
    ) -> str:
        r"""A LaTeX tabular, with what made it as comments.

        Parameters
        ----------
        path : path, optional
            Where to write it too.
        columns : sequence of str, optional
            Those of ``rows()``; by default the ones that matter most.
        digits : int, default 6
            Significant digits, from 1 to 17.
        booktabs : bool, default True
            Rules of the package booktabs, or ``\hline``.
        force : bool, default False
            Whether a file that exists is overwritten.

        Returns
        -------
        str

        Raises
        ------
        BadArgument, UnknownName
            If there is no such column, or so many digits.
        OutputError
            If the file exists or cannot be written.
        """
        from nishimori.export.latex_tables import latex_table
        from nishimori.export.portable import write_text

        text = latex_table(self, columns, digits=digits, booktabs=booktabs)
        return write_text(text, path, force)


def one_axes(ax: Axes | None, axes: Axes | None) -> Axes | None:
    """The axes that were given, by either name."""
    if ax is not None and axes is not None:
        raise BadArgument("plot: ax and axes are the same argument; give one of them")
    found: Any = axes if ax is None else ax
    if found is not None and not (hasattr(found, "plot") and hasattr(found, "set_xlabel")):
        name = "axes" if ax is None else "ax"
        said = " ".join(repr(found).split())
        raise BadArgument(f"plot: {name} must be matplotlib axes, got {said:.60}")
    chosen: Axes | None = found
    return chosen
