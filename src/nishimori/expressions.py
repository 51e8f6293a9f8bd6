"""Definitions as text and back: the Python expression that makes an object, to the last digit.

``nm.GLM(channel=nm.channels.Sign(noise=0.1), signal_variance=0.7)`` is what a file says about the
numbers in it. Reading it evaluates nothing but calls of nishimori's public names with plain values.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from nishimori.errors import BadArgument

__all__ = ["is_readable", "read", "template", "write"]

_NAMESPACES = ("activations", "channels", "erm", "features", "priors", "simulate", "spectra")
_TOP_LEVEL = ("DeepNetwork", "GLM", "Layer")
_CLASSES = ("DeepNetwork", "GLM")  # may be the subject of a sweep
_FUNCTIONS = ("phase_diagram", "sweep")
_METHODS = (
    "finite_size_rate",
    "fixed_points",
    "glm",
    "learning_curve",
    "reduce",
    "solve",
    "trajectory",
    "transitions",
)
_LONGEST = 10**7
_IRRATIONAL = (0.6180339887498949, 0.3247179572447458)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_NUMBERS = {"inf": math.inf, "nan": math.nan}
_FUNCTION = "function"  # stands for a callable of the user's, which no text can make again


def write(value: Any) -> str:
    """The expression that makes `value`.

    Parameters
    ----------
    value
        An object of nishimori, a number, a string, None, an array, or a list, tuple or dict of
        them. Arguments that have their default are left out. A function of the user's becomes
        ``function("module.name", "digest of its code")``: it names the function but cannot be
        read back.

    Raises
    ------
    BadArgument
        If there is no such expression.

    Examples
    --------
    >>> import nishimori as nm
    >>> write(nm.GLM(nm.channels.Sign(noise=0.1), signal_variance=0.7))
    'nm.GLM(nm.channels.Sign(noise=0.1), signal_variance=0.7)'
    >>> read(_) == nm.GLM(nm.channels.Sign(noise=0.1), signal_variance=0.7)
    True
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return repr(value)
    if isinstance(value, float):
        return repr(value)  # "inf" and "nan" are names that `read` knows
    if isinstance(value, list | tuple):
        items = [write(item) for item in value]
        if len(items) > 2 and len(set(items)) == 1:
            return f"[{items[0]}] * {len(items)}"
        return f"[{', '.join(items)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{write(k)}: {write(v)}' for k, v in value.items())}}}"
    origin: Any = getattr(value, "origin", None)
    if hasattr(origin, "arguments"):  # a result: the call that makes it
        return str(origin.expression)
    if inspect.isclass(value) and _is_subject(value):
        return f"nm.{value.__name__}"
    if inspect.isclass(value) or not type(value).__module__.startswith("nishimori."):
        if callable(value):
            return _write_function(value)
        raise BadArgument(f"a {type(value).__name__} cannot be written as an expression")
    return _write_object(value)


def write_call(subject: Any, method: str, arguments: Mapping[str, Any]) -> str:
    """The expression that calls a method of `subject`, or a function where that is None."""
    given = ", ".join(f"{name}={write(value)}" for name, value in arguments.items())
    if subject is None:
        return f"{method}({given})"
    return f"{write(subject)}.{method}({given})"


def is_readable(text: str) -> bool:
    """Whether `read` can make the object again: no function of the user's is in it."""
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return not any(isinstance(n, ast.Name) and n.id == _FUNCTION for n in ast.walk(tree))


def template(make: Callable[[float], Any], name: str, values: Sequence[float]) -> str | None:
    """The text of `make`, with `name` for its argument; None if it does more than pass it on.

    It is looked for at one value that nothing else has, and has to be right at all `values`.
    """
    low, high = min(values), max(values)
    for share in _IRRATIONAL:
        probe = low + share * (high - low)
        literal = re.escape(repr(probe))
        try:
            text = re.sub(rf"(?<![\w.]){literal}(?![\w.])", name, write(make(probe)))
            right = all(write(read(text, {name: v})) == write(make(v)) for v in values)
        except BadArgument:
            return None
        if right:
            return text
    return None


