"""Linear algebra on one thread: sums in one order, whatever runs at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module

__all__ = ["one_thread", "threads_for", "use_one_thread"]

_WORTH = 1e9  # operations in a product of matrices, from which on a second thread pays


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


def threads_for(operations: float) -> AbstractContextManager[None]:
    """One thread inside, where the largest product of matrices has so few operations.

    The threads of small products mostly wait for each other, and beside other processes that
    takes a hundred times as long as the products.
    """
    return nullcontext() if operations > _WORTH else one_thread()
