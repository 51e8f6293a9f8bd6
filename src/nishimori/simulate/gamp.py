"""Generalized approximate message passing: the algorithm that state evolution describes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

from nishimori.arguments import require_array, require_fraction, require_integer
from nishimori.errors import BadArgument
from nishimori.glm import GLM
from nishimori.priors import Gaussian
from nishimori.simulate.bayes_predictions import best_prediction
from nishimori.simulate.denoisers import mixture_of, posterior_moments
from nishimori.simulate.field_posteriors import field_posterior
from nishimori.simulate.possible_labels import require_possible
from nishimori.simulate.sampling import require_rng
from nishimori.simulate.tracks import Tracks

__all__ = ["GampResult", "gamp", "optional_vector", "require_inputs", "require_samples"]

FloatArray = NDArray[np.float64]

_MOST = 100_000  # iterations
_ALMOST_ZERO = 1e-9  # a score at omega = 0 that tells nothing of the sign of the weights
_SPECTRAL_OVERLAP = 0.1  # that a spectral start is given credit for
_LEAST_VARIANCE = 1e-14
_EXPLAINED = 1e-3  # a variance of the weights, of the prior's, below which nothing is missing
_RUNAWAY = 1e3  # times the prior's second moment, that an estimate cannot be


@dataclass(frozen=True, eq=False)
class GampResult(Tracks):
    """What Bayes-optimal message passing found, and how it got there.

    Attributes
    ----------
    problem : GLM
    estimate, variance : ndarray of shape (d,)
        Posterior mean and variance of each weight a.
    field_variance : float
        V of the field of a fresh input around its mean.
    overlap : ndarray
        a . a_hat/d at every iteration, the start included; NaN where the weights are not known.
    self_overlap : ndarray
        abs(a_hat)^2/d at every iteration; on average equal to `overlap` (Nishimori).
    conjugate : ndarray
        r, the precision that the labels gave to each weight; r[0] = 0.
    change : ndarray
        Root mean square of the estimate's step at every iteration.
    converged : bool
        Whether the last step is below the tolerance.
    scale : ndarray or None
        Standard deviations of the input components that were divided out.
    """

    problem: GLM
    estimate: FloatArray
    variance: FloatArray
    field_variance: float
    overlap: FloatArray
    self_overlap: FloatArray
    conjugate: FloatArray
    change: FloatArray
    converged: bool
    scale: FloatArray | None = None

    tracks = ("overlap", "self_overlap", "conjugate", "change")
    table_columns = ("overlap", "iteration", "self_overlap", "change")

    @property
    def iterations(self) -> int:
        """How many were made."""
        return self.change.size - 1

    def fields(self, inputs: ArrayLike) -> FloatArray:
        """Posterior means of the fields of fresh inputs, the offset included."""
        x = require_inputs("GampResult", inputs, self.estimate.size)
        slope = math.sqrt(self.problem.signal_variance / self.estimate.size)
        return slope * (x @ self.estimate) + self.problem.offset

    def predict(self, inputs: ArrayLike) -> FloatArray:
        """The most probable label of fresh inputs, or its mean where labels are real numbers."""
        return best_prediction(self.problem.channel, self.fields(inputs), self.field_variance)


def gamp(
    problem: GLM,
    inputs: ArrayLike,
    labels: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    iterations: int = 200,
    damping: float = 0.0,
    tolerance: float = 1e-8,
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
        x, of unit variance per component (or of `scale`'s).
    labels : array_like of shape (n,)
    weights : array_like of shape (d,), optional
        The true weights a, to follow the overlap with them.
    iterations : int, default 200
        At most.
    damping : float, default 0
        Share of the old estimate and score kept at each step but the first, in [0, 1). It changes
        the path (state evolution with damping damps something else), not where it ends.
    tolerance : float, default 1e-8
        Root mean square of the last step of the estimate; >= 0.
    initial_overlap : float, default 0
        The start is the posterior of a look at `weights`, which must then be given, of
        signal-to-noise ratio q/(1 - q): of that overlap q for standard normal weights.
    scale : array_like of shape (d,), optional
        Standard deviation of each input component; Gaussian weights only.
    rng : numpy.random.Generator or int, default 0
        For the start.

    Returns
    -------
    GampResult

    Raises
    ------
    BadArgument
        If the arguments do not fit each other, or the channel or prior is not one of the package.

    Notes
    -----
    With F = sqrt(lambda) X/sqrt(d), mean variance v of the weights, V = lambda v + eta and
    :math:`g = \partial_\omega \ln Z(y, \omega, V)`, one iteration is

    .. math:: \omega = F \hat a - \lambda v\, g_{old}, \quad
              A = -\tfrac{\lambda}{d} \sum_\mu \partial_\omega g_\mu, \quad
              B = F^T g + A \hat a, \quad \hat a = E[a | B, A];

    the second term of omega is Onsager's. Where the labels tell nothing of the sign of the
    weights, and :math:`\hat a = 0` would stay for ever, it starts from the leading eigenvector of
    :math:`\sum_\mu (Z''/Z)(y_\mu)\, x_\mu x_\mu^T`; the overlap is then counted without its sign.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Sign())
    >>> teacher = nm.simulate.glm_teacher(problem, dimension=1000, rng=0)
    >>> data = teacher.sample(2000, rng=1)
    >>> found = nm.simulate.gamp(problem, data.inputs, data.labels, weights=teacher.weights)
    >>> bool(abs(found.overlap[-1] - problem.solve(2.0).overlap) < 0.05)
    True

    References
    ----------
    .. [1] Donoho, Maleki, Montanari, PNAS 2009, arXiv:0907.3574.
    .. [2] Rangan, ISIT 2011, arXiv:1010.5141.
    """
    if not isinstance(problem, GLM):
        raise BadArgument(f"gamp: problem must be a GLM, got {problem!r:.60}")
    x, y = require_samples("gamp", inputs, labels)
    n, d = x.shape
    count = require_integer("iterations", iterations, "gamp", 1, _MOST)
    damping = require_fraction("damping", damping, "gamp", 0.0, 1.0 - 1e-9)
    tolerance = require_fraction("tolerance", tolerance, "gamp", 0.0, 1.0)
    require_possible(problem.channel, y)
    truth = optional_vector("gamp", "weights", weights, d)
    spread = optional_vector("gamp", "scale", scale, d)
    if spread is not None:
        if (spread < 0.0).any():
            raise BadArgument("gamp: scale must be at least 0")
        if not isinstance(problem.prior, Gaussian):
            raise BadArgument(
                f"gamp: a scale of the inputs needs a Gaussian prior, got {problem.prior}"
            )
        x = x / np.where(spread > 0.0, spread, 1.0)
    source = require_rng(rng, "gamp")
    signal, rest = problem.signal_variance, problem.noise_variance
    design = math.sqrt(signal / d) * x
    mixture = mixture_of(problem.prior)
    mean, variance = posterior_moments(mixture, np.zeros(d), 0.0, spread)
    moment = 1.0 if spread is None else float(np.mean(np.square(spread)))
    unit = 1.0 if spread is None else np.where(spread > 0.0, spread, 1.0)
    known = None if truth is None else truth * unit

    def moments(omega: FloatArray, v: float) -> tuple[FloatArray, FloatArray]:
        total = max(signal * v + rest, _LEAST_VARIANCE)
        found = field_posterior(problem.channel, y, omega + problem.offset, total)
        score = (found.mean - problem.offset - omega) / total
        return score, (1.0 - found.variance / total) / total

    start = require_fraction("initial_overlap", initial_overlap, "gamp", 0.0, 1.0)
    score, slope = moments(np.zeros(n), float(variance.mean()))
    blind = bool(np.abs(score).max() < _ALMOST_ZERO) and not mean.any()
    if start > 0.0:
        if known is None:
            raise BadArgument("gamp: initial_overlap needs weights, the true ones")
        precision = start / (1.0 - start) if start < 1.0 else 1.0 / _LEAST_VARIANCE
        seen = precision * known + math.sqrt(precision) * source.standard_normal(d)
        mean, variance = posterior_moments(mixture, seen, precision, spread)
    elif blind:
        direction = _leading(x, np.square(score) - slope, source)
        mean = math.sqrt(_SPECTRAL_OVERLAP * d) * direction * unit
        variance = variance * (1.0 - _SPECTRAL_OVERLAP)
    score = np.zeros(n)
    tracks: list[tuple[float, float, float, float]] = [
        (_overlap(known, mean, blind), float(np.mean(np.square(mean))), 0.0, math.inf)
    ]
    converged = False
    for step in range(count):
        v = float(variance.mean())
        omega = design @ mean - signal * v * score
        new_score, slope = moments(omega, v)
        if step and _tells_nothing(new_score, slope, rest, v):
            converged = True  # every label is explained, with nothing left to learn from it
            break
        score = damping * score + (1.0 - damping) * new_score if step else new_score
        precision = signal * float(slope.sum()) / d
        linear = design.T @ score + precision * mean
        found, variance_new = posterior_moments(mixture, linear, max(precision, 0.0), spread)
        kept = damping if step else 0.0
        moved = (1.0 - kept) * (found - mean)
        mean = mean + moved
        variance = kept * variance + (1.0 - kept) * variance_new
        change = math.sqrt(float(np.mean(np.square(moved))))
        overlap = _overlap(known, mean, blind)
        tracks.append((overlap, float(np.mean(np.square(mean))), precision, change))
        if not math.isfinite(change) or float(np.mean(np.square(mean))) > _RUNAWAY * moment:
            break
        if change < tolerance:
            converged = True
            break
    overlaps, squares, precisions, changes = np.array(tracks).T
    total = signal * float(variance.mean()) + rest
    estimate = mean / unit
    return GampResult(
        problem=problem,
        estimate=estimate,
        variance=variance / np.square(unit),
        field_variance=total,
        overlap=overlaps,
        self_overlap=squares,
        conjugate=precisions,
        change=changes,
        converged=converged,
        scale=spread,
    )


