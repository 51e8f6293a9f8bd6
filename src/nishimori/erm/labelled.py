"""Losses that depend on the label and the output separately, on the labels of any channel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nishimori._kernels.rules import gauss_legendre
from nishimori.erm.base import Estimator, FloatArray
from nishimori.erm.general import GeneralSystem
from nishimori.erm.label_grid import LabelGrid, label_grid, widest_panel
from nishimori.erm.tabulated import ConvexTable

__all__ = ["LabelledLoss", "LabelledSystem", "Stack"]

IntArray = NDArray[np.int64]

_REACH = 9.0  # standard deviations of the output
_PANELS = 4000  # of the output, for one label


class Stack(NamedTuple):
    """Tables of several labels behind one another; see `nishimori._kernels.erm_labelled`."""

    first: IntArray
    edges: FloatArray
    series: FloatArray
    below: FloatArray
    above: FloatArray

    @classmethod
    def of(cls, tables: list[ConvexTable]) -> Stack:
        """Put `tables` behind one another."""
        sizes = np.array([table.edges.size for table in tables])
        padded = [np.pad(table.series, ((0, 0), (0, 1), (0, 0))) for table in tables]
        return cls(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([table.edges for table in tables]),
            np.ascontiguousarray(np.concatenate(padded, axis=1)),
            np.concatenate([table.below for table in tables]),
            np.concatenate([table.above for table in tables]),
        )

    def proximal(
        self, omega: FloatArray, label: IntArray, v: float
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Z with z + v f'(z) = omega, f(z), f'(z) and f''/(1 + v f''), f of each label."""
        from nishimori._kernels import erm_labelled

        return erm_labelled.proximal(omega, label, v, *self)


@dataclass(frozen=True, eq=False)
class LabelledLoss(Estimator):
    """A custom loss as a table of the output for each label.

    ``turns`` finds the labels in a range at which the loss has a kink or a jump.
    """

    table_of: Callable[[float], ConvexTable]
    turns: Callable[[float, float], FloatArray]
    kind: Literal["real", "sign"]
    tables: dict[float, ConvexTable] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        return "Custom"

    @property
    def labels(self) -> Literal["real", "sign"]:  # type: ignore[override]
        return self.kind

    def table(self, y: float) -> ConvexTable:
        """The table of one label.

        Raises
        ------
        BadArgument
            If its loss is NaN or not convex; says where.
        """
        if y not in self.tables:
            self.tables[y] = self.table_of(y)
        return self.tables[y]

    def stack(self, labels: FloatArray) -> Stack:
        """The tables of `labels`; complaints are about the nearest to 0."""
        found = {y: self.table(y) for y in sorted(labels.tolist(), key=abs)}
        return Stack.of([found[y] for y in labels.tolist()])


