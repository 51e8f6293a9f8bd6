r"""What a label tells about its field h ~ N(omega, V): the moments of h given y, every channel.

In units of :math:`\sqrt V` around omega, with :math:`Z(y, \omega) = E\, P_{out}(y|h)`:

.. math:: g = \partial_\omega \ln Z = \frac{E[t|y]}{\sqrt V}, \qquad
          -\partial_\omega g = \frac{1 - Var[t|y]}{V}, \qquad h = \omega + \sqrt V t.

Labels whose law is made of intervals and straight lines leave the field a mixture of truncated
normal variables; a noiseless monotone readout is inverted; every other law is averaged
numerically, in `numerical_posteriors`.
"""

from __future__ import annotations

import math
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.channels import Channel, Door, Laplace, Linear, Ordinal, Readout, Sign
from nishimori.errors import BadArgument
from nishimori.simulate.numerical_posteriors import numerical_posterior
from nishimori.simulate.readout_posteriors import (
    affine_pieces,
    affine_posterior,
    inverted_posterior,
)
from nishimori.simulate.truncated_normals import HALF_LOG_2PI, mix, truncated

__all__ = ["FieldPosterior", "field_posterior", "output_score"]

FloatArray = NDArray[np.float64]


class FieldPosterior(NamedTuple):
    """E[t|y], 1 - Var[t|y] and ln Z; ln Z = -inf for a label that the channel cannot give."""

    shift: FloatArray
    response: FloatArray
    log_evidence: FloatArray


def output_score(
    channel: Channel, y: ArrayLike, omega: ArrayLike, variance: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    r"""g = d ln Z/d omega and -dg/d omega, of the shape that the arguments broadcast to.

    Parameters
    ----------
    channel : Channel
    y : array_like
        Labels.
    omega, variance : array_like
        Mean and variance V > 0 of the fields, the offset and the structural noise included.

    Raises
    ------
    BadArgument
        If a label cannot come from the channel, or the channel is not one of the package.

    Examples
    --------
    A sign where nothing is known of the field: sqrt(2/pi) and 2/pi.

    >>> import nishimori as nm
    >>> from nishimori.simulate.field_posteriors import output_score
    >>> score, curvature = output_score(nm.channels.Sign(), 1.0, 0.0, 1.0)
    >>> print(f"{score:.12f} {curvature:.12f}")
    0.797884560803 0.636619772368
    """
    label, mean, v = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (y, omega, variance))
    )
    if not (np.isfinite(v) & (v > 0.0)).all():
        raise BadArgument("output_score: variance must be finite and positive")
    flat = field_posterior(channel, label.ravel(), mean.ravel(), v.ravel())
    impossible = ~np.isfinite(flat.log_evidence)
    if impossible.any():
        wrong = label.ravel()[impossible][0]
        raise BadArgument(f"the label y = {wrong:g} has no probability under {channel}")
    score = flat.shift / np.sqrt(v.ravel())
    curvature = flat.response / v.ravel()
    return score.reshape(label.shape)[()], curvature.reshape(label.shape)[()]


@singledispatch
def field_posterior(
    channel: Channel, y: FloatArray, omega: FloatArray, variance: FloatArray
) -> FieldPosterior:
    """Of fields N(omega, variance) given their labels; three one-dimensional arrays."""
    return FieldPosterior(*numerical_posterior(channel, y, omega, variance))


@field_posterior.register
def _(channel: Linear, y: FloatArray, omega: FloatArray, variance: FloatArray) -> FieldPosterior:
    total = variance + channel.noise
    miss = y - omega
    log_evidence = -0.5 * (np.square(miss) / total + np.log(total)) - HALF_LOG_2PI
    return FieldPosterior(np.sqrt(variance) * miss / total, variance / total, log_evidence)


