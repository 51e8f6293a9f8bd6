"""The square loss on labels: its peak at n = d, and how a penalty removes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from common import ALPHA, BENEATH, PUBLISHED, figure, in_turn, legend, network, published, run

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    problem = network().glm(nm.channels.Sign())
    bayes = problem.learning_curve(ALPHA).test_error
    drawing, (axes, above) = figure(rows=2)
    peak = np.union1d(ALPHA, np.linspace(0.8, 1.2, 81))
    none = nm.erm.SquareClassification(regularization=1e-8).learning_curve(problem, peak)
    axes.plot(peak, none.test_error, color="0.6", linewidth=0.9, label="no penalty")
    axes.plot(ALPHA, bayes, **BENEATH, label="Bayes-optimal")
    for place, (regularization, color) in enumerate(((0.1, "#D55E00"), ("optimal", "#0072B2"))):
        estimator = nm.erm.SquareClassification(regularization=regularization)
        curve = estimator.learning_curve(problem, ALPHA)
        label, style = f"penalty {regularization}", in_turn(1) if place else {}
        axes.plot(ALPHA, curve.test_error, color=color, label=label, **style)
        above.plot(ALPHA, curve.test_error / bayes - 1.0, color=color)
    alpha, values = published("square")
    axes.plot(alpha, values, **PUBLISHED)
    exact = problem.learning_curve(alpha).test_error
    above.plot(alpha, values / exact - 1.0, **PUBLISHED)
    above.set_ylabel("above Bayes\n(relative)")
    axes.set_ylabel("misclassification")
    legend(axes, title="square loss")
    return drawing


if __name__ == "__main__":
    run(draw, __file__)
