"""``nishimori phases``: the thresholds of a problem, and the picture of its branches."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nishimori.cli.model import (
    GLM_OPTIONS,
    NETWORK_OPTIONS,
    SPECTRUM,
    describe_problem,
)
from nishimori.cli.options import ALPHA, CHANNEL, COMMON, NUMBER, PATH, PRIOR, Option, choice
from nishimori.cli.output import check_targets, document_for, note, picture_command, write_document
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.glm import GLM
    from nishimori.results import Curve, FixedPoints, State
    from nishimori.transitions import Transitions

__all__ = ["EXAMPLE", "OPTIONS", "SUMMARY", "run"]

SUMMARY = "weak recovery, spinodals and the thresholds of the optimal and the feasible"
EXAMPLE = "nishimori phases --prior rademacher --channel sign --signal-variance 1 --plot phases.png"
_QUANTITIES = ("overlap", "mmse", "test_error")
_ENOUGH = 20  # fewer points do not make a line
OPTIONS = (
    *NETWORK_OPTIONS,
    *GLM_OPTIONS,
    Option("channel", CHANNEL, "NAME", "of the labels, such as sign:noise=0.1"),
    Option("prior", PRIOR, "NAME", "of a plain GLM's weights (default gaussian)"),
    SPECTRUM,
    Option("offset", NUMBER, "X", "a fixed known offset of the output (default 0)"),
    Option("alpha", ALPHA, "GRID", "also every fixed point at these samples per dimension"),
    Option(
        "quantity", choice(*_QUANTITIES), "NAME", "to draw: overlap (default), mmse, test_error"
    ),
    Option("plot", PATH, "FILE.png", "draw every branch (png, pdf, svg or eps)"),
    *COMMON,
)


def run(values: Mapping[str, Any]) -> int:
    """Find the thresholds of the problem that the values describe, write and draw them."""
    if "channel" not in values:
        raise BadArgument("--channel is needed, such as --channel sign:noise=0.1")
    check_targets(values)
    from nishimori import channels
    from nishimori.export import tables
    from nishimori.export.provenance import entry_of

    channel = channels.parse(values["channel"])
    described = describe_problem(values, channel)
    found = described.problem.transitions(on_failure="return")
    problem = described.problem
    asked = values.get("alpha", [])
    curves = _branches(problem, asked) if asked else []
    states = _states(problem, asked, curves)
    rows = states.rows()
    both = values.get("format") == "json" or not rows
    where = {"at": "transitions"} if values.get("format") == "json" else {}
    entries = [described.entry, *([entry_of("transitions", found, **where)] if both else [])]
    entries += [entry_of("fixed points", states)] if rows else []
    more = {"reduction": described.words, "transitions": found.as_dict()}

    def table() -> str:
        heading = {"channel": values["channel"], "prior": values.get("prior", "gaussian")}
        text = f"{tables.problem_header(described.words, heading)}\n\n{found}\n"
        return text + ("\n" + tables.states_table(rows) if rows else "")

    document = document_for(values, rows, entries, **more)
    write_document(document, rows or [found.row()], table, values)
    if values.get("format") == "csv" and rows:
        note(
            "this CSV holds the fixed points; the thresholds are in CSV without --alpha, and in "
            "the other formats",
            values,
        )
    if "plot" in values:
        if len(set(asked)) < _ENOUGH:
            from nishimori.figures.branches import alpha_grid

            asked = sorted(set(alpha_grid(found)))
            curves = _branches(problem, asked)
        _draw(problem, found, curves, _states(problem, asked, curves), values)
    return _report_failures(found, states)


def _states(problem: GLM, alphas: Sequence[float], curves: list[Curve]) -> FixedPoints:
    """The points of all branches, as `GLM.fixed_points` has them."""
    from nishimori.results import FixedPoints, Origin

    place = {alpha: k for k, alpha in enumerate(dict.fromkeys(alphas))}
    states = [state for curve in curves for state in curve]
    states.sort(key=lambda state: (place[state.alpha], state.conjugate))
    given = {"alpha": list(place), "on_failure": "return"}
    return FixedPoints(states, Origin(problem, "fixed_points", given))


def _report_failures(found: Transitions, states: list[State]) -> int:
    """A line on standard error about what failed; the exit status."""
    reasons = [f"transitions: {found.status.sentence}"] if found.status.failed else []
    failed = [state for state in states if state.status.failed]
    if failed:
        reasons.append(
            f"{len(failed)} of {len(states)} fixed points failed: {failed[0].status.sentence} "
            f"(first at alpha = {failed[0].alpha:g})"
        )
    if reasons:
        print(f"nishimori: {'; '.join(reasons)}", file=sys.stderr)
    return 1 if reasons else 0


def _branches(problem: GLM, alphas: Sequence[float]) -> list[Curve]:
    from nishimori.observables import branches

    return branches(problem, sorted(set(alphas)), on_failure="return")


def _draw(
    problem: GLM,
    found: Transitions,
    curves: list[Curve],
    states: FixedPoints,
    values: Mapping[str, Any],
) -> None:
    from nishimori.export.phases import plot_phases_file
    from nishimori.export.provenance import describe

    title = f"{problem.prior} weights; labels: {values['channel']}"
    quantity = values.get("quantity", "overlap")
    plot_phases_file(
        found,
        curves,
        values["plot"],
        title=title,
        quantity=quantity,
        force=True,  # refused before, if at all
        document=describe({"transitions": found, "states": states}, picture_command(values)),
    )
    note(f"phases drawn in {values['plot']}", values)
