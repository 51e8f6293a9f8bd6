"""Readout channels f(h) + noise: known values, limits, identities and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm
from nishimori.activations.base import Activation
from nishimori.channels import Readout, readout_smooth
from nishimori.channels.readout_affine import AffineReadout
from nishimori.channels.readout_smooth import SmoothReadout
from nishimori.state_evolution import Equations
from nishimori.state_evolution.inverse_map import InverseMap, Window
from nishimori.state_evolution.landscape import Landscape

A = nm.activations
SIN2 = A.Custom(lambda x: np.sin(2.0 * x), parity="odd")
STAIRS = A.PiecewiseLinear([-1.0, 0.5], [1.0, -2.0, 0.0], [0.0, 1.0, 2.0])
CUBIC = A.Polynomial([0.0, -3.0, 0.0, 1.0])

# public reference values: lambda = 1; activation, noise, eta, alpha, v, F, test error, phi
# (none where the branch is not the algorithmic one, or the prior not Gaussian)
ROWS: list[tuple[Activation, float, float, float, float, float, float, float | None]] = [
    (A.ReLU(), 0.0, 0.0, 1.2, 0.2075845528978658, 3.181095108957089694, 8.94480466878620981e-2,
     -9.65079171760162765e-1),
    (A.ReLU(), 0.0, 1e-8, 1e3, 2.003863173861657237e-11, 49903606.84421657016,
     5.00986881189707421e-9, 3.88334770685474898e3),
    (A.ReLU(), 0.0, 0.0, 1.0, 0.1763058281659534936, 3.677183091279001090,
     7.69438936002457069e-2, None),
    (A.ReLU(), 0.0, 1e-4, 1.214, 0.02294722102800364112, 24.06186738320176970,
     1.09980145833609862e-2, None),
    (A.Abs(), 0.0, 0.0, 0.52, 9.91468077428134422e-1, 1.65487359411459106e-2,
     3.63357056536612934e-1, -3.77411271680050796e-1),
    (A.Abs(), 0.0, 0.0, 0.85, 6.23926669918044934e-1, 6.45313583322907121e-1,
     3.17806650598230734e-1, None),
    (A.Abs(), 0.0, 1e-4, 1.09, 3.39227807945318381e-1, 1.78703810841878564,
     2.18561344018792948e-1, -7.66836597944241361e-1),
    (A.Abs(), 0.5, 0.0, 3.0, 3.70772874408665764e-1, 5.65689643644031579e-1,
     7.32588423601967091e-1, -3.96019521570031906),
    (A.Abs(), 0.01, 0.0, 1.06, 4.69802217132200585e-1, 1.06467481286998884,
     2.81601017707826499e-1, -8.35284292616774152e-1),
    (A.ReLU(), 0.5, 0.0, 5.0, 2.62756429018495680e-1, 5.61161204493009022e-1,
     6.10890392680425722e-1, -6.12969233285652570),
    (A.ReLU(), 0.1, 0.2, 2.0, 3.74858862940199840e-1, 8.33835342929489617e-1,
     3.26172321893208608e-1, -1.66104924136709870),
    (A.ReLU(), 0.01, 0.0, 0.6, 6.75033432599563897e-8, 49.9938146932527315,
     1.00000337490399578e-2, None),
    (A.Sign(), 0.5, 0.0, 1.0, 6.10171667412148856e-1, 6.38883044572006042e-1,
     1.24506868692051089, -1.51617900510182389),
    (A.Sign(), 0.2, 0.0, 2.0, 1.26726730796818034e-1, 1.88924756377827771,
     5.23985870104186537e-1, None),
    (A.HardTanh(), 0.5, 0.0, 1.0, 6.33575765516141572e-1, 5.78343198126196416e-1,
     8.43307598853357547e-1, -1.37249160114859116),
    (A.Tanh(), 0.5, 0.0, 1.0, 6.71224418493057167e-1, 4.89814691552887143e-1,
     7.72875086154565590e-1, -1.32168933606697328),
    (A.Tanh(), 0.2, 0.0, 1.0, 4.60931949537911527e-1, 9.64737903597593017e-1,
     3.92877618475242728e-1, None),
    (SIN2, 0.3, 0.0, 2.0, 7.85570412051750286e-1, 1.36480183481072818e-1,
     7.82124285484496087e-1, None),
    (SIN2, 0.3, 0.0, 2.53, 6.37897487272265184e-1, 2.24367591459407968e-1,
     7.63005029816953791e-1, None),
    (CUBIC, 1.0, 0.0, 1.0, 6.44530697610487267e-1, 5.51516481227920389e-1,
     6.73050075301049896, None),
]  # fmt: skip
AFFINE: list[Activation] = [
    A.ReLU(),
    A.Abs(),
    A.Sign(),
    A.Step(),
    A.HardTanh(),
    A.LeakyReLU(),
    A.PiecewiseLinear([-0.6, 0.6], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
]
IDS = [f"{row[0]}-{row[1]:g}-{row[3]:g}" for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_information_at_reference_fixed_points(row: tuple) -> None:  # type: ignore[type-arg]
    activation, noise, eta, _, v, fisher, mse, _ = row
    channel = Readout(activation, noise)
    signal, variance = np.array([1.0 - v]), np.array([v + eta])
    out = channel.evaluate(signal, variance, 0.0)
    assert out.fisher[0] == pytest.approx(fisher, rel=1e-12)
    assert abs(out.fisher[0] / fisher - 1.0) < out.error[0] + 6e-14
    assert out.error[0] < 1e-10
    assert channel.errors(signal, variance, 0.0, "mean_square")[0] == pytest.approx(mse, rel=1e-11)
    gibbs = channel.errors(signal, variance, 0.0, "gibbs")[0]
    assert gibbs == pytest.approx(2.0 * mse - noise, rel=1e-11)


SOLVED = [row for row in ROWS if row[-1] is not None]


@pytest.mark.parametrize("row", SOLVED, ids=[f"{row[0]}-{row[1]:g}-{row[3]:g}" for row in SOLVED])
def test_solutions_at_reference_fixed_points(row: tuple) -> None:  # type: ignore[type-arg]
    activation, noise, eta, alpha, v, _, mse, phi = row
    problem = nm.GLM(channel=Readout(activation, noise), noise_variance=eta)
    state = problem.solve(alpha, "algorithmic")
    assert state.mmse == pytest.approx(v, rel=1e-11)
    assert state.free_entropy == pytest.approx(phi, rel=1e-10)
    assert problem.test_error(state) == pytest.approx(mse, rel=1e-10)


# fisher and entropy by nested Gauss-Legendre panels with 20 digits
CORNERS: list[tuple[Activation, float, float, float, float, float, float]] = [
    (A.Abs(), 1e-3, 0.1, 0.9, 0.0, 0.16564536364932594, -0.74474975894659385),
    (A.ReLU(), 1e-4, 0.6, 0.4, 0.3, 2.0026782388749831, 0.454248555694179),
    (A.LeakyReLU(), 0.5, 0.5, 0.5, 0.0, 0.4412878307306128, -1.2251703313387287),
    (A.Sign(), 0.04, 0.7, 0.3, 0.2, 1.2478155689835225, -0.19224100436609248),
    (A.HardTanh(), 0.01, 0.95, 0.05, -0.4, 11.08089092285539, 0.30829856595164532),
    (STAIRS, 0.05, 0.5, 0.5, 0.0, 1.1273121881314169, -1.1937337663909272),
]


@pytest.mark.parametrize(
    ("activation", "noise", "signal", "variance", "offset", "fisher", "entropy"), CORNERS
)
def test_information_against_twenty_digits(
    activation: Activation,
    noise: float,
    signal: float,
    variance: float,
    offset: float,
    fisher: float,
    entropy: float,
) -> None:
    out = Readout(activation, noise).evaluate(np.array([signal]), np.array([variance]), offset)
    assert abs(out.fisher[0] / fisher - 1.0) < out.error[0] + 3e-14
    assert out.error[0] < 3e-12
    assert out.entropy[0] == pytest.approx(entropy, abs=3e-14)


@pytest.mark.parametrize("activation", AFFINE, ids=str)
def test_error_of_piecewise_affine_readouts_is_honest(activation: Activation) -> None:
    """Steps of half the length move fisher by no more than a few reported errors."""
    rng = np.random.default_rng(5)
    for _ in range(40):
        noise, odds = 10.0 ** rng.uniform(-12.0, 6.0), 10.0 ** rng.uniform(-7.0, 7.0)
        total = 10.0 ** rng.uniform(-1.5, 1.5)
        offset = rng.choice([0.0, rng.normal() * math.sqrt(total)])
        signal = np.array([total * odds / (1.0 + odds)])
        variance = np.array([total / (1.0 + odds)])
        if rng.random() < 0.2:
            variance = 10.0 ** rng.uniform(-300.0, -6.0, 1)
        form = Readout(activation, noise)._form
        assert isinstance(form, AffineReadout)
        out = form.evaluate(signal, variance, offset)
        fisher, entropy = form._integrate(signal, variance, offset, 0.4, 0.45)[:2]
        assert out.error[0] < 2e-11
        assert out.fisher[0] == pytest.approx(fisher[0], rel=6.0 * out.error[0])
        assert out.entropy[0] == pytest.approx(entropy[0], rel=1e-12, abs=1e-12)


def test_labels_of_two_sloped_pieces_without_noise() -> None:
    """A fold with unlike slopes, and a sawtooth: fisher by its own grid, below 1/V."""
    for activation in (
        A.PiecewiseLinear([0.0], [-1.0, 2.0], [0.0, 0.0]),
        A.PiecewiseLinear([0.0], [1.0, 1.0], [0.0, -0.5]),
    ):
        out = Readout(activation).evaluate(np.array([0.6]), np.array([0.4]), 0.0)
        blurred = Readout(activation, 1e-9).evaluate(np.array([0.6]), np.array([0.4]), 0.0)
        assert out.error[0] < 1e-10
        assert out.fisher[0] < 2.5
        assert blurred.fisher[0] == pytest.approx(out.fisher[0], rel=1e-4)


def test_thresholds_of_phase_retrieval() -> None:
    found = nm.GLM(channel=Readout(A.Abs())).transitions()
    assert found.weak_recovery == pytest.approx(0.5, rel=1e-11)
    assert found.algorithmic == pytest.approx(1.12847140667216, rel=1e-10)
    assert found.perfect_recovery == pytest.approx(1.0, rel=1e-10)


@pytest.mark.parametrize(
    ("activation", "noise"),
    [
        (A.Abs(), 0.0),
        (A.Abs(), 0.1),
        (A.ReLU(), 0.0),
        (A.ReLU(), 1e-3),
        (A.HardTanh(), 0.0),
        (A.HardTanh(), 0.2),
        (A.Sign(), 0.0),
        (A.Sign(), 0.03),
        (A.Step(), 1.0),
        (A.PiecewiseLinear([-1.0, 0.5], [1.0, -2.0, 0.0], [0.0, 1.0, 2.0]), 0.0),
        (A.PiecewiseLinear([-1.0, 0.5], [1.0, -2.0, 0.0], [0.0, 1.0, 2.0]), 0.05),
        (A.Tanh(), 0.0),
        (A.Softplus(), 0.0),
        (A.Tanh(), 0.1),
        (SIN2, 0.3),
    ],
    ids=str,
)
@pytest.mark.parametrize("offset", [0.0, 0.7])
def test_fisher_is_the_slope_of_the_entropy(
    activation: Activation, noise: float, offset: float
) -> None:
    """F = 2 d Psi_out / d s2 at fixed s2 + V, by a five-point difference."""
    channel = Readout(activation, noise)
    h = 1e-3
    signal = 0.4 + h * np.array([-2.0, -1.0, 1.0, 2.0])
    _, entropy = channel.information(signal, 1.0 - signal, offset)
    slope = entropy @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
    fisher, _ = channel.information(0.4, 0.6, offset)
    assert 2.0 * slope == pytest.approx(fisher, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("activation", [A.ReLU(), A.Abs(), A.Sign(), A.HardTanh()], ids=str)
@pytest.mark.parametrize("noise", [0.3, 30.0])
def test_closed_form_and_quadrature_agree(activation: Activation, noise: float) -> None:
    signal, variance = np.array([0.3, 0.9, 0.0]), np.array([0.7, 0.1, 1.0])
    closed = Readout(activation, noise).evaluate(signal, variance, 0.4)
    tabulated = SmoothReadout(activation, noise).evaluate(signal, variance, 0.4)
    np.testing.assert_allclose(tabulated.fisher, closed.fisher, rtol=2e-12)
    np.testing.assert_allclose(tabulated.entropy, closed.entropy, rtol=1e-11)
    known = SmoothReadout(activation, noise).spread(signal, variance, 0.4)
    expected = Readout(activation).errors(signal, variance, 0.4, "mean_square")
    np.testing.assert_allclose(known, expected, rtol=1e-11)


@pytest.mark.parametrize("offset", [0.0, 0.7])
def test_noiseless_sign_and_identity_are_the_other_channels(offset: float) -> None:
    signal, variance = np.array([1e-9, 0.3, 0.99, 1.0 - 1e-9]), np.array([1.0, 0.7, 0.01, 1e-9])
    for channel in (Readout(A.Sign()), Readout(A.Step())):
        mine = channel.evaluate(signal, variance, offset)
        theirs = nm.channels.Sign().evaluate(signal, variance, offset)
        np.testing.assert_allclose(mine.fisher, theirs.fisher, rtol=1e-12)
        np.testing.assert_allclose(mine.entropy, theirs.entropy, rtol=1e-12)
        assert channel.conditional_entropy(1.0, offset) == 0.0
    for noise in (0.0, 0.2):
        mine = Readout(A.Identity(), noise).evaluate(signal, variance, offset)
        theirs = nm.channels.Linear(noise).evaluate(signal, variance, offset)
        np.testing.assert_allclose(mine.fisher, theirs.fisher, rtol=1e-14)
        np.testing.assert_allclose(mine.entropy, theirs.entropy, rtol=1e-13)


def test_strictly_monotone_noiseless_labels_tell_the_field() -> None:
    signal, variance = np.array([0.5, 0.9, 0.999]), np.array([0.5, 0.1, 0.001])
    for activation in (A.Tanh(), A.Erf(2.0), A.Softplus(), A.Sigmoid(), A.ELU(0.5), A.LeakyReLU()):
        out = Readout(activation).evaluate(signal, variance, 0.3)
        np.testing.assert_allclose(out.fisher, 1.0 / variance, rtol=1e-13)
        x = np.linspace(-9.0, 9.0, 40001)
        slope = activation.taylor(0.3 + x, 1)[:, 1]
        stretch = np.exp(-0.5 * x * x) @ np.log(slope) * (x[1] - x[0]) / math.sqrt(2.0 * math.pi)
        linear = nm.channels.Linear().evaluate(signal, variance, 0.0).entropy
        np.testing.assert_allclose(out.entropy, linear - stretch, rtol=0, atol=2e-4)


@pytest.mark.parametrize("noise", [0.0, 0.1, 1e3])
def test_even_functions_keep_digits_at_small_signal(noise: float) -> None:
    """F/signal is smooth down to no signal, where noiseless phases have F = 2 s2/V^2."""
    channel = Readout(A.Abs(), noise)
    signal = np.array([1e-10, 1e-8, 1e-6, 1e-5])
    ratio = channel.evaluate(signal, np.ones(4), 0.0).fisher / signal
    slope = (ratio[2] - ratio[0]) / 1e-6
    assert ratio[1] == pytest.approx(ratio[0] + 99e-10 * slope, rel=1e-11)
    direct = channel._form.evaluate(signal[3:], np.ones(1), 0.0).fisher[0] / signal[3]
    assert ratio[3] == pytest.approx(direct, rel=5e-12 if noise < 1.0 else 1e-9)
    if noise == 0.0:
        assert ratio[0] == pytest.approx(2.0 - 12e-10, rel=5e-12)
    assert channel.evaluate(np.zeros(1), np.ones(1), 0.0).fisher[0] == 0.0


def test_limits_of_certain_fields() -> None:
    s, z = np.ones(1), np.zeros(1)
    assert Readout(A.Abs()).evaluate(s, z, 0.0).fisher[0] == math.inf
    assert Readout(A.Tanh()).evaluate(s, z, 0.0).fisher[0] == math.inf
    assert Readout(A.Tanh()).evaluate(s, z, 0.0).entropy[0] == math.inf
    assert Readout(A.ReLU(), 0.5).evaluate(s, z, 0.0).fisher[0] == pytest.approx(1.0, rel=1e-14)
    near = Readout(A.Tanh(), 0.5).evaluate(s, np.full(1, 1e-12), 0.0)
    there = Readout(A.Tanh(), 0.5).evaluate(s, z, 0.0)
    assert near.fisher[0] == pytest.approx(there.fisher[0], rel=1e-10)
    assert there.entropy[0] == pytest.approx(Readout(A.Tanh(), 0.5).conditional_entropy(1.0, 0.0))
    assert Readout(A.Tanh()).conditional_entropy(1.0, 0.0) == math.inf


@pytest.mark.parametrize("noise", [1e-12, 1e-6, 1e6])
def test_extreme_noise(noise: float) -> None:
    """Tiny noise adds nothing to a noiseless label but its blur; huge noise leaves F ~ (E f')^2."""
    signal, variance = np.array([0.5]), np.array([0.5])
    out = Readout(A.ReLU(), noise).evaluate(signal, variance, 0.0)
    if noise < 1.0:
        clean = Readout(A.ReLU()).evaluate(signal, variance, 0.0)
        assert out.fisher[0] == pytest.approx(clean.fisher[0], rel=40.0 * math.sqrt(noise))
    else:
        u = np.linspace(-9.0, 9.0, 4001)
        mass = np.exp(-0.5 * u * u) * (u[1] - u[0]) / math.sqrt(2.0 * math.pi)
        chance = np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in u])
        assert out.fisher[0] * noise == pytest.approx(float(mass @ chance**2), rel=1e-5)
    assert out.error[0] < 1e-11


