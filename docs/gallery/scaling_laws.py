"""Scaling laws: inputs whose spectrum is a power law make power laws of the errors."""

from __future__ import annotations

import numpy as np
from common import run

import nishimori as nm

ALPHA = np.geomspace(1e-3, 0.3, 40)


def draw() -> nm.figures.Drawing:
    curves = {}
    for exponent in (1.25, 1.5, 2.0, 2.5):
        spectrum = nm.spectra.PowerLaw(exponent, 50_000)
        problem = nm.GLM(nm.channels.Linear(noise=1e-9), spectrum=spectrum)
        curves[f"eigenvalues $k^{{-{exponent}}}$"] = problem.learning_curve(ALPHA)
    return nm.figures.learning_curves(curves, y_label="mean-square error")


if __name__ == "__main__":
    run(draw, __file__)
