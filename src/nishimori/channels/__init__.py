"""Output channels: how a label is made from the network's output."""

from __future__ import annotations

from collections.abc import Callable

from nishimori.activations import parse as parse_activation
from nishimori.channels.base import Channel
from nishimori.channels.custom import Custom
from nishimori.channels.door import Door
from nishimori.channels.laplace import Laplace
from nishimori.channels.linear import Linear
from nishimori.channels.logistic import Logistic
from nishimori.channels.ordinal import Ordinal
from nishimori.channels.poisson import Poisson
from nishimori.channels.readout import Readout
from nishimori.channels.sign import Sign
from nishimori.parsing import missing_name, parse_named

__all__ = [
    "Channel",
    "Custom",
    "Door",
    "Laplace",
    "Linear",
    "Logistic",
    "Ordinal",
    "Poisson",
    "Readout",
    "Sign",
    "parse",
]


def _readout(activation: str, noise: float = 0.0) -> Readout:
    return Readout(parse_activation(activation.replace(",", ":")), noise)


_BY_NAME: dict[str, Callable[..., Channel]] = {
    cls.__name__.lower(): cls for cls in (Door, Laplace, Linear, Logistic, Ordinal, Poisson, Sign)
}
_BY_NAME["readout"] = _readout

__getattr__ = missing_name(__name__, __all__)


def parse(text: str) -> Channel:
    """The channel that `text` names: ``"sign"``, ``"sign:noise=0.1:flip=0.05"``.

    Raises
    ------
    UnknownName
        If the name or a key is not known; suggests the nearest.
    BadArgument
        If a value is out of its domain.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.channels.parse("sign:noise=0.1")
    Sign(noise=0.1, flip=0.0)
    """
    channel: Channel = parse_named(text, _BY_NAME, "channel")
    return channel
