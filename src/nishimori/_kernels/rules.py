"""Gauss-Legendre rules, each made once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["gauss_legendre"]


@cache
def gauss_legendre(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights on [-1, 1]; shared, so not to be written to."""
    return np.polynomial.legendre.leggauss(count)
