"""Students that are linear in the input itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nishimori.features.diagonal import DiagonalGeometry

if TYPE_CHECKING:
    from nishimori.glm import GLM

__all__ = ["LinearStudent"]


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

    def geometry(self, problem: GLM) -> DiagonalGeometry:
        """See `Features`."""
        nodes, weights = problem.spectrum.nodes, problem.spectrum.weights
        return DiagonalGeometry(
            eigenvalues=nodes,
            weights=weights,
            places=nodes,
            components=problem.signal_variance * weights * nodes * nodes,
            unexplained=problem.noise_variance,
            match=float,
        )
