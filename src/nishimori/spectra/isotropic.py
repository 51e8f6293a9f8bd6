"""Inputs with independent components of unit variance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nishimori.latex import Symbol
from nishimori.priors import Gaussian, Prior
from nishimori.spectra.base import FloatArray, Spectrum

__all__ = ["Isotropic"]


@dataclass(frozen=True)
class Isotropic(Spectrum):
    """x ~ N(0, I_d).

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.spectra.Isotropic().mean
    1.0
    """

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return ()

    @property
    def mean(self) -> float:
        """tr(Sigma)/d."""
        return 1.0

    @cached_property
    def _rule(self) -> tuple[FloatArray, FloatArray]:
        return np.ones(1), np.ones(1)

    def gaussian_prior(self) -> Prior:
        """Standard normal weights."""
        return Gaussian()

    def __str__(self) -> str:
        return "isotropic"