SMOOTH: list[tuple[Activation, float]] = [
    (A.Tanh(), 0.5),
    (A.Tanh(), 0.005),
    (A.Tanh(), 1e-5),
    (A.Tanh(50.0), 0.1),
    (A.Sine(2.0), 0.3),
    (A.Sine(5.0), 0.1),
    (A.GELU(), 0.1),
    (A.ELU(), 0.01),
    (CUBIC, 1.0),
    (A.Hermite(2), 0.05),
]


def by_uniform_sums(activation: Activation, noise: float, signal: float, variance: float):  # type: ignore[no-untyped-def]
    """F and Psi_out by trapezoid sums over all three variables, which converge geometrically."""
    blur = math.sqrt(noise)
    h = np.linspace(-9.0, 9.0, 2001)
    f = activation(h)
    y = np.linspace(f.min() - 8.5 * blur, f.max() + 8.5 * blur, 2001)
    law = np.exp(-0.5 * ((y[:, None] - f) / blur) ** 2) / (math.sqrt(2.0 * math.pi) * blur)
    omega = math.sqrt(signal) * np.linspace(-8.5, 8.5, 1401)
    z = (h[:, None] - omega) / math.sqrt(variance)
    mass = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi * variance) * (18.0 / 2000.0)
    partition, slope = law @ mass, law @ (mass * z) / math.sqrt(variance)
    share = np.exp(-0.5 * omega**2 / signal) / math.sqrt(2.0 * math.pi * signal)
    share *= math.sqrt(signal) * (17.0 / 1400.0) * ((y[-1] - y[0]) / 2000.0)
    positive = np.where(partition > 1e-250, partition, 1.0)
    ratio = np.where(partition > 1e-250, slope**2 / positive, 0.0)
    return ratio.sum(axis=0) @ share, (positive * np.log(positive)).sum(axis=0) @ share


