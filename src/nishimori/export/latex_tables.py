"""Results as LaTeX tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nishimori.arguments import require_integer, shown
from nishimori.errors import BadArgument, suggest
from nishimori.export.portable import document_of
from nishimori.export.provenance import header_lines
from nishimori.figures.tex_text import tex_text

__all__ = ["chosen_columns", "comment_lines", "is_number", "latex_table"]

_WORDS = {"alpha": r"$\alpha$", "z": "$z$"}


def latex_table(
    result: Any, columns: Sequence[str] | None = None, *, digits: int = 6, booktabs: bool = True
) -> str:
    """See `Travels.to_latex_table`."""
    digits = require_integer("digits", digits, "to_latex_table", 1, 17)
    rows = result.rows()
    names = chosen_columns(result, rows, columns)
    top, middle, bottom = (
        (r"\toprule", r"\midrule", r"\bottomrule") if booktabs else (r"\hline",) * 3
    )
    kinds = "".join("r" if any(is_number(row.get(n)) for row in rows) else "l" for n in names)
    lines = comment_lines(document_of(result, rows))
    lines += [r"% needs \usepackage{booktabs}"] if booktabs else []
    lines += [rf"\begin{{tabular}}{{{kinds}}}", top, _line(map(_heading, names)), middle]
    lines += [_line(_cell(row.get(name), digits) for name in names) for row in rows]
    return "\n".join([*lines, bottom, r"\end{tabular}", ""])


def chosen_columns(
    result: Any,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] | None,
    argument: str = "columns",
) -> list[str]:
    """The columns that were asked for, by the argument of that name, or the result's own choice."""
    known = list(dict.fromkeys(name for row in rows for name in row))
    if columns is None:
        return [name for name in result.shown_columns or known if name in known or not known]
    if not isinstance(columns, Iterable):
        raise BadArgument(f"{argument} must be a name or a sequence of names, got {shown(columns)}")
    asked = [columns] if isinstance(columns, str) else list(columns)
    if not asked:
        raise BadArgument(f"{argument} is empty; name at least one of {', '.join(known)}")
    for name in asked:
        if name not in known:
            raise suggest(str(name), known, "column")
    return asked


def comment_lines(document: Mapping[str, Any]) -> list[str]:
    """The comment lines of a document, as LaTeX has them."""
    return ["%" + line.removeprefix("#") for line in header_lines(document)]


def is_number(value: Any) -> bool:
    """Whether it is a number and no truth value."""
    return isinstance(value, float | int) and not isinstance(value, bool)


def _heading(name: str) -> str:
    return _WORDS.get(name) or tex_text(name.replace("_", " "))


def _line(cells: Any) -> str:
    return " & ".join(cells) + r" \\"


def _cell(value: Any, digits: int) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "--"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not is_number(value):
        return tex_text(str(value).replace("_", " "))
    if math.isinf(value):
        return r"$\infty$" if value > 0.0 else r"$-\infty$"
    text = str(value) if isinstance(value, int) else f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    return rf"${mantissa} \times 10^{{{int(exponent)}}}$" if exponent else f"${text}$"
