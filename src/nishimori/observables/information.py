"""Mutual informations of a fixed point, without cancellation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels.rules import gauss_legendre
from nishimori.state_evolution import Equations, Solution
from nishimori.state_evolution.series import read_off

__all__ = ["mutual_informations"]

FloatArray = NDArray[np.float64]

_CANCELLATION = 1e-3


def mutual_informations(
    equations: Equations, alpha: FloatArray, solution: Solution
) -> tuple[FloatArray, FloatArray]:
    r"""I/n with and without the structural noise, in nats per sample.

    With Phi = alpha Psi_out(q) - (r q/2 - psi),

    .. math:: I(a, \xi; D)/n = (r q/2 - \psi)/\alpha + E_h \int P_{out} \ln P_{out} - \Psi_{out}(q),

    and without structural noise the middle term is Psi_out at q = 1. Both are sums of two
    non-negative terms; where the difference of entropies cancels, it is the integral of F/2 over
    the variance between them.
    """
    weights = solution.deficit / alpha
    signal, variance = equations.channel_arguments(solution.overlap, solution.mmse)
    label = equations.channel.conditional_entropy(equations.total_variance, equations.offset)
    t = solution.log_conjugate
    all_known = weights + _entropy_gap(equations, t, signal, variance, 0.0, solution.entropy, label)
    if equations.noise_variance == 0.0:
        return all_known, all_known.copy()
    rest = np.array([equations.noise_variance])
    known = equations.total_variance - rest
    full = float(equations.channel.evaluate(known, rest, equations.offset).entropy[0])
    unknown = equations.signal_variance * solution.mmse
    signal_known = weights + _entropy_gap(
        equations, t, signal, unknown, equations.noise_variance, solution.entropy, full
    )
    return all_known, signal_known


def _entropy_gap(
    equations: Equations,
    log_conjugate: FloatArray,
    signal: FloatArray,
    span: FloatArray,
    rest: float,
    entropy: FloatArray,
    full: float,
) -> FloatArray:
    """Psi_out with only `rest` unknown (`full`) minus Psi_out with `rest + span` (`entropy`)."""
    with np.errstate(invalid="ignore"):
        gap = np.where(entropy == np.inf, np.inf, full - entropy)
    left = span > 0.0  # else nothing is left to learn
    gap[~left] = 0.0
    lost = np.flatnonzero(left & (gap < _CANCELLATION * np.maximum(np.abs(entropy), abs(full))))
    if lost.size == 0 or not np.isfinite(full):
        return gap
    read = np.isfinite(log_conjugate[lost]) & equations.channel.costly
    direct, finite = lost[~read], lost[read]
    gap[direct] = _integral(equations, signal[direct], span[direct], rest)
    if finite.size == 0:
        return gap

    def at(t: FloatArray) -> FloatArray:
        denoised = equations.prior.evaluate(np.exp(t))
        known = equations.signal_variance * denoised.overlap
        unknown = equations.signal_variance * denoised.mmse
        return _integral(equations, known, unknown + (equations.noise_variance - rest), rest)

    gap[finite] = read_off(at, log_conjugate[finite])
    return gap


def _integral(
    equations: Equations, signal: FloatArray, span: FloatArray, rest: float
) -> FloatArray:
    """(1/2) int F dV from `rest` to `rest + span`; V = rest + span x^2 takes a V^{-1/2} out."""
    nodes, weights = gauss_legendre(24)
    x, w = 0.5 * (nodes + 1.0), 0.5 * weights
    width = span[:, None]
    unknown = rest + width * x * x
    known = signal[:, None] + width * (1.0 - x * x)
    fisher = equations.channel.evaluate(known.ravel(), unknown.ravel(), equations.offset).fisher
    mean = (fisher.reshape(unknown.shape) * (w * x)).sum(axis=1)
    return np.asarray(span * mean, dtype=np.float64)
