"""The equations of a reduction: from a deep network to its equivalent GLM."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nishimori.activations import Activation
from nishimori.latex import Symbol, number, numbers
from nishimori.network import DeepNetwork
from nishimori.paper.equations import Equation, Equations, escaped, lines, merged, where
from nishimori.paper.glm import glm_equations, normal_symbols
from nishimori.reduction.moments import LayerIntegrator
from nishimori.reduction.recursion import reduce_network

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.reduction import Reduction
    from nishimori.spectra import Spectrum

__all__ = ["reduction_equations"]

_SHOWN = 8  # different activations


def reduction_equations(
    reduction: Reduction, channel: Channel | None = None, spectrum: Spectrum | None = None
) -> Equations:
    """See `Reduction.equations`."""
    own = _Reduction(reduction, channel, spectrum).equations()
    if channel is None:
        return own
    problem = reduction.glm(channel, spectrum=spectrum)
    random = reduction.offset_variance > 0.0 and not channel.ignores_offset
    share = reduction.offset_variance if random else 0.0
    return own + glm_equations(problem, offset_variance=share)


class _Reduction:
    """What is written, and what can be left out because it is 1 or 0."""

    def __init__(
        self, reduction: Reduction, channel: Channel | None, spectrum: Spectrum | None
    ) -> None:
        self.reduction = reduction
        known = reduction.rigour, reduction.reasons
        self.rigour = known if channel is None else reduction.rigour_with(channel, spectrum)
        network = reduction.network
        self.network: DeepNetwork | None = network
        layers = () if network is None else network.layers
        weights = [layer.weight_variance for layer in reduction.layers]
        biases = [layer.bias_variance for layer in layers]
        self.weighted = any(weight != 1.0 for weight in weights)
        self.biased = any(biases)
        odd = network is not None and all(layer.activation.parity == "odd" for layer in layers)
        self.frozen = self.biased or not odd
        self.scaled = reduction.input_second_moment != 1.0
        self.read = reduction.readout_variance != 1.0
        self.delta = r"\Delta_\ell " if self.weighted else ""
        self.readout = r"\Delta_a " if self.read else ""
        self.start = "r_0" if self.scaled else "1"
        self.values = weights, biases

    def equations(self) -> Equations:
        reduction = self.reduction
        title = f"the reduction of {reduction.description}"
        found = [self._network(), *self._activations(), self._moments(), self._recursion()]
        found.append(self._equivalent(False))
        numeric = {"equivalent": self._equivalent(True).latex}
        return Equations(title, tuple(found), merged(self._symbols()), numeric)

    def _network(self) -> Equation:
        bias = r" + b^\ell" if self.biased else ""
        inside = rf"\frac{{W^\ell X^{{\ell-1}}}}{{\sqrt{{d_{{\ell-1}}}}}}{bias}"
        depth = len(self.reduction.layers)
        return Equation(
            "network",
            lines(
                rf"X^\ell &= \varphi_\ell\left({inside}\right), \qquad"
                rf" X^0 = x, \qquad \ell = 1, \dots, L = {depth}",
                r"h &= \frac{a \cdot X^L}{\sqrt{d_L}}",
            ),
            "The output of the deep random network is",
            where(DeepNetwork),
        )

    def _activations(self) -> list[Equation]:
        if self.network is None:
            return []
        places: dict[Activation, list[int]] = {}
        for index, layer in enumerate(self.network.layers, 1):
            places.setdefault(layer.activation, []).append(index)
        found = []
        alike = len(places) == 1
        for activation, layers in list(places.items())[:_SHOWN]:
            own = type(activation).latex is not Activation.latex
            given = "" if own else r", with a user-given function $\varphi$"
            letter = r"\ell" if alike else rf"\text{{{ranges(layers)}}}"
            plural = "s" if len(layers) > 1 else ""
            place = "every layer" if alike else f"layer{plural} {ranges(layers)}"
            found.append(
                Equation(
                    "activation" if alike else f"activation-{layers[0]}",
                    rf"\varphi_{{{letter}}}(x) &= {activation.latex()}",
                    f"The activation of {place} is{given}",
                    where(type(activation).value),
                )
            )
        return found

    def _moments(self) -> Equation:
        c = rf"c_\ell &= {self.delta}V_{{\ell-1}}, \qquad V_0 = {self.start}"
        if not self.frozen:
            field = r"\sqrt{c_\ell}\,z"
            slope = rf"\mathbb{{E}}_z \varphi_\ell'({field})"
            stein = rf"\frac{{\mathbb{{E}}_z\, z\,\varphi_\ell({field})}}{{\sqrt{{c_\ell}}}}"
            body = lines(
                c,
                rf"\kappa_\ell &= {slope} = {stein}",
                rf"V_\ell &= \mathbb{{E}}_z\, \varphi_\ell({field})^2",
            )
            text = (
                "With the variance $c_\\ell$ of a pre-activation over the inputs, layer $\\ell$"
                " has the linear coefficient and output variance"
            )
        else:
            field = r"\sqrt{c_\ell}\,z + \sqrt{m_\ell}\,b"
            bias = r" + \beta_\ell" if self.biased else ""
            body = lines(
                c,
                rf"m_\ell &= {self.delta}M_{{\ell-1}}{bias}, \qquad M_0 = 0",
                rf"M_\ell &= \mathbb{{E}}_b \left[ \mathbb{{E}}_z\, \varphi_\ell({field})"
                r" \right]^2",
                rf"V_\ell &= \mathbb{{E}}_{{b, z}}\, \varphi_\ell({field})^2 - M_\ell",
                rf"\kappa_\ell^2 &= \mathbb{{E}}_b \left[ \mathbb{{E}}_z\, \varphi_\ell'({field})"
                r" \right]^2",
            )
            text = (
                "A pre-activation varies over the inputs with variance $c_\\ell$ around a frozen"
                " mean, which varies over the neurons with variance $m_\\ell$; its output has the"
                " moments"
            )
        return Equation("moments", body, text, where(LayerIntegrator.moments))

    def _recursion(self) -> Equation:
        kept = rf"\kappa_\ell^2 {self.delta}"
        return Equation(
            "recursion",
            lines(
                rf"\lambda_\ell &= {kept}\lambda_{{\ell-1}}, \qquad \lambda_0 = {self.start}",
                rf"\gamma_\ell &= V_\ell - \kappa_\ell^2 c_\ell + {kept}\gamma_{{\ell-1}},"
                r" \qquad \gamma_0 = 0",
            ),
            "What is linear in the input, and what is not, is carried from layer to layer by",
            where(reduce_network),
        )

    def _equivalent(self, in_numbers: bool) -> Equation:
        reduction = self.reduction
        signal = rf"\lambda &= {self.readout}\lambda_L"
        noise = rf"\eta &= {self.readout}\gamma_L"
        offset = rf"\operatorname{{Var}}(c_0) &= {self.readout}M_L"
        if in_numbers:
            signal += f" = {_wide(reduction.signal_variance, reduction.log_signal_variance)}"
            noise += f" = {_wide(reduction.noise_variance, reduction.log_noise_variance)}"
            offset += f" = {number(reduction.offset_variance)}"
        rows = [signal, noise]
        constant = ""
        if reduction.offset_variance > 0.0:
            rows.append(offset)
            constant = " + c_0"
        model = (
            r"$y \sim P_{\mathrm{out}}(\cdot \mid \sqrt{\lambda}\,a \cdot x/\sqrt{d}"
            rf" + \sqrt{{\eta}}\,\xi{constant})$"
        )
        rigour, why = self.rigour
        reasons = escaped("; ".join(why))
        return Equation(
            "equivalent",
            lines(*rows),
            f"The labels are as informative as those of the linear model {model}"
            f" (a {rigour}: {reasons}), with",
            where(reduce_network),
        )

    def _symbols(self) -> list[Symbol]:
        reduction = self.reduction
        weights, biases = self.values
        layer = reduction.layers
        weight_law = r"$\mathcal{N}(0, \Delta_\ell)$" if self.weighted else r"$\mathcal{N}(0, 1)$"
        readout_law = r"$\mathcal{N}(0, \Delta_a)$" if self.read else r"$\mathcal{N}(0, 1)$"
        symbols = [
            Symbol("x", "the input of dimension $d$"),
            Symbol(r"W^\ell", f"the weights, independent {weight_law}"),
            Symbol("a", f"the readout, independent {readout_law}"),
        ]
        if self.biased:
            law = r"the biases, independent $\mathcal{N}(0, \beta_\ell)$"
            symbols.append(Symbol(r"b^\ell", law))
            symbols.append(Symbol(r"\beta_\ell", "bias variances", f"({numbers(biases)})"))
        if self.weighted:
            symbols.append(Symbol(r"\Delta_\ell", "weight variances", f"({numbers(weights)})"))
        if self.read:
            symbols.append(Symbol(r"\Delta_a", "readout variance", reduction.readout_variance))
        if self.scaled:
            meaning = r"the inputs' second moment, $\operatorname{tr} \Sigma/d$"
            symbols.append(Symbol("r_0", meaning, reduction.input_second_moment))
        slopes = numbers([one.linear_coefficient for one in layer])
        symbols += [
            Symbol(r"\kappa_\ell", "linear coefficients of the layers", f"({slopes})"),
            Symbol(r"\lambda", "the signal variance", reduction.signal_variance),
            Symbol(r"\eta", "the noise variance of the structural noise", reduction.noise_variance),
        ]
        if reduction.offset_variance > 0.0:
            meaning = "a random constant in every label, one for each network"
            symbols.append(Symbol("c_0", meaning))
            value = reduction.offset_variance
            symbols.append(Symbol(r"\operatorname{Var}(c_0)", "the offset variance", value))
        symbols += normal_symbols(("z", "b", r"\xi") if self.frozen else ("z", r"\xi"))
        return [_with_log(symbol, reduction) for symbol in symbols]


def _with_log(symbol: Symbol, reduction: Reduction) -> Symbol:
    """Variances that underflow are written from their logarithms."""
    logs = {r"\lambda": reduction.log_signal_variance, r"\eta": reduction.log_noise_variance}
    if symbol.value != 0.0 or symbol.latex not in logs:
        return symbol
    return symbol._replace(value=_wide(0.0, logs[symbol.latex]))


def _wide(value: float, log: float) -> str:
    if value != 0.0 or log == -math.inf:
        return number(value)
    exponent = math.floor(log / math.log(10.0))
    mantissa = math.exp(log - exponent * math.log(10.0))
    return rf"{number(mantissa, 9)}\times 10^{{{exponent}}}"


def ranges(indices: list[int]) -> str:
    """Ascending integers, runs shortened.

    Examples
    --------
    >>> ranges([1, 2, 3, 5])
    '1-3, 5'
    """
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
