"""Thresholds of one problem, read off the map from conjugates to sample ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status, UnresolvedIntegral
from nishimori.glm import GLM, OnFailure
from nishimori.results import Origin
from nishimori.results.travel import Travels, one_axes
from nishimori.state_evolution import Equations
from nishimori.state_evolution.inverse_map import InverseMap, Window
from nishimori.state_evolution.landscape import Landscape
from nishimori.state_evolution.requests import report, require_options
from nishimori.transitions.phases import algorithmic_threshold, optimal_sequence, phases_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Transitions", "find_transitions", "full_window"]

FloatArray = NDArray[np.float64]

_SETTLED = 1e-7


@dataclass(frozen=True)
class Transitions(Travels):
    """Where the phases of one problem begin and end, in samples per dimension.

    A threshold that does not exist is NaN.

    Attributes
    ----------
    weak_recovery : float
        Below it message passing from no information stays there; 0 where any sample helps.
    spinodals : ndarray
        Ascending: where a branch of fixed points ends (the extrema of alpha(r)).
    information_theoretic : float
        Where the free entropies of two stable branches are equal: the first sample ratio at which
        the optimal error is lower than what message passing reaches.
    algorithmic : float
        Where the branch that message passing follows becomes the optimal one for good. Between
        the two thresholds lies the hard phase.
    perfect_recovery : float
        Above it the optimal mmse is exactly 0.
    errors : mapping of str to float
        Estimated absolute error of each threshold that exists (the largest for spinodals).
    status : Status
        Whether every threshold is as exact as was asked for.
    """

    weak_recovery: float
    spinodals: FloatArray
    information_theoretic: float
    algorithmic: float
    perfect_recovery: float
    errors: Mapping[str, float]
    status: Status = Status.CONVERGED
    origin: Origin | None = field(default=None, compare=False, repr=False)

    references: ClassVar[tuple[str, ...]] = ("barbier2019",)
    index_name = "threshold"
    table_columns = ("threshold", "alpha", "error")

    def rows(self) -> list[dict[str, Any]]:
        """One dict per threshold, those that do not exist (NaN) included, then the spinodals."""
        names = ("weak_recovery", "information_theoretic", "algorithmic", "perfect_recovery")
        found = [(name, float(getattr(self, name))) for name in names]
        found += [("spinodals", float(value)) for value in self.spinodals]
        return [
            {
                "threshold": name.removesuffix("s"),
                "alpha": value,
                "error": float(self.errors.get(name, math.nan)),
                "status": self.status.label,
            }
            for name, value in found
        ]

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, ready for JSON."""
        return {
            "weak_recovery": self.weak_recovery,
            "spinodals": self.spinodals.tolist(),
            "information_theoretic": self.information_theoretic,
            "algorithmic": self.algorithmic,
            "perfect_recovery": self.perfect_recovery,
            "errors": dict(self.errors),
            "status": self.status.label,
        }

    def row(self) -> dict[str, Any]:
        """The thresholds in one row, the spinodals as one text, as the command line writes it."""
        row: dict[str, Any] = {
            name: value for name, value in self.as_dict().items() if isinstance(value, float)
        }
        row["spinodals"] = " ".join(repr(float(value)) for value in self.spinodals)
        return row

    def plot(self, ax: Axes | None = None, *, axes: Axes | None = None, **style: Any) -> Axes:
        """Draw a line at every threshold, the hard phase shaded; returns the axes."""
        from nishimori.export.pictures import draw_transitions

        return draw_transitions(self, one_axes(ax, axes), **style)

    @property
    def statements(self) -> dict[str, str]:
        """A sentence for each threshold: its value and error, or that there is none."""
        values = {
            "weak_recovery": self.weak_recovery,
            "information_theoretic": self.information_theoretic,
            "algorithmic": self.algorithmic,
            "perfect_recovery": self.perfect_recovery,
        }
        none = {
            "weak_recovery": "none: nothing can be learnt at any sample ratio",
            "information_theoretic": "none: the optimal branch never jumps",
            "algorithmic": "none: message passing is optimal at every sample ratio",
            "perfect_recovery": "none: the weights are never recovered exactly",
        }
        lost = self.status.failed and not self.errors
        out = {}
        for name, value in values.items():
            if math.isnan(value):
                out[name] = f"not known: {self.status.sentence}" if lost else none[name]
            elif name == "weak_recovery" and value == 0.0:
                out[name] = "0: any number of samples helps"
            else:
                out[name] = f"{value:.12g} +- {self.errors.get(name, 0.0):.1e}"
        spinodals = ", ".join(f"{value:.12g}" for value in self.spinodals)
        out["spinodals"] = (
            f"{spinodals} +- {self.errors['spinodals']:.1e}"
            if spinodals
            else (f"not known: {self.status.sentence}" if lost else "none: there is one branch")
        )
        return out

    def _repr_html_(self) -> str:
        from nishimori.export.html import transitions_html

        return transitions_html(self)

    def __str__(self) -> str:
        return "\n".join(f"{k.replace('_', ' '):<22}{v}" for k, v in self.statements.items())


