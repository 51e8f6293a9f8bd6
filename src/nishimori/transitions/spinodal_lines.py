"""Spinodals of a family of problems, followed by pseudo-arclength continuation.

They obey g(t, p) = d ln alpha(t; p)/dt = 0, a smooth curve in the plane of t = ln r and the
parameter p.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nishimori.state_evolution import Equations
from nishimori.state_evolution.landscape import Landscape
from nishimori.transitions.family import Family
from nishimori.transitions.thresholds import Transitions

__all__ = ["critical_points", "spinodal_lines"]

FloatArray = NDArray[np.float64]

_NODES = 14
_HALF = 0.35
_X = np.cos((np.arange(_NODES) + 0.5) * np.pi / _NODES)
_FIT = np.cos(np.outer(np.arange(_NODES), (np.arange(_NODES) + 0.5) * np.pi / _NODES))
_FIT *= 2.0 / _NODES
_FIT[0] *= 0.5
_CORRECTIONS = 12
_STEP_LIMIT = 2000


def spinodal_lines(family: Family, grid: FloatArray, found: list[Transitions]) -> list[FloatArray]:
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


def critical_points(family: Family, lines: list[FloatArray], low: float, high: float) -> FloatArray:
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
