"""Processes that share the work of a verb."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = ["worker_pool"]


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """An executor of so many processes; None for one, which is this one."""
    if workers < 1:
        raise BadArgument(f"--workers must be at least 1, got {workers}")
    if workers == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with _interrupts_ignored():  # by what is started here too, until it knows what to do with them
        pool = ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=_end_when_interrupted
        )
        pool.submit(_nothing)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _nothing() -> None:
    """The first task: all workers start with it."""


def _end_when_interrupted() -> None:
    """An interrupt from the keyboard reaches workers too: they end, and this process speaks."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
