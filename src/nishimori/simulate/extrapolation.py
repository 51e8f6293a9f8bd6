"""From a few widths to infinity: one number beside theory."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_integer
from nishimori.channels import Channel
from nishimori.errors import BadArgument
from nishimori.glm import GLM
from nishimori.network import DeepNetwork
from nishimori.results import Origin, traced
from nishimori.results.travel import Travels, one_axes
from nishimori.simulate.compared import ComparedPoint, Comparison
from nishimori.simulate.comparison import prepare, require_model
from nishimori.simulate.plan import make_points, widths_of
from nishimori.simulate.runs import Progress
from nishimori.simulate.verdict import LIMIT, z_score
from nishimori.spectra import Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ExtrapolatedPoint", "Extrapolation", "extrapolate"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ExtrapolatedPoint:
    r"""One estimator at one sample ratio in the limit of infinite width.

    Attributes
    ----------
    estimator : str
    alpha : float
        n/d at the smallest width.
    theory : float
    limit, standard_error : float
        E_inf of the weighted fit :math:`E_d = E_\infty + b/d`, and its error from those of E_d.
    bias, bias_error : float
        b and its error.
    systematic : float
        E_inf of a fit in :math:`d^{-1/2}` minus `limit`: how much the form of the fit matters.
    chi_square : float
        Of the fit in 1/d, with as many degrees of freedom as widths beyond two.
    z : float
        (limit - theory)/standard_error.
    z_after : float
        The same after the difference was reduced by abs(systematic).
    verdict : str
        "agrees" up to abs(z_after) = 4, else "differs"; "no theory" or "no measurement".
    """

    estimator: str
    alpha: float
    theory: float
    limit: float
    standard_error: float
    bias: float
    bias_error: float
    systematic: float
    chi_square: float
    z: float
    z_after: float
    verdict: str

    def row(self) -> dict[str, Any]:
        """The attributes by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, eq=False)
