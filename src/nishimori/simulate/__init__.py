"""Simulations that judge the theory: real networks, message passing, trained estimators.

Nothing here imports the solvers that it is meant to test: a simulation shares with the theory the
definitions of networks, channels, priors and losses, and nothing else.
"""

from __future__ import annotations

from nishimori.parsing import missing_name
from nishimori.simulate.datasets import Dataset
from nishimori.simulate.posterior import Posterior, sample_posterior
from nishimori.simulate.posterior_result import Mixing, PosteriorResult
from nishimori.simulate.sampling import Teacher
from nishimori.simulate.teachers import DeepTeacher, GlmTeacher, glm_teacher, teacher

__all__ = [
    "Dataset",
    "DeepTeacher",
    "GlmTeacher",
    "Mixing",
    "Posterior",
    "PosteriorResult",
    "Teacher",
    "glm_teacher",
    "sample_posterior",
    "teacher",
]

__getattr__ = missing_name(__name__, __all__)
