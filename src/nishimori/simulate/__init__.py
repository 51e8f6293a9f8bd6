"""Simulations that judge the theory: real networks, message passing, trained estimators.

Nothing here imports the solvers that it is meant to test: a simulation shares with the theory the
definitions of networks, channels, priors and losses, and nothing else.
"""

from __future__ import annotations

from nishimori.parsing import missing_name
from nishimori.simulate.compared import ComparedPoint, Comparison
from nishimori.simulate.comparison import compare
from nishimori.simulate.datasets import Dataset
from nishimori.simulate.descent import Descent
from nishimori.simulate.descent_steps import History
from nishimori.simulate.erm_gamp import ErmGampResult, erm_gamp
from nishimori.simulate.extrapolation import ExtrapolatedPoint, Extrapolation, extrapolate
from nishimori.simulate.fitting import FitResult, fit
from nishimori.simulate.gamp import GampResult, gamp
from nishimori.simulate.judgement import judge
from nishimori.simulate.message_passing import MessagePassing
from nishimori.simulate.network_training import TrainedNetwork, train_network
from nishimori.simulate.posterior import Posterior, sample_posterior
from nishimori.simulate.posterior_result import Mixing, PosteriorResult
from nishimori.simulate.procedures import Procedure, Task
from nishimori.simulate.sampling import Teacher
from nishimori.simulate.teachers import DeepTeacher, GlmTeacher, glm_teacher, teacher
from nishimori.simulate.trained import Trained

__all__ = [
    "ComparedPoint",
    "Comparison",
    "Dataset",
    "DeepTeacher",
    "Descent",
    "ErmGampResult",
    "ExtrapolatedPoint",
    "Extrapolation",
    "FitResult",
    "GampResult",
    "GlmTeacher",
    "History",
    "MessagePassing",
    "Mixing",
    "Posterior",
    "PosteriorResult",
    "Procedure",
    "Task",
    "Teacher",
    "Trained",
    "TrainedNetwork",
    "compare",
    "erm_gamp",
    "extrapolate",
    "fit",
    "gamp",
    "glm_teacher",
    "judge",
    "sample_posterior",
    "teacher",
    "train_network",
]

__getattr__ = missing_name(__name__, __all__)
