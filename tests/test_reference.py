"""The mpmath oracle against published and tabulated numbers, and against identities."""

import pytest
from mpmath import mp, mpf

from nishimori.reference import activations as act
from nishimori.reference import (
    linear,
    linear_information,
    reduce,
    sign,
    sign_information,
)
from nishimori.reference.quadrature import exact, gaussian_nodes, legendre_nodes, uniform_edges


def agree(value, expected, tolerance):
    """Relative agreement with a decimal string; absolute where zero is expected."""
    with mp.workdps(60):
        expected = mpf(expected)
        assert abs(mpf(value) - expected) <= mpf(tolerance) * (abs(expected) or 1), (
            mp.nstr(value, 30),
            mp.nstr(expected, 30),
        )


# Quadrature.


def test_legendre_rule_is_exact_for_polynomials():
    with mp.workdps(30):
        rule = legendre_nodes(9)
        for power in range(18):
            expected = mpf(2) / (power + 1) if power % 2 == 0 else mpf(0)
            agree(mp.fdot((x**power, w) for x, w in rule), expected, "1e-28")


def test_gaussian_moments():
    with mp.workdps(30):
        nodes = gaussian_nodes(uniform_edges(mpf(-13), mpf(13), mpf(2)), 30)
        for power, expected in ((0, 1), (2, 1), (4, 3), (6, 15), (8, 105)):
            agree(mp.fdot((x**power, w) for x, w in nodes), expected, "1e-26")


def test_exact_reads_decimals_and_floats():
    assert exact(0.1) == mpf(0.1) != exact("0.1")
    with mp.workdps(190):
        assert +exact("0.1") == mpf(1) / 10


# Reduction of one layer: closed forms.


def one_layer(activation, weight_variance="1", bias_variance="0", digits=25, **options):
    return reduce([(activation, weight_variance, bias_variance)], digits=digits, **options)


def test_closed_forms_without_bias():
    with mp.workdps(40):
        pi = mp.pi
        c = mpf("0.7")
        cases = [  # activation, lambda, V, M
            (act.identity(), c, c, 0),
            (act.relu(), c / 4, c / 2 - c / (2 * pi), c / (2 * pi)),
            (act.abs_(), 0, c - 2 * c / pi, 2 * c / pi),
            (act.sign(), 2 / pi, 1, 0),
            (act.step(), 1 / (2 * pi), mpf(1) / 4, mpf(1) / 4),
            (act.sine(3), 9 * c * mp.exp(-9 * c), (1 - mp.exp(-18 * c)) / 2, 0),
            (act.hermite(2), 0, 2 * c**2, (c - 1) ** 2),
            (act.hermite(3), c * (3 * c - 3) ** 2, 15 * c**3 - 18 * c**2 + 9 * c, 0),
            (
                act.erf(2),
                16 * c / (pi * (1 + 8 * c)),
                2 / pi * mp.asin(8 * c / (1 + 8 * c)),
                0,
            ),
        ]
        for activation, signal, variance, mean_square in cases:
            result = one_layer(activation, "0.7")
            agree(result.signal_variance, signal, "1e-24")
            agree(result.signal_variance + result.noise_variance, variance, "1e-24")
            agree(result.mean_square, mean_square, "1e-24")


def test_linear_coefficient_is_signed():
    falling = act.piecewise_linear(["-1", "1"], ["1", "-1"])
    with mp.workdps(40):
        agree(one_layer(falling).layers[0].linear_coefficient, -mp.erf(mp.sqrt("0.5")), "1e-24")


def test_unresolved_averages_are_zero():
    assert one_layer(act.hermite(2)).mean_square == 0
    assert one_layer(act.hermite(3)).signal_variance == 0


def test_averages_that_nearly_cancel():
    with mp.workdps(40):
        for gain in (3, 9):
            signal = one_layer(act.sine(gain), digits=20).signal_variance
            agree(signal, gain**2 * mp.exp(-(gain**2)), "1e-19")
        m = mpf("0.01")
        result = one_layer(act.sine(4), 1, "0.01", digits=1)
        agree(result.mean_square, mp.exp(-16) * (1 - mp.exp(-32 * m)) / 2, "0.05")
        agree(result.signal_variance, 16 * mp.exp(-16) * (1 + mp.exp(-32 * m)) / 2, "0.05")


