"""What a comparison will simulate, and one repetition of it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_array, require_integer, shown
from nishimori.channels import Channel
from nishimori.errors import BadArgument
from nishimori.glm import GLM
from nishimori.network import DeepNetwork
from nishimori.simulate.datasets import Dataset
from nishimori.simulate.memory import require_memory
from nishimori.simulate.procedures import Procedure, Task
from nishimori.simulate.sampling import Teacher
from nishimori.simulate.teachers import Precision, glm_teacher, teacher
from nishimori.spectra import Isotropic
from nishimori.threads import use_one_thread

__all__ = [
    "Measurement",
    "Plan",
    "Point",
    "make_points",
    "require_dtype",
    "require_memory_for",
    "simulate_repetition",
    "widths_of",
]

_WIDEST = 10**7
_FEWEST_TESTS, _MOST_TESTS = 2000, 20_000


class Measurement(NamedTuple):
    """The test error of one procedure in one repetition, or why there is none."""

    error: float
    failure: str = ""


class Point(NamedTuple):
    """Sizes of one point: n samples of a teacher of these widths, tested on so many more."""

    samples: int
    widths: tuple[int, ...]
    tests: int

    @property
    def alpha(self) -> float:
        """n/d, as it is."""
        return self.samples / self.widths[0]


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that decides on the outcome of every repetition.

    Attributes
    ----------
    problem : GLM
        The plain GLM, or the equivalent one of the network without its offset.
    network : DeepNetwork or None
    points : tuple of Point
    procedures : tuple of tuple of Procedure
        For each point those that are run on it.
    metrics : tuple of str
        "misclassification" or "mean_square", of each procedure.
    seed : int
    dtype : {"float64", "float32"}
    """

    problem: GLM
    network: DeepNetwork | None
    points: tuple[Point, ...]
    procedures: tuple[tuple[Procedure, ...], ...]
    metrics: tuple[str, ...]
    seed: int
    dtype: Precision = "float64"
    home: int = field(default_factory=os.getpid)

    @property
    def channel(self) -> Channel:
        """P_out."""
        return self.problem.channel


def simulate_repetition(plan: Plan, point: int, repetition: int) -> list[Measurement]:
    """Draw a teacher and data, run every procedure on the same, and measure their test errors.

    What it returns depends on the plan and the two numbers only.
    """
    if os.getpid() != plan.home:
        use_one_thread()
    seeds = np.random.SeedSequence([plan.seed, point, repetition])
    rngs = [np.random.default_rng(s) for s in seeds.spawn(3 + len(plan.metrics))]
    size = plan.points[point]
    deep = _teacher(plan, size, rngs[0])
    train = deep.sample(size.samples, rngs[1])
    test = deep.sample(size.tests, rngs[2])
    secret = np.full(size.samples, np.nan)
    task = Task(
        replace(plan.problem, offset=deep.offset),
        plan.network,
        Dataset(train.inputs, train.labels, secret),
        test.inputs,
        size.widths,
    )
    runs = zip(plan.procedures[point], plan.metrics, rngs[3:], strict=True)
    return [_measure(*run, task, test.labels) for run in runs]


def _teacher(plan: Plan, point: Point, rng: np.random.Generator) -> Teacher:
    if plan.network is None:
        return glm_teacher(plan.problem, point.widths[0], rng, dtype=plan.dtype)
    spectrum = plan.problem.spectrum
    given = None if isinstance(spectrum, Isotropic) else spectrum
    return teacher(plan.network, plan.channel, point.widths, rng, spectrum=given, dtype=plan.dtype)


