"""The grid of ``nishimori sweep``: a TOML table of axes, spelt as the command line spells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from nishimori.cli.alpha_grammar import parse_alpha, plain_float
from nishimori.errors import BadArgument, NishimoriError

__all__ = ["read_axes", "read_grid"]

_MODULES = {
    "activation": "activations",
    "channel": "channels",
    "estimator": "erm",
    "prior": "priors",
    "spectrum": "spectra",
}
_TEXTS = ("branch", "link")
_OTHER_NAMES = {
    "layers": "network",
    "loss": "estimator",
    "regularization": "estimator.regularization",
    "l1": "estimator.l1",
}
_BAYES = "bayes"

Network = Callable[[Any], Any]


def read_grid(value: str | dict[str, Any]) -> dict[str, Any]:
    """The table of a file as it is, or ``"channel.noise=0.1,0.2 alpha=0.1:10:5:log"`` as one."""
    if isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for part in value.split():
        name, equals, text = part.partition("=")
        if not equals or not name or not text:
            raise BadArgument(
                f"has {part!r}; expected axes such as channel.noise=0.1,0.2 alpha=0.1:10:5:log"
            )
        if name in found:
            raise BadArgument(f"gives {name} twice")
        found[name] = text
    return found


def read_axes(table: Mapping[str, Any], network: Network) -> dict[str, Any]:
    """The grid that `nishimori.sweep` takes.

    Parameters
    ----------
    table : mapping
        Values by name; a table in it is an axis along which several names change together, or,
        where it has the name of a part, parameters of that part: ``channel.noise`` unquoted.
    network : callable
        Makes a network of what ``--layers`` takes.

    Examples
    --------
    >>> read_axes({"alpha": "1:2:3", "channel": {"noise": [0.1, 0.2]}, "depth": 2}, None)
    {'alpha': [1.0, 1.5, 2.0], 'channel.noise': [0.1, 0.2], 'depth': 2}
    """
    found: dict[str, Any] = {}
    for name, value in _dotted(table).items():
        if not isinstance(value, Mapping):
            _put(found, name, value, network)
            continue
        columns: dict[str, Any] = {}
        for inner, column in _dotted(value).items():
            _put(columns, inner, column, network)
        found[name] = columns
    return found


def _dotted(table: Mapping[str, Any]) -> dict[str, Any]:
    """``{channel = {noise = 1}}`` as ``{"channel.noise": 1}``."""
    out: dict[str, Any] = {}
    for name, value in table.items():
        root = name.rpartition(".")[2]
        if isinstance(value, Mapping) and (root in _MODULES or root in _OTHER_NAMES):
            out |= {f"{name}.{inner}": part for inner, part in _dotted(value).items()}
        else:
            out[name] = value
    return out


def _put(found: dict[str, Any], name: str, value: Any, network: Network) -> None:
    root, dot, rest = name.partition(".")
    plain = _OTHER_NAMES.get(root, root) + dot + rest
    if plain in found:
        raise BadArgument(f"--grid gives {plain} twice, as {name} too")
    try:
        found[plain] = _values(plain, value, network)
    except NishimoriError as error:
        raise BadArgument(f"--grid: {name}: {error}") from None


def _values(name: str, value: Any, network: Network) -> Any:
    last = name.rpartition(".")[2]
    if last == "network":
        whole = isinstance(value, str) or all(isinstance(part, Mapping) for part in value)
        return network(value) if whole else [network(part) for part in value]
    if last in _MODULES:
        return _named(last, value)
    if last in _TEXTS:
        return _several(value.split(",")) if isinstance(value, str) else value
    return _numbers(name, value)


def _named(kind: str, value: Any) -> Any:
    parse = import_module(f"nishimori.{_MODULES[kind]}").parse

    def read(text: Any) -> Any:
        if not isinstance(text, str):
            raise BadArgument(f"must be text, got {text!r}")
        bayes = kind == "estimator" and text.strip().lower() == _BAYES
        return None if bayes else parse(text)

    if isinstance(value, list):
        return [read(text) for text in value]
    return _several([read(text) for text in str(value).split(",")])


def _numbers(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_number(name, part) for part in value]
    if not isinstance(value, str):
        return _number(name, value)
    if name == "alpha" or ":" in value:
        return parse_alpha(value)
    return _several([_number(name, part) for part in value.split(",")])


def _number(name: str, value: Any) -> Any:
    optimal = name.endswith("regularization")
    if optimal and isinstance(value, str) and value.strip().lower() == "optimal":
        return "optimal"
    if isinstance(value, str):
        try:
            value = plain_float(value)
        except ValueError:
            value = value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadArgument(f"must be a number{' or optimal' if optimal else ''}, got {value!r}")
    return int(value) if name == "depth" and float(value).is_integer() else float(value)


def _several(values: list[Any]) -> Any:
    return values if len(values) > 1 else values[0]