@pytest.mark.parametrize(
    ("activation", "noise"),
    [(A.Tanh(), 0.5), (A.Tanh(), 0.02), (A.Sine(2.0), 0.3), (A.Sine(5.0), 0.1), (A.GELU(), 0.1)],
    ids=str,
)
@pytest.mark.parametrize("variance", [0.3, 0.1, 0.03])
def test_smooth_readouts_against_uniform_sums(
    activation: Activation, noise: float, variance: float
) -> None:
    fisher, entropy = by_uniform_sums(activation, noise, 1.0 - variance, variance)
    known, rest = np.array([1.0 - variance]), np.array([variance])
    out = Readout(activation, noise).evaluate(known, rest, 0.0)
    assert out.fisher[0] == pytest.approx(fisher, rel=1e-12)
    assert out.entropy[0] == pytest.approx(entropy, rel=1e-12)
    assert abs(out.fisher[0] / fisher - 1.0) <= out.error[0] + 5e-15
    assert out.error[0] < 3e-12


@pytest.mark.parametrize(("activation", "noise"), SMOOTH, ids=str)
@pytest.mark.parametrize("offset", [0.0, 0.4])
def test_levels_of_tables_meet(activation: Activation, noise: float, offset: float) -> None:
    """F and Psi_out are smooth where the tables and the panels change."""
    form = SmoothReadout(activation, noise)
    for power in (-1, -4, -9, -13, -20):
        edge = 2.0**power
        rest = np.array([edge * (1.0 - 4e-16), edge])
        out = form.evaluate(1.0 - rest, rest, offset)
        assert out.fisher[0] == pytest.approx(out.fisher[1], rel=1e-12)
        assert out.entropy[0] == pytest.approx(out.entropy[1], rel=1e-12, abs=1e-13)


