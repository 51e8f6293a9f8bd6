"""Depth: the smallest misclassification for random networks of one to six tanh(2x) layers."""

from __future__ import annotations

import numpy as np
from common import network, run

import nishimori as nm

ALPHA = np.geomspace(0.1, 100.0, 80)


def draw() -> nm.figures.Drawing:
    curves = {}
    for depth in range(1, 7):
        name = f"{depth} layer{'s' if depth > 1 else ''}"
        curves[name] = network(depth).learning_curve(nm.channels.Sign(), ALPHA)
    return nm.figures.learning_curves(curves, y_label="misclassification")


if __name__ == "__main__":
    run(draw, __file__)
