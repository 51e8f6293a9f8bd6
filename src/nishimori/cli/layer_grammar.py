"""The grammar of ``--layers``: ``tanh:gain=2,relu:weight_variance=2:bias_variance=0.1``."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from nishimori.errors import BadArgument, suggest

__all__ = ["LAYER_KEYS", "read_layers"]

LAYER_KEYS = ("weight_variance", "bias_variance")


def read_layers(value: Any) -> list[dict[str, Any]]:
    """Layers as dicts of ``activation``, ``weight_variance`` and ``bias_variance``.

    Parameters
    ----------
    value : str or list
        ``"tanh:gain=2,relu:weight_variance=2"``, or a list of such texts of one layer, or of
        tables ``{activation = "relu", weight_variance = 2.0}``.

    Examples
    --------
    >>> read_layers("tanh:gain=2,relu:weight_variance=2")
    [{'activation': 'tanh:gain=2'}, {'activation': 'relu', 'weight_variance': 2.0}]
    """
    parts = value.split(",") if isinstance(value, str) else value
    if not parts:
        raise BadArgument("is empty; at least one layer is needed")
    return [
        _layer_text(part, number) if isinstance(part, str) else _layer_table(part, number)
        for number, part in enumerate(parts, 1)
    ]


def _layer_text(text: str, number: int) -> dict[str, Any]:
    if not text.strip():
        raise BadArgument(f"has an empty layer {number}; expected names such as tanh:gain=2,relu")
    name, *settings = text.strip().split(":")
    layer: dict[str, Any] = {}
    for setting in settings:
        key, _, written = (part.strip() for part in setting.partition("="))
        if key in layer:
            raise BadArgument(f"layer {number}: {key} is given twice in {text!r}")
        if key in LAYER_KEYS:
            layer[key] = _variance(written, key, number)
        elif get_close_matches(key, LAYER_KEYS, n=1, cutoff=0.75):
            raise BadArgument(f"layer {number}: {suggest(key, LAYER_KEYS, 'key')}")
        else:
            name += f":{setting}"
    return {"activation": name, **layer}


def _layer_table(table: Any, number: int) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise BadArgument(
            f'layer {number} must be a table such as {{activation = "relu"}}, got {table!r}'
        )
    known = ("activation", *LAYER_KEYS)
    for key in table:
        if key not in known:
            raise BadArgument(f"layer {number}: {suggest(key, known, 'key')}")
    if not isinstance(table.get("activation"), str):
        raise BadArgument(f"layer {number} needs an activation, a string such as 'tanh:gain=2'")
    layer = dict(table)
    for key in LAYER_KEYS:
        if key in table:
            if isinstance(table[key], bool) or not isinstance(table[key], int | float):
                raise _not_a_number(table[key], key, number)
            layer[key] = _variance(table[key], key, number)
    return layer


def _variance(value: str | float, key: str, number: int) -> float:
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise _not_a_number(value, key, number) from None


def _not_a_number(value: Any, key: str, number: int) -> BadArgument:
    return BadArgument(f"layer {number}: {key} must be a number, got {value!r}")
