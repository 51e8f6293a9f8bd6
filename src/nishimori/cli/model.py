"""The options that describe a network or a GLM, and building it from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nishimori.cli.layer_grammar import LAYER_KEYS
from nishimori.cli.options import ACTIVATION, INTEGER, LAYERS, NUMBER, SPECTRA, Option, flag
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork, Layer
    from nishimori.priors import Prior

__all__ = [
    "GLM_OPTIONS",
    "NETWORK_OPTIONS",
    "SPECTRUM",
    "Described",
    "build_network",
    "describe_problem",
    "input_arguments",
    "is_plain_glm",
    "merge",
]

NETWORK_OPTIONS = (
    Option("activation", ACTIVATION, "NAME", "of every layer, such as tanh:gain=2"),
    Option("depth", INTEGER, "L", "number of hidden layers (default 1)"),
    Option(
        "layers",
        LAYERS,
        "LIST",
        "unlike layers instead, such as tanh:gain=2,relu:weight_variance=2:bias_variance=0.1",
    ),
    Option("weight_variance", NUMBER, "X", "of layers that do not state their own (default 1)"),
    Option("bias_variance", NUMBER, "X", "of layers that do not state their own (default 0)"),
    Option("readout_variance", NUMBER, "X", "variance of the readout weights (default 1)"),
    Option("input_second_moment", NUMBER, "X", "mean square of an input component (default 1)"),
)

SPECTRUM = Option(
    "spectrum",
    SPECTRA,
    "NAME",
    "of the inputs' covariance, such as power_law:exponent=1:dimension=100",
)

GLM_OPTIONS = (
    Option("signal_variance", NUMBER, "X", "of a plain GLM, instead of a network (default 1)"),
    Option("noise_variance", NUMBER, "X", "of a plain GLM, instead of a network (default 0)"),
)

_UNIFORM = ("activation", "depth")
_PLAIN = ("signal_variance", "noise_variance")
_SHARED = ("weight_variance", "bias_variance", "readout_variance", "input_second_moment")


def merge(from_line: Mapping[str, Any], from_file: Mapping[str, Any]) -> dict[str, Any]:
    """Both sets of values, the command line first.

    A model described on the command line replaces one that the file describes in another way:
    ``--layers relu`` wins over ``activation = "tanh"``.
    """
    ways = (_UNIFORM, ("layers",), _PLAIN)
    chosen = [way for way in ways if any(name in from_line for name in way)]
    dropped: set[str] = set()
    if chosen:
        dropped = {name for way in ways if way not in chosen for name in way}
        if _PLAIN in chosen:
            dropped.update(_SHARED)
    kept = {name: value for name, value in from_file.items() if name not in dropped}
    return {**kept, **from_line}


def is_plain_glm(values: Mapping[str, Any], instead: str = "") -> bool:
    """Whether the values describe a GLM without a network; refuses contradictions.

    `instead` is what the sentence says of other ways where nothing is described.
    """
    uniform, layers, plain = (
        [name for name in way if name in values] for way in (_UNIFORM, ("layers",), _PLAIN)
    )
    if plain:
        network = [*uniform, *layers, *(name for name in _SHARED if name in values)]
        if network:
            raise BadArgument(
                f"{flag(plain[0])} describes a plain GLM and {flag(network[0])} a network; "
                "give one or the other"
            )
        return True
    if layers and uniform:
        raise BadArgument(
            f"--layers and {flag(uniform[0])} both describe the network; give one or the other"
        )
    if not layers and "activation" not in values:
        raise BadArgument(
            "a network is needed: --activation tanh:gain=2 --depth 3, or --layers tanh,relu"
            f"{instead}"
        )
    return False


def build_network(values: Mapping[str, Any]) -> DeepNetwork:
    """The network that the values of `NETWORK_OPTIONS` describe."""
    from nishimori import activations
    from nishimori.network import DeepNetwork

    is_plain_glm(values)
    common = {name: values[name] for name in LAYER_KEYS if name in values}
    readout = {name: values[name] for name in ("readout_variance",) if name in values}
    if "layers" in values:
        layers = [_layer({**common, **settings}) for settings in values["layers"]]
        return DeepNetwork(layers=layers, **readout)
    activation = activations.parse(values["activation"])
    return DeepNetwork.uniform(activation, depth=values.get("depth", 1), **common, **readout)


def _layer(settings: Mapping[str, Any]) -> Layer:
    from nishimori import activations
    from nishimori.network import Layer

    variances = {name: settings[name] for name in LAYER_KEYS if name in settings}
    return Layer(activations.parse(settings["activation"]), **variances)


class Described(NamedTuple):
    """A problem, the network behind it if there is one, and what a table says about both."""

    problem: GLM
    network: DeepNetwork | None
    words: dict[str, Any]
    entry: dict[str, Any]
    """How the words are computed again: see `nishimori.export.provenance`."""


def describe_problem(values: Mapping[str, Any], channel: Channel) -> Described:
    """The GLM that the values describe: plain, or of a network at a given (or no) offset."""
    from nishimori import priors
    from nishimori.export.provenance import entry_of
    from nishimori.export.words import problem_words
    from nishimori.glm import GLM

    prior = priors.parse(values.get("prior", "gaussian"))
    offset = {name: values[name] for name in ("offset",) if name in values}
    inputs = input_arguments(values)
    if is_plain_glm(values, "; or a plain GLM by --signal-variance 1"):
        variances = {name: values[name] for name in _PLAIN if name in values}
        problem = GLM(channel=channel, prior=prior, **variances, **offset, **inputs)
        entry = entry_of("reduction", problem, at="reduction")
        return Described(problem, None, problem_words(problem), entry)
    network = build_network(values)
    _refuse_prior(values, prior)
    spectrum = inputs.get("spectrum")
    reduction = network.reduce(
        inputs.get("input_second_moment", spectrum.mean if spectrum else 1.0)
    )
    rigour, reasons = reduction.rigour_with(channel, spectrum)
    labels = {"rigour_with_labels": rigour, "reasons_with_labels": list(reasons)}
    words = reduction.as_dict() | labels
    entry = entry_of("reduction", reduction, at="reduction")
    return Described(reduction.glm(channel, spectrum=spectrum, **offset), network, words, entry)


def input_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the values say about the inputs: their spectrum, or their second moment."""
    if "spectrum" not in values:
        return {name: values[name] for name in ("input_second_moment",) if name in values}
    if "input_second_moment" in values:
        raise BadArgument(
            "--spectrum has a mean of its own, which is the inputs' second moment; "
            "give it or --input-second-moment"
        )
    from nishimori import spectra

    return {"spectrum": spectra.parse(values["spectrum"])}


def _refuse_prior(values: Mapping[str, Any], prior: Prior) -> None:
    from nishimori import priors

    if not isinstance(prior, priors.Gaussian):
        raise BadArgument(
            f"--prior {values['prior']} is for a plain GLM (--signal-variance, --noise-variance); "
            "the weights of a network are gaussian"
        )
