"""The equations in LaTeX: that they are those of the code, that they compile, that all is said."""

from __future__ import annotations

import importlib
import math
import re
import shutil
import subprocess

import numpy as np
import pytest
from scipy import integrate

import latex_reader
import nishimori as nm
from nishimori.latex import number, polynomial, times
from nishimori.paper.equations import escaped
from nishimori.paper.reduction import ranges

A, C, P, S, E, F = nm.activations, nm.channels, nm.priors, nm.spectra, nm.erm, nm.features

ACTIVATIONS = [
    A.Identity(),
    A.Tanh(),
    A.Tanh(gain=2.0),
    A.Erf(gain=0.5),
    A.Sine(gain=3.0),
    A.HardTanh(),
    A.Sign(),
    A.Step(),
    A.ReLU(),
    A.LeakyReLU(slope=0.1),
    A.LeakyReLU(slope=-0.25),
    A.LeakyReLU(slope=1.0),
    A.Abs(),
    A.ELU(),
    A.ELU(alpha=1e-7),
    A.GELU(),
    A.SiLU(gain=1.5),
    A.Sigmoid(gain=2.0),
    A.Softplus(),
    A.Softplus(gain=2.5e-3),
    A.Hermite(4),
    A.Polynomial([1.0, 0.0, -0.5, 2e-9]),
    A.Polynomial([-2.0]),
    A.Polynomial([0.0]),
    A.PiecewiseLinear([0.0, 1.0], [0.0, -1.0, 0.5], [0.25, 0.0, 1.0]),
    A.PiecewiseLinear([], [2.0], [1.0]),
]
LONG = A.PiecewiseLinear(np.arange(9.0), np.arange(10.0), np.zeros(10))
CUSTOM = A.Custom(np.cos)

CHANNELS = [
    C.Linear(),
    C.Linear(noise=0.1),
    C.Sign(),
    C.Sign(noise=0.1),
    C.Sign(noise=0.1, flip=0.05),
    C.Logistic(),
    C.Laplace(0.5),
    C.Door(1.2),
    C.Ordinal((0.5,)),
    C.Ordinal((-1.0, 0.5, 2.0), noise=0.2),
    C.Poisson(),
    C.Poisson("softplus"),
    C.Readout(A.ReLU(), noise=0.1),
    C.Readout(A.ReLU()),
    C.Readout(A.Tanh(gain=2.0)),
    C.Readout(A.Sign()),
    C.Readout(CUSTOM, noise=0.3),
    C.Custom(lambda y, h: -np.logaddexp(0.0, -y * h), outputs=[-1, 1]),
    C.Custom(lambda y, h: -0.5 * (y - h) ** 2 - 0.5 * np.log(2 * np.pi), support=(-np.inf, np.inf)),
]
PRIORS = [
    P.Gaussian(),
    P.Rademacher(),
    P.GaussBernoulli(0.1),
    P.Discrete([-1.0, 0.0, 2.0], [0.1, 0.6, 0.3]),
    P.GaussianMixture([-1.0, 1.0], [0.1, 0.2], [0.25, 0.75]),
    P.Custom([-1.0, 1.0], [0.5, 0.5]),
]
SPECTRA = [S.Eigenvalues([0.5, 1.5]), S.PowerLaw(1.5, 64), S.MarchenkoPastur(0.5)]
REAL = [
    E.Ridge(),
    E.Ridge(regularization="optimal"),
    E.Lasso(0.3),
    E.Huber(0.5),
    E.Absolute(regularization=[0.1, 1.0]),
    E.EpsilonInsensitive(0.3),
    E.Custom(lambda y, z: (y - z) ** 4),
    E.Custom(lambda y, z: np.exp(z) - y * z),
]
CLASSES = [
    E.Logistic(),
    E.Hinge(),
    E.SquaredHinge(),
    E.SquareClassification(),
    E.MaxMargin(),
    E.Custom(lambda y, z: np.logaddexp(0.0, -y * z)),
]
TANH = nm.DeepNetwork.uniform(A.Tanh(gain=2.0), depth=3)
MIXED = nm.DeepNetwork(
    [
        nm.Layer(A.ReLU(), weight_variance=2.0, bias_variance=0.1),
        nm.Layer(A.Tanh(), weight_variance=1.5),
        nm.Layer(CUSTOM),
    ],
    readout_variance=0.5,
)


