"""Figures for papers: learning curves, phases, phase diagrams, and simulations beside theory.

Each function returns a `Drawing`, which shows itself in a notebook and saves itself as PDF, PNG,
SVG, EPS or as PGFPlots source with its table of numbers. Figures of your own are made of the same
parts: a `Drawing` of one or more `Panel`, each a list of `Line`, `Points`, `Band`, `Span`,
`Threshold` and `Note`.
"""

from __future__ import annotations

from nishimori.figures.branches import phases
from nishimori.figures.comparisons import comparison
from nishimori.figures.curves import learning_curves
from nishimori.figures.description import Band, Line, Note, Panel, Points, Span, Threshold
from nishimori.figures.drawing import Drawing
from nishimori.figures.phase_diagrams import phase_diagram

__all__ = [
    "Band",
    "Drawing",
    "Line",
    "Note",
    "Panel",
    "Points",
    "Span",
    "Threshold",
    "comparison",
    "learning_curves",
    "phase_diagram",
    "phases",
]
