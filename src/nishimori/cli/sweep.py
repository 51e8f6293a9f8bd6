"""``nishimori sweep``: a grid of problems, resumable, in several processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from nishimori.cli.grid_grammar import read_axes, read_grid
from nishimori.cli.model import GLM_OPTIONS, NETWORK_OPTIONS, SPECTRUM, build_network
from nishimori.cli.options import (
    ALPHA,
    CHANNEL,
    COMMON,
    INTEGER,
    NUMBER,
    PATH,
    PENALTY,
    PRIOR,
    REGULARIZATION,
    TEXT,
    Kind,
    Option,
    choice,
    flag,
)
from nishimori.cli.output import check_targets, flush_standard_output, note
from nishimori.cli.progress import progress_bar
from nishimori.cli.workers import worker_pool
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.sweeps import Sweep

__all__ = ["EXAMPLE", "OPTIONS", "SUMMARY", "run"]

SUMMARY = "learning curves on a grid of problems: resumable, in several processes"
EXAMPLE = (
    "nishimori sweep --activation tanh:gain=2 --channel sign --grid channel.noise=0,0.1,1 "
    "--alpha 0.1:10:20:log --workers 2"
)
_GRID = Kind("a table", (dict, str), read_grid)
OPTIONS = (
    Option(
        "grid",
        _GRID,
        "AXES",
        "axes such as 'depth=1,2,3 channel.noise=0,0.1 alpha=0.1:10:20:log'; in a file the table "
        "[grid], in which a table of lists is an axis of values that change together",
    ),
    *NETWORK_OPTIONS,
    *GLM_OPTIONS,
    Option("channel", CHANNEL, "NAME", "of the labels, such as sign:noise=0.1"),
    Option("prior", PRIOR, "NAME", "of a plain GLM's weights (default gaussian)"),
    SPECTRUM,
    Option("alpha", ALPHA, "GRID", "samples per input dimension, as in curve"),
    Option(
        "branch",
        choice("optimal", "algorithmic", "informed"),
        "NAME",
        "optimal (default), algorithmic or informed",
    ),
    Option("loss", TEXT, "NAME", "of a trained estimator, such as ridge (default bayes, none)"),
    Option("regularization", REGULARIZATION, "X", "of the loss: a number, or optimal"),
    Option("l1", PENALTY, "X", "weight of the l1 norm (default 0)"),
    Option("offset", NUMBER, "X", "a fixed known offset of the output"),
    Option("rtol", NUMBER, "X", "relative tolerance (default 1e-10)"),
    Option("workers", INTEGER, "N", "processes (default 1)"),
    Option(
        "store",
        PATH,
        "FILE.sqlite",
        "keep every row here, and go on from what is there (default sweep.sqlite, or the name of "
        "the config file)",
    ),
    *COMMON,
)
_PLAIN = ("signal_variance", "noise_variance")
_NETWORK = ("activation", "depth", "network")
_OWN = ("grid", "alpha", "workers", "store", "config", "command")
_UNREAD = (*_OWN, *(option.name for option in COMMON))
_OF_LAYERS = ("weight_variance", "bias_variance", "readout_variance")


def run(values: Mapping[str, Any]) -> int:
    """Compute the grid that the values describe, and write its rows."""
    if "grid" not in values:
        raise BadArgument(
            "--grid is needed, such as --grid 'channel.noise=0,0.1 alpha=0.1:10:20:log', or the "
            "table [grid] of --config grid.toml"
        )
    store = values.get("store", _default_store(values))
    _check(values, store)
    from nishimori.sweeps import sweep

    subject, grid = _described(values)
    quiet = values.get("quiet", False)
    try:
        with (
            worker_pool(values.get("workers", 1)) as executor,
            progress_bar("sweep", quiet) as progress,
        ):
            found = sweep(subject, grid, executor, store, progress=progress or False)
    except KeyboardInterrupt:
        note(f"what is done is kept in {store}; the same command goes on from there", values)
        raise
    _write(found, values)
    failed = int(found.failed.sum())
    if failed:
        print(
            f"nishimori: {failed} of {len(found)} points failed: {found.summary}", file=sys.stderr
        )
    return 1 if failed else 0


def _check(values: Mapping[str, Any], store: str) -> None:
    check_targets(values)
    for name in ("output", "config"):
        other = values.get(name)
        if other is not None and os.path.realpath(other) == os.path.realpath(store):
            raise BadArgument(f"--{name} may not be the file of --store")


def _default_store(values: Mapping[str, Any]) -> str:
    stem = os.path.splitext(os.path.basename(values.get("config", "")))[0] or "sweep"
    return f"{stem}.sqlite"


def _described(values: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What the sweep is of, and the grid with all that stays the same."""
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork
    from nishimori.priors import Gaussian

    def network(layers: Any) -> DeepNetwork:
        from nishimori.cli.layer_grammar import read_layers

        shared = {name: values[name] for name in _OF_LAYERS if name in values}
        return build_network({**shared, "layers": read_layers(layers)})

    grid = read_axes(values["grid"], network)
    given = {name: value for name, value in values.items() if name not in _UNREAD}
    fixed = {name: _text(value) for name, value in given.items() if name != "layers"}
    if "layers" in given:
        fixed["layers"] = given["layers"]
    described = {name: _single(value) for name, value in read_axes(fixed, network).items()}
    if "alpha" in values:
        described["alpha"] = values["alpha"]
    columns = [c for name, v in grid.items() for c in (v if isinstance(v, Mapping) else [name])]
    for name in described:
        if name in columns:
            raise BadArgument(f"{flag(name)} and --grid both give {name}; give it once")
    names = {*columns, *described}
    plain = bool(names & {*_PLAIN}) or ("prior" in names and not names & {*_NETWORK})
    if not plain and isinstance(described.get("prior"), Gaussian):
        del described["prior"]  # that of every network
    other = next((name for name in ("activation", "depth") if name in names), None)
    if "network" in names and other:
        raise BadArgument(f"layers and {other} both describe the network; give one or the other")
    if "network" in names:
        described = {name: v for name, v in described.items() if name not in _OF_LAYERS}
    return (GLM if plain else DeepNetwork), _square_of_signs({**grid, **described})