def everything():
    """Equations that together use every public activation, channel, prior, spectrum and loss."""
    found = [TANH.equations(), TANH.equations(C.Sign()), MIXED.equations(C.Logistic())]
    found.append(MIXED.reduce(0.5).equations(C.Linear(0.1)))
    found.append(TANH.equations(C.Linear(0.1), spectrum=S.PowerLaw(1.5, 64)))
    one_each = [nm.Layer(one) for one in (*ACTIVATIONS[:8], *ACTIVATIONS[8:10], LONG)]
    found.append(nm.DeepNetwork(one_each).equations())
    found += [nm.DeepNetwork.uniform(one, depth=1).equations() for one in ACTIVATIONS[10:-1]]
    for channel in CHANNELS:
        found.append(nm.GLM(channel, noise_variance=0.2).equations())
        found.append(nm.GLM(channel, offset=0.3).equations())
    found += [nm.GLM(C.Sign(), prior).equations() for prior in PRIORS]
    found += [nm.GLM(C.Linear(), spectrum=spectrum).equations() for spectrum in SPECTRA]
    noisy = nm.GLM(C.Linear(0.1), noise_variance=0.2)
    signs = nm.GLM(C.Sign(0.1, 0.05), noise_variance=0.2)
    found += [one.equations(noisy) for one in REAL] + [one.equations(signs) for one in CLASSES]
    found.append(E.Hinge().equations(nm.GLM(C.Door(1.0), offset=0.3)))
    found.append(E.Huber(0.5).equations(nm.GLM(C.Poisson(), offset=0.3)))
    found.append(E.Huber(0.5).equations(nm.GLM(C.Laplace(0.2))))
    found.append(E.Ridge().equations(nm.GLM(C.Poisson())))
    found.append(E.Ridge().equations(nm.GLM(C.Linear(), spectrum=S.Eigenvalues([0.5, 1.5]))))
    found.append(E.Lasso(0.3).equations(nm.GLM(C.Linear(0.1), P.GaussBernoulli(0.2))))
    found.append(E.Hinge().equations(signs, F.RandomFeatures(TANH, [1.0, 2.0, 0.5])))
    above = TANH.glm(C.Sign(), above_layer=3)
    found.append(E.Hinge().equations(above, F.RandomFeatures(TANH, [1.0, 1.0, 1.0], 3)))
    found.append(E.Ridge().equations(noisy, F.Kernel(0.5, 0.2)))
    found.append(E.Ridge().equations(noisy, F.GaussianCovariates([0.5, 1.5], [0.1, 0.6])))
    return found


@pytest.fixture(scope="module")
def all_equations():
    return everything()


# The formulas are those of the code.


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_formula_of_an_activation_is_the_activation(activation):
    formula = activation.latex("x")
    for x in (-2.3, -0.7, -0.2, 0.3, 0.6, 1.9):
        expected = float(activation(x))
        assert latex_reader.value(formula, x=x) == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_formula_of_an_activation_takes_any_argument(activation):
    formula = activation.latex(r"\sqrt{c}\,z + b")
    for z in (-1.4, 0.2, 1.1):
        expected = float(activation(math.sqrt(0.81) * z + 0.15))
        found = latex_reader.value(formula, c=0.81, z=z, b=0.15)
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-13)


def test_formula_of_long_and_of_user_given_activations():
    assert LONG.latex() == r"a_k x + b_k, \quad t_k < x < t_{k+1}"
    assert CUSTOM.latex("h") == r"\varphi(h)"
    assert "user-given function" in MIXED.equations()["activation-3"].explanation


@pytest.mark.parametrize("estimator", [*REAL, *CLASSES], ids=str)
def test_formulas_of_a_loss_are_those_of_the_code(estimator):
    formula, score = estimator.latex_loss("t"), estimator.latex_score("t")
    if isinstance(estimator, E.Custom):
        assert formula is None
        assert score is None
        return
    letters = {symbol.latex.strip("\\"): symbol.value for symbol in estimator.latex_symbols()}
    for t in (-1.7, -0.4, -0.1, 0.2, 0.9, 1.3):
        expected = float(estimator.reduced(np.array([t]))[0])
        assert latex_reader.value(formula, t=t, **letters) == pytest.approx(expected, rel=1e-12)
        for v in (0.3, 2.5):
            g, _ = estimator.score(np.array([[t]]), np.array([[v]]))
            if isinstance(estimator, E.Logistic):
                continue  # in terms of the proximal point: below
            found = latex_reader.value(score, t=t, V=v, **letters)
            assert found == pytest.approx(float(g[0, 0]), rel=1e-12, abs=1e-15)


