"""Simulations that judge the theory: real networks, message passing, trained estimators.

Nothing here imports the solvers that it is meant to test: a simulation shares with the theory the
definitions of networks, channels, priors and losses, and nothing else.
"""

from __future__ import annotations

from nishimori.parsing import missing_name
from nishimori.simulate.datasets import Dataset
from nishimori.simulate.descent import Descent
from nishimori.simulate.descent_steps import History
from nishimori.simulate.fitting import FitResult, fit
from nishimori.simulate.network_training import TrainedNetwork, train_network
from nishimori.simulate.sampling import Teacher
from nishimori.simulate.teachers import DeepTeacher, GlmTeacher, glm_teacher, teacher
from nishimori.simulate.trained import Trained

__all__ = [
    "Dataset",
    "DeepTeacher",
    "Descent",
    "FitResult",
    "GlmTeacher",
    "History",
    "Teacher",
    "Trained",
    "TrainedNetwork",
    "fit",
    "glm_teacher",
    "teacher",
    "train_network",
]

__getattr__ = missing_name(__name__, __all__)
