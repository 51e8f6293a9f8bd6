"""A plain GLM in the words of a reduction."""

from __future__ import annotations

from math import inf, log
from typing import Any

__all__ = ["problem_words"]


def problem_words(problem: Any) -> dict[str, Any]:
    """What a table says about a plain GLM: it is its own reduction."""

    def logarithm(value: float) -> float:
        return log(value) if value > 0.0 else -inf

    return {
        "description": "plain GLM",
        "signal_variance": problem.signal_variance,
        "noise_variance": problem.noise_variance,
        "log_signal_variance": logarithm(problem.signal_variance),
        "log_noise_variance": logarithm(problem.noise_variance),
        "offset_variance": 0.0,
        "layers": [],
    }