def test_formula_of_the_logistic_score_holds_at_its_proximal_point():
    slope, proximal = E.Logistic().latex_score("t").split(r", \qquad z_* = ")
    for t, v in ((-1.7, 0.3), (0.4, 2.5)):
        g, _ = E.Logistic().score(np.array([[t]]), np.array([[v]]))
        z = t + v * float(g[0, 0])
        assert latex_reader.value(slope, **{"z_*": z}) == pytest.approx(float(g[0, 0]), rel=1e-12)
        assert latex_reader.value(proximal, t=t, V=v, **{"z_*": z}) == pytest.approx(z, rel=1e-12)


def right_side(equations, left):
    (line,) = [line for line in equations if line.partition("&=")[0].strip() == left]
    return line.partition("&=")[2].partition(r", \qquad")[0]


@pytest.mark.parametrize("offset", [0.0, 0.3])
@pytest.mark.parametrize(
    "channel", [C.Sign(), C.Sign(noise=0.1), C.Sign(noise=0.1, flip=0.05), C.Door(1.2)], ids=str
)
def test_formulas_of_two_labels_are_those_of_the_code(channel, offset):
    s2, v = 0.6, 0.5
    letters = {symbol.latex.strip("\\"): symbol.value for symbol in channel.latex_symbols()}
    lines = channel.latex_information(r"\omega + c_0")
    signs = isinstance(channel, C.Sign)

    def chance(omega):
        known = {**letters, "omega": omega, "c_0": offset, "V": v}
        if not signs:
            return latex_reader.value(right_side(lines, "Z_+"), **known)
        known["u"] = latex_reader.value(right_side(lines, "u"), **known)
        return latex_reader.value(right_side(lines, r"Z_\pm").replace(r"\pm", ""), **known)

    def integrand(omega, entropy):
        weight = math.exp(-0.5 * omega**2 / s2) / math.sqrt(2.0 * math.pi * s2)
        above = chance(omega)
        if entropy:
            return weight * (above * math.log(above) + (1 - above) * math.log(1 - above))
        slope = (chance(omega + 1e-5) - chance(omega - 1e-5)) / 2e-5
        if signs:  # the formula's own F
            known = {**letters, "omega": omega, "c_0": offset, "V": v, "Z_+": above}
            known["u"] = latex_reader.value(right_side(lines, "u"), **known)
            factor, _, score = right_side(lines, "F").partition(r"\mathbb{E}_\omega")
            score = score.replace("Z_+ Z_-", "A B")
            known |= {"A": above, "B": 1 - above}
            return weight * latex_reader.value(factor + score, **known)
        return weight * slope**2 / (above * (1 - above))

    reach = 5.0 * math.sqrt(s2)
    fisher, entropy = channel.information(s2, v, offset)
    found = integrate.quad(integrand, -reach, reach, args=(False,), limit=200, epsabs=1e-9)[0]
    assert found == pytest.approx(float(fisher), rel=1e-4)
    found = integrate.quad(integrand, -reach, reach, args=(True,), limit=200, epsabs=1e-9)[0]
    assert found == pytest.approx(float(entropy), rel=1e-4)


@pytest.mark.parametrize("channel", CHANNELS[:5], ids=str)
def test_formula_of_the_test_error_is_that_of_the_code(channel):
    letters = {symbol.latex.strip("\\"): symbol.value for symbol in channel.latex_symbols()}
    problem = nm.GLM(channel, signal_variance=0.8, noise_variance=0.3)
    state = problem.solve(1.5)
    letters |= {"s_2": 0.8 * state.overlap, "V": 0.8 * state.mmse + 0.3}
    found = latex_reader.value(channel.latex_error(), **letters)
    assert found == pytest.approx(state.test_error, rel=1e-12)


def test_closed_formulas_hold_at_the_solution():
    problem = nm.GLM(C.Linear(noise=0.1), signal_variance=0.8, noise_variance=0.3)
    state = problem.solve(1.5)
    left, _, rest = C.Linear(noise=0.1).latex_gaussian().partition(r"&= 0, \qquad s = ")
    s = latex_reader.value(rest, eta=0.3, Delta=0.1, **{"lambda": 0.8})
    assert latex_reader.value(left, v=state.mmse, s=s, alpha=1.5) == pytest.approx(0.0, abs=1e-13)
    lines = P.Gaussian().latex_overlap()
    for letter, expected in (("q", state.overlap), ("v", state.mmse)):
        found = latex_reader.value(right_side(lines, letter), r=state.conjugate)
        assert found == pytest.approx(expected, rel=1e-12)
    fisher = latex_reader.value(
        right_side(C.Linear(noise=0.1).latex_information(), "F"),
        V=0.8 * state.mmse + 0.3,
        Delta=0.1,
    )
    assert state.conjugate == pytest.approx(1.5 * 0.8 * fisher, rel=1e-12)


