"""Gaussian weights in the eigenbasis of the inputs' covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nishimori.latex import Symbol
from nishimori.priors.base import Denoised, FloatArray, Prior

__all__ = ["SpectralGaussian"]


@dataclass(frozen=True, eq=False)
class SpectralGaussian(Prior):
    r"""One Gaussian denoising problem per eigenvalue, averaged; of second moment tau = mean s.

    Parameters
    ----------
    nodes, weights : ndarray
        Eigenvalues s_k >= 0 and their shares.

    Notes
    -----
    With means over the spectrum, and q + v = tau:

    .. math:: q = \Big\langle \frac{r s^2}{1 + r s} \Big\rangle, \quad
              v = \Big\langle \frac{s}{1 + r s} \Big\rangle, \quad
              \psi = \tfrac12 \langle r s - \ln(1 + r s) \rangle .

    Examples
    --------
    >>> import nishimori as nm
    >>> mmse, _ = nm.spectra.Eigenvalues([0.5, 1.5]).gaussian_prior().denoise(2.0)
    >>> print(f"{mmse:.12f}")
    0.312500000000
    """

    nodes: FloatArray
    weights: FloatArray

    def latex_law(self) -> str:
        return r"a &\sim \mathcal{N}(0, 1)"

    def latex_overlap(self) -> tuple[str, ...]:
        return (
            r"q &= \left\langle \frac{r s^2}{1 + r s} \right\rangle_s",
            r"v &= \left\langle \frac{s}{1 + r s} \right\rangle_s",
            r"\psi &= \tfrac12 \left\langle r s - \ln(1 + r s) \right\rangle_s",
        )

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return ()

    def evaluate(self, conjugate: FloatArray) -> Denoised:
        from nishimori._kernels import spectral

        r = np.ascontiguousarray(conjugate)
        overlap, mmse, psi, deficit, change = spectral.gaussian(r, self.nodes, self.weights)
        with np.errstate(divide="ignore", invalid="ignore"):
            mmse_slope = np.where(mmse > 0.0, change / mmse, 1.0)
            overlap_slope = np.where(overlap > 0.0, change / overlap, 1.0)
        return Denoised(overlap, mmse, psi, deficit, mmse_slope, overlap_slope)

    def __str__(self) -> str:
        return "gaussian"
