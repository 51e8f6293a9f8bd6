"""Labels at which a loss of label and output has a kink or a jump, whatever the output."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Channel
from nishimori.erm.panels import resolved
from nishimori.errors import BadArgument

__all__ = ["kinks_in_label", "preimages"]

FloatArray = NDArray[np.float64]

_OUTPUTS = np.array([0.31, -0.77, 1.93])  # in units of a ninth of the labels' range
_MOST = 32
_NEAR = 1e-10  # relative distance of kinks that are the same
_GAP = 2e-4  # relative, of a jump from where panels see it
_BISECTIONS = 60


def kinks_in_label(
    loss: Callable[[FloatArray, FloatArray], FloatArray], low: float, high: float
) -> FloatArray:
    """Places in [low, high]; not those that move with the output, as z itself does.

    They are the common ones of several outputs. Where the loss is not a number there are none.
    """
    base = np.unique(np.append(np.linspace(low, high, 33), np.clip(0.0, low, high)))
    found = []
    for z in _OUTPUTS * (max(abs(low), abs(high)) / 9.0):
        try:
            places = resolved(_slice(loss, z), base, "Custom", "y =")[2]
        except BadArgument:
            return np.zeros(0)
        inner = places[(places > low) & (places < high)]
        found.append(_exact(_slice(loss, z), inner))
    common = []
    for k, places in enumerate(found):
        others = np.concatenate([*found[:k], *found[k + 1 :]])
        near = np.abs(places[:, None] - others) < 1e-8 * (1.0 + np.abs(places[:, None]))
        common.append(places[near.any(axis=1)])
    kinks = np.unique(np.concatenate(common))
    if kinks.size > _MOST:  # no kinks, but a function that panels do not resolve
        return np.zeros(0)
    apart = np.diff(kinks, prepend=-np.inf) > _NEAR * np.maximum(1.0, np.abs(kinks))
    return kinks[apart]


def preimages(channel: Channel, fields: FloatArray, labels: FloatArray) -> FloatArray:
    """Where the label of a channel without noise passes each of `labels`, between the `fields`."""
    places = [np.zeros(0)]
    for y in labels:
        for passed in (np.greater, np.greater_equal):  # both ends of a plateau
            above = passed(channel.label_law(fields).values[:, 0], y)
            at = np.flatnonzero(above[1:] != above[:-1])
            left, right = fields[at], fields[at + 1]
            for _ in range(_BISECTIONS if at.size else 0):
                middle = 0.5 * (left + right)
                same = passed(channel.label_law(middle).values[:, 0], y) == above[at]
                left, right = np.where(same, middle, left), np.where(same, right, middle)
            places.append(0.5 * (left + right))
    return np.unique(np.concatenate(places))


def _slice(
    loss: Callable[[FloatArray, FloatArray], FloatArray], z: float
) -> Callable[[FloatArray], FloatArray]:
    return lambda y: loss(y, np.full_like(y, z))


def _exact(function: Callable[[FloatArray], FloatArray], places: FloatArray) -> FloatArray:
    """Jumps to the last digit, by bisection; kinks as they are.

    Panels may miss a jump by as much as the gap between their end and the nearest node.
    """
    width = _GAP * np.maximum(1.0, np.abs(places))
    left, right = places - width, places + width
    with np.errstate(all="ignore"):
        one, two = function(left), function(right)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (left + right)
            value = function(middle)
            upper = np.abs(two - value) > np.abs(value - one)
            left, one = np.where(upper, middle, left), np.where(upper, value, one)
            right, two = np.where(upper, right, middle), np.where(upper, two, value)
        jumps = np.abs(two - one) > 1e-6 * (np.abs(one) + np.abs(two))
    return np.where(jumps, right, places)