class Extrapolation(Travels):
    """Limits of infinite width beside theory; prints itself.

    Attributes
    ----------
    points : tuple of ExtrapolatedPoint
    comparison : Comparison
        What was measured at each width.
    """

    points: tuple[ExtrapolatedPoint, ...]
    comparison: Comparison
    origin: Origin | None = field(default=None, repr=False)

    table_columns = ("estimator", "alpha", "theory", "limit", "standard_error", "z", "verdict")

    def plot(self, ax: Axes | None = None, *, axes: Axes | None = None) -> Axes:
        """Draw the limits with bars of two standard errors beside theory; returns the axes."""
        from nishimori.export.comparisons import draw_limits

        return draw_limits(self, one_axes(ax, axes))

    def __len__(self) -> int:
        return len(self.points)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per point."""
        return [point.row() for point in self.points]

    @property
    def agrees(self) -> bool:
        """Whether every limit agrees with theory."""
        return all(point.verdict == "agrees" for point in self.points)

    def _repr_html_(self) -> str:
        from nishimori.export.html import extrapolation_html

        return extrapolation_html(self)

    def __str__(self) -> str:
        names = ("theory", "limit", "standard_error", "bias", "systematic", "z", "z_after")
        lines = [
            f"{'estimator':<20}{'alpha':>10}"
            + "".join(f"{name.replace('_', ' '):>16}" for name in names)
            + "  verdict"
        ]
        for p in self.points:
            numbers = "".join(f"{getattr(p, name):>16.5g}" for name in names)
            lines.append(f"{p.estimator:<20}{p.alpha:>10.5g}{numbers}  {p.verdict}")
        return "\n".join(lines)


def extrapolate(
    problem_or_network: GLM | DeepNetwork,
    estimators: Any,
    alpha: ArrayLike,
    widths: Sequence[int] = (100, 200, 400),
    repetitions: int = 40,
    *,
    channel: Channel | None = None,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    seed: int = 0,
    test_samples: int | None = None,
    width_ratios: Sequence[float] | None = None,
    spectrum: Spectrum | None = None,
    progress: Progress | None = None,
    dtype: Any = "float64",
) -> Extrapolation:
    r"""Simulate at several widths and fit :math:`E_d = E_\infty + b/d` with its error bars.

    The fit is of the differences from theory at each width's own n/d, so that rounding n does not
    enter. A fit in :math:`d^{-1/2}` says what its form amounts to.

    Parameters
    ----------
    problem_or_network, estimators, alpha
        As in `compare`. Each estimator needs a theory of its own, not a bound.
    widths : sequence of int, default (100, 200, 400)
        Input dimensions; at least three that differ.
    repetitions : int, default 40
        At each width.
    channel, executor, store, seed, test_samples, width_ratios, spectrum, progress, dtype
        As in `compare`.

    Returns
    -------
    Extrapolation

    Raises
    ------
    BadArgument, OutputError
        As in `compare`; and if there are fewer than three widths.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Linear(noise=0.1))
    >>> limit = nm.simulate.extrapolate(problem, nm.erm.Ridge(), 1.0, widths=(20, 40, 80),
    ...                                 repetitions=30)
    >>> limit.points[0].verdict
    'agrees'
    """
    problem, network = require_model(problem_or_network, channel, spectrum, "extrapolate")
    count = require_integer("repetitions", repetitions, "extrapolate", 2, 10**7)
    sizes = [widths_of(network, w, width_ratios, "extrapolate") for w in _distinct(widths)]
    points = make_points(alpha, sizes, test_samples, "extrapolate")
    setup = prepare(problem, network, estimators, points, seed=seed, dtype=dtype)
    for label, theory in setup.theories.items():
        if theory.bound:
            raise BadArgument(
                f"extrapolate: {label} has no theory of its own, only a bound; use compare"
            )
    found = setup.measure(count, executor=executor, store=store, progress=progress)
    compared = list(setup.compared(found))
    metrics = {label: theory.metric for label, theory in setup.theories.items()}
    comparison = Comparison(tuple(compared), metrics, setup.title, setup.theories)
    dimensions = np.array([size[0] for size in sizes], dtype=np.float64)
    ratios = len(points) // len(sizes)
    fits = []
    for k in range(len(setup.procedures)):
        own = compared[k * len(points) : (k + 1) * len(points)]
        fits += [_fitted(own[a::ratios], dimensions) for a in range(ratios)]
    asked = {
        "problem_or_network": problem_or_network,
        "estimators": "bayes" if estimators is None else estimators,
        "alpha": alpha,
        "widths": list(widths),
        "repetitions": repetitions,
        "channel": channel,
        "seed": seed,
        "test_samples": test_samples,
        "width_ratios": width_ratios,
        "spectrum": spectrum,
        "dtype": dtype,
    }
    found_limits = Extrapolation(tuple(fits), comparison)
    limits: Extrapolation = traced(lambda: found_limits, None, "nm.simulate.extrapolate", asked)
    return limits


def _fitted(points: list[ComparedPoint], dimension: FloatArray) -> ExtrapolatedPoint:
    gap = np.array([p.mean - p.theory for p in points])
    spread = np.array([p.standard_error for p in points])
    theory = points[int(np.argmin(dimension))].theory
    verdict = ""
    if not np.isfinite([p.theory for p in points]).all():
        verdict = "no theory"
    elif not (np.isfinite(gap).all() and (spread > 0.0).all()):
        verdict = "no measurement"
    if verdict:
        fit, other = _Line(*[math.nan] * 5), math.nan
    else:
        fit = _line(1.0 / dimension, gap, spread)
        other = _line(1.0 / np.sqrt(dimension), gap, spread).start
    systematic = other - fit.start
    after = math.copysign(max(abs(fit.start) - abs(systematic), 0.0), fit.start)
    score = z_score(after, 0.0, fit.start_error)
    return ExtrapolatedPoint(
        points[0].estimator,
        points[int(np.argmin(dimension))].alpha,
        theory,
        theory + fit.start,
        fit.start_error,
        fit.slope,
        fit.slope_error,
        systematic,
        fit.chi_square,
        z_score(fit.start, 0.0, fit.start_error),
        score,
        verdict or ("agrees" if abs(score) <= LIMIT else "differs"),
    )


@dataclass(frozen=True)
class _Line:
    """y = start + slope x through points with error bars."""

    start: float
    start_error: float
    slope: float
    slope_error: float
    chi_square: float


def _line(x: FloatArray, y: FloatArray, spread: FloatArray) -> _Line:
    design = np.stack([np.ones_like(x), x], axis=1) / spread[:, None]
    target = y / spread
    q, r = np.linalg.qr(design)
    start, slope = np.linalg.solve(r, q.T @ target)
    inverse = np.linalg.inv(r)
    errors = np.sqrt(np.square(inverse).sum(axis=1))
    rest = target - design @ np.array([start, slope])
    return _Line(float(start), float(errors[0]), float(slope), float(errors[1]), float(rest @ rest))


def _distinct(widths: Any) -> list[int]:
    try:
        sizes = [require_integer("widths", w, "extrapolate", 2, 10**7) for w in widths]
    except TypeError:
        sizes = []
    if len(set(sizes)) < 3 or len(set(sizes)) < len(sizes):
        raise BadArgument(
            f"extrapolate: widths must be at least three that differ, such as (100, 200, 400); "
            f"got {widths!r}"
        )
    return sorted(sizes)
