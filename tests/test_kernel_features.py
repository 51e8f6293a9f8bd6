"""Kernels: from functions, NNGP, tangent kernels, what the residual does."""

from __future__ import annotations

import json
import math

import mpmath
import numpy as np
import pytest

import nishimori as nm
from nishimori.cli.main import main
from nishimori.errors import ActivationError, BadArgument
from plain_erm import solve, tanh


@pytest.mark.parametrize(
    ("function", "linear", "residual"),
    [
        (np.exp, 1.0, math.e - 2.0),
        (math.exp, 1.0, math.e - 2.0),
        (
            lambda c: 2.0 / math.pi * np.arcsin(2.0 * c / 3.0),
            4.0 / (3.0 * math.pi),
            2.0 / math.pi * math.asin(2.0 / 3.0) - 4.0 / (3.0 * math.pi),
        ),
        (
            lambda c: (np.sqrt(1.0 - c * c) + c * (math.pi - np.arccos(c))) / math.pi,
            0.5,
            0.5 - 1.0 / math.pi,
        ),
        (lambda c: c, 1.0, 0.0),
        (lambda c: c**2, 0.0, 1.0),
        (lambda c: c**3 + 1e-3 * c, 1e-3, 1.0),
        (lambda c: 1.0 / (1.05 - c), 1.05**-2, 20.0 - 1 / 1.05 - 1.05**-2),
        (lambda c: 7.0 + 2.0 * c + c**40, 2.0, 1.0),
    ],
)
def test_kernel_from_function(function, linear, residual):
    kernel = nm.features.Kernel.from_function(function)
    assert kernel.linear == pytest.approx(linear, rel=1e-12, abs=1e-15)
    assert kernel.residual == pytest.approx(residual, rel=1e-12, abs=0.0)


def test_kernel_of_inputs_of_another_size():
    kernel = nm.features.Kernel.from_function(np.exp, input_second_moment=0.5)
    assert kernel.residual == pytest.approx(math.exp(0.5) - 1.5, rel=1e-12)
    spectrum = nm.spectra.Eigenvalues([0.2, 0.8])
    assert kernel.geometry(nm.GLM(nm.channels.Linear(), spectrum=spectrum)).residual > 0.0
    with pytest.raises(BadArgument, match=r"second moment 0\.5.*mean 1"):
        kernel.geometry(nm.GLM(nm.channels.Linear()))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (abs, "not smooth"),
        (lambda c: np.abs(c) ** 1.5, "not smooth"),
        (lambda c: -c, "negative"),
        (np.cos, "negative"),
        (lambda c: 1.0, "constant"),
        (lambda c: 1.0 / c, "not finite at 0"),
        (lambda c: 1e8 + c, "only known to"),
        (lambda c: np.exp(c) + 1e-9 * np.sin(1e7 * np.asarray(c)), "not smooth"),
        (lambda c: "a", "calling it failed"),
        (3.0, "callable"),
    ],
)
def test_kernel_functions_that_are_refused(function, words):
    with pytest.raises(BadArgument, match=words):
        nm.features.Kernel.from_function(function)


def relu_tangent(depth, c, bias, weight):
    """The tangent kernel of ReLU networks by the arc-cosine recursion."""
    k, p = weight * c + bias, weight * mpmath.mpf(1) + bias
    tangent = k
    for _ in range(depth):
        angle = mpmath.acos(min(k / p, mpmath.mpf(1)))
        sigma = p / (2 * mpmath.pi) * (mpmath.sin(angle) + (mpmath.pi - angle) * k / p)
        theta = tangent * (mpmath.pi - angle) / (2 * mpmath.pi)
        k, p = weight * sigma + bias, weight * p / 2 + bias
        tangent = weight * (sigma + theta) + bias
    return sigma + theta


