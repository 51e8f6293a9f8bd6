"""A table of measurements beside theory."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.results import Origin
from nishimori.results.travel import PathLike, Travels, one_axes
from nishimori.simulate.verdict import AGREES, NOISY, allowance, limit_of, verdict, z_after, z_score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ComparedPoint", "Comparison", "compared_point"]

_COLUMNS = {
    "alpha": ".6g",
    "theory": ".6g",
    "mean": ".6g",
    "standard_error": ".2g",
    "repetitions": "d",
    "z": ".2f",
    "allowance": ".2g",
    "z_after": ".2f",
}


@dataclass(frozen=True)
class ComparedPoint:
    """One estimator at one sample ratio: what theory says, and what was measured.

    Attributes
    ----------
    estimator : str
    alpha : float
        n/d of the real, rounded n.
    samples : int or None
        n.
    width : int or None
        The smallest width, the input dimension included.
    theory : float
        Test error in the limit of large dimension.
    mean, standard_error : float
        Of the test error over the repetitions.
    repetitions : int or None
        How many have a number; None if that is not known.
    z : float
        (mean - theory)/standard_error.
    allowance : float
        What is put down to the finite width; see `nishimori.simulate.verdict`.
    z_after : float
        z after the difference was reduced by the allowance.
    verdict : str
        "agrees", "differs" or "too noisy" (to tell); "above the optimum", "below the optimum:
        impossible" or "too noisy beside the optimum" where theory is only a bound; "no theory";
        "no measurement".
    failures : int
        Repetitions without a number.
    reason : str
        Why there is no theory, or why the first of them failed.
    """

    estimator: str
    alpha: float
    samples: int | None
    width: int | None
    theory: float
    mean: float
    standard_error: float
    repetitions: int | None
    z: float
    allowance: float
    z_after: float
    verdict: str
    failures: int = 0
    reason: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it speaks for the theory; "too noisy" does not, nor against it."""
        return self.verdict in AGREES and self.failures == 0

    @property
    def noisy(self) -> bool:
        """Whether it is too noisy to speak for or against the theory."""
        return self.verdict in NOISY and self.failures == 0

    @property
    def limit(self) -> float:
        """The largest absolute z_after that agrees, with so many repetitions."""
        return limit_of(self.repetitions)

    def row(self) -> dict[str, Any]:
        """The attributes by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def compared_point(
    estimator: str,
    alpha: float,
    theory: float,
    mean: float,
    standard_error: float,
    *,
    samples: int | None = None,
    width: int | None = None,
    scale: float = 0.0,
    more_allowance: float = 0.0,
    bound: bool = False,
    repetitions: int | None = None,
    failures: int = 0,
    reason: str = "",
) -> ComparedPoint:
    """A point with its scores: `scale` is the error without a sample, for the allowance."""
    allowed = more_allowance
    if width is not None:
        allowed += allowance(alpha * width if samples is None else samples, width, scale)
    return ComparedPoint(
        estimator,
        alpha,
        samples,
        width,
        theory,
        mean,
        standard_error,
        repetitions,
        z_score(mean, theory, standard_error),
        allowed,
        z_after(mean, theory, standard_error, allowed),
        verdict(
            mean,
            theory,
            standard_error,
            allowed,
            bound,
            scale=scale,
            limit=limit_of(repetitions),
        ),
        failures,
        reason,
    )


@dataclass(frozen=True, eq=False)
class Comparison(Travels):
    """A table of simulations beside theory; prints itself.

    Attributes
    ----------
    points : tuple of ComparedPoint
    metrics : dict of str to str
        What the test error of each estimator measures.
    title : str
        What was simulated.
    theories : dict of str to object
        What theory curves can be drawn with, by estimator.
    """

    points: tuple[ComparedPoint, ...]
    metrics: dict[str, str] = field(default_factory=dict)
    title: str = ""
    theories: dict[str, Any] = field(default_factory=dict, repr=False)
    origin: Origin | None = field(default=None, repr=False)

    table_columns = ("estimator", "alpha", "theory", "mean", "standard_error", "z", "verdict")

    def __len__(self) -> int:
        return len(self.points)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point."""
        return [point.row() for point in self.points]

    @property
    def estimators(self) -> list[str]:
        """Their labels, in order."""
        return list(dict.fromkeys(point.estimator for point in self.points))

    @property
    def agrees(self) -> bool:
        """Whether no repetition failed, and every point agrees but those that are too noisy.

        They count neither way; where all are too noisy, nothing agrees.
        """
        loud = [point for point in self.points if not point.noisy]
        return bool(loud) and all(point.agrees for point in loud)

    @property
    def rms_z(self) -> float:
        """Root mean square of the raw z, bounds left out; near 1 where all is as it should be."""
        scores = np.square([z for z in self._scores() if math.isfinite(z)])
        return float(np.sqrt(scores.mean())) if scores.size else math.nan

    @property
    def largest_z(self) -> float:
        """Largest absolute raw z, bounds left out."""
        return max((abs(z) for z in self._scores()), default=math.nan)

    def _scores(self) -> list[float]:
        bounds = "optimum"
        good = (p for p in self.points if math.isfinite(p.theory) and not math.isnan(p.z))
        return [p.z for p in good if bounds not in p.verdict]

    @property
    def summary(self) -> str:
        """One line: how many points, how they ended, and the spread of z."""
        counts = Counter(point.verdict for point in self.points)
        said = ", ".join(f"{count} {name}" for name, count in counts.items())
        text = f"{len(self.points)} points: {said}"
        failures = sum(point.failures for point in self.points)
        if failures:
            why = next(point.reason for point in self.points if point.failures)
            text += f"; {failures} repetitions failed (the first: {why})"
        if self._scores():
            text += f"; z: rms {self.rms_z:.2f}, largest {self.largest_z:.2f}"
        return text

    def theory_curve(
        self, estimator: str, count: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Theory at `count` alphas between the first and the last; at the points if need be."""
        points = sorted((p for p in self.points if p.estimator == estimator), key=_alpha_of)
        alpha = np.unique([p.alpha for p in points])
        theory = self.theories.get(estimator)
        if theory is None or alpha.size < 2 or not theory.any_alpha:
            return np.array([p.alpha for p in points]), np.array([p.theory for p in points])
        inside = np.geomspace(alpha[0], alpha[-1], count)[1:-1]
        dense = np.union1d(alpha, inside)
        return dense, theory.errors(dense)[0]

    @property
    def more(self) -> dict[str, Any]:
        """Its JSON says what was simulated, and what its errors measure."""
        return {"title": self.title, "metrics": self.metrics}

    def to_csv(self, path: PathLike | None = None, *, force: bool = False) -> str:
        """The rows as CSV, to the last digit; a file has comment lines too, as `Travels.to_csv`.

        Without a path the text is the table alone, which `judge` and any reader of CSV takes.
        """
        from nishimori.export import tables

        return tables.to_csv(self.rows()) if path is None else super().to_csv(path, force=force)

    def plot(self, ax: Axes | None = None, *, axes: Axes | None = None) -> Axes:
        """Draw theory as curves and measurements as points with error bars (extra ``plot``)."""
        from nishimori.export.comparisons import draw_comparison

        return draw_comparison(self, one_axes(ax, axes))

    def _repr_html_(self) -> str:
        from nishimori.export.html import comparison_html

        return comparison_html(self)

    def __str__(self) -> str:
        columns = [["estimator", *(p.estimator for p in self.points)]]
        for name, form in _COLUMNS.items():
            values = [getattr(p, name) for p in self.points]
            cells = ["" if value is None else format(value, form) for value in values]
            columns.append([name.replace("_", " "), *cells])
        columns.append(["verdict", *(p.verdict for p in self.points)])
        widths = [max(map(len, column)) for column in columns]
        lines = [self.title] if self.title else []
        for first, *rest in zip(*columns, strict=True):
            right = (f"{c:>{w}}" for c, w in zip(rest, widths[1:], strict=True))
            lines.append("  ".join([f"{first:<{widths[0]}}", *right]).rstrip())
        return "\n".join([*lines, self.summary])


def _alpha_of(point: ComparedPoint) -> float:
    return point.alpha
