"""The hard phase of one-bit weights: between two thresholds no fast algorithm is known."""

from __future__ import annotations

from common import run

import nishimori as nm


def draw() -> nm.figures.Drawing:
    problem = nm.GLM(channel=nm.channels.Sign(), prior=nm.priors.Rademacher())
    return nm.figures.phases(problem)


if __name__ == "__main__":
    run(draw, __file__)
