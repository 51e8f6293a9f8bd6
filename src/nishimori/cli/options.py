"""Options that the command line and a TOML file share: one table, read by both."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from nishimori.cli.alpha_grammar import ACCEPTED, check_alpha, parse_alpha
from nishimori.cli.config import read_config
from nishimori.cli.layer_grammar import read_layers
from nishimori.errors import BadArgument, ConfigError, NishimoriError, suggest

__all__ = [
    "ACTIVATION",
    "ALPHA",
    "CHANNEL",
    "COMMON",
    "FLAG",
    "INTEGER",
    "INTEGERS",
    "LAYERS",
    "NUMBER",
    "PATH",
    "PENALTY",
    "PRIOR",
    "REGULARIZATION",
    "SPECTRA",
    "TEXT",
    "TEXTS",
    "Kind",
    "Option",
    "choice",
    "collect",
    "flag",
    "named_in_file",
]


class Kind(NamedTuple):
    """What values an option takes.

    Attributes
    ----------
    expects : str
        What is accepted, as an error says it.
    toml_types : tuple of type
        The types that a TOML file may give; the command line gives text.
    read : callable
        Text, or a TOML value of those types, in; the value out, or a `NishimoriError` whose text
        goes on from the name of the option.
    check : callable, optional
        The value that was read in; a `NishimoriError` of a whole sentence where it means nothing.
    """

    expects: str
    toml_types: tuple[type, ...]
    read: Callable[[Any], Any]
    check: Callable[[Any], object] | None = None


class Option(NamedTuple):
    """One option ``--some-name`` of a verb, which is the key ``some_name`` of its TOML file."""

    name: str
    kind: Kind
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        """The name as it is written on the command line."""
        return flag(self.name)

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Declare the option; its text is stored unread, and nothing if it is not given."""
        if self.kind is FLAG:
            parser.add_argument(
                self.flag, action="store_true", default=argparse.SUPPRESS, help=self.help
            )
        else:
            parser.add_argument(
                self.flag, metavar=self.metavar, default=argparse.SUPPRESS, help=self.help
            )


def flag(name: str) -> str:
    """``--some-name`` for ``some_name``."""
    return "--" + name.replace("_", "-")


def _number(value: str | float) -> float:
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise BadArgument(f"must be a number, got {value!r}") from None


def _integer(value: str | int) -> int:
    try:
        return int(value)
    except ValueError:
        raise BadArgument(f"must be an integer, got {value!r}") from None


def _text(value: str) -> str:
    if not value.strip():
        raise BadArgument("is empty")
    return value


def _path(value: str) -> str:
    if "\0" in value:
        raise BadArgument("must be the name of a file, and holds a null character")
    return _text(value)


def _alpha(value: Any) -> list[float]:
    if isinstance(value, str):
        return parse_alpha(value)
    values = value if isinstance(value, list) else [value]
    if not values:
        raise BadArgument(f"is an empty list; expected numbers, or {ACCEPTED}")
    for number in values:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BadArgument(f"must be a list of numbers, got {number!r} in it")
    return [check_alpha(_number(number)) for number in values]


def _integers(value: Any) -> list[int]:
    if isinstance(value, str):
        return [_integer(part) for part in value.split(",")]
    values = value if isinstance(value, list) else [value]
    for number in values:
        if isinstance(number, bool) or not isinstance(number, int):
            raise BadArgument(f"must be a list of integers, got {number!r} in it")
    return list(values)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return _text(value).split(",")
    if not value:
        raise BadArgument("is an empty list; expected at least one string")
    for text in value:
        if not isinstance(text, str):
            raise BadArgument(f"must be a list of strings, got {text!r} in it")
    return list(value)


def _regularization(value: Any) -> float | str:
    if isinstance(value, list):
        raise BadArgument(
            f"must be one number or optimal, got the list {value!r:.60}; run it once for each"
        )
    if isinstance(value, str) and value.strip().lower() == "optimal":
        return "optimal"
    try:
        number = _number(value)
    except BadArgument:
        raise BadArgument(f"must be a number or optimal, got {value!r}") from None
    return _penalty(number)


def _penalty(value: str | float) -> float:
    number = _number(value)
    if not (math.isfinite(number) and number >= 0.0):
        raise BadArgument(f"must be finite and at least 0, got {number:g}")
    return number


def _grammar(module: str) -> Kind:
    """Text that a module of names understands."""

    def parse(text: str) -> object:
        found: object = import_module(f"nishimori.{module}").parse(text)
        return found

    return TEXT._replace(check=parse)


def _check_layers(layers: list[dict[str, Any]]) -> None:
    from nishimori import activations
    from nishimori.network import Layer

    for number, layer in enumerate(layers, 1):
        variances = {name: value for name, value in layer.items() if name != "activation"}
        try:
            Layer(activations.parse(layer["activation"]), **variances)
        except NishimoriError as error:
            raise _again(error, f"layer {number}: {error}") from None


