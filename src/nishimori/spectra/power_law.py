"""Eigenvalues that fall as a power of their rank."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nishimori.arguments import as_float
from nishimori.errors import BadArgument
from nishimori.latex import Symbol
from nishimori.spectra.base import FloatArray, Spectrum
from nishimori.spectra.compression import compress

__all__ = ["PowerLaw"]

_LARGEST = 10**8


@dataclass(frozen=True)
class PowerLaw(Spectrum):
    r"""Eigenvalues proportional to k^-exponent, k = 1, ..., dimension, rescaled to mean 1.

    Parameters
    ----------
    exponent : float
        Finite; at 0 the inputs are isotropic.
    dimension : int
        How many eigenvalues, from 1 to 10^8. It shapes the law of the eigenvalues only: the
        equations are those of the limit in which the inputs' dimension is infinite.

    Raises
    ------
    BadArgument
        If `exponent` is not finite, or `dimension` no whole number of at least 1.

    Notes
    -----
    .. math:: s_k = \frac{k^{-\beta}}{\frac1d \sum_{j=1}^d j^{-\beta}}, \qquad
              \frac1d \sum_k s_k = 1.

    Examples
    --------
    >>> import nishimori as nm
    >>> spectrum = nm.spectra.PowerLaw(exponent=1.5, dimension=64)
    >>> print(f"{spectrum.values[0]:.12f} {spectrum.mean:.12f}")
    27.080225757442 1.000000000000
    """

    exponent: float
    dimension: int

    def __post_init__(self) -> None:
        exponent, dimension = _number(self.exponent), _number(self.dimension)
        if not math.isfinite(exponent):
            raise BadArgument(f"PowerLaw: exponent must be a finite number, got {self.exponent!r}")
        if not (1.0 <= dimension <= _LARGEST and dimension == round(dimension)):
            raise BadArgument(
                f"PowerLaw: dimension must be a whole number from 1 to 10^8, got {self.dimension!r}"
            )
        object.__setattr__(self, "exponent", exponent)
        object.__setattr__(self, "dimension", int(dimension))

    def latex_law(self) -> str:
        mean = r"\frac{1}{N} \sum_{j=1}^{N} j^{-\beta}"
        average = r"\langle g(s) \rangle_s &= \frac{1}{N} \sum_{k=1}^{N} g(s_k)"
        return rf"{average}, \qquad s_k = \frac{{k^{{-\beta}}}}{{{mean}}}"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (
            *super().latex_symbols(),
            Symbol(r"\beta", "the exponent of their decay", self.exponent),
            Symbol("N", "how many eigenvalues shape their law", float(self.dimension)),
        )

    @property
    def values(self) -> FloatArray:
        """The eigenvalues, s_1 first."""
        rank = np.arange(1.0, self.dimension + 1.0)
        with np.errstate(under="ignore"):
            raw = (rank if self.exponent >= 0.0 else rank / self.dimension) ** -self.exponent
            scaled: FloatArray = raw / np.mean(raw)
        return scaled

    @property
    def mean(self) -> float:
        """tr(Sigma)/d = 1, by construction."""
        return 1.0

    @cached_property
    def _rule(self) -> tuple[FloatArray, FloatArray]:
        return compress(self.values, np.full(self.dimension, 1.0 / self.dimension))

    def __str__(self) -> str:
        return f"power_law:exponent={self.exponent:g}:dimension={self.dimension}"


def _number(value: object) -> float:
    try:
        return as_float("value", value, "PowerLaw")
    except BadArgument:
        return math.nan
