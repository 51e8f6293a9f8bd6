"""``nishimori reduce``: the coefficients of the GLM that a network is equivalent to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nishimori.cli.model import NETWORK_OPTIONS, build_network
from nishimori.cli.options import COMMON, INTEGER, INTEGERS, Option
from nishimori.cli.output import check_targets, document_for, note, write_document
from nishimori.cli.progress import progress_bar
from nishimori.errors import BadArgument

__all__ = ["EXAMPLE", "OPTIONS", "SUMMARY", "run"]

SUMMARY = "the GLM that a network is equivalent to, layer by layer"
EXAMPLE = "nishimori reduce --activation tanh:gain=2 --depth 3"
OPTIONS = (
    *NETWORK_OPTIONS,
    Option("samples", INTEGER, "N", "also the rate at which a network of finite size gets there"),
    Option("dimension", INTEGER, "D", "of the input, for that rate"),
    Option("widths", INTEGERS, "K1,K2", "of the hidden layers, for that rate"),
    *COMMON,
)


def run(values: Mapping[str, Any]) -> int:
    """Reduce the network that the values describe and write what was found."""
    check_targets(values)
    network = build_network(values)
    sizes = _sizes(values, network.depth)
    moment = {name: values[name] for name in ("input_second_moment",) if name in values}
    with progress_bar("reduce", values.get("quiet", False)) as progress:
        reduction = network.reduce(progress=progress, **moment)
    rate = None if sizes is None else reduction.finite_size_rate(values["samples"], sizes)

    from nishimori.export.provenance import entry_of

    in_rows = values.get("format") == "csv"
    where = {} if in_rows else {"at": "reduction"}
    more: dict[str, Any] = {"reduction": reduction.as_dict()}
    if rate is not None:
        more["finite_size_rate"] = rate
    entries = [entry_of("", reduction, **where)]
    if rate is not None:
        entries.append(_entry_of_rate(entries[0], values["samples"], sizes))
    document = document_for(values, None, entries, **more)

    def table() -> str:
        text = f"{reduction}\n"
        if rate is not None:
            text += f"\nfinite-size rate  {rate:.15g} (Corollary 3, up to a constant)\n"
        return text

    write_document(document, reduction.rows(), table, values)
    if in_rows and rate is not None:
        note("CSV holds the layers; the finite-size rate is in the other formats", values)
    return 0


def _entry_of_rate(reduced: Mapping[str, Any], samples: int, sizes: Any) -> dict[str, Any]:
    """How the rate is made again, from how the reduction is."""
    entry = {**reduced, "name": "finite_size_rate", "kind": "float", "at": "finite_size_rate"}
    if entry["expression"] is not None:
        entry["expression"] += f".finite_size_rate(samples={samples}, widths={sizes})"
    return entry


def _sizes(values: Mapping[str, Any], depth: int) -> list[int] | None:
    """Input dimension and widths for the finite-size rate, or None where it is not asked for."""
    widths = values.get("widths", [])
    sizes = [*([values["dimension"]] if "dimension" in values else []), *widths]
    if "samples" not in values:
        if sizes:
            raise BadArgument("--dimension and --widths need --samples, the number of samples")
        return None
    if not sizes:
        raise BadArgument("--samples needs --dimension, or --widths, or both")
    if widths and len(widths) not in (1, depth):
        raise BadArgument(
            f"--widths must be one integer, or one for each of the {depth} layers, "
            f"got {len(widths)} integers"
        )
    return sizes
