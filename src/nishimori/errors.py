"""What can go wrong, by name: exceptions for bad arguments, a `Status` for every computed point."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum

__all__ = [
    "ActivationError",
    "BadArgument",
    "ConfigError",
    "ConvergenceError",
    "ConvergenceWarning",
    "NishimoriError",
    "NishimoriWarning",
    "OutputError",
    "ReductionError",
    "Status",
    "UnknownName",
    "UnresolvedIntegral",
]


class NishimoriError(ValueError):
    """Base of every error that nishimori raises on purpose; its text is one sentence."""


class BadArgument(NishimoriError):
    """An argument is out of its domain; says which, what it was and what would be accepted."""


class UnresolvedIntegral(BadArgument):
    """A channel's integrals cannot be resolved; solvers make it a `Status` of the points."""


class UnknownName(NishimoriError):
    """A name (activation, channel, key) is not known; `hint` suggests the nearest one."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ActivationError(NishimoriError):
    """An activation returned NaN, a wrong shape, or has no finite Gaussian second moment."""


class ReductionError(NishimoriError):
    """A layer of the network has no finite variance, so there is no equivalent GLM."""


class ConfigError(NishimoriError):
    """A configuration file cannot be read, or has a key that is not known."""


class OutputError(NishimoriError):
    """A result cannot be written where it was asked for."""


class ConvergenceError(NishimoriError):
    """A point missed its tolerance and ``on_failure="raise"``; carries the results as `.result`."""

    def __init__(self, message: str, result: object = None) -> None:
        super().__init__(message)
        self.result = result


class NishimoriWarning(UserWarning):
    """Base of every warning that nishimori issues."""


class ConvergenceWarning(NishimoriWarning):
    """A point missed its tolerance and ``on_failure="warn"``."""


class Status(IntEnum):
    """How one computed point ended; `sentence` is what the user is shown.

    Examples
    --------
    >>> from nishimori.errors import Status
    >>> Status.PERFECT_RECOVERY.sentence
    'the weights are recovered exactly: mmse = 0, infinite conjugate'
    >>> Status.PERFECT_RECOVERY.failed
    False
    """

    sentence: str
    failed: bool

    def __new__(cls, value: int, sentence: str = "", failed: bool = False) -> Status:
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        member.failed = failed
        return member

    CONVERGED = 0, "the residual of the equations is within the tolerance", False
    PERFECT_RECOVERY = 1, "the weights are recovered exactly: mmse = 0, infinite conjugate", False
    NOTHING_LEARNT = 2, "the labels carry no information that the learner can use", False
    RESIDUAL_TOO_LARGE = 3, "the residual of the equations exceeds the tolerance", True
    NO_SOLUTION = 4, "no fixed point was found in the range of representable numbers", True
    UNRESOLVED = 5, "two quadrature grids disagree by more than the tolerance", True
    NOT_FINITE = 6, "a number overflowed or is not a number", True
    NOT_SEPARABLE = 7, "no hyperplane separates so many samples, so there is no margin", True
    DIVERGES = 8, "without regularization the weights grow without bound; give a positive one", True
    NOT_OPTIMAL = 9, "the test error still changes with the regularization that was found", True
    ILL_CONDITIONED = (
        10,
        "solved, but rounding of the equations leaves fewer than six digits",
        True,
    )

    @property
    def label(self) -> str:
        """The member's name in lower case, as tables and JSON print it."""
        return self.name.lower().replace("_", " ")


def suggest(name: str, known: Iterable[str], what: str) -> UnknownName:
    """An `UnknownName` for `name`, with the nearest of `known` (or all of them)."""
    known = sorted(known)
    lower = {candidate.lower().replace("_", ""): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower().replace("_", ""), lower, n=1, cutoff=0.5)
    hint = f"did you mean {lower[close[0]]!r}?" if close else f"known: {', '.join(known)}"
    return UnknownName(f"unknown {what} {name!r:.60}; {hint}", hint)
