"""Labels of every channel, drawn from its definition and nothing else."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import (
    Channel,
    Custom,
    Door,
    Laplace,
    Linear,
    Logistic,
    Ordinal,
    Poisson,
    Readout,
    Sign,
)
from nishimori.errors import BadArgument

__all__ = ["draw_labels", "label_cells"]

FloatArray = NDArray[np.float64]

_CELLS = 2000  # of a continuous label whose law is only known by its density
_ROWS = 500  # fields whose densities are held at a time
_LARGEST_RATE = 1e15  # of a count; beyond it there is no integer to draw


@singledispatch
def draw_labels(channel: Channel, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    """One label y ~ P_out(. | h) for every field h of a one-dimensional array."""
    raise BadArgument(f"simulate: labels of {type(channel).__name__} cannot be drawn")


@draw_labels.register
def _(channel: Linear, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    return _with_noise(field, channel.noise, rng)


@draw_labels.register
def _(channel: Sign, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    label = np.where(_with_noise(field, channel.noise, rng) >= 0.0, 1.0, -1.0)
    if channel.flip > 0.0:
        label[rng.random(field.size) < channel.flip] *= -1.0
    return label


@draw_labels.register
def _(channel: Logistic, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.where(rng.logistic(size=field.size) <= field, 1.0, -1.0)


@draw_labels.register
def _(channel: Readout, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    return _with_noise(channel.activation.value(field), channel.noise, rng)


@draw_labels.register
def _(channel: Door, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.where(np.abs(field) < channel.threshold, 1.0, -1.0)


@draw_labels.register
def _(channel: Laplace, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    return field + rng.laplace(scale=channel.scale, size=field.size)


@draw_labels.register
def _(channel: Poisson, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    with np.errstate(over="ignore"):
        rate = np.exp(field) if channel.link == "exp" else np.logaddexp(0.0, field)
    if not (rate < _LARGEST_RATE).all():
        raise BadArgument(
            f"simulate: a Poisson rate reaches {rate.max():.3g}, beyond the counts that can be "
            f"drawn ({_LARGEST_RATE:g}); use a smaller signal variance or link='softplus'"
        )
    return rng.poisson(rate).astype(np.float64)


@draw_labels.register
def _(channel: Ordinal, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    noisy = _with_noise(field, channel.noise, rng)
    return np.searchsorted(np.asarray(channel.thresholds), noisy, side="left").astype(np.float64)


@draw_labels.register
def _(channel: Custom, field: FloatArray, rng: np.random.Generator) -> FloatArray:
    if channel.outputs is not None:
        values = np.asarray(channel.outputs)
        return values[_draw_rows(channel, values, np.ones(values.size), field, rng)]
    middle, width = label_cells(channel)
    edges = middle - 0.5 * width
    label = np.empty(field.size)
    for start in range(0, field.size, _ROWS):
        part = slice(start, start + _ROWS)
        cell = _draw_rows(channel, middle, width, field[part], rng)
        label[part] = edges[cell] + width[cell] * rng.random(cell.size)
    return label


def label_cells(channel: Custom) -> tuple[FloatArray, FloatArray]:
    """Middles and widths of the cells in which a continuous label counts as uniform."""
    assert channel.support is not None
    low, high = channel.support
    bounded = math.isfinite(low) and math.isfinite(high)
    edges = np.linspace(low, high, _CELLS + 1) if bounded else _wide_cells(channel.support)
    return 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)


def _with_noise(field: FloatArray, variance: float, rng: np.random.Generator) -> FloatArray:
    if variance == 0.0:
        return np.array(field, dtype=np.float64)
    return field + math.sqrt(variance) * rng.standard_normal(field.size)


def _draw_rows(
    channel: Custom,
    labels: FloatArray,
    width: FloatArray,
    field: FloatArray,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """For each field the index of a label, with probability P_out(label | field) width."""
    log_likelihood = np.asarray(
        channel.log_likelihood(labels[None, :], field[:, None]), dtype=np.float64
    )
    mass = np.exp(np.broadcast_to(log_likelihood, (field.size, labels.size))) * width
    total = np.cumsum(mass, axis=1)
    draw = rng.random(field.size) * total[:, -1]
    return np.minimum((total < draw[:, None]).sum(axis=1), labels.size - 1)


def _wide_cells(support: tuple[float, float]) -> FloatArray:
    """Cells of a half-line or of the line, fine near 0 (or the finite end), ever wider away."""
    low, high = support
    grid = np.sinh(np.linspace(0.0, 1.0, _CELLS + 1) * math.asinh(1e4)) * 0.1
    if math.isfinite(low):
        return low + grid
    if math.isfinite(high):
        return high - grid[::-1]
    half = np.sinh(np.linspace(0.0, 1.0, _CELLS // 2 + 1) * math.asinh(1e4)) * 0.1
    return np.concatenate([-half[:0:-1], half])
