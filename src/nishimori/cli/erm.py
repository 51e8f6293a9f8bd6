"""``nishimori erm``: the learning curve of an estimator trained on a network's labels."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from nishimori.cli.curve import report_failures
from nishimori.cli.estimators import estimator_named, problem_of
from nishimori.cli.model import (
    GLM_OPTIONS,
    NETWORK_OPTIONS,
    SPECTRUM,
    describe_problem,
)
from nishimori.cli.options import (
    ALPHA,
    CHANNEL,
    COMMON,
    NUMBER,
    PATH,
    PENALTY,
    PRIOR,
    REGULARIZATION,
    TEXT,
    Option,
)
from nishimori.cli.output import check_targets, document_for, note, picture_command, write_document
from nishimori.errors import BadArgument, NishimoriError, Status

__all__ = ["EXAMPLE", "OPTIONS", "SUMMARY", "run"]

SUMMARY = "the learning curve of an estimator trained on a network's labels"
EXAMPLE = (
    "nishimori erm --activation tanh:gain=2 --depth 2 --channel sign --loss hinge "
    "--regularization optimal --alpha 0.1:10:50:log"
)
OPTIONS = (
    *NETWORK_OPTIONS,
    *GLM_OPTIONS,
    Option("channel", CHANNEL, "NAME", "of the labels, such as sign:noise=0.1"),
    Option("prior", PRIOR, "NAME", "of a plain GLM's weights (default gaussian)"),
    SPECTRUM,
    Option("loss", TEXT, "NAME", "such as ridge, logistic or huber:threshold=0.5"),
    Option(
        "regularization",
        REGULARIZATION,
        "X",
        "weight of |w|^2/2: a number (default 1), or optimal",
    ),
    Option("l1", PENALTY, "X", "weight of the l1 norm (default 0)"),
    Option(
        "alpha",
        ALPHA,
        "GRID",
        "samples per input dimension: 1, or 0.1,1,10, or start:stop:count, or start:stop:count:log",
    ),
    Option("offset", NUMBER, "X", "a fixed known offset of the output"),
    Option("rtol", NUMBER, "X", "relative tolerance (default 1e-10)"),
    Option("plot", PATH, "FILE.png", "draw the curve too (png, pdf, svg or eps)"),
    *COMMON,
)


def run(values: Mapping[str, Any]) -> int:
    """Compute the curve that the values describe, write it and draw it."""
    for name, example in (
        ("loss", "ridge"),
        ("channel", "sign:noise=0.1"),
        ("alpha", "0.1:10:50:log"),
    ):
        if name not in values:
            raise BadArgument(f"--{name} is needed, such as --{name} {example}")
    check_targets(values)
    from nishimori import channels
    from nishimori.export import tables
    from nishimori.export.provenance import describe, entry_of

    channel = channels.parse(values["channel"])
    chosen: dict[str, Any] = {
        name: values[name] for name in ("regularization", "l1") if name in values
    }
    estimator = estimator_named(values["loss"], channel, chosen)
    described = describe_problem(values, channel)
    problem = problem_of(described, values)
    settings = {name: values[name] for name in ("rtol",) if name in values}
    try:
        curve = estimator.learning_curve(problem, values["alpha"], on_failure="return", **settings)
    except NishimoriError as error:
        raise BadArgument(f"--loss {values['loss']}: {error}") from None
    rows = curve.rows()
    metric = "misclassification" if estimator.labels == "sign" else "mean square"
    heading = {"channel": values["channel"], "estimator": str(estimator), "test error": metric}
    if "offset" in values:
        heading["offset"] = f"{values['offset']:.15g} (fixed and known)"
    words = described.words
    entries = [described.entry, entry_of("", curve)]
    document = document_for(values, rows, entries, reduction=words)
    write_document(document, rows, lambda: tables.erm_table(words, rows, heading), values)
    if "plot" in values:
        from nishimori.export.plots import plot_erm_file

        title = f"{words['description']}; labels: {values['channel']}; {estimator}"
        drawn = describe({"curve": curve}, picture_command(values))
        plot_erm_file(
            curve,
            values["plot"],
            title=title,
            metric=metric,
            force=True,  # refused before, if at all
            document=drawn,
        )
        note(f"curve drawn in {values['plot']}", values)
    status = report_failures(curve)
    if any(state.status is Status.NOT_SEPARABLE for state in curve):
        limit = estimator.separability_threshold(problem)
        print(f"nishimori: separable only below alpha = {limit:.10g}", file=sys.stderr)
    return status