def _square_of_signs(grid: dict[str, Any]) -> dict[str, Any]:
    """Where all labels are +-1, ``ridge`` is the square loss of such labels, as in erm."""
    from nishimori.erm import Ridge, SquareClassification

    if not all(channel.binary for channel in _given(grid, "channel")):
        return grid

    def other(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {n: other(v) if n == "estimator" else v for n, v in value.items()}
        if isinstance(value, list):
            return [other(part) for part in value]
        if type(value) is not Ridge:
            return value
        return SquareClassification(regularization=value.regularization, l1=value.l1)

    return {
        n: other(v) if n == "estimator" or isinstance(v, Mapping) else v for n, v in grid.items()
    }


def _given(grid: Mapping[str, Any], name: str) -> list[Any]:
    """All values of one name, on an axis of its own or not."""
    found = [grid.get(name), *(v.get(name) for v in grid.values() if isinstance(v, Mapping))]
    parts = [part for value in found for part in (value if isinstance(value, list) else [value])]
    return [part for part in parts if part is not None]


def _text(value: Any) -> Any:
    """An option as a single value of the grid: text is one name, whatever commas it has."""
    return [value] if isinstance(value, str) else value


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _command(values: Mapping[str, Any]) -> list[str] | None:
    """The command line; None where the grid is a table of a file, which has no place on one."""
    command: list[str] = values["command"]
    return None if command[command.index("--grid") + 1].startswith("{") else command


def _write(found: Sweep, values: Mapping[str, Any]) -> None:
    from nishimori.export.sweeps import (
        comment_pieces,
        csv_pieces,
        describe_sweep,
        json_pieces,
        sweep_table,
    )

    form = values.get("format", "table")
    document = describe_sweep(found, _command(values))
    pieces: Iterator[str]
    if form == "json":
        pieces = json_pieces(found, document)
    else:
        pieces = csv_pieces(found) if form == "csv" else sweep_table(found)
    if "output" in values:
        from nishimori.export.files import write_atomically

        if form != "json":
            said = document if form == "csv" else {**document, "results": []}
            pieces = chain(pieces, comment_pieces(said))
        write_atomically(values["output"], (piece.encode() for piece in pieces))
        note(f"result written to {values['output']}", values)
        return
    for piece in pieces:
        flush_standard_output(piece)
