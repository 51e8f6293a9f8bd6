"""Estimators as the command line names them: ``huber:threshold=0.5``, or ``kernel``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.cli.model import Described
    from nishimori.erm import Estimator
    from nishimori.results import ErmCurve

__all__ = ["estimator_named", "kernel_of", "learning_curves", "problem_of"]

_KERNEL = "kernel"


def estimator_named(text: str, channel: Channel, settings: Mapping[str, Any]) -> Estimator:
    """The estimator that `text` names, with `settings` where the text is silent.

    The square loss of labels +-1 is asked for as ``ridge`` too.
    """
    from nishimori import erm

    name, colon, rest = text.strip().partition(":")
    if channel.binary and name.strip().lower() == "ridge":
        text = f"square_classification{colon}{rest}"
    given = {part.partition("=")[0].strip() for part in rest.split(":")}
    takes_no = {"lasso": ("regularization",), "maxmargin": ("regularization", "l1")}
    plain = name.strip().lower().replace("_", "").replace("-", "")
    for option, value in settings.items():
        if option not in given and option not in takes_no.get(plain, ()):
            text += f":{option}={value}"
    return erm.parse(text)


def learning_curves(
    text: str, described: Described, alpha: Any, settings: Mapping[str, Any]
) -> dict[str, ErmCurve]:
    """The curves of a comma-separated list of estimators, by name; optimal unless they say."""
    problem = problem_of(described, settings)
    options = {name: settings[name] for name in ("rtol",) if name in settings}
    parts = [part.strip() for part in text.split(",")]
    names = [part.partition(":")[0] for part in parts]
    curves: dict[str, ErmCurve] = {}
    for part, name in zip(parts, names, strict=True):
        if not part:
            raise BadArgument("--with has an empty name; expected estimators such as ridge,hinge")
        if part in curves:
            raise BadArgument(f"--with names {part} twice")
        features = None
        if name == _KERNEL:
            features = kernel_of(described)
            part = "ridge" + part.removeprefix(_KERNEL)
        default = {} if "lasso" in part else {"regularization": "optimal"}
        estimator = estimator_named(part, problem.channel, default)
        label = name if names.count(name) == 1 else part
        curves[label] = estimator.learning_curve(
            problem, alpha, features, on_failure="return", **options
        )
    return curves


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


def kernel_of(described: Described) -> Any:
    """The kernel of the network at infinite width: its linear part, and its structural noise."""
    from nishimori.features import Kernel

    if described.network is None:
        raise BadArgument("kernel needs a network: it is the kernel of its infinite width")
    problem = described.problem
    return Kernel(problem.signal_variance, problem.noise_variance, problem.spectrum.mean)
