"""Gaussian covariates, given and from data."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm
from nishimori.errors import NishimoriWarning
from plain_erm import EXTREMES, solve


def test_covariates_of_the_inputs_are_the_inputs():
    spectrum = nm.spectra.Eigenvalues([0.4, 1.6])
    problem = nm.GLM(
        nm.channels.Linear(), signal_variance=0.8, noise_variance=0.2, spectrum=spectrum
    )
    # c_i^2/lambda summed over the share 1/2 of the eigenvectors: s^2/2
    covariates = nm.features.GaussianCovariates([0.4, 1.6], [0.08, 1.28]).geometry(problem)
    kernel = nm.features.Kernel(1.0, 0.0).geometry(problem)
    for one, other in zip(
        covariates.order_parameters(0.5, 0.3, 0.7, 0.1),
        kernel.order_parameters(0.5, 0.3, 0.7, 0.1),
        strict=True,
    ):
        assert one == pytest.approx(other, rel=1e-14)


def test_many_covariates_are_compressed_without_loss():
    rng = np.random.default_rng(0)
    omega = np.concatenate([rng.lognormal(0.0, 3.0, 5000), np.zeros(10)])
    components = np.where(omega > 0.0, omega * rng.random(omega.size), 0.0)
    components *= 0.9 / np.sum(components[omega > 0] / omega[omega > 0])
    student = nm.features.GaussianCovariates(omega, components).geometry(
        nm.GLM(nm.channels.Linear())
    )
    assert student.eigenvalues.size < 1000
    for v_hat in EXTREMES:
        d = 0.1 + v_hat * omega
        v, q, m, norm = student.order_parameters(v_hat, 0.3, 0.7, 0.1)
        assert v == pytest.approx(np.mean(omega / d), rel=1e-12)
        assert m == pytest.approx(0.7 * np.sum(components / d), rel=1e-12)
        signal = 0.49 * np.sum(components * omega / d**2)
        assert q == pytest.approx(signal + 0.3 * np.mean((omega / d) ** 2), rel=1e-12)
        signal = 0.49 * np.sum(components / d**2)
        assert norm == pytest.approx(signal + 0.3 * np.mean(omega / d**2), rel=1e-12)


def known_data(samples: int):
    rng = np.random.default_rng(1)
    omega = np.geomspace(0.1, 3.0, 20)
    theta = rng.standard_normal(20)
    theta /= math.sqrt(np.sum(omega * theta**2) / 0.8)
    x = rng.standard_normal((samples, 20)) * np.sqrt(omega)
    h = x @ theta + math.sqrt(0.2) * rng.standard_normal(samples)
    return x, h, omega, np.square(omega * theta)


@pytest.mark.parametrize("kind", ["regression", "labels"])
def test_covariates_from_data_of_a_known_covariance(kind):
    x, h, omega, components = known_data(400_000)
    target = h if kind == "regression" else np.sign(h)
    found = nm.features.GaussianCovariates.from_data(x, target, kind=kind)
    exact = nm.features.GaussianCovariates(omega, components)
    if kind == "regression":
        assert found.target_variance == pytest.approx(1.0, rel=0.01)
    assert found.eigenvalues == pytest.approx(omega, rel=0.02)
    assert found.explained == pytest.approx(0.8, rel=0.01)
    channel = nm.channels.Linear() if kind == "regression" else nm.channels.Sign()
    settings_ = (2.0, 0.1, "square", "linear" if kind == "regression" else "sign")
    (_, q, m), _ = solve(found.geometry(found.glm(channel)), *settings_)
    (_, q_exact, m_exact), _ = solve(exact.geometry(exact.glm(channel)), *settings_)
    assert (q, m) == pytest.approx((q_exact, m_exact), rel=0.01)


def test_estimates_are_without_the_bias_of_fitting_noise():
    # 100 samples of 20 features: plain least squares explains 0.8 + 0.2/5 of the target
    found = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((100, 20))
        y = x[:, 0] * math.sqrt(0.8) + math.sqrt(0.2) * rng.standard_normal(100)
        covariates = nm.features.GaussianCovariates.from_data(x, y)
        found.append(covariates.explained * covariates.target_variance)
    error = np.std(found) / math.sqrt(len(found))
    assert error < 0.012
    assert abs(np.mean(found) - 0.8) < 3.0 * error


def test_nothing_to_explain():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((60, 20)), rng.standard_normal(60)
    found = nm.features.GaussianCovariates.from_data(x, y)
    assert 0.0 <= found.explained < 0.3
    assert nm.features.GaussianCovariates.from_data([[1.0], [-1.0]], [1.0, 1.0]).explained == 0.0


def test_labels_more_linear_than_signs_of_a_gaussian_are_taken_without_noise():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 3))
    y = np.sign(x[:, 0])
    x[:, 0] = y  # the label itself is a feature
    with pytest.warns(NishimoriWarning, match="2/pi"):
        found = nm.features.GaussianCovariates.from_data(x, y, kind="labels")
    assert found.explained == pytest.approx(1.0, rel=1e-12)


def test_spectrum_from_data():
    x, _, omega, _ = known_data(400_000)
    spectrum = nm.spectra.from_data(x)
    assert spectrum.values == pytest.approx(omega, rel=0.02)
    assert spectrum.mean == pytest.approx(np.mean(np.sum(x * x, axis=1)) / 20, rel=1e-12)
    doubled = nm.spectra.from_data(np.hstack([x[:100], x[:100]]))
    assert np.count_nonzero(doubled.values) == 20
