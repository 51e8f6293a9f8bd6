"""State evolution: the map from conjugates to sample ratios, and its inverse."""

from __future__ import annotations

from nishimori.state_evolution.equations import Equations, Point
from nishimori.state_evolution.solution import Solution
from nishimori.state_evolution.solver import solve_all, solve_branch

__all__ = ["Equations", "Point", "Solution", "solve_all", "solve_branch"]
