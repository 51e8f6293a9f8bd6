"""Linear algebra on one thread: sums in one order, whatever runs at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

__all__ = ["one_thread", "use_one_thread"]


def use_one_thread() -> None:
    """For the rest of this process: a worker that is one of several."""
    try:
        import_module("threadpoolctl").threadpool_limits(1)
    except ImportError:  # it comes with scikit-learn
        return


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside this context."""
    try:
        limits = import_module("threadpoolctl").threadpool_limits
    except ImportError:
        yield
        return
    with limits(1):
        yield
