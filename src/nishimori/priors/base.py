"""What every prior on the weights must know about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array
from nishimori.errors import BadArgument
from nishimori.latex import Symbol

__all__ = ["Denoised", "Prior", "denoised"]

FloatArray = NDArray[np.float64]


class Denoised(NamedTuple):
    """What a prior's kernel returns: arrays of one shape.

    ``overlap`` q and ``mmse`` v are each their own quantity; ``psi`` is the free entropy of the
    scalar observation, ``deficit`` is r q/2 - psi >= 0 without cancellation, ``mmse_slope`` is
    -d ln v / d ln r and ``overlap_slope`` d ln q / d ln r.
    """

    overlap: FloatArray
    mmse: FloatArray
    psi: FloatArray
    deficit: FloatArray
    mmse_slope: FloatArray
    overlap_slope: FloatArray


def denoised(conjugate: FloatArray, table: FloatArray) -> Denoised:
    """From a kernel's rows (overlap, mmse, psi, deficit, E Var^2): dv/dr = -E Var(a|Y)^2."""
    overlap, mmse, psi, deficit, squared = (np.ascontiguousarray(c) for c in table.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.where(squared > 0.0, conjugate * squared, 0.0)
        mmse_slope = np.where(mmse > 0.0, growth / mmse, 1.0)
        overlap_slope = np.where(overlap > 0.0, growth / overlap, 1.0)
    return Denoised(overlap, mmse, psi, deficit, mmse_slope, overlap_slope)


@dataclass(frozen=True)
class Prior:
    """A law of one weight, of unit second moment; a prior file gives `evaluate`."""

    references: ClassVar[tuple[str, ...]] = ()

    @property
    def information_limit(self) -> float:
        """lim of r q/2 - psi as r grows: the entropy of a discrete prior in nats, else inf."""
        return np.inf

    @property
    def mean(self) -> float:
        """E a; q at r = 0 is its square."""
        return 0.0

    def latex_law(self) -> str:
        """The law of one weight a, in LaTeX."""
        return r"a &\sim P_0"

    def latex_posterior_mean(self) -> str | None:
        """E[a | Y] of the observation Y = sqrt(r) a + z in LaTeX, where it is closed."""
        return None

    def latex_overlap(self) -> tuple[str, ...]:
        """Overlap q, mmse v and free entropy psi at the conjugate r: one equation a line."""
        weight = r"e^{\sqrt{r}\,Y a - r a^2/2}"
        mean = self.latex_posterior_mean()
        known = () if mean is None else (rf"\mathbb{{E}}[a \mid Y] &= {mean}",)
        return (
            r"Y &= \sqrt{r}\,a + z",
            *known,
            r"q &= \mathbb{E}\, \mathbb{E}[a \mid Y]^2",
            r"v &= \mathbb{E} \operatorname{Var}(a \mid Y)",
            rf"\psi &= \mathbb{{E}} \ln \int P_0(\mathrm{{d}}a)\, {weight}",
        )

    def latex_symbols(self) -> tuple[Symbol, ...]:
        """The letters for the prior's own parameters."""
        return (Symbol("P_0", "the law of a weight, of unit second moment"),)

    def evaluate(self, conjugate: FloatArray) -> Denoised:
        """Everything at signal-to-noise ratio r of the observation sqrt(r) a + z."""
        raise NotImplementedError

    def denoise(self, conjugate: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """mmse and psi at signal-to-noise ratio `conjugate` >= 0, of its shape.

        Raises
        ------
        BadArgument
            If `conjugate` is negative or NaN.
        """
        r = require_array("conjugate", conjugate, f"{type(self).__name__}.denoise")
        if not (r >= 0.0).all():
            raise BadArgument(f"{type(self).__name__}.denoise: conjugate must be at least 0")
        flat = self.evaluate(r.ravel())
        return flat.mmse.reshape(r.shape)[()], flat.psi.reshape(r.shape)[()]

    def __str__(self) -> str:
        return type(self).__name__.lower()
