"""What is recorded along the way of an iteration, as a result that travels."""

from __future__ import annotations

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

    def rows(self) -> list[dict[str, Any]]:
        """One dict per iteration."""
        columns = [getattr(self, name).tolist() for name in self.tracks]
        if self.index_name not in self.tracks:
            columns.insert(0, list(range(len(columns[0]))))
        names = [self.index_name, *(name for name in self.tracks if name != self.index_name)]
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]

    def plot(
        self,
        ax: Axes | None = None,
        *,
        axes: Axes | None = None,
        quantity: str | None = None,
        **style: Any,
    ) -> Axes:
        """Draw one of the arrays against the iteration (extra ``plot``); returns the axes."""
        from nishimori.export.pictures import draw_columns

        shown = self.table_columns[0] if quantity is None else quantity
        return draw_columns(self, one_axes(ax, axes), quantity=shown, **style)
