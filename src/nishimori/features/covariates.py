"""Gaussian features of any covariance, given or estimated from data."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nishimori.arguments import require_array, shown
from nishimori.errors import BadArgument, NishimoriWarning
from nishimori.features.base import FloatArray, require_glm
from nishimori.features.diagonal import DiagonalGeometry
from nishimori.network import require_variance
from nishimori.spectra.compression import compress
from nishimori.spectra.from_data import data_matrix

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.glm import GLM

__all__ = ["GaussianCovariates"]

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, init=False, repr=False)
class GaussianCovariates:
    r"""Student features v in R^p of covariance Omega, for a target h seen through c = E[h v].

    Parameters
    ----------
    eigenvalues : array_like
        omega_i of Omega, all of equal weight 1/p; at least 0, not all 0.
    target_components : array_like
        :math:`(u_i \cdot c)^2/\lambda` of each eigenvector u_i, per unit signal variance of the
        problem; they are summed, not averaged.
    target_variance : float, default 1
        The E h^2 that `glm` puts into its problem; nothing else depends on it.

    Raises
    ------
    BadArgument
        If the arrays differ in length, hold a negative number or no positive eigenvalue, or the
        target has a component where there is no variance.

    Notes
    -----
    alpha = n/p: the features take the place of the inputs. The problem's own spectrum counts only
    in E h^2, of which the part that v does not explain linearly,
    :math:`E h^2 - c^T \Omega^{-1} c \ge 0`, acts as noise.

    Examples
    --------
    >>> import nishimori as nm
    >>> covariates = nm.features.GaussianCovariates([0.5, 1.5], [0.1, 0.6])
    >>> covariates
    GaussianCovariates(2 eigenvalues, mean=1, explained=0.6)
    >>> geometry = covariates.geometry(covariates.glm(nm.channels.Linear()))
    >>> print(f"{geometry.ratio:g} {geometry.target_variance:g}")
    1 1

    References
    ----------
    .. [1] Loureiro, Gerbelot, Cui, Goldt, Krzakala, Mezard, Zdeborova, arXiv:2102.08127.
    """

    eigenvalues: FloatArray
    target_components: FloatArray
    target_variance: float

    references: ClassVar[tuple[str, ...]] = ("loureiro2021",)

    def __init__(
        self,
        eigenvalues: ArrayLike,
        target_components: ArrayLike,
        target_variance: float = 1.0,
    ) -> None:
        omega = _vector("eigenvalues", eigenvalues)
        components = _vector("target_components", target_components)
        if omega.size != components.size:
            raise BadArgument(
                "GaussianCovariates: target_components must be as many as the eigenvalues, "
                f"got {components.size} for {omega.size}"
            )
        if not omega.any():
            raise BadArgument("GaussianCovariates: at least one eigenvalue must be positive")
        blind = (omega == 0.0) & (components > 0.0)
        if blind.any():
            raise BadArgument(
                "GaussianCovariates: target_components must be 0 where the eigenvalue is 0, got "
                f"{components[blind][0]:g} at position {int(np.argmax(blind))}"
            )
        variance = require_variance(
            "target_variance", target_variance, "GaussianCovariates", positive=True
        )
        for name, array in (("eigenvalues", omega), ("target_components", components)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "target_variance", variance)

    @classmethod
    def from_data(
        cls, features: ArrayLike, target: ArrayLike, kind: str = "regression"
    ) -> GaussianCovariates:
        r"""Estimate what the equations need from a data set.

        Parameters
        ----------
        features : array_like, shape (samples, p)
            Centre the columns (and the target) first: the student has no intercept. Whatever
            transformation is learnt from is applied here too: raw pixels, random features, ...
        target : array_like, shape (samples,)
            Real numbers, or labels -1 and +1.
        kind : {"regression", "labels"}
            ``"regression"``: c = E[y v], E h^2 = E y^2; exact for the square loss, also on
            labels. ``"labels"``: y is taken for the sign of a Gaussian h of unit variance, for
            which :math:`c = \sqrt{\pi/2}\, E[y v]`; for margin losses.

        Returns
        -------
        GaussianCovariates
            Whose ``glm(channel)`` is the problem to ask: ``Linear()`` for regression, ``Sign()``
            for labels; what the features do not explain is noise already.

        Raises
        ------
        BadArgument
            If the shapes do not match, a number is not finite, there are not more samples than
            features, or labels are not -1 and +1.

        Warns
        -----
        NishimoriWarning
            If the labels are more linear in the features than signs of a Gaussian can be (least
            squares explains more than 2/pi of them); the target is then taken without noise.

        Notes
        -----
        With the sample covariance :math:`\hat\Omega` of eigenvectors u_i, least squares on all N
        samples leaves the residual variance :math:`s^2 = N/(N - p)` times the one in the sample,
        and the noise in :math:`\hat c = X^T y/N` is taken off every component,

        .. math:: (u_i \cdot c)^2 \approx (u_i \cdot \hat c)^2 - s^2 \hat\omega_i/N,

        those that come out negative being 0 and the others rescaled, so that the share explained
        is the adjusted one, :math:`1 - s^2/E y^2`. The eigenvalues stay those of the sample,
        spread by a relative :math:`2 \sqrt{p/N}`.

        References
        ----------
        .. [1] Loureiro, Gerbelot, Cui, Goldt, Krzakala, Mezard, Zdeborova, arXiv:2102.08127.
        """
        owner = "GaussianCovariates.from_data"
        if not isinstance(kind, str) or kind not in ("regression", "labels"):
            raise BadArgument(f"{owner}: kind must be 'regression' or 'labels', got {shown(kind)}")
        v = data_matrix("features", features, owner)
        y = _target(target, v.shape[0], kind, owner)
        omega, components = _estimate(v, y)
        variance = float(np.mean(np.square(y)))
        if kind == "regression":
            return cls(omega, components / variance, variance)
        components *= 0.5 * math.pi
        seen = omega > 0.0
        explained = float(np.sum(components[seen] / omega[seen]))
        if explained > 1.0:
            warnings.warn(
                f"least squares explains {explained * 2.0 / math.pi:.3f} of the labels, and of the "
                "signs of a Gaussian at most 2/pi = 0.637; the target is taken without noise, and "
                "margin losses will do differently from the prediction",
                NishimoriWarning,
                stacklevel=2,
            )
            components /= explained
        return cls(omega, components)

    @cached_property
    def explained(self) -> float:
        """c^T Omega^-1 c per unit signal variance: the share that a linear student can explain."""
        positive = self.eigenvalues > 0.0
        return float(np.sum(self.target_components[positive] / self.eigenvalues[positive]))

    def glm(self, channel: Channel) -> GLM:
        """The problem to ask with these features: E h^2 = `target_variance`."""
        from nishimori.glm import GLM

        return GLM(channel, signal_variance=self.target_variance)

    @cached_property
    def _rules(self) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
        count = self.eigenvalues.size
        return (
            compress(self.eigenvalues, np.full(count, 1.0 / count)),
            compress(self.eigenvalues, self.target_components),
        )

    def geometry(self, problem: GLM) -> DiagonalGeometry:
        """See `Features`."""
        require_glm(problem, "GaussianCovariates")
        signal = problem.signal_variance
        target_variance = signal * problem.spectrum.mean + problem.noise_variance
        if signal * self.explained > target_variance * (1.0 + 1e-9):
            raise BadArgument(
                f"GaussianCovariates: the features explain {signal * self.explained:.6g} of a "
                f"target whose variance is {target_variance:.6g}; smaller target_components are "
                "needed (c Omega^-1 c is at most E h^2)"
            )
        (omega, weights), (places, components) = self._rules
        unexplained = max(target_variance - signal * self.explained, 0.0)
        return DiagonalGeometry(omega, weights, places, signal * components, unexplained)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, GaussianCovariates)
            and np.array_equal(self.eigenvalues, other.eigenvalues)
            and np.array_equal(self.target_components, other.target_components)
            and self.target_variance == other.target_variance
        )

    def __hash__(self) -> int:
        return hash((self.eigenvalues.tobytes(), self.target_components.tobytes()))

    def __repr__(self) -> str:
        text = f"{self.eigenvalues.size} eigenvalues, mean={np.mean(self.eigenvalues):.6g}"
        text += f", explained={self.explained:.6g}"
        if self.target_variance != 1.0:
            text += f", target_variance={self.target_variance:.6g}"
        return f"GaussianCovariates({text})"


def _estimate(v: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues of the covariance, and the squared components of E[y v] without their noise."""
    samples = v.shape[0]
    omega, basis = np.linalg.eigh(v.T @ v / samples)
    seen = omega > _ROUNDING * omega[-1]
    omega = np.where(seen, omega, 0.0)
    measured = np.where(seen, np.square(basis.T @ (v.T @ y / samples)), 0.0)
    left = max(float(np.mean(np.square(y)) - np.sum(measured[seen] / omega[seen])), 0.0)
    noise = left * samples / (samples - np.count_nonzero(seen))
    components = np.maximum(measured - noise * omega / samples, 0.0)
    explained = max(float(np.mean(np.square(y))) - noise, 0.0)
    total = float(np.sum(components[seen] / omega[seen]))
    return omega, components * (explained / total) if total > 0.0 else components


