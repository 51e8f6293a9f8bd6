"""The law of (label, field) as labels on a grid, and Gaussians of the student's output for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels.rules import gauss_legendre
from nishimori.channels import Channel
from nishimori.channels.laws import LabelLaw, field_rule
from nishimori.erm.label_kinks import preimages

__all__ = ["LabelGrid", "label_grid", "widest_panel"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Turns = Callable[[float, float], FloatArray]

_LEAST = 1e-20  # weights below do not count
_REACH = 9.0  # standard deviations
_STEP = 2.2  # standard deviations of a panel
_PANELS = 500  # of the label
_BLOCK = 64  # labels whose likelihoods are held at a time


class LabelGrid(NamedTuple):
    """Label k comes from the sources first[k], ..., first[k + 1] - 1.

    A source is a value that h + N(0, variance) takes around its mean, with a weight. Sources of
    variance 0 are values of h.
    """

    labels: FloatArray
    first: IntArray
    base: FloatArray
    variance: FloatArray
    weight: FloatArray


def label_grid(
    channel: Channel,
    variance: float,
    offset: float,
    finest: float,
    finest_label: float,
    count: int,
    turns: Turns,
) -> LabelGrid:
    """Labels and their sources; h ~ N(offset, variance).

    No panel of the field is wider than `finest`, none of a continuous label than `finest_label`,
    and panels of a continuous label begin anew at the places that `turns` finds in its range.
    """
    noise = channel.additive_noise()
    if noise is not None:
        return _additive(variance, *noise, finest_label, count, turns)
    scales = channel.field_scales(variance, offset)
    h, w = field_rule(variance, offset, scales, finest, count)
    law = channel.label_law(h)
    smooth = _widest(law, h)
    if smooth is not None:
        steepest, least = smooth
        needed = min(_STEP * least, finest_label) / max(steepest, 1e-300)
        if least == math.inf:  # labels turn where the field makes them
            turning = turns(float(law.values.min()), float(law.values.max()))
            places = preimages(channel, h, np.append(turning, 0.0))
            scales = (*scales, *((place, 0.0) for place in places.tolist()))
        h, w = field_rule(variance, offset, scales, min(finest, needed), count)
        law = channel.label_law(h)
        if least < math.inf:
            return _smeared(law, h - offset, w, finest_label, count, turns)
    values, weights, field = np.broadcast_arrays(
        law.values, law.weights * w[:, None], (h - offset)[:, None]
    )
    kept = weights > _LEAST
    return _sorted(values[kept], field[kept], np.zeros(int(kept.sum())), weights[kept])


def widest_panel(channel: Channel, variance: float, offset: float) -> float:
    """Of a continuous label, if the output is no narrower; 0 for discrete labels."""
    noise = channel.additive_noise()
    if noise is not None:
        return _STEP * math.sqrt(variance + float(noise[0].min()))
    h, _ = field_rule(variance, offset, channel.field_scales(variance, offset))
    smooth = _widest(channel.label_law(h), h)
    if smooth is None:
        return 0.0
    steepest, least = smooth
    return min(_STEP * least, 1.5 * math.sqrt(variance) * steepest)


def _widest(law: LabelLaw, h: FloatArray) -> tuple[float, float] | None:
    """How fast labels move with the field, and their least noise; None for discrete labels."""
    least = math.inf
    if np.any(law.variances > 0.0):
        least = math.sqrt(float(law.variances[law.variances > 0.0].min()))
    elif law.values.shape != (h.size, 1):  # a function of the field has one value for each
        return None
    steps = np.abs(np.diff(np.broadcast_to(law.values, (h.size, law.values.shape[1])), axis=0))
    return float((steps / np.diff(h)[:, None]).max(initial=0.0)), least


def _additive(
    variance: float,
    noise: FloatArray,
    chance: FloatArray,
    finest: float,
    count: int,
    turns: Turns,
) -> LabelGrid:
    """Labels h + noise are Gaussian, whatever the field."""
    noise, chance = noise[chance > _LEAST], chance[chance > _LEAST]
    total = variance + noise
    root = np.sqrt(total)
    reach = _REACH * float(root.max())
    y, w = _nodes(-reach, reach, min(_STEP * float(root.min()), finest), count, turns)
    density = np.exp(-0.5 * np.square(y[:, None]) / total) / (root * math.sqrt(2.0 * math.pi))
    values, weights, variances = np.broadcast_arrays(
        y[:, None], w[:, None] * density * chance, noise
    )
    kept = weights > _LEAST
    return _sorted(values[kept], values[kept], variances[kept], weights[kept])


def _smeared(
    law: LabelLaw, field: FloatArray, w: FloatArray, finest: float, count: int, turns: Turns
) -> LabelGrid:
    """Labels with Gaussian noise around a function of the field."""
    centre, weight, variance, h = (
        a.ravel()
        for a in np.broadcast_arrays(
            law.values, law.weights * w[:, None], law.variances, field[:, None]
        )
    )
    kept = weight > _LEAST
    centre, weight, variance, h = centre[kept], weight[kept], variance[kept], h[kept]
    root = np.sqrt(variance)
    least = float(root.min())
    low, high = float((centre - _REACH * root).min()), float((centre + _REACH * root).max())
    y, step = _nodes(low, high, min(_STEP * least, finest), count, turns)
    parts = []
    for start in range(0, y.size, _BLOCK):
        these = y[start : start + _BLOCK, None]
        z = (these - centre) / root
        density = np.exp(-0.5 * z * z) / (root * math.sqrt(2.0 * math.pi))
        chance = density * weight * step[start : start + _BLOCK, None]
        where = chance > _LEAST
        label, source = np.nonzero(where)
        parts.append((these[label, 0], h[source], chance[where]))
    labels, fields, chances = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return _sorted(labels, fields, np.zeros(fields.size), chances)


def _nodes(
    low: float, high: float, widest: float, count: int, turns: Turns
) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights between two labels; 0 and the places where the loss turns are edges."""
    inner = np.unique(np.append(turns(low, high), 0.0))
    pieces = [low, *inner[(inner > low) & (inner < high)].tolist(), high]
    edges = np.array([low])
    for start, end in pairwise(pieces):
        panels = min(math.ceil((end - start) / widest), _PANELS)
        edges = np.concatenate([edges, np.linspace(start, end, panels + 1)[1:]])
    half = 0.5 * np.diff(edges)[:, None]
    x, w = gauss_legendre(count)
    return (edges[:-1, None] + half * (1.0 + x)).ravel(), (half * w).ravel()


def _sorted(
    label: FloatArray, base: FloatArray, variance: FloatArray, weight: FloatArray
) -> LabelGrid:
    order = np.argsort(label, kind="stable")
    labels, first = np.unique(label[order], return_index=True)
    ends = np.append(first, label.size).astype(np.int64)
    return LabelGrid(labels, ends, base[order], variance[order], weight[order])
