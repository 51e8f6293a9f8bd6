"""Chunks of cells, here or on an executor, each saved as it ends."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

from nishimori.errors import NishimoriError, OutputError
from nishimori.executors import promise, require_picklable
from nishimori.sweeps.chunks import Task, compute_chunk, this_process
from nishimori.sweeps.grid import Cells
from nishimori.sweeps.records import Block
from nishimori.sweeps.store import Store
from nishimori.threads import one_thread

__all__ = ["run"]

_SECONDS = 1.0  # that a chunk should take
_MOST_POINTS = 10_000  # in a chunk
_GROWTH = 4.0
_MORE = 2  # chunks that wait, for each that is computed

Progress = Callable[[int, int], None]


def run(
    task: Task,
    cells: Cells,
    store: Store,
    executor: Executor | None,
    progress: Progress | None,
    retry: bool,
) -> None:
    """Compute every cell that `store` does not have, and with `retry` those that failed.

    Whatever ends this function early, an interrupt or a full disk, the chunks that have ended are
    in the store.
    """
    todo = _Todo(_missing(cells, store, retry))
    total = cells.count * cells.points_each
    done = total - todo.left * cells.points_each
    pace = _Pace(cells.points_each)

    def keep(first: int, stop: int, answer: tuple[int, float, Block]) -> None:
        nonlocal done
        reached, seconds, block = answer
        store.save(first, reached, block)
        pace.learn(reached - first, seconds)
        todo.put_back(reached, stop)
        done += (reached - first) * cells.points_each
        if progress is not None:
            progress(done, total)

    if progress is not None:
        progress(done, total)
    if not todo:
        return
    store.require_writable()
    with one_thread():
        if executor is None:
            while todo:
                first, stop = todo.take(pace.size)
                keep(first, stop, compute_chunk(task, cells, first, stop, _SECONDS, this_process()))
        else:
            require_picklable((task, cells), executor, "sweep")
            _on_executor(task, cells, executor, todo, pace, keep)


def _on_executor(
    task: Task,
    cells: Cells,
    executor: Executor,
    todo: _Todo,
    pace: _Pace,
    keep: Callable[[int, int, tuple[int, float, Block]], None],
) -> None:
    waiting: dict[Future[Any], tuple[int, int]] = {}
    most = _MORE * _workers(executor) + 1
    chunks = 0
    try:
        while todo or waiting:
            while todo and len(waiting) < most:
                first, stop = todo.take(pace.size)
                part = cells.part(first, stop)
                arguments = (task, part, first, stop, _SECONDS, this_process())
                waiting[promise(executor, "sweep", compute_chunk, *arguments)] = (first, stop)
            ended, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ended:
                first, stop = waiting.pop(future)
                answer = future.result()
                keep(first, stop, answer)
                chunks += 1
    except NishimoriError:
        _cancel(waiting)
        raise
    except Exception as error:  # executors have their own ways to fail
        _cancel(waiting)
        raise OutputError(
            f"sweep: the executor failed after {chunks} chunks ({type(error).__name__}: "
            f"{' '.join(str(error).split())[:200]}); with store=... running again goes on from "
            "there"
        ) from error
    # An interrupt cancels nothing: there is little to cancel, and a pool of processes whose workers
    # an interrupt has ended, too, cannot tell futures that were cancelled meanwhile.


def _cancel(waiting: dict[Future[Any], tuple[int, int]]) -> None:
    for future in waiting:
        future.cancel()


def _workers(executor: Executor) -> int:
    """How many chunks it may compute at once."""
    known = getattr(executor, "_max_workers", None)
    client = getattr(executor, "_client", None)  # of a Dask ClientExecutor
    if known is None and client is not None:
        known = sum(client.nthreads().values())
    return known if isinstance(known, int) and known > 0 else (os.cpu_count() or 1)


def _missing(cells: Cells, store: Store, retry: bool) -> Iterator[tuple[int, int]]:
    """Ranges of cells without a row; with `retry`, those that have a failed one too."""
    failed: set[int] = set()
    if retry:
        failed = {cells.cell(point) for (point,) in store.points(["point"], failed=True)}
    again = deque(sorted(failed))
    reached = 0
    for low, high in [*store.done(), (cells.count, cells.count)]:
        if low > reached:
            yield reached, low
        while again and again[0] < high:
            cell = again.popleft()
            yield cell, cell + 1
        reached = high


class _Todo:
    """Ranges of cells that nobody computes yet."""

    def __init__(self, ranges: Iterator[tuple[int, int]]) -> None:
        self._ranges = list(ranges)[::-1]
        self.left = sum(stop - first for first, stop in self._ranges)

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def take(self, size: int) -> tuple[int, int]:
        """The next cells, at most `size`."""
        first, stop = self._ranges.pop()
        if stop - first > size:
            self._ranges.append((first + size, stop))
            stop = first + size
        return first, stop

    def put_back(self, first: int, stop: int) -> None:
        """Cells that were taken, and not computed in time."""
        if first < stop:
            self._ranges.append((first, stop))


class _Pace:
    """How many cells make a chunk of about a second."""

    def __init__(self, points_each: int) -> None:
        self._most = max(1, _MOST_POINTS // points_each)
        self.size = 1

    def learn(self, cells: int, seconds: float) -> None:
        """So many cells took so long."""
        wanted = cells * _SECONDS / max(seconds, 1e-9)
        grown = min(wanted, _GROWTH * self.size, self._most)
        self.size = max(1, math.floor(grown))
