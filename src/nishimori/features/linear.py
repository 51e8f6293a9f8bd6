"""Students that are linear in the input itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nishimori.features.base import require_glm
from nishimori.features.diagonal import DiagonalGeometry

if TYPE_CHECKING:
    from nishimori.glm import GLM

__all__ = ["LinearStudent"]

_ISOTROPIC = (
    r"V &= \frac{1}{\lambda_{\mathrm{reg}} + \hat V}",
    r"m &= \lambda\, \hat m\, V",
    r"q &= (\lambda\, \hat m^2 + \hat q)\, V^2",
)
_CORRELATED = (
    r"D &= \lambda_{\mathrm{reg}} + \hat V s",
    r"V &= \left\langle \frac{s}{D} \right\rangle_s",
    r"m &= \lambda\, \hat m \left\langle \frac{s^2}{D} \right\rangle_s",
    r"q &= \left\langle \frac{\lambda\, \hat m^2 s^3 + \hat q\, s^2}{D^2} \right\rangle_s",
)


@dataclass(frozen=True)
class LinearStudent:
    """A student that is linear in the input: z = w x/sqrt(d).

    Examples
    --------
    >>> import nishimori as nm
    >>> spectrum = nm.spectra.Eigenvalues([0.4, 1.6])
    >>> problem = nm.GLM(nm.channels.Linear(), noise_variance=0.5, spectrum=spectrum)
    >>> print(f"{nm.features.LinearStudent().geometry(problem).target_variance:g}")
    1.5
    """

    references: ClassVar[tuple[str, ...]] = ()

    def geometry(self, problem: GLM) -> DiagonalGeometry:
        """See `Features`."""
        require_glm(problem, "LinearStudent")
        nodes, weights = problem.spectrum.nodes, problem.spectrum.weights
        isotropic = nodes.size == 1 and float(nodes[0]) == 1.0
        return DiagonalGeometry(
            eigenvalues=nodes,
            weights=weights,
            places=nodes,
            components=problem.signal_variance * weights * nodes * nodes,
            unexplained=problem.noise_variance,
            match=float,
            equations=_ISOTROPIC if isotropic else _CORRELATED,
        )
