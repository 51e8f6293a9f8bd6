"""Estimators that minimise an empirical risk, on the data of any GLM."""

from __future__ import annotations

from nishimori.erm.absolute import Absolute
from nishimori.erm.base import Estimator
from nishimori.erm.custom import Custom
from nishimori.erm.epsilon_insensitive import EpsilonInsensitive
from nishimori.erm.hinge import Hinge
from nishimori.erm.huber import Huber
from nishimori.erm.logistic import Logistic
from nishimori.erm.mapping import ScikitLearn, scikit_learn
from nishimori.erm.max_margin import MaxMargin
from nishimori.erm.names import parse
from nishimori.erm.ridge import Ridge
from nishimori.erm.short_names import ElasticNet, Lasso
from nishimori.erm.square_classification import SquareClassification
from nishimori.erm.squared_hinge import SquaredHinge

__all__ = [
    "Absolute",
    "Custom",
    "ElasticNet",
    "EpsilonInsensitive",
    "Estimator",
    "Hinge",
    "Huber",
    "Lasso",
    "Logistic",
    "MaxMargin",
    "Ridge",
    "ScikitLearn",
    "SquareClassification",
    "SquaredHinge",
    "parse",
    "scikit_learn",
]
