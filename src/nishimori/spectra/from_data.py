"""The spectrum of a data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nishimori.arguments import require_array
from nishimori.errors import BadArgument
from nishimori.spectra.base import FloatArray
from nishimori.spectra.eigenvalues import Eigenvalues

__all__ = ["data_matrix", "from_data"]

_ROUNDING = 1e-12


def from_data(data: ArrayLike) -> Eigenvalues:
    r"""The eigenvalues of the inputs' covariance, estimated from samples.

    Parameters
    ----------
    data : array_like, shape (samples, d)
        Centre the columns first, where the student has no intercept.

    Returns
    -------
    Eigenvalues
        Of :math:`X^T X/n`, not rescaled; those below 1e-12 of the largest are 0.

    Raises
    ------
    BadArgument
        If `data` is not a finite matrix of more samples than columns.

    Notes
    -----
    The data set stands for the population. Of a population behind it, the sample's eigenvalues
    are spread by a relative :math:`2 \sqrt{d/n}`; many samples a column are needed.

    Examples
    --------
    >>> import numpy as np, nishimori as nm
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> nm.spectra.from_data(x).values.tolist()
    [0.5, 2.0]
    """
    x = data_matrix("data", data, "spectra.from_data")
    values = np.linalg.eigvalsh(x.T @ x / x.shape[0])
    return Eigenvalues(np.where(values > _ROUNDING * values[-1], values, 0.0))


def data_matrix(name: str, data: ArrayLike, owner: str) -> FloatArray:
    """A finite matrix of more samples than columns, or a sentence."""
    x = require_array(name, data, owner)
    if x.ndim != 2 or x.size == 0:
        raise BadArgument(
            f"{owner}: {name} must be a matrix of shape (samples, columns), got shape {x.shape}"
        )
    if not np.isfinite(x).all():
        raise BadArgument(f"{owner}: {name} must be finite; it holds NaN or infinity")
    if x.shape[0] <= x.shape[1]:
        raise BadArgument(
            f"{owner}: {name} must have more samples than columns to know their covariance, got "
            f"{x.shape[0]} samples of {x.shape[1]}"
        )
    if not x.any():
        raise BadArgument(f"{owner}: {name} is 0 everywhere")
    return x
