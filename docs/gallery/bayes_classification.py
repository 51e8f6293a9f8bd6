"""The smallest error that classification can reach, at several levels of label noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common import ALPHA, BAYES, figure, legend, network, run

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw() -> Figure:
    drawing, (axes,) = figure()
    for noise, shade in ((0.0, "0.0"), (0.2, "0.4"), (1.0, "0.65")):
        problem = network().glm(nm.channels.Sign(noise=noise))
        style = BAYES | {"color": shade}
        axes.plot(ALPHA, problem.learning_curve(ALPHA).test_error, **style, label=f"{noise:g}")
    axes.set_ylabel("misclassification")
    legend(axes, title="noise inside the sign")
    return drawing


if __name__ == "__main__":
    run(draw, __file__)
