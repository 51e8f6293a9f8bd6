"""State evolution as a time series: what Bayes-optimal message passing does at each iteration."""

from __future__ import annotations

import math

import numpy as np

from nishimori.arguments import require_fraction, require_integer
from nishimori.errors import BadArgument, Status, UnresolvedIntegral
from nishimori.glm import GLM, OnFailure
from nishimori.observables.errors import default_errors
from nishimori.results import Trajectory
from nishimori.state_evolution import Equations
from nishimori.state_evolution.requests import report, require_alpha, require_options

__all__ = ["trajectory"]

_ITERATION_LIMIT = 10_000_000


def trajectory(
    problem: GLM,
    alpha: float,
    iterations: int = 50,
    *,
    damping: float = 0.0,
    initial_overlap: float = 0.0,
    rtol: float = 1e-10,
    on_failure: OnFailure = "raise",
) -> Trajectory:
    r"""Iterate :math:`r_{t+1} = \alpha \lambda F(q_t)`, :math:`q_{t+1} = Q(r_{t+1})`.

    See `GLM.trajectory`.
    """
    if np.ndim(alpha) != 0:
        raise BadArgument("trajectory: alpha must be one number")
    ratio = float(require_alpha(alpha))
    count = require_integer("iterations", iterations, "trajectory", 1, _ITERATION_LIMIT)
    damping = require_fraction("damping", damping, "trajectory", 0.0, 1.0)
    if damping == 1.0:
        raise BadArgument("trajectory: damping must be smaller than 1, which moves nothing")
    require_options(rtol, on_failure)
    equations = Equations.of(problem)
    moment = equations.input_second_moment
    initial_overlap = require_fraction(
        "initial_overlap", initial_overlap, "trajectory", 0.0, moment
    )
    overlap, mmse, conjugate = np.empty(count + 1), np.empty(count + 1), np.zeros(count + 1)
    start = equations.prior.evaluate(np.zeros(1))
    overlap[0], mmse[0] = start.overlap[0], start.mmse[0]
    if initial_overlap > overlap[0]:
        overlap[0], mmse[0] = initial_overlap, moment - initial_overlap
    status = Status.CONVERGED
    for t in range(count):
        signal, variance = equations.channel_arguments(overlap[t : t + 1], mmse[t : t + 1])
        try:
            known = equations.channel.evaluate(signal, variance, equations.offset)
            fisher, error = float(known.fisher[0]), float(known.error[0])
        except UnresolvedIntegral:
            fisher, error = math.nan, math.inf
        if error > rtol:
            status = Status.UNRESOLVED
        new = ratio * (equations.signal_variance * fisher)
        if math.isnan(new):  # nothing after it would be a number
            conjugate[t + 1 :] = overlap[t + 1 :] = mmse[t + 1 :] = np.nan
            status = Status.UNRESOLVED if error == math.inf else Status.NOT_FINITE
            break
        conjugate[t + 1] = new
        if damping > 0.0:
            conjugate[t + 1] = damping * conjugate[t] + (1.0 - damping) * new
        at = equations.prior.evaluate(conjugate[t + 1 : t + 2])
        overlap[t + 1], mmse[t + 1] = at.overlap[0], at.mmse[0]
    errors = np.full(count + 1, np.nan)
    made = np.isfinite(overlap)
    errors[made] = default_errors(equations, overlap[made], mmse[made])
    steps = Trajectory(ratio, np.arange(count + 1), overlap, mmse, conjugate, errors, status)
    if status.failed:
        report(f"trajectory at alpha = {ratio:g}: {status.sentence}", steps, on_failure)
    return steps
