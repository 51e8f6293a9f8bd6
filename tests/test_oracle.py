"""The kernels against the mpmath oracle, on a grid that hypothesis widens."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nishimori as nm
from conftest import relative
from nishimori import reference

slow_oracle = settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@given(
    log_ratio=st.floats(-9.0, 15.0),
    noise=st.sampled_from([0.0, 0.3]),
    flip=st.sampled_from([0.0, 1e-10, 1e-3, 0.2]),
    offset=st.sampled_from([0.0, 0.4, -2.0, 7.0]),
)
@slow_oracle
def test_sign_kernel(log_ratio: float, noise: float, flip: float, offset: float) -> None:
    """s2/V over 24 decades; the offset is in units of sqrt(V + noise)."""
    variance = 10.0**-log_ratio if log_ratio > 0 else 1.0
    signal = 1.0 if log_ratio > 0 else 10.0**log_ratio
    shift = offset * float(np.sqrt(variance + noise))
    fisher, entropy = nm.channels.Sign(noise, flip).information(signal, variance, shift)
    exact = reference.sign_information(signal, variance, noise, flip, shift, digits=18)
    assert relative(fisher, exact[0]) < 1e-12
    assert relative(entropy, exact[1]) < 1e-12


ONE_LAYER = {
    "tanh": (nm.activations.Tanh, reference.activations.tanh),
    "erf": (nm.activations.Erf, reference.activations.erf),
    "sine": (nm.activations.Sine, reference.activations.sine),
    "silu": (nm.activations.SiLU, reference.activations.silu),
    "softplus": (nm.activations.Softplus, reference.activations.softplus),
    "sigmoid": (nm.activations.Sigmoid, reference.activations.sigmoid),
    "elu": (nm.activations.ELU, reference.activations.elu),
}
PLAIN = {
    "gelu": (nm.activations.GELU, reference.activations.gelu),
    "relu": (nm.activations.ReLU, reference.activations.relu),
    "hard_tanh": (nm.activations.HardTanh, reference.activations.hard_tanh),
    "sign": (nm.activations.Sign, reference.activations.sign),
    "step": (nm.activations.Step, reference.activations.step),
    "abs": (nm.activations.Abs, reference.activations.abs_),
}


def agree(ours: nm.activations.Activation, theirs: Any, weight: float, bias: float) -> None:
    network = nm.DeepNetwork([nm.Layer(ours, weight, bias)])
    reduction = network.reduce()
    exact = reference.reduce([(theirs, weight, bias)], digits=20 if bias == 0 else 16)
    allowed = 1e-13 + 1e-13 * abs(np.log10(reduction.signal_variance + 1e-300)) * (bias > 0)
    for name in ("signal_variance", "noise_variance"):
        assert relative(getattr(reduction, name), getattr(exact, name)) < allowed, name
    assert relative(reduction.offset_variance, exact.mean_square) < allowed


@given(
    name=st.sampled_from(sorted(ONE_LAYER)),
    parameter=st.floats(0.2, 4.0),
    log_weight=st.floats(-4.0, 1.5),
)
@slow_oracle
def test_one_layer(name: str, parameter: float, log_weight: float) -> None:
    ours, theirs = ONE_LAYER[name]
    agree(ours(parameter), theirs(parameter), 10.0**log_weight, 0.0)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("weight", [0.004, 1.3])
def test_one_layer_without_parameters(name: str, weight: float) -> None:
    ours, theirs = PLAIN[name]
    agree(ours(), theirs(), weight, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tanh", "elu"])
@pytest.mark.parametrize("weight", [0.01, 0.6])
def test_one_layer_with_biases(name: str, weight: float) -> None:
    ours, theirs = ONE_LAYER[name]
    agree(ours(1.5), theirs(1.5), weight, 0.4)


STATES = [
    {"alpha": 0.7, "noise_variance": 0.3},
    {"alpha": 40.0, "flip": 0.05, "noise_variance": 0.01},
    {"alpha": 3.0, "offset": 0.7, "noise": 0.2},
    {"alpha": 1e5, "signal_variance": 4.0},
]


@pytest.mark.slow
@pytest.mark.parametrize("parameters", STATES, ids=str)
def test_sign_states(parameters: dict[str, float]) -> None:
    given_channel = {k: parameters[k] for k in ("noise", "flip") if k in parameters}
    rest = {k: v for k, v in parameters.items() if k not in ("noise", "flip", "alpha")}
    problem = nm.GLM(channel=nm.channels.Sign(**given_channel), **rest)
    state = problem.solve(parameters["alpha"])
    exact = reference.sign(**parameters, digits=18)
    for name in ("overlap", "mmse", "conjugate", "free_entropy", "mutual_information", "log_loss"):
        assert relative(getattr(state, name), getattr(exact, name)) < 1e-12, name
    assert relative(state.signal_mutual_information, exact.weight_information) < 1e-12
    assert relative(state.test_error, exact.misclassification) < 1e-12
    clean = problem.test_error(state, label_noise=False)
    assert relative(clean, exact.clean_misclassification) < 1e-12
    assert relative(problem.test_error(state, "mean_square"), exact.mean_square) < 1e-12


@given(alpha=st.floats(0.01, 1e6), eta=st.sampled_from([0.0, 0.5]), noise=st.floats(1e-6, 10.0))
@settings(deadline=None, max_examples=25)
def test_linear_states(alpha: float, eta: float, noise: float) -> None:
    problem = nm.GLM(channel=nm.channels.Linear(noise), noise_variance=eta)
    state = problem.solve(alpha)
    exact = reference.linear(alpha, noise_variance=eta, noise=noise, digits=25)
    for name in ("overlap", "mmse", "conjugate"):
        assert relative(getattr(state, name), getattr(exact, name)) < 1e-12, name
    for name in ("free_entropy", "mutual_information"):
        scale = max(1.0, alpha) if name == "free_entropy" else 1.0
        assert abs(mpmath.mpf(getattr(state, name)) - getattr(exact, name)) < 1e-13 * scale
    assert relative(state.test_error, exact.mean_square) < 1e-12
    clean = problem.test_error(state, label_noise=False)
    assert relative(clean, exact.clean_mean_square) < 1e-12
