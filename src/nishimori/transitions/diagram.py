"""Phase boundaries of a family of problems, followed from point to point."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import require_integer, require_number
from nishimori.errors import BadArgument
from nishimori.expressions import template
from nishimori.glm import OnFailure
from nishimori.results import Origin
from nishimori.results.travel import Travels, one_axes
from nishimori.transitions.family import Family, family_of, placeholder
from nishimori.transitions.spinodal_lines import critical_points, spinodal_lines
from nishimori.transitions.thresholds import Transitions, find_transitions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PhaseDiagram", "phase_diagram"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PhaseDiagram(Travels):
    """Boundaries in the plane of a parameter and the sample ratio.

    Attributes
    ----------
    parameter : str
        Its name.
    spinodals : tuple of ndarray, each of shape (points, 2)
        Lines of (parameter, alpha) on which a branch of fixed points ends; a line turns back at a
        critical point, where two spinodals meet.
    information_theoretic, algorithmic, weak_recovery : ndarray of shape (points, 2)
        Lines of the thresholds of `Transitions`; empty where there are none.
    critical_points : ndarray of shape (count, 2)
        Where first-order lines end.
    """

    parameter: str
    spinodals: tuple[FloatArray, ...]
    information_theoretic: FloatArray
    algorithmic: FloatArray
    weak_recovery: FloatArray
    critical_points: FloatArray
    origin: Origin | None = field(default=None, compare=False, repr=False)

    references: ClassVar[tuple[str, ...]] = ("barbier2019",)
    index_name = "value"
    table_columns = ("boundary", "value", "alpha")

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point of a boundary: which, the parameter's value, and alpha.

        Spinodals are numbered from 1: a line each.
        """
        lines = [
            (name, getattr(self, name))
            for name in ("information_theoretic", "algorithmic", "weak_recovery")
        ]
        lines += [(f"spinodal {k}", line) for k, line in enumerate(self.spinodals, 1)]
        lines += [("critical point", self.critical_points)]
        return [
            {"boundary": name, "parameter": self.parameter, "value": float(p), "alpha": float(a)}
            for name, line in lines
            for p, a in line
        ]

    def __repr__(self) -> str:
        counts = [
            f"{len(getattr(self, name))} points {name.replace('_', ' ')}"
            for name in ("information_theoretic", "algorithmic", "weak_recovery")
        ]
        return (
            f"<PhaseDiagram in {self.parameter}: {', '.join(counts)}, {len(self.spinodals)} "
            f"spinodal lines, {len(self.critical_points)} critical points>"
        )

    def _repr_html_(self) -> str:
        from nishimori.export.html import diagram_html

        return diagram_html(self)

    def plot(self, ax: Axes | None = None, *, axes: Axes | None = None, **style: Any) -> Axes:
        """Draw the boundaries with matplotlib (extra ``plot``); returns the axes."""
        from nishimori.export.phases import draw_phase_diagram

        return draw_phase_diagram(self, one_axes(ax, axes), **style)


def phase_diagram(
    family: Family | str,
    low: float,
    high: float,
    *,
    parameter: str = "parameter",
    points: int = 33,
    on_failure: OnFailure = "raise",
    progress: Callable[[int, int], None] | None = None,
) -> PhaseDiagram:
    r"""Trace the phase boundaries of ``family(p)`` for p in [low, high].

    Spinodals obey :math:`g(t, p) = \partial_t \ln \alpha(t; p) = 0`, a smooth curve in the plane of
    t = ln r and p: it is followed by pseudo-arclength steps (a predictor along the tangent, Newton
    corrections across it), so it goes through critical points, where p turns back. The other
    lines are solved at the parameters of a grid and at every critical point.

    Parameters
    ----------
    family : callable or str
        From a parameter to a `GLM`, such as ``lambda noise: nm.GLM(channel=...)``; or the same as
        text, in which the name of the parameter stands for its value:
        ``"nm.GLM(nm.channels.Linear(noise=noise))"`` with ``parameter="noise"``. A function whose
        problems hold the parameter as it is has such a text, which files then carry.
    low, high : float
        Range of the parameter; low < high.
    parameter : str
        Its name, for the axis.
    points : int, default 33
        Points on the lines that are not followed, at least 3.
    on_failure : {"raise", "warn", "return"}
        What happens where a threshold on the grid misses 1e-10; as in `GLM.transitions`.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Raises
    ------
    BadArgument
        If the range is empty or `family` does not return a `GLM`.
    ConvergenceError
        If a threshold misses its tolerance and ``on_failure="raise"``.
    """
    low, high = (
        require_number(name, value, "phase_diagram")
        for name, value in (("low", low), ("high", high))
    )
    if not low < high:
        raise BadArgument(f"phase_diagram: low must be smaller than high, got {low!r}, {high!r}")
    points = require_integer("points", points, "phase_diagram", 3, 100_000)
    name = placeholder(parameter)
    given, family = family, family_of(family, name)
    grid = np.linspace(low, high, points)
    found: list[Transitions] = []
    for done, value in enumerate(grid):
        found.append(find_transitions(family(float(value)), on_failure=on_failure))
        if progress is not None:
            progress(done + 1, points)
    lines = spinodal_lines(family, grid, found)
    critical = critical_points(family, lines, low, high)

    def line(name: str) -> FloatArray:
        rows = [(p, getattr(t, name)) for p, t in zip(grid, found, strict=True)]
        ends = [(p, a) for p, a in critical if name != "weak_recovery"]
        kept = [(p, a) for p, a in (*rows, *ends) if math.isfinite(a) and a > 0.0]
        return np.array(sorted(kept)).reshape(-1, 2)

    diagram = PhaseDiagram(
        parameter,
        tuple(line[:, :2] for line in lines),
        line("information_theoretic"),
        line("algorithmic"),
        line("weak_recovery"),
        critical,
    )
    text = given if isinstance(given, str) else template(family, name, grid.tolist())
    called: dict[str, Any] = {"family": given if text is None else text, "low": low, "high": high}
    called |= {"parameter": parameter, "points": points}
    if on_failure != "raise":
        called["on_failure"] = "return"
    return replace(diagram, origin=Origin(None, "nm.phase_diagram", called))