def read(text: str, names: Mapping[str, Any] | None = None) -> Any:
    """The object that an expression of `write` makes.

    Only public names of nishimori are called, with plain values; nothing else is evaluated.
    `names` are more names that it may hold, with their values.

    Raises
    ------
    BadArgument
        If it is no such expression.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadArgument(f"expected an expression such as nm.GLM(...), got {text!r:.80}") from None
    found = _value(tree.body, {**_NUMBERS, **(names or {})})
    if inspect.isclass(found):
        raise BadArgument(f"expected an expression such as nm.GLM(...), got {text!r:.80}")
    return found


def _is_subject(kind: type) -> bool:
    return kind.__module__.startswith("nishimori.") and kind.__name__ in _CLASSES


def _write_object(value: Any) -> str:
    kind = type(value)
    where = kind.__module__.split(".")[1]
    name = f"nm.{kind.__name__}" if kind.__name__ in _TOP_LEVEL else f"nm.{where}.{kind.__name__}"
    _public(name)
    given: list[str] = []
    own = value.expression_arguments() if hasattr(value, "expression_arguments") else {}
    factories = {
        f.name: f.default_factory for f in fields(value) if f.default_factory is not MISSING
    }
    positional = True
    for parameter in inspect.signature(kind).parameters.values():
        item = own[parameter.name] if parameter.name in own else getattr(value, parameter.name)
        required = parameter.default is inspect.Parameter.empty
        positional = positional and required and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        factory = factories.get(parameter.name, MISSING)
        default = parameter.default if factory is MISSING else factory()
        if not required and _same(item, default):
            continue
        given.append(write(item) if positional else f"{parameter.name}={write(item)}")
    return f"{name}({', '.join(given)})"


def _same(item: Any, default: Any) -> bool:
    if type(item) is not type(default):
        return False
    return bool(np.shape(item) == np.shape(default) and np.all(item == default))


def _write_function(value: Callable[..., Any]) -> str:
    name = getattr(value, "__qualname__", type(value).__qualname__)
    home = getattr(value, "__module__", None) or type(value).__module__
    digest = hashlib.sha256(_behaviour(value).encode()).hexdigest()[:16]
    return f'{_FUNCTION}("{home}.{name}", "{digest}")'


def _behaviour(value: Any) -> str:
    """What a function does and the values that it holds: defaults, closure, attributes."""
    if isinstance(value, partial):
        return f"partial{[_held(v) for v in (value.func, value.args, value.keywords)]}"
    code = getattr(value, "__code__", None)
    if code is not None:
        cells = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
        held = [getattr(value, "__defaults__", None), getattr(value, "__kwdefaults__", None), cells]
        bound = getattr(value, "__self__", None)
        return _content(code) + repr([_held(v) for v in (*held, bound) if v is not None])
    call = getattr(type(value).__call__, "__code__", None)
    if call is None:
        return _ADDRESS.sub("", repr(value))
    return _content(call) + repr([(k, _held(v)) for k, v in sorted(vars(value).items())])


def _held(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_held, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{k!r}: {_held(v)}' for k, v in value.items())}}}"
    try:
        return write(value)
    except BadArgument:
        return _ADDRESS.sub("", repr(value))


def _content(code: Any) -> str:
    """What a function does, whatever its file, its line and its address in memory."""
    constants = [_constant(c) for c in code.co_consts]
    return repr((code.co_code.hex(), constants, code.co_names))


def _constant(value: Any) -> str:
    if hasattr(value, "co_code"):
        return _content(value)
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _public(path: str) -> Any:
    """What a dotted public name stands for, or a sentence."""
    names = path.split(".")[1:]
    if len(names) == 1 and names[0] in (*_TOP_LEVEL, *_FUNCTIONS):
        return getattr(import_module("nishimori"), names[0])
    if len(names) == 2 and names[0] in _NAMESPACES:
        module = import_module(f"nishimori.{names[0]}")
        if names[1] in module.__all__:
            return getattr(module, names[1])
    raise BadArgument(f"{path} is not a public name of nishimori that an expression may call")


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, float | int | str | type(None)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(_value(node.operand, names))
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(item, names) for item in node.elts]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return _repeated(_value(node.left, names), _value(node.right, names))
    if isinstance(node, ast.Dict):
        keys = [None if key is None else _value(key, names) for key in node.keys]
        values = [_value(item, names) for item in node.values]
        return dict(zip(keys, values, strict=True))
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.Call):
        return _call(node, names)
    if isinstance(node, ast.Attribute) and ast.unparse(node) in [f"nm.{c}" for c in _CLASSES]:
        return _public(ast.unparse(node))
    raise BadArgument(f"an expression may hold calls and plain values, not {ast.unparse(node):.60}")


def _repeated(items: Any, count: Any) -> list[Any]:
    if not (isinstance(items, list) and isinstance(count, int) and 0 < count <= _LONGEST):
        raise BadArgument("an expression multiplies only a list by how often it is repeated")
    return items * count


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, float | int):
        raise BadArgument(f"an expression negates {value!r:.60}, which is no number")
    return value


def _call(node: ast.Call, names: Mapping[str, Any]) -> Any:
    arguments = [_value(item, names) for item in node.args]
    keywords = {item.arg: _value(item.value, names) for item in node.keywords if item.arg}
    if len(keywords) != len(node.keywords):
        raise BadArgument("an expression may not unpack arguments")
    function = node.func
    path = ast.unparse(function)
    _refuse_files(path, arguments, keywords)
    if path == _FUNCTION:
        name = arguments[0] if arguments else "?"
        raise BadArgument(
            f"the function {name} is the user's own and cannot be made again from text"
        )
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call):
        if function.attr not in _METHODS:
            raise BadArgument(f"an expression may not call the method {function.attr}")
        called = getattr(_value(function.value, names), function.attr, None)
    elif isinstance(function, ast.Attribute) and path.startswith("nm."):
        called = _public(path)
    else:
        raise BadArgument(f"an expression may not call {path:.60}")
    if not callable(called):
        raise BadArgument(f"{path:.60} cannot be called")
    try:
        return called(*arguments, **keywords)
    except TypeError as error:
        raise BadArgument(f"{path:.60}: {error}") from None


def _refuse_files(path: str, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    """Whoever writes an expression shall not choose what is opened on the reader's disk."""
    if "store" in keywords or (path == "nm.sweep" and len(arguments) > 2):
        raise BadArgument("an expression may not write to a store")
    if path == "nm.simulate.judge":
        points = keywords.get("points", arguments[1] if len(arguments) > 1 else None)
        if isinstance(points, str):
            raise BadArgument("an expression may not read points from a file")
