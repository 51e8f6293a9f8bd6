"""Ordinal labels: which interval between thresholds the field lies in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from nishimori.channels.base import Channel, FloatArray, Information, require_noise
from nishimori.channels.laws import LabelLaw
from nishimori.errors import BadArgument
from nishimori.latex import Symbol, numbers

__all__ = ["Ordinal"]

_NODES = 10


@dataclass(frozen=True)
class Ordinal(Channel):
    r"""y = k if t_k < h + sqrt(noise) z <= t_{k+1}, with t_0 = -inf and t_{m+1} = inf.

    Parameters
    ----------
    thresholds : sequence of float
        t_1 < ... < t_m, at least one.
    noise : float, default 0
        Variance of the Gaussian noise before the comparison; >= 0.

    Notes
    -----
    With :math:`V' = V + \mathrm{noise}` and :math:`w = \omega + c_0`,

    .. math:: Z_k = \Phi\Big(\frac{t_{k+1} - w}{\sqrt{V'}}\Big)
                    - \Phi\Big(\frac{t_k - w}{\sqrt{V'}}\Big), \quad
              F = E_\omega \sum_k \frac{(\partial_\omega Z_k)^2}{Z_k}, \quad
              \Psi_{out} = E \sum_k Z_k \ln Z_k.

    `gibbs` is the misclassification of a label drawn afresh for one sample of the posterior.

    Examples
    --------
    One threshold at zero is a sign.

    >>> import nishimori as nm
    >>> fisher, entropy = nm.channels.Ordinal((0.0,)).information(0.5, 0.5)
    >>> sign, _ = nm.channels.Sign().information(0.5, 0.5)
    >>> print(f"{fisher:.10f} {sign:.10f}")
    0.9610759161 0.9610759161

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    thresholds: Sequence[float]
    noise: float = 0.0

    metrics: ClassVar[tuple[str, ...]] = ("misclassification", "log_loss", "gibbs")
    costly: ClassVar[bool] = True

    def __post_init__(self) -> None:
        try:
            given = np.ravel(np.asarray(self.thresholds, dtype=np.float64))
            values = tuple(float(t) for t in given)
        except (TypeError, ValueError):
            raise BadArgument(
                f"Ordinal: thresholds must be numbers, got {self.thresholds!r}"
            ) from None
        if not values or not all(math.isfinite(t) for t in values):
            raise BadArgument("Ordinal: thresholds must be at least one finite number")
        if any(right <= left for left, right in zip(values, values[1:], strict=False)):
            raise BadArgument("Ordinal: thresholds must be strictly ascending")
        object.__setattr__(self, "thresholds", values)
        object.__setattr__(self, "noise", require_noise("noise", self.noise, "Ordinal"))

    def latex_law(self) -> str:
        field = r"h + \sqrt{\Delta}\,\zeta" if self.noise else "h"
        return rf"y &= k \quad \text{{where}} \quad t_k < {field} \le t_{{k+1}}"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        root = r"\sqrt{V + \Delta}" if self.noise else r"\sqrt{V}"
        below = omega if omega == r"\omega" else rf"({omega})"
        high, low = (
            rf"\Phi\left(\frac{{{t} - {below}}}{{{root}}}\right)" for t in ("t_{k+1}", "t_k")
        )
        return (
            rf"Z_k &= {high} - {low}",
            r"F &= \mathbb{E}_\omega \sum_k \frac{(\partial_\omega Z_k)^2}{Z_k}",
            r"\Psi_{\mathrm{out}} &= \mathbb{E}_\omega \sum_k Z_k \ln Z_k",
        )

    def latex_error(self, omega: str = r"\omega") -> str:
        return r"1 - \mathbb{E}_\omega \max_k Z_k"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        count, places = len(self.thresholds), numbers(tuple(self.thresholds))
        letters = "t_1" if count == 1 else rf"(t_1, \dots, t_{{{count}}})"
        value = places if count == 1 else f"({places})"
        ends = rf"the thresholds, with $t_0 = -\infty$ and $t_{{{count + 1}}} = \infty$"
        symbols = [Symbol(letters, ends, value)]
        if self.noise:
            symbols.append(
                Symbol(r"\Delta", "the variance of the noise before the comparison", self.noise)
            )
        return tuple(symbols)

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        from nishimori._kernels import ordinal

        return Information(
            *ordinal.information(signal, variance, np.array(self.thresholds), self.noise, offset)
        )

    def conditional_entropy(self, variance: float, offset: float) -> float:
        known, rest = np.array([float(variance)]), np.zeros(1)
        return float(self.evaluate(known, rest, offset).entropy[0])

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        from nishimori._kernels import ordinal
        from nishimori._kernels.rules import gauss_legendre

        if metric == "log_loss":
            return -self.evaluate(signal, variance, offset).entropy
        pair: FloatArray
        wrong: FloatArray
        pair, wrong = ordinal.errors(
            signal,
            variance,
            np.array(self.thresholds),
            self.noise,
            offset,
            *gauss_legendre(_NODES),
        )
        return wrong if metric == "misclassification" else pair

    def without_noise(self) -> Ordinal:
        return replace(self, noise=0.0)

    def label_law(self, field: FloatArray) -> LabelLaw:
        from nishimori._kernels.normal import normal_cdf_of

        distance = field[:, None] - np.array(self.thresholds)
        if self.noise > 0.0:
            scaled = distance / math.sqrt(self.noise)
            above = normal_cdf_of(scaled.ravel()).reshape(distance.shape)
        else:
            above = np.where(distance > 0.0, 1.0, 0.0)
        ones, zeros = np.ones((field.size, 1)), np.zeros((field.size, 1))
        weights = -np.diff(np.concatenate([ones, above, zeros], axis=1), axis=1)
        values = np.arange(len(self.thresholds) + 1.0)[None]
        return LabelLaw(values, weights, np.zeros((1, 1)))

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        return tuple((t, math.sqrt(self.noise)) for t in self.thresholds)

    def in_units_of(self, variance: float) -> Ordinal | None:
        unit = math.sqrt(variance)
        try:
            return replace(
                self,
                thresholds=tuple(t / unit for t in self.thresholds),
                noise=self.noise / variance,
            )
        except (BadArgument, ZeroDivisionError):
            return None

    def __str__(self) -> str:
        text = "ordinal:thresholds=" + "/".join(f"{t:g}" for t in self.thresholds)
        return text if self.noise == 0.0 else f"{text}:noise={self.noise:g}"
