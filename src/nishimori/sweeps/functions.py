"""Sweeps of a function of the user's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from nishimori.errors import BadArgument, suggest
from nishimori.expressions import write
from nishimori.sweeps.grid import Grid
from nishimori.sweeps.records import Record, failure, record

__all__ = ["FunctionTask"]


@dataclass(frozen=True)
class FunctionTask:
    """A function that is called once for every point, with the names of the grid."""

    function: Callable[..., Any]

    batched: ClassVar[str | None] = None

    def check(self, grid: Grid) -> None:
        """Refuse, in a sentence, names that the function does not take, and those that it lacks."""
        try:
            parameters = inspect.signature(self.function).parameters.values()
        except (TypeError, ValueError):  # some functions written in C do not say
            return
        named = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        called = getattr(self.function, "__name__", type(self.function).__name__)
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            for name in grid.names:
                if name not in named:
                    if not named:
                        raise BadArgument(
                            f"sweep: the function {called} takes no arguments by name, and the "
                            f"grid has {name!r}"
                        )
                    raise BadArgument(f"sweep: {suggest(name, named, f'argument of {called}')}")
        for p in parameters:
            if p.name in named and p.default is p.empty and p.name not in grid.names:
                raise BadArgument(
                    f"sweep: the function {called} needs {p.name!r}, which the grid does not give"
                )
            if p.kind is p.POSITIONAL_ONLY and p.default is p.empty:
                raise BadArgument(
                    f"sweep: {called} takes {p.name!r} by position only, and a grid gives "
                    "arguments by name; wrap it in a function that takes names"
                )

    def description(self) -> str:
        """The function by name, and a digest of its code."""
        return write(self.function)

    def compute(self, settings: dict[str, Any], together: Sequence[Any] | None) -> list[Record]:
        """The one row of a cell."""
        try:
            return [record(self.function(**settings), tuple(settings))]
        except Exception as error:  # whatever a user's function may raise is the point's failure
            return [failure(error)]