def erf_tangent(depth, c, bias, weight):
    k, p = weight * c + bias, weight * mpmath.mpf(1) + bias
    tangent = k
    for _ in range(depth):
        sigma = 2 / mpmath.pi * mpmath.asin(2 * k / (1 + 2 * p))
        theta = tangent * 4 / mpmath.pi / mpmath.sqrt((1 + 2 * p) ** 2 - 4 * k * k)
        second = 2 / mpmath.pi * mpmath.asin(2 * p / (1 + 2 * p))
        k, p = weight * sigma + bias, weight * second + bias
        tangent = weight * (sigma + theta) + bias
    return sigma + theta


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize(("bias", "weight"), [("0", "1"), ("0.3", "1.7")])
@pytest.mark.parametrize(
    ("activation", "tangent"),
    [(nm.activations.ReLU(), relu_tangent), (nm.activations.Erf(), erf_tangent)],
)
def test_tangent_kernel_of_any_parity(activation, tangent, depth, bias, weight):
    with mpmath.workdps(40):
        b, w = mpmath.mpf(bias), mpmath.mpf(weight)
        linear = mpmath.diff(lambda c: tangent(depth, c, b, w), 0)
        ends = tangent(depth, mpmath.mpf(1), b, w) - tangent(depth, mpmath.mpf(0), b, w)
    network = nm.DeepNetwork.uniform(
        activation, depth, weight_variance=float(weight), bias_variance=float(bias)
    )
    kernel = nm.features.Kernel.ntk(network)
    assert kernel.linear == pytest.approx(float(linear), rel=1e-12)
    assert kernel.residual == pytest.approx(float(ends - linear), rel=1e-12)


def test_tangent_kernel_of_functions_that_declare_nothing():
    softplus = nm.activations.Custom(lambda x: np.logaddexp(0.0, x))
    kernels = [
        nm.features.Kernel.ntk(nm.DeepNetwork.uniform(activation, 2))
        for activation in (softplus, nm.activations.Softplus())
    ]
    assert kernels[0].linear == pytest.approx(kernels[1].linear, rel=1e-11)
    assert kernels[0].residual == pytest.approx(kernels[1].residual, rel=1e-9)
    with pytest.raises(ActivationError, match="jumps"):
        nm.features.Kernel.ntk(nm.DeepNetwork.uniform(nm.activations.Sign(), 1))


def test_nngp_is_the_reduction():
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), 2, bias_variance=0.1)
    kernel = nm.features.Kernel.nngp(network)
    reduction = network.reduce()
    assert kernel.linear == reduction.signal_variance
    assert kernel.residual == reduction.noise_variance
    # of the inputs as they are: per unit of x.x'/d
    wide = nm.features.Kernel.nngp(network, input_second_moment=2.0)
    assert wide.linear * 2.0 == pytest.approx(network.reduce(2.0).signal_variance, rel=1e-14)


def test_a_kernel_s_residual_is_a_ridge_for_the_square_loss_only():
    problem = tanh(2).glm(nm.channels.Linear(noise=0.05))
    kernel = nm.features.Kernel(0.84, 0.26).geometry(problem)
    linear = nm.features.Kernel(1.0, 0.0).geometry(problem)
    (_, q, m), _ = solve(kernel, 1.5, 0.3, noise=0.05)
    (_, q_linear, m_linear), _ = solve(linear, 1.5, (0.3 + 0.26) / 0.84, noise=0.05)
    assert (q, m) == pytest.approx((q_linear, m_linear), rel=1e-12)
    labels = tanh(2).glm(nm.channels.Sign())
    kernel, linear = (
        nm.features.Kernel(*coefficients).geometry(labels)
        for coefficients in ((0.84, 0.26), (1.0, 0.0))
    )
    (_, q, m), _ = solve(kernel, 1.5, 0.3, "logistic", "sign")
    (_, q_linear, m_linear), _ = solve(linear, 1.5, 0.56 / 0.84, "logistic", "sign")
    assert abs(m / m_linear - 1.0) > 1e-3


def test_kernel_ridge_at_its_best_is_bayes_where_the_residual_allows():
    # the network's own NNGP kernel: the best regularization is the label noise
    problem = tanh(2).glm(nm.channels.Linear(noise=0.1))
    (_, q, m), _ = solve(nm.features.Kernel.nngp(tanh(2)).geometry(problem), 1.5, 0.1, noise=0.1)
    assert q == pytest.approx(m, rel=1e-12)


@pytest.mark.parametrize("moment", [1.0, 2.0])
def test_kernel_on_the_command_line_is_that_of_the_network(capsys, moment):
    # at its best penalty it is Bayes-optimal on the network's own labels
    arguments = ["curve", "--activation", "tanh:gain=2", "--depth", "2", "--channel"]
    arguments += ["linear:noise=0.1", "--alpha", "0.5,2", "--with", "kernel", "--format", "json"]
    arguments += ["--input-second-moment", str(moment), "--quiet"]
    assert main(arguments) == 0
    for row in json.loads(capsys.readouterr().out)["rows"]:
        assert row["test_error_kernel"] == pytest.approx(row["test_error"], rel=1e-12)
