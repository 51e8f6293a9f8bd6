"""Activations: what each layer of the network applies to its pre-activations."""

from __future__ import annotations

from nishimori.activations.base import Activation, AffinePieces
from nishimori.activations.custom import Custom
from nishimori.activations.elu import ELU
from nishimori.activations.erf import Erf
from nishimori.activations.gelu import GELU
from nishimori.activations.hard_tanh import HardTanh
from nishimori.activations.identity import Identity
from nishimori.activations.logistic_family import Sigmoid, SiLU, Softplus
from nishimori.activations.piecewise_linear import PiecewiseLinear
from nishimori.activations.polynomial import Hermite, Polynomial
from nishimori.activations.rectified import Abs, LeakyReLU, ReLU
from nishimori.activations.sine import Sine
from nishimori.activations.tanh import Tanh
from nishimori.activations.threshold import Sign, Step
from nishimori.parsing import missing_name, parse_named

__all__ = [
    "ELU",
    "GELU",
    "Abs",
    "Activation",
    "AffinePieces",
    "Custom",
    "Erf",
    "HardTanh",
    "Hermite",
    "Identity",
    "LeakyReLU",
    "PiecewiseLinear",
    "Polynomial",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Sign",
    "Sine",
    "Softplus",
    "Step",
    "Tanh",
    "parse",
]

_BY_NAME = {
    cls.__name__.lower(): cls
    for cls in (
        Abs,
        ELU,
        Erf,
        GELU,
        HardTanh,
        Hermite,
        Identity,
        LeakyReLU,
        Polynomial,
        ReLU,
        SiLU,
        Sigmoid,
        Sign,
        Sine,
        Softplus,
        Step,
        Tanh,
    )
}

__getattr__ = missing_name(__name__, __all__)


def parse(text: str) -> Activation:
    """The activation that `text` names: ``"tanh:gain=2"``, ``"leaky_relu:slope=0.1"``, ``"relu"``.

    Parameters
    ----------
    text : str
        A name (case and underscores do not matter), then ``key=value`` pairs, all separated by
        colons. The coefficients of a polynomial are separated by slashes:
        ``"polynomial:coefficients=0/1/0/0.5"``.

    Raises
    ------
    UnknownName
        If the name or a key is not known; suggests the nearest.
    BadArgument
        If a value is not a number, or is outside the activation's domain.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.activations.parse("tanh:gain=2")
    Tanh(gain=2.0)
    """
    activation: Activation = parse_named(text, _BY_NAME, "activation")
    return activation
