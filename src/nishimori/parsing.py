"""The small grammar ``name:key=value:key=value`` that the command line and TOML files share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nishimori.errors import BadArgument, suggest

__all__ = ["missing_name", "parse_named", "plain_name"]


def parse_named(text: str, constructors: Mapping[str, Any], what: str) -> Any:
    """Build the object that `text` names from `constructors`, keyed by lower-case names."""
    if not isinstance(text, str) or not text.strip():
        raise BadArgument(
            f"{what} must be named, like {next(iter(constructors))!r}, got {text!r:.60}"
        )
    name, *settings = text.strip().split(":")
    key = plain_name(name)
    if key not in constructors:
        raise suggest(name.strip(), constructors, what)
    constructor = constructors[key]
    parameters = inspect.signature(constructor).parameters
    known = list(parameters)
    needed = [name for name, value in parameters.items() if value.default is value.empty]
    arguments: dict[str, Any] = {}
    for setting in settings:
        option, equals, value = (part.strip() for part in setting.partition("="))
        if not equals and len(known) == 1 and len(settings) == 1:
            option, value = known[0], option  # "hermite:3"
        elif not equals:
            raise BadArgument(
                f"{what} {text!r}: expected key=value after the colon, got {setting!r}"
            )
        if option not in known:
            if not known:
                raise BadArgument(f"{what} {text!r}: {name} takes no parameters, got {option!r}")
            raise suggest(option, known, f"parameter of {what} {name}")
        if option in arguments:
            raise BadArgument(f"{what} {text!r}: {option} is given twice")
        is_text = option in ("activation", "link")  # names, not numbers
        is_text |= option == "regularization" and value == "optimal"
        arguments[option] = value if is_text else _value(value, what, text, option)
    try:
        return constructor(**arguments)
    except TypeError:
        raise BadArgument(f"{what} {text!r}: {name} needs {', '.join(needed)}") from None


def plain_name(name: str) -> str:
    """A name as it is looked up: "GELU ", "max_margin" and "max-margin" are no different."""
    return name.strip().lower().replace("_", "").replace("-", "")


def missing_name(module: str, known: Sequence[str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` that suggests the nearest of its public names."""

    def missing(name: str) -> Any:
        hint = "" if name.startswith("_") else f"; {suggest(name, known, 'name').hint}"
        raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}")

    return missing


def _value(value: str, what: str, text: str, option: str) -> Any:
    parts = value.split("/")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        or_optimal = " or optimal" if option == "regularization" else ""
        raise BadArgument(
            f"{what} {text!r}: {option} must be a number{or_optimal}, got {value!r}"
        ) from None
    return numbers if len(numbers) > 1 else numbers[0]
