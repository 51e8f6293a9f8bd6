"""What is checked of a solution that a user hands back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nishimori.erm.base import Estimator
from nishimori.errors import BadArgument
from nishimori.results import ErmCurve, ErmState

if TYPE_CHECKING:
    from nishimori.features import Features

__all__ = ["check_solved"]


def check_solved(
    estimator: Estimator,
    problem: Any,
    state: Any,
    features: Features | None,
    owner: str,
    *,
    curves: bool,
) -> None:
    """Refuse, in a sentence, what is no solution of this estimator's kind of problem."""
    from nishimori.erm.setting import prepare

    prepare(estimator, problem, features)
    if isinstance(state, ErmState) or (curves and isinstance(state, ErmCurve)):
        return
    kinds = "an ErmState or an ErmCurve" if curves else "an ErmState"
    raise BadArgument(
        f"{owner}: state must be {kinds}, the solution of a trained estimator, "
        f"got {type(state).__name__}"
    )
