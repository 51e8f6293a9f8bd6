"""Sign labels, with Gaussian noise inside the sign and random flips."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nishimori.channels.base import Channel, FloatArray, Information, require_noise
from nishimori.channels.formulas import binary_information
from nishimori.channels.laws import LabelLaw, LabelMoments
from nishimori.errors import BadArgument
from nishimori.latex import Symbol

__all__ = ["Sign"]


@dataclass(frozen=True)
class Sign(Channel):
    r"""y = sign(h + sqrt(noise) z), then flipped with probability `flip`.

    Parameters
    ----------
    noise : float, default 0
        Variance of the Gaussian noise inside the sign (probit labels); >= 0.
    flip : float, default 0
        Probability that a label is flipped, in [0, 1/2].

    Notes
    -----
    With V' = V + noise, u ~ N(0, s2/V'), p = flip, Z(u) = p + (1 - 2p) Phi(u + c_0/sqrt(V')):

    .. math:: F = \frac{(1-2p)^2}{V'} E \frac{\phi^2}{Z_+ Z_-}, \quad
              \Psi_{out} = E [Z_+ \ln Z_+ + Z_- \ln Z_-].

    Examples
    --------
    Nothing learnt yet: F = 2/pi, and the label is a fair coin.

    >>> import nishimori as nm
    >>> fisher, entropy = nm.channels.Sign().information(0.0, 1.0)
    >>> print(f"{fisher:.12f} {entropy:.12f}")
    0.636619772368 -0.693147180560

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    noise: float = 0.0
    flip: float = 0.0

    metrics: ClassVar[tuple[str, ...]] = ("misclassification", "mean_square", "log_loss", "gibbs")
    even_in_offset: ClassVar[bool] = True
    binary: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "noise", require_noise("noise", self.noise, "Sign"))
        flip = require_noise("flip", self.flip, "Sign")
        if flip > 0.5:
            raise BadArgument(
                "Sign: flip is the probability of a wrong label and must lie in [0, 0.5], "
                f"got {flip:g}"
            )
        object.__setattr__(self, "flip", flip)

    def latex_law(self) -> str:
        field = r"h + \sqrt{\Delta}\,\zeta" if self.noise else "h"
        sign = rf"\operatorname{{sign}}({field})"
        if not self.flip:
            return f"y &= {sign}"
        return rf"y &= \sigma\, {sign}, \qquad \Pr(\sigma = -1) = p"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        total = r"V + \Delta" if self.noise else "V"
        chance = r"\Phi(\pm u)"
        factor = rf"\frac{{1}}{{{total}}}\,"
        if self.flip:
            chance = r"p + (1 - 2p)\,\Phi(\pm u)"
            factor = rf"\frac{{(1 - 2p)^2}}{{{total}}}\,"
        field = rf"u &= \frac{{{omega}}}{{\sqrt{{{total}}}}}"
        score = r"\frac{\phi(u)^2}{Z_+ Z_-}"
        return field, rf"Z_\pm &= {chance}", *binary_information(score, factor)

    def latex_error(self, omega: str = r"\omega") -> str:
        if omega != r"\omega":
            return super().latex_error(omega)
        total = r"s_2 + V + \Delta" if self.noise else "s_2 + V"
        angle = rf"\arccos \sqrt{{\frac{{s_2}}{{{total}}}}}"
        if self.flip:
            return rf"p + \frac{{1 - 2p}}{{\pi}} {angle}"
        return rf"\frac{{1}}{{\pi}} {angle}"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        noise = Symbol(r"\Delta", "the variance of the noise inside the sign", self.noise)
        flip = Symbol("p", "the probability that a label is flipped", self.flip)
        return tuple(symbol for symbol in (noise, flip) if symbol.value)

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        from nishimori._kernels import sign

        return Information(*sign.information(signal, variance, self.noise, self.flip, offset))

    def conditional_entropy(self, variance: float, offset: float) -> float:
        known, rest = np.array([variance]), np.zeros(1)
        return float(self.evaluate(known, rest, offset).entropy[0])

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        from nishimori._kernels import sign
        from nishimori._kernels.rules import gauss_legendre

        if metric == "log_loss":
            return -self.evaluate(signal, variance, offset).entropy
        inside = variance + self.noise
        keep = 1.0 - 2.0 * self.flip
        if metric in ("mean_square", "gibbs"):
            spread = sign.pair_overlap(signal, inside, offset)
            if metric == "gibbs":  # a sampled clean sign against the label
                return self.flip + 0.5 * keep * spread
            return 4.0 * self.flip * (1.0 - self.flip) + keep * keep * spread
        nodes, weights = gauss_legendre(20)
        return self.flip + keep * sign.wrong_side(signal, inside, offset, nodes, weights)

    def without_noise(self) -> Sign:
        return Sign()

    def label_law(self, field: FloatArray) -> LabelLaw:
        from nishimori._kernels.normal import normal_cdf_of

        if self.noise > 0.0:
            scaled = field / math.sqrt(self.noise)
            above, below = normal_cdf_of(scaled), normal_cdf_of(-scaled)
        else:
            above = np.where(field > 0.0, 1.0, np.where(field < 0.0, 0.0, 0.5))
            below = 1.0 - above
        keep = 1.0 - 2.0 * self.flip
        weights = self.flip + keep * np.stack([above, below], axis=1)
        return LabelLaw(np.array([[1.0, -1.0]]), weights, np.zeros((1, 1)))

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        return ((0.0, math.sqrt(self.noise)),)

    def label_moments(self, variance: float, offset: float) -> LabelMoments:
        total = variance + self.noise
        keep = 1.0 - 2.0 * self.flip
        if total == 0.0:
            return LabelMoments(1.0, 0.0)
        density = math.exp(-0.5 * offset * offset / total)
        return LabelMoments(1.0, keep * math.sqrt(2.0 / (math.pi * total)) * density)

    def in_units_of(self, variance: float) -> Sign | None:
        noise = self.noise / variance
        return replace(self, noise=noise) if math.isfinite(noise) else None
