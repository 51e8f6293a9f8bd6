"""State evolution as a time series."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status
from nishimori.results.origin import Origin

__all__ = ["Trajectory"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Trajectory:
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

    def __len__(self) -> int:
        return self.iteration.size

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
