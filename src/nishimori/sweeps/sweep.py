"""The sweep itself: what it is of, the grid, the store and the executor brought together."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

from nishimori._version import __version__
from nishimori.arguments import shown
from nishimori.errors import BadArgument
from nishimori.executors import require_executor, require_progress
from nishimori.glm import GLM
from nishimori.network import DeepNetwork
from nishimori.progress import progress_bar
from nishimori.sweeps.chunks import Task
from nishimori.sweeps.driver import Progress, run
from nishimori.sweeps.functions import FunctionTask
from nishimori.sweeps.grid import Grid
from nishimori.sweeps.problems import ProblemTask
from nishimori.sweeps.result import Sweep
from nishimori.sweeps.store import FORMAT, Store

__all__ = ["sweep"]

Subject = Callable[..., Any] | GLM | DeepNetwork | type[GLM] | type[DeepNetwork]


def sweep(
    subject: Subject,
    grid: Mapping[str, Any],
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | Literal[False] | None = None,
    retry: bool = False,
) -> Sweep:
    """Compute something at every point of a grid; resumable, on any executor.

    Parameters
    ----------
    subject : callable, GLM or DeepNetwork
        A function of keyword arguments that returns a number, a mapping of names to numbers, or a
        result of nishimori (a state, transitions, a reduction). Or a problem or network, parts of
        which the grid replaces: its learning curve is computed, all alphas of one problem in one
        call of ``learning_curve``. Or the class itself, where the grid gives all parts.
    grid : mapping of str
        ``{name: values}`` is an axis, and the grid the product of the axes, the last one fastest.
        ``{axis: {name: values, other: values}}`` is one axis along which several names change
        together. ``{name: value}`` stays the same at every point.

        Names for a function are its arguments. For a problem: ``alpha`` (needed); the fields
        ``channel prior spectrum signal_variance noise_variance offset`` of a `GLM`; or ``network``,
        or ``depth activation weight_variance bias_variance readout_variance``, and
        ``input_second_moment channel spectrum offset`` of a `DeepNetwork`; parameters of any of
        them such as ``channel.noise`` or ``activation.gain``; ``branch`` and ``rtol``; and for
        trained estimators ``estimator`` (one of `nishimori.erm`, None for the Bayes-optimal
        curve), ``estimator.regularization`` and ``features``.
    executor : concurrent.futures.Executor, optional
        Where to compute: a pool of processes or threads, or ``dask_client.get_executor()``.
    store : str or os.PathLike, optional
        A SQLite file that holds every chunk of about a second from the moment it ended. The same
        sweep goes on from there, however it was stopped and on whatever executor. Without one,
        results last as long as the object that is returned.
    progress : callable or False, optional
        Called as ``progress(done, total)``. By default a bar is drawn if standard error is a
        terminal; False draws none.
    retry : bool, default False
        Compute points again that failed before.

    Returns
    -------
    Sweep
        Its rows are the same, bit by bit, whatever the executor, the chunks and the interruptions.
        A point that fails, be it that the function raises, is a row with its status and a sentence.

    Raises
    ------
    BadArgument
        If the grid has a name that means nothing, zipped values are not equally many, a function
        cannot be sent to other processes, or the store is of another sweep: another grid, another
        version of nishimori, another function or other code in it (code that it calls is not
        looked at).
    OutputError
        If the store cannot be written, or another process keeps it, or the executor fails.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Sign())
    >>> found = nm.sweep(problem, {"channel.noise": [0.0, 0.1], "alpha": [1.0, 2.0, 4.0]})
    >>> print(found)
    <Sweep of 6 points: channel.noise (2) x alpha (3)
      quantities     overlap, mmse, conjugate, free_entropy, mutual_information, \
signal_mutual_information, test_error, log_loss, stable, residual, error_estimate
      status         none failed>
    >>> print(f"{found['mmse'][0, 0]:.12f}")
    0.513736362984

    A function, with two arguments that change together:

    >>> found = nm.sweep(lambda a, b, c: a + b + c,
    ...                  {"pair": {"a": [1, 2], "b": [10, 20]}, "c": [0.5, 0.25]})
    >>> print(found["value"].tolist())
    [[11.5, 11.25], [22.5, 22.25]]
    """
    task = _task(subject)
    points = Grid.of(grid)
    task.check(points)
    require_executor(executor, "sweep")
    if progress is not False:
        require_progress(progress, "sweep")
    spec = _specification(task, points, needed=store is not None)
    opened = Store(store, spec)
    try:
        with _shown(progress) as callback:
            run(task, points.cells(task.batched), opened, executor, callback, retry)
    finally:
        opened.finish()
    return Sweep(points, opened, spec, subject)


def _specification(task: Task, grid: Grid, *, needed: bool) -> dict[str, Any]:
    """All that decides on the rows, as text; empty where an object has none and no store asks."""
    try:
        subject, described = task.description(), grid.description()
    except BadArgument:
        if needed:
            raise
        return {}
    return {
        "format": FORMAT,
        "nishimori": __version__,
        "subject": subject,
        "axes": [axis.name for axis in grid.axes],
        "grid": described,
    }


def _task(subject: Any) -> Task:
    for kind in (GLM, DeepNetwork):
        if subject is kind:
            return ProblemTask(kind, None)
        if isinstance(subject, kind):
            return ProblemTask(kind, subject)
    if callable(subject):
        return FunctionTask(subject)
    raise BadArgument(
        "sweep: expected a function, a GLM, a DeepNetwork or one of these two classes, got "
        f"{shown(subject)}"
    )


def _shown(
    progress: Progress | Literal[False] | None,
) -> AbstractContextManager[Progress | None]:
    if progress is None:
        return progress_bar("sweep")
    return nullcontext(None if progress is False else progress)
