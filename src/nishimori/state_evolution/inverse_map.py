"""ln alpha as a function of ln r on Chebyshev panels, and all its inverses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels import chebyshev
from nishimori.state_evolution.equations import Point
from nishimori.state_evolution.series import LENGTH, NODES, TRANSFORM, X

__all__ = ["Branch", "InverseMap", "Window"]

FloatArray = NDArray[np.float64]

_SAMPLES = 33
_SHORTEST = 1e-6
_NEARLY_FLAT = 0.3
_FLAT = 1e-11  # a slope per half panel that is no more than rounding
_WIGGLES = 30.0  # slope per half panel of a series of values with errors of one
_TOLERANCE, _COSTLY_TOLERANCE = 2e-14, 1e-12
_LONGEST = 8.0
# the end of a series that halving shortens by less than this, and is no more than this, is noise
_PLATEAU, _NOISE = 0.1, 1e-9
_GRID = np.linspace(-1.0, 1.0, _SAMPLES)
_GRID_SLOPES = np.polynomial.chebyshev.chebvander(_GRID, NODES - 2) @ (
    np.polynomial.chebyshev.chebder(np.eye(NODES))
)


@dataclass(frozen=True)
class Window:
    """The range of ln r to be covered."""

    low: float
    high: float


@dataclass(frozen=True)
class Branch:
    """A stretch of ln r on which ln alpha rises (stable) or falls (unstable)."""

    stable: bool
    panel: NDArray[np.int64]
    start: FloatArray
    end: FloatArray
    start_value: FloatArray
    end_value: FloatArray

    @property
    def ends(self) -> tuple[float, float]:
        """ln r where the branch starts and ends."""
        return float(self.start[0]), float(self.end[-1])

    @property
    def end_values(self) -> tuple[float, float]:
        """ln alpha where the branch starts and ends."""
        return float(self.start_value[0]), float(self.end_value[-1])


class InverseMap:
    """Piecewise Chebyshev series of ln alpha(ln r), split into its monotone branches.

    Parameters
    ----------
    function : callable
        `Equations.at`: everything at an array of ln r.
    window : Window
    costly : bool, default False
        Whether to save evaluations: panels as long as a tolerance of 1e-12 allows.

    Attributes
    ----------
    branches : tuple of Branch
        In ascending ln r.
    error : ndarray
        For each panel, the error of the values and that of their series.
    resolved : bool
        Whether every panel's series ends at the level of rounding, or of the values' noise.
    """

    def __init__(
        self, function: Callable[[FloatArray], Point], window: Window, *, costly: bool = False
    ) -> None:
        self._fit(function, window, costly)
        self.branches = tuple(self._monotone())

    def roots(self, branch: Branch, log_alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
        """ln r on one branch for each ln alpha (NaN where it has none), and the slope there."""
        root, slope = chebyshev.invert(
            self.edges,
            self.log_alpha,
            branch.panel,
            branch.start,
            branch.end,
            branch.start_value,
            branch.end_value,
            np.ascontiguousarray(log_alpha),
        )
        return root, slope

    def panel_of(self, t: FloatArray) -> NDArray[np.int64]:
        """The panel in which each ln r lies."""
        found = np.searchsorted(self.edges, t, side="right") - 1
        return np.asarray(np.clip(found, 0, len(self.edges) - 2), dtype=np.int64)

    def entropy_at(self, t: FloatArray) -> FloatArray:
        """Psi_out from its series."""
        value, _ = chebyshev.evaluate(self.edges, self.entropy, t, self.panel_of(t))
        return np.asarray(value)

    def log_alpha_at(self, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        """ln alpha and its slope from the series."""
        value, slope = chebyshev.evaluate(self.edges, self.log_alpha, t, self.panel_of(t))
        return value, slope

    def _fit(self, function: Callable[[FloatArray], Point], window: Window, costly: bool) -> None:
        found = _marched(function, window) if costly else _halved(function, window)
        found.sort(key=lambda panel: panel.low)
        self.edges = np.array([*(panel.low for panel in found), window.high])
        self.log_alpha = np.stack([panel.log_alpha for panel in found])
        self.entropy = np.stack([panel.entropy for panel in found])
        self.error = np.array([panel.error for panel in found])
        self.resolved = all(panel.settled for panel in found)

    def _monotone(self) -> list[Branch]:
        half = 0.5 * np.diff(self.edges)
        middle = 0.5 * (self.edges[1:] + self.edges[:-1])
        slopes = self.log_alpha @ _GRID_SLOPES.T
        flat = _FLAT * np.maximum(1.0, np.abs(self.log_alpha[:, 0]))
        flat = np.maximum(flat, _WIGGLES * self.error)
        signs = _steady_signs(slopes, flat[:, None])
        pieces: list[tuple[int, float, float, bool]] = []
        for p in range(len(half)):
            turns = np.flatnonzero(signs[p, 1:] != signs[p, :-1])
            inner = [self._turning_point(p, _GRID[k], _GRID[k + 1]) for k in turns]
            if np.abs(slopes[p]).min() < _NEARLY_FLAT * np.abs(slopes[p]).max():
                hidden = self._hidden_turns(p)
                # a pair of turns between two samples; an odd one out is the samples' own
                if len(hidden) > len(inner) and (len(hidden) - len(inner)) % 2 == 0:
                    inner = hidden
            up = bool(signs[p, 0])
            rising = [up if k % 2 == 0 else not up for k in range(len(inner) + 1)]
            ends = pairwise([-1.0, *inner, 1.0])
            pieces.extend((p, a, b, up) for (a, b), up in zip(ends, rising, strict=True) if b > a)
        panel = np.array([p for p, _, _, _ in pieces], dtype=np.int64)
        start = middle[panel] + half[panel] * np.array([a for _, a, _, _ in pieces])
        end = middle[panel] + half[panel] * np.array([b for _, _, b, _ in pieces])
        rises = np.array([rising for _, _, _, rising in pieces])
        start_value, _ = chebyshev.evaluate(self.edges, self.log_alpha, start, panel)
        end_value, _ = chebyshev.evaluate(self.edges, self.log_alpha, end, panel)
        # neighbouring panels meet to rounding; make their values agree so chains are continuous
        joined = rises[1:] == rises[:-1]
        start_value[1:][joined] = end_value[:-1][joined]
        cuts = np.flatnonzero(~joined) + 1
        return [
            Branch(bool(rises[k[0]]), panel[k], start[k], end[k], start_value[k], end_value[k])
            for k in np.split(np.arange(panel.size), cuts)
        ]

    def _hidden_turns(self, panel: int) -> list[float]:
        """All turning points within a panel, as roots of the derivative's series."""
        derivative = np.polynomial.chebyshev.chebder(self.log_alpha[panel])
        roots = np.polynomial.chebyshev.chebroots(derivative)
        real = np.sort(roots.real[np.abs(roots.imag) < 1e-12])
        inside = real[(real > -1.0 + 1e-9) & (real < 1.0 - 1e-9)]
        slope = np.polynomial.chebyshev.chebval
        step = 1e-4
        size = np.abs(self.log_alpha[panel, 0]) + 1.0
        flat = max(1e-12 * size, _WIGGLES * self.error[panel])
        turns = []
        for x in inside:
            # rounding makes roots where the slope is lost in it: they change no sign
            around = slope(np.array([x - step, x + step]), derivative)
            if around[0] * around[1] < 0.0 and np.abs(around).min() > flat:
                turns.append(float(x))
        return turns

    def _turning_point(self, panel: int, low: float, high: float) -> float:
        derivative = np.polynomial.chebyshev.chebder(self.log_alpha[panel])
        at_low = np.polynomial.chebyshev.chebval(low, derivative)
        for _ in range(60):
            middle = 0.5 * (low + high)
            at_middle = np.polynomial.chebyshev.chebval(middle, derivative)
            if (at_middle > 0.0) == (at_low > 0.0):
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)