@dataclass(frozen=True, eq=False)
class LabelledSystem(GeneralSystem):
    r"""Labels of any channel, and a loss of label and output.

    The label is on a grid. Given y, the output omega is a mixture of Gaussians: one for each node
    of the field h, N(m h/rho, q - m^2/rho); or, where the label is y = h + N(0, Delta), the single
    N(m y/(rho + Delta), q - m^2/(rho + Delta)), with E[h|y, omega] linear in both. The score of
    each label is evaluated once on nodes of omega that resolve the mixture and begin anew at the
    kinks.
    """

    loss: LabelledLoss
    grids: dict[tuple[float, float], tuple[LabelGrid, Stack]] = field(
        default_factory=dict, init=False, repr=False
    )
    widest: list[float] = field(default_factory=list, init=False, repr=False)

    def refined(self) -> LabelledSystem:
        """See `System`."""
        return replace(self, nodes=self.nodes + 4)

    def averages(self, log_v: float, log_q: float, tilt: float, complete: bool) -> list[float]:
        """E[-g'], E[g^2], E[h g], m, the training loss and error at one point."""
        from nishimori._kernels import erm_labelled

        rho = self.geometry.target_variance
        if not (-700.0 < log_v < 700.0 and -700.0 < log_q < 700.0 and abs(tilt) < 300.0):
            return [math.nan] * 6
        v, q = math.exp(log_v), math.exp(log_q)
        narrow = math.sqrt(q) / math.cosh(tilt)
        overlap = math.sqrt(q * rho) * math.tanh(tilt)
        grid, stack = self._grid(narrow, overlap)
        # the output given h + N(0, noise), without differences; gap = q rho - m^2
        noise, gap = grid.variance, narrow * narrow * rho
        total, rest = rho + noise, gap + q * noise
        mean, width = overlap * grid.base / total, np.sqrt(rest / total)
        omega, label, w = self._outputs(mean, width, grid.first, stack, v)
        density, moment = erm_labelled.mixtures(
            omega,
            label,
            grid.first,
            mean,
            width,
            grid.weight,
            gap * grid.base / rest,
            overlap * noise / rest,
        )
        z, value, slope, soft = stack.proximal(omega, label, v)
        chance = w * density
        wrong = math.nan
        if complete and self.loss.labels == "sign":
            wrong = float(chance[grid.labels[label] * z < 0.0].sum())
        return [
            float(chance @ soft),
            float(chance @ np.square(slope)),
            -float((w * moment) @ slope),
            overlap,
            float(chance @ value) if complete else 0.0,
            wrong,
        ]

    def _grid(self, narrow: float, overlap: float) -> tuple[LabelGrid, Stack]:
        """Labels and tables, for steps rounded to powers of two, so that they serve again."""
        rho = self.geometry.target_variance
        lean = abs(overlap) / rho
        step = _rounded(2.5 * narrow / lean if lean > 0.0 else math.inf, 1.5 * math.sqrt(rho))
        if not self.widest:
            self.widest.append(widest_panel(self.channel, rho, self.offset))
        key = step, _rounded(2.5 * narrow, self.widest[0])
        if key not in self.grids:
            if len(self.grids) > 8:
                self.grids.clear()
            count, turns = self.nodes + 4, self.loss.turns
            grid = label_grid(self.channel, rho, self.offset, *key, count, turns)
            self.grids[key] = grid, self.loss.stack(grid.labels)
        return self.grids[key]

    def _outputs(
        self, mean: FloatArray, width: FloatArray, first: IntArray, stack: Stack, v: float
    ) -> tuple[FloatArray, IntArray, FloatArray]:
        """Nodes of omega for every label, whose they are, and their weights."""
        starts = first[:-1]
        low = np.minimum.reduceat(mean - _REACH * width, starts)
        high = np.maximum.reduceat(mean + _REACH * width, starts)
        step = 1.8 * np.minimum.reduceat(width, starts)
        panels = np.minimum(np.ceil((high - low) / step), _PANELS).astype(np.int64)
        who = np.repeat(np.arange(low.size), panels + 1)
        count = np.arange(who.size) - np.repeat(np.cumsum(panels + 1) - panels - 1, panels + 1)
        base = low[who] + (high - low)[who] * (count / panels[who])
        owner = np.repeat(np.arange(low.size), np.diff(stack.first))
        owner = np.concatenate([owner, owner])
        images = np.concatenate([stack.edges + v * stack.below, stack.edges + v * stack.above])
        inside = (images > low[owner]) & (images < high[owner])
        cuts = np.concatenate([base, images[inside]])
        who = np.concatenate([who, owner[inside]])
        order = np.lexsort((cuts, who))
        cuts, who = cuts[order], who[order]
        half = 0.5 * np.diff(cuts)
        used = (np.diff(who) == 0) & (half > 0.0)
        x, w = gauss_legendre(self.nodes)
        half, left = half[used, None], cuts[:-1][used, None]
        label = np.repeat(who[:-1][used], x.size)
        return ((left + half) + half * x).ravel(), label, (half * w).ravel()


def _rounded(step: float, widest: float) -> float:
    """Down to a power of two; infinite where panels are no wider anyway."""
    return math.inf if step >= widest else 2.0 ** math.floor(math.log2(step))