def find_transitions(
    problem: GLM, *, rtol: float = 1e-10, on_failure: OnFailure = "raise"
) -> Transitions:
    """Every threshold of `problem`; see `GLM.transitions`."""
    require_options(rtol, on_failure)
    try:
        found = _thresholds(Equations.of(problem), rtol)
    except UnresolvedIntegral:
        found = _none(Status.UNRESOLVED)
    if found.status.failed:
        report(f"transitions: {found.status.sentence}", found, on_failure)
    return found


def _none(status: Status) -> Transitions:
    return Transitions(math.nan, np.empty(0), math.nan, math.nan, math.nan, {}, status)


def _thresholds(equations: Equations, rtol: float) -> Transitions:
    if equations.signal_variance == 0.0:
        return _none(Status.NOTHING_LEARNT)
    try:
        ends = Landscape.of(equations)
    except FloatingPointError:
        return _none(Status.NOT_FINITE)
    if ends.silent:
        return _none(Status.NOTHING_LEARNT)
    inverse = InverseMap(
        equations.at, full_window(equations, ends), costly=equations.channel.costly
    )
    phases = phases_of(equations, ends, inverse)
    branches = inverse.branches
    spinodals = np.sort(np.exp([b.end_values[1] for b in branches[:-1]]))
    noise = float(inverse.error.max()) + 1e-14
    errors: dict[str, float] = {}
    if spinodals.size:
        errors["spinodals"] = float(noise * spinodals.max())
    weak = math.exp(ends.log_weak_recovery) if ends.even else 0.0
    if ends.even:
        errors["weak_recovery"] = weak * (noise + 1e-12)
    optimal = optimal_sequence(equations, inverse, phases)
    information, jump_error = math.nan, 0.0
    perfect = math.nan
    for log_alpha, phase, jumped, error in optimal:
        if jumped and math.isnan(information):
            information, jump_error = math.exp(log_alpha), error
        if phase.name == "perfect":
            perfect = math.exp(log_alpha)
            errors["perfect_recovery"] = perfect * (error + noise)
    if not math.isnan(information):
        errors["information_theoretic"] = information * (jump_error + noise)
    algorithmic = algorithmic_threshold(equations, inverse, phases)
    if not math.isnan(algorithmic):
        errors["algorithmic"] = algorithmic * noise
    values = {
        "weak_recovery": weak,
        "spinodals": float(spinodals.min(initial=math.inf)),
        "information_theoretic": information,
        "algorithmic": algorithmic,
        "perfect_recovery": perfect,
    }
    exact = all(error <= rtol * values[name] for name, error in errors.items())
    status = Status.CONVERGED if exact else Status.UNRESOLVED
    return Transitions(weak, spinodals, information, algorithmic, perfect, errors, status)


def full_window(equations: Equations, ends: Landscape) -> Window:
    """The range of ln r in which ln alpha is not yet, or no longer, a straight line."""
    low = -12.0 if ends.even else -16.0
    if not math.isfinite(ends.bounds[1]):
        high = ends.top
        if math.isfinite(ends.log_perfect):
            t = np.arange(0.0, ends.top, 2.0)
            settled = np.abs(equations.log_alpha(t) - ends.log_perfect) < _SETTLED
            high = float(t[settled][0]) if settled.any() else high
        return Window(low, high)
    t = np.arange(-2.0, min(ends.top, 80.0), 2.0)
    if equations.channel.costly:
        return Window(low, float(t[_first_settled(equations, ends, t)]))
    settled = np.abs(equations.log_alpha(t) - (t - ends.bounds[1])) < _SETTLED
    return Window(low, float(t[settled][0]) if settled.any() else float(t[-1]))


def _first_settled(equations: Equations, ends: Landscape, t: FloatArray) -> int:
    """Index of the first t from which ln alpha is a straight line, by halving; else the last."""
    low, high = -1, t.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        at = t[middle : middle + 1]
        if abs(float(equations.log_alpha(at)[0]) - float(at[0] - ends.bounds[1])) < _SETTLED:
            high = middle
        else:
            low = middle
    return high
