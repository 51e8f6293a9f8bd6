"""Logistic regression beside the smallest error: at the published penalty and at the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import ALPHA, BENEATH, PUBLISHED, figure, in_turn, legend, network, published, run

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    problem = network().glm(nm.channels.Sign())
    bayes = problem.learning_curve(ALPHA).test_error
    drawing, (axes, above) = figure(rows=2)
    margin = nm.erm.MaxMargin().learning_curve(problem, ALPHA, on_failure="return")
    axes.plot(ALPHA, margin.test_error, color="0.6", linewidth=0.9, label="max-margin (separable)")
    axes.plot(ALPHA, bayes, **BENEATH, label="Bayes-optimal")
    for place, (regularization, color) in enumerate(((0.1, "#D55E00"), ("optimal", "#0072B2"))):
        estimator = nm.erm.Logistic(regularization=regularization)
        curve = estimator.learning_curve(problem, ALPHA)
        label = f"penalty {regularization}"
        axes.plot(ALPHA, curve.test_error, color=color, label=label, **in_turn(place))
        above.plot(ALPHA, curve.test_error / bayes - 1.0, color=color)
    alpha, values = published("logistic")
    axes.plot(alpha, values, **PUBLISHED)
    exact = problem.learning_curve(alpha).test_error
    above.plot(alpha, values / exact - 1.0, **PUBLISHED)
    above.set_ylabel("above Bayes\n(relative)")
    axes.set_ylabel("misclassification")
    legend(axes, title="logistic regression")
    return drawing


if __name__ == "__main__":
    run(draw, __file__)