def test_order_parameters_hold_at_the_solution():
    problem = nm.GLM(C.Sign(noise=0.1), signal_variance=0.8, noise_variance=0.3)
    state = E.Hinge(regularization=0.7).solve(problem, 1.5)
    lines = E.Hinge().equations(problem)["geometry"].latex.split("\\\\\n")
    lines = [
        line.replace(r"\lambda_{\mathrm{reg}}", "R")
        .replace(r"\hat V", "A")
        .replace(r"\hat m", "B")
        .replace(r"\hat q", "C")
        for line in lines
    ]
    letters = {
        "R": 0.7,
        "A": state.susceptibility_conjugate,
        "B": state.overlap_conjugate,
        "C": state.self_overlap_conjugate,
        "V": state.susceptibility,
        "lambda": 0.8,
    }
    for name, expected in (
        ("V", state.susceptibility),
        ("m", state.overlap),
        ("q", state.self_overlap),
    ):
        found = latex_reader.value(right_side(lines, name), **letters)
        assert found == pytest.approx(expected, rel=1e-8)


# Numbers are those of the reduction.


def test_numbers_are_those_of_the_reduction():
    reduction = MIXED.reduce()
    equations = reduction.equations(C.Sign(noise=0.1))
    text = equations.latex(numbers=True)
    for value in (
        reduction.signal_variance,
        reduction.noise_variance,
        reduction.offset_variance,
        *(layer.linear_coefficient for layer in reduction.layers),
    ):
        assert f"{value:.12g}" in text
        assert f"{value:.12g}" not in equations.latex()
    assert r"$\Delta = 0.1$" in text
    assert r"$\Delta$" in equations.latex()
    noise, signal = f"{reduction.noise_variance:.12g}", f"{reduction.signal_variance:.12g}"
    assert rf"V = {signal}\,v + {noise}" in text
    assert rf"\lambda &= \Delta_a \lambda_L = {signal}" in text


def test_numbers_that_underflow_are_written_from_their_logarithms():
    reduction = nm.DeepNetwork.uniform(A.Tanh(), depth=400, weight_variance=0.01).reduce()
    assert reduction.signal_variance == 0.0
    text = reduction.equations().latex(numbers=True)
    (mantissa, exponent), *_ = re.findall(r"\\lambda_L = ([\d.]+)\\times 10\^\{(-\d+)\}", text)
    log = math.log(float(mantissa)) + int(exponent) * math.log(10.0)
    assert log == pytest.approx(reduction.log_signal_variance, abs=1e-8)
    assert f"\\lambda = {mantissa}" in text


# What is said depends on the problem.


def test_what_is_zero_or_one_is_left_out():
    plain = nm.GLM(C.Sign()).equations().latex()
    assert r"\eta" not in plain
    assert r"\Delta" not in plain
    assert "c_0" not in plain
    assert "c_0" not in nm.GLM(C.Linear(0.1), offset=0.3).equations().latex()
    assert r"\omega + c_0" in nm.GLM(C.Sign(), offset=0.3).equations().latex()
    assert r"\Delta_\ell" not in TANH.equations().latex()
    assert r"m_\ell" not in TANH.equations().latex()
    text = MIXED.equations().latex()
    assert all(
        part in text for part in (r"\Delta_\ell", r"\beta_\ell", r"m_\ell", r"\Delta_a", "c_0")
    )


def test_own_formulas_are_in_the_equations():
    equations = TANH.equations(C.Sign(noise=0.1))
    assert equations["activation"].latex == r"\varphi_{\ell}(x) &= \tanh(2x)"
    assert equations["label"].latex == r"y &= \operatorname{sign}(h + \sqrt{\Delta}\,\zeta)"
    assert r"\frac{\phi(u)^2}{Z_+ Z_-}" in equations["information"].latex
    assert equations["overlap"].latex.startswith(r"q &= \frac{r}{1 + r}")
    with pytest.raises(KeyError):
        equations["average"]
    assert "mean" in MIXED.equations(C.Sign())["average"].explanation


