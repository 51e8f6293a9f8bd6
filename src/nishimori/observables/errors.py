"""Errors of the Bayes predictor at a fixed point."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import shown
from nishimori.errors import BadArgument
from nishimori.glm import GLM
from nishimori.results import Curve, State
from nishimori.state_evolution import Equations
from nishimori.state_evolution.series import read_off

__all__ = ["test_error"]


def test_error(
    problem: GLM, state: State | Curve, metric: str | None = None, *, label_noise: bool = True
) -> Any | NDArray[np.float64]:
    """The Bayes predictor's error by `metric`; see `GLM.test_error`."""
    if not isinstance(state, State | Curve):
        raise BadArgument(f"test_error: state must be a State or a Curve, got {shown(state)}")
    channel = problem.channel if label_noise else problem.channel.without_noise()
    metric = channel.metrics[0] if metric is None else metric
    if metric not in channel.metrics:
        raise BadArgument(
            f"test_error: metric must be one of {', '.join(channel.metrics)} for {channel}, "
            f"got {metric!r}"
        )
    overlap = np.asarray(state.overlap, dtype=np.float64)
    mmse = np.asarray(state.mmse, dtype=np.float64)
    signal = (problem.signal_variance * overlap).ravel()
    variance = (problem.signal_variance * mmse + problem.noise_variance).ravel()
    return channel.errors(signal, variance, problem.offset, metric).reshape(overlap.shape)[()]


test_error.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


def default_errors(
    equations: Equations, overlap: Any, mmse: Any, log_conjugate: Any = None
) -> NDArray[np.float64]:
    """The channel's own test error at flat arrays of overlap and mmse.

    For a costly channel at many points, it is read off its Chebyshev series in `log_conjugate`.
    """
    channel = equations.channel

    def direct(q: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        signal, variance = equations.channel_arguments(q, v)
        return channel.errors(signal, variance, equations.offset, channel.metrics[0])

    def at(t: NDArray[np.float64]) -> NDArray[np.float64]:
        denoised = equations.prior.evaluate(np.exp(t))
        return direct(denoised.overlap, denoised.mmse)

    if not channel.costly or log_conjugate is None:
        return direct(overlap, mmse)
    out = np.full(overlap.shape, np.nan)
    finite = np.isfinite(log_conjugate)
    out[~finite] = direct(overlap[~finite], mmse[~finite])
    out[finite] = read_off(at, log_conjugate[finite])
    return out
