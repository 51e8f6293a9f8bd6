"""The weights that scikit-learn finds for one of our estimators."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.erm import Estimator, Logistic, SquaredHinge, scikit_learn
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.results import ErmState

__all__ = ["KERNEL_RIDGE", "has_precise", "kernel_ridge", "require_scikit_learn", "train"]

FloatArray = NDArray[np.float64]

KERNEL_RIDGE = "sklearn.kernel_ridge.KernelRidge"
_TIGHT: dict[str, dict[str, Any]] = {
    "Lasso": {"tol": 1e-14, "max_iter": 100_000},
    "ElasticNet": {"tol": 1e-14, "max_iter": 100_000},
    "LogisticRegression": {"tol": 1e-10, "max_iter": 10_000},
    "LinearSVC": {"tol": 1e-7, "max_iter": 100_000, "random_state": 0},
    "LinearSVR": {"tol": 1e-8, "max_iter": 100_000, "random_state": 0},
    "HuberRegressor": {"tol": 1e-9, "max_iter": 10_000},
}


def has_precise(estimator: Estimator) -> bool:
    """Whether scikit-learn finds its minimum to many digits at any regularization.

    Its solvers of losses with kinks, and of the l1-penalised logistic loss, end after so many
    passes over the data; Huber's scale is fitted there.
    """
    smooth = isinstance(estimator, Logistic | SquaredHinge) and estimator.l1 == 0.0
    positive = estimator.l1 > 0.0 or estimator.regularization != 0.0
    return estimator.is_square or (smooth and positive)


def require_scikit_learn(owner: str) -> None:
    """Refuse, in a sentence that says what to install, to go on without it."""
    try:
        import_module("sklearn")
    except ImportError:
        raise BadArgument(
            f"{owner}: scikit-learn must be installed to train this estimator; pip install "
            "'nishimori[simulate]', or ask for solver='newton'"
        ) from None


def train(
    estimator: Estimator, design: FloatArray, labels: FloatArray, state: ErmState | None
) -> tuple[FloatArray, str, int]:
    """Weights, the full name of the class and how many iterations it took."""
    samples, features = design.shape
    twin = scikit_learn(estimator, samples, state)
    kind = twin.name.rpartition(".")[2]
    options = dict(_TIGHT.get(kind, {}))
    if kind == "Ridge":
        options["solver"] = "svd" if twin.keywords["alpha"] < 1e-6 else "cholesky"
    if kind == "LogisticRegression" and estimator.l1 == 0.0 and features <= samples:
        options["solver"] = "newton-cholesky"
    if kind == "LinearSVC" and isinstance(estimator, SquaredHinge):
        options |= {"dual": False, "tol": 1e-10}
    model = _quietly(twin.create(**options), design, labels)
    steps = getattr(model, "n_iter_", None)
    count = 1 if steps is None else int(np.max(steps))
    return np.asarray(model.coef_, dtype=np.float64).ravel(), twin.name, count


def kernel_ridge(gram: FloatArray, labels: FloatArray, regularization: float) -> FloatArray:
    """The dual coefficients of the square loss with a kernel."""
    create = import_module("sklearn.kernel_ridge").KernelRidge
    model = _quietly(create(alpha=regularization, kernel="precomputed"), gram, labels)
    return np.asarray(model.dual_coef_, dtype=np.float64).ravel()


def _quietly(model: Any, inputs: FloatArray, labels: FloatArray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own iterations: the residual decides
        return model.fit(inputs, labels)
