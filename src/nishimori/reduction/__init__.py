"""Network in, equivalent GLM out."""

from __future__ import annotations

from nishimori.reduction.recursion import reduce_network
from nishimori.reduction.result import LayerReduction, Reduction

__all__ = ["LayerReduction", "Reduction", "reduce_network"]
