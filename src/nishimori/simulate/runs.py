"""Running the repetitions of a plan: here or on an executor, each saved as it ends."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    as_completed,
)
from typing import Any

from nishimori.arguments import shown
from nishimori.errors import BadArgument, OutputError
from nishimori.simulate.plan import Measurement, Plan, simulate_repetition
from nishimori.simulate.store import Store
from nishimori.simulate.threads import one_thread

__all__ = ["Progress", "require_executor", "require_progress", "run"]

Progress = Callable[[int, int], None]
Found = dict[tuple[int, int], list[Measurement]]


def run(
    plan: Plan,
    repetitions: int,
    executor: Executor | None,
    store: Store | None,
    progress: Progress | None,
) -> Found:
    """The measurements of every repetition of every point, those in `store` read from there.

    A repetition in which some procedure failed is tried again. Whatever ends this function early,
    an interrupt or a full disk, what has ended before is in the store.
    """
    asked = [(p, r) for r in range(repetitions) for p in range(len(plan.points))]
    found = {} if store is None else store.load()
    good = {k for k, measured in found.items() if not any(m.failure for m in measured)}
    missing = [pair for pair in asked if pair not in good]
    done = len(asked) - len(missing)

    def keep(pair: tuple[int, int], measured: list[Measurement]) -> None:
        nonlocal done
        if store is not None:
            store.save(*pair, measured)
        found[pair] = measured
        done += 1
        if progress is not None:
            progress(done, len(asked))

    if progress is not None:
        progress(done, len(asked))
    if missing and store is not None:
        store.require_writable()
    with one_thread():
        if executor is None:
            for pair in missing:
                keep(pair, simulate_repetition(plan, *pair))
        elif missing:
            _require_picklable(plan, executor)
            _submit(plan, missing, executor, keep)
    return {pair: found[pair] for pair in asked}


def require_executor(executor: Any) -> None:
    """Refuse, in a sentence, what does not run functions."""
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise BadArgument(
            "compare: executor must be a concurrent.futures.Executor, such as "
            f"ProcessPoolExecutor(), got {shown(executor)}"
        )


def require_progress(progress: Any) -> None:
    """Refuse, in a sentence, what cannot be called."""
    if progress is not None and not callable(progress):
        raise BadArgument(
            "compare: progress must be a function that is called as progress(done, total), got "
            f"{shown(progress)}"
        )


def _submit(
    plan: Plan,
    missing: list[tuple[int, int]],
    executor: Executor,
    keep: Callable[[tuple[int, int], list[Measurement]], None],
) -> None:
    futures: dict[Future[list[Measurement]], tuple[int, int]] = {}
    kept = 0
    try:
        for pair in missing:
            futures[_promise(executor, plan, pair)] = pair
        for future in as_completed(futures):
            keep(futures[future], future.result())
            kept += 1
    except (BrokenExecutor, CancelledError) as error:
        raise OutputError(
            f"compare: the executor stopped after {kept} of {len(missing)} repetitions "
            f"({type(error).__name__}); with store=... running again goes on from there"
        ) from None
    finally:
        for future in futures:
            future.cancel()


def _promise(executor: Executor, plan: Plan, pair: tuple[int, int]) -> Future[list[Measurement]]:
    """The future of one repetition; an executor that takes none is a sentence."""
    try:
        future = executor.submit(simulate_repetition, plan, *pair)
    except BrokenExecutor:
        raise
    except RuntimeError as error:  # as concurrent.futures says that it was shut down
        raise BadArgument(f"compare: executor takes no work: {error}") from None
    if not isinstance(future, Future):
        raise BadArgument(
            "compare: executor must return a concurrent.futures.Future from submit, got "
            f"{shown(future)}"
        )
    return future


def _require_picklable(plan: Plan, executor: Executor) -> None:
    """Threads share memory and other executors have their own ways; processes need a pickle."""
    if not isinstance(executor, ProcessPoolExecutor):
        return
    try:
        pickle.dumps(plan)
    except Exception as error:  # whatever a user's object may raise
        raise BadArgument(
            f"compare: this cannot be sent to other processes ({error}); write functions at the "
            "top of a module instead of as lambdas, or use a ThreadPoolExecutor"
        ) from None