def test_same_function_by_other_names():
    pairs = [
        (act.hard_tanh(), act.piecewise_linear([-1, 1], [-1, 1])),
        (act.abs_(), act.piecewise_linear([0], [0], left_slope=-1, right_slope=1)),
        (act.leaky_relu("0.3"), act.piecewise_linear([0], [0], "0.3", 1)),
        (act.hermite(3), act.polynomial([0, -3, 0, 1])),
        (act.identity(), act.hermite(1)),
    ]
    for first, second in pairs:
        a, b = one_layer(first, "1.7", digits=15), one_layer(second, "1.7", digits=15)
        agree(a.signal_variance, b.signal_variance, "1e-14")
        agree(a.noise_variance, b.noise_variance, "1e-14" if b.noise_variance else "1e-20")
        agree(a.mean_square, b.mean_square, "1e-14")


@pytest.mark.parametrize(
    "activation",
    [
        act.tanh("1.5"), act.erf("1.5"), act.sine("1.5"), act.leaky_relu(), act.gelu(),
        act.silu(2), act.softplus(2), act.sigmoid(2), act.elu("0.5"), act.hard_tanh(),
        act.abs_(), act.hermite(4), act.polynomial(["1", "-2", "0.5"]),
    ],
)  # fmt: skip
def test_derivatives(activation):
    with mp.workdps(30):
        for x in ("-1.3", "-0.2", "0.4", "2.1"):
            slope = mp.diff(activation.function, mpf(x))
            agree(activation.derivative(mpf(x)), slope, "1e-12")


def test_stein_replaces_a_missing_derivative():
    weak = act.Activation(mp.tanh, scale=mpf(1), parity="odd")
    a, b = one_layer(weak, "1e-12"), one_layer(act.tanh(), "1e-12")
    agree(a.signal_variance, b.signal_variance, "1e-22")


def test_nodes_do_not_matter():
    for network, digits in (
        ([(act.silu(5), "1.3", "0")], 25),
        ([(act.sine(9), "1.3", "0")], 10),
    ):
        a = reduce(network, digits=digits)
        b = reduce(network, digits=digits, refine=2)
        tolerance = mpf(10) ** (1 - digits)
        agree(a.signal_variance, b.signal_variance, tolerance)
        agree(a.noise_variance, b.noise_variance, tolerance)


def test_no_variance_is_an_error():
    with pytest.raises(ValueError, match="weight_variance"):
        one_layer(act.tanh(), "0")


# Reduction: tabulated rows, computed elsewhere with 48 digits.


def test_erf_with_bias_by_its_closed_kernel():
    """V + M, M and lambda are the arcsine kernel, its value and its slope at zero."""
    result = one_layer(act.erf(), "1.2", "0.3", digits=9)
    with mp.workdps(30):
        c, m = mpf("1.2"), mpf("0.3")
        width = 1 + 2 * (c + m)
        agree(result.mean_square, 2 / mp.pi * mp.asin(2 * m / width), "1e-8")
        total = 2 / mp.pi * mp.asin(2 * (c + m) / width)
        variance = result.signal_variance + result.noise_variance
        agree(variance + result.mean_square, total, "1e-8")
        slope = 4 / mp.pi / mp.sqrt(width**2 - 4 * m**2)
        agree(result.signal_variance, c * slope, "1e-8")


