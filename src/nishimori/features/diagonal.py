"""Students whose covariance is known by its eigenvalues: linear ones, kernels and covariates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nishimori.features.base import FloatArray, Geometry, OrderParameters
from nishimori.latex import Symbol

__all__ = ["DiagonalGeometry"]


@dataclass(frozen=True, eq=False)
class DiagonalGeometry(Geometry):
    r"""Order parameters of a student with covariance eigenvalues omega.

    Parameters
    ----------
    eigenvalues, weights : ndarray
        A rule for (1/p) sum over omega.
    places, components : ndarray
        A rule for the sum of :math:`(u_i \cdot c)^2` over the eigenvalues, c = E[h v].
    unexplained : float
        E h^2 - c^T Omega^-1 c >= 0.
    residual : float
        What a kernel adds that lies in no direction of finite variance.
    match : callable, optional
        From the target's noise over its signal to the best regularization of the square loss.
    equations : tuple of str, optional
        These in LaTeX, where they are simpler than in general.

    Notes
    -----
    With :math:`D = \lambda_{reg} + \hat V \omega`,

    .. math:: V = \frac{k_{res}}{\lambda_{reg}} + \langle \omega/D \rangle, \quad
              m = \hat m \sum_i c_i^2/D_i, \quad
              q = \hat m^2 \sum_i c_i^2 \omega_i/D_i^2 + \hat q \langle \omega^2/D^2 \rangle, \quad
              N = \hat m^2 \sum_i c_i^2/D_i^2
              + \hat q \Big[ \frac{k_{res}}{\lambda_{reg}^2} + \langle \omega/D^2 \rangle \Big] .

    The residual is fitted to the training points one by one (it is in V and in the norm N) and
    predicts nothing (it is not in q).
    """

    eigenvalues: FloatArray
    weights: FloatArray
    places: FloatArray
    components: FloatArray
    unexplained: float
    residual: float = 0.0
    ratio: float = 1.0
    match: Callable[[float], float] | None = None
    equations: tuple[str, ...] = ()

    @cached_property
    def _explained(self) -> FloatArray:
        """c_i^2/omega_i: what each direction can explain of the target."""
        places = np.where(self.places > 0.0, self.places, 1.0)
        return np.where(self.places > 0.0, self.components / places, 0.0)

    @cached_property
    def target_variance(self) -> float:
        """E h^2."""
        return float(self._explained.sum()) + self.unexplained

    def latex_order_parameters(self) -> tuple[str, ...]:
        """The equations of V, m and q in LaTeX."""
        if self.equations:
            return self.equations
        extra = r"\frac{k_{\mathrm{res}}}{\lambda_{\mathrm{reg}}} + " if self.residual else ""
        return (
            r"D_i &= \lambda_{\mathrm{reg}} + \hat V \omega_i",
            rf"V &= {extra}\frac{{1}}{{d_v}} \sum_i \frac{{\omega_i}}{{D_i}}",
            r"m &= \hat m \sum_i \frac{c_i^2}{D_i}",
            r"q &= \hat m^2 \sum_i \frac{c_i^2 \omega_i}{D_i^2}"
            r" + \frac{\hat q}{d_v} \sum_i \frac{\omega_i^2}{D_i^2}",
        )

    def latex_symbols(self) -> tuple[Symbol, ...]:
        """The letters of these equations."""
        if self.equations:
            return ()
        symbols = [
            Symbol("d_v", "the number of features, that of the inputs for a kernel"),
            Symbol(r"\omega_i", "the eigenvalues of the features' covariance"),
            Symbol("c_i", "the components of $c = E[h v]$ in its eigenvectors"),
        ]
        if self.residual:
            meaning = "the residual of the kernel, which is fitted and predicts nothing"
            symbols.append(Symbol(r"k_{\mathrm{res}}", meaning, self.residual))
        return tuple(symbols)

    def order_parameters(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        overlap_conjugate: FloatArray,
        regularization: FloatArray,
    ) -> OrderParameters:
        """V, q, m and the mean square of the weights."""
        conjugate = np.asarray(susceptibility_conjugate, dtype=np.float64)[..., None]
        penalty = np.asarray(regularization, dtype=np.float64)[..., None]
        omega = self.eigenvalues
        with np.errstate(divide="ignore", invalid="ignore"):
            own = np.where(
                (conjugate >= 0.0) & (penalty >= 0.0), penalty + conjugate * omega, np.nan
            )
            filtered = np.where(omega > 0.0, omega / own, 0.0 * own)
            soft = np.where(omega > 0.0, filtered / own, 0.0 * own)
            scale = self.residual / penalty[..., 0] if self.residual else 0.0
            scale_soft = scale / penalty[..., 0] if self.residual else 0.0
        inverse = self._inverse(susceptibility_conjugate, regularization)
        known = np.square(overlap_conjugate)
        signal = inverse @ self.components
        signal_soft = np.square(inverse) @ self.components
        signal_square = np.square(inverse) @ (self.places * self.components)
        return OrderParameters(
            scale + filtered @ self.weights,
            known * signal_square + self_overlap_conjugate * (np.square(filtered) @ self.weights),
            overlap_conjugate * signal,
            known * signal_soft + self_overlap_conjugate * (scale_soft + soft @ self.weights),
        )

    def misalignment(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        overlap_conjugate: FloatArray,
        regularization: FloatArray,
        order: OrderParameters | None = None,
    ) -> FloatArray:
        """Q E h^2 - m^2, as a sum of squares: a variance over the directions, and noise."""
        known = self.places * self._inverse(susceptibility_conjugate, regularization)
        share, total = self._explained, float(self._explained.sum())
        mean = (known @ share)[..., None] / total if total > 0.0 else 0.0
        spread = np.maximum(np.square(known - mean) @ share, 0.0) * total
        signal = spread + self.unexplained * (np.square(known) @ share)
        noise = self_overlap_conjugate * self._noise(susceptibility_conjugate, regularization)
        out: FloatArray = np.square(overlap_conjugate) * signal + self.target_variance * noise
        return out

    def mean_square(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        regularization: FloatArray,
        slope: float = 1.0,
    ) -> FloatArray:
        """E (slope h - z)^2 where the conjugate of m is `slope` times that of V, as a sum."""
        penalty = np.asarray(regularization, dtype=np.float64)[..., None]
        inverse = self._inverse(susceptibility_conjugate, regularization)
        missed = np.square(penalty * inverse) @ self._explained
        noise = self_overlap_conjugate * self._noise(susceptibility_conjugate, regularization)
        out: FloatArray = slope * slope * (self.unexplained + missed) + noise
        return out

    def matched_regularization(self, noise_to_signal: float) -> float | None:
        """See `Geometry`."""
        return None if self.match is None else self.match(noise_to_signal)

    def _inverse(self, conjugate: FloatArray, regularization: FloatArray) -> FloatArray:
        """1/D at the places of the components; 0 where there is no variance, whatever D."""
        penalty = np.asarray(regularization, dtype=np.float64)[..., None]
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1.0 / (penalty + np.asarray(conjugate)[..., None] * self.places)
        return np.where(self.places > 0.0, inverse, 0.0)

    def _noise(self, conjugate: FloatArray, regularization: FloatArray) -> FloatArray:
        """<omega^2/D^2>."""
        penalty = np.asarray(regularization, dtype=np.float64)[..., None]
        own = penalty + np.asarray(conjugate)[..., None] * self.eigenvalues
        with np.errstate(divide="ignore", invalid="ignore"):
            filtered = np.where(self.eigenvalues > 0.0, self.eigenvalues / own, 0.0)
        out: FloatArray = np.square(filtered) @ self.weights
        return out
