"""Teachers and their labels: definitions, moments, memory, bad input."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import nishimori as nm
from nishimori.simulate.inputs import input_variances
from nishimori.simulate.labels import draw_labels
from nishimori.simulate.weights import draw_weights

TANH = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
RELU = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=2, bias_variance=0.1)
MANY = 200_000


def _normal(y, h):
    return -0.5 * np.square(y - h) / 0.1 - 0.5 * np.log(0.2 * np.pi)


CHANNELS = [
    nm.channels.Linear(0.1),
    nm.channels.Sign(0.1, 0.05),
    nm.channels.Logistic(),
    nm.channels.Readout(nm.activations.Abs(), 0.1),
    nm.channels.Door(0.7),
    nm.channels.Laplace(0.5),
    nm.channels.Poisson("softplus"),
    nm.channels.Ordinal((-1.0, 0.5), 0.1),
    nm.channels.Custom(lambda y, h: -np.logaddexp(0.0, -y * h), outputs=[-1, 1]),
    nm.channels.Custom(_normal, support=(-np.inf, np.inf)),
]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda c: type(c).__name__)
def test_labels_have_the_channels_moments(channel):
    rng = np.random.default_rng(3)
    field = 0.2 + rng.standard_normal(MANY)
    label = draw_labels(channel, field, rng)
    moments = channel.label_moments(1.0, 0.2)
    square, slope = np.square(label), label * (field - 0.2)
    assert abs(square.mean() - moments.mean_square) <= 4.5 * square.std() / MANY**0.5 + 1e-12
    assert abs(slope.mean() - moments.slope) < 4.5 * slope.std() / MANY**0.5


@pytest.mark.parametrize(
    "prior",
    [
        nm.priors.Gaussian(),
        nm.priors.Rademacher(),
        nm.priors.GaussBernoulli(0.2),
        nm.priors.Discrete([-1.0, 0.0, 2.0], [0.3, 0.5, 0.2]),
        nm.priors.GaussianMixture([-1.0, 2.0], [0.5, 0.1], [0.6, 0.4]),
    ],
)
def test_weights_have_unit_second_moment_and_the_priors_mean(prior):
    weights = draw_weights(prior, MANY, np.random.default_rng(5))
    square = np.square(weights)
    assert abs(square.mean() - 1.0) <= 4.5 * square.std() / MANY**0.5
    assert abs(weights.mean() - prior.mean) < 4.5 / MANY**0.5


@pytest.mark.parametrize(
    "spectrum",
    [
        nm.spectra.Eigenvalues([0.4, 1.6], [0.25, 0.75]),
        nm.spectra.PowerLaw(1.0, 50),
        nm.spectra.MarchenkoPastur(0.5),
        nm.spectra.MarchenkoPastur(2.0),
    ],
)
def test_inputs_have_the_moments_of_the_spectrum(spectrum):
    values = input_variances(spectrum, 400, np.random.default_rng(0))
    assert values.shape == (400,)
    for power in (1, 2):
        expected = spectrum.weights @ spectrum.nodes**power
        assert np.mean(values**power) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("network", [TANH, RELU], ids=str)
def test_the_fields_variance_is_that_of_the_reduction(network):
    reduction = network.reduce()
    found = []
    for seed in range(30):
        deep = nm.simulate.teacher(network, nm.channels.Linear(), 200, seed)
        fields = deep.sample(2000, seed).fields
        found.append(np.mean(np.square(fields - deep.offset)))
    expected = reduction.signal_variance + reduction.noise_variance
    assert abs(np.mean(found) - expected) < 4 * np.std(found) / len(found) ** 0.5 + 0.02 * expected


def test_the_offset_is_the_mean_field_and_zero_for_odd_networks():
    deep = nm.simulate.teacher(RELU, nm.channels.Linear(), 100, 0)
    fields = deep.sample(50_000, 1).fields
    assert abs(fields.mean() - deep.offset) < 5 * fields.std() / 8192**0.5
    assert nm.simulate.teacher(TANH, nm.channels.Linear(), 100, 0).offset == 0.0


def test_equal_seeds_give_equal_data_whatever_the_batches():
    deep = nm.simulate.teacher(TANH, nm.channels.Linear(0.1), [60, 40, 50], 7)
    whole = deep.sample(90, 3)
    again = deep.sample(90, 3)
    assert np.array_equal(whole.inputs, again.inputs)
    assert np.array_equal(whole.labels, again.labels)
    parts = list(deep.batches(90, 3, rows=40))
    assert [part.samples for part in parts] == [40, 40, 10]
    assert np.array_equal(parts[0].fields, deep.field(parts[0].inputs))


def test_a_teacher_and_a_sample_of_one_seed_share_nothing():
    deep = nm.simulate.teacher(TANH, nm.channels.Linear(), 40, 7)
    inputs = deep.sample(40, 7).inputs
    assert abs(np.corrcoef(inputs.ravel(), deep.weights[0].ravel())[0, 1]) < 0.1


def test_float32_stays_float32():
    deep = nm.simulate.teacher(
        RELU, nm.channels.Sign(), 30, 0, spectrum=nm.spectra.PowerLaw(1.0, 30), dtype="float32"
    )
    data = deep.sample(20, 0)
    assert {data.inputs.dtype, data.labels.dtype, data.fields.dtype} == {np.dtype("float32")}
    assert deep.readout.dtype == data.scaled_inputs.dtype == np.float32


def test_the_glm_teacher_is_the_glm():
    problem = nm.GLM(nm.channels.Linear(), signal_variance=0.6, noise_variance=0.3, offset=0.5)
    flat = nm.simulate.glm_teacher(problem, 300, 0)
    data = flat.sample(20_000, 1)
    signal = 0.6**0.5 * data.scaled_inputs @ flat.weights + 0.5
    assert np.var(data.fields - signal) == pytest.approx(0.3, rel=0.05)
    assert flat.offset == 0.5


def test_a_stream_holds_one_batch():
    deep = nm.simulate.teacher(TANH, nm.channels.Sign(), 100, 0, dtype="float32")
    tracemalloc.start()
    samples = sum(part.samples for part in deep.batches(100_000, 0, rows=1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert samples == 100_000  # 40 MB of inputs
    assert peak < 8e6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nm.simulate.teacher(TANH, nm.channels.Sign(), 10**6, 0), "GiB of memory"),
        (
            lambda: nm.simulate.teacher(TANH, nm.channels.Sign(), 100, 0).sample(10**9, 0),
            "GiB of memory",
        ),
        (lambda: nm.simulate.teacher(TANH, nm.channels.Sign(), [3, 4], 0), "3 widths"),
        (lambda: nm.simulate.teacher(TANH, nm.channels.Sign(), 0, 0), "at least 1"),
        (lambda: nm.simulate.teacher(TANH, 3, 10, 0), "channel must be"),
        (lambda: nm.simulate.teacher(3, nm.channels.Sign(), 10, 0), "network must be"),
        (lambda: nm.simulate.teacher(TANH, nm.channels.Sign(), 10, "a"), "rng must be"),
        (lambda: nm.simulate.teacher(TANH, nm.channels.Sign(), 10, 0, dtype="int8"), "float32"),
        (lambda: nm.simulate.glm_teacher(TANH, 10, 0), "problem must be a GLM"),
        (
            lambda: draw_labels(nm.channels.Poisson(), np.array([50.0]), np.random.default_rng(0)),
            "Poisson rate",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(nm.NishimoriError, match=words):
        call()
