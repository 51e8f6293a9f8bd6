"""Phase retrieval: labels abs(h) hide the sign, and nothing is learnt before weak recovery."""

from __future__ import annotations

import numpy as np
from common import run

import nishimori as nm


def draw() -> nm.figures.Drawing:
    problem = nm.GLM(nm.channels.Readout(nm.activations.Abs(), noise=1e-4))
    found = problem.transitions()
    near = np.linspace(0.97, 1.03, 80)
    ends = [found.information_theoretic, found.algorithmic, *found.spinodals]
    alpha = np.concatenate([np.linspace(0.3, 1.3, 120), *(end * near for end in ends)])
    return nm.figures.phases(found, alpha, quantity="mmse", size=5.0)


if __name__ == "__main__":
    run(draw, __file__)
