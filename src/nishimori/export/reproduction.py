"""From a file back to its numbers: recomputing what a CSV, JSON or picture says it holds."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nishimori._version import __version__
from nishimori.arguments import require_number
from nishimori.errors import BadArgument, ConvergenceError, NishimoriError
from nishimori.export.agreement import Column, compare_tables
from nishimori.export.provenance import read_document
from nishimori.export.words import problem_words
from nishimori.expressions import read

__all__ = ["Column", "Reproduction", "reproduce"]

_RTOL = 1e-10
_ROUNDING = 1e-12  # two machines sum in another order
_SIMULATED = {"Comparison": 1e-6, "Extrapolation": 1e-6}
_RATE = ").finite_size_rate("  # the one result that is a number
_TRACED = {"PhaseDiagram": 1e-7}  # of boundaries that are followed, not solved point by point
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
_OWN_KEYS = ("nishimori", "format", "command", "results", "rows")
_OF_SWEEPS = ("specification", "dims", "shape", "fixed")  # which the expression says too


@dataclass(frozen=True)
class Reproduction:
    """Whether the numbers of a file are those that are computed now; prints itself.

    Attributes
    ----------
    path : str
    made_with, version : str
        The version that wrote the file, and this one.
    command : str or None
        The command that made the file.
    columns : tuple of Column
        Every column that was compared, with its largest difference.
    problems : tuple of str
        What keeps the file from being compared point by point, such as a missing row.
    not_compared : tuple of str
        Columns and keys of the file that the results do not have.
    simulated : bool
        Whether a simulation was run again, with the seed of the file.
    """

    path: str
    made_with: str
    version: str
    command: str | None
    columns: tuple[Column, ...]
    problems: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def agrees(self) -> bool:
        """Whether every number is within its tolerance."""
        return not self.problems and all(column.agrees for column in self.columns)

    @property
    def verdict(self) -> str:
        """One line: that the numbers agree, or which one differs most."""
        if self.problems:
            return f"the numbers differ: {self.problems[0]}"
        wrong = [column for column in self.columns if not column.agrees]
        if wrong:
            worst = max(wrong, key=lambda column: column.largest)
            return f"the numbers differ: {worst.sentence}"
        count = sum(column.count for column in self.columns)
        largest = max((column.largest for column in self.columns), default=0.0)
        return f"the numbers agree: {count} values, the largest difference is {largest:.1e}"

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, ready for JSON."""
        return {
            "path": self.path,
            "made_with": self.made_with,
            "version": self.version,
            "command": self.command,
            "agrees": self.agrees,
            "verdict": self.verdict,
            "columns": self.rows(),
            "problems": list(self.problems),
            "not_compared": list(self.not_compared),
            "simulated": self.simulated,
        }

    def rows(self) -> list[dict[str, Any]]:
        """One dict per column."""
        return [
            {
                "column": column.name,
                "count": column.count,
                "largest_difference": column.largest,
                "allowed": column.allowed,
                "agrees": column.agrees,
                "where": column.where,
            }
            for column in self.columns
        ]

    def __repr__(self) -> str:
        return f"<Reproduction of {self.path}: {self.verdict}>"

    def __str__(self) -> str:
        lines = [
            f"file       {self.path}",
            f"made with  nishimori {self.made_with}, compared with nishimori {self.version}",
        ]
        if self.command and len(self.command) <= 200:
            lines.append(f"made by    {self.command}")
        width = max((len(column.name) for column in self.columns), default=6)
        lines += ["", f"{'column':<{width}}  values  largest difference  allowed"]
        for column in self.columns:
            mark = "" if column.agrees else "  DIFFERS"
            lines.append(
                f"{column.name:<{width}}  {column.count:>6}  {column.largest:>18.1e}  "
                f"{column.allowed:>7.0e}{mark}"
            )
        lines.append("")
        lines += [f"not compared: {', '.join(self.not_compared)}"] if self.not_compared else []
        lines += ["simulated again, with the seed of the file"] if self.simulated else []
        return "\n".join([*lines, self.verdict])