TABLE = [
    (
        [(act.elu(), "1", "0")],
        ("1", "1"),
        (
            "0.58000149464019903956767130",
            "0.039177068731942180314037819",
            "0.025766854120782643181752323",
        ),
        25,
    ),
    (
        [(act.gelu(), "1", "0")],
        ("1", "1"),
        (
            "0.25000000000000000000000000",
            "0.095644011024351007034112535",
            "0.079577471545947667884441882",
        ),
        25,
    ),
    (
        [(act.silu(), "1", "0")],
        ("1", "1"),
        (
            "0.25000000000000000000000000",
            "0.063083296994420922535594987",
            "0.042692222822931233695199305",
        ),
        25,
    ),
    (
        [(act.hermite(3), "1.3", "0.4")],
        ("0.7", "1.5"),
        (
            "26.320612500000000000000000",
            "50.307075000000000000000000",
            "4.8615000000000000000000000",
        ),
        10,
    ),
    (
        [(act.elu(), "1.3", "0.4")],
        ("0.7", "1.5"),
        (
            "0.69716978204381458268971336",
            "0.065005603567112961157925287",
            "0.20984488955987844629901764",
        ),
        6,
    ),
    (
        [(act.hard_tanh(), "2", "0")] * 10,
        ("1", "1"),
        (
            "0.16507096173170950681651363",
            "0.36106581608228736990547968",
            "0",
        ),
        20,
    ),
    (
        [(act.relu(), "1", "0")] * 2,
        ("1", "1"),
        (
            "0.075389406053400108158301150",
            "0.051177821396507004717170850",
            "0.12343277255009288712452800",
        ),
        10,
    ),
    (
        [(act.abs_(), "1", "0.3")] * 2,
        ("1", "1"),
        (
            "0.075669461181026363790594735",
            "0.22911103922167570374304561",
            "1.2952194995972979324663597",
        ),
        8,
    ),
    (
        [
            (act.relu(), "2", "0.1"),
            (act.tanh("1.5"), "1.5", "0.2"),
            (act.sign(), "1", "0.3"),
        ],
        ("2", "1"),
        (
            "0.40752061159218152564974736",
            "0.83104501485936098966821391",
            "0.76143437354845748468203873",
        ),
        3,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "scales", "expected", "digits"), TABLE)
def test_tabulated_reductions(layers, scales, expected, digits):
    result = reduce(layers, *scales, digits=digits)
    got = (result.signal_variance, result.noise_variance, result.mean_square)
    for value, reference in zip(got, expected, strict=True):
        agree(value, reference, mpf(10) ** (1 - digits))


def test_a_deep_ordered_network_keeps_its_digits():
    """Fifty tanh layers at Delta = 1: V = lambda + gamma, all positive, V about 1/(2 L)."""
    result = reduce([(act.tanh(), 1, 0)] * 50, digits=20)
    agree(result.signal_variance, "0.0087353883470005464159006541", "1e-19")
    agree(result.noise_variance, "0.0014839465085912141443160123", "1e-19")


# Channels.


def test_sign_without_information():
    fisher, entropy = sign_information(0, 1)
    with mp.workdps(40):
        agree(fisher, 2 / mp.pi, "1e-29")
        agree(entropy, -mp.log(2), "1e-29")


@pytest.mark.parametrize(
    ("total", "noise", "flip", "offset", "signal"),
    [
        (1, 0, 0, 0, "0.4"),
        (3, "0.5", "0.1", 0, "2.4"),
        (2, 0, 0, "-3", "1.2"),
        (2, "0.3", "1e-9", "0.8", "1.9"),
    ],
)
def test_entropy_and_fisher_are_one_function(total, noise, flip, offset, signal):
    """I-MMSE: dPsi_out/ds2 = F/2 at fixed s2 + V."""

    def entropy(s):
        return sign_information(s, total - s, noise, flip, offset, digits=22)[1]

    with mp.workdps(20):
        s = mpf(signal)
        slope = mp.diff(entropy, s, h=mpf(10) ** -7)
        fisher, _ = sign_information(s, total - s, noise, flip, offset, digits=22)
        agree(slope, fisher / 2, "1e-7")


def test_label_symmetries():
    a = sign_information("0.4", "0.6", "0.1", "0.2", "0.7", digits=15)
    b = sign_information("0.4", "0.6", "0.1", "0.8", "-0.7", digits=15)
    assert a == b


