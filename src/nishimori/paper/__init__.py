"""For the paper: the equations of a problem in LaTeX, and what to cite.

The doors are ``equations`` of networks, reductions, problems and estimators, and
`nishimori.citation`.
"""

from __future__ import annotations

from nishimori.paper.bibliography import Citation, citation
from nishimori.paper.equations import Equation, Equations, Symbol

__all__ = ["Citation", "Equation", "Equations", "Symbol", "citation"]
