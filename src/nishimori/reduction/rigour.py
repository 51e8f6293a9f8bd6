"""Which reductions are theorems, and why the others are not (yet)."""

from __future__ import annotations

from typing import Literal

from nishimori.network import DeepNetwork

__all__ = ["Rigour", "judge"]

Rigour = Literal["theorem", "conjecture"]


def judge(network: DeepNetwork) -> tuple[Rigour, tuple[str, ...]]:
    """Compare a network with the conditions of arXiv:2505.03577, Theorem 1.

    Proven: odd activations, twice differentiable with bounded derivatives, without biases, for
    isotropic Gaussian inputs. The rest is supported by replica theory and by simulation.
    """
    reasons: list[str] = []
    for number, layer in enumerate(network.layers, 1):
        activation = layer.activation
        if activation.parity != "odd":
            reasons.append(f"layer {number}: {activation} is not odd")
        if not activation.bounded_derivatives:
            reasons.append(
                f"layer {number}: {activation} is not known to be twice differentiable with "
                "bounded derivatives"
            )
        if layer.bias_variance > 0.0:
            reasons.append(f"layer {number}: has biases")
    grouped = _grouped(reasons)
    if grouped:
        return "conjecture", grouped
    return "theorem", (
        "every activation is odd and twice differentiable with bounded derivatives; no biases; "
        "isotropic Gaussian inputs",
    )


def _grouped(reasons: list[str]) -> tuple[str, ...]:
    """One line per distinct reason, naming the layers it holds for."""
    by_text: dict[str, list[str]] = {}
    for reason in reasons:
        where, _, text = reason.partition(": ")
        by_text.setdefault(text, []).append(where.removeprefix("layer "))
    lines = []
    for text, places in by_text.items():
        if len(places) == 1:
            lines.append(f"layer {places[0]}: {text}")
        elif len(places) <= 6:
            lines.append(f"layers {', '.join(places)}: {text}")
        else:
            lines.append(f"{len(places)} layers from {places[0]} to {places[-1]}: {text}")
    return tuple(lines)