@pytest.mark.parametrize("signal", ["1e-12", "40", "1e20"])
@pytest.mark.parametrize(("flip", "offset"), [("0", "30"), ("1e-20", "0"), ("0.01", "-6")])
def test_sign_is_converged(signal, flip, offset):
    """Fewer digits mean other panels and nodes; the common digits must agree."""
    low = sign_information(signal, 1, 0, flip, offset, digits=6)
    high = sign_information(signal, 1, 0, flip, offset, digits=14)
    for a, b in zip(low, high, strict=True):
        agree(a, b, "2e-6")


def test_linear_channel():
    fisher, entropy = linear_information("0.3", "0.4", "0.1")
    with mp.workdps(40):
        agree(fisher, 2, "1e-29")
        agree(entropy, -mp.log(mp.pi * mp.e) / 2, "1e-29")


# Fixed points.


@pytest.mark.parametrize(
    ("alpha", "mmse"),
    [
        ("0.1", "0.93782544023963891"),
        ("1", "0.51373636298388351"),
        ("10", "0.018621914954899006"),
    ],
)
def test_known_mmse_of_noiseless_sign(alpha, mmse):
    state = sign(alpha, digits=17)
    agree(state.mmse, mmse, "1e-16")
    with mp.workdps(17):
        agree(state.misclassification, mp.acos(mp.sqrt(state.overlap)) / mp.pi, "1e-14")
    assert state.misclassification == state.clean_misclassification
    agree(state.mutual_information, -state.free_entropy / mpf(alpha), "1e-15")


