"""What a fixed point means: errors, informations, curves and their averages."""

from __future__ import annotations

from nishimori.observables.curve import branches, fixed_points, learning_curve, solve
from nishimori.observables.errors import test_error
from nishimori.observables.offsets import offset_average
from nishimori.observables.trajectories import trajectory

__all__ = [
    "branches",
    "fixed_points",
    "learning_curve",
    "offset_average",
    "solve",
    "test_error",
    "trajectory",
]
