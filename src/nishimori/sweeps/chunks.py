"""A chunk of cells, computed wherever the executor puts it."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from nishimori.sweeps.grid import Cells, Grid
from nishimori.sweeps.records import Block, Record
from nishimori.threads import one_thread

__all__ = ["Task", "compute_chunk", "this_process"]


class Task(Protocol):
    """What a sweep computes; sent to other processes."""

    @property
    def batched(self) -> str | None:
        """The name in the grid whose values one call takes all of."""
        ...

    def check(self, grid: Grid) -> None:
        """Refuse, in a sentence, a grid that does not fit."""
        ...

    def description(self) -> str:
        """All that decides on the numbers, but for the grid."""
        ...

    def compute(self, settings: dict[str, Any], together: Sequence[Any] | None) -> list[Record]:
        """The rows of one cell; raises nothing that is an `Exception`."""
        ...


def compute_chunk(
    task: Task, cells: Cells, first: int, stop: int, seconds: float, driver: str
) -> tuple[int, float, Block]:
    """The rows of the cells from `first` on, up to `stop` or until the time is up.

    Parameters
    ----------
    task : Task
    cells : Cells
        At least those asked for.
    first, stop : int
    seconds : float
        After how long no new cell is begun.
    driver : str
        The process that waits, as `this_process` names it; there linear algebra has one thread
        already.

    Returns
    -------
    reached : int
        The first cell that was not computed; after `first`.
    elapsed : float
        Seconds.
    block : Block
    """
    began = time.monotonic()
    block = Block()
    cell = first
    with _SAME if this_process() == driver else _ONE_THREAD:
        while cell < stop:
            found = task.compute(cells.settings(cell), cells.together)
            for point, row in zip(cells.points(cell), found, strict=True):
                block.add(point, row)
            cell += 1
            if time.monotonic() - began > seconds:
                break
    return cell, time.monotonic() - began, block


def this_process() -> str:
    """A name that no other process has at the same time, on this machine or another."""
    return f"{platform.node()} {os.getpid()}"


class _Nothing:
    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return


class _OneThread:
    """`one_thread`, from the first of several chunks in this process to the end of the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limits: AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limits = one_thread()
                self._limits.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limits is not None:
                self._limits.__exit__(None, None, None)


_SAME = _Nothing()
_ONE_THREAD = _OneThread()