@field_posterior.register
def _(channel: Sign, y: FloatArray, omega: FloatArray, variance: FloatArray) -> FieldPosterior:
    up = y > 0.0
    # mirrored so that the label's own side is t > border
    border = np.where(up, -omega, omega) / np.sqrt(variance + channel.noise)
    infinite = np.full_like(border, np.inf)
    parts = [truncated(border, infinite)]
    logs = [math.log1p(-channel.flip)]
    if channel.flip > 0.0:
        parts.append(truncated(-infinite, border))
        logs.append(math.log(channel.flip))
    masses, means, spreads = (np.stack(column) for column in zip(*parts, strict=True))
    log_evidence, shift, left = mix(masses + np.array(logs)[:, None], means, spreads)
    shift = np.where(up, shift, -shift)
    found = _without_noise(shift, left, log_evidence, variance, channel.noise)
    return found._replace(log_evidence=np.where(np.abs(y) == 1.0, log_evidence, -np.inf))


@field_posterior.register
def _(channel: Door, y: FloatArray, omega: FloatArray, variance: FloatArray) -> FieldPosterior:
    width = np.sqrt(variance)
    low, high = (-channel.threshold - omega) / width, (channel.threshold - omega) / width
    infinite = np.full_like(low, np.inf)
    inside = y > 0.0
    parts = [
        truncated(np.where(inside, low, -infinite), np.where(inside, high, low)),
        truncated(np.where(inside, infinite, high), infinite),  # the other side, or nothing
    ]
    log_weights, means, spreads = (np.stack(column) for column in zip(*parts, strict=True))
    log_evidence, shift, left = mix(log_weights, means, spreads)
    log_evidence = np.where(np.abs(y) == 1.0, log_evidence, -np.inf)
    return FieldPosterior(shift, 1.0 - left, log_evidence)


@field_posterior.register
def _(channel: Ordinal, y: FloatArray, omega: FloatArray, variance: FloatArray) -> FieldPosterior:
    edges = np.array([-math.inf, *channel.thresholds, math.inf])
    known = (y == np.rint(y)) & (y >= 0.0) & (y < edges.size - 1)
    label = np.where(known, y, 0.0).astype(np.intp)
    width = np.sqrt(variance + channel.noise)
    low, high = (edges[label] - omega) / width, (edges[label + 1] - omega) / width
    log_evidence, shift, left = truncated(low, high)
    log_evidence = np.where(known, log_evidence, -np.inf)
    return _without_noise(shift, left, log_evidence, variance, channel.noise)


@field_posterior.register
def _(channel: Laplace, y: FloatArray, omega: FloatArray, variance: FloatArray) -> FieldPosterior:
    width = np.sqrt(variance)
    label, tilt = (y - omega) / width, width / channel.scale
    infinite = np.full_like(label, np.inf)
    parts = []
    for side, low, high in ((1.0, -infinite, label), (-1.0, label, infinite)):
        # exp(-side (label - t) tilt) turns N(0, 1) into N(side tilt, 1), with a weight
        mass, mean, spread = truncated(low - side * tilt, high - side * tilt)
        parts.append((mass - side * label * tilt + 0.5 * tilt * tilt, mean + side * tilt, spread))
    log_weights, means, spreads = (np.stack(column) for column in zip(*parts, strict=True))
    log_evidence, shift, left = mix(log_weights, means, spreads)
    return FieldPosterior(shift, 1.0 - left, log_evidence - math.log(2.0 * channel.scale))


@field_posterior.register
def _(channel: Readout, y: FloatArray, omega: FloatArray, variance: FloatArray) -> FieldPosterior:
    pieces = affine_pieces(channel.activation)
    if pieces is not None:
        found = affine_posterior(pieces, channel.noise, y, omega, variance)
    elif channel.noise == 0.0:
        found = inverted_posterior(channel.activation, y, omega, variance)
    else:
        return FieldPosterior(*numerical_posterior(channel, y, omega, variance))
    log_evidence, shift, left = found
    return FieldPosterior(shift, 1.0 - left, log_evidence)


def _without_noise(
    shift: FloatArray,
    left: FloatArray,
    log_evidence: FloatArray,
    variance: FloatArray,
    noise: float,
) -> FieldPosterior:
    """From the posterior of h + sqrt(noise) z, in units of its own width, to that of h."""
    share = variance / (variance + noise)
    return FieldPosterior(np.sqrt(share) * shift, share * (1.0 - left), log_evidence)