def test_status_is_that_of_the_labels():
    assert "(a theorem: every activation is odd" in TANH.equations().latex()
    assert "(a theorem:" in TANH.equations(C.Linear(0.1)).latex()
    text = TANH.equations(C.Sign()).latex()
    assert "(a conjecture: labels: sign is not a smooth odd function" in text


def test_a_reduction_without_its_network_says_less():
    from dataclasses import replace

    bare = replace(TANH.reduce(), network=None).equations()
    assert [equation.label for equation in bare.equations] == [
        "network",
        "moments",
        "recursion",
        "equivalent",
    ]


def test_user_given_geometry_is_named():
    class Mine:
        ratio = 1.0
        target_variance = 1.0

        def order_parameters(self, *conjugates):
            raise NotImplementedError

    class Student:
        def geometry(self, problem):
            return Mine()

    equations = E.Hinge().equations(nm.GLM(C.Sign()), Student())
    assert "user-given" in equations["geometry"].latex


# Form.


def test_every_equation_is_labelled_explained_and_leads_to_its_code(all_equations):
    for equations in all_equations:
        labels = [equation.label for equation in equations.equations]
        assert len(set(labels)) == len(labels)
        for label, latex, explanation, where in equations.equations:
            assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", label)
            assert "&" in latex
            assert explanation
            module, name = where, []
            while True:
                module, _, last = module.rpartition(".")
                name.insert(0, last)
                try:
                    found = importlib.import_module(module)
                except ModuleNotFoundError:
                    continue
                break
            if "<locals>" in where:
                continue
            for part in name:
                found = getattr(found, part)
            assert callable(found)


MACROS = set(
    r"""textbackslash beta
    alpha begin delta Delta ell end epsilon eta frac gamma kappa label lambda mathbb mathbf
    mathcal mathrm max min mu omega Omega operatorname Phi phi pi Pr psi Psi qquad quad rho sigma
    Sigma sim sqrt sum tau tfrac tanh sin cosh ln arccos text theta times to top varphi xi zeta zeta
    Theta left right le ge lvert rvert lVert rVert int infty partial pm mp mid cdot dots langle
    rangle hat arg overline in allowbreak exp""".split()
)


def test_braces_balance_and_macros_are_known(all_equations):
    for equations in all_equations:
        for text in (equations.latex(), equations.latex(numbers=True), equations._repr_latex_()):
            braces = re.sub(r"\\[{}]", "", text)
            assert braces.count("{") == braces.count("}")
            for left, right in ((r"\\left\b", r"\\right\b"), (r"\\begin\b", r"\\end\b")):
                assert len(re.findall(left, text)) == len(re.findall(right, text))
            plain = re.sub(r"\\\\|\\[,{}_%&#$!;^ ]", " ", text)
            assert set(re.findall(r"\\([A-Za-z]+)", plain)) <= MACROS
            assert not re.search(r"nan|None|<bound|\bTrue\b", text)
            assert text.count("$") % 2 == 0


def test_notebooks_see_mathematics_only(all_equations):
    text = all_equations[0]._repr_latex_()
    assert r"\label" not in text
    assert r"$$\begin{aligned}" in text
    assert str(all_equations[0]) == all_equations[0].latex()
    assert repr(all_equations[0]).startswith("<Equations of the reduction of 3 x tanh")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs TeX")
def test_everything_compiles(all_equations, tmp_path):
    parts = [r"\documentclass{article}\usepackage{amsmath,amssymb}\begin{document}"]
    for count, equations in enumerate(all_equations):
        parts.append(rf"\section{{{escaped(equations.title)}}}")
        parts.append(equations.latex(numbers=count % 2 == 0, prefix=f"set{count}:"))
    parts.append(r"\end{document}")
    (tmp_path / "all.tex").write_text("\n".join(parts), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    log = (tmp_path / "all.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    for trouble in ("Undefined control", "multiply-defined", "Missing", "Misplaced"):
        assert trouble not in log


def test_small_pieces():
    assert number(-math.inf) == r"-\infty"
    assert number(1e-7) == "10^{-7}"
    assert times(1e-7, "x") == r"10^{-7}\cdot x"
    assert polynomial([0.0], "x") == "0"
    assert polynomial([1e-9, -1.0], "x") == "-x + 10^{-9}"
    assert ranges([1, 2, 4, 6, 7, 8]) == "1-2, 4, 6-8"
    assert escaped("a_b & 5%") == r"a\_b \& 5\%"
    assert escaped("<x^2>\\") == r"$<$x\^{}2$>$\textbackslash{}"
