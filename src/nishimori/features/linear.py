"""Students that are linear in the input itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nishimori.features.base import FloatArray, OrderParameters, require_glm

if TYPE_CHECKING:
    from nishimori.glm import GLM

__all__ = ["LinearGeometry", "LinearStudent"]


@dataclass(frozen=True, eq=False)
class LinearGeometry:
    r"""Order parameters of a student that sees x itself.

    Parameters
    ----------
    eigenvalues, weights : ndarray
        Quadrature rule over the eigenvalues s of the inputs' covariance.
    signal_variance, noise_variance : float
        lambda and eta of the target.

    Notes
    -----
    With :math:`D = \lambda_{reg} + \hat V s` and means over the spectrum,

    .. math:: V = \langle s/D \rangle, \quad m = \lambda \hat m \langle s^2/D \rangle, \quad
              q = \langle (\lambda \hat m^2 s^3 + \hat q s^2)/D^2 \rangle .

    What must not be formed by subtraction, the part of z that is not in the direction of h and the
    error of z itself, is a sum of squares and comes from `misalignment` and `mean_square`.
    """

    eigenvalues: FloatArray
    weights: FloatArray
    signal_variance: float
    noise_variance: float
    ratio: float = 1.0

    @property
    def _mean(self) -> float:
        return float(self.weights @ self.eigenvalues)

    @property
    def target_variance(self) -> float:
        """E h^2."""
        return self.signal_variance * self._mean + self.noise_variance

    def latex_order_parameters(self) -> tuple[str, ...]:
        """The equations of V, m and q in LaTeX."""
        if self.eigenvalues.size == 1 and self._mean == 1.0:
            return (
                r"V &= \frac{1}{\lambda_{\mathrm{reg}} + \hat V}",
                r"m &= \lambda\, \hat m\, V",
                r"q &= (\lambda\, \hat m^2 + \hat q)\, V^2",
            )
        return (
            r"D &= \lambda_{\mathrm{reg}} + \hat V s",
            r"V &= \left\langle \frac{s}{D} \right\rangle_s",
            r"m &= \lambda\, \hat m \left\langle \frac{s^2}{D} \right\rangle_s",
            r"q &= \left\langle \frac{\lambda\, \hat m^2 s^3 + \hat q\, s^2}{D^2} \right\rangle_s",
        )

    def order_parameters(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        overlap_conjugate: FloatArray,
        regularization: FloatArray,
    ) -> OrderParameters:
        """V, q, m and the mean square of the weights."""
        filtered = self._filtered(susceptibility_conjugate, regularization)
        w, s, lam = self.weights, self.eigenvalues, self.signal_variance
        square = filtered * filtered
        known = lam * np.square(overlap_conjugate)
        return OrderParameters(
            filtered @ w,
            known * (square @ (w * s)) + self_overlap_conjugate * (square @ w),
            lam * overlap_conjugate * (filtered @ (w * s)),
            known * (square @ w) + self_overlap_conjugate * (self._rest(square) @ w),
        )

    def misalignment(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        overlap_conjugate: FloatArray,
        regularization: FloatArray,
    ) -> FloatArray:
        """Q E h^2 - m^2, as a sum of squares: a variance over the spectrum, and noise."""
        filtered = self._filtered(susceptibility_conjugate, regularization)
        lam, mean = self.signal_variance, self._mean
        share = self.weights * self.eigenvalues / mean
        centre = (filtered @ share)[..., None]
        spread = np.square(filtered - centre) @ share
        square = np.square(filtered)
        known = lam * np.square(overlap_conjugate)
        noise = self_overlap_conjugate * (square @ self.weights)
        self_overlap = known * (square @ share) * mean + noise
        aligned = lam * mean * (known * mean * np.maximum(spread, 0.0) + noise)
        out: FloatArray = aligned + self.noise_variance * self_overlap
        return out

    def mean_square(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        regularization: FloatArray,
        slope: float = 1.0,
    ) -> FloatArray:
        """E (slope h - z)^2 where the conjugate of m is `slope` times that of V."""
        denominator = self._denominator(susceptibility_conjugate, regularization)
        s = self.eigenvalues
        missed = np.square(np.asarray(regularization)[..., None] / denominator)
        square = np.square(s / denominator)
        signal = self.signal_variance * (missed @ (self.weights * s)) + self.noise_variance
        out: FloatArray = slope * slope * signal + self_overlap_conjugate * (square @ self.weights)
        return out

    def matched_regularization(self, noise_to_signal: float) -> float:
        """The regularisation at which the square loss is the posterior mean."""
        return noise_to_signal

    def _denominator(self, conjugate: FloatArray, regularization: FloatArray) -> FloatArray:
        out: FloatArray = (
            np.asarray(regularization)[..., None]
            + np.asarray(conjugate)[..., None] * self.eigenvalues
        )
        return out

    def _filtered(self, conjugate: FloatArray, regularization: FloatArray) -> FloatArray:
        """S/D; at s = 0 zero, whatever D."""
        denominator = self._denominator(conjugate, regularization)
        return np.where(self.eigenvalues > 0.0, self.eigenvalues / denominator, 0.0)

    def _rest(self, square: FloatArray) -> FloatArray:
        s = self.eigenvalues
        return square / np.where(s > 0.0, s, 1.0)


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

    def geometry(self, problem: GLM) -> LinearGeometry:
        """See `Features`."""
        require_glm(problem, "LinearStudent")
        spectrum = problem.spectrum
        return LinearGeometry(
            spectrum.nodes, spectrum.weights, problem.signal_variance, problem.noise_variance
        )
