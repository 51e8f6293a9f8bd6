"""Phase boundaries of a family of problems, followed from point to point."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_integer, require_number
from nishimori.errors import BadArgument
from nishimori.expressions import template
from nishimori.glm import OnFailure
from nishimori.results import Origin
from nishimori.results.travel import Travels, one_axes
from nishimori.state_evolution import Equations
from nishimori.state_evolution.landscape import Landscape
from nishimori.transitions.family import Family, family_of, placeholder
from nishimori.transitions.thresholds import Transitions, find_transitions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PhaseDiagram", "phase_diagram"]

FloatArray = NDArray[np.float64]

_NODES = 14
_HALF = 0.35
_X = np.cos((np.arange(_NODES) + 0.5) * np.pi / _NODES)
_FIT = np.cos(np.outer(np.arange(_NODES), (np.arange(_NODES) + 0.5) * np.pi / _NODES))
_FIT *= 2.0 / _NODES
_FIT[0] *= 0.5
_CORRECTIONS = 12
_STEP_LIMIT = 2000


@dataclass(frozen=True)
class PhaseDiagram(Travels):
    """Boundaries in the plane of a parameter and the sample ratio.

    Attributes
    ----------
    parameter : str
        Its name.
    spinodals : tuple of ndarray, each of shape (points, 2)
        Lines of (parameter, alpha) on which a branch of fixed points ends; a line turns back at a
        critical point, where two spinodals meet.
    information_theoretic, algorithmic, weak_recovery : ndarray of shape (points, 2)
        Lines of the thresholds of `Transitions`; empty where there are none.
    critical_points : ndarray of shape (count, 2)
        Where first-order lines end.
    """

    parameter: str
    spinodals: tuple[FloatArray, ...]
    information_theoretic: FloatArray
    algorithmic: FloatArray
    weak_recovery: FloatArray
    critical_points: FloatArray
    origin: Origin | None = field(default=None, compare=False, repr=False)

    references: ClassVar[tuple[str, ...]] = ("barbier2019",)
    index_name = "value"
    table_columns = ("boundary", "value", "alpha")

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point of a boundary: which, the parameter's value, and alpha.

        Spinodals are numbered from 1: a line each.
        """
        lines = [
            (name, getattr(self, name))
            for name in ("information_theoretic", "algorithmic", "weak_recovery")
        ]
        lines += [(f"spinodal {k}", line) for k, line in enumerate(self.spinodals, 1)]
        lines += [("critical point", self.critical_points)]
        return [
            {"boundary": name, "parameter": self.parameter, "value": float(p), "alpha": float(a)}
            for name, line in lines
            for p, a in line
        ]

    def __repr__(self) -> str:
        counts = [
            f"{len(getattr(self, name))} points {name.replace('_', ' ')}"
            for name in ("information_theoretic", "algorithmic", "weak_recovery")
        ]
        return (
            f"<PhaseDiagram in {self.parameter}: {', '.join(counts)}, {len(self.spinodals)} "
            f"spinodal lines, {len(self.critical_points)} critical points>"
        )

    def _repr_html_(self) -> str:
        from nishimori.export.html import diagram_html

        return diagram_html(self)

    def plot(self, ax: Axes | None = None, *, axes: Axes | None = None, **style: Any) -> Axes:
        """Draw the boundaries with matplotlib (extra ``plot``); returns the axes."""
        from nishimori.export.phases import draw_phase_diagram

        return draw_phase_diagram(self, one_axes(ax, axes), **style)


