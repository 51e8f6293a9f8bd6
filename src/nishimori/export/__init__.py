"""Results as text, as files and as pictures."""

from __future__ import annotations

from nishimori.export import files, html, plots, tables

__all__ = ["files", "html", "plots", "tables"]
