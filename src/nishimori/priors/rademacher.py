"""Weights of one bit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nishimori.latex import Symbol
from nishimori.priors.base import Denoised, FloatArray, Prior, denoised

__all__ = ["Rademacher"]


@dataclass(frozen=True)
class Rademacher(Prior):
    r"""a = +1 or -1 with equal probability; of unit second moment.

    Notes
    -----
    .. math:: v = E\, \mathrm{sech}^2(r + \sqrt r z), \quad
              \psi = E \ln \cosh(r + \sqrt r z) - r/2,

    the mmse as an integral of its own, so that :math:`v \sim e^{-r/2}` holds down to 1e-300.

    Examples
    --------
    >>> import nishimori as nm
    >>> mmse, psi = nm.priors.Rademacher().denoise(1.0)
    >>> print(f"{mmse:.12f} {psi:.12f}")
    0.449599509207 0.163169179653
    """

    def latex_law(self) -> str:
        return r"\Pr(a = \pm 1) &= \tfrac12"

    def latex_overlap(self) -> tuple[str, ...]:
        return (
            r"q &= \mathbb{E}_z \tanh(r + \sqrt{r}\,z)",
            r"v &= \mathbb{E}_z \frac{1}{\cosh^2(r + \sqrt{r}\,z)}",
            r"\psi &= \mathbb{E}_z \ln \cosh(r + \sqrt{r}\,z) - \tfrac12 r",
        )

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return ()

    @property
    def information_limit(self) -> float:
        return math.log(2.0)

    def evaluate(self, conjugate: FloatArray) -> Denoised:
        from nishimori._kernels import denoising

        return denoised(conjugate, denoising.two_point(np.ascontiguousarray(conjugate)))
