"""The variances of real inputs, component by component, under a spectrum of their covariance."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import BadArgument
from nishimori.spectra import Eigenvalues, Isotropic, MarchenkoPastur, PowerLaw, Spectrum

__all__ = ["input_variances"]

FloatArray = NDArray[np.float64]


@singledispatch
def input_variances(spectrum: Spectrum, dimension: int, rng: np.random.Generator) -> FloatArray:
    """Eigenvalues of a covariance of this dimension; its eigenvectors are the coordinates.

    All that a network with rotation-invariant weights sees of a covariance are its eigenvalues.
    """
    raise BadArgument(f"simulate: inputs with {type(spectrum).__name__} cannot be drawn")


@input_variances.register
def _(spectrum: Isotropic, dimension: int, rng: np.random.Generator) -> FloatArray:
    return np.ones(dimension)


@input_variances.register
def _(spectrum: Eigenvalues, dimension: int, rng: np.random.Generator) -> FloatArray:
    order = np.argsort(spectrum.values, kind="stable")
    return _quantiles(spectrum.values[order], spectrum.shares[order], dimension)


@input_variances.register
def _(spectrum: PowerLaw, dimension: int, rng: np.random.Generator) -> FloatArray:
    values = np.sort(spectrum.values)
    return _quantiles(values, np.full(values.size, 1.0 / values.size), dimension)


@input_variances.register
def _(spectrum: MarchenkoPastur, dimension: int, rng: np.random.Generator) -> FloatArray:
    latent = max(round(dimension / spectrum.ratio), 1)
    matrix = rng.standard_normal((latent, dimension)) / math.sqrt(latent)
    singular = np.linalg.svd(matrix, compute_uv=False)
    return np.concatenate([np.square(singular), np.zeros(dimension - singular.size)])


def _quantiles(values: FloatArray, shares: FloatArray, count: int) -> FloatArray:
    """`count` equally likely values: those at the middles of `count` equal shares."""
    ends = np.cumsum(shares)
    middles = (np.arange(count) + 0.5) / count * ends[-1]
    return values[np.searchsorted(ends, middles)]
