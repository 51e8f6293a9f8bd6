"""What every spectrum must know about itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.latex import Symbol
from nishimori.priors import Prior
from nishimori.spectra.weights import SpectralGaussian

__all__ = ["Spectrum"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of the covariance of the inputs; a spectrum file gives `mean` and `_rule`.

    The eigenvalues enter every equation through averages of analytic functions of one of them,
    so `nodes` and `weights` are a short quadrature rule for these averages: as good as the
    eigenvalues themselves to 1e-15, and made once.
    """

    references: ClassVar[tuple[str, ...]] = ()

    def latex_law(self) -> str:
        """The law of the eigenvalues s of the inputs' covariance, in LaTeX."""
        return r"\langle g(s) \rangle_s &= \frac{1}{d} \sum_{k=1}^{d} g(s_k)"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        """The letters of the law."""
        return (
            Symbol("s_k", r"the eigenvalues of the inputs' covariance $\Sigma$"),
            Symbol(r"\tau", r"their mean, $q + v = \tau$", self.mean),
        )

    @property
    def mean(self) -> float:
        """tr(Sigma)/d."""
        raise NotImplementedError

    @cached_property
    def _rule(self) -> tuple[FloatArray, FloatArray]:
        raise NotImplementedError

    @property
    def nodes(self) -> FloatArray:
        """Places of the quadrature rule over the eigenvalues, all at least 0."""
        return self._rule[0]

    @property
    def weights(self) -> FloatArray:
        """Weights of `nodes`, of sum 1; of a compressed rule a few can be negative."""
        return self._rule[1]

    @cached_property
    def _prior(self) -> Prior:
        return SpectralGaussian(self.nodes.copy(), self.weights.copy())

    def gaussian_prior(self) -> Prior:
        """The scalar denoising problem of Gaussian weights seen through this spectrum."""
        return self._prior
