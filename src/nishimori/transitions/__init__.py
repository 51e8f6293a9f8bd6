"""Phase transitions: thresholds of one problem, and their lines in a family of problems."""

from __future__ import annotations

from nishimori.transitions.diagram import PhaseDiagram, phase_diagram
from nishimori.transitions.thresholds import Transitions, find_transitions

__all__ = ["PhaseDiagram", "Transitions", "find_transitions", "phase_diagram"]
