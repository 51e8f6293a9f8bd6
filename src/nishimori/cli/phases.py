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
from nishimori.cli.output import check_targets, note, write_result
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.glm import GLM
    from nishimori.results import Curve, State
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

    channel = channels.parse(values["channel"])
    described = describe_problem(values, channel)
    found = described.problem.transitions(on_failure="return")
    curves = _branches(described.problem, values["alpha"]) if "alpha" in values else []
    states = [state for curve in curves for state in curve]
    place = {alpha: k for k, alpha in enumerate(values.get("alpha", ()))}
    states.sort(key=lambda state: (place[state.alpha], state.conjugate))
    rows = [state.row() for state in states]
    form = values.get("format", "table")
    if form == "json":
        document = {"reduction": described.words, "transitions": _as_dict(found), "rows": rows}
        text = tables.to_json(document)
    elif form == "csv":
        text = tables.to_csv(rows or [_flat(found)])
    else:
        heading = {"channel": values["channel"], "prior": values.get("prior", "gaussian")}
        text = f"{tables.problem_header(described.words, heading)}\n\n{found}\n"
        if rows:
            text += "\n" + tables.states_table(rows)
    write_result(text, values)
    if "plot" in values:
        if len(place) < _ENOUGH:
            from nishimori.figures.branches import alpha_grid

            curves = _branches(described.problem, alpha_grid(found))
        _draw(described.problem, found, curves, values)
    return _report_failures(found, states)


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


def _as_dict(found: Transitions) -> dict[str, Any]:
    return {
        "weak_recovery": found.weak_recovery,
        "spinodals": found.spinodals.tolist(),
        "information_theoretic": found.information_theoretic,
        "algorithmic": found.algorithmic,
        "perfect_recovery": found.perfect_recovery,
        "errors": dict(found.errors),
        "status": found.status.label,
    }


def _flat(found: Transitions) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: value for name, value in _as_dict(found).items() if isinstance(value, float)
    }
    row["spinodals"] = " ".join(repr(float(value)) for value in found.spinodals)
    return row


def _branches(problem: GLM, alphas: Sequence[float]) -> list[Curve]:
    from nishimori.observables import branches

    return branches(problem, sorted(set(alphas)), on_failure="return")


def _draw(problem: GLM, found: Transitions, curves: list[Curve], values: Mapping[str, Any]) -> None:
    from nishimori.export.phases import plot_phases_file

    title = f"{problem.prior} weights; labels: {values['channel']}"
    quantity = values.get("quantity", "overlap")
    plot_phases_file(found, curves, values["plot"], title=title, quantity=quantity)
    note(f"phases drawn in {values['plot']}", values)
