"""What is recorded along the way of an iteration, as a result that travels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from nishimori.results.travel import Travels, one_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Tracks"]


class Tracks(Travels):
    """Arrays over the iterations, the start included, by the names of `tracks`.

    They come from data, which a file of them does not hold: it cannot be computed again.
    """

    index_name = "iteration"
    tracks: ClassVar[tuple[str, ...]]

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """Without what is not known, such as the overlap with weights that were not given."""
        rows = self.rows()
        return tuple(
            name for name in self.table_columns if any(math.isfinite(row[name]) for row in rows)
        )

    def rows(self) -> list[dict[str, Any]]:
        """One dict per iteration."""
        columns = [getattr(self, name).tolist() for name in self.tracks]
        if self.index_name not in self.tracks:
            columns.insert(0, list(range(len(columns[0]))))
        names = [self.index_name, *(name for name in self.tracks if name != self.index_name)]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]

    def _repr_html_(self) -> str:
        from nishimori.export.html import tracks_html

        return tracks_html(self)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        axes: Axes | None = None,
        quantity: str | None = None,
        **style: Any,
    ) -> Axes:
        """Draw one of the arrays against the iteration (extra ``plot``); returns the axes.

        By default the first one that is known of those that a table shows.
        """
        from nishimori.export.pictures import draw_columns

        if quantity is None:
            known = [name for name in self.shown_columns if name != self.index_name]
            quantity = (known or self.table_columns)[0]
        return draw_columns(self, one_axes(ax, axes), quantity=quantity, **style)
