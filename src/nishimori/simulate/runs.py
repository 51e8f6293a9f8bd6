"""Running the repetitions of a plan: here or on an executor, each saved as it ends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, as_completed

from nishimori.errors import OutputError
from nishimori.executors import promise, require_picklable
from nishimori.simulate.plan import Measurement, Plan, simulate_repetition
from nishimori.simulate.store import Store
from nishimori.threads import one_thread

__all__ = ["Progress", "run"]

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
            require_picklable(plan, executor, "compare")
            _submit(plan, missing, executor, keep)
    return {pair: found[pair] for pair in asked}


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
            futures[promise(executor, "compare", simulate_repetition, plan, *pair)] = pair
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
