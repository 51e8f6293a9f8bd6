"""Features: certified fixed points, the chain against matrices, limits, bad input."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm
from conftest import rows
from nishimori.errors import ActivationError, BadArgument, NishimoriWarning
from nishimori.features.neurons import Neurons, Shifted
from nishimori.features.random_features import LayeredGeometry
from plain_erm import solve

ROWS = rows("features")
EXTREMES = (1e-12, 1e-6, 1.0, 1e6, 1e12)


def tanh(depth: int) -> nm.DeepNetwork:
    return nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth)


def row_problem(row):
    """The problem and the student of a certified row (None: linear)."""
    student = row["student"]
    noise = row["label_noise"]
    channel = nm.channels.Sign() if row["channel"] == "sign" else nm.channels.Linear(noise=noise)
    spectrum = nm.spectra.Isotropic()
    features = None
    if student["kind"] == "linear":
        spectrum = nm.spectra.Eigenvalues(student["spectrum"], student["spectrum_weights"])
    elif student["kind"] == "random_features":
        ratios, shared = student["width_ratios"], student["shared_layers"]
        features = nm.features.RandomFeatures(tanh(len(ratios)), ratios, shared)
        return tanh(2).glm(channel, above_layer=shared), features
    elif student["kind"] == "kernel":
        if student["function"] == "exp":
            features = nm.features.Kernel.from_function(np.exp)
        else:
            network = nm.DeepNetwork.uniform(nm.activations.Erf(), 2)
            features = nm.features.Kernel.ntk(network)
        return tanh(2).glm(channel), features
    else:
        features = nm.features.GaussianCovariates(
            student["eigenvalues"], student["target_components"]
        )
    problem = nm.GLM(
        channel,
        signal_variance=row["signal_variance"],
        noise_variance=row["noise_variance"],
        spectrum=spectrum,
    )
    return problem, features


FEATURE_ROWS = [row for row in ROWS if row["student"]["kind"] != "linear"]


@pytest.mark.parametrize("row", FEATURE_ROWS, ids=lambda row: row["name"])
def test_certified_rows(row):
    problem, features = row_problem(row)
    geometry = features.geometry(problem)
    (v, q, m), (*_, norm) = solve(
        geometry, row["alpha"], row["regularization"], row["loss"], row["channel"],
        row["label_noise"],
    )  # fmt: skip
    assert v == pytest.approx(row["susceptibility"], rel=1e-11)
    assert q == pytest.approx(row["self_overlap"], rel=1e-11)
    assert m == pytest.approx(row["overlap"], rel=1e-11)
    assert norm == pytest.approx(row["norm"], rel=1e-11)


@pytest.mark.parametrize("row", FEATURE_ROWS, ids=lambda row: row["name"])
def test_geometry_at_certified_conjugates(row):
    problem, features = row_problem(row)
    out = features.geometry(problem).order_parameters(
        *(row[f"{name}_conjugate"] for name in ("susceptibility", "self_overlap", "overlap")),
        row["regularization"],
    )
    wanted = (row[name] for name in ("susceptibility", "self_overlap", "overlap", "norm"))
    for found, exact in zip(out, wanted, strict=True):
        assert found == pytest.approx(exact, rel=1e-13)


def test_layers_of_certified_rows():
    for row in ROWS:
        student = row["student"]
        if student["kind"] != "random_features":
            continue
        problem, features = row_problem(row)
        for k, layer in enumerate(features.geometry(problem).neurons):
            assert layer.slope == pytest.approx([student["slope_squares"][k]], rel=1e-13)
            assert layer.residual == pytest.approx([student["residuals"][k]], rel=1e-12)


# -- the chain -----------------------------------------------------------------------------------


def geometry(
    widths, slopes, residuals, shares=None, spectrum=None, shared=0, signal=1.0, noise=0.0
) -> LayeredGeometry:
    neurons = []
    for k, (slope, residual) in enumerate(zip(slopes, residuals, strict=True)):
        slope, residual = np.atleast_1d(slope).astype(float), np.atleast_1d(residual).astype(float)
        share = np.ones(1) if shares is None else np.asarray(shares[k])
        neurons.append(Neurons(slope, residual, share, 0.0))
    spectrum = spectrum or nm.spectra.Isotropic()
    return LayeredGeometry(tuple(neurons), tuple(widths), spectrum, signal, noise, shared)


def exact_traces(shift, widths, slopes, residuals, nodes, weights, shared):
    """The recursion as it is written down, in 200 digits: climbs from z_0, found by bisection."""
    with mpmath.workdps(200):
        ratio = [mpmath.mpf(1), *map(mpmath.mpf, widths)]
        slopes, residuals = [*map(mpmath.mpf, slopes)], [*map(mpmath.mpf, residuals)]
        nodes, weights = [*map(mpmath.mpf, nodes)], [*map(mpmath.mpf, weights)]
        weights = [w / mpmath.fsum(weights) for w in weights]
        pairs = list(zip(nodes, weights, strict=True))

        def climb(z):
            shifts, traces = [z], [mpmath.fsum(w / (s + z) for s, w in pairs)]
            for k, (slope, residual) in enumerate(zip(slopes, residuals, strict=True), 1):
                r = ratio[k] / ratio[k - 1]
                shifts.append(slope * z * (r - 1 + z * traces[-1]) - residual)
                traces.append(1 / (r * slope * z))
                z = shifts[-1]
                if z <= 0:
                    return None
            return shifts, traces

        low, high = mpmath.mpf(-400), mpmath.mpf(400)
        for _ in range(700):
            middle = (low + high) / 2
            found = climb(mpmath.exp(middle))
            if found is None or found[0][-1] < shift:
                low = middle
            else:
                high = middle

        def at(log_z):
            shifts, traces = climb(mpmath.exp(log_z))
            z, t = shifts[shared], traces[shared]
            if shared == 0:
                c = mpmath.fsum(w * s * s / (s + z) for s, w in pairs)
            else:
                second = mpmath.fsum(w * s for s, w in pairs)
                for slope, residual in zip(slopes[:shared], residuals[:shared], strict=True):
                    second = slope * second + residual
                c = second - z + z * z * t
            return shifts[-1], traces[-1], c

        step = mpmath.mpf(10) ** -60
        (z, t, c), (z_next, t_next, c_next) = at(high), at(high + step)
        t_slope, c_slope = (t_next - t) / (z_next - z), (c_next - c) / (z_next - z)
        return (1 - z * t, 1 - 2 * z * t - z * z * t_slope, t + z * t_slope, c, c + z * c_slope,
                -c_slope)  # fmt: skip


CHAINS = [
    # widths, slopes, residuals, nodes, weights, shared: generic, linear layers, critical ones
    ((1.5,), (0.53,), (0.103,), (1.0,), (1.0,), 0),
    ((1.5, 0.8), (0.53, 0.77), (0.10, 0.07), (0.4, 1.6), (0.5, 0.5), 0),
    ((0.3, 4.0, 0.9), (0.5, 1.2, 0.7), (0.1, 0.0, 0.3), (0.0, 0.5, 2.0), (0.25, 0.25, 0.5), 2),
    ((1.0,), (0.8,), (0.0,), (1.0,), (1.0,), 1),
    ((1.0, 1.0, 1.0), (0.8, 1.1, 0.9), (0.0, 0.0, 0.0), (1.0,), (1.0,), 0),
    ((2.0, 1.0), (0.8, 1.1), (0.0, 0.0), (0.5, 1.5), (0.5, 0.5), 1),
    ((0.5, 0.5), (1.06, 1.39), (1.05e-10, 2.3e-14), (1.0,), (1.0,), 2),
]


@pytest.mark.parametrize("case", CHAINS, ids=lambda case: str(case[0]))
@pytest.mark.parametrize("shift", [1e-20, 1e-12, 1e-4, 0.3, 1e4, 1e12, 1e20])
def test_chain_against_its_recursion_in_high_precision(case, shift):
    widths, slopes, residuals, nodes, weights, shared = case
    spectrum = nm.spectra.Eigenvalues(nodes, weights)
    student = geometry(widths, slopes, residuals, spectrum=spectrum, shared=shared)
    found = student.traces(np.array([shift]))[:, 0]
    exact = exact_traces(shift, widths, slopes, residuals, nodes, weights, shared)
    for k in range(6):
        assert abs(mpmath.mpf(found[k]) / exact[k] - 1) < 1e-12


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 10.0),
            st.floats(0.05, 2.0),
            st.sampled_from([0.0, 1e-9, 0.1, 1.0]),
            st.floats(0.05, 2.0),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 5),
)
def test_traces_obey_their_identities(layers, shared):
    # two kinds of neurons a layer, which differ in slope and residual
    widths = [layer[0] for layer in layers]
    slopes = [(layer[1], layer[3]) for layer in layers]
    residuals = [(layer[2], 2.0 * layer[2]) for layer in layers]
    shares = [(0.3, 0.7)] * len(layers)
    student = geometry(widths, slopes, residuals, shares, shared=min(shared, len(layers)))
    z = np.geomspace(1e-10, 1e10, 21)
    spent, square, soft, c, c_square, c_soft, _ = student.traces(z)
    assert np.allclose(spent, square + z * soft, rtol=1e-13, atol=0.0)
    assert np.allclose(c, c_square + z * c_soft, rtol=1e-13, atol=0.0)
    assert np.all((square > 0.0) & (square <= spent) & (spent <= 1.0 + 1e-15))
    assert np.all(np.diff(spent) <= 0.0)
    # derivatives in z against differences: tr W/(W+z) falls with - tr W/(W+z)^2, c likewise
    step = 1e-3
    up, down = student.traces(z * math.exp(step)), student.traces(z * math.exp(-step))
    change = (up - down) / (2.0 * step)
    # a difference of order step**2, of functions whose logarithms bend over O(1) in ln z
    assert np.allclose(change[0], -z * soft, rtol=1e-6, atol=1e-11)
    assert np.allclose(change[3], -z * c_soft, rtol=1e-6, atol=1e-11 * c.max())


def random_covariance(d, widths, slopes, residuals, eigenvalues, rng):
    """Omega of the last layer for one draw of the weights, and the map from the input's target.

    Neurons come in kinds of equal shares.
    """
    covariance = np.diag(np.repeat(eigenvalues, d // len(eigenvalues)))
    through = covariance.copy()
    for ratio, slope, residual in zip(widths, slopes, residuals, strict=True):
        k, below = round(ratio * d), len(covariance)
        kinds = k // len(slope)
        f = np.repeat(np.sqrt(slope), kinds)[:, None] * rng.standard_normal((k, below))
        f /= math.sqrt(below)
        covariance = f @ covariance @ f.T + np.diag(np.repeat(residual, kinds))
        through = f @ through
    return covariance, through


@pytest.mark.slow
def test_chain_against_random_matrices():
    # one matrix of 2000 neurons: its traces, and those through c averaged over the target, are
    # those of the limit up to O(1/k)
    widths, slopes, residuals = (1.2, 1.0), [(0.5, 0.9), (0.2, 1.0)], [(0.05, 0.4), (0.3, 0.02)]
    eigenvalues = (0.4, 1.6)
    spectrum = nm.spectra.Eigenvalues(eigenvalues)
    student = geometry(widths, slopes, residuals, [(0.5, 0.5)] * 2, spectrum=spectrum)
    rng = np.random.default_rng(5)
    covariance, through = random_covariance(2000, widths, slopes, residuals, eigenvalues, rng)
    values, vectors = np.linalg.eigh(covariance)
    components = np.square(vectors.T @ through).sum(axis=1) / 2000
    for z in (0.01, 0.3, 3.0):
        known = values / (values + z)
        exact = [known.mean(), (known**2).mean(), (known / (values + z)).mean()]
        exact += [components @ (known**n / (values + z)) for n in (0, 1)]
        exact.append(components @ (values + z) ** -2.0)
        assert student.traces(np.array([z]))[:6, 0] == pytest.approx(exact, rel=4e-3)


def complex_trace(shift, widths, slopes, residuals):
    """tr (Omega_L + z)^-1/k_L at a complex z: Newton in z_0, continued from a large imaginary z."""
    z_0 = 30j
    for size in np.geomspace(30.0, 1e-7, 300):
        target = shift.real + 1j * size
        for _ in range(50):
            z, t = z_0, 1.0 / (1.0 + z_0)
            dz, dt, below = 1.0 + 0j, -1.0 / (1.0 + z_0) ** 2, 1.0
            for width, slope, residual in zip(widths, slopes, residuals, strict=True):
                r, below = width / below, width
                inner = r - 1.0 + z * t
                z_new, dz_new = (
                    slope * z * inner - residual,
                    slope * (dz * inner + z * (dz * t + z * dt)),
                )
                t, dt = 1.0 / (r * slope * z), -dz / (r * slope * z * z)
                z, dz = z_new, dz_new
            step = (z - target) / dz
            z_0 -= step
            if abs(step) < 1e-13 * abs(z_0):
                break
    return t


@pytest.mark.slow
def test_spectrum_of_two_layers_against_a_histogram():
    widths, slopes, residuals = (1.5, 0.8), (0.532, 0.769), (0.103, 0.073)
    rng = np.random.default_rng(3)
    kinds = [[(x,) for x in some] for some in (slopes, residuals)]
    covariance, _ = random_covariance(2000, widths, *kinds, (1.0,), rng)
    values = np.linalg.eigvalsh(covariance)
    # density(t) = - Im tr (Omega - t + i 0)^-1 / (pi k): the mass of each bin
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges = np.array([0.05, 0.15, 0.3, 0.6, 1.0, 2.0, 4.0])
    assert values.min() > edges[0]
    assert values.max() < edges[-1]
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        t = 0.5 * (low + high) + 0.5 * (high - low) * nodes
        density = [-complex_trace(-x, widths, slopes, residuals).imag / math.pi for x in t]
        mass = 0.5 * (high - low) * float(weights @ density)
        total += mass
        assert mass == pytest.approx(np.mean((values > low) & (values <= high)), abs=4e-3)
    assert total == pytest.approx(1.0, abs=4e-3)
    # and the same law gives the traces of the package
    z = np.array([0.1, 1.0])
    spent = geometry(widths, slopes, residuals).traces(z)[0]
    assert spent == pytest.approx([(values / (values + x)).mean() for x in z], rel=4e-3)


def test_one_layer_against_the_explicit_law():
    # eigenvalues of F F^T by Marchenko and Pastur; trapezoid in the angle of the bulk
    psi, slope, residual, z, signal = 1.5, 0.53, 0.1, 0.2, 0.8
    student = geometry((psi,), (slope,), (residual,), signal=signal)
    angle = (np.arange(4000) + 0.5) * math.pi / 4000
    t = 1.0 + psi + 2.0 * math.sqrt(psi) * np.cos(angle)
    density = (2.0 * math.sqrt(psi) * np.sin(angle)) ** 2 / (2.0 * math.pi * psi * t)
    weight = density * math.pi / 4000
    t, weight = np.append(t, 0.0), np.append(weight, 1.0 - 1.0 / psi)
    w = slope * t + residual
    exact = (
        weight @ (w / (w + z)),
        weight @ (w / (w + z)) ** 2,
        weight @ (w / (w + z) ** 2),
        slope * psi * (weight @ (t / (w + z))),
        slope * psi * (weight @ (t * w / (w + z) ** 2)),
        slope * psi * (weight @ (t / (w + z) ** 2)),
    )
    assert student.traces(np.array([z]))[:6, 0] == pytest.approx(exact, rel=1e-12)


# -- random features -----------------------------------------------------------------------------


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


# -- kernels -------------------------------------------------------------------------------------


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


# -- covariates and data -------------------------------------------------------------------------


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


# -- bad input -----------------------------------------------------------------------------------

NETWORK = tanh(2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nm.features.RandomFeatures("tanh", 1.0), "network"),
        (lambda: nm.features.RandomFeatures(NETWORK, 1.0), "each of the 2 layers"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, 0.0)), "finite and positive"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, math.inf)), "finite and positive"),
        (lambda: nm.features.RandomFeatures(NETWORK, "wide"), "numbers"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, 1.0), 3), "from 0 to 2"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, 1.0), 0.5), "from 0 to 2"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, 1.0), True), "from 0 to 2"),
        (lambda: nm.features.Kernel(-1.0, 1.0), "linear"),
        (lambda: nm.features.Kernel(1.0, math.nan), "residual"),
        (lambda: nm.features.Kernel(0.0, 0.0), "constant"),
        (lambda: nm.features.Kernel(1.0, 0.0, 0.0), "input_second_moment"),
        (lambda: nm.features.Kernel.nngp("tanh"), "network"),
        (lambda: nm.features.Kernel.ntk("tanh"), "network"),
        (lambda: nm.features.GaussianCovariates([1.0, 2.0], [0.1]), "as many"),
        (lambda: nm.features.GaussianCovariates([1.0, -2.0], [0.1, 0.1]), "position 1"),
        (lambda: nm.features.GaussianCovariates([0.0], [0.0]), "positive"),
        (lambda: nm.features.GaussianCovariates([], []), "at least one"),
        (lambda: nm.features.GaussianCovariates([1.0, 0.0], [0.1, 0.1]), "position 1"),
        (lambda: nm.features.GaussianCovariates("a", [0.1]), "numbers"),
        (lambda: nm.features.GaussianCovariates.from_data(np.ones((3, 3)), np.ones(3)), "more"),
        (lambda: nm.features.GaussianCovariates.from_data(np.ones(3), np.ones(3)), "matrix"),
        (lambda: nm.features.GaussianCovariates.from_data(np.eye(3)[:, :1], [1, 2]), "each of"),
        (
            lambda: nm.features.GaussianCovariates.from_data(
                np.eye(3)[:, :1], [0, 1, 1], kind="labels"
            ),
            "-1 and",
        ),
        (lambda: nm.features.GaussianCovariates.from_data(np.eye(3), np.ones(3), "x"), "kind"),
        (lambda: nm.spectra.from_data([[1.0, math.nan]] * 5), "finite"),
        (lambda: nm.spectra.from_data(np.zeros((5, 2))), "0 everywhere"),
        (lambda: nm.spectra.from_data("data"), "numbers"),
    ],
)
def test_bad_input_is_a_sentence(make, words):
    with pytest.raises(BadArgument, match=words) as error:
        make()
    assert "\n" not in str(error.value)


def test_students_that_do_not_fit_the_problem():
    spread = nm.GLM(nm.channels.Linear(), spectrum=nm.spectra.Eigenvalues([0.5, 1.5]))
    with pytest.raises(BadArgument, match="above_layer=1"):
        nm.features.RandomFeatures(NETWORK, (1.0, 1.0), 1).geometry(spread)
    with pytest.raises(BadArgument, match="explain"):
        nm.features.GaussianCovariates([1.0], [1.5]).geometry(nm.GLM(nm.channels.Linear()))
    constant = nm.DeepNetwork([nm.Layer(nm.activations.Tanh(), weight_variance=0.0)])
    with pytest.raises(BadArgument, match="does not depend on the input"):
        nm.features.RandomFeatures(constant, 1.0).geometry(nm.GLM(nm.channels.Linear()))


def test_reprs_say_what_they_are():
    features = nm.features.RandomFeatures(NETWORK, [1.5, 0.8], shared_layers=1)
    assert repr(features) == (
        "RandomFeatures(2 x tanh:gain=2.0, width_ratios=(1.5, 0.8), shared_layers=1)"
    )
    assert features == nm.features.RandomFeatures(NETWORK, (1.5, 0.8), 1)
    assert replace(nm.features.Kernel(1.0, 0.5), residual=0.25) == nm.features.Kernel(1.0, 0.25)
    one, two = (nm.features.GaussianCovariates([1.0], [0.5]) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
