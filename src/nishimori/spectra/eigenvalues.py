"""A covariance given by its eigenvalues."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from nishimori.arguments import shown
from nishimori.errors import BadArgument
from nishimori.spectra.base import FloatArray, Spectrum
from nishimori.spectra.compression import compress

__all__ = ["Eigenvalues"]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Eigenvalues(Spectrum):
    r"""Inputs whose covariance has the given eigenvalues, all seen by Gaussian weights.

    Parameters
    ----------
    values : array_like
        At least 0, not all 0; at least one. They are not rescaled: `mean` is tr(Sigma)/d.
    weights : array_like, optional
        The share of each value, at least 0, of sum 1; equal shares by default.

    Raises
    ------
    BadArgument
        If a value is negative or not finite, all are 0 or there is none, or the weights do not
        sum to one.

    Notes
    -----
    Averages over the eigenvalues in one octave [2^k, 2^(k+1)) are those over the polynomial that
    interpolates at 22 Chebyshev nodes x_j, whose weights are means of the Lagrange basis,

    .. math:: w_j = \tfrac2m \sum_n{}' T_n(x_j) \langle T_n \rangle,

    so a million eigenvalues are read once; few of them are kept as they are.

    Examples
    --------
    >>> import nishimori as nm
    >>> spectrum = nm.spectra.Eigenvalues([0.5, 1.5])
    >>> spectrum
    Eigenvalues(2 values, mean=1)
    >>> glm = nm.GLM(channel=nm.channels.Linear(noise=0.1), spectrum=spectrum)
    >>> print(f"{glm.solve(0.1).mmse:.12f}")
    0.889219967296
    """

    values: FloatArray
    shares: FloatArray

    def __init__(self, values: ArrayLike, weights: ArrayLike | None = None) -> None:
        points = _vector("values", values)
        if points.size == 0:
            raise BadArgument("Eigenvalues: values must hold at least one eigenvalue, got none")
        bad = ~(np.isfinite(points) & (points >= 0.0))
        if bad.any():
            raise BadArgument(
                "Eigenvalues: values must be finite and at least 0, "
                f"got {points[bad][0]:g} at position {int(np.argmax(bad))}"
            )
        if weights is None:
            shares = np.full(points.size, 1.0 / points.size)
        else:
            shares = _vector("weights", weights)
            if shares.shape != points.shape:
                raise BadArgument(
                    "Eigenvalues: weights must be as many as the values, "
                    f"got {shares.size} for {points.size}"
                )
            if not (np.isfinite(shares).all() and (shares >= 0.0).all()):
                raise BadArgument("Eigenvalues: weights must be finite and at least 0")
            total = float(shares.sum())
            if abs(total - 1.0) > 1e-9:
                raise BadArgument(
                    f"Eigenvalues: weights must sum to one, and these sum to {total:.10g}"
                )
            shares = shares / total
        if not (points * shares).any():
            raise BadArgument("Eigenvalues: at least one of the values must be positive, all are 0")
        for name, array in (("values", points), ("shares", shares)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @cached_property
    def mean(self) -> float:
        """tr(Sigma)/d."""
        return float(np.sum(self.values * self.shares))

    @cached_property
    def _rule(self) -> tuple[FloatArray, FloatArray]:
        return compress(self.values, self.shares)

    @cached_property
    def _key(self) -> tuple[bytes, bytes]:
        return self.values.tobytes(), self.shares.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Eigenvalues) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def expression_arguments(self) -> dict[str, FloatArray]:
        """What makes it again: `weights` is the quadrature rule's here."""
        return {"weights": self.shares}

    def __repr__(self) -> str:
        return f"Eigenvalues({self.values.size} values, mean={self.mean:g})"

    def __str__(self) -> str:
        return f"eigenvalues ({self.values.size} values, mean {self.mean:g})"


def _vector(name: str, values: ArrayLike) -> FloatArray:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadArgument(f"Eigenvalues: {name} must be numbers, got {shown(values)}") from None
    if array.ndim > 1:
        raise BadArgument(f"Eigenvalues: {name} must be a list, got shape {array.shape}")
    return np.atleast_1d(array)
