"""Infinite depth: the part of a deep tanh network that is linear in its input, by gain."""

from __future__ import annotations

import numpy as np
from common import run

import nishimori as nm

DEPTHS = np.unique(np.geomspace(1, 1000, 40).astype(int))
GAINS = np.linspace(0.6, 3.0, 49)


def share(gain: float, depth: int) -> float:
    """Of the output's variance that is linear in the input."""
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=gain), int(depth)).reduce()
    ratio = np.exp(reduction.log_noise_variance - reduction.log_signal_variance)
    return float(1.0 / (1.0 + ratio))


def draw() -> nm.figures.Drawing:
    lines = [
        nm.figures.Line(DEPTHS, [share(gain, depth) for depth in DEPTHS], f"gain {gain:g}")
        for gain in (0.8, 1.0, 1.2, 1.5, 2.0)
    ]
    depth = nm.figures.Panel(lines, "depth", "linear share of the output",
                             x_scale="log", y_scale="linear", y_limits=(0.0, 1.02))  # fmt: skip
    lines = [
        nm.figures.Line(GAINS, [share(gain, depth) for gain in GAINS], f"depth {depth}")
        for depth in (1, 3, 10, 100, 1000)
    ]
    edge = nm.figures.Threshold(1.0, "edge of chaos")
    gain = nm.figures.Panel([edge, *lines], "gain of tanh", "linear share of the output",
                            y_scale="linear", y_limits=(0.0, 1.02))  # fmt: skip
    return nm.figures.Drawing([depth, gain], size="wide")


if __name__ == "__main__":
    run(draw, __file__)