@dataclass(frozen=True)
class _Panel:
    """Series on one panel, the size of their ends, and whether they are good."""

    low: float
    high: float
    log_alpha: FloatArray
    entropy: FloatArray
    tail: float
    error: float
    settled: bool = True

    def accepted(self, settled: bool) -> _Panel:
        """With the end of the series, beyond which nothing is known, as part of the error."""
        tail = self.tail if np.isfinite(self.tail) else 0.0
        return replace(self, error=self.error + tail, settled=settled)


def _panels(
    function: Callable[[FloatArray], Point], low: FloatArray, high: FloatArray
) -> list[_Panel]:
    """Fit both series on each panel, with one call of the function."""
    half = 0.5 * (high - low)[:, None]
    t = 0.5 * (low + high)[:, None] + half * X
    point = function(t.ravel())
    alphas = point.log_alpha.reshape(t.shape) @ TRANSFORM.T
    entropies = point.entropy.reshape(t.shape) @ TRANSFORM.T
    errors = point.error.reshape(t.shape).max(axis=1)
    tails = np.abs(alphas[:, -2:]).max(axis=1)
    rows = zip(low, high, alphas, entropies, tails, errors, strict=True)
    return [_Panel(float(a), float(b), c, d, float(e), float(f)) for a, b, c, d, e, f in rows]


