"""Deep random networks and their exact learning curves, through the GLM they reduce to.

Everything public is reachable from here and is imported when it is first asked for::

    import nishimori as nm

    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=3)
    curve = network.learning_curve(nm.channels.Sign(noise=0.1), alpha=[0.1, 1.0, 10.0])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nishimori._version import __version__

if TYPE_CHECKING:
    from nishimori import (
        activations,
        channels,
        erm,
        errors,
        export,
        features,
        figures,
        paper,
        priors,
        reference,
        simulate,
        spectra,
    )
    from nishimori.errors import NishimoriError, Status
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork, Layer
    from nishimori.paper import citation
    from nishimori.reduction import Reduction
    from nishimori.results import Curve, ErmCurve, ErmState, State, Trajectory
    from nishimori.sweeps import Sweep, sweep
    from nishimori.transitions import PhaseDiagram, Transitions, phase_diagram

__all__ = [
    "GLM",
    "Curve",
    "DeepNetwork",
    "ErmCurve",
    "ErmState",
    "Layer",
    "NishimoriError",
    "PhaseDiagram",
    "Reduction",
    "State",
    "Status",
    "Sweep",
    "Trajectory",
    "Transitions",
    "__version__",
    "activations",
    "channels",
    "citation",
    "erm",
    "errors",
    "export",
    "features",
    "figures",
    "paper",
    "phase_diagram",
    "priors",
    "reference",
    "simulate",
    "spectra",
    "sweep",
]

_HOME = {
    "Curve": "results",
    "DeepNetwork": "network",
    "ErmCurve": "results",
    "ErmState": "results",
    "GLM": "glm",
    "Layer": "network",
    "NishimoriError": "errors",
    "PhaseDiagram": "transitions",
    "Reduction": "reduction",
    "State": "results",
    "Status": "errors",
    "Sweep": "sweeps",
    "Trajectory": "results",
    "Transitions": "transitions",
    "citation": "paper",
    "phase_diagram": "transitions",
    "sweep": "sweeps",
}
"""The module of each public name that is not itself a module."""


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"nishimori.{_HOME[name]}"), name)
    elif name in __all__:
        value = import_module(f"nishimori.{name}")
    else:
        raise AttributeError(f"module 'nishimori' has no attribute {name!r}{_hint(name)}")
    globals()[name] = value
    return value


def _hint(name: str) -> str:
    if name.startswith("_"):
        return ""
    from difflib import get_close_matches

    lower = {public.lower(): public for public in __all__}
    close = get_close_matches(name.lower(), lower, n=1)
    return f"; did you mean {lower[close[0]]!r}?" if close else f"; known: {', '.join(__all__)}"


def __dir__() -> list[str]:
    return sorted(__all__)
