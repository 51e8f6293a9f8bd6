"""Eigenvalues of a random covariance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nishimori._kernels.rules import gauss_legendre
from nishimori.arguments import require_positive
from nishimori.latex import Symbol
from nishimori.spectra.base import FloatArray, Spectrum

__all__ = ["MarchenkoPastur"]

_NODES = 20  # per octave
_OCTAVES = 120  # below the largest eigenvalue; what lies lower has a mass below 1e-17


@dataclass(frozen=True)
class MarchenkoPastur(Spectrum):
    r"""Inputs x = A^T g with A a random matrix: the covariance is (1/k) G^T G, of mean 1.

    G is k x d with independent entries N(0, 1), d the dimension of the inputs, both large.

    Parameters
    ----------
    ratio : float
        gamma = d/k > 0; inputs of dimension d built from k latent variables. As it goes to 0 the
        inputs become isotropic; above 1 a share 1 - 1/gamma of the eigenvalues is 0.

    Raises
    ------
    BadArgument
        If `ratio` is not finite and positive.

    Notes
    -----
    With :math:`s_\pm = (1 \pm \sqrt\gamma)^2` the eigenvalues have the density

    .. math:: \rho(s) = \frac{\sqrt{(s_+ - s)(s - s_-)}}{2\pi\gamma s}
              + \max(0, 1 - 1/\gamma) \, \delta(s).

    The rule is Gauss-Legendre in the angle of :math:`s = s_- + 4 \sqrt\gamma \sin^2(\varphi/2)`, in
    which both square-root edges are smooth, on panels that follow the octaves of s.

    Examples
    --------
    >>> import nishimori as nm
    >>> spectrum = nm.spectra.MarchenkoPastur(ratio=0.5)
    >>> print(f"{spectrum.weights.sum():.12f} {spectrum.weights @ spectrum.nodes**2:.12f}")
    1.000000000000 1.500000000000
    """

    ratio: float

    def __post_init__(self) -> None:
        ratio = require_positive("ratio", self.ratio, "MarchenkoPastur")
        object.__setattr__(self, "ratio", ratio)

    def latex_law(self) -> str:
        root = r"\sqrt{(s_+ - s)(s - s_-)}"
        density = rf"\frac{{{root}}}{{2\pi\gamma s}} + \max(0, 1 - 1/\gamma)\,\delta(s)"
        return rf"\rho(s) &= {density}, \qquad s_\pm = (1 \pm \sqrt{{\gamma}})^2"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (
            Symbol(r"\langle \cdot \rangle_s", r"the mean over $\rho(s)$"),
            Symbol(r"\rho", r"the density of the eigenvalues of the inputs' covariance $\Sigma$"),
            Symbol(r"\gamma", "the ratio of input dimension to latent dimension", self.ratio),
        )

    @property
    def mean(self) -> float:
        """tr(Sigma)/d = 1."""
        return 1.0

    @cached_property
    def _rule(self) -> tuple[FloatArray, FloatArray]:
        root = math.sqrt(self.ratio)
        lower, width = ((1.0 - self.ratio) / (1.0 + root)) ** 2, 4.0 * root
        upper = lower + width
        top = math.frexp(upper)[1]
        octaves = np.ldexp(1.0, np.arange(top - _OCTAVES, top))
        octaves = octaves[(octaves > lower) & (octaves < upper)]
        cuts = 2.0 * np.arcsin(np.sqrt(np.clip((octaves - lower) / width, 0.0, 1.0)))
        edges = np.concatenate([[0.0], cuts, [math.pi]])
        # the density rises from its edge at pi as (pi - angle)^2, so the last panel needs no care
        x, w = gauss_legendre(_NODES)
        half = 0.5 * np.diff(edges)
        angle = (edges[:-1] + half)[:, None] + half[:, None] * x
        nodes = (lower + width * np.sin(0.5 * angle) ** 2).ravel()
        mass = (half[:, None] * w * np.sin(angle) ** 2).ravel()
        keep = mass > 0.0
        nodes, mass = nodes[keep], mass[keep] * (2.0 / math.pi)
        weights = mass / nodes
        if self.ratio > 1.0:
            nodes = np.append(nodes, 0.0)
            weights = np.append(weights, 1.0 - 1.0 / self.ratio)
        return nodes, weights

    def __str__(self) -> str:
        return f"marchenko_pastur:ratio={self.ratio:g}"
