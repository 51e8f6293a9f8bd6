"""What decides on a simulation's numbers, as exact text: the key of a results file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import FunctionType
from typing import Any

from nishimori._version import __version__
from nishimori.errors import BadArgument
from nishimori.expressions import write
from nishimori.simulate.plan import Plan
from nishimori.simulate.procedures import Procedure

__all__ = ["FORMAT", "describe", "specification"]

FORMAT = 1
"""Of the results file; grows whenever old files could be misread."""


def specification(plan: Plan, procedures: Mapping[str, Procedure]) -> dict[str, Any]:
    """Everything that the measurements of `plan` depend on, in the types of JSON.

    Definitions are the expressions that make them, floats to the last digit. A function of the
    user's is its name, and a digest of its code and of the values that it holds. `procedures` are
    those that were asked for, before a regularization was filled in.
    """
    points = plan.points
    return {
        "format": FORMAT,
        "nishimori": __version__,
        "problem": write(plan.problem) if plan.network is None else write(plan.network),
        "channel": write(plan.channel),
        "spectrum": write(plan.problem.spectrum),
        "estimators": {label: describe(value) for label, value in procedures.items()},
        "samples": [point.samples for point in points],
        "widths": [list(point.widths) for point in points],
        "test samples": [point.tests for point in points],
        "seed": plan.seed,
        "dtype": plan.dtype,
    }


def describe(value: Any) -> str:
    """The expression that makes a procedure, of ours or of the user's.

    Raises
    ------
    BadArgument
        If it is neither one of nishimori's objects nor a dataclass.
    """
    kind = type(value)
    if kind.__module__.startswith("nishimori."):
        return write(value)
    if not is_dataclass(value):
        raise BadArgument(
            f"compare: a results file needs to know what {kind.__name__} is made of; make it a "
            "dataclass, or leave store out"
        )
    given = [f"{f.name}={_part(getattr(value, f.name))}" for f in fields(value)]
    methods = [v for _, v in sorted(vars(kind).items()) if isinstance(v, FunctionType)]
    code = hashlib.sha256("".join(write(m) for m in methods).encode()).hexdigest()[:16]
    return f"{kind.__module__}.{kind.__qualname__}({', '.join(given)}) of code {code}"


def _part(value: Any) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return describe(value)
    return write(value)
