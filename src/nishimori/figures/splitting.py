"""Points of an array as the lines that they are drawn as."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["lines_of", "lone"]

FloatArray = NDArray[np.float64]


def lines_of(abscissa: FloatArray) -> NDArray[np.int_]:
    """Places in the flattened array, a row for each line: along the last axis that changes.

    Examples
    --------
    >>> import numpy as np
    >>> alpha = np.array([[0.5, 1.0, 2.0], [0.5, 1.0, 2.0]])
    >>> print(lines_of(alpha).tolist(), lines_of(alpha.T).tolist())
    [[0, 1, 2], [3, 4, 5]] [[0, 2, 4], [1, 3, 5]]
    """
    places: NDArray[np.int_] = np.arange(abscissa.size).reshape(abscissa.shape)
    if abscissa.ndim > 1:
        axes = range(abscissa.ndim)
        changing = [k for k in axes if (np.diff(abscissa, axis=k) != 0.0).any()]
        places = np.moveaxis(places, changing[-1] if changing else -1, -1)
    return places.reshape(-1, places.shape[-1] if places.ndim else 1)


def lone(values: FloatArray) -> NDArray[np.bool_]:
    """Where a value is finite and neither neighbour is: a line does not show it."""
    good = np.isfinite(values)
    return good & ~np.append(good[1:], False) & ~np.append(False, good[:-1])
