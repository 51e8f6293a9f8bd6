"""The two ends of ln alpha(ln r): what happens without information, and with all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nishimori.state_evolution.equations import Equations
from nishimori.state_evolution.inverse_map import Window

__all__ = ["LINEAR_BELOW", "Landscape"]

FloatArray = NDArray[np.float64]

# Below this ln r the overlap is r to rounding, F is F(0) and ln alpha is ln r plus a constant.
LINEAR_BELOW = -40.0
# Where F(0) = 0, alpha(r) is alpha(0) plus a multiple of r below this ln r.
_FLAT_BELOW = -12.0
_SCAN = np.arange(-12.0, 61.0, 4.0)
_ONSET_RANGE = 2.5e-4
_ONSET_NODES = 12
_LEAST_MMSE = 1e-285


@dataclass(frozen=True)
class Landscape:
    r"""Asymptotics of one problem's map :math:`\ln \alpha(\ln r)`.

    Attributes
    ----------
    silent : bool
        No label carries any information about the weights (F = 0 everywhere).
    even : bool
        F(0) = 0: r = 0 is a fixed point at every alpha, stable below weak recovery.
    log_weak_recovery : float
        ln of lim alpha(r), r -> 0; -inf unless `even`.
    onset : float
        d ln alpha / d r at r = 0 where `even`: how the branch leaves r = 0.
    linear : float
        ln alpha - ln r as r -> 0, unless `even`.
    log_perfect : float
        v = 0 is a stable fixed point for ln alpha above this; inf where it never is.
    bounds : tuple of float
        ln(lambda F) with nothing known and with all weights known: ln alpha - ln r lies between
        their opposites (information grows with the overlap). The second is inf without noise.
    top : float
        The largest ln r that is looked at.
    """

    silent: bool
    even: bool
    log_weak_recovery: float
    onset: float
    linear: float
    log_perfect: float
    bounds: tuple[float, float]
    top: float

    @classmethod
    def of(cls, equations: Equations) -> Landscape:
        """Find both ends from a handful of evaluations."""
        moment = equations.input_second_moment
        nothing = equations.prior.evaluate(np.zeros(1))
        small = equations.prior.evaluate(np.full(1, 1e-6))
        overlap = np.array([nothing.overlap[0], small.overlap[0], moment])
        mmse = np.array([nothing.mmse[0], small.mmse[0], 0.0])
        signal, variance = equations.channel_arguments(overlap, mmse)
        fisher = equations.channel.evaluate(signal, variance, equations.offset).fisher
        with np.errstate(divide="ignore"):
            logs = np.log(fisher) + math.log(equations.signal_variance)
        if np.isnan(fisher[:2]).any():
            raise FloatingPointError
        even = bool(fisher[0] <= 1e-9 * fisher[1]) and bool(fisher[1] > 0.0)
        silent = bool(fisher[1] == 0.0)
        weak, onset = (-math.inf, 0.0) if silent or not even else _onset(equations)
        perfect, top = math.inf, 700.0
        if not silent and not np.isfinite(fisher[2]):
            perfect, top = _perfect(equations)
        return cls(
            silent,
            even,
            weak,
            onset,
            -float(logs[0]),
            perfect,
            (-math.inf if even else float(logs[0]), float(logs[2])),
            top,
        )

    def window(self, equations: Equations, lowest: float, highest: float) -> Window | None:
        """The part of ln r that can hold a fixed point for ln alpha in [lowest, highest]."""
        low = _FLAT_BELOW if self.even else max(LINEAR_BELOW, lowest + self.bounds[0] - 1e-3)
        if math.isfinite(self.bounds[1]):
            high = min(self.top, highest + self.bounds[1] + 1e-3)
        else:
            high = self._highest(equations, highest)
        if high <= low:
            return None
        if high - low < 0.5:
            middle = 0.5 * (low + high)
            low, high = middle - 0.25, middle + 0.25
        return Window(low, high)

    def _highest(self, equations: Equations, highest: float) -> float:
        """Without noise F has no bound: look up to the last place where alpha is small enough."""
        t = np.append(_SCAN[self.top > _SCAN], self.top)
        log_alpha = equations.log_alpha(t)
        inside = np.flatnonzero(log_alpha <= highest)
        last = int(inside.max()) + 2 if inside.size else 1
        return float(t[min(last, t.size - 1)])


def _onset(equations: Equations) -> tuple[float, float]:
    """ln alpha and its slope in r at r = 0, by a polynomial on a short interval."""
    angles = (np.arange(_ONSET_NODES) + 0.5) * np.pi / _ONSET_NODES
    x = np.cos(angles)
    r = 0.5 * _ONSET_RANGE * (1.0 + x)
    values = equations.log_alpha(np.log(r))
    series = np.polynomial.chebyshev.chebfit(x, values, 5)
    slope = np.polynomial.chebyshev.chebder(series) * (2.0 / _ONSET_RANGE)
    return (
        float(np.polynomial.chebyshev.chebval(-1.0, series)),
        float(np.polynomial.chebyshev.chebval(-1.0, slope)),
    )


def _perfect(equations: Equations) -> tuple[float, float]:
    """ln alpha above which v = 0 is stable, and how far up in ln r there is anything to see."""
    t = np.arange(2.0, 60.5, 0.5)
    mmse = equations.prior.evaluate(np.exp(t)).mmse
    visible = t[mmse > _LEAST_MMSE]
    top = float(visible[-1])
    at = equations.log_alpha(np.array([top - 1.0, top]))
    slope = float(at[1] - at[0])
    if slope > 1e-3:
        return math.inf, top
    return (float(at[1]), top) if slope > -1e-3 else (-math.inf, top)
