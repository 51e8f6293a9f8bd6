"""Message passing, iteration by iteration, near the end of a metastable branch."""

from __future__ import annotations

import numpy as np
from common import run

import nishimori as nm


def draw() -> nm.figures.Drawing:
    problem = nm.GLM(channel=nm.channels.Sign(), prior=nm.priors.Rademacher())
    spinodal = problem.transitions().algorithmic
    lines = []
    for gap in (1e-1, 1e-2, 1e-3, 1e-4):
        steps = problem.trajectory(spinodal * (1.0 + gap), iterations=1500)
        label = rf"$\alpha = (1 + 10^{{{np.log10(gap):.0f}}})\,\alpha_s$"
        lines.append(nm.figures.Line(np.arange(steps.mmse.size) + 1, steps.mmse, label))
    panel = nm.figures.Panel(lines, "iteration", r"mmse $1 - q$", x_scale="log", y_scale="linear")
    return nm.figures.Drawing([panel])


if __name__ == "__main__":
    run(draw, __file__)
