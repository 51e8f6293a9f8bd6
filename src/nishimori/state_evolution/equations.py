"""The fixed-point equations of a GLM, as an explicit map from the conjugate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Channel
from nishimori.glm import GLM
from nishimori.priors import Prior
from nishimori.spectra import Isotropic

__all__ = ["Equations", "Point"]

FloatArray = NDArray[np.float64]


class Point(NamedTuple):
    """Everything that follows from the conjugate r alone; arrays of one shape.

    ``log_alpha`` is the logarithm of the one sample ratio at which r is a fixed point;
    ``error`` the relative error of the channel's fisher.
    """

    log_alpha: FloatArray
    overlap: FloatArray
    mmse: FloatArray
    entropy: FloatArray
    deficit: FloatArray
    mmse_slope: FloatArray
    overlap_slope: FloatArray
    error: FloatArray


@dataclass(frozen=True)
class Equations:
    r"""State evolution of one GLM,

    .. math:: q = Q(r), \qquad r = \alpha \lambda F(\lambda q, \lambda v + \eta),

    read backwards: :math:`\alpha(r) = r/(\lambda F(Q(r)))` is explicit (one sample ratio per
    conjugate), so one sweep over ln r traces every branch.

    Channels whose labels carry no unit are worked in units of lambda + eta, so a tiny
    ``signal_variance`` overflows nowhere.
    """

    channel: Channel
    prior: Prior
    signal_variance: float
    noise_variance: float
    offset: float
    input_second_moment: float = 1.0
    variance_error: float = 0.0

    @classmethod
    def of(cls, problem: GLM) -> Equations:
        """The equations of `problem`, in units that suit its channel."""
        signal, noise = problem.signal_variance, problem.noise_variance
        channel, offset, moment = problem.channel, problem.offset, problem.spectrum.mean
        prior = problem.prior
        if not isinstance(problem.spectrum, Isotropic):
            prior = problem.spectrum.gaussian_prior()
        total = signal * moment + noise
        scaled = channel.in_units_of(total) if total > 0.0 else None
        if scaled is not None and 0.0 < total < math.inf:
            signal, noise = signal / total, noise / total
            channel, offset = scaled, offset / math.sqrt(total)
        if channel.ignores_offset:
            offset = 0.0
        return cls(channel, prior, signal, noise, offset, moment, problem.variance_error)

    @property
    def total_variance(self) -> float:
        """Variance of the field around its offset."""
        return self.signal_variance * self.input_second_moment + self.noise_variance

    def channel_arguments(
        self, overlap: FloatArray, mmse: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """s2 and V, the known and unknown parts of a field's variance."""
        return self.signal_variance * overlap, self.signal_variance * mmse + self.noise_variance

    def at(self, log_conjugate: FloatArray) -> Point:
        """Evaluate at ln r."""
        denoised = self.prior.evaluate(np.exp(log_conjugate))
        signal, variance = self.channel_arguments(denoised.overlap, denoised.mmse)
        known = self.channel.evaluate(signal, variance, self.offset)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_alpha = log_conjugate - (math.log(self.signal_variance) + np.log(known.fisher))
        return Point(
            log_alpha,
            denoised.overlap,
            denoised.mmse,
            known.entropy,
            denoised.deficit,
            denoised.mmse_slope,
            denoised.overlap_slope,
            known.error,
        )

    def log_alpha(self, log_conjugate: FloatArray) -> FloatArray:
        """ln alpha(r) at ln r."""
        return self.at(log_conjugate).log_alpha
