"""Results as text, as files and as pictures."""

from __future__ import annotations

from nishimori.export import comparisons, files, html, plots, tables

__all__ = ["comparisons", "files", "html", "plots", "tables"]
