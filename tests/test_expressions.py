"""Definitions as expressions: what is written can be read again, and reads as nothing else."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import nishimori as nm
from nishimori.expressions import is_readable, read, write, write_call

OBJECTS = [
    nm.GLM(nm.channels.Sign(noise=0.1), prior=nm.priors.Rademacher(), signal_variance=0.3),
    nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), 3, bias_variance=0.1),
    nm.DeepNetwork(
        [
            nm.Layer(nm.activations.LeakyReLU(slope=0.1)),
            nm.Layer(
                nm.activations.PiecewiseLinear([0.0, 1.0], [0.0, 1.0, 2.0], [0.0, 0.0, -1.0]),
                weight_variance=2.0,
            ),
        ],
        readout_variance=0.5,
    ),
    nm.GLM(
        nm.channels.Readout(nm.activations.Hermite(3), noise=0.1),
        spectrum=nm.spectra.Eigenvalues([0.5, 1.5], [0.3, 0.7]),
    ),
    nm.GLM(nm.channels.Ordinal((-1.0, 0.5)), spectrum=nm.spectra.PowerLaw(1.2, 50)),
    nm.GLM(nm.channels.Poisson("softplus"), spectrum=nm.spectra.MarchenkoPastur(0.5)),
    nm.GLM(nm.channels.Door(0.7), prior=nm.priors.GaussBernoulli(0.2), offset=-0.1),
    nm.GLM(nm.channels.Laplace(0.5), prior=nm.priors.Discrete([-1, 0, 2.0], [0.3, 0.5, 0.2])),
    nm.GLM(
        nm.channels.Logistic(), prior=nm.priors.GaussianMixture([-1, 1], [0.5, 0.5], [0.5, 0.5])
    ),
    nm.erm.Huber(0.5, regularization=[0.1, 0.2]),
    nm.erm.Lasso(0.3),
    nm.erm.MaxMargin(),
    nm.erm.EpsilonInsensitive(0.4, regularization="optimal"),
    nm.features.RandomFeatures(nm.DeepNetwork.uniform(nm.activations.Erf(), 1), [1.5]),
    nm.features.Kernel(0.4, 0.6),
    nm.activations.Polynomial([0.0, 1.0, 0.5]),
]


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: write(value)[:40])
def test_what_is_written_can_be_read(value):
    text = write(value)
    assert is_readable(text)
    again = read(text)
    assert again == value
    assert write(again) == text


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6),
    noise=st.floats(0.0, 1e300),
)
@example(values=[0.0, 1.0, 2.0, 5e-324], noise=0.0)  # one that becomes 0 when rescaled
def test_every_digit_survives(values, noise):
    assert read(write(noise)) == noise
    if len({v for v in values if abs(v) > 1e-3}) > 1:
        prior = nm.priors.Discrete(values, np.full(len(values), 1.0 / len(values)))
        assert read(write(prior)) == prior


def test_defaults_are_left_out_and_repetition_is_short():
    assert write(nm.GLM(nm.channels.Sign())) == "nm.GLM(nm.channels.Sign())"
    deep = nm.DeepNetwork.uniform(nm.activations.ReLU(), 1000)
    assert write(deep) == "nm.DeepNetwork([nm.Layer(nm.activations.ReLU())] * 1000)"
    assert read(write(deep)) == deep


def test_a_call_can_be_written_and_made():
    problem = nm.GLM(nm.channels.Sign(noise=0.1))
    text = write_call(problem, "learning_curve", {"alpha": np.array([0.1, 1.0])})
    assert text == "nm.GLM(nm.channels.Sign(noise=0.1)).learning_curve(alpha=[0.1, 1.0])"
    assert np.array_equal(read(text).mmse, problem.learning_curve([0.1, 1.0]).mmse)


def test_a_users_function_is_named_and_told_apart():
    one, two = nm.activations.Custom(lambda x: x + 1.0), nm.activations.Custom(lambda x: x + 2.0)
    assert write(one) != write(two)
    assert not is_readable(write(one))
    with pytest.raises(nm.NishimoriError, match="the user's own"):
        read(write(one))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "open('x')",
        "nm.errors.Status(3)",
        "nm.GLM(**{})",
        "nm.GLM(",
        "nm.GLM.__init__()",
        "nm.GLM(nm.channels.Sign()).__class__()",
        "nm.channels.__getattr__('x')",
        "nm.channels.Sign(nois=1)",
        "nm.GLM(3)",
        "-'a'",
        "[0] * [0]",
        "[0] * 100000000000",
        "(lambda: 0)()",
        "x",
        "b''",
        "",
        "[" * 1000,
    ],
)
def test_nothing_else_is_evaluated(text):
    with pytest.raises(nm.NishimoriError):
        read(text)


def test_what_cannot_be_written_is_refused():
    with pytest.raises(nm.NishimoriError, match="cannot be written"):
        write(object())


def gain_of(gain):
    return lambda x: gain * x


class Gain:
    def __init__(self, gain):
        self.gain = gain

    def __call__(self, x):
        return self.gain * x


@pytest.mark.parametrize(
    "make",
    [
        gain_of,
        Gain,
        lambda gain: partial(np.multiply, gain),
        lambda gain: lambda x, g=gain: g * x,
        lambda gain: Gain(gain).__call__,
    ],
)
def test_a_function_is_told_apart_by_the_values_that_it_holds(make):
    one, again, other = (write(nm.activations.Custom(make(g))) for g in (1.0, 1.0, 2.0))
    assert one == again
    assert one != other


@pytest.mark.parametrize(
    "result",
    [
        nm.GLM(nm.channels.Sign(noise=0.1)).learning_curve([0.5, 2.0], "algorithmic"),
        nm.GLM(nm.channels.Linear(0.1), signal_variance=0.7).solve(1.0),
        nm.GLM(nm.channels.Sign()).trajectory(2.0, 5, initial_overlap=0.1),
        nm.GLM(nm.channels.Sign(), prior=nm.priors.Rademacher()).transitions(),
        nm.DeepNetwork.uniform(nm.activations.ReLU(), 2).learning_curve(
            nm.channels.Linear(0.1), [0.5, 2.0], spectrum=nm.spectra.PowerLaw(1.0, 50)
        ),
        nm.erm.Logistic(regularization=0.1).learning_curve(
            nm.GLM(nm.channels.Sign(0.1)), [0.5, 2.0], nm.features.Kernel(0.4, 0.6)
        ),
        nm.erm.Ridge(regularization=0.3).solve(nm.GLM(nm.channels.Linear(0.1)), 1.5),
    ],
    ids=lambda result: type(result).__name__,
)
def test_a_result_says_which_call_makes_it_again(result):
    again = read(result.origin.expression)
    assert again.origin == result.origin or again.origin.expression == result.origin.expression
    assert repr(again) == repr(result)
    for name in ("overlap", "conjugate", "spinodals"):
        if hasattr(result, name):
            assert np.array_equal(getattr(again, name), getattr(result, name))


def test_a_failure_says_it_too():
    problem = nm.GLM(nm.channels.Readout(nm.activations.Sine(gain=5.0), 1e-9))
    with pytest.raises(nm.errors.ConvergenceError) as caught:
        problem.learning_curve([1.0])
    assert "learning_curve(alpha=[1.0]" in caught.value.result.origin.expression