def _measure(
    procedure: Procedure,
    metric: str,
    rng: np.random.Generator,
    task: Task,
    labels: NDArray[Any],
) -> Measurement:
    try:
        predicted = np.asarray(procedure.predict(task, rng), dtype=np.float64)
        if predicted.shape != labels.shape:
            raise BadArgument(
                f"it predicted an array of shape {predicted.shape} for {labels.size} samples"
            )
        if not np.isfinite(predicted).all():
            raise BadArgument("a prediction is not finite")
    except Exception as error:  # whatever a learner may raise, the others go on
        text = " ".join(f"{error}".split()) or type(error).__name__
        return Measurement(math.nan, text[:500])
    if metric == "misclassification":
        if task.problem.channel.binary:
            predicted = np.where(predicted >= 0.0, 1.0, -1.0)
        return Measurement(float(np.mean(predicted != labels)))
    with np.errstate(over="ignore"):
        square = float(np.mean(np.square(predicted - labels)))
    if not math.isfinite(square):
        return Measurement(math.nan, "its error overflows")
    return Measurement(square)


def require_memory_for(points: tuple[Point, ...], dtype: str) -> None:
    """Refuse, in a sentence and before any work, a repetition that does not fit."""

    def size(point: Point) -> float:
        widths = point.widths
        weights = sum(a * b for a, b in zip(widths, widths[1:], strict=False)) + sum(widths)
        data = (point.samples + point.tests) * (widths[0] + 2)
        return float(weights + data) * np.dtype(dtype).itemsize

    largest = max(points, key=size)
    what = (
        f"one repetition with {largest.samples} + {largest.tests} samples of dimension "
        f"{largest.widths[0]} in {dtype}"
    )
    instead = "use a smaller width or alpha, fewer test_samples or dtype='float32'"
    require_memory("compare", what, size(largest), instead)


def make_points(
    alpha: Any, widths: list[tuple[int, ...]], tests: Any, owner: str = "compare"
) -> tuple[Point, ...]:
    """All alphas at all widths: n = round(alpha d), at least 1.

    Raises
    ------
    BadArgument
        If an alpha is not positive and finite, there is none, or `tests` is no number of samples.
    """
    ratios = require_array("alpha", alpha, owner).ravel()
    if ratios.size == 0:
        raise BadArgument(f"{owner}: alpha is empty; give at least one sample ratio n/d")
    bad = ~(np.isfinite(ratios) & (ratios > 0.0))
    if bad.any():
        raise BadArgument(f"{owner}: alpha must be finite and positive, got {ratios[bad][0]:g}")
    points = []
    for sizes in widths:
        d = sizes[0]
        most = min(max(10 * d, _FEWEST_TESTS), _MOST_TESTS)
        if tests is not None:
            most = require_integer("test_samples", tests, owner, 2, 10**10)
        for ratio in ratios.tolist():
            samples = require_integer("n = alpha width", round(ratio * d), owner, 1, 10**10)
            points.append(Point(samples, sizes, most))
    return tuple(points)


def widths_of(
    network: DeepNetwork | None, width: Any, ratios: Any, owner: str = "compare"
) -> tuple[int, ...]:
    """(d, d_1, ..., d_L) of a network, or (d,): all of one width, or with these ratios to it.

    Raises
    ------
    BadArgument
        If the width is no positive integer, or there are not as many ratios as hidden layers.
    """
    d = require_integer("width", width, owner, 2, _WIDEST)
    if network is None:
        if ratios is not None:
            raise BadArgument(f"{owner}: width_ratios are for a network, and a GLM has no layers")
        return (d,)
    if ratios is None:
        return (d,) * (network.depth + 1)
    factors = np.atleast_1d(require_array("width_ratios", ratios, owner))
    if factors.shape != (network.depth,) or not (np.isfinite(factors) & (factors > 0.0)).all():
        raise BadArgument(
            f"{owner}: width_ratios must be {network.depth} positive numbers, the width of each "
            f"hidden layer over the input dimension; got {ratios!r}"
        )
    return (d, *(max(round(f * d), 1) for f in factors.tolist()))


def require_dtype(dtype: Any, owner: str = "compare") -> Literal["float64", "float32"]:
    """One of the two precisions, or a sentence."""
    for name in ("float64", "float32"):
        if (isinstance(dtype, str | np.dtype) and dtype == name) or dtype is getattr(np, name):
            return "float64" if name == "float64" else "float32"
    raise BadArgument(f"{owner}: dtype must be 'float64' or 'float32', got {shown(dtype)}")
