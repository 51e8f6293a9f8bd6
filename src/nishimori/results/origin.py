"""Which call a result came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nishimori.errors import ConvergenceError

__all__ = ["Origin", "traced"]


@dataclass(frozen=True)
class Origin:
    """Which call a result came from: ``subject.method(**arguments)``.

    Attributes
    ----------
    subject : object
        A problem, a network or an estimator; None for a function of nishimori.
    method : str
        For a function its whole name, ``nm.simulate.compare``.
    arguments : mapping of str
        Those that were given; what a result is written to carries the whole call as text.
    """

    subject: Any
    method: str
    arguments: Mapping[str, Any]

    @property
    def expression(self) -> str:
        """The call as a Python expression, to the last digit."""
        from nishimori.expressions import write_call

        return write_call(self.subject, self.method, self.arguments)


def traced(
    compute: Callable[[], Any], subject: Any, method: str, arguments: Mapping[str, Any]
) -> Any:
    """The result of `compute`, or of the failure it raises, with its `Origin`.

    Arguments that are None are as good as not given.
    """
    given = {
        name: np.array(value) if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
        if value is not None
    }
    origin = Origin(subject, method, given)
    try:
        return replace(compute(), origin=origin)
    except ConvergenceError as error:
        result: Any = error.result
        if hasattr(result, "origin"):
            error.result = replace(result, origin=origin)
        raise
