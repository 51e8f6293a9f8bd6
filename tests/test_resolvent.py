"""The resolvent chain of layered features: high precision, matrices, identities, its law."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm
from nishimori.features.neurons import Neurons
from nishimori.features.random_features import LayeredGeometry


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
    spent, square, soft, c, c_square, c_soft, missed, _ = student.traces(z)
    assert np.allclose(spent, square + z * soft, rtol=1e-13, atol=0.0)
    assert np.allclose(c, c_square + z * c_soft, rtol=1e-13, atol=0.0)
    rho = student._variance(student.shared_layers)
    assert np.allclose(rho, missed + c + z * c_soft, rtol=1e-13, atol=0.0)
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
