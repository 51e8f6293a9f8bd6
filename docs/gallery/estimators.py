"""One problem, and what each estimator loses on it: optimal, ridge, logistic, hinge, kernel."""

from __future__ import annotations

import numpy as np
from common import network, run

import nishimori as nm

ALPHA = np.geomspace(0.2, 20.0, 41)


def draw() -> nm.figures.Drawing:
    problem = network().glm(nm.channels.Sign())
    kernel = nm.features.Kernel.nngp(network(1))
    estimators = {
        "logistic (best)": (nm.erm.Logistic(regularization="optimal"), None),
        "logistic": (nm.erm.Logistic(regularization=0.01), None),
        "hinge": (nm.erm.Hinge(regularization=0.01), None),
        "ridge": (nm.erm.SquareClassification(regularization=0.01), None),
        "kernel ridge": (nm.erm.SquareClassification(regularization=0.01), kernel),
    }
    bayes = problem.learning_curve(ALPHA)
    curves = {"Bayes-optimal": bayes}
    for name, (estimator, features) in estimators.items():
        curves[name] = estimator.learning_curve(problem, ALPHA, features=features)
    upper = nm.figures.learning_curves(curves, y_label="misclassification", legend="above").panels[
        0
    ]
    lines = [
        nm.figures.Line(
            ALPHA, curve.test_error / bayes.test_error - 1.0, color=line.color, dash=line.dash
        )
        for line, curve in zip(upper.items[1:], list(curves.values())[1:], strict=True)
    ]
    lower = nm.figures.Panel(lines, upper.x_label, "above Bayes\n(relative)", y_limits=(3e-6, 1.0))
    return nm.figures.Drawing([upper, lower], columns=1, results=curves)


if __name__ == "__main__":
    run(draw, __file__)
