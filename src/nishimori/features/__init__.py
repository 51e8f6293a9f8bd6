"""What a student can see of the input."""

from __future__ import annotations

from nishimori.features.base import Features, Geometry, OrderParameters
from nishimori.features.linear import LinearStudent

__all__ = ["Features", "Geometry", "LinearStudent", "OrderParameters"]
