"""What a posterior can be sampled for, and what not: said before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_array, require_integer
from nishimori.channels import Channel, Poisson
from nishimori.errors import BadArgument
from nishimori.network import DeepNetwork
from nishimori.simulate.memory import require_memory
from nishimori.simulate.teachers import DeepTeacher

__all__ = [
    "Length",
    "Start",
    "require_data",
    "require_extra",
    "require_model",
    "require_resources",
    "require_rows",
    "require_starts",
]

FloatArray = NDArray[np.float64]
Start = Literal["prior"] | DeepTeacher

_MOST = 10**7
_RUNTIME = 4e8  # bytes that JAX and its compiled code take themselves, and a block of draws
_STATES = 60  # vectors of weights that a chain holds, the checkpoints of its trajectory among them
_STEPS = 63  # gradients per draw
_RATE = 5e9  # floating-point operations per second in a gradient, on a common processor


@dataclass(frozen=True)
class Length:
    """Iterations of each chain before and after its step size is fixed, and how many chains."""

    warmup: int
    draws: int
    chains: int

    @classmethod
    def checked(cls, warmup: Any, draws: Any, chains: Any, owner: str) -> Length:
        """The three as integers, or a sentence."""
        return cls(
            require_integer("warmup", warmup, owner, 10, _MOST),
            require_integer("draws", draws, owner, 4, _MOST),
            require_integer("chains", chains, owner, 1, 1000),
        )


def require_extra(owner: str) -> None:
    """Refuse, in a sentence that says what to install, to go on without JAX and NumPyro."""
    missing = [name for name in ("jax", "numpyro", "threadpoolctl") if not _installed(name)]
    if missing:
        raise BadArgument(
            f"{owner}: {' and '.join(missing)} must be installed to sample posteriors; "
            "pip install 'nishimori[bayes]'"
        )


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:  # sys.modules holds None under this name
        return False


def require_model(network: Any, channel: Any, owner: str) -> None:
    """Refuse, in a sentence, networks and channels without a gradient."""
    from nishimori.simulate.jax_likelihoods import require_smooth
    from nishimori.simulate.jax_networks import require_gradient

    if not isinstance(network, DeepNetwork):
        raise BadArgument(f"{owner}: network must be a DeepNetwork, got {network!r:.60}")
    if not isinstance(channel, Channel):
        raise BadArgument(f"{owner}: channel must be one of nishimori.channels, got {channel!r}")
    for layer in network.layers:
        require_gradient(layer.activation, owner)
    require_smooth(channel, owner)


def require_rows(name: str, values: Any, width: int, owner: str) -> FloatArray:
    """`values` as finite rows of `width` numbers, or a sentence."""
    rows = require_array(name, values, owner)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise BadArgument(
            f"{owner}: {name} must have one row of {width} numbers per sample, got shape "
            f"{rows.shape}"
        )
    if not np.isfinite(rows).all():
        raise BadArgument(f"{owner}: {name} must be finite")
    return rows


def require_data(
    inputs: Any, labels: Any, width: int, channel: Channel, owner: str
) -> tuple[FloatArray, FloatArray]:
    """Inputs, and as many labels that the channel can give, or a sentence."""
    from nishimori.simulate.jax_likelihoods import classes

    x, y = require_rows("inputs", inputs, width, owner), require_array("labels", labels, owner)
    if y.shape != x.shape[:1] or y.size == 0:
        raise BadArgument(
            f"{owner}: labels must be one number per row of inputs, at least one; got shape "
            f"{y.shape} for {len(x)} rows"
        )
    known, name = classes(channel), type(channel).__name__
    if known is not None and not np.isin(y, known).all():
        wrong, values = y[~np.isin(y, known)][0], ", ".join(f"{v:g}" for v in known)
        raise BadArgument(f"{owner}: labels of {name} are {values}; got {wrong:g}")
    if isinstance(channel, Poisson) and not ((y >= 0.0) & (y == np.floor(y))).all():
        raise BadArgument(f"{owner}: labels of Poisson must be counts 0, 1, 2, ...")
    if not np.isfinite(y).all():
        raise BadArgument(f"{owner}: labels must be finite")
    return x, y


def require_starts(start: Any, chains: int, widths: tuple[int, ...], owner: str) -> list[Start]:
    """The start of each chain, or a sentence."""
    one = isinstance(start, str | DeepTeacher) or not isinstance(start, Sequence)
    starts = [start] * chains if one else list(start)
    for begin in starts:
        if not (isinstance(begin, DeepTeacher) or (isinstance(begin, str) and begin == "prior")):
            raise BadArgument(f"{owner}: start must be 'prior' or a DeepTeacher, got {begin!r:.60}")
        if isinstance(begin, DeepTeacher) and begin.widths != widths:
            raise BadArgument(
                f"{owner}: start is a teacher of widths {begin.widths}, the student has {widths}"
            )
    if len(starts) != chains:
        raise BadArgument(
            f"{owner}: start must hold one start for each of {chains} chains, got {len(starts)}"
        )
    return starts


def require_resources(
    widths: tuple[int, ...],
    samples: int,
    tests: int,
    length: Length,
    keep_weights: bool,
    time_limit: float,
    owner: str,
) -> None:
    """Refuse, in a sentence, what would not fit in memory or take too long."""
    weights = sum(a * b for a, b in pairwise(widths))
    size = weights + sum(widths[1:])
    kept = length.draws * size * (2 if keep_weights else 0)
    states = _STATES * size + 8 * samples * sum(widths)
    seen = 4 * length.draws * (tests + 1)
    what = f"{length.chains} chains over {size} weights and {length.draws} draws"
    less = "use smaller widths, fewer draws or chains, or fewer test inputs"
    needed = _RUNTIME + 8.0 * length.chains * (states + kept + seen)
    require_memory(owner, what, needed, less)
    smaller = min(samples, widths[-1])
    gradient = 6.0 * samples * (weights + smaller * widths[-1])
    iterations = length.warmup + length.draws
    hours = length.chains * iterations * _STEPS * gradient / _RATE / 3600.0
    if not hours <= time_limit:
        raise BadArgument(
            f"{owner}: {iterations} iterations of {length.chains} chains over {size} weights on "
            f"{samples} samples would take about {hours:.2g} hours and time_limit is "
            f"{time_limit:g}; use smaller widths or fewer draws, or a longer time_limit"
        )
