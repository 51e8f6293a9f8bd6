"""What the labels say about a network: information per sample, by depth."""

from __future__ import annotations

import numpy as np
from common import network, run

import nishimori as nm

ALPHA = np.geomspace(0.05, 50.0, 80)


def draw() -> nm.figures.Drawing:
    channel = nm.channels.Linear(noise=0.1)
    curves = {
        f"{depth} layer{'s' if depth > 1 else ''}": network(depth).learning_curve(channel, ALPHA)
        for depth in (1, 2, 3, 6)
    }
    whole = nm.figures.learning_curves(
        curves, quantity="mutual_information", y_label="$I/n$ (nats), all weights", y_scale="linear"
    )
    signal = nm.figures.learning_curves(
        curves, quantity="signal_mutual_information", y_label="$I/n$ (nats), linear part",
        y_scale="linear", legend="none",
    )  # fmt: skip
    return nm.figures.Drawing([*whole.panels, *signal.panels], size="wide", results=curves)


if __name__ == "__main__":
    run(draw, __file__)
