"""Kernel ridge regression, the limit of infinite width: Bayes-optimal where its residual allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from common import ALPHA, BENEATH, figure, in_turn, legend, network, run

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    problem = network().glm(nm.channels.Linear())
    erf = nm.DeepNetwork.uniform(nm.activations.Erf(), 2)
    kernels = {
        "NNGP, one tanh(2x) layer": (nm.features.Kernel.nngp(network(1)), "#0072B2"),
        "NTK, two erf layers": (nm.features.Kernel.ntk(erf), "#009E73"),
        "exp(x.x'/d)": (nm.features.Kernel.from_function(np.exp), "#CC79A7"),
    }
    drawing, (error, above) = figure(rows=2)
    bayes = problem.learning_curve(ALPHA).test_error
    error.plot(ALPHA, bayes, **BENEATH, label="Bayes-optimal")
    best = nm.erm.Ridge(regularization="optimal")
    for place, (name, (kernel, color)) in enumerate(kernels.items()):
        curve = best.learning_curve(problem, ALPHA, features=kernel)
        # the first two coincide
        style = {"color": color, "linewidth": 1.8, **(in_turn(place) if place < 2 else {})}
        error.plot(ALPHA, curve.test_error, **style, label=name)
        above.plot(ALPHA, curve.test_error / bayes - 1.0, **style)
    error.set_ylabel("mean-square error")
    legend(error, title="optimal penalty")
    above.set_ylabel("above Bayes\n(relative)")
    return drawing


if __name__ == "__main__":
    run(draw, __file__)
