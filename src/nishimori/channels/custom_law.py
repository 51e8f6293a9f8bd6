"""The law of a custom label: a user's function on panels that resolve it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nishimori._kernels.tabulated import COARSE, FINE, Table, find_jumps, nodes_of, resolve
from nishimori.arguments import require_array
from nishimori.channels.base import FloatArray
from nishimori.errors import BadArgument

__all__ = ["Likelihood"]

_REACH = 9.0  # standard deviations of the field that are tabulated
_MOST = 160  # panels for a continuous label, and for its field


@dataclass(frozen=True, eq=False)
class Likelihood:
    """What `Custom` was given, called and tabulated."""

    log_likelihood: Callable[[Any, Any], ArrayLike]
    outputs: tuple[float, ...] | None
    support: tuple[float, float] | None
    breakpoints: tuple[float, ...]

    def tabulate(self, width: float, offset: float) -> Table:
        """The table for fields within 9 `width` of the offset."""
        low, high = offset - _REACH * width, offset + _REACH * width
        sharp = np.array([b for b in self.breakpoints if low < b < high])
        edges = np.unique(np.concatenate([np.linspace(low, high, 9), sharp]))
        if self.outputs is not None:
            labels = np.array(self.outputs)

            def discrete(h: FloatArray) -> FloatArray:
                return self.values(labels, h)

            start = edges
            edges = resolve(discrete, start, 1e-12)
            found = find_jumps(discrete, edges, sharp)
            if found.size > sharp.size:
                sharp = found
                edges = resolve(discrete, np.unique(np.concatenate([start, sharp])), 1e-12)
            fields = nodes_of(edges, FINE)[0]
            self._check_total(self.values(labels, fields).sum(axis=0), fields)
            return Table(self.values, edges, sharp, lambda _: (labels, np.ones(labels.size)), True)
        fields = nodes_of(np.linspace(low, high, 33), 6)[0]
        panels = self._label_panels(fields)
        for _ in range(4):
            few = self._rule(panels, COARSE)[0]
            few = few[:: max(1, few.size // 200)]
            found = resolve(lambda h, few=few: self.values(few, h), edges, 1e-9, _MOST)  # type: ignore[misc]
            fields = nodes_of(found, COARSE)[0]
            fields = fields[:: max(1, fields.size // 400)]
            labels, weights = self._rule(panels, FINE)
            total = weights @ self.values(labels, fields)
            if (np.abs(total - 1.0) < 1e-9).all():
                break
            panels = self._label_panels(fields)
        coarse, mass = self._rule(panels, COARSE)
        doubt = float(np.abs(total - mass @ self.values(coarse, fields)).max())
        self._check_total(total, fields, doubt)
        rules = {count: self._rule(panels, count) for count in (COARSE, FINE)}
        return Table(self.values, found, sharp, rules.__getitem__, False, doubt)

    def _label_panels(self, fields: FloatArray) -> FloatArray:
        """Panels, in the coordinate of `_rule`, that resolve the density at all `fields`."""
        assert self.support is not None
        a, b = self.support
        if math.isfinite(a) and math.isfinite(b):
            panels = np.linspace(a, b, 9)
        elif math.isinf(a) and math.isinf(b):
            panels = np.linspace(-25.0, 25.0, 65)
        else:
            panels = np.linspace(-36.0, 25.0, 65)

        def density(t: FloatArray) -> FloatArray:
            labels, slope = self._label(t)
            return (self.values(labels, fields) * slope[:, None]).T

        few = fields[:: max(1, fields.size // 40)]
        for _ in range(6):  # until nothing narrow falls between the nodes
            labels, weights = self._rule(panels, FINE)
            if (np.abs(weights @ self.values(labels, few) - 1.0) < 1e-2).all():
                break
            panels = np.unique(np.concatenate([panels, 0.5 * (panels[1:] + panels[:-1])]))
        labels, weights = self._rule(panels, FINE)
        step = max(1, 2_000_000 // fields.size)
        largest = np.concatenate(
            [
                self.values(labels[i : i + step], fields).max(axis=1)
                for i in range(0, labels.size, step)
            ]
        )
        mass = (largest * weights).reshape(-1, FINE).sum(axis=1) > 1e-22
        if mass.any():
            first, last = np.flatnonzero(mass)[[0, -1]]
            panels = panels[max(0, first - 1) : last + 3]
        return resolve(density, panels, 1e-9, max(_MOST, panels.size + _MOST // 2))

    def _label(self, t: FloatArray) -> tuple[FloatArray, FloatArray]:
        assert self.support is not None
        a, b = self.support
        if math.isfinite(a) and math.isfinite(b):
            return t, np.ones_like(t)
        if math.isinf(a) and math.isinf(b):
            return np.sinh(t), np.cosh(t)
        step = np.exp(t)
        return (a + step, step) if math.isfinite(a) else (b - step, step)

    def _rule(self, panels: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
        t, w = nodes_of(panels, count)
        labels, slope = self._label(t)
        return labels, w * slope

    def values(self, labels: FloatArray, fields: FloatArray) -> FloatArray:
        """P_out for each label and each field."""
        y, h = labels[:, None], fields[None, :]
        with np.errstate(all="ignore"):
            try:
                found = self.log_likelihood(y, h)
            except Exception as error:  # whatever a user's function may raise
                raise BadArgument(
                    f"Custom: log_likelihood failed: {type(error).__name__}: "
                    f"{' '.join(str(error).split())}"
                ) from error
            value = require_array("what log_likelihood returns", found, "Custom")
            shape = (labels.size, fields.size)
            if value.shape != shape:
                raise BadArgument(
                    "Custom: log_likelihood must return the broadcast shape of its arguments, "
                    f"{shape}, got {value.shape}"
                )
            bad = ~(value < np.inf)
            if bad.any():
                i, j = np.argwhere(bad)[0]
                raise BadArgument(
                    f"Custom: log_likelihood is {value[i, j]:g} at y = {labels[i]:g}, "
                    f"h = {fields[j]:g}"
                )
            likelihood: FloatArray = np.exp(value)
        return likelihood

    def _check_total(self, total: FloatArray, fields: FloatArray, doubt: float = 0.0) -> None:
        excess = np.abs(total - 1.0)
        # what the labels' panels cannot resolve is left to the error estimate
        allowed = min(max(10.0 * doubt, 1e-8), 1e-2)
        worst = int(np.argmax(excess))
        if not excess[worst] < allowed:
            verb = "sum" if self.outputs is not None else "integrate"
            where = "outputs" if self.outputs is not None else "support"
            raise BadArgument(
                f"Custom: the likelihood must {verb} to one over the {where}, and at "
                f"h = {fields[worst]:.6g} it {verb}s to {total[worst]:.10g}"
            )