def reproduce(path: str | os.PathLike[str], rtol: float | None = None) -> Reproduction:
    """Compute again what a file says it holds, and compare every number.

    The expression that the file carries is read, not executed: only public names of nishimori
    are called, with plain values. A file of a simulation is simulated again, with its own seed:
    that takes as long as it took.

    Parameters
    ----------
    path : path
        A CSV, JSON, PNG, PDF, SVG or EPS file that nishimori has written.
    rtol : float, optional
        Largest relative difference that agrees. By default what was asked for when the numbers
        were computed (1e-10 if nothing was), or the error estimate of the point where that is
        larger; 1e-6 for simulations, 1e-7 for phase diagrams. Entropies and informations, which
        are sums that may cancel, are compared relative to 1e-3 at least; residuals and error
        estimates absolutely; words and truth values have to be the same.

    Returns
    -------
    Reproduction

    Raises
    ------
    BadArgument
        If the file cannot be read, says nothing, or cannot be computed again: because it is cut
        short, of another program, or made with a function of the user's.

    Examples
    --------
    >>> import tempfile, nishimori as nm
    >>> curve = nm.GLM(nm.channels.Sign()).learning_curve([0.5, 1.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text = curve.to_csv(f"{folder}/curve.csv")
    ...     print(nm.export.reproduce(f"{folder}/curve.csv").agrees)
    True
    """
    if rtol is not None:
        rtol = require_number("rtol", rtol, "reproduce")
        if rtol < 0.0:
            raise BadArgument(f"reproduce: rtol must be at least 0, got {rtol!r}")
    path = os.fspath(path)
    document = read_document(path)
    entries: list[dict[str, Any]] = document["results"]
    columns: list[Column] = []
    problems: list[str] = []
    seen: set[str] = set()
    known: dict[str, Any] = {}
    lone = len(entries) == 1
    for entry in entries:
        text = entry.get("expression")
        if text is None:
            raise BadArgument(f"{path!r} cannot be computed again: {entry.get('why', 'no call')}")
        if text not in known:
            known[text] = _evaluate(path, text)
        found = known[text]
        written, computed = _tables(path, document, entry, found)
        label = "" if lone or "rows" not in entry else f"{entry.get('name') or 'result'}: "
        if len(written) != len(computed):
            problems.append(
                f"{label}the file has {len(written)} rows, and there are {len(computed)}"
            )
            continue
        names = _names(entries, entry, written, computed)
        if rtol is None:
            tolerance, own = _tolerance(found, text)
        else:
            tolerance, own = rtol, False
        compared = compare_tables(written, computed, names, tolerance, own_errors=own)
        columns += [_labelled(column, label) for column in compared]
        seen.update(name for name, _ in names)
    if not columns and not problems:
        raise BadArgument(f"{path!r} holds no number that could be compared")
    rows = document.get("rows") if isinstance(document.get("rows"), list) else []
    left = [name for name in _all_names(rows or []) if name not in seen]
    places = {entry.get("at") for entry in entries}
    left += [
        key
        for key, value in document.items()
        if key not in (*_OWN_KEYS, *_OF_SWEEPS) and key not in places and _holds_numbers(value)
    ]
    return Reproduction(
        path,
        document["nishimori"],
        __version__,
        document.get("command"),
        tuple(columns),
        tuple(problems),
        tuple(left),
        any(type(found).__name__ in _SIMULATED for found in known.values()),
    )


def _evaluate(path: str, text: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = read(text)
    except ConvergenceError as error:
        found = error.result
    except NishimoriError as error:
        raise BadArgument(f"{path!r} cannot be computed again: {error}") from None
    except _DAMAGE:
        raise BadArgument(f"{path!r} cannot be computed again: its expression is damaged") from None
    known = hasattr(found, "rows") or hasattr(found, "learning_curve")
    if not known and not (isinstance(found, float) and _RATE in text):
        raise BadArgument(f"{path!r} cannot be computed again: its expression makes no result")
    return found


def _tables(
    path: str, document: Mapping[str, Any], entry: Mapping[str, Any], found: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the file says about one result, and what is computed now."""
    if "at" in entry:
        written = document.get(entry["at"])
        if isinstance(found, float):
            return [{entry["at"]: written}], [{entry["at"]: found}]
        if not isinstance(written, dict):
            raise BadArgument(f"{path!r} is damaged: it has no {entry['at']}")
        if hasattr(found, "as_dict"):
            return [written], [found.as_dict()]
        if not hasattr(found, "noise_variance"):
            raise BadArgument(f"{path!r} is damaged: its expression makes no {entry['at']}")
        return [written], [problem_words(found)]
    written = entry.get("rows", document.get("rows"))
    if not isinstance(written, list) or not all(isinstance(row, dict) for row in written):
        raise BadArgument(f"{path!r} is damaged: it has no rows of numbers")
    if not hasattr(found, "rows"):
        raise BadArgument(f"{path!r} is damaged: its expression makes no rows")
    wide = any("weak_recovery" in row for row in written)  # the thresholds in one row
    return written, [found.row()] if wide and hasattr(found, "row") else list(found.rows())


def _names(
    entries: Sequence[Mapping[str, Any]],
    entry: Mapping[str, Any],
    written: Sequence[Mapping[str, Any]],
    computed: Sequence[Mapping[str, Any]],
) -> list[tuple[str, str]]:
    """Columns of the file that are this result's, with their names in it."""
    there = _all_names(written)
    if "column" in entry:
        return [(entry["column"], entry.get("of", ""))] if entry["column"] in there else []
    taken = {other["column"] for other in entries if "column" in other}
    own = set(_all_names(computed))
    return [(name, name) for name in there if name in own and name not in taken]


def _tolerance(found: Any, text: str) -> tuple[float, bool]:
    """The relative difference that agrees, and whether error estimates may enlarge it."""
    kind = type(found).__name__
    if kind in _SIMULATED or kind in _TRACED:
        return (_SIMULATED | _TRACED)[kind], False
    origin = getattr(found, "origin", None)
    asked = {} if origin is None else origin.arguments
    given = asked.get("grid", asked).get("rtol", _RTOL)  # of a sweep, or of one call
    return max(float(given), _ROUNDING) if isinstance(given, float | int) else _RTOL, True


def _labelled(column: Column, label: str) -> Column:
    return replace(column, name=label + column.name) if label else column


def _holds_numbers(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_numbers, value.values()))
    if isinstance(value, list):
        return any(map(_holds_numbers, value))
    return isinstance(value, float | int) and not isinstance(value, bool)


def _all_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(str(name) for row in rows for name in row))
