"""Sampled posteriors against exact ones: by quadrature, importance sampling, Nishimori."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

import nishimori as nm
from nishimori.errors import ConvergenceError, ConvergenceWarning
from nishimori.simulate import sample_posterior
from nishimori.simulate.posterior_result import agreement, mixing

pytest.importorskip("numpyro")

IDENTITY = nm.activations.Identity()
TANH = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=1)
LINEAR = nm.DeepNetwork([nm.Layer(IDENTITY, 0.8)], readout_variance=1.5)
NOISE = 0.1


def exact_linear_network(x, y, tests, noise):
    """Mean and variance of h of a network of one linear neuron, by a sum over its readout.

    h = a w.x/sqrt(d) is Gaussian given a.
    """
    d = x.shape[1]
    a = np.linspace(0.0, 9.0, 2001)[:, None] * np.sqrt(1.5)
    values, vectors = np.linalg.eigh(0.8 * x @ x.T / d)
    cross, own = 0.8 * tests @ x.T @ vectors / d, 0.8 * np.sum(np.square(tests), axis=1) / d
    projected, total = vectors.T @ y, np.square(a) * values + noise
    log_weight = -0.5 * np.sum(np.square(projected) / total + np.log(total), axis=1)
    log_weight += stats.norm.logpdf(a[:, 0], scale=np.sqrt(1.5))
    log_weight[0] -= np.log(2.0)  # the two halves are alike
    mean = (np.square(a) * projected / total) @ cross.T
    variance = np.square(a) * own - (np.square(np.square(a)) / total) @ np.square(cross).T
    weight = np.exp(log_weight - np.max(log_weight))
    weight /= weight.sum()
    average = weight @ mean
    return average, weight @ (variance + np.square(mean)) - np.square(average)


@pytest.mark.parametrize(
    "channel",
    [
        pytest.param(nm.channels.Linear(NOISE), id="collapsed"),
        pytest.param(nm.channels.Readout(IDENTITY, NOISE), id="all", marks=pytest.mark.slow),
    ],
)
def test_a_linear_neuron_has_its_exact_posterior(channel):
    deep = nm.simulate.teacher(LINEAR, channel, [4, 1], 3)
    data, tests = deep.sample(6, 4), deep.sample(8, 5).inputs
    mean, variance = exact_linear_network(data.inputs, data.labels, tests, NOISE)
    result = sample_posterior(
        LINEAR, channel, data.inputs, data.labels, [4, 1], 6, test_inputs=tests, draws=1500
    )
    assert result.mixing.effective_sample_size > 400
    assert np.all(np.abs(result.predictions - mean) < 4.5 * result.standard_errors)
    spread = result.fields.var(axis=(0, 1))
    assert spread == pytest.approx(variance, rel=0.15)
    assert result.expected_error == pytest.approx(variance.mean() + NOISE, rel=0.05)


def importance_sampled(network, log_likelihood, mean_label, data, tests, draws=400_000):
    """E[E[y|h]] at the tests and its standard error, from weighted draws of the prior."""
    rng = np.random.default_rng(0)
    layer = network.layers[0]
    w = rng.standard_normal((draws, 2, 2)) * np.sqrt(layer.weight_variance)
    b = rng.standard_normal((draws, 2)) * np.sqrt(layer.bias_variance)
    a = rng.standard_normal((draws, 2)) * np.sqrt(network.readout_variance)

    def field(x):
        before = np.einsum("skj,j->sk", w, x) / np.sqrt(2.0) + b
        return np.sum(a * layer.activation(before), axis=1) / np.sqrt(2.0)

    rows = zip(data.inputs, data.labels, strict=True)
    log_weight = sum(log_likelihood(y, field(x)) for x, y in rows)
    weight = np.exp(log_weight - np.max(log_weight))
    weight /= weight.sum()
    values = np.array([mean_label(field(x)) for x in tests])
    mean = values @ weight
    return mean, np.sqrt(np.square(values - mean[:, None]) @ np.square(weight))


BIASED = nm.DeepNetwork([nm.Layer(nm.activations.Tanh(), 1.5, 0.3)], readout_variance=2.0)
LEAKY = nm.DeepNetwork([nm.Layer(nm.activations.LeakyReLU(0.2))], readout_variance=0.7)
NORMAL = stats.norm(scale=np.sqrt(0.3))


def _probit(h):
    return 0.05 + 0.9 * NORMAL.cdf(h)


def _softplus(h):
    return np.logaddexp(0.0, h)


TINY = {
    "sign": (
        BIASED,
        nm.channels.Sign(0.3, 0.05),
        lambda y, h: np.log(np.where(y > 0, _probit(h), 1 - _probit(h))),
        lambda h: 2 * _probit(h) - 1,
    ),
    "logistic": (
        LEAKY,
        nm.channels.Logistic(),
        lambda y, h: -np.logaddexp(0.0, -y * h),
        lambda h: np.tanh(0.5 * h),
    ),
    "poisson": (
        BIASED,
        nm.channels.Poisson("softplus"),
        lambda y, h: stats.poisson.logpmf(y, _softplus(h)),
        _softplus,
    ),
    "laplace": (
        BIASED,
        nm.channels.Laplace(0.4),
        lambda y, h: stats.laplace.logpdf(y, h, 0.4),
        lambda h: h,
    ),
    "readout": (
        LEAKY,
        nm.channels.Readout(nm.activations.ReLU(), 0.3),
        lambda y, h: NORMAL.logpdf(y - np.maximum(h, 0.0)),
        lambda h: np.maximum(h, 0.0),
    ),
    "ordinal": (
        BIASED,
        nm.channels.Ordinal((-0.5, 0.4), 0.3),
        lambda y, h: np.log(
            NORMAL.cdf([-0.5, 0.4, np.inf][int(y)] - h)
            - NORMAL.cdf([-np.inf, -0.5, 0.4][int(y)] - h)
            + 1e-300
        ),
        lambda h: NORMAL.cdf(h + 0.5) + NORMAL.cdf(h - 0.4),
    ),
    "linear": (
        BIASED,
        nm.channels.Linear(0.3),
        lambda y, h: NORMAL.logpdf(y - h),
        lambda h: h,
    ),
}


@pytest.mark.parametrize(
    "case", [key if key == "sign" else pytest.param(key, marks=pytest.mark.slow) for key in TINY]
)
def test_a_tiny_network_against_importance_sampling(case):
    network, channel, log_likelihood, mean_label = TINY[case]
    deep = nm.simulate.teacher(network, channel, 2, 1)
    data, tests = deep.sample(3, 2), deep.sample(6, 3).inputs
    mean, error = importance_sampled(network, log_likelihood, mean_label, data, tests)
    result = sample_posterior(
        network, channel, data.inputs, data.labels, 2, 4, test_inputs=tests, draws=1200
    )
    assert result.mixing.rhat < 1.02
    found = result.label_means.mean(axis=(0, 1))
    total = np.hypot(error, result.standard_errors)
    assert np.all(total < 0.1)  # else nothing is tested
    assert np.all(np.abs(found - mean) < 4.5 * total)


def test_what_is_kept_fits_together_and_seeds_decide():
    network, channel = BIASED, nm.channels.Sign(0.3, 0.05)
    deep = nm.simulate.teacher(network, channel, 2, 1)
    data, tests = deep.sample(3, 2), deep.sample(6, 3).inputs
    seen = []
    settings = {"test_inputs": tests, "draws": 70, "start": ["prior", "prior", deep, deep]}

    def sample(seed, **more):
        return sample_posterior(
            network, channel, data.inputs, data.labels, 2, seed, **settings, **more
        )

    result = sample(7, keep_weights=True, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (570, 570)
    assert [w.shape for w in result.weights] == [(4, 70, 2, 2)]
    assert result.biases[0].shape == (4, 70, 2)
    student = nm.simulate.DeepTeacher(
        network,
        channel,
        tuple(w[3, 11] for w in result.weights),
        tuple(b[3, 11] for b in result.biases),
        result.readout[3, 11],
    )
    assert student.field(tests) == pytest.approx(result.fields[3, 11], rel=1e-12)
    assert np.allclose(result.probabilities.sum(axis=0), 1.0)
    mean = result.label_means.mean(axis=(0, 1))
    assert result.probabilities[1] - result.probabilities[0] == pytest.approx(mean)
    assert np.array_equal(result.predictions, np.where(mean > 0, 1.0, -1.0))
    again = sample(7)
    assert np.array_equal(result.fields, again.fields)
    assert again.weights is None
    assert not np.array_equal(result.fields, sample(8).fields)


def test_the_procedure_predicts_and_says_when_chains_have_not_mixed():
    channel = nm.channels.Sign(NOISE)
    deep = nm.simulate.teacher(TANH, channel, 5, 0)
    data, tests = deep.sample(10, 1), deep.sample(50, 2).inputs
    task = SimpleNamespace(
        problem=TANH.glm(channel), network=TANH, train=data, test_inputs=tests, widths=deep.widths
    )

    def predict(on_failure, **settings):
        procedure = nm.simulate.Posterior(warmup=50, draws=50, on_failure=on_failure, **settings)
        return procedure.predict(task, np.random.default_rng(0))

    labels = predict("raise", largest_rhat=2.0, smallest_ess=1.0)
    assert labels.shape == (50,)
    assert set(labels) == {-1.0, 1.0}
    with pytest.warns(ConvergenceWarning, match="not mixed: .*effective sample size is"):
        assert np.array_equal(predict("warn"), labels)
    with pytest.raises(ConvergenceError, match="more warmup and draws") as caught:
        predict("raise")
    assert not caught.value.result.mixed
    assert np.array_equal(predict("return"), labels)


def test_double_precision_ends_with_the_call():
    import jax

    before = jax.numpy.zeros(1).dtype
    deep = nm.simulate.teacher(TANH, nm.channels.Sign(NOISE), 5, 0)
    data = deep.sample(10, 1)
    result = sample_posterior(
        TANH, deep.channel, data.inputs, data.labels, 5, 0, warmup=50, draws=50
    )
    assert result.log_density.dtype == np.float64
    assert result.predictions.shape == (0,)
    assert np.isnan(result.expected_error)
    assert jax.numpy.zeros(1).dtype == before


def test_agreement_of_known_chains():
    rng = np.random.default_rng(0)
    chains = rng.standard_normal((4, 4000, 3))
    for t in range(1, 4000):  # effective sample size (1 - 0.8)/(1 + 0.8) of the draws
        chains[:, t, 1] = 0.8 * chains[:, t - 1, 1] + 0.6 * chains[:, t, 1]
    chains[..., 2] = 7.0
    rhat, size = agreement(chains)
    assert np.all(rhat < 1.01)
    assert size == pytest.approx([16000, 16000 / 9, 16000], rel=0.15)
    chains[:2, :, 0] += 1.0
    rhat, size = agreement(chains)
    assert rhat[0] == pytest.approx(np.sqrt(1 + 8 / 7 * 0.25), rel=0.02)
    assert size[0] < 50
    frozen = np.repeat(rng.standard_normal((4, 1, 1)), 100, axis=1)
    rhat, size = agreement(frozen)
    assert not rhat[0] < 1.5
    assert size[0] < 10


def test_the_verdict_names_what_speaks_against():
    good, bad = np.array([1.001, 1.002]), np.array([900.0, 500.0])
    fine = mixing(good, bad, 0, 1.01, 400.0)
    assert fine.mixed
    assert fine.status.startswith("mixed: R-hat at most 1.0020, effective sample size 500")
    for rhat, size, divergences, words in (
        (good + 0.1, bad, 0, "R-hat reaches 1.102"),
        (good, bad - 200.0, 0, "an effective sample size is 300, below 400"),
        (good, bad, 3, "3 trajectories diverged"),
        (np.array([np.inf]), bad, 0, "R-hat reaches inf"),
    ):
        verdict = mixing(rhat, size, divergences, 1.01, 400.0)
        assert not verdict.mixed
        assert verdict.status.startswith("not mixed: ")
        assert words in verdict.status


@pytest.mark.slow
def test_the_posterior_knows_its_own_error():
    """The Nishimori identity, and that the start of a chain does not matter."""
    channel, gaps = nm.channels.Linear(NOISE), []
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
    for seed in range(30):
        deep = nm.simulate.teacher(network, channel, 6, seed)
        data, test = deep.sample(9, seed + 1000), deep.sample(400, seed + 2000)
        result = sample_posterior(
            network,
            channel,
            data.inputs,
            data.labels,
            6,
            seed,
            test_inputs=test.inputs,
            warmup=100,
            draws=200,
            start=["prior", "prior", deep, deep],
        )
        assert result.mixing.rhat < 1.1
        gaps.append(np.mean(np.square(result.predictions - test.labels)) - result.expected_error)
    assert abs(np.mean(gaps)) < 4 * np.std(gaps) / np.sqrt(len(gaps))
    assert np.std(gaps) / np.sqrt(len(gaps)) < 0.07


@pytest.mark.slow
def test_the_error_approaches_the_optimal_curve_as_the_width_grows():
    channel = nm.channels.Sign(NOISE)
    theory = float(TANH.learning_curve(channel, 1.0).test_error)
    mean, error = {}, {}
    for width, teachers in ((10, 40), (20, 20)):
        found, gaps = [], []
        for seed in range(teachers):
            deep = nm.simulate.teacher(TANH, channel, width, seed)
            data, test = deep.sample(width, seed + 1000), deep.sample(400, seed + 2000)
            result = sample_posterior(
                TANH,
                channel,
                data.inputs,
                data.labels,
                width,
                seed,
                test_inputs=test.inputs,
                warmup=150,
                draws=250,
            )
            assert result.mixing.rhat < 1.05
            found.append(result.expected_error)
            gaps.append(np.mean(result.predictions != test.labels) - result.expected_error)
        mean[width], error[width] = np.mean(found), np.std(found) / np.sqrt(teachers)
        assert abs(np.mean(gaps)) < 4 * np.std(gaps) / np.sqrt(teachers)
    assert theory - mean[10] > 4 * error[10]  # small networks are easier
    assert abs(theory - mean[20]) < 0.7 * abs(theory - mean[10])
    limit, spread = 2.0 * mean[20] - mean[10], np.hypot(2.0 * error[20], error[10])
    assert spread < 0.006
    assert abs(limit - theory) < 4 * spread
