"""The moments of a field given its label by quadrature, for laws without a closed form."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Channel
from nishimori.simulate.adaptive_weights import cells_of, weigh
from nishimori.simulate.log_likelihoods import LogLikelihood, log_likelihood
from nishimori.simulate.truncated_normals import HALF_LOG_2PI, Moments

__all__ = ["CELLS", "numerical_posterior"]

FloatArray = NDArray[np.float64]

CELLS = 400
"""The most cells that a row begins with; more come where they are needed."""

_ROWS = 200  # labels that are averaged over at a time
_REACH = 10.0  # standard deviations of the field that are looked at, at first
_WIDEST = 2.0  # cell, in standard deviations
_NEGLIGIBLE = 37.0
_FARTHEST = 1e5  # standard deviations
_NOTHING_SEEN = 60.0  # how far a label is looked for that is impossible within the first reach


def numerical_posterior(
    channel: Channel, y: FloatArray, omega: FloatArray, variance: FloatArray
) -> Moments:
    """E[t|y], 1 - Var[t|y] and ln Z of h = omega + sqrt(variance) t; one-dimensional arrays."""
    law = log_likelihood(channel)
    shift, response, log_evidence = (np.empty_like(omega) for _ in range(3))
    for start in range(0, omega.size, _ROWS):
        part = np.arange(start, min(start + _ROWS, omega.size))
        reach = np.full(part.size, math.sqrt(_REACH * _REACH + 2.0 * law.ceiling))
        while part.size:
            found, needed = _averages(law, y[part], omega[part], variance[part], reach)
            for whole, piece in zip((shift, response, log_evidence), found, strict=True):
                whole[part] = piece
            # what is beyond the reach may weigh more where the label is far from its field
            short = (needed > reach) & (reach < _FARTHEST)
            part, reach = part[short], np.minimum(needed[short] * 1.01, _FARTHEST)
    return shift, response, log_evidence


def _averages(
    law: LogLikelihood, y: FloatArray, omega: FloatArray, variance: FloatArray, reach: FloatArray
) -> tuple[Moments, FloatArray]:
    """The moments, and how far one must look to see all that counts."""
    width = np.sqrt(variance)

    def log_weight(row: NDArray[np.intp], t: FloatArray) -> FloatArray:
        h = omega[row, None] + width[row, None] * t
        return law.value(y[row, None], h) - 0.5 * np.square(t)

    cuts = (np.asarray(law.cuts) - omega[:, None]) / width[:, None]
    longest = min(_WIDEST, law.length / float(width.max()))
    longest = max(longest, 2.0 * float(reach.max()) / CELLS)
    found = weigh(log_weight, cells_of(-reach, reach, longest, cuts))
    shift = found.mean(found.point)
    left = found.mean(np.square(found.point - shift[found.row]))
    log_evidence = found.log_total - HALF_LOG_2PI + law.log_norm
    # beyond t^2/2 = ceiling - top + 37 all is negligible beside the largest weight, exp(top)
    nothing = np.isneginf(found.log_top)
    top = np.where(nothing, 0.0, found.log_top)
    needed = np.sqrt(2.0 * np.maximum(law.ceiling - top + _NEGLIGIBLE, 0.0))
    shift, left = np.where(nothing, 0.0, shift), np.where(nothing, 1.0, left)
    log_evidence = np.where(nothing, -np.inf, log_evidence)
    return (shift, 1.0 - left, log_evidence), np.where(nothing, _NOTHING_SEEN, needed)
