"""Double descent: in the number of samples without a penalty, and in the width of features."""

from __future__ import annotations

import numpy as np
from common import network, run

import nishimori as nm

ALPHA = np.union1d(np.geomspace(0.1, 10.0, 60), 1.0 + np.linspace(-0.2, 0.2, 41))
WIDTHS = np.union1d(np.geomspace(0.2, 20.0, 33), 2.0 + np.linspace(-0.4, 0.4, 17))


def draw() -> nm.figures.Drawing:
    left = {}
    for noise in (0.05, 0.2, 0.8):
        problem = nm.GLM(nm.channels.Linear(noise=noise))
        least = nm.erm.Ridge(regularization=1e-9)
        left[rf"$\Delta = {noise}$"] = least.learning_curve(problem, ALPHA)
    samples = nm.figures.learning_curves(
        left, y_label="mean-square error", y_limits=(0.05, 6.0), y_scale="log"
    ).panels[0]
    problem = network().glm(nm.channels.Linear(noise=0.1))
    lines = []
    for regularization in (1e-7, 1e-2, "optimal"):
        ridge = nm.erm.Ridge(regularization=regularization)
        errors = [
            ridge.solve(problem, 2.0, features=nm.features.RandomFeatures(network(1), width))
            for width in WIDTHS
        ]
        name = "no penalty" if regularization == 1e-7 else f"penalty {regularization}"
        lines.append(nm.figures.Line(WIDTHS, [state.test_error for state in errors], name))
    widths = nm.figures.Panel(lines, "width of the features, $k/d$", "mean-square error",
                              y_limits=(0.25, 6.0), y_scale="log")  # fmt: skip
    return nm.figures.Drawing([samples, widths], size="wide", results=left)


if __name__ == "__main__":
    run(draw, __file__)
