"""Results as text, as files and as pictures."""

from __future__ import annotations

from nishimori.export import files, plots, tables

__all__ = ["files", "plots", "tables"]
