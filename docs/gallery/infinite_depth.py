"""Infinite depth: the part of a deep tanh network that is linear in its input, by gain."""

from __future__ import annotations

import numpy as np
from common import run

import nishimori as nm

DEPTHS = np.unique(np.geomspace(1, 1000, 40).astype(int))
GAINS = np.concatenate([np.linspace(0.6, 0.98, 9), np.geomspace(1.0, 3.0, 40)])


def shares(gain: float, depths: np.ndarray) -> np.ndarray:
    """Of the output's variance, what is linear in the input, after so many layers."""
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=gain), int(max(depths))).reduce()
    layers = [reduction.layers[depth - 1] for depth in depths]
    ratios = [np.exp(layer.log_noise_variance - layer.log_signal_variance) for layer in layers]
    return 1.0 / (1.0 + np.array(ratios))


def draw() -> nm.figures.Drawing:
    share = "linear share of the output"
    lines = [
        nm.figures.Line(DEPTHS, shares(gain, DEPTHS), f"gain {gain:g}")
        for gain in (0.8, 1.0, 1.2, 1.5, 2.0)
    ]
    left = nm.figures.Panel(lines, "depth", share, x_scale="log", y_limits=(0.0, 1.02))
    depths = np.array([1, 3, 10, 100, 1000])
    columns = np.array([shares(gain, depths) for gain in GAINS]).T
    lines = [
        nm.figures.Line(GAINS, column, f"depth {depth}")
        for depth, column in zip(depths, columns, strict=True)
    ]
    edge = nm.figures.Threshold(1.0, "edge of chaos")
    right = nm.figures.Panel([edge, *lines], "gain of tanh", share, y_limits=(0.0, 1.02))
    return nm.figures.Drawing([left, right], size="wide")


if __name__ == "__main__":
    run(draw, __file__)
