"""Estimators by name."""

from __future__ import annotations

from collections.abc import Callable

from nishimori.erm.absolute import Absolute
from nishimori.erm.base import Estimator
from nishimori.erm.epsilon_insensitive import EpsilonInsensitive
from nishimori.erm.hinge import Hinge
from nishimori.erm.huber import Huber
from nishimori.erm.logistic import Logistic
from nishimori.erm.max_margin import MaxMargin
from nishimori.erm.ridge import Ridge
from nishimori.erm.short_names import ElasticNet, Lasso
from nishimori.erm.square_classification import SquareClassification
from nishimori.erm.squared_hinge import SquaredHinge
from nishimori.parsing import parse_named

__all__ = ["BY_NAME", "parse"]

BY_NAME: dict[str, Callable[..., Estimator]] = {
    constructor.__name__.lower(): constructor
    for constructor in (
        Absolute,
        ElasticNet,
        EpsilonInsensitive,
        Hinge,
        Huber,
        Lasso,
        Logistic,
        MaxMargin,
        Ridge,
        SquareClassification,
        SquaredHinge,
    )
}


def parse(text: str) -> Estimator:
    """The estimator that `text` names: ``"ridge"``, ``"huber:threshold=0.5:regularization=0.1"``.

    Raises
    ------
    UnknownName
        If the name or a key is not known; suggests the nearest.
    BadArgument
        If a value is out of its domain.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.erm.parse("logistic:regularization=optimal")
    Logistic(regularization='optimal', l1=0.0)
    """
    estimator: Estimator = parse_named(text, BY_NAME, "loss")
    return estimator
