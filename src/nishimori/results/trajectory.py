"""State evolution as a time series."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status
from nishimori.results.origin import Origin
from nishimori.results.travel import Travels, one_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Trajectory"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Trajectory(Travels):
    """State evolution of message passing: arrays over the iterations, the start included.

    Attributes
    ----------
    alpha : float
        Sample ratio n/d.
    iteration : ndarray of int
        0 is the start.
    overlap, mmse, conjugate, test_error : ndarray
        As in `State`; ``conjugate[t]`` gave ``overlap[t]``.
    status : Status
        A failure if a step was not a number (NaN from there on) or its integral not resolved. It
        does not say that the iteration has come to rest: `iterations_to` does.
    """

    alpha: float
    iteration: NDArray[np.int_]
    overlap: FloatArray
    mmse: FloatArray
    conjugate: FloatArray
    test_error: FloatArray
    status: Status = Status.CONVERGED
    origin: Origin | None = field(default=None, compare=False, repr=False)

    references: ClassVar[tuple[str, ...]] = ("barbier2019",)
    index_name = "iteration"
    table_columns = ("iteration", "overlap", "mmse", "conjugate", "test_error")

    def __len__(self) -> int:
        return self.iteration.size

    def rows(self) -> list[dict[str, Any]]:
        """One dict per iteration."""
        names = ("overlap", "mmse", "conjugate", "test_error")
        columns = [getattr(self, name).tolist() for name in names]
        return [
            {
                "alpha": self.alpha,
                "iteration": step,
                **dict(zip(names, values, strict=True)),
                "status": self.status.label,
            }
            for step, *values in zip(self.iteration.tolist(), *columns, strict=True)
        ]

    def plot(
        self,
        ax: Axes | None = None,
        *,
        axes: Axes | None = None,
        quantity: str = "mmse",
        **style: Any,
    ) -> Axes:
        """Draw `quantity` against the iteration (extra ``plot``); returns the axes."""
        from nishimori.export.pictures import draw_columns

        return draw_columns(self, one_axes(ax, axes), quantity=quantity, **style)

    def __repr__(self) -> str:
        last = f"mmse {self.mmse[0]:.8g} to {self.mmse[-1]:.8g}" if len(self) else "no points"
        return f"<Trajectory at alpha = {self.alpha:g}: {len(self)} points, {last}>"

    def _repr_html_(self) -> str:
        from nishimori.export.html import trajectory_html

        return trajectory_html(self)

    def iterations_to(self, tolerance: float = 1e-3) -> int | None:
        """The first iteration whose mmse is within a relative `tolerance` of the last one's.

        None if that is only the last one itself: then the trajectory was too short to tell.
        """
        gap = np.abs(self.mmse - self.mmse[-1])
        near = np.flatnonzero(gap <= tolerance * self.mmse[-1])
        first = int(near[0])
        return first if first < len(self) - 1 else None