def _tells_nothing(score: FloatArray, slope: FloatArray, rest: float, variance: float) -> bool:
    """Whether, without noise, no label asks for any change, and its field is known."""
    return bool(rest == 0.0 and variance < _EXPLAINED and not score.any() and not slope.any())


def require_samples(owner: str, inputs: Any, labels: Any) -> tuple[FloatArray, FloatArray]:
    """Inputs of shape (n, d) and n labels, all finite, as doubles."""
    x, y = require_array("inputs", inputs, owner), require_array("labels", labels, owner)
    if x.ndim != 2 or 0 in x.shape:
        raise BadArgument(
            f"{owner}: inputs must be a matrix of samples by components, got {x.shape}"
        )
    if y.shape != x.shape[:1]:
        raise BadArgument(f"{owner}: {x.shape[0]} inputs need as many labels, got shape {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadArgument(f"{owner}: inputs and labels must be finite")
    return x, y


def require_inputs(owner: str, inputs: ArrayLike, dimension: int) -> FloatArray:
    """Fresh inputs of shape (samples, d), finite, as doubles."""
    x = require_array("inputs", inputs, owner)
    if x.ndim != 2 or x.shape[1] != dimension:
        raise BadArgument(f"{owner}: inputs must have shape (samples, {dimension}), got {x.shape}")
    if not np.isfinite(x).all():
        raise BadArgument(f"{owner}: inputs must be finite")
    return x


def optional_vector(
    owner: str, name: str, values: ArrayLike | None, size: int
) -> FloatArray | None:
    """`values` as `size` finite numbers, or None."""
    if values is None:
        return None
    vector = require_array(name, values, owner)
    if vector.shape != (size,) or not np.isfinite(vector).all():
        raise BadArgument(
            f"{owner}: {name} must be {size} finite numbers, got shape {vector.shape}"
        )
    return vector


def _overlap(truth: FloatArray | None, mean: FloatArray, blind: bool) -> float:
    if truth is None:
        return math.nan
    overlap = float(np.mean(truth * mean))
    return abs(overlap) if blind else overlap


def _leading(x: FloatArray, weight: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The unit eigenvector of sum_mu weight_mu x_mu x_mu^T with the largest eigenvalue."""
    d = x.shape[1]
    if not (np.isfinite(weight).all() and weight.any() and x.any()):
        return np.asarray(rng.standard_normal(d)) / math.sqrt(d)
    if d < 3:
        return np.linalg.eigh((x.T * weight) @ x)[1][:, -1]
    matrix = LinearOperator((d, d), matvec=lambda u: x.T @ (weight * (x @ np.ravel(u))))
    vector: FloatArray = eigsh(matrix, k=1, which="LA", v0=rng.standard_normal(d), tol=1e-4)[1][
        :, 0
    ]
    return vector
