"""Colours, dashes and markers that colour-blind readers and grey prints tell apart.

The colours are those of Okabe and Ito (Color Universal Design, 2008); the yellow is left out, which
does not show on white. Every line has its own dashes and every set of points its own marker, so
that no figure rests on colour alone.
"""

from __future__ import annotations

__all__ = [
    "BLACK",
    "BLUE",
    "CYCLE",
    "DASHES",
    "GREEN",
    "GREY",
    "MARKERS",
    "ORANGE",
    "PURPLE",
    "SHADE",
    "SKY",
    "VERMILLION",
]

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
ORANGE = "#E69F00"
BLACK = "#000000"

GREY = "#666666"
"""Of what is not data: thresholds and notes."""
SHADE = "#E0E0E0"
"""Of shaded regions."""

CYCLE = (BLUE, VERMILLION, GREEN, BLACK, ORANGE, PURPLE, SKY)
"""Of lines and points, in this order."""

DASHES: dict[str, tuple[float, ...]] = {
    "solid": (),
    "dashed": (4.0, 1.6),
    "dash-dotted": (5.0, 1.5, 1.0, 1.5),
    "dotted": (1.0, 1.4),
    "long-dashed": (8.0, 2.0),
    "dash-dot-dotted": (5.0, 1.4, 1.0, 1.4, 1.0, 1.4),
    "short-dashed": (2.4, 1.2),
}
"""Lengths on and off, in widths of the line."""

MARKERS = ("circle", "square", "triangle", "diamond", "down", "pentagon", "cross")