NUMBER = Kind("a number", (int, float), _number)
INTEGER = Kind("an integer", (int,), _integer)
INTEGERS = Kind("integers", (int, list), _integers)
TEXT = Kind("a string", (str,), _text)
PATH = TEXT._replace(expects="the name of a file", read=_path)
FLAG = Kind("true or false", (bool,), bool)
ALPHA = Kind("a number, a list of numbers or a string", (int, float, str, list), _alpha)
LAYERS = Kind("a list of tables or a string", (str, list), read_layers, _check_layers)
TEXTS = Kind("a string or a list of strings", (str, list), _texts)
PENALTY = NUMBER._replace(read=_penalty)
REGULARIZATION = Kind("a number or 'optimal'", (str, int, float, list), _regularization)
ACTIVATION, CHANNEL = _grammar("activations"), _grammar("channels")
PRIOR, SPECTRA = _grammar("priors"), _grammar("spectra")


def choice(*accepted: str) -> Kind:
    """The kind of an option that takes one of a few words."""

    def read(value: str) -> str:
        if value not in accepted:
            raise BadArgument(f"must be one of {', '.join(accepted)}, got {value!r}")
        return value

    return Kind(f"one of {', '.join(accepted)}", (str,), read)


COMMON = (
    Option("format", choice("table", "csv", "json"), "FORMAT", "table (default), csv or json"),
    Option("output", PATH, "FILE", "write the result here instead of to standard output"),
    Option("force", FLAG, "", "overwrite files that exist"),
    Option("quiet", FLAG, "", "no progress bar, and no word about what was written where"),
)


def collect(
    arguments: Mapping[str, Any], options: Sequence[Option], foreign: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """What the command line and its TOML file ask for, read and checked, apart.

    Parameters
    ----------
    arguments : mapping
        Texts by option name, and ``config`` where a file is named.
    options : sequence of Option
        Those of the verb.
    foreign : sequence of str
        Names that only other verbs know: ignored in a file, so that verbs can share one.

    Returns
    -------
    from_line, from_file : dict
        Values by option name.
    texts : dict
        What was given as text, as it was written, by option name.
    """
    known = {option.name: option for option in options}
    line = {name: arguments[name] for name in known if name in arguments}
    from_line = {name: _read(known[name].kind, text, flag(name)) for name, text in line.items()}
    path = arguments.get("config")
    from_file: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for name, value in (read_config(path) if path is not None else {}).items():
        if name in known:
            from_file[name] = _read_toml(known[name].kind, value, f"{path}: key {name!r}")
            texts |= {name: value} if isinstance(value, str) else {}
        elif name not in foreign:
            error = suggest(name, known, "key")
            raise ConfigError(f"{path}: {error}")
    return from_line, from_file, {**texts, **line}


def named_in_file(
    error: NishimoriError, path: str, from_file: Mapping[str, Any], options: Sequence[Option]
) -> NishimoriError:
    """`error`, which the library raised, with the file and the key that it speaks of.

    Numbers are refused late, by the name of the key, and paths by themselves; other keys are
    meant where the option is written out. `from_file` are the values that the command line has
    left to the file.
    """
    text = str(error)
    kinds = {option.name: option.kind for option in options}

    def is_meant(name: str, value: Any) -> bool:
        if re.search(rf"(?<![\w-]){flag(name)}(?![\w-])", text):
            return True
        if kinds[name] is PATH:
            return repr(value) in text
        numeric = kinds[name] in (NUMBER, INTEGER)
        return numeric and re.search(rf"(?<![\w-]){name}(?!\w)", text) is not None

    keys = [repr(name) for name, value in from_file.items() if is_meant(name, value)]
    if not keys:
        return error
    return ConfigError(f"{path}: {'key' if len(keys) == 1 else 'keys'} {', '.join(keys)}: {text}")


def _again(error: NishimoriError, text: str) -> NishimoriError:
    """An error of the same kind with another text."""
    again: NishimoriError = type(error)(text)
    return again


def _read(kind: Kind, value: Any, where: str) -> Any:
    try:
        found = kind.read(value)
    except NishimoriError as error:
        raise _again(error, f"{where} {error}") from None
    try:
        if kind.check is not None:
            kind.check(found)
    except NishimoriError as error:
        raise _again(error, f"{where}: {error}") from None
    return found


def _read_toml(kind: Kind, value: Any, where: str) -> Any:
    right = isinstance(value, kind.toml_types)
    if isinstance(value, bool) and bool not in kind.toml_types:
        right = False
    if not right:
        raise ConfigError(f"{where} must be {kind.expects}, got {value!r}")
    try:
        return _read(kind, value, where)
    except NishimoriError as error:
        raise ConfigError(str(error)) from None
