"""Features against scikit-learn on samples: ridge on random features and with a kernel.

Each draw of layers, inputs and labels serves many readouts of the target at once, so the standard
errors are those of the draws.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import nishimori as nm
from nishimori.features.neurons import Neurons
from plain_erm import solve, tanh

pytest.importorskip("sklearn")
pytestmark = pytest.mark.slow

DIMENSION, READOUTS, DRAWS, TEST = 600, 100, 8, 2000
NOISE = 0.05


def layer(x: np.ndarray, width: int, function, bias: float, rng) -> np.ndarray:
    weights = rng.standard_normal((x.shape[1], width)) / math.sqrt(x.shape[1])
    return function(x @ weights + math.sqrt(bias) * rng.standard_normal(width))


def tanh_2x(x: np.ndarray) -> np.ndarray:
    return np.tanh(2.0 * x)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def averaged(neurons: Neurons) -> Neurons:
    """All neurons of a layer alike, with the mean coefficients."""
    slope, residual = neurons.share @ neurons.slope, neurons.share @ neurons.residual
    return Neurons(np.array([slope]), np.array([residual]), np.ones(1), neurons.mean_square)


def measure(alpha, draw):
    """Mean and standard error over the draws of what `draw` returns for inputs and labels."""
    results = []
    samples = round(alpha * DIMENSION)
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((samples + TEST, DIMENSION))
        results.append(draw(x, samples, rng))
    mean = np.mean(results, axis=0)
    return mean, np.std(results, axis=0, ddof=1) / math.sqrt(DRAWS)


def targets(x: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """h of a two-layer tanh network with many readouts, and its noisy labels."""
    hidden = layer(layer(x, DIMENSION, tanh_2x, 0.0, rng), DIMENSION, tanh_2x, 0.0, rng)
    h = hidden @ rng.standard_normal((DIMENSION, READOUTS)) / math.sqrt(DIMENSION)
    return h, h + math.sqrt(NOISE) * rng.standard_normal(h.shape)


def observables(z: np.ndarray, h: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.array([np.mean((z - y) ** 2), np.mean(z**2), np.mean(z * h)])


def assert_agrees(geometry, alpha, regularization, draw):
    (_, q, m), _ = solve(geometry, alpha, regularization, noise=NOISE)
    theory = np.array([geometry.target_variance + NOISE + q - 2.0 * m, q, m])
    mean, error = measure(alpha, draw)
    assert np.all(error < 0.02 * theory)
    assert np.all(np.abs(mean - theory) < 3.0 * error), (mean, theory, error)
    return theory, mean, error


@pytest.mark.parametrize(
    ("activation", "function", "bias", "ratios"),
    [
        (nm.activations.Tanh(gain=2.0), tanh_2x, 0.0, (1.5, 0.8)),
        (nm.activations.ReLU(), relu, 0.0, (1.5,)),
        (nm.activations.ReLU(), relu, 0.0, (1.5, 1.0)),
        (nm.activations.Tanh(gain=2.0), tanh_2x, 1.0, (1.5, 1.2)),
    ],
    ids=["tanh", "relu", "relu-2", "tanh-biases"],
)
def test_ridge_on_random_features(activation, function, bias, ratios):
    from sklearn.linear_model import Ridge

    alpha, regularization = 1.5, 0.05
    network = nm.DeepNetwork.uniform(activation, len(ratios), bias_variance=bias)
    problem = tanh(2).glm(nm.channels.Linear(noise=NOISE))
    geometry = nm.features.RandomFeatures(network, ratios).geometry(problem)

    def draw(x, samples, rng):
        h, y = targets(x, rng)
        features = x
        for ratio in ratios:
            features = layer(features, round(ratio * DIMENSION), function, bias, rng)
        features /= math.sqrt(features.shape[1])
        model = Ridge(alpha=regularization).fit(features[:samples], y[:samples])
        return observables(model.predict(features[samples:]), h[samples:], y[samples:])

    _, mean, error = assert_agrees(geometry, alpha, regularization, draw)
    if any(layer.share.size > 1 for layer in geometry.neurons):
        # neurons that were all alike on average would give something else
        alike = replace(geometry, neurons=tuple(map(averaged, geometry.neurons)))
        (_, q, m), _ = solve(alike, alpha, regularization, noise=NOISE)
        assert np.all(np.abs(mean[1:] - (q, m)) > 5.0 * error[1:])


def test_kernel_ridge():
    from sklearn.kernel_ridge import KernelRidge

    alpha, regularization = 1.5, 0.1
    problem = tanh(2).glm(nm.channels.Linear(noise=NOISE))
    kernel = nm.features.Kernel.from_function(lambda c: 2.0 / math.pi * np.arcsin(2.0 * c / 3.0))

    def draw(x, samples, rng):
        h, y = targets(x, rng)
        # the kernel of an infinite erf layer, at inputs that do not quite lie on a sphere
        size = 1.0 + 2.0 * np.sum(x * x, axis=1) / DIMENSION
        cosine = 2.0 * (x @ x[:samples].T) / DIMENSION / np.sqrt(np.outer(size, size[:samples]))
        gram = 2.0 / math.pi * np.arcsin(cosine)
        model = KernelRidge(alpha=regularization, kernel="precomputed")
        model.fit(gram[:samples], y[:samples])
        return observables(model.predict(gram[samples:]), h[samples:], y[samples:])

    assert_agrees(kernel.geometry(problem), alpha, regularization, draw)


def test_shared_layers():
    from sklearn.linear_model import Ridge

    alpha, regularization, ratios = 1.2, 0.05, (1.2, 1.4)
    problem = tanh(2).glm(nm.channels.Linear(noise=NOISE), above_layer=1)
    geometry = nm.features.RandomFeatures(tanh(2), ratios, shared_layers=1).geometry(problem)

    def draw(x, samples, rng):
        shared = layer(x, round(ratios[0] * DIMENSION), tanh_2x, 0.0, rng)
        hidden = layer(shared, DIMENSION, tanh_2x, 0.0, rng)
        h = hidden @ rng.standard_normal((DIMENSION, READOUTS)) / math.sqrt(DIMENSION)
        y = h + math.sqrt(NOISE) * rng.standard_normal(h.shape)
        features = layer(shared, round(ratios[1] * DIMENSION), tanh_2x, 0.0, rng)
        features /= math.sqrt(features.shape[1])
        model = Ridge(alpha=regularization).fit(features[:samples], y[:samples])
        return observables(model.predict(features[samples:]), h[samples:], y[samples:])

    assert_agrees(geometry, alpha, regularization, draw)