@pytest.mark.parametrize(("activation", "noise"), SMOOTH, ids=str)
def test_tables_and_sums_around_the_field_agree(
    activation: Activation, noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, rest = np.array([0.993, 0.9985]), np.array([0.007, 0.0015])
    tabulated, local = [], []
    for whole, found in ((1e9, tabulated), (100.0, local)):
        monkeypatch.setattr(readout_smooth, "_WHOLE", whole)
        readout_smooth._settled.cache_clear()
        found.append(SmoothReadout(activation, noise).evaluate(known, rest, 0.0))
    readout_smooth._settled.cache_clear()
    np.testing.assert_allclose(local[0].fisher, tabulated[0].fisher, rtol=1e-12)
    np.testing.assert_allclose(local[0].entropy, tabulated[0].entropy, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("activation", "noise"), SMOOTH, ids=str)
def test_noise_that_hides_the_readout(activation: Activation, noise: float) -> None:
    """Huge noise leaves Delta F -> E (E_z f')^2, to all digits."""
    del noise
    known, rest = np.array([0.6, 1.0 - 1e-4]), np.array([0.4, 1e-4])
    at = [Readout(activation, noise).evaluate(known, rest, 0.0) for noise in (1e12, 4e12)]
    np.testing.assert_allclose(4.0 * at[1].fisher, at[0].fisher, rtol=1e-9)
    assert max(out.error.max() for out in at) < 2e-12


@pytest.mark.parametrize(
    ("activation", "noise", "most"),
    [(A.Tanh(), 0.5, 80), (A.Tanh(), 0.005, 110), (A.Sine(2.0), 0.3, 160), (A.GELU(), 0.1, 110)],
    ids=str,
)
def test_a_curve_takes_few_evaluations(activation: Activation, noise: float, most: int) -> None:
    equations = Equations.of(nm.GLM(channel=Readout(activation, noise)))
    window = Landscape.of(equations).window(equations, math.log(0.1), math.log(50.0))
    assert window is not None
    count = 0

    def at(t):  # type: ignore[no-untyped-def]
        nonlocal count
        count += t.size
        return equations.at(t)

    inverse = InverseMap(at, window, costly=True)
    assert count <= most
    assert inverse.error.max() < 1e-11
    t = np.linspace(window.low, window.high, 20)
    np.testing.assert_allclose(inverse.log_alpha_at(t)[0], equations.log_alpha(t), atol=1e-11)


@pytest.mark.parametrize("costly", [False, True])
def test_noise_of_the_values_neither_halves_for_ever_nor_turns(costly: bool) -> None:
    """Values of a noise that they do not tell: the plateau becomes the panel's error."""
    equations = Equations.of(nm.GLM(channel=Readout(A.Tanh(), 0.5)))
    count = 0

    def at(t):  # type: ignore[no-untyped-def]
        nonlocal count
        count += t.size
        point = equations.at(t)
        noise = 1e-10 * np.sin(1e9 * t)
        return point._replace(log_alpha=point.log_alpha + noise)

    inverse = InverseMap(at, Window(-3.0, 4.0), costly=costly)
    assert count < 400
    assert inverse.resolved
    assert len(inverse.branches) == 1
    assert 1e-12 < inverse.error.max() < 1e-9


def test_thresholds_of_a_smooth_readout() -> None:
    """sin(2h) + N(0, .3): two stable branches between 2.518 and 2.593."""
    found = nm.GLM(channel=Readout(A.Sine(2.0), 0.3)).transitions()
    assert found.information_theoretic == pytest.approx(2.5454089371853171, rel=1e-12)
    assert found.spinodals == pytest.approx([2.518128, 2.592695], abs=1e-5)
    error = abs(found.information_theoretic - 2.5454089371853171)
    assert error <= found.errors["information_theoretic"] < 1e-10


def test_unresolved_is_refused() -> None:
    with pytest.raises(nm.errors.BadArgument, match="too small"):
        Readout(A.Tanh(50.0), 1e-12).information(0.5, 0.5)


def test_steep_functions_are_resolved() -> None:
    """tanh(50 h) is nearly a sign; sin(5 h) still follows the entropy's slope."""
    steep = Readout(A.Tanh(50.0), 0.5).evaluate(np.array([0.4]), np.array([0.6]), 0.0)
    step = Readout(A.Sign(), 0.5).evaluate(np.array([0.4]), np.array([0.6]), 0.0)
    assert steep.error[0] < 1e-10
    assert steep.fisher[0] == pytest.approx(step.fisher[0], rel=2e-2)


def test_refusals() -> None:
    with pytest.raises(nm.errors.BadArgument, match="activation must be one of"):
        Readout(np.tanh)  # type: ignore[arg-type]
    with pytest.raises(nm.errors.BadArgument, match="noise is a variance"):
        Readout(A.Tanh(), -0.1)
    with pytest.raises(nm.errors.BadArgument, match="needs noise > 0"):
        Readout(CUBIC).information(0.5, 0.5)
    assert Readout(CUBIC, 0.1).without_noise() == Readout(CUBIC)


def test_names() -> None:
    channel = nm.channels.parse("readout:activation=tanh,gain=2:noise=0.1")
    assert channel == Readout(A.Tanh(2.0), 0.1)
    assert nm.channels.parse(str(channel)) == channel
    assert Readout(A.Tanh(), 0.1).proven
    assert Readout(A.Abs()).even_in_offset
    assert not Readout(A.ReLU()).even_in_offset


@pytest.mark.parametrize("activation", [A.ReLU(), A.HardTanh()], ids=str)
@pytest.mark.parametrize("offset", [-16.0, 16.0])
def test_information_far_out_is_not_negative(activation: Activation, offset: float) -> None:
    fisher, _ = Readout(activation, 0.1).information([0.0, 0.5, 0.9], [1.0, 0.5, 0.1], offset)
    assert np.all(fisher >= 0.0)
