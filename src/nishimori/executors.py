"""Work for a `concurrent.futures.Executor` of the user's, with sentences for what goes wrong."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import Any

from nishimori.arguments import shown
from nishimori.errors import BadArgument

__all__ = ["promise", "require_executor", "require_picklable", "require_progress"]


def require_executor(executor: Any, owner: str) -> None:
    """Refuse, in a sentence, what does not run functions."""
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise BadArgument(
            f"{owner}: executor must be a concurrent.futures.Executor, such as "
            f"ProcessPoolExecutor(), got {shown(executor)}"
        )


def require_progress(progress: Any, owner: str) -> None:
    """Refuse, in a sentence, what cannot be called."""
    if progress is not None and not callable(progress):
        raise BadArgument(
            f"{owner}: progress must be a function that is called as progress(done, total), got "
            f"{shown(progress)}"
        )


def require_picklable(work: Any, executor: Executor, owner: str) -> None:
    """Threads share memory and other executors have their own ways; processes need a pickle."""
    if not isinstance(executor, ProcessPoolExecutor):
        return
    try:
        pickle.dumps(work)
    except Exception as error:  # whatever a user's object may raise
        raise BadArgument(
            f"{owner}: this cannot be sent to other processes ({error}); write functions at the "
            "top of a module instead of as lambdas, or use a ThreadPoolExecutor"
        ) from None


def promise(
    executor: Executor, owner: str, function: Callable[..., Any], *arguments: Any
) -> Future[Any]:
    """The future of a call; an executor that takes none is a sentence."""
    try:
        future = executor.submit(function, *arguments)
    except BrokenExecutor:
        raise
    except RuntimeError as error:  # as concurrent.futures says that it was shut down
        raise BadArgument(f"{owner}: executor takes no work: {error}") from None
    if not isinstance(future, Future):
        raise BadArgument(
            f"{owner}: executor must return a concurrent.futures.Future from submit, got "
            f"{shown(future)}"
        )
    return future
