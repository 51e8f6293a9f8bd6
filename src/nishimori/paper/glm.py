"""The equations of a GLM: its law, its state evolution and what is read off it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nishimori.latex import Symbol, number
from nishimori.observables import offset_average
from nishimori.observables.information import mutual_informations
from nishimori.paper.equations import Equation, Equations, lines, merged, where
from nishimori.priors import Gaussian, Prior
from nishimori.spectra import Isotropic
from nishimori.state_evolution import Equations as StateEvolution
from nishimori.state_evolution import solve_branch

if TYPE_CHECKING:
    from nishimori.glm import GLM

__all__ = [
    "DENSITY",
    "glm_equations",
    "has_offset",
    "model_equations",
    "model_symbols",
    "normal_symbols",
    "used",
]


def glm_equations(problem: GLM, offset_variance: float = 0.0) -> Equations:
    """See `GLM.equations`; with an `offset_variance` the offset is random and averaged over."""
    prior = effective_prior(problem)
    channel = problem.channel
    shifted = has_offset(problem) or offset_variance > 0.0
    omega = r"\omega + c_0" if shifted else r"\omega"
    noise = r" + \eta" if problem.noise_variance else ""
    arguments = rf"s_2 = \lambda q, \qquad V = \lambda v{noise}"
    step = r"r &= \alpha \lambda F(s_2, V), \qquad "
    found = [
        *model_equations(problem, shifted),
        Equation(
            "overlap",
            lines(*prior.latex_overlap()),
            "State evolution: the posterior mean of a weight that is seen with signal-to-noise"
            " ratio $r$ has the overlap, mean-square error and free entropy",
            where(type(prior).evaluate),
        ),
        Equation(
            "conjugate",
            step + arguments,
            "and the signal-to-noise ratio solves",
            where(StateEvolution.at),
        ),
        Equation(
            "information",
            lines(*channel.latex_information(omega)),
            r"with the information of one label about the known part $\omega \sim"
            r" \mathcal{N}(0, s_2)$ of its field, whose unknown part has variance $V$:",
            where(type(channel).evaluate),
        ),
    ]
    closed = channel.latex_gaussian()
    if closed is not None and type(prior) is Gaussian and problem.signal_variance > 0.0:
        found.append(
            Equation(
                "closed",
                closed,
                "The solution is closed: the positive root of",
                where(type(channel).gaussian_conjugate),
            )
        )
    found += [
        Equation(
            "error",
            rf"\mathcal{{E}} &= {channel.latex_error(omega)}",
            f"The {_METRICS[channel.metrics[0]]} of the Bayes predictor on a fresh label is",
            where(type(channel).errors),
        ),
        Equation(
            "free-entropy",
            r"\Phi_{\mathrm{RS}} &= \alpha \Psi_{\mathrm{out}} - \tfrac12 r q + \psi",
            "Of several solutions the optimal one has the largest free entropy per dimension",
            where(solve_branch),
        ),
        Equation(
            "mutual-information",
            r"\frac{I}{n} &= \mathbb{E}_h \int \mathrm{d}y\, P_{\mathrm{out}}(y \mid h) \ln"
            r" P_{\mathrm{out}}(y \mid h) - \frac{\Phi_{\mathrm{RS}}}{\alpha}",
            "and the mutual information between labels and weights, per sample, is",
            where(mutual_informations),
        ),
    ]
    if offset_variance > 0.0:
        found.append(
            Equation(
                "average",
                r"\overline{\mathcal{E}} &= \mathbb{E}_{c_0} \mathcal{E}(c_0),"
                r" \qquad c_0 \sim \mathcal{N}(0, \operatorname{Var}(c_0))",
                "The constant $c_0$ is drawn once for each network; the curve is the mean",
                where(offset_average),
            )
        )
    signal = rf"s_2 = {_factor(problem.signal_variance)}q"
    variance = rf"V = {_factor(problem.signal_variance)}v"
    if problem.noise_variance:
        variance += f" + {number(problem.noise_variance)}"
    in_numbers = {"conjugate": rf"{step}{signal}, \qquad {variance}"}
    text = "\n".join(equation.latex for equation in found)
    symbols = [
        *model_symbols(problem, has_offset(problem)),
        Symbol(r"\alpha", "the sample ratio $n/d$"),
        Symbol("q, v", "overlap and mean-square error of the posterior mean, per weight"),
        Symbol("r", "the conjugate of $q$"),
        Symbol("s_2, V", "known and unknown part of the variance of a field"),
        Symbol("F", "the information of one label about its field"),
        Symbol(r"\Psi_{\mathrm{out}}", "minus the log-loss of a fresh label, in nats"),
        DENSITY,
        *normal_symbols((r"\xi", r"\zeta")),
        *(normal_symbols("z") if r"\mathbb{E}_z" in text or "+ z" in text else ()),
    ]
    title = f"{problem.channel} labels of a {problem.prior} linear model"
    return Equations(title, tuple(found), used(merged(symbols), found), in_numbers)


DENSITY = Symbol(r"\phi, \Phi", "density and distribution function of the standard normal law")
_IF_USED = {
    DENSITY.latex: (r"\Phi(", r"\Phi\left", r"\phi("),
    r"\xi": (r"\,\xi",),
    r"\zeta": (r"\,\zeta",),  # Laplace noise has a law of its own
}

_METRICS = {
    "misclassification": "misclassification",
    "mean_square": "mean-square error",
}


def model_equations(problem: GLM, shifted: bool) -> list[Equation]:
    """The field, the laws of weights and inputs, and how a label is made."""
    from nishimori.glm import GLM

    noise = r" + \sqrt{\eta}\,\xi" if problem.noise_variance else ""
    constant = " + c_0" if shifted else ""
    signal = r"\sqrt{\lambda}\,\frac{a \cdot x}{\sqrt{d}}"
    inputs = r"\mathcal{N}(0, I_d)"
    spectrum: list[Equation] = []
    if not isinstance(problem.spectrum, Isotropic):
        inputs = r"\mathcal{N}(0, \Sigma)"
        spectrum = [
            Equation(
                "spectrum",
                problem.spectrum.latex_law(),
                "The eigenvalues $s$ of the inputs' covariance enter through means over them:",
                where(type(problem.spectrum)),
            )
        ]
    prior = type(problem.prior)
    return [
        Equation(
            "field",
            f"h &= {signal}{noise}{constant}",
            f"The field of an input $x \\sim {inputs}$ is",
            where(GLM),
        ),
        Equation(
            "label",
            problem.channel.latex_law(),
            "its label is",
            where(type(problem.channel)),
        ),
        Equation(
            "prior",
            problem.prior.latex_law(),
            "and the weights are independent, with the law",
            where(prior),
        ),
        *spectrum,
    ]


def model_symbols(problem: GLM, shifted: bool) -> list[Symbol]:
    """The letters of `model_equations`."""
    symbols = [Symbol(r"\lambda", "the signal variance", problem.signal_variance)]
    if problem.noise_variance:
        meaning = "the noise variance of the structural noise"
        symbols.append(Symbol(r"\eta", meaning, problem.noise_variance))
    if shifted:
        symbols.append(Symbol("c_0", "a known constant in every label", problem.offset))
    return [
        *symbols,
        *problem.channel.latex_symbols(),
        *problem.prior.latex_symbols(),
        *problem.spectrum.latex_symbols(),
    ]


def used(symbols: Iterable[Symbol], equations: Iterable[Equation]) -> tuple[Symbol, ...]:
    """Without the common letters that the equations do without."""
    text = "\n".join(equation.latex for equation in equations)
    return tuple(
        symbol
        for symbol in symbols
        if symbol.latex not in _IF_USED or any(sign in text for sign in _IF_USED[symbol.latex])
    )


def normal_symbols(letters: Iterable[str]) -> list[Symbol]:
    """Letters for independent standard normal variables."""
    return [Symbol(letter, "a standard normal variable") for letter in letters]


def has_offset(problem: GLM) -> bool:
    """Whether a known constant counts."""
    return problem.offset != 0.0 and not problem.channel.ignores_offset


def effective_prior(problem: GLM) -> Prior:
    """The scalar denoising problem: that of the spectrum where inputs are not isotropic."""
    if isinstance(problem.spectrum, Isotropic):
        return problem.prior
    return problem.spectrum.gaussian_prior()


def _factor(value: float) -> str:
    return "" if value == 1.0 else rf"{number(value)}\,"