SIGN_ROWS = [
    (
        ("1e4", "1", "0", "0", "0"),
        (
            "1.925549177466714716779691e-8",
            "51933235.07115643893814579",
            "5193.323507115643893814579",
            "-9.38273475674722166e+00",
            "1.24931636489266688e-04",
            "4.41700037440228607e-05",
        ),
    ),
    (
        ("10", "1", "1e3", "0", "0"),
        (
            "0.9936803287984580866896675",
            "0.006359863447416289105102373",
            "0.0006359863447416289105102373",
            "-6.93146173634441659e+00",
            "9.99995980791566643e-01",
            "4.99200201127998185e-01",
        ),
    ),
    (
        ("3", "1", "0", "0", "0.2"),
        (
            "0.5498775814229063677806761",
            "0.8185865977884051021798036",
            "0.2728621992628017007266012",
            "-1.98690201516128960e+00",
            "8.92993846120862605e-01",
            "3.59541786407834423e-01",
        ),
    ),
    (
        ("1", "1", "0", "0.5", "0"),
        (
            "0.6687796034068841133672108",
            "0.4952609124228959019196692",
            "0.4952609124228959019196692",
            "-6.52874165706572361e-01",
            "8.58257511264132642e-01",
            "3.44287057966312000e-01",
        ),
    ),
    (
        ("1e6", "1", "0", "1e-6", "0"),
        (
            "1.388605567761285483447357e-9",
            "720146902.6396010763721856",
            "720.1469026396010763721856",
            "-7.30844438905143473e+02",
            "9.00940816143053375e-04",
            "3.18530706852319773e-04",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), SIGN_ROWS)
def test_tabulated_sign_states(arguments, expected):
    state = sign(*arguments, digits=15)
    got = (state.mmse, state.conjugate, state.fisher, state.free_entropy)
    for value, reference in zip(
        (*got, state.mean_square, state.misclassification), expected, strict=True
    ):
        agree(value, reference, "1e-14")


LINEAR_ROWS = [
    (
        ("2", "1", "0", "0.1"),
        (
            "0.08442887702247601900968864",
            "10.84428877022476019009689",
            "5.422144385112380095048443",
            "-1.92552302024659692e+00",
            "1.84428877022476019e-01",
        ),
    ),
    (
        ("1.01", "1", "0", "1e-6"),
        (
            "9.900980487340567285995971e-5",
            "10099.00980487340567285996",
            "9999.019608785550171148475",
            "-8.92150884578831113e-01",
            "1.00009804873405673e-04",
        ),
    ),
    (
        ("1e3", "1", "1e3", "0.5"),
        (
            "0.5002499374843945283151887",
            "0.9990007495627030430068118",
            "0.0009990007495627030430068118",
            "-4.87341249639015146e+03",
            "1.00100024993748439e+03",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), LINEAR_ROWS)
def test_tabulated_linear_states(arguments, expected):
    state = linear(*arguments, digits=20)
    got = (state.mmse, state.conjugate, state.fisher, state.free_entropy, state.mean_square)
    for value, reference in zip(got, expected, strict=True):
        agree(value, reference, "1e-17")


@pytest.mark.parametrize("alpha", ["0.2", "1", "30"])
def test_linear_closed_form(alpha):
    """v solves v**2 + (s + alpha - 1) v - s = 0, s = (eta + Delta)/lambda."""
    state = linear(alpha, "1.3", "0.2", "0.06")
    with mp.workdps(40):
        s = mpf("0.2")
        b = s + mpf(alpha) - 1
        agree(state.mmse, 2 * s / (b + mp.sqrt(b**2 + 4 * s)), "1e-28")
        agree(state.overlap + state.mmse, 1, "1e-29")
        agree(state.clean_mean_square, mpf("1.3") * state.mmse + mpf("0.2"), "1e-28")
        agree(state.mean_square - state.clean_mean_square, "0.06", "1e-27")


def test_perfect_recovery():
    state = linear("1.5")
    assert (state.mmse, state.overlap, state.conjugate) == (0, 1, mp.inf)
    agree(linear("0.9").mmse, "0.1", "1e-29")


def slope_in_alpha(solve, alpha):
    with mp.workdps(20):
        return mp.diff(lambda a: solve(a).free_entropy, mpf(alpha), h=mpf(10) ** -4)


def test_free_entropy_grows_by_the_evidence():
    """dPhi/dalpha = Psi_out along the branch."""

    def solve_linear(alpha):
        return linear(alpha, "1.3", "0.2", "0.06", digits=22)

    def solve_sign(alpha):
        return sign(alpha, "1.3", "0.2", "0.1", "0.05", "0.6", digits=9)

    agree(slope_in_alpha(solve_linear, 2), solve_linear(2).entropy, "1e-6")
    agree(slope_in_alpha(solve_sign, 2), solve_sign(2).entropy, "1e-6")


def test_mutual_information_without_cancellation():
    """The two informations of the linear channel, and the order lambda of a weak signal."""
    state = linear("2", "1.3", "0.2", "0.1")
    with mp.workdps(40):
        entropy_of_noise = -mp.log(2 * mp.pi * mp.e * mpf("0.1")) / 2
        agree(state.mutual_information, entropy_of_noise - state.free_entropy / 2, "1e-28")
        entropy_of_noise = -mp.log(2 * mp.pi * mp.e * mpf("0.3")) / 2
        agree(state.weight_information, entropy_of_noise - state.free_entropy / 2, "1e-28")
    weak = sign("2", "1e-300", "1", digits=12)
    with mp.workdps(20):
        agree(weak.conjugate, 4 / mp.pi * mpf("1e-300"), "1e-11")
        agree(weak.weight_information, mpf("1e-300") / mp.pi, "1e-11")
        agree(weak.mutual_information, mp.log(2), "1e-11")


def test_sign_informations_are_sums():
    """With probit noise and flips: -Phi/alpha plus the entropy of labels whose field is known."""
    state = sign("2", "1.3", "0.2", "0.5", "0.1", "0.4", digits=16)
    _, known_field = sign_information("1.5", 0, "0.5", "0.1", "0.4", digits=18)
    _, known_weights = sign_information("1.3", "0.2", "0.5", "0.1", "0.4", digits=18)
    with mp.workdps(20):
        base = -state.free_entropy / 2
        agree(state.mutual_information, base + known_field, "1e-14")
        agree(state.weight_information, base + known_weights, "1e-14")
    assert 0 < state.weight_information < state.mutual_information < mp.log(2)
    assert 0 < state.clean_misclassification < state.misclassification < mpf("0.5")
    assert state.log_loss + state.entropy == 0


def test_nothing_to_learn():
    assert sign("2", 0, 1, digits=10).mmse == 1
    assert sign("2", 1, 0, flip="0.5", digits=10).mmse == 1
    with pytest.raises(ValueError, match="alpha"):
        sign(0)
