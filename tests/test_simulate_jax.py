"""Activations, likelihoods and evidences in JAX against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import nishimori as nm

pytest.importorskip("numpyro")
import jax
from jax import numpy as jnp

from nishimori.simulate.jax_evidence import draw_readout
from nishimori.simulate.jax_likelihoods import classes, log_likelihood, mean_label
from nishimori.simulate.jax_networks import Architecture, activate, require_gradient
from nishimori.simulate.jax_sampler import Sampler, double_precision

A = nm.activations
GRID = np.concatenate([np.linspace(-6.0, 6.0, 121), [-30.0, 1e-8, 25.0]])


@pytest.fixture(autouse=True)
def _double():
    with double_precision():
        yield


@pytest.mark.parametrize(
    "activation",
    [
        A.Identity(),
        A.Tanh(2.0),
        A.Erf(1.3),
        A.Sine(0.7),
        A.ReLU(),
        A.LeakyReLU(0.2),
        A.GELU(),
        A.SiLU(1.5),
        A.Softplus(0.6),
        A.Sigmoid(2.0),
        A.ELU(0.8),
        A.HardTanh(),
        A.Abs(),
        A.Hermite(0),
        A.Hermite(5),
        A.Polynomial([0.3, -1.0, 0.0, 0.5]),
        A.PiecewiseLinear.through([-1.0, 0.5, 2.0], [0.3, -0.2, 1.0], -0.5, 2.0),
        A.Custom(lambda x: x / (1.0 + x * x), length=0.5),
    ],
    ids=str,
)
def test_activations_in_jax_are_those_of_the_package(activation):
    require_gradient(activation, "test")
    expected = activation(GRID)
    assert np.asarray(activate(activation, jnp.asarray(GRID))) == pytest.approx(
        expected, rel=1e-13, abs=1e-15 * np.abs(expected).max()
    )
    # the gradient is the first Taylor coefficient, away from kinks
    gradient = jax.vmap(jax.grad(lambda x: activate(activation, x)))(jnp.asarray(GRID) + 0.013)
    expected = activation.taylor(GRID + 0.013, 1)[:, 1]
    assert np.asarray(gradient) == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_every_activation_has_a_form_or_is_refused_by_its_jumps():
    has_form = {kind.__name__ for kind in activate.registry} - {"object"}
    jumps = {"Sign", "Step"}
    kinds = {n for n in A.__all__ if isinstance(getattr(A, n), type)} - {"Activation"}
    assert has_form | jumps == kinds - {"AffinePieces"}
    with pytest.raises(nm.NishimoriError, match="jumps"):
        require_gradient(A.PiecewiseLinear([0.0], [1.0, 1.0], [0.0, 1.0]), "test")


NORMAL = stats.norm(scale=np.sqrt(0.3))
FIELDS = np.linspace(-9.0, 9.0, 91)
EDGES = (-np.inf, -0.5, 0.4, 1.7, np.inf)


def _ordinal(y, h):
    low, high = EDGES[int(y)] - h, EDGES[int(y) + 1] - h
    flip = low > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    return np.log(NORMAL.cdf(high) - NORMAL.cdf(low))


def _algebraic(y, h):
    """A user's likelihood: of NumPy arrays for the theory, of JAX arrays for the sampler."""
    where = jnp if isinstance(h, jax.Array) else np
    return where.log(0.5 + 0.5 * y * h / where.sqrt(1.0 + h * h))


@pytest.mark.parametrize(
    ("channel", "labels", "expected"),
    [
        (nm.channels.Linear(0.3), [-1.0, 2.0], lambda y, h: NORMAL.logpdf(y - h)),
        (
            nm.channels.Readout(A.Abs(), 0.3),
            [-1.0, 2.0],
            lambda y, h: NORMAL.logpdf(y - np.abs(h)),
        ),
        (nm.channels.Laplace(0.7), [0.2], lambda y, h: stats.laplace.logpdf(y, h, 0.7)),
        (nm.channels.Sign(0.3), [-1.0, 1.0], lambda y, h: NORMAL.logcdf(y * h)),
        (
            nm.channels.Sign(0.3, 0.1),
            [-1.0, 1.0],
            lambda y, h: np.log(0.1 + 0.8 * NORMAL.cdf(y * h)),
        ),
        (nm.channels.Sign(0.3, 0.5), [-1.0, 1.0], lambda y, h: np.full(h.shape, np.log(0.5))),
        (nm.channels.Logistic(), [-1.0, 1.0], lambda y, h: -np.log1p(np.exp(-y * h))),
        (
            nm.channels.Poisson("exp"),
            [0.0, 3.0],
            lambda y, h: stats.poisson.logpmf(y, np.exp(h)),
        ),
        (
            nm.channels.Poisson("softplus"),
            [0.0, 3.0],
            lambda y, h: stats.poisson.logpmf(y, np.log1p(np.exp(h))),
        ),
        (nm.channels.Ordinal(EDGES[1:-1], 0.3), [0.0, 1.0, 2.0, 3.0], _ordinal),
        (
            nm.channels.Custom(_algebraic, outputs=[-1.0, 1.0]),
            [-1.0, 1.0],
            lambda y, h: np.log(0.5 + 0.5 * y * h / np.hypot(1.0, h)),
        ),
    ],
    ids=str,
)
def test_likelihoods_in_jax_are_their_definitions(channel, labels, expected):
    compiled = jax.jit(lambda y, h: log_likelihood(channel, y, h))
    for y in labels:
        found = np.asarray(compiled(jnp.full(FIELDS.size, y), jnp.asarray(FIELDS)))
        assert found == pytest.approx(expected(y, FIELDS), rel=2e-9, abs=1e-13)
        far = jnp.array([-300.0, -41.0, 0.0, 41.0, 300.0])
        slope = jax.grad(lambda h, y=y: jnp.sum(compiled(jnp.full(5, y), h)))(far)
        assert not np.isnan(np.asarray(slope)).any()
    if classes(channel) is not None:
        assert list(classes(channel)) == labels
    else:
        values = np.asarray(mean_label(channel, jnp.asarray(FIELDS)))
        law = channel.label_law(FIELDS)
        mean = np.sum(law.values * law.weights, axis=1)
        assert values == pytest.approx(mean, rel=1e-9)


