"""Results as text, as files and as pictures."""

from __future__ import annotations

from nishimori.export import comparisons, files, html, plots, tables
from nishimori.export.plots import save_figure
from nishimori.export.reproduction import Reproduction, reproduce

__all__ = [
    "Reproduction",
    "comparisons",
    "files",
    "html",
    "plots",
    "reproduce",
    "save_figure",
    "tables",
]
