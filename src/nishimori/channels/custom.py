"""Labels of any law that is given by its log-likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nishimori._kernels.tabulated import COARSE, FINE, Smoothed, Table, nodes_of
from nishimori.arguments import require_array, shown
from nishimori.channels.base import Channel, FloatArray, Information
from nishimori.channels.custom_continuous import continuous_information, continuous_spread
from nishimori.channels.custom_law import Likelihood
from nishimori.channels.formulas import information_of, law_average
from nishimori.channels.laws import LabelLaw
from nishimori.errors import BadArgument
from nishimori.latex import Symbol, numbers

__all__ = ["Custom"]

_LARGEST = 1e12


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Custom(Channel):
    r"""y ~ P_out(y|h) for a log-likelihood that is any vectorised Python function.

    Parameters
    ----------
    log_likelihood : callable
        ``log_likelihood(y, h)`` returns ln P_out(y|h) in the broadcast shape of its arguments;
        -inf where a label is impossible.
    outputs : sequence of float, optional
        The labels, where they are finitely many; the likelihood sums to one over them.
    support : pair of float, optional
        (a, b), the range of a continuous label, whose density integrates to one over it; either
        end may be infinite. Exactly one of `outputs` and `support` is given.
    breakpoints : sequence of float, default ()
        Fields h at which P_out jumps or has a kink. Others are found by halving panels, at a
        price in speed and, where the unknown part of the field is small, in accuracy.

    Raises
    ------
    BadArgument
        If the likelihood does not sum to one, is NaN or +inf, or has another shape.

    Notes
    -----
    With :math:`Z(y, \omega) = E_z P_{out}(y | c_0 + \omega + \sqrt{V} z)`:

    .. math:: F = E_\omega \int dy \, \frac{(\partial_\omega Z)^2}{Z}, \qquad
              \Psi_{out} = E_\omega \int dy \, Z \ln Z.

    The function is called only where nodes are tabulated; the averages are matrix products. The
    error estimate is the difference between 16 and 13 Gauss-Legendre nodes per panel.

    Examples
    --------
    >>> import numpy as np
    >>> import nishimori as nm
    >>> logistic = nm.channels.Custom(lambda y, h: -np.logaddexp(0.0, -y * h), outputs=[-1, 1])
    >>> fisher, entropy = logistic.information(0.5, 0.5)
    >>> print(f"{fisher:.10f} {entropy:.10f}")
    0.1867899563 -0.6485160257
    """

    log_likelihood: Callable[[FloatArray, FloatArray], ArrayLike]
    outputs: tuple[float, ...] | None
    support: tuple[float, float] | None
    breakpoints: tuple[float, ...]
    _law: Likelihood = field(compare=False)
    _tables: dict[tuple[float, float], Table] = field(compare=False)

    metrics: ClassVar[tuple[str, ...]] = ("mean_square", "log_loss", "gibbs")
    costly: ClassVar[bool] = True

    def __init__(
        self,
        log_likelihood: Callable[[Any, Any], ArrayLike],
        *,
        outputs: Sequence[float] | None = None,
        support: tuple[float, float] | None = None,
        breakpoints: Sequence[float] = (),
    ) -> None:
        if not callable(log_likelihood):
            raise BadArgument(
                "Custom: log_likelihood must be a function of (y, h), "
                f"got {type(log_likelihood).__name__}"
            )
        if (outputs is None) == (support is None):
            raise BadArgument(
                "Custom: give either outputs (the list of labels) or support (the range of a "
                f"continuous label), got {'neither' if outputs is None else 'both'}"
            )
        places = _numbers("breakpoints", breakpoints)
        if not (np.abs(places) < _LARGEST).all():
            raise BadArgument(
                f"Custom: breakpoints must be finite and below {_LARGEST:g}, got {breakpoints!r}"
            )
        metrics = self.metrics
        labels: tuple[float, ...] | None = None
        ends: tuple[float, float] | None = None
        if outputs is not None:
            values = _numbers("outputs", outputs)
            if values.size == 0 or not np.isfinite(values).all():
                raise BadArgument(
                    f"Custom: outputs must be finite labels, at least one, got {outputs!r}"
                )
            if np.unique(values).size < values.size:
                raise BadArgument(f"Custom: outputs must all differ, got {outputs!r}")
            labels = tuple(values.tolist())
            metrics = ("misclassification", *metrics)
        else:
            limits = _numbers("support", support)
            if limits.size != 2 or not limits[0] < limits[1]:
                raise BadArgument(
                    f"Custom: support must be a pair (a, b) with a < b, got {support!r}"
                )
            ends = float(limits[0]), float(limits[1])
        kinks = tuple(np.unique(places).tolist())
        for name, value in (
            ("log_likelihood", log_likelihood),
            ("outputs", labels),
            ("support", ends),
            ("breakpoints", kinks),
            ("metrics", metrics),
            ("_law", Likelihood(log_likelihood, labels, ends, kinks)),
            ("_tables", {}),
        ):
            object.__setattr__(self, name, value)
        self._table(1.0, 0.0)  # what is wrong with the likelihood shows at once

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        law = law_average(r"P_{\mathrm{out}}(y \mid {h})", omega)
        if self.outputs is None:
            return law, *information_of(r"\int \mathrm{d}y\,")
        return law, *information_of(rf"\sum_{{y \in \{{{numbers(self.outputs)}\}}}}")

    def latex_error(self, omega: str = r"\omega") -> str:
        if self.outputs is None:
            return super().latex_error(omega)
        return r"1 - \mathbb{E}_\omega \max_y Z(y, \omega)"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        return (Symbol(r"P_{\mathrm{out}}", "the law of a label, a user-given function"),)

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        fisher, entropy, error = np.empty((3, signal.size))
        for i in range(signal.size):
            table = self._table_of(signal[i] + variance[i], offset)
            # beside a jump at h = b the places b + sqrt(V) z are rounded by eps b, so below this
            # variance its law F ~ 1/sqrt(V) takes over
            place = float(np.abs(table.sharp).max(initial=0.0))
            least = (1e-10 * place) ** 2 if table.jumps else 0.0
            width = max(variance[i], least)
            if self.support is not None and not table.jumps and width > 0.0:
                quick = continuous_information(table, float(signal[i]), float(width), offset)
                if quick is not None:
                    fisher[i], entropy[i], error[i] = quick
                    continue
            fine = self._smoothed(signal[i], width, offset, FINE)
            coarse = self._smoothed(signal[i], width, offset, COARSE)
            fisher[i], entropy[i] = fine.fisher, fine.entropy
            if not fine.fisher > 0.0:
                error[i] = 0.0
                continue
            rounding = 3e-17 * place / math.sqrt(width) if table.jumps and width > 0.0 else 0.0
            gap = abs(fine.fisher - coarse.fisher) / fine.fisher
            error[i] = max(gap, table.doubt, rounding)
            if variance[i] == 0.0 and table.jumps:
                fisher[i], error[i] = np.inf, 0.0
            elif variance[i] < least:
                fisher[i] *= math.sqrt(least / variance[i])
        return Information(fisher, entropy, error)

    def conditional_entropy(self, variance: float, offset: float) -> float:
        return self._smoothed(variance, 0.0, offset, FINE).entropy

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        found = np.empty(signal.size)
        for i in range(signal.size):
            table = self._table_of(float(signal[i] + variance[i]), offset)
            if metric in ("mean_square", "gibbs") and self.support and not table.jumps:
                spread = continuous_spread(table, float(signal[i]), float(variance[i]), offset)
                if spread is not None:
                    found[i] = spread * (2.0 if metric == "gibbs" else 1.0)
                    continue
            state = self._smoothed(signal[i], variance[i], offset, FINE)
            if metric == "log_loss":
                found[i] = -state.entropy
            elif metric == "misclassification":
                found[i] = _wrong(state, float(signal[i]), offset)
            elif metric == "gibbs" and self.outputs is not None:
                found[i] = float((state.value * state.others).sum(axis=0) @ state.weights)
            else:
                mass = state.label_weights[:, None] * state.value
                guess = state.labels @ mass / mass.sum(axis=0)
                square = ((state.labels[:, None] - guess) ** 2 * mass).sum(axis=0)
                found[i] = float(square @ state.weights) * (2.0 if metric == "gibbs" else 1.0)
        return found

    @property
    def binary(self) -> bool:  # type: ignore[override]
        return self.outputs is not None and set(self.outputs) == {-1.0, 1.0}

    def label_law(self, field: FloatArray) -> LabelLaw:
        middle = 0.5 * float(field.min() + field.max()) if field.size else 0.0
        reach = float(np.ptp(field)) / 18.0 if field.size > 1 else 1.0
        labels, weights = self._table_of(reach * reach, middle).rule(FINE)
        chances = weights[:, None] * self._law.values(labels, field)
        return LabelLaw(labels[None], chances.T, np.zeros((1, 1)))

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        table = self._table_of(variance, offset)
        places = np.union1d(table.edges, table.sharp)
        return tuple((float(place), 0.0) for place in places)

    def without_noise(self) -> Channel:
        raise BadArgument(
            "Custom: which part of a custom likelihood is label noise is not known, so there is "
            "no channel without it; use label_noise=True"
        )

    def _smoothed(self, signal: float, variance: float, offset: float, count: int) -> Smoothed:
        table = self._table_of(float(signal + variance), offset)
        return table.smoothed(float(signal), float(variance), offset, count)

    def _table_of(self, total: float, offset: float) -> Table:
        # rounded up, so that one table serves a whole curve
        spread = 2.0 ** (math.ceil(4.0 * math.log2(total) - 1e-9) / 4.0) if total > 0.0 else 1e-3
        return self._table(spread, offset)

    def _table(self, spread: float, offset: float) -> Table:
        key = spread, offset
        if key not in self._tables:
            if len(self._tables) > 8:
                self._tables.clear()
            self._tables[key] = self._law.tabulate(math.sqrt(spread), offset)
        return self._tables[key]

    def __repr__(self) -> str:
        name = getattr(self.log_likelihood, "__name__", type(self.log_likelihood).__name__)
        what = "outputs" if self.outputs is not None else "support"
        return f"Custom({name}, {what}={getattr(self, what)})"

    def __str__(self) -> str:
        return "custom"


def _wrong(state: Smoothed, signal: float, offset: float) -> float:
    """E over omega of the mass of all labels but the likeliest, cut where that label changes."""
    loss = _loss(state.value)
    found = loss * state.weights
    if state.edges.size < 2:
        return float(found.sum())
    count = state.count
    x, _ = np.polynomial.legendre.leggauss(count)
    inverse = np.linalg.inv(np.polynomial.legendre.legvander(x, count - 1))
    scale = 1.0 / math.sqrt(2.0 * math.pi * signal)

    def at(u: FloatArray, coefficients: FloatArray) -> FloatArray:
        return np.asarray(np.polynomial.legendre.legval(u, coefficients), dtype=np.float64)

    total = 0.0
    dense = np.linspace(-1.0, 1.0, 65)
    for k in range(state.edges.size - 1):
        part = slice(k * count, (k + 1) * count)
        coefficients = inverse @ state.value[:, part].T
        best = np.argmax(at(dense, coefficients), axis=0)
        change = np.flatnonzero(np.diff(best))
        if change.size == 0:
            total += float(found[part].sum())
            continue
        roots = []
        for i in change:
            one = coefficients[:, best[i]] - coefficients[:, best[i + 1]]
            low, high = dense[i], dense[i + 1]
            for _ in range(60):
                middle = 0.5 * (low + high)
                if np.polynomial.legendre.legval(middle, one) > 0.0:
                    low = middle
                else:
                    high = middle
            roots.append(0.5 * (low + high))
        u, w = nodes_of(np.array([-1.0, *roots, 1.0]), count)
        half = 0.5 * (state.edges[k + 1] - state.edges[k])
        omega = state.edges[k] + half * (1.0 + u) - offset
        density = scale * np.exp(-0.5 * omega * omega / signal)
        total += float((_loss(at(u, coefficients)) * density * w).sum() * half)
    return total


def _loss(value: FloatArray) -> FloatArray:
    ordered = np.sort(value, axis=0)
    total: FloatArray = ordered[:-1].sum(axis=0)
    return total


def _numbers(name: str, values: Any) -> FloatArray:
    array = require_array(name, values, "Custom")
    if array.ndim != 1:
        raise BadArgument(f"Custom: {name} must be a list of numbers, got {shown(values)}")
    return array
