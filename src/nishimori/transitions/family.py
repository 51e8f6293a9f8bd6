"""Families of problems: a function of one parameter, or its text."""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword
from typing import Any

from nishimori.arguments import shown
from nishimori.errors import BadArgument
from nishimori.expressions import read
from nishimori.glm import GLM

__all__ = ["Family", "family_of", "placeholder"]

Family = Callable[[float], GLM]


def placeholder(parameter: str) -> str:
    """The name that stands for the parameter in a family's text."""
    taken = ("nm", "inf", "nan", "function")
    plain = parameter.isidentifier() and not iskeyword(parameter) and parameter not in taken
    return parameter if plain else "parameter"


def family_of(family: Any, name: str) -> Family:
    """`family` as a function that returns a `GLM` or refuses; text holds `name`."""
    if isinstance(family, str):
        text = family

        def make(value: float) -> Any:
            return read(text, {name: value})
    elif callable(family):
        make = family
    else:
        raise BadArgument(
            "phase_diagram: family must be callable, or the text of an expression, "
            f"got {shown(family)}"
        )

    def member(value: float) -> GLM:
        problem = make(value)
        if not isinstance(problem, GLM):
            raise BadArgument(
                "phase_diagram: family must return a GLM for each parameter, "
                f"and returned {shown(problem)} at {value:g}"
            )
        return problem

    return member
