"""The mean slope of a piecewise affine activation, where its terms cancel almost entirely."""

from __future__ import annotations

from nishimori.activations.base import AffinePieces

__all__ = ["exact_slope"]

_DIGITS = 25
_MOST_DIGITS = 1600


def exact_slope(pieces: AffinePieces, c: float) -> float:
    r"""kappa = E phi'(sqrt(c) z), jumps included, to rounding; 0 if 1,600 digits cancel.

    With slopes a_k on (t_k, t_{k+1}) and jumps J_k at t_k, x_k = t_k/sqrt(c),

    .. math:: \kappa = \sum_k a_k [\Phi(x_{k+1}) - \Phi(x_k)] + \sum_k J_k \phi(x_k)/\sqrt c.

    A fast oscillation leaves exp(-omega^2 c/2) of terms of order one, so as many digits are carried
    as cancel.
    """
    from mpmath import mp, mpf, ncdf, npdf, sqrt

    digits = 2 * _DIGITS
    jumps = set(pieces.jumps)
    while digits <= _MOST_DIGITS:
        with mp.workdps(digits):
            root = sqrt(mpf(c))
            scaled = [mpf(t) / root for t in pieces.breakpoints]
            below = [mpf(0), *(ncdf(x) for x in scaled), mpf(1)]
            terms = [
                mpf(a) * (high - low)
                for a, low, high in zip(pieces.slopes, below[:-1], below[1:], strict=True)
            ]
            for k, t in enumerate(pieces.breakpoints):
                if t in jumps:
                    left = mpf(pieces.slopes[k]) * mpf(t) + mpf(pieces.intercepts[k])
                    right = mpf(pieces.slopes[k + 1]) * mpf(t) + mpf(pieces.intercepts[k + 1])
                    terms.append((right - left) * npdf(scaled[k]) / root)
            total = mp.fsum(terms)
            size = mp.fsum(terms, absolute=True)
            if size == 0:
                return 0.0
            lost = digits if total == 0 else int(mp.log10(size / abs(total)))
            if digits - lost >= _DIGITS:
                return float(total)
        digits = lost + 2 * _DIGITS if lost < digits - 5 else 2 * digits
    return 0.0
