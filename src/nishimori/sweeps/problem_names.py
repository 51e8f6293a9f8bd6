"""What a grid may say about a problem, and that it says enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nishimori.activations import Activation
from nishimori.arguments import require_integer, shown
from nishimori.channels import Channel
from nishimori.erm.base import Estimator
from nishimori.errors import BadArgument, NishimoriError, suggest
from nishimori.features import Features
from nishimori.glm import GLM
from nishimori.network import DeepNetwork
from nishimori.priors import Prior
from nishimori.spectra import Spectrum
from nishimori.state_evolution.requests import require_alpha, require_branch
from nishimori.sweeps.grid import Grid
from nishimori.sweeps.parameters import require_parameter

__all__ = ["check_problem"]

_COMMON = ("alpha", "branch", "channel", "estimator", "features", "offset", "rtol", "spectrum")
_NAMES = {
    "GLM": (*_COMMON, "noise_variance", "prior", "signal_variance"),
    "DeepNetwork": (
        *_COMMON,
        "activation",
        "bias_variance",
        "depth",
        "input_second_moment",
        "network",
        "readout_variance",
        "weight_variance",
    ),
}
_KINDS: dict[str, tuple[Any, str]] = {
    "activation": (Activation, "one of nishimori.activations"),
    "channel": (Channel, "one of nishimori.channels"),
    "estimator": (Estimator, "one of nishimori.erm, or None for the Bayes-optimal curve"),
    "features": (Features, "one of nishimori.features, or None for the inputs"),
    "network": (DeepNetwork, "a DeepNetwork"),
    "prior": (Prior, "one of nishimori.priors"),
    "spectrum": (Spectrum, "one of nishimori.spectra"),
}
_MAY_BE_NONE = ("estimator", "features")
_DEEPEST = 1_000_000


def check_problem(kind: type, subject: Any, grid: Grid) -> None:
    """Refuse, in a sentence, names and kinds of values that mean nothing for this problem."""
    known = _NAMES[kind.__name__]
    for name in grid.names:
        root = name.partition(".")[0]
        if root not in known:
            other = next((k for k, names in _NAMES.items() if root in names), None)
            if other is None:
                raise BadArgument(f"sweep: {suggest(name, known, 'grid name')}")
            raise BadArgument(
                f"sweep: {name!r} is of a {other}, and this sweep is of a {kind.__name__}; known: "
                f"{', '.join(known)}"
            )
        if "." in name and root not in _KINDS:
            raise BadArgument(f"sweep: {root} has no parameters, got {name!r}")
    for name, (wanted, what) in _KINDS.items():
        for value in grid.values(name):
            if not isinstance(value, wanted) and not (value is None and name in _MAY_BE_NONE):
                raise BadArgument(f"sweep: {name} must be {what}, got {shown(value)}")
    _check_values(grid)
    _check_enough(kind, subject, grid)
    for name in grid.names:
        root, dot, rest = name.partition(".")
        if dot:
            require_parameter(_parts(root, subject, grid), rest, root)


def _check_values(grid: Grid) -> None:
    alphas = grid.values("alpha")
    if len(alphas) == 0:
        raise BadArgument("sweep: the grid needs alpha, the sample ratios n/d")
    try:
        require_alpha(alphas)
        for branch in grid.values("branch"):
            require_branch(branch)
    except NishimoriError as error:
        raise BadArgument(f"sweep: {error}") from None
    for depth in grid.values("depth"):
        require_integer("depth", depth, "sweep", 1, _DEEPEST)
    for estimator in grid.values("estimator"):
        if isinstance(getattr(estimator, "regularization", None), tuple):
            raise BadArgument(
                f"sweep: {estimator.name} holds an array of regularization; give the grid "
                "'estimator.regularization' instead"
            )


def _check_enough(kind: type, subject: Any, grid: Grid) -> None:
    given = grid.names
    if "channel" not in given and (subject is None or kind is DeepNetwork):
        raise BadArgument("sweep: the grid needs a channel, such as nm.channels.Sign()")
    if kind is DeepNetwork:
        networks = _networks(subject, grid)
        if not networks and "activation" not in given:
            raise BadArgument("sweep: the grid needs a network or an activation")
        if "depth" in given and any(len(set(network.layers)) > 1 for network in networks):
            raise BadArgument(
                "sweep: depth is of equal layers, and the layers of this network are unlike"
            )
        if "spectrum" in given and "input_second_moment" in given:
            raise BadArgument(
                "sweep: a spectrum has a mean of its own, which is the inputs' second moment; "
                "give it or input_second_moment"
            )
    trained = [value is not None for value in grid.values("estimator")]
    if not any(trained):
        wrong = next((n for n in given if n.startswith(("estimator.", "features"))), None)
        if wrong:
            raise BadArgument(f"sweep: {wrong!r} is of trained estimators; give an estimator too")
    elif all(trained) and "branch" in given:
        raise BadArgument("sweep: branch is of Bayes-optimal curves, and every one is trained")


def _networks(subject: Any, grid: Grid) -> Sequence[Any]:
    return list(grid.values("network")) or ([] if subject is None else [subject])


def _parts(root: str, subject: Any, grid: Grid) -> Iterable[Any]:
    """Everything in the sweep that may stand for `root`."""
    given = [value for value in grid.values(root) if value is not None]
    if given:
        return given
    if root == "activation":
        return [layer.activation for n in _networks(subject, grid) for layer in n.layers]
    if isinstance(subject, GLM) and hasattr(subject, root):
        return [getattr(subject, root)]
    raise BadArgument(f"sweep: the grid gives parameters of {root}, and no {root}")
