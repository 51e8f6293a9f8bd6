"""Ridge regression on random features: what a finite width costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from common import ALPHA, BAYES, figure, legend, network, run

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    problem = network().glm(nm.channels.Linear())
    drawing, (axes,) = figure()
    best = nm.erm.Ridge(regularization="optimal")
    alpha = ALPHA[::2]
    for width, color in zip((1.0, 3.0, 10.0), ("#56B4E9", "#0072B2", "#E69F00"), strict=True):
        features = nm.features.RandomFeatures(network(1), width)
        curve = best.learning_curve(problem, alpha, features=features)
        axes.plot(alpha, curve.test_error, color=color, label=f"k = {width:g} d, optimal penalty")
    features = nm.features.RandomFeatures(network(1), 3.0)
    curve = nm.erm.Ridge(regularization=0.2).learning_curve(problem, ALPHA, features=features)
    axes.plot(ALPHA, curve.test_error, color="#D55E00", linestyle="--", linewidth=1.0,
              label="k = 3 d, penalty 0.2 (published)")  # fmt: skip
    # the peak where the features just interpolate the samples
    peak = np.union1d(ALPHA, np.linspace(2.7, 3.3, 61))
    curve = nm.erm.Ridge(regularization=1e-8).learning_curve(problem, peak, features=features)
    axes.plot(peak, curve.test_error, color="0.6", linewidth=0.9, label="k = 3 d, no penalty")
    axes.plot(ALPHA, problem.learning_curve(ALPHA).test_error, **BAYES, label="Bayes-optimal")
    axes.set_ylim(0.1, 0.8)
    axes.set_ylabel("mean-square error")
    legend(axes)
    return drawing


if __name__ == "__main__":
    run(draw, __file__)
