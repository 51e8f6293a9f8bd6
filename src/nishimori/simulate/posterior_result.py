"""What sampling a posterior returns, and whether its chains agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.results.travel import Travels, one_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Mixing", "PosteriorResult", "mixing"]

FloatArray = NDArray[np.float64]

_COLUMNS = 64  # quantities whose autocorrelations are held at a time


@dataclass(frozen=True)
class Mixing:
    """Agreement of the chains.

    Attributes
    ----------
    rhat, effective_sample_size : float
        The worst over the predictions and the log density.
    divergences : int
        Trajectories that left the region where the integrator is accurate.
    mixed : bool
    status : str
        A sentence: that the chains have mixed, or what speaks against it.
    """

    rhat: float
    effective_sample_size: float
    divergences: int
    mixed: bool
    status: str


@dataclass(frozen=True, eq=False)
class PosteriorResult(Travels):
    """Samples of a Bayesian network's posterior, and what they predict.

    Attributes
    ----------
    predictions : ndarray of shape (tests,)
        The most probable label where labels are classes, E[y|x, data] otherwise.
    classes : ndarray or None
        The labels, where they are finitely many.
    probabilities : ndarray of shape (classes, tests) or None
        Posterior probability of each.
    label_means : ndarray of shape (chains, draws, tests)
        E[y|h] in each draw; below `Linear` noise given the hidden layers alone.
    fields : ndarray of shape (chains, draws, tests)
        h at the test inputs, a sample of its posterior in each draw.
    expected_error : float
        The test error that the posterior itself expects of `predictions`, label noise included:
        misclassification of classes, mean square of others. Over many teachers its mean is the
        mean test error (the Nishimori identity), with far smaller fluctuations.
    standard_errors : ndarray of shape (tests,)
        Monte Carlo standard error of the mean label.
    log_density : ndarray of shape (chains, draws)
        Log posterior density of what the chains move, up to a constant.
    label_rhat, label_effective_sample_size : ndarray of shape (tests,)
        Split R-hat and effective sample size of each mean label.
    log_density_rhat, log_density_effective_sample_size : float
    steps : float
        Gradients per draw, on average.
    mixing : Mixing
    weights, biases : tuple of ndarray, or None
        W_l of shape (chains, draws, d_l, d_{l-1}) and b_l, where they were to be kept.
    readout : ndarray or None
        a, of shape (chains, draws, d_L).
    """

    predictions: FloatArray
    classes: FloatArray | None
    probabilities: FloatArray | None
    label_means: FloatArray
    fields: FloatArray
    expected_error: float
    standard_errors: FloatArray
    log_density: FloatArray
    label_rhat: FloatArray
    label_effective_sample_size: FloatArray
    log_density_rhat: float
    log_density_effective_sample_size: float
    steps: float
    mixing: Mixing
    weights: tuple[FloatArray, ...] | None = None
    biases: tuple[FloatArray, ...] | None = None
    readout: FloatArray | None = None

    index_name = "test"
    marks_only = True

    def rows(self) -> list[dict[str, Any]]:
        """One dict per test input: the prediction, its mean label and how well that is known."""
        columns = {
            "prediction": self.predictions,
            "mean_label": self.label_means.mean(axis=(0, 1)),
            "standard_error": self.standard_errors,
            "rhat": self.label_rhat,
            "effective_sample_size": self.label_effective_sample_size,
        }
        lists = [values.tolist() for values in columns.values()]
        return [
            {"test": number, **dict(zip(columns, values, strict=True))}
            for number, values in enumerate(zip(*lists, strict=True))
        ]

    def plot(
        self,
        ax: Axes | None = None,
        *,
        axes: Axes | None = None,
        quantity: str = "mean_label",
        **style: Any,
    ) -> Axes:
        """Draw `quantity` of every test input as points (extra ``plot``); returns the axes."""
        from nishimori.export.pictures import draw_columns

        style = {"marker": "o", "linestyle": "none"} | style
        return draw_columns(self, one_axes(ax, axes), quantity=quantity, **style)

    @property
    def mixed(self) -> bool:
        """Whether the chains agree."""
        return self.mixing.mixed

    @property
    def status(self) -> str:
        """Whether the chains agree, in a sentence."""
        return self.mixing.status

    def __str__(self) -> str:
        chains, draws, tests = self.fields.shape
        return f"{chains} chains of {draws} draws, {tests} predictions; {self.status}"


def agreement(values: Any) -> tuple[FloatArray, FloatArray]:
    """Split R-hat and effective sample size of quantities of shape (chains, draws, quantities).

    A quantity that never changes is known exactly: R-hat 1, every draw as good as all.
    """
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin

    chains, draws, count = values.shape
    rhat, size = np.ones(count), np.full(count, float(chains * draws))
    moving = np.flatnonzero(np.ptp(values, axis=(0, 1)) > 0.0)
    for start in range(0, moving.size, _COLUMNS):
        part = moving[start : start + _COLUMNS]
        rhat[part] = split_gelman_rubin(values[..., part])
        with np.errstate(invalid="ignore", divide="ignore"):
            size[part] = effective_sample_size(values[..., part])
    # a chain that stands still has no effective sample
    return np.where(np.isnan(rhat), np.inf, rhat), np.where(np.isnan(size), 0.0, size)


def mixing(
    rhat: FloatArray, size: FloatArray, divergences: int, largest: float, smallest: float
) -> Mixing:
    """The verdict on all quantities together."""
    worst, least = float(np.max(rhat)), float(np.min(size))
    against = []
    if not worst < largest:
        against.append(f"R-hat reaches {worst:.3f}, not below {largest:g}")
    if not least >= smallest:
        against.append(f"an effective sample size is {least:.0f}, below {smallest:g}")
    if divergences:
        against.append(f"{divergences} trajectories diverged")
    if against:
        status = f"not mixed: {'; '.join(against)}; more warmup and draws are needed"
    else:
        status = f"mixed: R-hat at most {worst:.4f}, effective sample size {least:.0f}"
    return Mixing(worst, least, divergences, not against, status)
