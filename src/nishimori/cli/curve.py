"""``nishimori curve``: the Bayes-optimal learning curve of a network or of a GLM."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nishimori.cli.model import (
    GLM_OPTIONS,
    NETWORK_OPTIONS,
    SPECTRUM,
    describe_problem,
    input_arguments,
)
from nishimori.cli.options import ALPHA, CHANNEL, COMMON, NUMBER, PATH, PRIOR, TEXTS, Option, choice
from nishimori.cli.output import check_targets, document_for, note, picture_command, write_document
from nishimori.cli.progress import progress_bar
from nishimori.errors import BadArgument, Status

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.cli.model import Described
    from nishimori.results import Curve, ErmCurve

__all__ = ["EXAMPLE", "OPTIONS", "SUMMARY", "report_failures", "run"]

SUMMARY = "the Bayes-optimal learning curve of a network"
EXAMPLE = (
    "nishimori curve --activation tanh:gain=2 --depth 3 --channel sign:noise=0.1 "
    "--alpha 0.1:10:50:log --plot curve.png"
)
_BRANCHES = ("optimal", "algorithmic", "informed")
OPTIONS = (
    *NETWORK_OPTIONS,
    *GLM_OPTIONS,
    Option("channel", CHANNEL, "NAME", "of the labels, such as sign:noise=0.1"),
    Option("prior", PRIOR, "NAME", "of a plain GLM's weights (default gaussian)"),
    SPECTRUM,
    Option(
        "alpha",
        ALPHA,
        "GRID",
        "samples per input dimension: 1, or 0.1,1,10, or start:stop:count, or start:stop:count:log",
    ),
    Option("branch", choice(*_BRANCHES), "BRANCH", "optimal (default), algorithmic or informed"),
    Option(
        "offset",
        NUMBER,
        "X",
        "a fixed known offset of the output, instead of the mean over the network's own",
    ),
    Option(
        "with",
        TEXTS,
        "LIST",
        "estimators beside the optimum, such as ridge,logistic:regularization=0.01, optimally "
        "regularized unless they say; kernel is ridge regression with the network's own kernel of "
        "infinite width, which at its best penalty is ridge at its own",
    ),
    Option("rtol", NUMBER, "X", "relative tolerance (default 1e-10)"),
    Option("plot", PATH, "FILE.png", "draw the curve too (png, pdf, svg or eps)"),
    *COMMON,
)


def run(values: Mapping[str, Any]) -> int:
    """Compute the curve that the values describe, write it and draw it."""
    for name, example in (("channel", "sign:noise=0.1"), ("alpha", "0.1:10:50:log")):
        if name not in values:
            raise BadArgument(f"--{name} is needed, such as --{name} {example}")
    check_targets(values)
    from nishimori import channels
    from nishimori.export import tables
    from nishimori.export.provenance import describe, entry_of

    channel = channels.parse(values["channel"])
    with progress_bar("curve", values.get("quiet", False)) as progress:
        described, curve, others = _compute(values, channel, progress)
    reduction = described.words
    rows = curve.rows()
    entries = [described.entry, entry_of("", curve)]
    for name, other in others.items():
        for row, error in zip(rows, other.test_error.flat, strict=True):
            row[f"test_error_{name}"] = float(error)
        where = {"column": f"test_error_{name}", "of": "test_error"}
        entries.append(entry_of(name, other, **where))
    metric = channel.metrics[0].replace("_", " ")
    heading = {"channel": values["channel"], "branch": curve.branch, "test error": metric}
    if "offset" in values:
        heading["offset"] = f"{values['offset']:.15g} (fixed and known)"
    document = document_for(values, rows, entries, reduction=reduction)
    write_document(document, rows, lambda: tables.curve_table(reduction, rows, heading), values)
    if "plot" in values:
        from nishimori.export.plots import plot_curve_file

        title = f"{reduction['description']}; labels: {values['channel']}; {curve.branch} branch"
        if "offset" in values:
            title += f"; offset {values['offset']:g}"
        drawn = describe({"curve": curve, **others}, picture_command(values))
        plot_curve_file(
            curve,
            values["plot"],
            title=title,
            metric=metric,
            others=others,
            force=True,  # refused before, if at all
            document=drawn,
        )
        note(f"curve drawn in {values['plot']}", values)
    return max([report_failures(curve), *map(report_failures, others.values())])


def _compute(
    values: Mapping[str, Any], channel: Channel, progress: Any
) -> tuple[Described, Curve, dict[str, ErmCurve]]:
    """What the curve is of, the curve, and those of estimators."""
    described = describe_problem(values, channel)
    others: dict[str, ErmCurve] = {}
    if "with" in values:
        from nishimori.cli.estimators import learning_curves

        others = learning_curves(values["with"], described, values["alpha"], values)
    settings: dict[str, Any] = {"on_failure": "return"}
    settings |= {name: values[name] for name in ("branch", "rtol") if name in values}
    if described.network is None or "offset" in values:
        curve = described.problem.learning_curve(values["alpha"], **settings)
        return described, curve, others
    curve = described.network.learning_curve(
        channel, values["alpha"], progress=progress, **settings, **input_arguments(values)
    )
    return described, curve, others


def report_failures(curve: Curve | ErmCurve) -> int:
    """A line on standard error about the points that failed; the exit status."""
    failed = [state for state in curve if state.status.failed]
    if not failed:
        return 0
    first: dict[Status, float] = {}
    for state in failed:
        first.setdefault(state.status, state.alpha)
    why = "; ".join(
        f"{status.sentence} (first at alpha = {alpha:g})" for status, alpha in first.items()
    )
    print(f"nishimori: {len(failed)} of {len(curve)} points failed: {why}", file=sys.stderr)
    return 1
