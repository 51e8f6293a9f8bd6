"""Estimators as the command line names them: ``huber:threshold=0.5``, or ``kernel``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nishimori.errors import BadArgument, NishimoriError
from nishimori.parsing import parse_named, plain_name

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.cli.model import Described
    from nishimori.erm import Estimator
    from nishimori.results import ErmCurve

__all__ = [
    "estimator_named",
    "labelled",
    "learning_curves",
    "optimal_unless_said",
    "problem_of",
]

_KERNEL = "kernel"


def estimator_named(text: str, channel: Channel, settings: Mapping[str, Any]) -> Estimator:
    """The estimator of ``--loss``, with `settings` from the options of their names.

    The square loss of labels +-1 is asked for as ``ridge`` too.
    """
    constructors = _constructors(channel)
    name, given = _parts(text)
    for option in settings:
        flag = f"--{option}"
        if option in given:
            raise BadArgument(f"--loss {text} and {flag} both give {option}; give it once")
        if name in constructors and not _takes(name, constructors, option):
            raise BadArgument(f"--loss {text} takes no {option}, got {flag} {settings[option]}")
    return _parsed("--loss", text, settings, constructors)


def learning_curves(
    texts: Sequence[str], described: Described, alpha: Any, settings: Mapping[str, Any]
) -> dict[str, ErmCurve]:
    """The curves of the estimators of ``--with``, by name; optimal unless they say."""
    problem = problem_of(described, settings)
    options = {name: settings[name] for name in ("rtol",) if name in settings}
    curves: dict[str, ErmCurve] = {}
    for label, part in labelled("--with", texts).items():
        estimator, features = optimal_unless_said("--with", part, described)
        try:
            curves[label] = estimator.learning_curve(
                problem, alpha, features, on_failure="return", **options
            )
        except NishimoriError as error:
            raise BadArgument(f"--with {part}: {error}") from None
    return curves


def labelled(flag: str, texts: Sequence[str]) -> dict[str, str]:
    """The estimators of a list by the shortest label that tells them apart."""
    parts = [text.strip() for text in texts]
    names = [_parts(part)[0] for part in parts]
    found: dict[str, str] = {}
    for part, name in zip(parts, names, strict=True):
        if not part:
            raise BadArgument(f"{flag} has an empty name; expected estimators such as ridge,hinge")
        typed = part.lower().replace("-", "_")
        label = typed.partition(":")[0].strip() if names.count(name) == 1 else typed
        if label in found:
            raise BadArgument(f"{flag} names {part} twice")
        found[label] = part
    return found


def optimal_unless_said(
    flag: str, part: str, described: Described, others: Sequence[str] = ()
) -> tuple[Estimator, Any]:
    """An estimator of a list and its features; `others` are names that the caller has known."""
    losses = _constructors(described.problem.channel)
    constructors = losses | {_KERNEL: _kernel_machine(losses["ridge"])}
    constructors |= dict.fromkeys(others, _nothing_to_set)
    name, _ = _parts(part)
    optimal = name in constructors and _takes(name, constructors, "regularization")
    default = {"regularization": "optimal"} if optimal else {}
    estimator = _parsed(flag, part, default, constructors)
    return estimator, _kernel(flag, described) if name == _KERNEL else None


def problem_of(described: Described, values: Mapping[str, Any]) -> Any:
    """The problem of the values, refused where the network's own offset is random."""
    random = described.words.get("offset_variance", 0.0) > 0.0
    channel = described.problem.channel
    if random and "offset" not in values and not channel.ignores_offset:
        raise BadArgument(
            "the output offset of this network is random, and an estimator is computed at one "
            "offset; give --offset X"
        )
    return described.problem


def _constructors(channel: Channel) -> dict[str, Callable[..., Estimator]]:
    from nishimori.erm import SquareClassification
    from nishimori.erm.names import BY_NAME

    return {**BY_NAME, "ridge": SquareClassification} if channel.binary else dict(BY_NAME)


def _kernel_machine(square: Callable[..., Estimator]) -> Callable[..., Estimator]:
    def kernel(regularization: Any = 1.0) -> Estimator:
        return square(regularization=regularization)

    return kernel


def _nothing_to_set() -> Estimator:
    raise NotImplementedError  # known to the caller


def _parts(text: str) -> tuple[str, set[str]]:
    """The plain name, and the parameters that the text gives."""
    name, *settings = text.split(":")
    return plain_name(name), {setting.partition("=")[0].strip() for setting in settings}


def _takes(name: str, constructors: Mapping[str, Callable[..., Estimator]], option: str) -> bool:
    return name != "maxmargin" and option in inspect.signature(constructors[name]).parameters


def _parsed(
    flag: str,
    text: str,
    settings: Mapping[str, Any],
    constructors: Mapping[str, Callable[..., Estimator]],
) -> Estimator:
    """What `text` names, with `settings` where it is silent."""
    given = _parts(text)[1]
    more = [f"{option}={value}" for option, value in settings.items() if option not in given]
    try:
        found: Estimator = parse_named(":".join([text, *more]), constructors, "estimator")
    except NishimoriError as error:
        raise BadArgument(f"{flag}: {error}") from None
    if isinstance(found.regularization, tuple):
        raise BadArgument(f"{flag} {text}: regularization must be one number or optimal")
    return found


def _kernel(flag: str, described: Described) -> Any:
    """The kernel of the network at infinite width: its linear part, and its structural noise."""
    from nishimori.features import Kernel

    if described.network is None:
        raise BadArgument("kernel needs a network: it is the kernel of its infinite width")
    problem = described.problem
    return Kernel(problem.signal_variance, problem.noise_variance, problem.spectrum.mean)
