"""Ridge regression: optimally regularised it is Bayes-optimal, and the optimum never moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from common import ALPHA, BAYES, PUBLISHED, figure, legend, network, published, run

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    problem = network().glm(nm.channels.Linear())
    drawing, (error, best) = figure(rows=2)
    error.plot(ALPHA, problem.learning_curve(ALPHA).test_error, **BAYES, label="Bayes-optimal")
    optimal = nm.erm.Ridge(regularization="optimal").learning_curve(problem, ALPHA)
    error.plot(ALPHA, optimal.test_error, color="#E69F00", linestyle=(0, (4, 4)),
               linewidth=2.0, label="optimal penalty")  # fmt: skip
    alpha = np.union1d(ALPHA, np.linspace(0.8, 1.2, 81))
    for regularization, color in ((1e-6, "#CC79A7"), (0.05, "#0072B2"), (2.0, "#009E73")):
        curve = nm.erm.Ridge(regularization=regularization).learning_curve(problem, alpha)
        error.plot(alpha, curve.test_error, color=color, linewidth=1.0,
                   label=f"penalty {regularization:g}")  # fmt: skip
    error.set_ylim(0.1, 1.2)
    error.set_ylabel("mean-square error")
    legend(error)
    alpha, values = published("best_ridge")
    closed = problem.noise_variance / problem.signal_variance
    best.plot(alpha[::3], 1e7 * (values[::3] / closed - 1.0), **PUBLISHED)
    best.plot(ALPHA, 1e7 * (optimal.regularization / closed - 1.0), color="#E69F00")
    best.set_ylabel("best penalty\n" + r"(relative, $10^{-7}$)")
    legend(best)
    return drawing


if __name__ == "__main__":
    run(draw, __file__)
