"""The smallest error that regression can reach, and the overlap it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import ALPHA, BAYES, PUBLISHED, figure, legend, network, published, run

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    problem = network().glm(nm.channels.Linear())
    curve = problem.learning_curve(ALPHA)
    drawing, (error, overlap) = figure(rows=2)
    error.plot(ALPHA, curve.test_error, **BAYES, label="Bayes-optimal")
    error.axhline(problem.noise_variance, color="0.5", linestyle="--", linewidth=1.0)
    error.annotate("structural noise", (7.0, problem.noise_variance - 0.012), ha="right", va="top",
                   color="0.4", fontsize="small")  # fmt: skip
    error.set_ylabel("mean-square error")
    error.set_ylim(0.1, 0.6)
    legend(error)
    overlap.plot(ALPHA, curve.overlap, **BAYES)
    alpha, values = published("overlap")
    overlap.plot(alpha[::4], values[::4], **PUBLISHED)
    overlap.set_ylabel("overlap")
    legend(overlap)
    return drawing


if __name__ == "__main__":
    run(draw, __file__)
