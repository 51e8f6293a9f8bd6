"""Sparse signs from few measurements: possible, and possible for message passing."""

from __future__ import annotations

from common import run

import nishimori as nm


def family(density: float) -> nm.GLM:
    """Weights -1, 0 and 1, rescaled, measured with little noise."""
    weights = [density / 2.0, 1.0 - density, density / 2.0]
    return nm.GLM(
        nm.channels.Linear(noise=0.01), prior=nm.priors.Discrete([-1.0, 0.0, 1.0], weights)
    )


def draw() -> nm.figures.Drawing:
    diagram = nm.phase_diagram(family, 0.02, 0.92, parameter="density of the weights", points=33)
    return nm.figures.phase_diagram(diagram, y_scale="linear")


if __name__ == "__main__":
    run(draw, __file__)
