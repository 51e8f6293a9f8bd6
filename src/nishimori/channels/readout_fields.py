"""Integrals over the known field: panels, halved until what is integrated is resolved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nishimori.activations.base import Activation
from nishimori.channels.base import FloatArray
from nishimori.channels.readout_panels import panel_edges, remainder

__all__ = ["REACH", "Sums", "first_edges", "is_folded", "known_sums", "level", "span", "within"]

REACH = 8.5  # standard deviations; what lies beyond has a mass of 2e-17
_NODES = 16
_ROUGH = 3e-13  # of the whole: a panel is halved while its error may be larger
_MOST = 2000  # panels

# from known fields, how far the unknown part reaches and the weights of the fields, to the
# quantities to be integrated, shape (quantity, field), and the error of the first one's integral
Integrand = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, float]]


@dataclass(frozen=True)
class Sums:
    """The integrals, the error of the first one, and the edges of the panels that it took."""

    values: FloatArray
    error: float
    edges: FloatArray


def span(total: float, offset: float) -> tuple[float, float]:
    """Fields that count, rounded up so that neighbouring requests share one table."""
    reach = 9.0 * 2.0 ** (0.25 * math.ceil(2.0 * math.log2(total) - 1e-9))
    return offset - reach, offset + reach


def level(value: float) -> float:
    """`value` rounded down to half an octave."""
    return float(2.0 ** (0.5 * math.floor(2.0 * math.log2(value))))


def is_folded(activation: Activation, offset: float) -> bool:
    """Whether omega and -omega count the same."""
    return offset == 0.0 and activation.parity != "none"


def first_edges(
    activation: Activation, signal: float, variance: float, offset: float
) -> FloatArray:
    """Edges of panels of the known field: no feature of the readout falls between them."""
    width = REACH * math.sqrt(signal)
    low, high = offset - width, offset + width
    if is_folded(activation, offset):
        low = offset
    root = math.sqrt(variance)
    cuts = [low, high]
    for t in activation.breakpoints:
        d = root
        cuts.append(t)
        while d < 2.0 * width:
            cuts += [t - d, t + d]
            d *= 3.0
    cuts += list(panel_edges(activation, *span(signal + variance, offset), math.inf)[0])
    kept = [low]
    closest = max(0.5 * root, 1e-13 * abs(offset))
    for t in sorted(cuts):
        if t - kept[-1] > min(closest, 0.3 * width) and t < high:
            kept.append(t)
    kept.append(high)
    edges = np.array(kept)
    parts = np.ceil(np.diff(edges) / (3.0 * math.sqrt(signal))).astype(int)
    fine = [
        a + (b - a) * np.arange(n) / n for a, b, n in zip(edges[:-1], edges[1:], parts, strict=True)
    ]
    return np.append(np.concatenate(fine), high)


def within(edges: FloatArray, activation: Activation, signal: float, offset: float) -> FloatArray:
    """The edges that lie in the range of a known field of variance `signal`, and its ends."""
    width = REACH * math.sqrt(signal)
    low = offset if is_folded(activation, offset) else offset - width
    high = offset + width
    closest = 1e-3 * width
    inside = edges[(edges > low + closest) & (edges < high - closest)]
    return np.concatenate([[low], inside, [high]])


def known_sums(
    integrand: Integrand,
    folded: bool,
    signal: float,
    offset: float,
    edges: FloatArray,
    scale: float | None = None,
) -> Sums:
    """Integrals over omega ~ N(offset, signal), from panels that are halved where it takes it.

    Where `folded`, the panels cover one half only. `scale` is what the second quantity is compared
    with, the first one's integral by default.
    """
    from nishimori._kernels.rules import gauss_legendre

    nodes, weights = gauss_legendre(_NODES)
    root = math.sqrt(signal)
    twice = 2.0 if folded else 1.0
    low, high = edges[:-1], edges[1:]
    taken = [edges]
    total: FloatArray | None = None
    error = largest = 0.0
    while True:
        half = 0.5 * (high - low)[:, None]
        x = ((low - offset)[:, None] + half + half * nodes) / root
        density = np.exp(-0.5 * x * x) / (math.sqrt(2.0 * math.pi) * root) * half
        reach = np.sqrt(np.maximum(REACH**2 - x * x, 9.0)).ravel()
        share = (density * weights).ravel()
        found, doubt = integrand((offset + root * x).ravel(), reach, share)
        values = found.reshape(-1, *x.shape) * density
        parts = values @ weights
        largest = max(largest, float(np.abs(parts[0]).sum()))
        rough = remainder(values[0])
        # halving does not help against the error of the values
        split = rough > max(_ROUGH * largest, doubt)
        if len(parts) > 1:
            split |= remainder(values[1]) > _ROUGH * (largest if scale is None else scale)
        split &= (high - low > 1e-14 * (np.abs(low) + np.abs(high))) & (low.size <= _MOST)
        done = parts[:, ~split].sum(axis=1)
        total = done if total is None else total + done
        error += float(rough[~split].sum()) + (0.0 if split.any() else doubt)
        if not split.any():
            break
        middle = 0.5 * (low + high)[split]
        taken.append(middle)
        low, high = np.append(low[split], middle), np.append(middle, high[split])
    return Sums(twice * total, twice * error, np.unique(np.concatenate(taken)))