def phase_diagram(
    family: Family | str,
    low: float,
    high: float,
    *,
    parameter: str = "parameter",
    points: int = 33,
    on_failure: OnFailure = "raise",
    progress: Callable[[int, int], None] | None = None,
) -> PhaseDiagram:
    r"""Trace the phase boundaries of ``family(p)`` for p in [low, high].

    Spinodals obey :math:`g(t, p) = \partial_t \ln \alpha(t; p) = 0`, a smooth curve in the plane of
    t = ln r and p: it is followed by pseudo-arclength steps (a predictor along the tangent, Newton
    corrections across it), so it goes through critical points, where p turns back. The other
    lines are solved at the parameters of a grid and at every critical point.

    Parameters
    ----------
    family : callable or str
        From a parameter to a `GLM`, such as ``lambda noise: nm.GLM(channel=...)``; or the same as
        text, in which the name of the parameter stands for its value:
        ``"nm.GLM(nm.channels.Linear(noise=noise))"`` with ``parameter="noise"``. A function whose
        problems hold the parameter as it is has such a text, which files then carry.
    low, high : float
        Range of the parameter; low < high.
    parameter : str
        Its name, for the axis.
    points : int, default 33
        Points on the lines that are not followed, at least 3.
    on_failure : {"raise", "warn", "return"}
        What happens where a threshold on the grid misses 1e-10; as in `GLM.transitions`.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Raises
    ------
    BadArgument
        If the range is empty or `family` does not return a `GLM`.
    ConvergenceError
        If a threshold misses its tolerance and ``on_failure="raise"``.
    """
    low, high = (
        require_number(name, value, "phase_diagram")
        for name, value in (("low", low), ("high", high))
    )
    if not low < high:
        raise BadArgument(f"phase_diagram: low must be smaller than high, got {low!r}, {high!r}")
    points = require_integer("points", points, "phase_diagram", 3, 100_000)
    name = placeholder(parameter)
    given, family = family, family_of(family, name)
    grid = np.linspace(low, high, points)
    found: list[Transitions] = []
    for done, value in enumerate(grid):
        found.append(find_transitions(family(float(value)), on_failure=on_failure))
        if progress is not None:
            progress(done + 1, points)
    lines = _spinodal_lines(family, grid, found)
    critical = _critical_points(family, lines, low, high)

    def line(name: str) -> FloatArray:
        rows = [(p, getattr(t, name)) for p, t in zip(grid, found, strict=True)]
        ends = [(p, a) for p, a in critical if name != "weak_recovery"]
        kept = [(p, a) for p, a in (*rows, *ends) if math.isfinite(a) and a > 0.0]
        return np.array(sorted(kept)).reshape(-1, 2)

    diagram = PhaseDiagram(
        parameter,
        tuple(line[:, :2] for line in lines),
        line("information_theoretic"),
        line("algorithmic"),
        line("weak_recovery"),
        critical,
    )
    text = given if isinstance(given, str) else template(family, name, grid.tolist())
    called: dict[str, Any] = {"family": given if text is None else text, "low": low, "high": high}
    called |= {"parameter": parameter, "points": points}
    if on_failure != "raise":
        called["on_failure"] = "return"
    return replace(diagram, origin=Origin(None, "nm.phase_diagram", called))


def _spinodal_lines(family: Family, grid: FloatArray, found: list[Transitions]) -> list[FloatArray]:
    """Follow every spinodal seen on the grid until all of them lie on a line."""
    low, high = float(grid[0]), float(grid[-1])
    seeds = [(float(p), a) for p, t in zip(grid, found, strict=True) for a in t.spinodals]
    lines: list[FloatArray] = []
    for p, alpha in seeds:
        if any(_is_on(line, p, alpha, high - low) for line in lines):
            continue
        start = _locate(family, p, alpha)
        if start is None:
            continue
        one = _follow(family, start, p, low, high, 1.0)
        other = _follow(family, start, p, low, high, -1.0)
        lines.append(np.array([*other[::-1], *one[1:]]))
    return lines


def _is_on(line: FloatArray, p: float, alpha: float, span: float) -> bool:
    """Whether a seed lies on a line already followed (its polyline passes within 1e-3)."""
    x, y = line[:, 0] / span, np.log(line[:, 1])
    px, py = p / span, math.log(alpha)
    for k in range(len(x) - 1):
        dx, dy = x[k + 1] - x[k], y[k + 1] - y[k]
        square = dx * dx + dy * dy
        s = 0.0 if square == 0.0 else ((px - x[k]) * dx + (py - y[k]) * dy) / square
        s = min(max(s, 0.0), 1.0)
        if math.hypot(px - x[k] - s * dx, py - y[k] - s * dy) < 1e-3:
            return True
    return False


def _local(family: Family, t: float, p: float) -> tuple[float, float, float]:
    """ln alpha, its slope and its curvature in t, from a polynomial around t."""
    equations = Equations.of(family(p))
    values = equations.log_alpha(t + _HALF * _X)
    series = _FIT @ values
    slope = np.polynomial.chebyshev.chebder(series)
    curvature = np.polynomial.chebyshev.chebder(slope)
    at = np.polynomial.chebyshev.chebval
    return (
        float(at(0.0, series)),
        float(at(0.0, slope)) / _HALF,
        float(at(0.0, curvature)) / _HALF**2,
    )


def _locate(family: Family, p: float, alpha: float) -> float | None:
    """ln r of the spinodal of ``family(p)`` at `alpha`."""
    from nishimori.state_evolution.inverse_map import InverseMap
    from nishimori.transitions.thresholds import full_window

    equations = Equations.of(family(p))
    ends = Landscape.of(equations)
    inverse = InverseMap(
        equations.at, full_window(equations, ends), costly=equations.channel.costly
    )
    turns = inverse.branches[:-1]
    if not turns:
        return None
    best = min(turns, key=lambda branch: abs(branch.end_values[1] - math.log(alpha)))
    return best.ends[1]


