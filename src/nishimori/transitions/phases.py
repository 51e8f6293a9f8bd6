"""The stable solutions of one problem, and where which of them is optimal."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nishimori.state_evolution import Equations
from nishimori.state_evolution.inverse_map import Branch, InverseMap
from nishimori.state_evolution.landscape import Landscape

__all__ = ["Phase", "algorithmic_threshold", "equal_free_entropy", "optimal_sequence", "phases_of"]

FloatArray = NDArray[np.float64]

_NEWTON_STEPS = 60


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


def optimal_sequence(
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


def algorithmic_threshold(equations: Equations, inverse: InverseMap, phases: list[Phase]) -> float:
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
