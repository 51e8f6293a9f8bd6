"""``nishimori reproduce``: whether the numbers of a file are those that are computed now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nishimori.cli.options import COMMON, NUMBER, PATH, Option
from nishimori.cli.output import check_targets, write_result
from nishimori.errors import BadArgument

__all__ = ["ARGUMENT", "EXAMPLE", "OPTIONS", "SUMMARY", "run"]

SUMMARY = "compute a CSV, JSON or picture again, and say whether its numbers still agree"
EXAMPLE = "nishimori reproduce curve.png"
ARGUMENT = "file"
OPTIONS = (
    Option("file", PATH, "FILE", "the file; may be given without --file"),
    Option("rtol", NUMBER, "X", "largest relative difference (default what the file asked for)"),
    *COMMON,
)


def run(values: Mapping[str, Any]) -> int:
    """Read the file, compute it again, and write what was found."""
    if "file" not in values:
        raise BadArgument("a file is needed, such as nishimori reproduce curve.csv")
    check_targets(values)
    from nishimori.export import tables
    from nishimori.export.reproduction import reproduce

    found = reproduce(values["file"], values.get("rtol"))
    form = values.get("format", "table")
    if form == "json":
        text = tables.to_json(found.as_dict())
    elif form == "csv":
        text = tables.to_csv(found.rows())
    else:
        text = f"{found}\n"
    write_result(text, values)
    return 0 if found.agrees else 1
