"""What a computation returns: one state, or a curve of them, that knows how to print itself."""

from __future__ import annotations

from nishimori.results.bayes import Curve, State
from nishimori.results.erm import ErmCurve, ErmState
from nishimori.results.fixed_points import FixedPoints
from nishimori.results.origin import Origin, traced
from nishimori.results.trajectory import Trajectory

__all__ = [
    "Curve",
    "ErmCurve",
    "ErmState",
    "FixedPoints",
    "Origin",
    "State",
    "Trajectory",
    "traced",
]