def _follow(
    family: Family, t: float, p: float, low: float, high: float, direction: float
) -> list[tuple[float, float, float]]:
    """Pseudo-arclength continuation of g(t, p) = 0 from one point until p leaves its range."""
    span = high - low
    scale = np.array([1.0, span])
    position = np.array([t, p / span])
    log_alpha, _, _ = _local(family, t, p)
    line = [(p, math.exp(log_alpha), t)]
    tangent: FloatArray | None = None
    step = 0.02
    for _ in range(_STEP_LIMIT):
        gradient = _gradient(family, position * scale, low, high) * scale
        new = np.array([-gradient[1], gradient[0]])
        norm = float(np.hypot(*new))
        if not norm > 0.0:
            break
        new /= norm
        if tangent is None:
            new *= direction if new[1] >= 0.0 else -direction
        elif new @ tangent < 0.0:
            new = -new
        trial = position + step * new
        leaving = not low <= trial[1] * span <= high
        if leaving:
            edge = high if trial[1] * span > high else low
            if abs(new[1]) < 1e-12:
                break
            trial = position + (edge / span - position[1]) / new[1] * new
            trial[1] = edge / span
            fixed = np.array([0.0, 1.0])
        else:
            fixed = new
        corrected = _correct(family, trial, fixed, scale, low, high)
        if corrected is None or float(np.hypot(*(corrected - trial))) > 0.5 * step + 1e-12:
            if step < 1e-5:
                break
            step *= 0.5
            continue
        position, tangent = corrected, new
        log_alpha, _, _ = _local(family, position[0], position[1] * span)
        line.append((position[1] * span, math.exp(log_alpha), position[0]))
        if leaving:
            break
        step = min(1.4 * step, 0.08)
    return line


def _gradient(family: Family, at: FloatArray, low: float, high: float) -> FloatArray:
    """(dg/dt, dg/dp); the latter by a difference inside [low, high]."""
    t, p = float(at[0]), float(at[1])
    h = 1e-4 * (high - low)
    ahead, behind = min(p + h, high), max(p - h, low)
    _, _, curvature = _local(family, t, p)
    _, up, _ = _local(family, t, ahead)
    _, down, _ = _local(family, t, behind)
    return np.array([curvature, (up - down) / (ahead - behind)])


def _correct(
    family: Family,
    trial: FloatArray,
    fixed: FloatArray,
    scale: FloatArray,
    low: float,
    high: float,
) -> FloatArray | None:
    """Newton's steps onto g = 0 in the plane through `trial` across `fixed`."""
    position = trial.copy()
    for _ in range(_CORRECTIONS):
        here = position * scale
        here[1] = min(max(here[1], low), high)
        _, g, _ = _local(family, float(here[0]), float(here[1]))
        gradient = _gradient(family, here, low, high) * scale
        matrix = np.array([gradient, fixed])
        if abs(np.linalg.det(matrix)) < 1e-14:
            return None
        rest = np.array([-g, -float(fixed @ (position - trial))])
        step = np.linalg.solve(matrix, rest)
        position = position + step
        if float(np.abs(step).max()) < 1e-9:
            return position
    return None


def _critical_points(
    family: Family, lines: list[FloatArray], low: float, high: float
) -> FloatArray:
    """Where the parameter turns back along a line: slope and curvature of ln alpha both vanish."""
    points = []
    for line in lines:
        p = line[:, 0]
        for k in range(1, len(p) - 1):
            if (p[k] - p[k - 1]) * (p[k + 1] - p[k]) < 0.0 and low < p[k] < high:
                at = _cusp(family, float(line[k, 2]), float(p[k]), low, high)
                if at is not None:
                    points.append(at)
    return np.array(points).reshape(-1, 2)


def _cusp(
    family: Family, t: float, p: float, low: float, high: float
) -> tuple[float, float] | None:
    """(p, alpha) where the first two derivatives of ln alpha in t vanish, by Newton's steps."""
    h = 1e-4 * (high - low)
    for _ in range(2 * _CORRECTIONS):
        here = np.array(_local(family, t, p)[1:])
        ahead, behind = min(p + h, high), max(p - h, low)
        up, down = (np.array(_local(family, t, at)[1:]) for at in (ahead, behind))
        right, left = (np.array(_local(family, t + s, p)[1:]) for s in (1e-3, -1e-3))
        jacobian = np.column_stack([(right - left) / 2e-3, (up - down) / (ahead - behind)])
        step = np.linalg.solve(jacobian, -here)
        if not np.isfinite(step).all():
            return None
        t, p = t + float(np.clip(step[0], -0.3, 0.3)), p + float(step[1])
        if not low <= p <= high:
            return None
        if abs(step[0]) < 1e-6 and abs(step[1]) < 1e-9 * (high - low):
            return p, math.exp(_local(family, t, p)[0])
    return None
