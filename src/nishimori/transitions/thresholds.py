"""Thresholds of one problem, read off the map from conjugates to sample ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nishimori.errors import Status
from nishimori.glm import GLM, OnFailure
from nishimori.results import Origin
from nishimori.state_evolution import Equations
from nishimori.state_evolution.inverse_map import Branch, InverseMap, Window
from nishimori.state_evolution.landscape import Landscape
from nishimori.state_evolution.requests import report, require_options

__all__ = ["Phase", "Transitions", "find_transitions", "phases_of"]

FloatArray = NDArray[np.float64]

_SETTLED = 1e-7
_NEWTON_STEPS = 60


@dataclass(frozen=True)
class Transitions:
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
        out = {}
        for name, value in values.items():
            if math.isnan(value):
                out[name] = none[name]
            elif name == "weak_recovery" and value == 0.0:
                out[name] = "0: any number of samples helps"
            else:
                out[name] = f"{value:.12g} +- {self.errors.get(name, 0.0):.1e}"
        spinodals = ", ".join(f"{value:.12g}" for value in self.spinodals)
        out["spinodals"] = (
            f"{spinodals} +- {self.errors['spinodals']:.1e}"
            if spinodals
            else "none: there is one branch"
        )
        return out

    def __str__(self) -> str:
        return "\n".join(f"{k.replace('_', ' '):<22}{v}" for k, v in self.statements.items())


@dataclass(frozen=True)
class Phase:
    """A stable solution and the ln alpha between which it exists, in ascending conjugate.

    ``branch`` is None for r = 0 and for v = 0, whose free entropy is linear in alpha:
    ``alpha * entropy - deficit``.
    """

    name: str
    low: float
    high: float
    branch: Branch | None = None
    entropy: float = 0.0
    deficit: float = 0.0

    def free_entropy(
        self,
        equations: Equations,
        inverse: InverseMap | None,
        log_alpha: float,
        *,
        exact: bool = False,
    ) -> tuple[float, float]:
        """Phi and its slope in alpha, Psi_out; of a costly channel from its series if not exact."""
        alpha = math.exp(log_alpha)
        if self.branch is None or inverse is None:
            if math.isinf(self.entropy) or math.isinf(self.deficit):
                # both infinite: v = 0 wins wherever it is stable
                return (math.inf if self.entropy == math.inf else -math.inf), self.entropy
            return alpha * self.entropy - self.deficit, self.entropy
        inside = np.array([min(max(log_alpha, self.low), self.high)])
        if not math.isfinite(inside[0]):
            inside = np.array([log_alpha])
        root, _ = inverse.roots(self.branch, inside)
        if not np.isfinite(root[0]):
            low, _ = self.branch.end_values
            root = np.array([self.branch.ends[0 if log_alpha <= low else 1]])
        if exact or not equations.channel.costly:
            point = equations.at(root)
            entropy, deficit = float(point.entropy[0]), float(point.deficit[0])
        else:
            entropy = float(inverse.entropy_at(root)[0])
            deficit = float(equations.prior.evaluate(np.exp(root)).deficit[0])
        return alpha * entropy - deficit, entropy


def find_transitions(
    problem: GLM, *, rtol: float = 1e-10, on_failure: OnFailure = "raise"
) -> Transitions:
    """Every threshold of `problem`; see `GLM.transitions`."""
    require_options(rtol, on_failure)
    found = _thresholds(Equations.of(problem), rtol)
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
    optimal = _optimal_sequence(equations, inverse, phases)
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
    algorithmic = _algorithmic(equations, inverse, phases)
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


def phases_of(equations: Equations, ends: Landscape, inverse: InverseMap) -> list[Phase]:
    """The stable solutions in ascending conjugate."""
    phases: list[Phase] = []
    if ends.even:
        start = equations.prior.evaluate(np.zeros(1))
        signal, variance = equations.channel_arguments(start.overlap, start.mmse)
        entropy = equations.channel.evaluate(signal, variance, equations.offset).entropy[0]
        phases.append(
            Phase("uninformed", -math.inf, ends.log_weak_recovery, entropy=float(entropy))
        )
    last = len(inverse.branches) - 1
    for k, branch in enumerate(inverse.branches):
        if not branch.stable:
            continue
        low, high = branch.end_values
        if k == 0:
            low = ends.log_weak_recovery if ends.even else -math.inf
        if k == last:
            high = ends.log_perfect if math.isfinite(ends.log_perfect) else math.inf
        phases.append(Phase(f"branch {len(phases)}", low, high, branch))
    if ends.log_perfect < math.inf:
        one = np.array([equations.input_second_moment])
        signal, variance = equations.channel_arguments(one, np.zeros(1))
        entropy = equations.channel.evaluate(signal, variance, equations.offset).entropy[0]
        phases.append(
            Phase(
                "perfect",
                ends.log_perfect,
                math.inf,
                entropy=float(entropy),
                deficit=equations.prior.information_limit,
            )
        )
    return phases


def _optimal_sequence(
    equations: Equations, inverse: InverseMap, phases: list[Phase]
) -> list[tuple[float, Phase, bool, float]]:
    """Which phase is optimal from which ln alpha on, whether it got there by a jump, the error."""
    current = min(phases, key=lambda phase: (phase.low, -phases.index(phase)))
    sequence = [(current.low, current, False, 0.0)]
    if current.low == -math.inf:
        rivals = [p for p in phases if p.low == -math.inf]
        current = next((p for p in rivals if p.entropy == math.inf), rivals[0])
        sequence = [(-math.inf, current, current is not rivals[0], 0.0)]
    while True:
        here = sequence[-1][0]
        jumps = []
        for rival in phases[phases.index(current) + 1 :]:
            crossing = equal_free_entropy(equations, inverse, current, rival, here)
            if crossing is not None:
                jumps.append((crossing[0], rival, True, crossing[1]))
        if jumps:
            sequence.append(min(jumps, key=lambda jump: jump[0]))
        elif current.high < math.inf:
            following = [p for p in phases[phases.index(current) + 1 :] if p.high > current.high]
            if not following:
                return sequence
            sequence.append((max(current.high, following[0].low), following[0], False, 0.0))
        else:
            return sequence
        current = sequence[-1][1]


def equal_free_entropy(
    equations: Equations, inverse: InverseMap, lower: Phase, upper: Phase, start: float
) -> tuple[float, float] | None:
    """ln alpha where two phases have equal Phi, and its error; None where they never have.

    The difference grows with alpha (its slope is the difference of Psi_out, and information grows
    with the overlap), so there is one root at most: Newton's steps inside a bracket.
    """
    low, high = max(lower.low, upper.low, start), min(lower.high, upper.high)
    if not low < high:
        return None

    def gap(x: float, exact: bool = False) -> tuple[float, float]:
        phi_lower, slope_lower = lower.free_entropy(equations, inverse, x, exact=exact)
        phi_upper, slope_upper = upper.free_entropy(equations, inverse, x, exact=exact)
        return phi_upper - phi_lower, slope_upper - slope_lower

    if low == -math.inf:
        low = min(-20.0, high - 20.0)
    if high == math.inf:
        high = max(low, 0.0) + 2.0
        while gap(high)[0] < 0.0:
            if high > 60.0:
                return None
            high += 4.0
    # a branch that starts where another ends touches it there; look strictly inside
    inside = 1e-13 * (1.0 + abs(low))
    if gap(low + inside)[0] >= 0.0:
        return low, 0.0
    if gap(high - inside)[0] < 0.0:
        return None
    x = 0.5 * (low + high)
    step = high - low
    for _ in range(_NEWTON_STEPS):
        value, slope = gap(x)
        if value >= 0.0:
            high = x
        else:
            low = x
        step = value / (slope * math.exp(x)) if slope > 0.0 else math.inf
        if abs(step) < 1e-15 * (1.0 + abs(x)) or value == 0.0:
            break
        x = x - step if low < x - step < high else 0.5 * (low + high)
        if high - low < 1e-15 * (1.0 + abs(x)):
            break
    if equations.channel.costly:
        value, slope = gap(x, exact=True)
        x -= value / (slope * math.exp(x))
    rounding = 4e-16 * abs(lower.free_entropy(equations, inverse, x)[0])
    return x, abs(rounding / (slope * math.exp(x))) + 1e-15


def _algorithmic(equations: Equations, inverse: InverseMap, phases: list[Phase]) -> float:
    """The last end of a lowest phase at which a higher one is already better."""
    found = math.nan
    for k, phase in enumerate(phases):
        if phase.high == math.inf:
            continue
        if any(other.low < phase.high <= other.high for other in phases[:k]):
            continue  # message passing is still on a lower branch there
        here, _ = phase.free_entropy(equations, inverse, phase.high)
        for rival in phases[k + 1 :]:
            if not rival.low < phase.high - 1e-12 * (1.0 + abs(phase.high)) < rival.high:
                continue
            better, _ = rival.free_entropy(equations, inverse, phase.high)
            if better > here:
                found = (
                    math.exp(phase.high) if math.isnan(found) else max(found, math.exp(phase.high))
                )
    return found
