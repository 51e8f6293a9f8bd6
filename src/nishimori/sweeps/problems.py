"""Sweeps of a problem: networks, channels, priors, losses, and sample ratios all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from nishimori.channels import Channel
from nishimori.errors import BadArgument, Status
from nishimori.expressions import write
from nishimori.glm import GLM
from nishimori.network import DeepNetwork, Layer
from nishimori.results import Curve, ErmCurve
from nishimori.sweeps.grid import Grid
from nishimori.sweeps.parameters import changed
from nishimori.sweeps.problem_names import check_problem
from nishimori.sweeps.records import Record, failure

__all__ = ["ProblemTask"]

_NOT_QUANTITIES = ("alpha", "branch", "status", "origin")
_GLM_NUMBERS = ("signal_variance", "noise_variance", "offset")
_LAYER = ("activation", "weight_variance", "bias_variance")


@dataclass(frozen=True)
class ProblemTask:
    """Learning curves of a problem with other parts; all sample ratios of one in one call.

    Attributes
    ----------
    kind : type
        GLM or DeepNetwork.
    subject : GLM, DeepNetwork or None
        What the grid does not change; None where the grid gives everything.
    """

    kind: type[GLM] | type[DeepNetwork]
    subject: GLM | DeepNetwork | None

    batched: ClassVar[str | None] = "alpha"

    def check(self, grid: Grid) -> None:
        """Refuse, in a sentence, a grid that cannot be of this problem."""
        check_problem(self.kind, self.subject, grid)

    def description(self) -> str:
        """The problem as an expression."""
        return f"nm.{self.kind.__name__}" if self.subject is None else write(self.subject)

    def compute(self, settings: dict[str, Any], together: Sequence[Any] | None) -> list[Record]:
        """The rows of one problem, by sample ratio."""
        alpha = settings["alpha"] if together is None else together
        count = 1 if together is None else len(together)
        try:
            return _rows(self.curve(settings, np.atleast_1d(np.asarray(alpha, dtype=np.float64))))
        except Exception as error:  # functions of the user's may be part of a problem
            return [failure(error)] * count

    def curve(self, settings: Mapping[str, Any], alpha: Any) -> Curve | ErmCurve:
        """The learning curve that the settings describe."""
        options: dict[str, Any] = {"on_failure": "return"}
        options |= {name: settings[name] for name in ("rtol",) if name in settings}
        estimator = _with_parameters(settings, "estimator", None)
        if self.kind is GLM:
            problem = self._glm(settings)
        else:
            network = self._network(settings)
            channel = _with_parameters(settings, "channel", None)
            inputs = _inputs(settings)
            if estimator is None and "offset" not in settings:
                options |= _branch(settings)
                return network.learning_curve(channel, alpha, **options, **inputs)
            problem = _equivalent(network, channel, settings, inputs, estimator is not None)
        if estimator is None:
            return problem.learning_curve(alpha, **options, **_branch(settings))
        features = _with_parameters(settings, "features", None)
        found: ErmCurve = estimator.learning_curve(problem, alpha, features, **options)
        return found

    def _glm(self, settings: Mapping[str, Any]) -> GLM:
        base = self.subject
        arguments = {} if base is None else {f.name: getattr(base, f.name) for f in fields(GLM)}
        for name in ("channel", "prior", "spectrum"):
            part = _with_parameters(settings, name, arguments.get(name))
            if part is not None:
                arguments[name] = part
        arguments |= {name: settings[name] for name in _GLM_NUMBERS if name in settings}
        return GLM(**arguments)

    def _network(self, settings: Mapping[str, Any]) -> DeepNetwork:
        network = settings.get("network", self.subject)
        layers = (Layer(settings["activation"]),) if network is None else network.layers
        if "depth" in settings:
            layers = layers[:1] * int(settings["depth"])
        given = {name: settings[name] for name in _LAYER if name in settings}
        inner = _inner(settings, "activation")
        if given or inner:
            layers = tuple(_layer(layer, given, inner) for layer in layers)
        readout = 1.0 if network is None else network.readout_variance
        return DeepNetwork(layers, settings.get("readout_variance", readout))


def _layer(layer: Layer, given: Mapping[str, Any], inner: Mapping[str, Any]) -> Layer:
    new = changed(layer, given)
    return Layer(changed(new.activation, inner), new.weight_variance, new.bias_variance)


def _equivalent(
    network: DeepNetwork,
    channel: Channel,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Any],
    trained: bool,
) -> GLM:
    """The GLM at a fixed offset; an estimator is computed at one."""
    spectrum = inputs.get("spectrum")
    moment = inputs.get("input_second_moment", 1.0 if spectrum is None else spectrum.mean)
    reduction = network.reduce(moment)
    random = reduction.offset_variance > 0.0 and not channel.ignores_offset
    if trained and random and "offset" not in settings:
        raise BadArgument(
            "the output offset of this network is random, and an estimator is computed at one "
            "offset; give the grid an offset"
        )
    return reduction.glm(channel, offset=settings.get("offset", 0.0), spectrum=spectrum)


def _inputs(settings: Mapping[str, Any]) -> dict[str, Any]:
    spectrum = _with_parameters(settings, "spectrum", None)
    out = {} if spectrum is None else {"spectrum": spectrum}
    if settings.get("input_second_moment") is not None:
        out["input_second_moment"] = settings["input_second_moment"]
    return out


def _branch(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"branch": settings["branch"]} if "branch" in settings else {}


def _with_parameters(settings: Mapping[str, Any], name: str, default: Any) -> Any:
    """What the settings say a part is, with the parameters that they give it."""
    part = settings.get(name, default)
    return part if part is None else changed(part, _inner(settings, name))


def _inner(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    start = f"{name}."
    return {key[len(start) :]: value for key, value in settings.items() if key.startswith(start)}


def _rows(curve: Curve | ErmCurve) -> list[Record]:
    names = [f.name for f in fields(type(curve)._kind) if f.name not in _NOT_QUANTITIES]
    columns = [np.ravel(getattr(curve, name)).tolist() for name in names]
    for probability, values in (getattr(curve, "quantiles", None) or {}).items():
        names.append(f"test_error_quantile_{probability:g}")
        columns.append(np.ravel(values).tolist())
    together = tuple(names)
    rows = []
    for value, *numbers in zip(np.ravel(curve.status).tolist(), *columns, strict=True):
        status = Status(value)
        sentence = status.sentence if status.failed else ""
        rows.append(Record(status.label, status.failed, sentence, together, tuple(numbers)))
    return rows
