"""Real networks of finite width beside the theory of infinite width."""

from __future__ import annotations

from common import network, run

import nishimori as nm


def draw() -> nm.figures.Drawing:
    estimators = {
        "ridge (best)": nm.erm.Ridge(regularization="optimal"),
        "ridge (0.01)": nm.erm.Ridge(regularization=0.01),
    }
    table = nm.simulate.compare(
        network(), estimators, alpha=[0.25, 0.5, 1.0, 2.0, 4.0], width=150, repetitions=20,
        channel=nm.channels.Linear(noise=0.1), test_samples=1500,
    )  # fmt: skip
    return nm.figures.comparison(table)


if __name__ == "__main__":
    run(draw, __file__)
