"""What a simulation runs: learners of any kind, behind one small protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import shown
from nishimori.erm import Estimator
from nishimori.errors import BadArgument
from nishimori.simulate.datasets import Dataset

if TYPE_CHECKING:
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork

__all__ = ["Procedure", "Task", "as_procedure", "named_procedures"]

_ACCEPTED = (
    "a procedure of nishimori.simulate, an estimator of nishimori.erm, None or 'bayes' (message "
    "passing), or an object of your own with name, check and predict"
)


@dataclass(frozen=True, eq=False)
class Task:
    """What one repetition hands to a learner.

    Attributes
    ----------
    problem : GLM
        The equivalent GLM at the teacher's own offset.
    network : DeepNetwork or None
        The law of the teacher; None where it is a plain GLM.
    train : Dataset
        Its fields are the teacher's secret: they are NaN here.
    test_inputs : ndarray of shape (tests, d)
        x of the test set; its labels stay with the judge.
    widths : tuple of int
        Of the teacher: (d, d_1, ..., d_L), or (d,).
    """

    problem: GLM
    network: DeepNetwork | None
    train: Dataset
    test_inputs: NDArray[Any]
    widths: tuple[int, ...]


class Procedure(Protocol):
    """A learner: an object that pickles, best a frozen dataclass.

    It may have an ``estimator`` (one of `nishimori.erm`) with ``features``: then its theory is that
    estimator's. What has none is held against the optimum, which it may reach but not beat.
    """

    @property
    def name(self) -> str:
        """Short, for tables."""
        ...

    def check(self, problem: GLM, network: DeepNetwork | None) -> None:
        """Raise `BadArgument` if it cannot take these labels."""
        ...

    def predict(self, task: Task, rng: np.random.Generator) -> NDArray[Any]:
        """Of each test label: +-1 or a class where labels are such, else a real number."""
        ...


def is_a(value: Any, name: str) -> bool:
    """Whether `value` is the procedure of that name, which only its users need to import."""
    kinds = type(value).__mro__
    return any(k.__name__ == name and k.__module__.startswith("nishimori.") for k in kinds)


def as_procedure(value: Any) -> Procedure:
    """The procedure that `value` stands for.

    Parameters
    ----------
    value : Procedure, Estimator, str or None
        An estimator of `nishimori.erm` is trained; None and "bayes" are Bayes-optimal message
        passing, "posterior" a sampled Bayesian network.

    Raises
    ------
    BadArgument
        If it is none of these.
    """
    if value is None or (isinstance(value, str) and value == "bayes"):
        return _create("MessagePassing")
    if isinstance(value, str) and value == "posterior":
        return _create("Posterior")
    if isinstance(value, Estimator):
        return _create("Trained", value)
    for method in ("check", "predict"):
        if not callable(getattr(value, method, None)):
            raise BadArgument(f"compare: an estimator must be {_ACCEPTED}; got {shown(value)}")
    if not isinstance(getattr(value, "name", None), str):
        raise BadArgument(f"compare: {value!r:.60} needs a name, a short string for tables")
    return cast(Procedure, value)


def named_procedures(estimators: Any) -> dict[str, Procedure]:
    """Procedures by the label that tables give them; a list is labelled by their names.

    Raises
    ------
    BadArgument
        If there is none, or one is not a procedure.
    """
    labelled: dict[str, Procedure] = {}
    if isinstance(estimators, Mapping):
        for key, value in estimators.items():
            label = str(key)
            if label in labelled:
                raise BadArgument(
                    f"compare: two estimators have the label {label!r}; give each one"
                )
            labelled[label] = as_procedure(value)
    else:
        several = isinstance(estimators, list | tuple)
        for value in estimators if several else [estimators]:
            procedure = as_procedure(value)
            label, count = procedure.name, 1
            while label in labelled:
                count += 1
                label = f"{procedure.name} ({count})"
            labelled[label] = procedure
    if not labelled:
        raise BadArgument(f"compare: estimators is empty; expected {_ACCEPTED}")
    return labelled


def _create(name: str, *arguments: Any) -> Procedure:
    procedure: Procedure = getattr(import_module("nishimori.simulate"), name)(*arguments)
    return procedure
