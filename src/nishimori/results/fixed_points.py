"""Every fixed point of a problem: a list of states that knows where it came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from nishimori.results.bayes import State
from nishimori.results.origin import Origin
from nishimori.results.travel import Travels, one_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FixedPoints"]


class FixedPoints(list[State], Travels):
    """Fixed points of state evolution, stable or not: a list of `State`.

    Attributes
    ----------
    origin : Origin or None
        The call that made it.
    """

    origin: Origin | None = None
    references: ClassVar[tuple[str, ...]] = ("barbier2019",)
    table_columns = ("alpha", "overlap", "mmse", "test_error", "free_entropy", "stable", "status")
    marks_only = True  # several of them at one alpha

    def __init__(self, states: Iterable[State] = (), origin: Origin | None = None) -> None:
        super().__init__(states)
        self.origin = origin

    def rows(self) -> list[dict[str, Any]]:
        """One dict per fixed point."""
        return [state.row() for state in self]

    def _repr_html_(self) -> str:
        from nishimori.export.html import fixed_points_html

        return fixed_points_html(self)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        axes: Axes | None = None,
        quantity: str = "overlap",
        **style: Any,
    ) -> Axes:
        """Draw `quantity` against alpha as points, unstable ones open; returns the axes."""
        from nishimori.export.pictures import draw_points

        return draw_points(self, one_axes(ax, axes), quantity=quantity, **style)
