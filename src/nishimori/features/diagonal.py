"""Students whose covariance is known by its eigenvalues: kernels and explicit covariates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nishimori.features.base import FloatArray, OrderParameters

__all__ = ["DiagonalGeometry"]


@dataclass(frozen=True, eq=False)
class DiagonalGeometry:
    r"""Order parameters of a student with covariance eigenvalues omega.

    Parameters
    ----------
    eigenvalues, weights : ndarray
        A rule for (1/p) sum over omega.
    places, components : ndarray
        A rule for the sum of :math:`(u_i \cdot c)^2` over the eigenvalues, c = E[h v].
    target_variance : float
        E h^2.
    residual : float
        What a kernel adds that lies in no direction of finite variance.

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
    target_variance: float
    residual: float = 0.0
    ratio: float = 1.0

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
            inverse = 1.0 / (penalty + conjugate * self.places)
            scale = self.residual / penalty[..., 0] if self.residual else 0.0
            scale_soft = scale / penalty[..., 0] if self.residual else 0.0
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