def _is_good(panel: _Panel, tolerance: float) -> bool:
    """Whether the series ends at the tolerance, or at the noise of its values."""
    floor = max(tolerance * max(1.0, abs(float(panel.log_alpha[0]))), 0.1 * panel.error)
    return panel.tail <= floor or not np.isfinite(panel.tail)


def _halved(function: Callable[[FloatArray], Point], window: Window) -> list[_Panel]:
    """Halve panels of one length, all at once, until every series is good."""
    count = max(1, int(np.ceil((window.high - window.low) / LENGTH)))
    edges = np.linspace(window.low, window.high, count + 1)
    low, high, parents = edges[:-1], edges[1:], np.full(count, np.inf)
    done: list[_Panel] = []
    while low.size:
        rest = []
        for panel, parent in zip(_panels(function, low, high), parents, strict=True):
            good = _is_good(panel, _TOLERANCE)
            if good or _is_noise(panel, parent) or panel.high - panel.low < 2.0 * _SHORTEST:
                done.append(panel.accepted(good or _is_noise(panel, parent)))
            else:
                rest.append(panel)
        middle = np.array([0.5 * (panel.low + panel.high) for panel in rest])
        low = np.concatenate([[panel.low for panel in rest], middle])
        high = np.concatenate([middle, [panel.high for panel in rest]])
        parents = np.array([panel.tail for panel in rest] * 2)
    return done


def _is_noise(panel: _Panel, parent: float) -> bool:
    """Whether halving did not shorten the end of a series, as it does of any smooth function."""
    return panel.tail > _PLATEAU * parent and panel.tail < _NOISE


def _marched(function: Callable[[FloatArray], Point], window: Window) -> list[_Panel]:
    """Panels one after the other, each as long as the last one's series recommends."""
    done: list[_Panel] = []
    at, length, parent, plateau = window.low, LENGTH, np.inf, 0.0
    while at < window.high:
        end = at + length
        if window.high - end < 0.4 * length:
            end = window.high if window.high - at < 1.2 * length else 0.5 * (at + window.high)
        (panel,) = _panels(function, np.array([at]), np.array([end]))
        good = _is_good(panel, _COSTLY_TOLERANCE)
        noise = _is_noise(panel, parent) or panel.tail <= 2.0 * plateau
        if noise and not good:
            plateau = max(plateau, panel.tail)
        floor = _COSTLY_TOLERANCE * max(1.0, abs(float(panel.log_alpha[0])))
        floor = max(floor, 0.1 * panel.error, 40.0 * plateau)
        # terms needed go with the length; where none is spare, the end does with its power NODES
        above = np.flatnonzero(~(np.abs(panel.log_alpha) < 0.3 * floor))
        spare = 0.8 * (NODES - 2.0) / max(float(above.max(initial=0)) + 1.0, 6.0)
        excess = (0.03 * floor / max(panel.tail, 1e-300)) ** (1.0 / NODES)
        length = (end - at) * (excess if excess < 1.0 else max(spare, min(excess, 1.2)))
        if good or noise or end - at < 2.0 * _SHORTEST:
            done.append(panel.accepted(good or noise))
            at, parent = end, np.inf
            length = min(length, _LONGEST)
        else:
            parent = panel.tail
            length = min(length, 0.8 * (end - at))
    return done


def _steady_signs(slopes: FloatArray, flat: FloatArray) -> NDArray[np.bool_]:
    """Whether each slope is positive; where it is lost in rounding, as the last one was."""
    clear = (np.abs(slopes) > flat).ravel()
    index = np.maximum.accumulate(np.where(clear, np.arange(clear.size), -1))
    if not clear.any():
        return np.ones(slopes.shape, dtype=np.bool_)
    index[index < 0] = np.flatnonzero(clear)[0]
    positive: NDArray[np.bool_] = (slopes.ravel() > 0.0)[index].reshape(slopes.shape)
    return positive
