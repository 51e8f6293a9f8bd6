"""The progress bar of the verbs."""

from __future__ import annotations

from nishimori.progress import DELAY, progress_bar

__all__ = ["DELAY", "progress_bar"]
