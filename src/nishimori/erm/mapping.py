"""The same estimators in scikit-learn."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from nishimori.arguments import require_number, shown
from nishimori.erm.absolute import Absolute
from nishimori.erm.base import Estimator
from nishimori.erm.epsilon_insensitive import EpsilonInsensitive
from nishimori.erm.hinge import Hinge
from nishimori.erm.huber import Huber
from nishimori.erm.logistic import Logistic
from nishimori.erm.max_margin import MaxMargin
from nishimori.erm.squared_hinge import SquaredHinge
from nishimori.errors import BadArgument, OutputError

if TYPE_CHECKING:
    from nishimori.results import ErmState

__all__ = ["ScikitLearn", "scikit_learn"]

_HARD = 1e5  # C of a margin that is as good as hard


class ScikitLearn(NamedTuple):
    """A class of scikit-learn, by its full name, and the keywords that make it ours."""

    name: str
    keywords: dict[str, Any]

    def create(self, **more: Any) -> Any:
        """The estimator itself, with `more` keywords such as ``tol``.

        Raises
        ------
        OutputError
            If scikit-learn is not installed.
        """
        module, _, name = self.name.rpartition(".")
        try:
            cls = getattr(import_module(module), name)
        except ImportError:
            raise OutputError(
                "scikit-learn is needed to create its estimators: pip install scikit-learn"
            ) from None
        return cls(**{**self.keywords, **more})


def scikit_learn(estimator: Estimator, samples: int, state: ErmState | None = None) -> ScikitLearn:
    """The scikit-learn estimator with the same minimiser, on the inputs x/sqrt(d).

    Feed it X/sqrt(d) (features: v/sqrt(p)) without standardising the columns, and labels +-1 or
    real ones as they are.

    Parameters
    ----------
    estimator : Estimator
    samples : int
        n; some classes average the loss over the samples, where ours is a sum.
    state : ErmState, optional
        Needed where ``regularization`` is "optimal" or an array, and for `Huber`: scikit-learn
        fits the scale sigma of the noise too, and at its optimum sigma^2 is the mean square of
        the score, self_overlap_conjugate/alpha; its threshold counts in units of sigma.

    Returns
    -------
    ScikitLearn
        ``name`` and ``keywords``; ``create()`` makes the estimator.

    Raises
    ------
    BadArgument
        If scikit-learn has no such estimator.

    Examples
    --------
    >>> import nishimori as nm
    >>> twin = nm.erm.scikit_learn(nm.erm.Logistic(regularization=0.01), samples=1000)
    >>> twin.name, twin.keywords
    ('sklearn.linear_model.LogisticRegression', {'C': 100.0, 'fit_intercept': False})
    >>> nm.erm.Lasso(0.3).to_scikit_learn(samples=600).keywords["alpha"]
    0.0005
    """
    if not isinstance(estimator, Estimator):
        raise BadArgument(
            f"scikit_learn: estimator must be one of nishimori.erm, got {shown(estimator)}"
        )
    name = estimator.name
    if require_number("samples", samples, "scikit_learn") < 1:
        raise BadArgument(f"scikit_learn: samples must be at least 1, got {samples!r}")
    asked = ("alpha", "regularization", "self_overlap_conjugate")
    if state is not None and not all(isinstance(getattr(state, k, None), float) for k in asked):
        raise BadArgument(f"scikit_learn: state must be an ErmState or None, got {shown(state)}")
    reg = 0.0 if isinstance(estimator, MaxMargin) else _regularization(estimator, state)
    l1 = estimator.l1
    free = {"fit_intercept": False}
    if estimator.is_square:
        if l1 == 0.0:
            return ScikitLearn("sklearn.linear_model.Ridge", {"alpha": reg, **free})
        if reg == 0.0:
            return ScikitLearn("sklearn.linear_model.Lasso", {"alpha": l1 / samples, **free})
        total = l1 + reg
        mixed = {"alpha": total / samples, "l1_ratio": l1 / total}
        return ScikitLearn("sklearn.linear_model.ElasticNet", {**mixed, **free})
    if isinstance(estimator, Logistic) and l1 > 0.0:
        total = l1 + reg
        both = {"C": 1.0 / total, "l1_ratio": l1 / total, "solver": "saga"}
        return ScikitLearn("sklearn.linear_model.LogisticRegression", {**both, **free})
    if l1 > 0.0:
        raise BadArgument(f"scikit_learn: it has no {name} with an l1 penalty")
    if isinstance(estimator, MaxMargin):
        return ScikitLearn("sklearn.svm.LinearSVC", {"loss": "hinge", "C": _HARD, **free})
    if reg == 0.0:
        raise BadArgument(
            f"scikit_learn: {name} with regularization 0 is C = infinity, which it cannot take"
        )
    c = 1.0 / reg
    if isinstance(estimator, Logistic):
        return ScikitLearn("sklearn.linear_model.LogisticRegression", {"C": c, **free})
    if isinstance(estimator, Hinge):
        return ScikitLearn("sklearn.svm.LinearSVC", {"loss": "hinge", "C": c, **free})
    if isinstance(estimator, SquaredHinge):  # its squared hinge has no 1/2
        return ScikitLearn("sklearn.svm.LinearSVC", {"loss": "squared_hinge", "C": 0.5 * c, **free})
    if isinstance(estimator, Absolute | EpsilonInsensitive):
        epsilon = getattr(estimator, "epsilon", 0.0)
        tube = {"loss": "epsilon_insensitive", "epsilon": epsilon, "C": c}
        return ScikitLearn("sklearn.svm.LinearSVR", {**tube, **free})
    if isinstance(estimator, Huber):
        if state is None:
            raise BadArgument(
                "scikit_learn: its Huber regression fits the scale of the noise too; give state, "
                "the solution whose scale is meant"
            )
        sigma = math.sqrt(state.self_overlap_conjugate / state.alpha)
        scaled = {"epsilon": estimator.threshold / sigma, "alpha": reg / sigma}
        return ScikitLearn("sklearn.linear_model.HuberRegressor", {**scaled, **free})
    raise BadArgument(f"scikit_learn: it has no {name}")


def _regularization(estimator: Estimator, state: ErmState | None) -> float:
    if state is not None:
        return float(state.regularization)
    if not isinstance(estimator.regularization, float):
        raise BadArgument(
            "scikit_learn: regularization must be one number; give state, the solution at which "
            "it is one"
        )
    return estimator.regularization
