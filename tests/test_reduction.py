"""The reduction against certified values, closed forms, the NNGP kernel and its own limits."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nishimori as nm
from conftest import activation, relative, rows

ROWS = rows("reduction")


def network_of(row: dict[str, Any]) -> nm.DeepNetwork:
    layers = [
        nm.Layer(
            activation(layer["activation"], layer["params"]),
            float(layer["weight_variance"]),
            float(layer["bias_variance"]),
        )
        for layer in row["layers"]
    ]
    return nm.DeepNetwork(layers * row["repeat"], float(row["readout_variance"]))


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_certified_rows(row: dict[str, Any]) -> None:
    reduction = network_of(row).reduce(float(row["input_second_moment"]))
    tolerance = 1e-13
    for name in ("signal_variance", "noise_variance", "offset_variance"):
        assert relative(getattr(reduction, name), row[name]) < tolerance, name
        assert relative(getattr(reduction, name), row[name]) <= reduction.error_estimate
    names = {
        "M": "mean_square",
        "kappa1": "linear_coefficient",
        "lambda": "signal_variance",
        "gamma": "noise_variance",
        "V": "variance",
    }
    for position, index in enumerate(row["listed"]):
        for key, name in names.items():
            value = getattr(reduction.layers[index], name)
            assert relative(value, row["per_layer"][key][position]) < tolerance, (index, name)


# -- closed forms that share nothing with the quadrature ----------------------------------------


def test_erf_layers_follow_the_arcsine_kernel() -> None:
    with mpmath.workdps(30):
        signal, noise = mpmath.mpf(1), mpmath.mpf(0)
        for _ in range(4):
            c = 3 * (signal + noise)
            slope_square = 4 / mpmath.pi / (1 + 2 * c)
            second = 2 / mpmath.pi * mpmath.asin(2 * c / (1 + 2 * c))
            residual = second - slope_square * c
            signal, noise = slope_square * 3 * signal, residual + slope_square * 3 * noise
    reduction = nm.DeepNetwork.uniform(nm.activations.Erf(), 4, weight_variance=3.0).reduce()
    assert relative(reduction.signal_variance, signal) < 1e-13
    assert relative(reduction.noise_variance, noise) < 1e-13


def test_erf_of_gain_1000() -> None:
    with mpmath.workdps(30):
        gain = mpmath.mpf(1000) ** 2
        slope_square = 4 / mpmath.pi * gain / (1 + 2 * gain)
        noise = 2 / mpmath.pi * mpmath.asin(2 * gain / (1 + 2 * gain)) - slope_square
    reduction = nm.DeepNetwork.uniform(nm.activations.Erf(gain=1000.0), 1).reduce()
    assert relative(reduction.signal_variance, slope_square) < 1e-12
    assert relative(reduction.noise_variance, noise) < 1e-12


def test_triangle_wave_of_200_kinks() -> None:
    """The slope is a sum of error functions over the teeth, the rest an exact sum of pieces."""
    corners = 0.75 * (np.arange(200) - 99.5)
    heights = np.where(np.arange(200) % 2 == 0, -1.0, 1.0)
    wave = nm.activations.PiecewiseLinear.through(corners, heights)
    with mpmath.workdps(40):
        slope, second = mpmath.mpf(0), mpmath.mpf(0)
        pieces = zip(corners, corners[1:], heights, heights[1:], strict=False)
        for a, b, left, right in pieces:
            a, b, left, right = (mpmath.mpf(float(v)) for v in (a, b, left, right))
            s = (right - left) / (b - a)
            t = left - s * a
            mass = mpmath.ncdf(b) - mpmath.ncdf(a)
            first = mpmath.npdf(a) - mpmath.npdf(b)
            square = mass + a * mpmath.npdf(a) - b * mpmath.npdf(b)
            slope += s * mass
            second += s * s * square + 2 * s * t * first + t * t * mass
        outside = 2 * mpmath.ncdf(mpmath.mpf(float(corners[0])))
        second += outside
    reduction = nm.DeepNetwork.uniform(wave, 1).reduce()
    assert relative(reduction.layers[0].second_moment, second) < 1e-12
    assert relative(reduction.signal_variance, slope**2) < 1e-12
    assert reduction.error_estimate < 1e-12


def test_sawtooth_keeps_what_is_left_of_its_slope() -> None:
    """Of terms of order one, 34 digits cancel in the slope of a sawtooth of period 1/2."""
    jumps = 0.25 + 0.5 * np.arange(-100, 100)
    teeth = np.arange(-100.0, 101.0)
    saw = nm.activations.PiecewiseLinear(jumps, np.full(201, 2.0), -teeth)
    reduction = nm.DeepNetwork.uniform(saw, 1).reduce()
    # by the Fourier series: kappa = 2 sum_n (-1)^(n+1) exp(-(2 pi n/P)^2/2)/P
    assert relative(reduction.signal_variance, mpmath.mpf("4.1984047361235483e-68")) < 1e-12
    assert relative(reduction.noise_variance, mpmath.mpf(1) / 12) < 1e-12
    assert reduction.error_estimate < 1e-12
    deeper = nm.DeepNetwork.uniform(saw, 3).reduce()
    signal = mpmath.mpf(1)
    for c in (1.0, *(layer.variance for layer in deeper.layers[:2])):
        terms = [
            4 * (-1) ** (n + 1) * mpmath.exp(-8 * (mpmath.pi * n) ** 2 * c) for n in range(1, 9)
        ]
        signal *= sum(terms) ** 2
    assert relative(deeper.signal_variance, signal) < 1e-12


def relu_kernel(k: Any, variance: Any) -> Any:
    """E relu(u) relu(v) for equal variances and covariance k: the first arc-cosine kernel."""
    rho = k / variance
    angle = mpmath.acos(rho)
    return variance / (2 * mpmath.pi) * (mpmath.sin(angle) + (mpmath.pi - angle) * rho)


@pytest.mark.parametrize("bias", [0.0, 0.3])
@pytest.mark.parametrize("weight", [0.4, 2.0])
def test_relu_network_is_the_kernel_linearised_at_zero(weight: float, bias: float) -> None:
    depth = 3
    with mpmath.workdps(40):
        w, b = mpmath.mpf(weight), mpmath.mpf(bias)

        def kernel(k: Any) -> tuple[Any, Any]:
            cross, own = k, mpmath.mpf(1)
            for _ in range(depth):
                variance = w * own + b
                cross, own = relu_kernel(w * cross + b, variance), variance / 2
            return cross, own

        offset, second = kernel(mpmath.mpf(0))
        signal = mpmath.diff(lambda k: kernel(k)[0], 0)
    network = nm.DeepNetwork.uniform(
        nm.activations.ReLU(), depth, weight_variance=weight, bias_variance=bias
    )
    reduction = network.reduce()
    assert relative(reduction.offset_variance, offset) < 1e-13
    assert relative(reduction.signal_variance, signal) < 1e-13
    assert relative(reduction.layers[-1].second_moment, second) < 1e-13


def test_frozen_means_must_not_be_forgotten() -> None:
    """Two ReLU layers at alpha = 1 with label noise 0.01: 0.10507, not 0.247 or 0.163."""
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), 2)
    curve = network.learning_curve(nm.channels.Linear(noise=0.01), 1.0)
    assert abs(curve.test_error - 0.10507) < 5e-6


# -- any callable -------------------------------------------------------------------------------

TWINS = [
    (np.tanh, (), nm.activations.Tanh()),
    (lambda x: np.maximum(x, 0.0), (0.0,), nm.activations.ReLU()),
    (lambda x: np.maximum(x, 0.0), (), nm.activations.ReLU()),
    (lambda x: np.clip(x, -1.0, 1.0), (-1.0, 1.0), nm.activations.HardTanh()),
    (np.sign, (0.0,), nm.activations.Sign()),
    (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), (0.0,), nm.activations.ELU()),
    (lambda x: x**3 - 3 * x, (), nm.activations.Hermite(3)),
    (lambda x: np.tanh(50 * x), (), nm.activations.Tanh(gain=50.0)),
]


@pytest.mark.parametrize(("function", "breakpoints", "twin"), TWINS, ids=lambda v: str(v)[:24])
@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_a_callable_equals_its_named_twin(
    function: Any, breakpoints: Any, twin: nm.activations.Activation, bias: float
) -> None:
    custom = nm.activations.Custom(function, breakpoints)
    depth = 2 if isinstance(twin, nm.activations.Hermite) else 4
    ours = nm.DeepNetwork.uniform(custom, depth, bias_variance=bias).reduce()
    exact = nm.DeepNetwork.uniform(twin, depth, bias_variance=bias).reduce()
    for name in ("signal_variance", "noise_variance", "offset_variance"):
        gap = relative(getattr(ours, name), getattr(exact, name))
        assert gap < 1e-12, name
        assert gap <= ours.error_estimate + exact.error_estimate, name


def test_an_undeclared_kink_in_an_ordered_network() -> None:
    """Fluctuations shrink far below the frozen means, so the kink must be found, not sampled."""
    custom = nm.activations.Custom(lambda x: np.maximum(x, 0.0))
    ours = nm.DeepNetwork.uniform(custom, 10, weight_variance=0.1).reduce()
    exact = nm.DeepNetwork.uniform(nm.activations.ReLU(), 10, weight_variance=0.1).reduce()
    assert relative(ours.signal_variance, exact.signal_variance) < 1e-12
    assert relative(ours.noise_variance, exact.noise_variance) < 1e-12


@pytest.mark.parametrize(
    ("function", "breakpoints"),
    [
        (lambda x: np.maximum(x - 0.37, 0.0), (0.37,)),
        (lambda x: np.where(x > 0.2, 1.0, 0.0), (0.2,)),
        (lambda x: np.clip(x, -1.0, 1.0), (-1.0, 1.0)),
        (lambda x: np.maximum(x, -0.5) * np.cos(x), (-0.5,)),
    ],
    ids=["shifted", "jump", "two kinks", "kinked cosine"],
)
@pytest.mark.parametrize(("weight", "bias"), [(0.3, 0.1), (2.0, 0.5)])
def test_undeclared_kinks_and_jumps_are_found(
    function: Any, breakpoints: tuple[float, ...], weight: float, bias: float
) -> None:
    settings = {"depth": 5, "weight_variance": weight, "bias_variance": bias}
    custom = nm.activations.Custom
    ours = nm.DeepNetwork.uniform(custom(function), **settings).reduce()
    told = nm.DeepNetwork.uniform(custom(function, breakpoints), **settings).reduce()
    assert ours.error_estimate < 1e-10
    for name in ("signal_variance", "noise_variance", "offset_variance"):
        allowed = ours.error_estimate + told.error_estimate
        assert relative(getattr(ours, name), getattr(told, name)) < min(allowed, 1e-12), name


def test_lengths_far_below_a_frozen_mean_are_refused() -> None:
    """Kinks 2e-5 apart under frozen means of order one would take a million panels."""
    narrow = nm.activations.Custom(lambda x: np.clip(x, -1e-5, 1e-5))
    network = nm.DeepNetwork.uniform(narrow, 5, weight_variance=0.3, bias_variance=0.1)
    with pytest.raises(nm.errors.ReductionError, match="frozen mean"):
        network.reduce()


def test_fast_oscillation_has_an_honest_error_estimate() -> None:
    """lambda = 400 exp(-400) cannot be had from sums of numbers of order one."""
    custom = nm.activations.Custom(lambda x: np.sin(20.0 * x))
    reduction = nm.DeepNetwork.uniform(custom, 1).reduce()
    exact = 400.0 * math.exp(-400.0)
    allowed = reduction.error_estimate * reduction.signal_variance
    assert abs(reduction.signal_variance - exact) <= allowed
    assert reduction.error_estimate > 1.0
    named = nm.DeepNetwork.uniform(nm.activations.Sine(gain=20.0), 1).reduce()
    assert relative(named.signal_variance, mpmath.mpf(400) * mpmath.exp(-400)) < 1e-12


# -- depth and range ----------------------------------------------------------------------------


@pytest.mark.parametrize("act", [nm.activations.Tanh(), nm.activations.HardTanh()], ids=str)
def test_ten_thousand_ordered_layers(act: nm.activations.Activation) -> None:
    """Below the first layers the network is linear: each layer adds exactly ln Delta."""
    reduction = nm.DeepNetwork.uniform(act, 10_000, weight_variance=0.5).reduce()
    assert reduction.signal_variance == 0.0
    logs = [layer.log_signal_variance for layer in reduction.layers]
    assert abs(logs[-1] - logs[4999] - 5000 * math.log(0.5)) < 1e-8
    ratio = math.exp(reduction.log_noise_variance - reduction.log_signal_variance)
    early = reduction.layers[99]
    assert ratio == pytest.approx(early.noise_variance / early.signal_variance, rel=1e-10)


def test_relu_is_homogeneous_at_any_depth() -> None:
    """Scaling every weight variance by s scales lambda, gamma and M by s^L, and nothing else."""
    depth = 1500
    plain = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth, weight_variance=2.0).reduce()
    small = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth, weight_variance=0.5).reduce()
    assert small.signal_variance == 0.0
    shift = depth * math.log(0.25)
    assert small.log_signal_variance == pytest.approx(plain.log_signal_variance + shift, abs=1e-9)
    assert small.log_noise_variance == pytest.approx(plain.log_noise_variance + shift, abs=1e-9)


def test_tiny_variances_keep_the_structural_noise() -> None:
    """tanh x = x - x^3/3 + ...: kappa = 1 - c + ..., epsilon = 6 c^3/9 at leading order."""
    c = 1e-40
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(), 1, weight_variance=c).reduce()
    assert reduction.signal_variance == pytest.approx(c, rel=1e-14)
    assert reduction.noise_variance == pytest.approx(2.0 / 3.0 * c**3, rel=1e-13)


@pytest.mark.parametrize("c", [1e-30, 1e-10, 1e-4, 1e-2, 0.02, 0.3])
def test_regimes_meet(c: float) -> None:
    """Series and panels agree with a series in c at every size of the variance."""
    with mpmath.workdps(30 + round(-4 * math.log10(c))):
        x = mpmath.mpf(c)
        mean = lambda f: mpmath.quad(  # noqa: E731
            lambda z: f(mpmath.sqrt(x) * z) * mpmath.npdf(z), list(range(-28, 29, 2))
        )
        slope = mean(lambda h: mpmath.sech(h) ** 2)
        residual = mean(lambda h: (mpmath.tanh(h) - slope * h) ** 2)
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(), 1, weight_variance=c).reduce()
    assert relative(reduction.layers[0].linear_coefficient, slope) < 1e-13
    assert relative(reduction.noise_variance, residual) < 1e-13


# -- structure ----------------------------------------------------------------------------------


def test_k_layer_equivalents_compose() -> None:
    """Signal and noise of the whole are those of the first k layers seen through the rest."""
    layers = [
        nm.Layer(nm.activations.Tanh(gain=1.5), 1.3, 0.0),
        nm.Layer(nm.activations.ReLU(), 0.8, 0.2),
        nm.Layer(nm.activations.GELU(), 2.0, 0.1),
    ]
    reduction = nm.DeepNetwork(layers, readout_variance=0.7).reduce()
    for layer in reduction.layers:
        gain = layer.equivalent_gain**2
        assert gain * layer.signal_variance == pytest.approx(reduction.signal_variance, rel=1e-13)
        total = layer.equivalent_noise + gain * layer.noise_variance
        assert total == pytest.approx(reduction.noise_variance, rel=1e-13)
    last = reduction.glm(nm.channels.Linear(), above_layer=3)
    assert (last.signal_variance, last.noise_variance) == (pytest.approx(0.7), 0.0)


def test_theorem_form_of_the_recursion() -> None:
    """Odd smooth activations without biases: sigma, rho, epsilon of the published theorem."""
    with mpmath.workdps(25):
        gauss = lambda f: mpmath.quad(  # noqa: E731
            lambda z: f(z) * mpmath.npdf(z), list(range(-10, 11))
        )
        sigma, signal, noise = mpmath.mpf(1), mpmath.mpf(1), mpmath.mpf(0)
        for _ in range(3):
            root = mpmath.sqrt(sigma)
            rho = gauss(lambda z, r=root: 2 * mpmath.sech(2 * r * z) ** 2)
            second = gauss(lambda z, r=root: mpmath.tanh(2 * r * z) ** 2)
            epsilon = second - sigma * rho**2
            sigma, signal, noise = second, signal * rho**2, epsilon + rho**2 * noise
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), 3).reduce()
    assert relative(reduction.signal_variance, signal) < 1e-13
    assert relative(reduction.noise_variance, noise) < 1e-13


def test_identity_layers_do_nothing() -> None:
    reduction = nm.DeepNetwork.uniform(nm.activations.Identity(), 7).reduce(2.5)
    assert (reduction.signal_variance, reduction.noise_variance) == (2.5, 0.0)
    assert reduction.rigour == "theorem"


def test_even_networks_learn_nothing() -> None:
    reduction = nm.DeepNetwork.uniform(nm.activations.Abs(), 2).reduce()
    assert reduction.signal_variance == 0.0
    assert reduction.log_signal_variance == -math.inf
    assert reduction.noise_variance > 0.0


@pytest.mark.parametrize(
    ("act", "bias", "words"),
    [
        (nm.activations.ReLU(), 0.0, "not odd"),
        (nm.activations.HardTanh(), 0.0, "twice differentiable"),
        (nm.activations.Tanh(), 0.1, "biases"),
    ],
)
def test_rigour_names_its_reasons(act: nm.activations.Activation, bias: float, words: str) -> None:
    reduction = nm.DeepNetwork.uniform(act, 3, bias_variance=bias).reduce()
    assert reduction.rigour == "conjecture"
    assert any(words in reason for reason in reduction.reasons)
    assert nm.DeepNetwork.uniform(nm.activations.Tanh(), 3).reduce().rigour == "theorem"


def test_labels_have_conditions_of_their_own() -> None:
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(), 2).reduce()
    assert reduction.rigour_with(nm.channels.Linear(0.1))[0] == "theorem"
    rigour, reasons = reduction.rigour_with(nm.channels.Sign())
    assert rigour == "conjecture"
    assert len(reasons) == 1
    assert "labels: sign" in reasons[0]


@given(
    depth=st.integers(1, 4),
    weight=st.floats(0.05, 5.0),
    bias=st.sampled_from([0.0, 0.01, 1.0]),
    name=st.sampled_from(["tanh:gain=3", "relu", "gelu", "elu:alpha=0.5", "sign", "softplus"]),
)
def test_variances_are_consistent(depth: int, weight: float, bias: float, name: str) -> None:
    network = nm.DeepNetwork.uniform(
        nm.activations.parse(name), depth, weight_variance=weight, bias_variance=bias
    )
    reduction = network.reduce()
    assert reduction.error_estimate < 1e-12
    for layer in reduction.layers:
        assert min(layer.signal_variance, layer.noise_variance) >= 0.0
        total = layer.signal_variance + layer.noise_variance + layer.mean_square
        assert layer.second_moment == pytest.approx(total, rel=1e-14)


def test_finite_size_rate_falls_with_width() -> None:
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(), 2).reduce()
    rates = [reduction.finite_size_rate(samples=2 * d, widths=[d, d]) for d in (100, 400, 1600)]
    assert rates[0] / rates[1] == pytest.approx(2.0)
    assert rates[1] / rates[2] == pytest.approx(2.0)
    assert rates[0] == pytest.approx((1 + math.sqrt(2) + 2) / 10)


def test_what_the_reduction_does_not_know_reaches_the_curve() -> None:
    """A slope that is lost to cancellation: harmless where little is learnt, a failure later."""
    fast = nm.activations.Custom(lambda x: np.sin(20.0 * x))
    network = nm.DeepNetwork.uniform(fast, 1)
    reduction = network.reduce()
    problem = reduction.glm(nm.channels.Linear(0.1))
    state = problem.solve(1.0)
    assert state.status is nm.Status.CONVERGED
    assert state.mmse == 1.0
    assert state.error_estimate > 1.0  # of the overlap, the smaller one
    enough = 0.6 / reduction.signal_variance
    late = problem.solve(enough, on_failure="return")
    assert late.status is nm.Status.UNRESOLVED
    sound = nm.DeepNetwork.uniform(nm.activations.Tanh(), 3).glm(nm.channels.Sign()).solve(1.0)
    assert sound.error_estimate < 1e-12
