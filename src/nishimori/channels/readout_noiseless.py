"""Noiseless readouts that are strictly monotone: the label tells the field."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nishimori.activations import ELU, Erf, Sigmoid, Softplus, Tanh
from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray, Information
from nishimori.channels.readout_smooth import SmoothReadout
from nishimori.errors import BadArgument

__all__ = ["NoiselessReadout"]


def _log_slope(activation: Activation, h: FloatArray) -> FloatArray | None:
    """ln f'(h), without underflow, of an activation known to be strictly increasing."""
    if isinstance(activation, Tanh):
        x = np.abs(activation.gain * h)
        return math.log(activation.gain) - 2.0 * (x + np.log1p(np.exp(-2.0 * x)) - math.log(2.0))
    if isinstance(activation, Erf):
        x = activation.gain * h
        return math.log(2.0 * activation.gain / math.sqrt(math.pi)) - x * x
    if isinstance(activation, Softplus):
        return -np.logaddexp(0.0, -activation.gain * h)
    if isinstance(activation, Sigmoid):
        x = np.abs(activation.gain * h)
        return math.log(activation.gain) - x - 2.0 * np.log1p(np.exp(-x))
    if isinstance(activation, ELU) and activation.alpha > 0.0:
        return np.where(h > 0.0, 0.0, math.log(activation.alpha) + h)
    return None


@dataclass(frozen=True)
class NoiselessReadout:
    """f(h) itself, f not piecewise affine."""

    activation: Activation

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        if _log_slope(self.activation, np.zeros(1)) is None:
            raise BadArgument(
                f"Readout: {self.activation} is neither piecewise affine nor known to be strictly "
                "monotone, and needs noise > 0"
            )
        stretch: dict[float, float] = {}
        total = signal + variance
        for t in np.unique(total):
            stretch[float(t)] = self._stretch(float(t), offset)
        with np.errstate(divide="ignore"):
            fisher = 1.0 / variance
            entropy = -0.5 * np.log(2.0 * math.pi * math.e * variance)
        entropy -= np.array([stretch[float(t)] for t in total])
        return Information(fisher, entropy, np.full(signal.size, 2e-16))

    def _stretch(self, total: float, offset: float) -> float:
        """E ln f'(h), h ~ N(offset, total)."""
        from nishimori._kernels.rules import gauss_legendre

        nodes, weights = gauss_legendre(24)
        unit = float(getattr(self.activation, "gain", 1.0))
        root = math.sqrt(total)
        # cut at zero on the activation's own scale, doubling outwards, and on the Gaussian's
        own = np.append(0.0, 2.0 ** np.arange(-1.0, 12.0)) / unit
        reach = 9.0 * root
        edges = np.concatenate(
            [own, -own, offset + root * np.arange(-9.0, 10.0, 1.5)] if root else [own]
        )
        edges = np.unique(edges[(edges >= offset - reach) & (edges <= offset + reach)])
        if edges.size < 2:
            slope = _log_slope(self.activation, np.array([offset]))
            assert slope is not None
            return float(slope[0])
        half = 0.5 * np.diff(edges)[:, None]
        h = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * nodes).ravel()
        mass = (half * weights).ravel() * np.exp(-0.5 * ((h - offset) / root) ** 2)
        slope = _log_slope(self.activation, h)
        assert slope is not None
        return float(mass @ slope / (root * math.sqrt(2.0 * math.pi)))

    def spread(self, signal: FloatArray, variance: FloatArray, offset: float) -> FloatArray:
        """E Var[f(h) | omega]."""
        return SmoothReadout(self.activation, 0.0).spread(signal, variance, offset)
