"""Sparse weights: zero, or Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nishimori.errors import BadArgument
from nishimori.latex import Symbol
from nishimori.priors.base import Denoised, FloatArray, Prior
from nishimori.priors.mixtures import evaluate_mixture, require_list

__all__ = ["GaussBernoulli"]


@dataclass(frozen=True)
class GaussBernoulli(Prior):
    """a = 0 with probability 1 - density, else a ~ N(0, 1/density): unit second moment.

    Parameters
    ----------
    density : float
        Share of non-zero weights, in (0, 1].

    Examples
    --------
    >>> import nishimori as nm
    >>> mmse, _ = nm.priors.GaussBernoulli(density=0.1).denoise(2.0)
    >>> print(f"{mmse:.12f}")
    0.102188792804
    """

    density: float

    def __post_init__(self) -> None:
        density = float(require_list("density", self.density, "GaussBernoulli")[0])
        if not 0.0 < density <= 1.0:
            raise BadArgument(f"GaussBernoulli: density must lie in (0, 1], got {density:g}")
        object.__setattr__(self, "density", density)

    def latex_law(self) -> str:
        return r"a &\sim (1 - \rho)\,\delta_0 + \rho\,\mathcal{N}(0, 1/\rho)"

    def latex_posterior_mean(self) -> str:
        share = r"\frac{\rho\,\mathcal{N}(Y; 0, 1 + r/\rho)}"
        total = r"{(1 - \rho)\,\mathcal{N}(Y; 0, 1) + \rho\,\mathcal{N}(Y; 0, 1 + r/\rho)}"
        return rf"\frac{{\sqrt{{r}}\,Y}}{{\rho + r}}\, {share}{total}"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        share = Symbol(r"\rho", "the share of weights that are not 0", self.density)
        return *super().latex_symbols(), share

    def evaluate(self, conjugate: FloatArray) -> Denoised:
        if self.density == 1.0:
            from nishimori.priors.gaussian import Gaussian

            return Gaussian().evaluate(conjugate)
        weights = np.array([1.0 - self.density, self.density])
        return evaluate_mixture(
            conjugate, np.zeros(2), np.array([0.0, 1.0 / self.density]), weights
        )

    def __str__(self) -> str:
        return f"gaussbernoulli:density={self.density:g}"
