"""A progress bar on standard error, where somebody looks and the work takes a second."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["DELAY", "progress_bar"]

DELAY = 1.0
"""Seconds of work before a bar appears."""


@contextmanager
def progress_bar(what: str, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """A callback ``progress(done, total)`` that draws a bar, or None where none is wanted."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=what, delay=DELAY, leave=False, file=sys.stderr, dynamic_ncols=True) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
