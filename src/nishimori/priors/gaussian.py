"""Standard normal weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nishimori.latex import Symbol
from nishimori.priors.base import Denoised, FloatArray, Prior

__all__ = ["Gaussian"]


@dataclass(frozen=True)
class Gaussian(Prior):
    r"""a ~ N(0, 1), of unit second moment.

    Notes
    -----
    .. math:: v = \frac1{1 + r}, \qquad \psi = \tfrac12 [r - \ln(1 + r)].

    Examples
    --------
    >>> import nishimori as nm
    >>> mmse, psi = nm.priors.Gaussian().denoise(3.0)
    >>> print(f"{mmse:.12f} {psi:.12f}")
    0.250000000000 0.806852819440
    """

    def latex_law(self) -> str:
        return r"a &\sim \mathcal{N}(0, 1)"

    def latex_overlap(self) -> tuple[str, ...]:
        return (
            r"q &= \frac{r}{1 + r}",
            r"v &= \frac{1}{1 + r}",
            r"\psi &= \tfrac12 \left[ r - \ln(1 + r) \right]",
        )

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return ()

    def evaluate(self, conjugate: FloatArray) -> Denoised:
        r = conjugate
        mmse = 1.0 / (1.0 + r)
        with np.errstate(invalid="ignore"):
            overlap = np.where(r < np.inf, r * mmse, 1.0)
        with np.errstate(invalid="ignore"):
            growth = np.log1p(r)
            psi = np.where(r < np.inf, 0.5 * (r - growth), np.inf)
        deficit = 0.5 * (growth - overlap)
        small = np.flatnonzero(r < 0.25)
        if small.size:  # differences that cancel
            x = r[small]
            psi[small] = 0.5 * _log_gap(x)
            # ln(1 + r) - r/(1 + r) = -[ln(1 - q) + q], q = r/(1 + r)
            deficit[small] = 0.5 * _log_gap(-x / (1.0 + x))
        return Denoised(overlap, mmse, psi, deficit, overlap, mmse)


def _log_gap(x: FloatArray) -> FloatArray:
    """x - ln(1 + x) for abs(x) <= 1/4, with relative accuracy."""
    # with y = x/(2 + x): ln(1 + x) = 2 artanh(y), x = 2y/(1 - y)
    y = x / (2.0 + x)
    square = y * y
    tail = np.zeros_like(x)
    for n in range(17, 1, -2):
        tail = tail * square + 1.0 / n
    return 2.0 * (square / (1.0 - y) - y * square * tail)