MIXED = nm.DeepNetwork(
    [
        nm.Layer(A.Tanh(2.0), 1.5, 0.4),
        nm.Layer(A.ReLU(), 0.0, 0.2),
        nm.Layer(A.ELU(), 2.0),
    ],
    readout_variance=0.6,
)


def test_the_vector_of_weights_is_the_network():
    deep = nm.simulate.teacher(MIXED, nm.channels.Linear(), [5, 4, 3, 2], 0)
    inputs = deep.sample(7, 1).inputs
    whole = Architecture(MIXED, deep.widths, True)
    position = whole.position(deep.weights, deep.biases, deep.readout)
    assert position.size == whole.size == 5 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2
    assert np.asarray(whole.hidden(position, inputs)) == pytest.approx(deep.hidden(inputs))
    assert np.asarray(whole.field(position, inputs)) == pytest.approx(deep.field(inputs))
    back = whole.many(position[None, None])
    assert [w.shape for w in back["weights"]] == [(1, 1, 4, 5), (1, 1, 3, 4), (1, 1, 2, 3)]
    for name in ("weights", "biases"):
        for found, given in zip(back[name], getattr(deep, name), strict=True):
            assert found[0, 0] == pytest.approx(given)
    hidden = Architecture(MIXED, deep.widths, False)
    assert hidden.size == whole.size - 2
    assert np.array_equal(hidden.position(deep.weights, deep.biases, deep.readout), position[:-2])


@pytest.mark.parametrize("samples", [3, 9])
def test_the_readout_is_integrated_out_exactly(samples):
    """Evidence and conditional law against dense Gaussians, more samples than neurons or fewer."""
    network = nm.DeepNetwork.uniform(A.Tanh(2.0), depth=1, readout_variance=1.7)
    channel = nm.channels.Linear(0.3)
    deep = nm.simulate.teacher(network, channel, [4, 5], 0)
    data = deep.sample(samples, 1)
    sampler = Sampler(Architecture(network, deep.widths, False), channel, 10, 1, 0.8)
    position = sampler.architecture.position(deep.weights, deep.biases, deep.readout)
    phi = deep.hidden(data.inputs) / np.sqrt(5.0)
    marginal = 1.7 * phi @ phi.T + 0.3 * np.eye(samples)
    expected = stats.multivariate_normal.logpdf(data.labels, cov=marginal)
    expected -= 0.5 * position @ position
    found = jax.jit(sampler.log_density)(jnp.asarray(position), data.inputs, data.labels)
    assert float(found) == pytest.approx(expected, rel=1e-12)

    gradient = jax.grad(sampler.log_density)(jnp.asarray(position), data.inputs, data.labels)
    density = jax.jit(lambda z: sampler.log_density(z, data.inputs, data.labels))
    steps = 1e-5 * np.eye(position.size)
    expected = [(density(position + s) - density(position - s)) / 2e-5 for s in steps]
    assert np.asarray(gradient) == pytest.approx(np.array(expected), rel=1e-7, abs=1e-8)

    hidden = jnp.asarray(phi * np.sqrt(1.7))
    keys = jax.random.split(jax.random.key(0), 20_000)
    labels = jnp.asarray(data.labels)
    draw = jax.jit(jax.vmap(lambda key: draw_readout(hidden, labels, 0.3, key)))
    means, draws = (np.asarray(values) * np.sqrt(1.7) for values in draw(keys))
    gain = 1.7 * phi.T @ np.linalg.inv(marginal)
    assert means[0] == pytest.approx(gain @ data.labels, rel=1e-11)
    covariance = 1.7 * np.eye(5) - 1.7 * gain @ phi
    assert np.abs(np.cov(draws.T) - covariance).max() < 6 * 1.7 / np.sqrt(20_000)
    spread = np.sqrt(np.diag(covariance) / 20_000)
    assert np.all(np.abs(draws.mean(axis=0) - means[0]) < 4.5 * spread)
