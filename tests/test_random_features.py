"""Random features: identities, limits, shared layers, neurons that are not alike."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm
from nishimori.features.neurons import Shifted
from plain_erm import EXTREMES, solve, tanh


@pytest.mark.parametrize("v_hat", EXTREMES)
@pytest.mark.parametrize("penalty", EXTREMES)
def test_identity_of_the_optimality_conditions(v_hat, penalty):
    # penalty N = m mhat - q Vhat + V qhat, by which everything hangs together, in 60 digits
    spectrum = nm.spectra.Eigenvalues([0.4, 1.6])
    linear = nm.GLM(nm.channels.Linear(), noise_variance=0.3, spectrum=spectrum)
    students = (
        nm.features.RandomFeatures(tanh(2), (1.5, 0.8)).geometry(linear),
        nm.features.Kernel(0.7, 0.2).geometry(linear),
        nm.features.GaussianCovariates([0.5, 1.5, 0.0], [0.2, 0.4, 0.0]).geometry(linear),
    )
    for student in students:
        for q_hat, m_hat in ((0.7, 0.0), (0.0, 1.3), (0.7, 1.3)):
            v, q, m, norm = student.order_parameters(v_hat, q_hat, m_hat, penalty)
            terms = np.array([m * m_hat, -q * v_hat, v * q_hat])
            assert norm > 0.0
            assert abs(terms.sum() - penalty * norm) <= 1e-13 * np.abs(terms).max()


def test_no_regularization_is_the_limit_of_little():
    problem = tanh(2).glm(nm.channels.Linear())
    student = nm.features.RandomFeatures(tanh(2), (1.5, 0.8)).geometry(problem)
    little, none = student.order_parameters(0.3, 0.2, 0.1, np.array([1e-14, 0.0])).norm
    assert none == pytest.approx(little, rel=1e-12)
    out = student.order_parameters(np.array([0.0, 1e-12]), 0.2, 0.1, 1.0)
    for values in out:
        assert values[0] == pytest.approx(values[1], rel=1e-10)


def test_invalid_conjugates_give_nan():
    student = nm.features.RandomFeatures(tanh(1), 1.0).geometry(tanh(1).glm(nm.channels.Linear()))
    for v_hat, penalty in ((-1.0, 1.0), (1.0, -1.0), (math.nan, 1.0), (1.0, math.nan)):
        for values in student.order_parameters(v_hat, 1.0, 1.0, penalty):
            assert np.isnan(values)
    kernel = nm.features.Kernel(1.0, 0.5).geometry(tanh(1).glm(nm.channels.Linear()))
    assert np.isnan(kernel.order_parameters(-2.0, 1.0, 1.0, 1.0).susceptibility)


def test_wide_features_become_their_kernel():
    # differences fall as d/k
    problem = tanh(2).glm(nm.channels.Linear(noise=0.05))
    kernel = nm.features.Kernel.nngp(tanh(2))
    exact, _ = solve(kernel.geometry(problem), 1.5, 0.1, noise=0.05)
    gaps = []
    for width in (1e2, 1e4):
        student = nm.features.RandomFeatures(tanh(2), (width, width)).geometry(problem)
        found, _ = solve(student, 1.5, 0.1, noise=0.05)
        gaps.append(max(abs(found[1] / exact[1] - 1.0), abs(found[2] / exact[2] - 1.0)))
    assert gaps[1] < 3e-4
    assert gaps[0] / gaps[1] == pytest.approx(100.0, rel=0.1)


def test_identity_layers_of_infinite_width_are_no_layers():
    problem = nm.GLM(nm.channels.Linear(noise=0.1), noise_variance=0.2)
    network = nm.DeepNetwork.uniform(nm.activations.Identity(), 2)
    student = nm.features.RandomFeatures(network, (1e8, 1e8)).geometry(problem)
    (_, q, m), _ = solve(student, 2.0, 0.3, noise=0.1)
    linear = nm.features.Kernel(1.0, 0.0).geometry(problem)
    (_, q_linear, m_linear), _ = solve(linear, 2.0, 0.3, noise=0.1)
    assert q == pytest.approx(q_linear, rel=1e-7)
    assert m == pytest.approx(m_linear, rel=1e-7)


def test_shared_layers_with_optimal_ridge_are_bayes():
    # the target is linear in the features: q = m at regularization = (noise + Delta)/lambda
    problem = tanh(2).glm(nm.channels.Linear(noise=0.05), above_layer=2)
    student = nm.features.RandomFeatures(tanh(2), (1.2, 1.4), shared_layers=2).geometry(problem)
    (_, q, m), _ = solve(student, 1.2, 0.05, noise=0.05)
    assert q == pytest.approx(m, rel=1e-12)
    (_, q, m), _ = solve(student, 1.2, 0.06, noise=0.05)
    assert abs(q / m - 1.0) > 1e-3


def test_sharing_more_layers_helps():
    errors = []
    for shared in (0, 1, 2):
        problem = tanh(2).glm(nm.channels.Linear(noise=0.01), above_layer=shared)
        student = nm.features.RandomFeatures(tanh(2), (3.0, 3.0), shared).geometry(problem)
        assert student.target_variance == pytest.approx(0.561600637194, rel=1e-10)
        (_, q, m), _ = solve(student, 4.0, 0.02, noise=0.01)
        errors.append(student.target_variance + 0.01 + q - 2.0 * m)
    assert errors[0] > 1.2 * errors[1] > 1.4 * errors[2]


def test_even_features_see_nothing_of_a_linear_target_but_all_of_their_own():
    even = nm.DeepNetwork.uniform(nm.activations.Hermite(2), 1)
    blind = nm.features.RandomFeatures(even, 2.0).geometry(nm.GLM(nm.channels.Linear()))
    out = blind.order_parameters(0.5, 0.3, 0.7, 0.1)
    assert out.overlap == 0.0
    # He_2 features of independent weights: Omega = E He_2^2 I = 2 I
    assert out.susceptibility == pytest.approx(2.0 / (0.1 + 0.5 * 2.0), rel=1e-13)
    shared = nm.features.RandomFeatures(even, 2.0, shared_layers=1)
    out = shared.geometry(nm.GLM(nm.channels.Linear())).order_parameters(0.5, 0.3, 0.7, 0.1)
    assert out.overlap == pytest.approx(0.7 * 4.0 / (0.1 + 0.5 * 2.0), rel=1e-13)


def test_weight_variance_is_a_gain():
    scaled = nm.DeepNetwork.uniform(nm.activations.Erf(), 2, weight_variance=2.0)
    first = nm.Layer(nm.activations.Erf(gain=math.sqrt(2.0)))
    problem = nm.GLM(nm.channels.Linear(), noise_variance=0.5)
    both = [
        nm.features.RandomFeatures(network, (1.5, 0.8)).geometry(problem)
        for network in (scaled, nm.DeepNetwork([first, first]))
    ]
    out = [student.order_parameters(0.5, 0.3, 0.7, 0.1) for student in both]
    for one, other in zip(*out, strict=True):
        assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("activation", [nm.activations.ReLU(), nm.activations.Tanh(gain=2.0)])
@pytest.mark.parametrize("shift", [-1.3, 0.0, 0.4])
def test_shifted_activation_is_the_activation_shifted(activation, shift):
    shifted = Shifted(activation, shift)
    x = np.linspace(-3.0, 3.0, 13) + 0.05
    assert shifted(x) == pytest.approx(activation(x + shift), abs=1e-15)
    assert shifted.taylor(x, 1) == pytest.approx(activation.taylor(x + shift, 1), abs=1e-15)
    if shifted.pieces is not None:
        assert shifted.pieces.value(x) == pytest.approx(shifted(x), abs=1e-15)


def test_neurons_with_frozen_means_average_to_the_layer():
    network = nm.DeepNetwork(
        [
            nm.Layer(nm.activations.ReLU(), weight_variance=2.0),
            nm.Layer(nm.activations.ReLU(), bias_variance=0.4),
            nm.Layer(nm.activations.Tanh(), bias_variance=300.0),
        ]
    )
    problem = network.glm(nm.channels.Linear())
    neurons = nm.features.RandomFeatures(network, (1, 1, 1)).geometry(problem).neurons
    reduction = network.reduce()
    assert [layer.share.size == 1 for layer in neurons] == [True, False, False]
    for found, layer in zip(neurons, reduction.layers, strict=True):
        slope = float(layer.slope_square) * layer.weight_variance
        assert found.share @ found.slope == pytest.approx(slope, rel=1e-11)
        assert found.share @ found.residual == pytest.approx(layer.residual_variance, rel=1e-11)
    # ReLU at a frozen mean b: kappa = Phi(b / sqrt c)
    relu = neurons[1]
    assert relu.slope.min() < 0.01 < 0.9 < relu.slope.max()
