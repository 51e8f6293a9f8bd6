"""State evolution as a time series: what Bayes-optimal message passing does at each iteration."""

from __future__ import annotations

import numpy as np

from nishimori.errors import BadArgument
from nishimori.glm import GLM
from nishimori.observables.curve import require_alpha
from nishimori.observables.errors import default_errors
from nishimori.results import Trajectory
from nishimori.state_evolution import Equations

__all__ = ["trajectory"]

_ITERATION_LIMIT = 10_000_000


def trajectory(
    problem: GLM,
    alpha: float,
    iterations: int = 50,
    *,
    damping: float = 0.0,
    initial_overlap: float = 0.0,
) -> Trajectory:
    r"""Iterate :math:`r_{t+1} = \alpha \lambda F(q_t)`, :math:`q_{t+1} = Q(r_{t+1})`.

    See `GLM.trajectory`.
    """
    if np.ndim(alpha) != 0:
        raise BadArgument("trajectory: alpha must be one number")
    ratio = float(require_alpha(alpha))
    count = iterations if isinstance(iterations, int | np.integer) else -1
    if not 1 <= count <= _ITERATION_LIMIT:
        raise BadArgument(
            f"trajectory: iterations must be an integer from 1 to {_ITERATION_LIMIT}, "
            f"got {iterations!r}"
        )
    if not 0.0 <= damping < 1.0:
        raise BadArgument(f"trajectory: damping must lie in [0, 1), got {damping!r}")
    equations = Equations.of(problem)
    moment = equations.input_second_moment
    if not 0.0 <= initial_overlap <= moment:
        raise BadArgument(
            f"trajectory: initial_overlap must lie between 0 and {moment:g}, "
            f"got {initial_overlap!r}"
        )
    overlap, mmse, conjugate = np.empty(count + 1), np.empty(count + 1), np.zeros(count + 1)
    start = equations.prior.evaluate(np.zeros(1))
    overlap[0] = max(float(start.overlap[0]), initial_overlap)
    mmse[0] = moment - overlap[0]
    for t in range(count):
        signal, variance = equations.channel_arguments(overlap[t : t + 1], mmse[t : t + 1])
        fisher = equations.channel.evaluate(signal, variance, equations.offset).fisher
        new = ratio * (equations.signal_variance * fisher[0])
        conjugate[t + 1] = new
        if damping > 0.0:
            conjugate[t + 1] = damping * conjugate[t] + (1.0 - damping) * new
        at = equations.prior.evaluate(conjugate[t + 1 : t + 2])
        overlap[t + 1], mmse[t + 1] = at.overlap[0], at.mmse[0]
    return Trajectory(
        ratio,
        np.arange(count + 1),
        overlap,
        mmse,
        conjugate,
        default_errors(equations, overlap, mmse),
    )
