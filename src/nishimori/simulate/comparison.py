"""Simulations of real, finite data, held against theory."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_integer, shown
from nishimori.channels import Channel
from nishimori.errors import BadArgument
from nishimori.executors import require_executor, require_progress
from nishimori.glm import GLM
from nishimori.network import DeepNetwork, require_spectrum
from nishimori.results import traced
from nishimori.simulate.compared import ComparedPoint, Comparison, compared_point
from nishimori.simulate.plan import (
    Measurement,
    Plan,
    Point,
    make_points,
    require_dtype,
    require_memory_for,
    widths_of,
)
from nishimori.simulate.procedures import Procedure, named_procedures
from nishimori.simulate.runs import Progress, run
from nishimori.simulate.specification import specification
from nishimori.simulate.store import Store
from nishimori.simulate.theory_values import Theory, natural_scale
from nishimori.spectra import Spectrum

__all__ = ["Setup", "compare", "prepare", "require_model"]

_MOST = 10**7


def compare(
    problem_or_network: GLM | DeepNetwork,
    estimators: Any,
    alpha: ArrayLike,
    width: int,
    repetitions: int = 20,
    *,
    channel: Channel | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    test_samples: int | None = None,
    width_ratios: Sequence[float] | None = None,
    spectrum: Spectrum | None = None,
    progress: Progress | None = None,
    dtype: Any = "float64",
) -> Comparison:
    """Simulate learners on real data of finite size and hold their test errors against theory.

    Each repetition draws a teacher, a training set of n = round(alpha d) samples and a test set;
    every estimator sees the same. Theory is asked at n/d as it is.

    Parameters
    ----------
    problem_or_network : GLM or DeepNetwork
        Of the teacher.
    estimators : object, list or dict
        Procedures of `nishimori.simulate`, estimators of `nishimori.erm` (trained on the inputs;
        ``regularization="optimal"`` takes theory's number), or None or "bayes" for message passing;
        one, a list, or a dict with labels of your own.
    alpha : array_like
        Sample ratios n/d; > 0.
    width : int
        d, and the width of every hidden layer.
    repetitions : int, default 20
        How many teachers at each alpha; at least 2.
    channel : Channel, optional
        Of the labels; needed with a network.
    executor : concurrent.futures.Executor, optional
        Runs the repetitions; the table is the same without, to the last digit.
    store : str or path, optional
        SQLite file that every repetition is saved in as it ends. With one that exists, only what it
        lacks is run, and repetitions that failed.
    seed : int, default 0
        Repetition r of point p depends on (seed, p, r) only, whatever the number of repetitions.
    test_samples : int, optional
        Of each test set; 10 d by default, from 2,000 to 20,000.
    width_ratios : sequence of float, optional
        Widths of the hidden layers over the input dimension, 1 by default.
    spectrum : Spectrum, optional
        Of the inputs, with a network.
    progress : callable, optional
        Called as ``progress(done, total)`` after each repetition.
    dtype : {"float64", "float32"}
        Of the data.

    Returns
    -------
    Comparison

    Raises
    ------
    BadArgument
        If an argument is out of its domain, an estimator cannot take the labels, a repetition does
        not fit in memory, or the store is of another specification or version.
    OutputError
        If the store cannot be written; what it holds is kept.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Linear(noise=0.1))
    >>> table = nm.simulate.compare(problem, nm.erm.Ridge(), alpha=[1.0, 3.0], width=50,
    ...                             repetitions=10)
    >>> table.agrees
    True
    """
    problem, network = require_model(problem_or_network, channel, spectrum, "compare")
    points = make_points(alpha, [widths_of(network, width, width_ratios)], test_samples)
    count = require_integer("repetitions", repetitions, "compare", 2, _MOST)
    setup = prepare(problem, network, estimators, points, seed=seed, dtype=dtype)
    found = setup.measure(count, executor=executor, store=store, progress=progress)
    table = Comparison(
        tuple(setup.compared(found)),
        {label: theory.metric for label, theory in setup.theories.items()},
        setup.title,
        setup.theories,
    )
    asked = {
        "problem_or_network": problem_or_network,
        "estimators": "bayes" if estimators is None else estimators,
        "alpha": alpha,
        "width": width,
        "repetitions": repetitions,
        "channel": channel,
        "seed": seed,
        "test_samples": test_samples,
        "width_ratios": width_ratios,
        "spectrum": spectrum,
        "dtype": dtype,
    }
    made: Comparison = traced(lambda: table, None, "nm.simulate.compare", asked)
    return made


@dataclass(frozen=True, eq=False)
class Setup:
    """A plan, and what theory says about it: arrays over the points, by label."""

    plan: Plan
    procedures: dict[str, Procedure]
    theories: dict[str, Theory]
    values: dict[str, NDArray[np.float64]]
    reasons: dict[str, list[str]]

    @property
    def title(self) -> str:
        """What is simulated."""
        plan = self.plan
        what = plan.problem if plan.network is None else f"{plan.network}; {plan.channel}"
        widths = sorted({min(point.widths) for point in plan.points})
        return f"{what}; width {', '.join(map(str, widths))}; seed {plan.seed}"

    def measure(
        self,
        repetitions: int,
        *,
        executor: Executor | None = None,
        store: str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> dict[tuple[int, int], list[Measurement]]:
        """Run what the store does not have."""
        require_executor(executor, "compare")
        require_progress(progress, "compare")
        if store is None:
            return run(self.plan, repetitions, executor, None, progress)
        with Store(store, specification(self.plan, self.procedures)) as kept:
            return run(self.plan, repetitions, executor, kept, progress)

    def compared(
        self, found: Mapping[tuple[int, int], list[Measurement]]
    ) -> Iterator[ComparedPoint]:
        """Every estimator at every point."""
        count = 1 + max(repetition for _, repetition in found)
        for k, label in enumerate(self.procedures):
            theory = self.theories[label]
            scale = natural_scale(self.plan.problem, theory.metric)
            for p, point in enumerate(self.plan.points):
                measured = [found[p, r][k] for r in range(count)]
                errors = np.array([m.error for m in measured if not m.failure])
                mean, standard_error = _mean(errors)
                value = float(self.values[label][p])
                failure = next((m.failure for m in measured if m.failure), "")
                yield compared_point(
                    label,
                    point.alpha,
                    value,
                    mean,
                    standard_error,
                    samples=point.samples,
                    width=min(point.widths),
                    scale=max(scale, value),
                    bound=theory.bound,
                    repetitions=errors.size,
                    failures=count - errors.size,
                    reason=self.reasons[label][p] or failure,
                )


def prepare(
    problem: GLM,
    network: DeepNetwork | None,
    estimators: Any,
    points: tuple[Point, ...],
    *,
    seed: Any,
    dtype: Any,
) -> Setup:
    """Check everything, and ask theory, before any simulation."""
    procedures = named_procedures(estimators)
    number = require_integer("seed", seed, "compare", 0, 2**63)
    kind = require_dtype(dtype)
    require_memory_for(points, kind)
    for procedure in procedures.values():
        _with_regularization(procedure, np.ones(1), 1)[0].check(problem, network)
    theories = {k: Theory.of(p, problem, network) for k, p in procedures.items()}
    alpha = np.array([point.alpha for point in points])
    values, reasons = {}, {}
    ready: list[list[Procedure]] = []
    for label, theory in theories.items():
        regularization = None
        if theory.estimator is not None:
            regularization = theory.regularization(alpha)
        values[label], reasons[label] = theory.errors(alpha, regularization)
        ready.append(_with_regularization(procedures[label], regularization, len(points)))
    plan = Plan(
        problem,
        network,
        points,
        tuple(zip(*ready, strict=True)),
        tuple(theory.metric for theory in theories.values()),
        number,
        kind,
    )
    return Setup(plan, procedures, theories, values, reasons)


def require_model(
    model: Any, channel: Any, spectrum: Any, owner: str
) -> tuple[GLM, DeepNetwork | None]:
    """The GLM, and the network that it is equivalent to if there is one."""
    require_spectrum(spectrum)
    if isinstance(model, DeepNetwork):
        if not isinstance(channel, Channel):
            raise BadArgument(
                f"{owner}: a network needs channel=, one of nishimori.channels; got {channel!r}"
            )
        return model.glm(channel, spectrum=spectrum), model
    if not isinstance(model, GLM):
        raise BadArgument(f"{owner}: expected a GLM or a DeepNetwork, got {shown(model)}")
    if channel is not None or spectrum is not None:
        raise BadArgument(f"{owner}: a GLM has a channel and a spectrum of its own; leave them out")
    return model, None


def _with_regularization(
    procedure: Procedure, regularization: NDArray[np.float64] | None, count: int
) -> list[Procedure]:
    """The procedure for each point, with a number where "optimal" or an array was asked for."""
    estimator: Any = getattr(procedure, "estimator", None)
    if estimator is None or regularization is None or isinstance(estimator.regularization, float):
        return [procedure] * count
    try:
        return [
            replace(procedure, estimator=replace(estimator, regularization=float(value)))  # type: ignore[type-var]
            for value in regularization
        ]
    except TypeError:
        raise BadArgument(
            f"compare: {procedure.name} takes no other regularization; make it a dataclass "
            "with a field estimator, or let its regularization be a number"
        ) from None


def _mean(errors: NDArray[np.float64]) -> tuple[float, float]:
    if errors.size == 0:
        return math.nan, math.nan
    spread = float(errors.std(ddof=1)) / math.sqrt(errors.size) if errors.size > 1 else math.nan
    return float(errors.mean()), spread
