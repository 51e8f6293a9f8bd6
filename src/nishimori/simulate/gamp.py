"""Generalized approximate message passing: the algorithm that state evolution describes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_fraction
from nishimori.errors import BadArgument, Status
from nishimori.glm import GLM
from nishimori.priors import Gaussian
from nishimori.simulate.bayes_predictions import best_prediction
from nishimori.simulate.denoisers import mixture_of, posterior_moments
from nishimori.simulate.field_posteriors import output_score
from nishimori.simulate.gamp_starts import informed_start, is_blind, spectral_start
from nishimori.simulate.memory import require_memory
from nishimori.simulate.passing import pass_messages
from nishimori.simulate.passing_checks import (
    require_independent,
    require_inputs,
    require_samples,
    require_settings,
    require_vector,
)
from nishimori.simulate.possible_labels import require_possible
from nishimori.simulate.sampling import require_rng
from nishimori.simulate.tracks import Tracks
from nishimori.spectra import Isotropic

__all__ = ["GampResult", "gamp"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GampResult(Tracks):
    """What Bayes-optimal message passing found, and how it got there.

    Attributes
    ----------
    problem : GLM
    estimate, variance : ndarray of shape (d,)
        Posterior mean and variance of each weight a.
    field_variance : float
        V of the field of a fresh input around its mean, the structural noise included.
    overlap : ndarray
        a . a_hat/d at every iteration, the start included; NaN where the weights are not known.
        Where the labels do not tell the sign of the weights, its absolute value.
    self_overlap : ndarray
        abs(a_hat)^2/d at every iteration; equal to `overlap` in large dimension (Nishimori).
    conjugate : ndarray
        r, the precision that the labels gave to each weight; r[0] = 0.
    residual : ndarray
        Root mean square of what one more iteration, not damped, would have changed: of the weights,
        or of the fields in units of sqrt(signal_variance), whichever is larger. residual[0] = inf.
    status : Status
        CONVERGED, PERFECT_RECOVERY, RESIDUAL_TOO_LARGE after so many iterations, or NOT_FINITE.
    test_fields : ndarray or None
        `fields` of the test inputs, where such were given.
    scale : ndarray or None
        Standard deviations of the input components; the overlaps are then those of the weights
        times these.
    """

    problem: GLM
    estimate: FloatArray
    variance: FloatArray
    field_variance: float
    overlap: FloatArray
    self_overlap: FloatArray
    conjugate: FloatArray
    residual: FloatArray
    status: Status
    test_fields: FloatArray | None = None
    scale: FloatArray | None = None

    tracks = ("overlap", "self_overlap", "conjugate", "residual")
    table_columns = ("overlap", "iteration", "self_overlap", "residual")

    @property
    def converged(self) -> bool:
        """Whether the residual is within the tolerance, or everything is known."""
        return not self.status.failed

    @property
    def iterations(self) -> int:
        """How many were made."""
        return self.residual.size - 1

    def fields(self, inputs: ArrayLike) -> FloatArray:
        """Posterior means of the fields of fresh inputs x, the offset included."""
        x = require_inputs("GampResult", inputs, self.estimate.size)
        slope = math.sqrt(self.problem.signal_variance / self.estimate.size)
        return slope * (x @ self.estimate) + self.problem.offset

    def predict(self, inputs: ArrayLike) -> FloatArray:
        """The most probable label of fresh inputs, or its mean where labels are real numbers."""
        return self.predict_fields(self.fields(inputs))

    def predict_fields(self, fields: FloatArray) -> FloatArray:
        """The same from their `fields`."""
        width = max(self.field_variance, np.finfo(np.float64).tiny)
        return best_prediction(self.problem.channel, fields, width)

    def __repr__(self) -> str:
        return (
            f"GampResult({self.iterations} iterations, {self.status.label}, "
            f"residual={self.residual[-1]:.1e}, self_overlap={self.self_overlap[-1]:.6f})"
        )


def gamp(
    problem: GLM,
    inputs: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    test_inputs: ArrayLike | None = None,
    iterations: int = 200,
    damping: float = 0.0,
    tolerance: float = 1e-10,
    initial_overlap: float = 0.0,
    scale: ArrayLike | None = None,
    rng: np.random.Generator | int = 0,
) -> GampResult:
    r"""Bayes-optimal message passing on one data set.

    Parameters
    ----------
    problem : GLM
        What the labels are taken to come from. On data of a deep network: its equivalent GLM.
    inputs : array_like of shape (n, d)
        x, of independent components of unit variance (or of `scale` squared); not x/sqrt(d).
    labels : array_like of shape (n,)
    weights : array_like of shape (d,), optional
        The true weights a, to follow the overlap with them. A deep network has none.
    test_inputs : array_like of shape (m, d), optional
        Fresh inputs, whose `test_fields` the result shall hold.
    iterations : int, default 200
        At most.
    damping : float, default 0
        Share of the old state that is kept at each step, in [0, 1). Only without damping do the
        iterations lie on the trajectory of state evolution.
    tolerance : float, default 1e-10
        Largest residual.
    initial_overlap : float, default 0
        With `weights`: start from their posterior mean under an observation with this overlap.
    scale : array_like of shape (d,), optional
        Standard deviation of each input component; needed where the problem's spectrum is not
        isotropic. Gaussian weights only.
    rng : numpy.random.Generator or int, default 0
        For starts that are informed or spectral.

    Returns
    -------
    GampResult

    Raises
    ------
    BadArgument
        If the arguments do not fit each other, the inputs are of another scale or correlated, a
        label is impossible, or the channel or prior is not one of the package.

    Notes
    -----
    With F = sqrt(lambda) X/sqrt(d), mean variance v of the weights and
    :math:`g = \partial_\omega \ln Z(y, c_0 + \omega, \lambda v + \eta)`, one iteration is

    .. math:: \omega = F \hat a - \lambda v\, g_{old}, \quad
              A = -\tfrac{\lambda}{d} \sum_\mu \partial_\omega g_\mu, \quad
              B = F^T g + A \hat a, \quad \hat a = E[a | B, A];

    the second term of omega is Onsager's. Where the labels tell nothing of the sign of the
    weights, :math:`\hat a = 0` would stay for ever: then it starts from the leading eigenvector
    of :math:`\sum_\mu T(y_\mu)\, x_\mu x_\mu^T`, :math:`T = 1 - V/E[(h - c_0)^2|y]`.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Sign())
    >>> teacher = nm.simulate.glm_teacher(problem, dimension=1000, rng=0)
    >>> data = teacher.sample(2000, rng=1)
    >>> found = nm.simulate.gamp(problem, data.inputs, data.labels, weights=teacher.weights)
    >>> found.converged, bool(abs(found.overlap[-1] - problem.solve(2.0).overlap) < 0.05)
    (True, True)

    References
    ----------
    .. [1] Donoho, Maleki, Montanari, PNAS 2009, arXiv:0907.3574.
    .. [2] Rangan, ISIT 2011, arXiv:1010.5141.
    .. [3] Luo, Alghamdi, Lu, IEEE Trans. Signal Process. 67 (2019) 2347, arXiv:1811.04420.
    """
    if not isinstance(problem, GLM):
        raise BadArgument(f"gamp: problem must be a GLM, got {problem!r:.60}")
    x, y = require_samples("gamp", inputs, labels)
    n, d = x.shape
    settings = require_settings("gamp", iterations, damping, tolerance)
    require_possible(problem.channel, y)
    truth = require_vector("gamp", "weights", weights, d)
    overlap = require_fraction("initial_overlap", initial_overlap, "gamp", 0.0, 1.0)
    spread = _require_scale(problem, scale, d)
    source = require_rng(rng, "gamp")
    if spread is not None:
        require_memory("gamp", "a rescaled copy of the inputs", 8.0 * n * d, "use fewer samples")
        x = np.where(spread > 0.0, x / np.where(spread > 0.0, spread, 1.0), 0.0)
        truth = None if truth is None else truth * spread
    present = d if spread is None else int(np.count_nonzero(spread))
    require_independent("gamp", x, present, source)
    mixture = mixture_of(problem.prior)
    signal, rest, offset = problem.signal_variance, problem.noise_variance, problem.offset

    def output(omega: FloatArray, v: float) -> tuple[FloatArray, float]:
        if not v + rest > 0.0:  # no signal and no noise: nothing to learn
            return np.zeros(n), 0.0
        score, bend = output_score(problem.channel, y, offset + omega, v + rest)
        return score, float(bend.sum())

    def denoise(linear: FloatArray, precision: float) -> tuple[FloatArray, FloatArray]:
        # at finite size it may fall below 0, where the labels tell next to nothing
        return posterior_moments(mixture, linear, max(precision, 0.0), spread)

    start = denoise(np.zeros(d), 0.0)
    blind = False
    if signal > 0.0:
        total = signal * float(start[1].mean()) + rest
        blind = not start[0].any() and is_blind(problem.channel, y, offset, total)
    if overlap > 0.0:
        if truth is None:
            raise BadArgument("gamp: initial_overlap > 0 needs weights, the true ones")
        start = informed_start(denoise, truth, overlap, source)
    elif blind:
        start = spectral_start(problem.channel, x, y, offset, total, start, source)
    passed = pass_messages(
        x,
        math.sqrt(signal / d),
        output,
        denoise,
        start,
        settings,
        truth,
        least=_least_variance(problem, inputs),
    )
    unit = 1.0 if spread is None else np.where(spread > 0.0, spread, np.inf)
    result = GampResult(
        problem=problem,
        estimate=passed.mean / unit,
        variance=passed.variance / np.square(unit),
        field_variance=float(passed.susceptibility[-1]) + rest,
        overlap=np.abs(passed.overlap) if blind else passed.overlap,
        self_overlap=passed.self_overlap,
        conjugate=passed.conjugate,
        residual=passed.residual,
        status=passed.status,
        scale=spread,
    )
    if test_inputs is None:
        return result
    object.__setattr__(result, "test_fields", result.fields(test_inputs))
    return result


def _require_scale(problem: GLM, scale: ArrayLike | None, size: int) -> FloatArray | None:
    """Standard deviations of the components, or None where all are 1."""
    spread = require_vector("gamp", "scale", scale, size)
    if spread is None:
        if not isinstance(problem.spectrum, Isotropic):
            raise BadArgument(
                f"gamp: inputs with the spectrum {problem.spectrum} need scale, the standard "
                "deviation of each component; a teacher of ours has it as teacher.scale"
            )
        return None
    if not isinstance(problem.prior, Gaussian):
        raise BadArgument(
            f"gamp: a scale of the inputs needs a Gaussian prior, got {problem.prior}"
        )
    if not ((spread >= 0.0).all() and spread.any()):
        raise BadArgument("gamp: scale must be at least 0, and not all of it 0")
    return spread


def _least_variance(problem: GLM, inputs: ArrayLike) -> float:
    """V of fields that are known to the last digit of the inputs."""
    kind = getattr(inputs, "dtype", np.dtype(np.float64))
    digits = np.finfo(kind).eps if kind == np.float32 else np.finfo(np.float64).eps
    return (
        16.0 * float(digits) ** 2 * problem.signal_variance if problem.noise_variance == 0 else 0.0
    )
