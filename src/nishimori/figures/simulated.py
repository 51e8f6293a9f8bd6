"""What has been simulated, as arrays and as results that a file can make again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_array, shown
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.simulate import Comparison

__all__ = ["comparisons_in", "made_again", "measured_in"]

FloatArray = NDArray[np.float64]


def comparisons_in(simulations: Any) -> Iterator[tuple[str, Comparison]]:
    """Those among the simulations, by their label."""
    from nishimori.simulate import Comparison

    given = simulations if isinstance(simulations, Mapping) else {"": simulations}
    for label, found in given.items():
        if isinstance(found, Comparison):
            yield str(label), found


def made_again(simulations: Any) -> dict[str, Any]:
    """The simulations that a file can say how to make again, by their name in it."""
    from nishimori.export.provenance import entry_of

    return {
        f"{label} (simulated)".strip(): found
        for label, found in comparisons_in(simulations)
        if entry_of(label, found)["expression"] is not None
    }


def measured_in(
    simulations: Any, bars: float
) -> Iterator[tuple[str, tuple[FloatArray, FloatArray, FloatArray]]]:
    """Label and arrays (alpha, mean, length of the bar) of everything simulated."""
    from nishimori.simulate import Comparison

    if simulations is None:
        return
    if isinstance(simulations, Comparison):
        yield from _of_comparison(simulations, bars)
        return
    if not isinstance(simulations, Mapping):
        raise BadArgument(
            "learning_curves: simulations must be a Comparison, or a mapping from labels to "
            f"Comparisons or arrays (alpha, mean, standard error), got {shown(simulations)}"
        )
    for label, found in simulations.items():
        if isinstance(found, Comparison):
            for name, arrays in _of_comparison(found, bars):
                yield (label if len(found.estimators) == 1 else f"{label}: {name}"), arrays
            continue
        try:
            alpha, mean, error = found
        except (TypeError, ValueError):
            raise BadArgument(
                f"learning_curves: simulation {label!r} must be a Comparison or three arrays "
                f"(alpha, mean, standard error), got {shown(found)}"
            ) from None
        one, two, three = (
            require_array(name, values, "learning_curves").ravel()
            for name, values in (("alpha", alpha), ("mean", mean), ("standard error", error))
        )
        yield str(label), (one, two, bars * three)


def _of_comparison(
    table: Comparison, bars: float
) -> Iterator[tuple[str, tuple[FloatArray, FloatArray, FloatArray]]]:
    for label in table.estimators:
        points = [p for p in table.points if p.estimator == label]
        columns = [(p.alpha, p.mean, bars * p.standard_error) for p in points]
        alpha, mean, error = np.array(columns, dtype=np.float64).T
        yield label, (alpha, mean, error)
