"""``nishimori simulate``: real networks or measured points, held against theory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nishimori.cli.estimators import labelled, optimal_unless_said
from nishimori.cli.model import (
    GLM_OPTIONS,
    NETWORK_OPTIONS,
    SPECTRUM,
    describe_problem,
    input_arguments,
)
from nishimori.cli.options import (
    ALPHA,
    CHANNEL,
    COMMON,
    INTEGER,
    NUMBER,
    PATH,
    PRIOR,
    TEXT,
    TEXTS,
    Kind,
    Option,
)
from nishimori.cli.output import check_targets, document_for, note, picture_command, write_document
from nishimori.cli.progress import progress_bar
from nishimori.cli.workers import worker_pool
from nishimori.errors import BadArgument
from nishimori.parsing import plain_name

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.cli.model import Described
    from nishimori.simulate import Comparison

__all__ = ["EXAMPLE", "OPTIONS", "SUMMARY", "run"]

SUMMARY = "simulate real networks, or take measured points, and hold them against theory"
EXAMPLE = (
    "nishimori simulate --activation tanh:gain=2 --depth 2 --channel linear:noise=0.1 "
    "--estimators ridge --alpha 0.5,1,2 --width 60"
)
_RATIOS = Kind("numbers", (int, float, str, list), ALPHA.read)
OPTIONS = (
    *NETWORK_OPTIONS,
    *GLM_OPTIONS,
    Option("channel", CHANNEL, "NAME", "of the labels, such as sign:noise=0.1"),
    Option("prior", PRIOR, "NAME", "of a plain GLM's weights (default gaussian)"),
    SPECTRUM,
    Option(
        "estimators",
        TEXTS,
        "LIST",
        "what learns, such as bayes,ridge,logistic:regularization=0.01,kernel,descent,posterior "
        "(default bayes); optimally regularized unless they say",
    ),
    Option("alpha", ALPHA, "GRID", "samples per input dimension, as in curve"),
    Option("width", INTEGER, "D", "input dimension and width of every layer (default 200)"),
    Option("width_ratios", _RATIOS, "LIST", "widths of the hidden layers over the input dimension"),
    Option("repetitions", INTEGER, "R", "teachers and data sets at each alpha (default 20)"),
    Option("test_samples", INTEGER, "N", "of each test set (default 10 D, from 2000 to 20000)"),
    Option("seed", INTEGER, "S", "of all random numbers (default 0)"),
    Option("workers", INTEGER, "N", "processes (default 1)"),
    Option("store", PATH, "FILE.sqlite", "keep every repetition here; go on from what is there"),
    Option("points", PATH, "FILE.csv", "judge these measured points instead of simulating"),
    Option("loss", TEXT, "NAME", "whose theory the points are held against (default the optimum)"),
    Option("offset", NUMBER, "X", "a fixed known offset of a plain GLM"),
    Option("plot", PATH, "FILE.png", "draw theory and points too (png, pdf, svg or eps)"),
    *COMMON,
)
_ONLY_SIMULATED = ("estimators", "repetitions", "test_samples", "seed", "workers", "store")


def run(values: Mapping[str, Any]) -> int:
    """Simulate or read points, hold them against theory, write the table and draw it."""
    judged = "points" in values
    needed = [("channel", "sign:noise=0.1")]
    needed += [] if judged else [("alpha", "0.5,1,2")]
    for name, example in needed:
        if name not in values:
            raise BadArgument(f"--{name} is needed, such as --{name} {example}")
    _refuse_mixtures(values, judged)
    check_targets(values)
    from nishimori import channels
    from nishimori.export.provenance import describe, entry_of

    channel = channels.parse(values["channel"])
    described = describe_problem(values, channel)
    if described.network is not None and "offset" in values:
        raise BadArgument("--offset is for a plain GLM; a network draws its own with its weights")
    comparison = (_judged if judged else _simulated)(values, channel, described)
    rows = comparison.rows()
    entries = [described.entry, entry_of("", comparison)]
    more = {"reduction": described.words, "agrees": comparison.agrees}
    document = document_for(values, rows, entries, **more)
    write_document(document, rows, lambda: f"{comparison}\n", values)
    if "plot" in values:
        from nishimori.export.comparisons import plot_comparison_file

        title = f"{described.words['description']}; labels: {values['channel']}"
        drawn = describe({"": comparison}, picture_command(values))
        plot_comparison_file(
            comparison,
            values["plot"],
            title=title,
            force=True,  # refused before, if at all
            document=drawn,
        )
        note(f"comparison drawn in {values['plot']}", values)
    if comparison.agrees:
        return 0
    silent = all(point.noisy for point in comparison.points)
    what = "no point is precise enough to judge" if silent else "not all points agree"
    print(f"nishimori: {what}: {comparison.summary}", file=sys.stderr)
    return 1


def _refuse_mixtures(values: Mapping[str, Any], judged: bool) -> None:
    wrong = [name for name in _ONLY_SIMULATED if name in values] if judged else []
    if judged and "alpha" in values:
        wrong.append("alpha")
    if wrong:
        name = wrong[0].replace("_", "-")
        raise BadArgument(f"--{name} is for a simulation, and --points are measured already")
    if "loss" in values and not judged:
        raise BadArgument("--loss goes with --points; a simulation takes --estimators")
    if "input_second_moment" in values:
        raise BadArgument(
            "--input-second-moment cannot be simulated; --spectrum gives inputs their variances"
        )
    taken = {os.path.realpath(values[name]) for name in ("output", "plot") if name in values}
    kept = {os.path.realpath(values[name]) for name in ("store", "points") if name in values}
    if kept & taken or _same_file(kept, taken):
        raise BadArgument("--output and --plot may not be the file of --store or --points")


def _same_file(kept: set[str], taken: set[str]) -> bool:
    """Whether one of each is a file under two names, such as by a hard link or in another case."""
    there = [(a, b) for a in kept for b in taken if os.path.exists(a) and os.path.exists(b)]
    return any(os.path.samefile(a, b) for a, b in there)


def _simulated(values: Mapping[str, Any], channel: Channel, described: Described) -> Comparison:
    from nishimori.simulate import compare

    names = {
        name: values[name]
        for name in ("repetitions", "test_samples", "seed", "width_ratios", "store")
        if name in values
    }
    estimators = _estimators(values.get("estimators", ["bayes"]), described)
    model, more = _model(values, channel, described)
    with (
        worker_pool(values.get("workers", 1)) as executor,
        progress_bar("simulate", values.get("quiet", False)) as progress,
    ):
        return compare(
            model,
            estimators,
            values["alpha"],
            values.get("width", 200),
            executor=executor,
            progress=progress,
            **names,
            **more,
        )


def _judged(values: Mapping[str, Any], channel: Channel, described: Described) -> Comparison:
    from nishimori.simulate import judge

    model, more = _model(values, channel, described)
    if "loss" in values:
        more |= {"estimator": _estimator("--loss", values["loss"], described)}
    if "width" in values:
        more |= {"width": values["width"]}
    return judge(model, values["points"], **more)


def _model(
    values: Mapping[str, Any], channel: Channel, described: Described
) -> tuple[Any, dict[str, Any]]:
    """The GLM; or the network, and what it needs to become one."""
    if described.network is None:
        return described.problem, {}
    return described.network, {"channel": channel, **input_arguments(values)}


def _estimators(texts: Sequence[str], described: Described) -> dict[str, Any]:
    parts = labelled("--estimators", texts)
    return {label: _estimator("--estimators", part, described) for label, part in parts.items()}


def _estimator(flag: str, part: str, described: Described) -> Any:
    """What a name stands for: a procedure by its own name, or a trained estimator."""
    from nishimori import simulate

    name, _, rest = part.partition(":")
    name = plain_name(name)
    if name in ("bayes", "posterior"):
        if rest:
            raise BadArgument(f"{flag} {part}: {name} takes no parameters, got {rest}")
        return name
    if name == "descent" and not rest:
        return simulate.Descent()
    others = ("bayes", "descent", "posterior")
    estimator, features = optimal_unless_said(flag, part, described, others)
    return estimator if features is None else simulate.Trained(estimator, features)
