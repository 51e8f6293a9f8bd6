"""Linear students with an l1 penalty."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaincc, ndtr

from nishimori.features.base import FloatArray, Geometry, OrderParameters
from nishimori.latex import Symbol

__all__ = ["SparseGeometry"]


@dataclass(frozen=True, eq=False)
class SparseGeometry(Geometry):
    r"""Order parameters of a linear student with an l1 penalty, on isotropic inputs.

    Parameters
    ----------
    l1 : float
        Weight of the l1 norm.
    density : float
        p_1: a weight of the target is N(0, 1/p_1) with probability p_1, else 0.
    signal_variance, noise_variance : float
        lambda and eta of the target.

    Notes
    -----
    Per coordinate w = soft(B, l1)/A with :math:`A = \lambda_{reg} + \hat V`, B ~ N(0, s),
    :math:`s_1 = \lambda \hat m^2/p_1 + \hat q` where the target's weight is not 0 and
    :math:`s_0 = \hat q` elsewhere. With Q(s) = 2 Phi(-l1/sqrt(s)),

    .. math:: V = \langle Q \rangle / A, \quad m = \lambda \hat m Q(s_1)/A, \quad
              q = \langle (s + \ell_1^2) Q - 2 \ell_1 \sqrt s\, \phi(\ell_1/\sqrt s) \rangle/A^2 .

    References
    ----------
    .. [1] Bayati, Montanari, IEEE Trans. Inf. Theory 58 (2012) 1997, arXiv:1008.2581.
    """

    l1: float
    density: float
    signal_variance: float
    noise_variance: float
    ratio: float = 1.0

    @property
    def target_variance(self) -> float:
        """E h^2."""
        return self.signal_variance + self.noise_variance

    def latex_order_parameters(self) -> tuple[str, ...]:
        """The equations of V, m and q in LaTeX."""
        known = r"\lambda\, \hat m^2" if self.density == 1.0 else r"\lambda\, \hat m^2/\rho"
        share = r"\langle {} \rangle_s"
        square = r"(s + \ell_1^2)\,Q(s) - 2 \ell_1 \sqrt{s}\,\phi(\ell_1/\sqrt{s})"
        lines = [
            rf"A &= \lambda_{{\mathrm{{reg}}}} + \hat V, \qquad s_1 = {known} + \hat q",
            r"Q(s) &= 2\,\Phi(-\ell_1/\sqrt{s})",
            rf"V &= \frac{{1}}{{A}} {share.format('Q(s)')}",
            r"m &= \frac{\lambda\, \hat m}{A}\, Q(s_1)",
            rf"q &= \frac{{1}}{{A^2}} \left\langle {square} \right\rangle_s",
        ]
        if self.density != 1.0:
            lines[1] += r", \qquad s_0 = \hat q"
        return tuple(lines)

    def latex_symbols(self) -> tuple[Symbol, ...]:
        """The letters of these equations."""
        l1 = Symbol(r"\ell_1", "the weight of the $l_1$ norm", self.l1)
        mean = Symbol(r"\langle \cdot \rangle_s", "the value at $s = s_1$")
        if self.density != 1.0:
            law = r"the mean over $s = s_1$, with probability $\rho$, and $s = s_0$"
            mean = Symbol(r"\langle \cdot \rangle_s", law)
        return l1, mean

    def order_parameters(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        overlap_conjugate: FloatArray,
        regularization: FloatArray,
    ) -> OrderParameters:
        """V, q, m and the mean square of the weights."""
        scale = regularization + susceptibility_conjugate
        known = self.signal_variance * np.square(overlap_conjugate) / self.density
        moved, square = self._soft(known + self_overlap_conjugate)
        idle, idle_square = self._soft(np.asarray(self_overlap_conjugate))
        share = self.density
        q = (share * square + (1.0 - share) * idle_square) / np.square(scale)
        return OrderParameters(
            (share * moved + (1.0 - share) * idle) / scale,
            q,
            self.signal_variance * overlap_conjugate * moved / scale,
            q,
        )

    def mean_square(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        regularization: FloatArray,
        slope: float = 1.0,
    ) -> FloatArray:
        """E (slope h - z)^2 where the conjugate of m is `slope` times that of V.

        Where the target's weight a is not 0, E[a | B] is linear in B, and the error is that of
        this line against the soft threshold, plus the variance around it: a sum of squares.
        """
        lam, share, l1 = self.signal_variance, self.density, self.l1
        scale = regularization + susceptibility_conjugate
        noise = self_overlap_conjugate
        known = lam * np.square(slope * susceptibility_conjugate) + share * noise  # p_1 s_1
        root = np.sqrt(known / share)
        with np.errstate(divide="ignore", over="ignore"):
            t = l1 / root
        half = 0.5 * np.square(t)
        tail = math.sqrt(2.0 / math.pi) * np.exp(-half) * root  # E abs(B) beyond l1
        line = slope * slope * lam * susceptibility_conjugate / known * root
        off = slope * slope * lam * susceptibility_conjugate * regularization - share * noise
        tilt = off / (known * scale)
        kept = l1 / scale
        active = slope * slope * lam * noise / known + np.square(line) * gammainc(1.5, half)
        active += np.square(tilt * root) * gammaincc(1.5, half) + 2.0 * tilt * kept * tail
        active += np.square(kept) * 2.0 * ndtr(-t)
        _, idle = self._soft(np.asarray(noise))
        idle = idle / np.square(scale)
        out: FloatArray = share * active + (1.0 - share) * idle
        return out + slope * slope * self.noise_variance

    def _soft(self, s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How often soft(B, l1) is not 0, and its mean square, for B ~ N(0, s)."""
        root = np.sqrt(s)
        with np.errstate(divide="ignore", over="ignore"):
            t = self.l1 / root
        moved = 2.0 * ndtr(-t)
        density = np.exp(-0.5 * np.square(np.minimum(t, 1e3))) / math.sqrt(2.0 * math.pi)
        # where t is large the difference cancels: an asymptotic series instead
        direct = (1.0 + t * t) * moved - 2.0 * t * density
        far = np.maximum(t, 10.0)
        u = 1.0 / np.square(far)
        series = (
            4.0 * density / far**3 * (1.0 + u * (-6.0 + u * (45.0 + u * (-420.0 + u * 4725.0))))
        )
        return moved, s * np.where(t < 12.0, direct, series)
