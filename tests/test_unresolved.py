"""Integrals that cannot be resolved: a status of the points, not an exception of the channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nishimori as nm
from nishimori.errors import UnresolvedIntegral

A, C = nm.activations, nm.channels
TOO_LITTLE = [
    nm.GLM(C.Readout(A.Tanh(), 1e-12)),
    nm.GLM(C.Readout(A.Hermite(3), 1e-3)),
    nm.GLM(C.Readout(A.GELU(), 1e-9), noise_variance=0.3),
]
UNRESOLVED = nm.Status.UNRESOLVED


@pytest.mark.parametrize("problem", TOO_LITTLE, ids=lambda problem: str(problem.channel))
def test_so_little_noise_is_a_status(problem: nm.GLM) -> None:
    curve = problem.learning_curve([0.1, 1.0, 3.0], on_failure="return")
    assert (curve.status == UNRESOLVED).all()
    for name in ("overlap", "mmse", "free_entropy", "mutual_information", "test_error", "log_loss"):
        assert np.isnan(getattr(curve, name)).all()
    assert problem.solve(1.0, on_failure="return").status is UNRESOLVED
    (point,) = problem.fixed_points(1.0, on_failure="return")
    assert point.status is UNRESOLVED
    found = problem.transitions(on_failure="return")
    assert found.status is UNRESOLVED
    assert all("not known: two quadrature grids" in text for text in found.statements.values())


def test_on_failure_is_honoured() -> None:
    problem = TOO_LITTLE[0]
    for ask in (
        lambda **more: problem.solve(1.0, **more),
        lambda **more: problem.learning_curve([1.0, 2.0], **more),
        lambda **more: problem.fixed_points(1.0, **more),
        lambda **more: problem.trajectory(1.0, 5, **more),
        problem.transitions,
    ):
        with pytest.raises(nm.errors.ConvergenceError, match="two quadrature grids"):
            ask()
        with pytest.warns(nm.errors.ConvergenceWarning, match="two quadrature grids"):
            ask(on_failure="warn")


def test_the_channel_itself_says_why() -> None:
    with pytest.raises(UnresolvedIntegral, match="noise 1e-12 is too small"):
        TOO_LITTLE[0].channel.information(0.5, 0.5)
    assert issubclass(UnresolvedIntegral, nm.errors.BadArgument)


def test_a_network_has_the_status_too() -> None:
    network = nm.DeepNetwork.uniform(A.ReLU(), 2)
    curve = network.learning_curve(C.Readout(A.Tanh(), 1e-12), [1.0, 2.0], on_failure="return")
    assert (curve.status == UNRESOLVED).all()
    assert np.isnan(curve.test_error).all()


@dataclass(frozen=True)
class Limited(C.Sign):
    """Signs, out of reach where the field is known better than to a variance."""

    least: float = 0.0

    def evaluate(self, signal: Any, variance: Any, offset: float) -> Any:
        if ((variance > 0.0) & (variance < self.least)).any():
            raise UnresolvedIntegral("Limited: too well known")
        return super().evaluate(signal, variance, offset)

    def in_units_of(self, variance: float) -> None:
        return None


def test_points_before_the_first_unresolved_one_are_kept() -> None:
    alpha = np.array([[5.0, 0.5, 1.0], [0.2, 9.0, 2.0]])
    exact = nm.GLM(C.Sign(0.5)).learning_curve(alpha)
    near = exact.mmse > 0.4
    assert near.sum() == 4
    problem = nm.GLM(Limited(0.5, least=0.3))
    curve = problem.learning_curve(alpha, on_failure="return")
    assert ((curve.status == nm.Status.CONVERGED) == near).all()
    assert ((curve.status == UNRESOLVED) == ~near).all()
    for name in ("mmse", "overlap", "test_error", "mutual_information", "free_entropy"):
        known = np.where(near, getattr(exact, name), np.nan)
        np.testing.assert_allclose(getattr(curve, name), known, rtol=1e-11)
    for count in (1, 2, 3):  # however many there are
        some = problem.learning_curve(np.geomspace(0.1, 0.4, count))
        assert not some.failed.any()


def test_a_trajectory_stops_where_it_is_unresolved() -> None:
    exact = nm.GLM(C.Sign()).trajectory(4.0, 12)
    steps = nm.GLM(Limited(least=0.3)).trajectory(4.0, 12, on_failure="return")
    assert steps.status is UNRESOLVED
    seen = int(np.isfinite(steps.mmse).sum())
    assert 2 <= seen < 13
    assert steps.mmse[seen - 1] < 0.3 <= steps.mmse[seen - 2]
    np.testing.assert_allclose(steps.mmse[:seen], exact.mmse[:seen], rtol=1e-12)
    assert np.isnan(steps.mmse[seen:]).all()
