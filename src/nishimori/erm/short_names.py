"""Short names of the square loss with an l1 penalty."""

from __future__ import annotations

from typing import Any

from nishimori.erm.ridge import Ridge

__all__ = ["ElasticNet", "Lasso"]


def Lasso(l1: float) -> Ridge:  # noqa: N802  # a short name of a class
    """``Ridge(regularization=0, l1=l1)``.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Linear(0.05), prior=nm.priors.GaussBernoulli(0.15))
    >>> print(f"{nm.erm.Lasso(0.3).solve(problem, 0.8).test_error:.12f}")
    0.108437368321
    """
    return Ridge(regularization=0.0, l1=l1)


def ElasticNet(l1: float, regularization: Any = 1.0) -> Ridge:  # noqa: N802
    """``Ridge(regularization=regularization, l1=l1)``."""
    return Ridge(regularization=regularization, l1=l1)
