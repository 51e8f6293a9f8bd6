"""Any channel: averages over the field, over the label it gives, and over the student's output."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from nishimori.channels import Channel, Custom, Poisson
from nishimori.channels.laws import LabelMoments, field_rule
from nishimori.erm.base import Estimator
from nishimori.erm.equations import Conjugates, Point, misalignment
from nishimori.erm.margins import overlap_start
from nishimori.erm.quadrature import FINER, LEVELS, Levels, loss_nodes, normal
from nishimori.features import Geometry

__all__ = ["GeneralSystem", "label_error"]

FloatArray = NDArray[np.float64]

_CHUNK = 300  # components whose nodes are held at a time: as many as stay in the cache
_FAR = 38.0  # deviations of the field, where the normal density is hardly a number any more
_INNER, _OUTER = 7.5, 1e-9  # from here on so much of an average is too much


class Components(NamedTuple):
    """The law of (h, y) as many atoms or Gaussians: fields around their mean, labels, weights."""

    field: FloatArray
    label: FloatArray
    variance: FloatArray
    weight: FloatArray


def components(
    channel: Channel,
    variance: float,
    offset: float,
    finest: float,
    count: int,
    reach: float = LEVELS[-1],
) -> Components:
    """Fields up to `reach` deviations and labels, on panels no wider than `finest`."""
    scales = channel.field_scales(variance, offset)
    h, w = field_rule(variance, offset, scales, finest, count, reach)
    law = channel.label_law(h)
    values, weights, spread, field = np.broadcast_arrays(
        law.values, law.weights * w[:, None], law.variances, (h - offset)[:, None]
    )
    kept = weights > max(1e-2 * math.exp(-0.5 * reach * reach), 1e-300)
    return Components(field[kept], values[kept], spread[kept], weights[kept])


@dataclass(frozen=True, eq=False)
class GeneralSystem:
    r"""Labels of any channel, a loss of the margin y omega or of the residual y - omega.

    Given the field h ~ N(0, rho) around its offset, the student's output is omega ~
    N(m h/rho, q - m^2/rho) and the label y ~ P_out(y|h), independent of it. So

    .. math:: \hat V = \alpha_p E[-\partial_\omega g], \quad \hat q = \alpha_p E[g^2], \quad
              \hat m = (\alpha_p E[h g] + m \hat V)/\rho,

    the last by Gaussian integration by parts, with averages over h, y and omega in turn: nothing
    is singular where omega tells h. The variables are those of `MarginSystem`, without label
    noise: :math:`m = \sqrt{q \rho} \tanh v`.
    """

    loss: Estimator
    geometry: Geometry
    channel: Channel
    offset: float
    nodes: int = 12
    levels: Levels = LEVELS

    @cached_property
    def moments(self) -> LabelMoments:
        """Of the labels and the field."""
        return self.channel.label_moments(self.geometry.target_variance, self.offset)

    @property
    def uninformed(self) -> bool:
        """Whether m is 0: any function of a label +-1 is linear in it, and E h y = 0."""
        return self.loss.labels == "sign" and self.moments.slope == 0.0

    def start(self, alpha: FloatArray, regularization: FloatArray) -> FloatArray:
        """See `System`."""
        x = overlap_start(self.geometry.target_variance, alpha, regularization)
        slope = self.moments.slope
        x[:, 2] *= math.copysign(1.0, slope) if abs(slope) > 1e-9 else 1e-3
        return x

    def conjugates(self, x: FloatArray, alpha: FloatArray) -> Conjugates:
        """See `System`."""
        return self._averaged(x, alpha)[0]

    def respond(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        """See `System`."""
        order = self.geometry.order_parameters(*conjugates, regularization)
        gap = misalignment(self.geometry, conjugates, order, regularization)
        with np.errstate(divide="ignore", invalid="ignore"):
            tilt = np.arcsinh(order.overlap / np.sqrt(gap))
            return np.stack(
                [np.log(order.susceptibility), np.log(order.self_overlap), tilt], axis=1
            )

    def test_error(self, conjugates: Conjugates, regularization: FloatArray) -> FloatArray:
        """See `System`."""
        order = self.geometry.order_parameters(*conjugates, regularization)
        gap = misalignment(self.geometry, conjugates, order, regularization)
        return label_error(
            self.channel,
            self.geometry.target_variance,
            self.offset,
            order.self_overlap,
            order.overlap,
            gap,
            self.loss.labels == "sign",
        )

    def finish(self, x: FloatArray, alpha: FloatArray, regularization: FloatArray) -> Point:
        """See `System`."""
        conjugates, train = self._averaged(x, alpha, complete=True)
        order = self.geometry.order_parameters(*conjugates, regularization)
        error = self.test_error(conjugates, regularization)
        return Point(order, conjugates, train[:, 0], train[:, 1], error)

    def refined(self) -> GeneralSystem:
        """See `System`."""
        return replace(self, nodes=self.nodes + 4, levels=FINER)

    def _averaged(
        self, x: FloatArray, alpha: FloatArray, complete: bool = False
    ) -> tuple[Conjugates, FloatArray]:
        rows = np.array([self.averages(a, b, c, complete) for a, b, c in x.tolist()]).reshape(-1, 6)
        slope, square, cross, overlap = rows[:, :4].T
        if self.uninformed:
            cross, overlap = 0.0 * cross, 0.0 * overlap
        rho = self.geometry.target_variance
        first = alpha * slope
        overlap_conjugate = (alpha * cross + overlap * first) / rho
        return Conjugates(first, alpha * square, overlap_conjugate), rows[:, 4:]

    def averages(self, log_v: float, log_q: float, tilt: float, complete: bool) -> list[float]:
        """E[-g'], E[g^2], E[h g], m, the training loss and error at one point."""
        if not (-700.0 < log_v < 700.0 and -700.0 < log_q < 700.0 and abs(tilt) < 300.0):
            return [math.nan] * 6
        point = math.exp(log_v), math.exp(log_q), tilt
        found, outer = self._within(self.levels[-1], *point, complete)
        # averages that live in the tail of the field; densities of labels may not be known there
        far = not (outer < _OUTER * np.abs(found)).all()
        if far and (self.channel.binary or not isinstance(self.channel, Poisson | Custom)):
            found, _ = self._within(_FAR, *point, complete)
        slope, square, cross, *rest = found.tolist()
        loss, wrong = (*rest, *([0.0, 0.0] if self.loss.separable_only else [math.nan] * 2))[:2]
        overlap = math.sqrt(point[1] * self.geometry.target_variance) * math.tanh(tilt)
        return [slope, square, cross, overlap, loss, wrong]

    def _within(
        self, reach: float, v: float, q: float, tilt: float, complete: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Averages over fields up to `reach` deviations, and the share of the outer ones."""
        rho, loss = self.geometry.target_variance, self.loss
        narrow, overlap = math.sqrt(q) / math.cosh(tilt), math.sqrt(q * rho) * math.tanh(tilt)
        lean = overlap / rho
        finest = 2.5 * narrow / abs(lean) if lean != 0.0 else math.inf
        law = components(self.channel, rho, self.offset, finest, self.nodes + 4, reach)
        margin = loss.labels == "sign"
        mean = law.label * lean * law.field if margin else law.label - lean * law.field
        width = np.sqrt(narrow * narrow + law.variance)
        field = law.label * law.field if margin else law.field
        edge = -v * float(loss.score(np.zeros((1, 1)), np.full((1, 1), 1e-300))[0][0, 0])
        parts = []
        for start in range(0, mean.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            share, each = law.weight[part], np.full(mean[part].size, v)
            nodes = loss_nodes(
                loss, each, mean[part], width[part], self.nodes, self.levels, share=share
            )
            w = nodes.weight * normal(nodes.z) * share[nodes.row][:, None]
            g, slope = nodes.score(loss, each)
            columns = [nodes.sums(values, w, each.size) for values in (slope, g * g, g)]
            columns[2] *= field[part]
            if complete and not loss.separable_only:
                columns.append(nodes.sums(nodes.minimum(loss, each), w, each.size))
                if margin:
                    columns.append(share * ndtr((edge - mean[part]) / width[part]))
            parts.append(np.stack(columns))
        each = np.concatenate(parts, axis=1)
        outer = np.abs(law.field) > _INNER * math.sqrt(rho)
        return each.sum(axis=1), np.abs(each[:, outer]).sum(axis=1)


def label_error(
    channel: Channel,
    target_variance: float,
    offset: float,
    self_overlap: FloatArray,
    overlap: FloatArray,
    gap: FloatArray,
    signs: bool,
) -> FloatArray:
    """How often sign(z) is not the label, or E (y - z)^2, at flat arrays; gap is q rho - m^2."""
    if not signs:
        moments = channel.label_moments(target_variance, offset)
        return moments.mean_square - 2.0 * moments.slope * overlap + self_overlap
    out = np.empty(overlap.size)
    for i, (m, rest) in enumerate(zip(overlap, gap, strict=True)):
        if not (math.isfinite(m) and rest >= 0.0):
            out[i] = math.nan
            continue
        # z in units of its own spread given h: N(lean h, 1)
        lean = m / math.sqrt(target_variance * max(rest, 1e-300))
        finest = 2.5 / abs(lean) if lean != 0.0 else math.inf
        law = components(channel, target_variance, offset, finest, 16)
        out[i] = float(law.weight @ ndtr(-law.label * lean * law.field))
    return out
