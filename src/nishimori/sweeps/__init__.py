"""Grids over anything that can be computed: resumable, on any executor, failures kept as rows."""

from __future__ import annotations

from nishimori.sweeps.result import Sweep
from nishimori.sweeps.sweep import sweep

__all__ = ["Sweep", "sweep"]
