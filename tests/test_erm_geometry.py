"""Estimators on a geometry that is not the package's own: the protocol is all that is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import nishimori as nm
from nishimori.features import Geometry, OrderParameters


@dataclass(frozen=True)
class Kernel(Geometry):
    """A dot-product kernel in the proportional regime: linear part and residual."""

    linear: float
    residual: float
    signal_variance: float = 1.0
    target_variance: float = 1.0
    ratio: float = 1.0

    def geometry(self, problem):
        rho = problem.signal_variance + problem.noise_variance
        return Kernel(self.linear, self.residual, problem.signal_variance, rho)

    def order_parameters(self, vh, qh, mh, reg):
        scale = reg + vh * self.linear
        v = self.residual / reg + self.linear / scale
        m = self.signal_variance * mh * self.linear / scale
        known = self.signal_variance * mh * mh + qh
        q = self.linear**2 * known / scale**2
        norm = (m * mh - q * vh + v * qh) / reg
        return OrderParameters(v, q, m, norm)


@dataclass(frozen=True)
class Covariates(Geometry):
    """Gaussian covariates, by eigenvalues and squared components of the target along them."""

    omega: np.ndarray
    squared: np.ndarray
    target_variance: float = 1.0
    ratio: float = 1.0

    def geometry(self, problem):
        rho = problem.signal_variance + problem.noise_variance
        return Covariates(self.omega, self.squared, rho)

    def order_parameters(self, vh, qh, mh, reg):
        vh, qh, mh, reg = (np.asarray(a)[..., None] for a in (vh, qh, mh, reg))
        d = reg + vh * self.omega
        o, c = self.omega, self.squared
        mean = 1.0 / o.size
        return OrderParameters(
            (o / d).sum(-1) * mean,
            (mh**2 * c * o / d**2).sum(-1) + (qh * o**2 / d**2).sum(-1) * mean,
            (mh * c / d).sum(-1),
            (mh**2 * c / d**2).sum(-1) + (qh * o / d**2).sum(-1) * mean,
        )


SIGN = nm.GLM(nm.channels.Sign(0.1), signal_variance=0.7, noise_variance=0.3)
LINEAR = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.7, noise_variance=0.3)


@pytest.mark.parametrize("loss", [nm.erm.Hinge, nm.erm.Logistic, nm.erm.SquareClassification])
def test_a_linear_kernel_is_the_linear_student(loss):
    alpha = np.array([0.3, 1.0, 5.0])
    known = loss(regularization=0.2).learning_curve(SIGN, alpha)
    found = loss(regularization=0.2).learning_curve(SIGN, alpha, Kernel(1.0, 0.0))
    for name in ("overlap", "self_overlap", "susceptibility", "norm", "test_error", "train_loss"):
        np.testing.assert_allclose(getattr(found, name), getattr(known, name), rtol=1e-11)


def test_the_residual_of_a_kernel_is_a_ridge_for_the_square_loss():
    """lambda_eff = (lambda + k_res)/k_lin; the training loss is smaller by a known factor."""
    kernel = Kernel(0.8, 0.3)
    alpha = np.array([0.3, 1.0, 5.0])
    found = nm.erm.Ridge(regularization=0.2).learning_curve(LINEAR, alpha, kernel)
    known = nm.erm.Ridge(regularization=0.5 / 0.8).learning_curve(LINEAR, alpha)
    for name in ("overlap", "self_overlap", "test_error"):
        np.testing.assert_allclose(getattr(found, name), getattr(known, name), rtol=1e-11)
    ratio = found.train_loss / known.train_loss
    np.testing.assert_allclose(ratio, (0.2 / 0.5) ** 2, rtol=1e-11)
    best = nm.erm.Ridge().optimal_regularization(LINEAR, alpha, kernel)
    np.testing.assert_allclose(best, 0.8 * 0.4 / 0.7 - 0.3, rtol=1e-6)


def test_the_optimum_of_a_kernel_can_be_at_the_bound():
    """Where its residual is too large a ridge already, less regularisation is always better."""
    kernel = Kernel(0.3, 0.6)
    best = nm.erm.Ridge().optimal_regularization(LINEAR, 1.0, kernel)
    assert best < 1e-9


def test_a_kernel_with_a_residual_separates_everything():
    assert nm.erm.MaxMargin().separability_threshold(SIGN, Kernel(0.8, 0.3)) == np.inf
    state = nm.erm.MaxMargin().solve(SIGN, 8.0, Kernel(0.8, 0.3))
    soft = nm.erm.Hinge(regularization=1e-9).solve(SIGN, 8.0, Kernel(0.8, 0.3))
    assert state.test_error == pytest.approx(soft.test_error, rel=1e-7)
    assert state.train_error == 0.0


def close(state, values):
    for name, value in values.items():
        assert getattr(state, name) == pytest.approx(value, rel=1e-11), name


def test_certified_covariates():
    """Logistic regression on eight eigenvalues that see part of the target."""
    omega = np.arange(1.0, 9.0) / 4.0
    squared = np.array([39.375, 70.0, 91.875, 87.5, 87.5, 78.75, 61.25, 70.0]) / 1e3
    problem = nm.GLM(nm.channels.Sign())
    student = Covariates(omega, squared)
    state = nm.erm.Logistic(regularization=0.1).solve(problem, 1.5, student)
    values = {
        "susceptibility": 4.262911751200315,
        "self_overlap": 3.0103581780511397,
        "overlap": 0.8337844164829005,
        "norm": 2.9984646812456743,
        "train_loss": 0.25786955410545703,
        "test_error": 0.3404346056156992,
        "train_error": 0.03954774659454764,
    }
    close(state, values)


def test_certified_kernels():
    """The exponential kernel, and a tangent kernel, on labels of a deep tanh(2x) network."""
    deep = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
    kernel = Kernel(1.0, 0.7182818284590451)
    logistic = nm.erm.Logistic(regularization=0.1)
    state = logistic.solve(deep.glm(nm.channels.Sign()), 1.5, kernel)
    values = {
        "susceptibility": 13.360781807513838,
        "self_overlap": 1.6668257547959833,
        "overlap": 0.5661516194191833,
        "norm": 3.3291761364758155,
        "train_loss": 0.12349726228349667,
        "test_error": 0.30103210912491074,
    }
    close(state, values)
    tangent = Kernel(0.8403523511009704, 0.2582538623704801)
    ridge = nm.erm.Ridge(regularization=0.3)
    state = ridge.solve(deep.glm(nm.channels.Linear(0.05)), 1.5, tangent)
    values = {
        "susceptibility": 2.0358008782327612,
        "self_overlap": 0.21742757059626894,
        "overlap": 0.237499526493899,
        "norm": 0.4240776633072043,
        "train_loss": 0.0192071296563818,
        "test_error": 0.3540291548021004,
    }
    close(state, values)