def _vector(name: str, values: Any) -> FloatArray:
    array = require_array(name, values, "GaussianCovariates").copy()
    if array.ndim > 1 or array.size == 0:
        raise BadArgument(
            f"GaussianCovariates: {name} must be a list of at least one number, got shape "
            f"{array.shape}"
        )
    array = np.atleast_1d(array)
    bad = ~(np.isfinite(array) & (array >= 0.0))
    if bad.any():
        raise BadArgument(
            f"GaussianCovariates: {name} must be finite and at least 0, got {array[bad][0]:g} at "
            f"position {int(np.argmax(bad))}"
        )
    return array


def _target(target: ArrayLike, samples: int, kind: str, owner: str) -> FloatArray:
    y = require_array("target", target, owner)
    if y.shape != (samples,):
        raise BadArgument(
            f"{owner}: target must hold one number for each of the {samples} samples, got shape "
            f"{y.shape}"
        )
    if not np.isfinite(y).all():
        raise BadArgument(f"{owner}: target must be finite")
    if kind == "labels" and not np.all(np.abs(y) == 1.0):
        raise BadArgument(
            f"{owner}: labels must be -1 and +1, got {float(y[np.abs(y) != 1.0][0]):g}"
        )
    if not y.any():
        raise BadArgument(f"{owner}: target is 0 everywhere")
    return y
