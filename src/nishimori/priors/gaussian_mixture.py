"""Weights drawn from one of several Gaussians."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nishimori.errors import BadArgument
from nishimori.latex import Symbol, numbers
from nishimori.priors.base import Denoised, FloatArray, Prior
from nishimori.priors.mixtures import (
    evaluate_mixture,
    require_list,
    require_weights,
    root_of_moment,
    shannon_entropy,
)

__all__ = ["GaussianMixture"]


@dataclass(frozen=True, init=False)
class GaussianMixture(Prior):
    """a ~ N(means[k], variances[k]) with probability weights[k], rescaled to unit second moment.

    Parameters
    ----------
    means, variances, weights : sequence of float
        Of one length; variances >= 0 (0 makes an atom), weights of sum 1.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.priors.GaussianMixture([-1.0, 1.0], [3.0, 3.0], [0.5, 0.5])
    GaussianMixture(means=(-0.5, 0.5), variances=(0.75, 0.75), weights=(0.5, 0.5))
    """

    means: tuple[float, ...]
    variances: tuple[float, ...]
    weights: tuple[float, ...]

    def __init__(
        self, means: Sequence[float], variances: Sequence[float], weights: Sequence[float]
    ) -> None:
        owner = "GaussianMixture"
        centres = require_list("means", means, owner)
        spreads = require_list("variances", variances, owner)
        if spreads.size != centres.size:
            raise BadArgument(
                f"{owner}: {centres.size} means need {centres.size} variances, got {spreads.size}"
            )
        if (spreads < 0.0).any():
            raise BadArgument(f"{owner}: variances must be at least 0, got {spreads.min():g}")
        shares = require_weights(weights, centres.size, owner)
        kept = shares > 0.0
        centres, spreads, shares = centres[kept], spreads[kept], shares[kept]
        second_moment = float(shares @ (centres**2 + spreads))
        if second_moment == 0.0:
            raise BadArgument(f"{owner}: the second moment is 0; some weight must not vanish")
        scale = root_of_moment(second_moment)
        object.__setattr__(self, "means", tuple((centres / scale).tolist()))
        object.__setattr__(self, "variances", tuple((spreads / scale**2).tolist()))
        object.__setattr__(self, "weights", tuple(shares.tolist()))

    def latex_law(self) -> str:
        return r"a &\sim \sum_k w_k\, \mathcal{N}(\mu_k, \tau_k)"

    def latex_posterior_mean(self) -> str:
        weight = r"w_k\, \mathcal{N}(Y; \sqrt{r}\,\mu_k, 1 + r \tau_k)"
        mean = r"\frac{\mu_k + \sqrt{r}\,\tau_k Y}{1 + r \tau_k}"
        return rf"\frac{{\sum_k {weight}\, {mean}}}{{\sum_k {weight}}}"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (
            *super().latex_symbols(),
            Symbol(r"\mu_k", "the means of the components", f"({numbers(self.means)})"),
            Symbol(r"\tau_k", "their variances", f"({numbers(self.variances)})"),
            Symbol("w_k", "their probabilities", f"({numbers(self.weights)})"),
        )

    @property
    def information_limit(self) -> float:
        if any(self.variances):
            return math.inf
        return shannon_entropy(np.array(self.weights))

    @property
    def mean(self) -> float:
        return float(np.dot(self.weights, self.means))

    def evaluate(self, conjugate: FloatArray) -> Denoised:
        parts = (np.array(part) for part in (self.means, self.variances, self.weights))
        return evaluate_mixture(conjugate, *parts)

    def __str__(self) -> str:
        return f"gaussianmixture:{len(self.means)} components"
