"""Many small systems x = f(x) at once: Newton steps with a safeguard, and the residual decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Roots", "central_differences", "jacobian", "solve_fixed_points"]

FloatArray = NDArray[np.float64]
Update = Callable[[FloatArray, NDArray[np.int_]], FloatArray]
"""The map of the rows `index`: ``update(x[index], index)``, of the shape of its argument."""

_STEP = 1e-6  # relative, of the difference quotients
_WIDE, _SOFT = 1e-4, 1e-5  # steps where the smallest singular value is that small
_LONGEST = 2.5  # step, in units of a logarithm
_ITERATIONS = 80
_FLOOR = 2e-15  # what rounding leaves of a residual


class Roots(NamedTuple):
    """Solutions, how far each misses its equations, and the Jacobian as it was last known."""

    x: FloatArray
    residual: FloatArray
    slope: FloatArray


def solve_fixed_points(
    update: Update, start: FloatArray, *, picard: int = 4, slope: FloatArray | None = None
) -> Roots:
    """Solve x = update(x) for every row of `start`.

    The rows are logarithms or arguments of hyperbolic functions, so a step is of order one. A few
    damped iterations come first; then Newton steps, halved until the residual falls, with a
    Jacobian of differences that is kept up by Broyden's rule while it serves. `slope` is a first
    one, if it is known.
    """
    x = start.copy()
    rows, width = x.shape
    everyone = np.arange(rows)
    for _ in range(picard):
        f = _finite(update(x, everyone) - x)
        x = x + _clipped(0.7 * f)
    f = update(x, everyone) - x
    lost = ~np.isfinite(f).all(axis=1)
    f[lost] = 1.0
    size: FloatArray = _size(f, x)
    best_x, best = x.copy(), np.where(lost, np.inf, size)
    slope = np.zeros((rows, width, width)) if slope is None else slope.copy()
    stale: NDArray[np.bool_] = np.asarray(~slope.any(axis=(1, 2)))
    idle = np.zeros(rows, dtype=np.int_)
    active = everyone[~lost]
    step = np.zeros_like(x)
    for _ in range(_ITERATIONS):
        if active.size == 0:
            break
        fresh = active[stale[active]]
        if fresh.size:
            slope[fresh] = jacobian(update, x[fresh], fresh, f[fresh])
        step[active] = _newton_step(slope[active], f[active])
        moved, fx, shrink = _shortened(update, x, f, size, step, active)
        new_size = _size(fx, moved)
        change = moved - x[active]
        wrong = fx - f[active] - np.einsum("nij,nj->ni", slope[active], change)
        length = np.maximum((change * change).sum(axis=1), 1e-300)
        slope[active] += wrong[:, :, None] * change[:, None, :] / length[:, None, None]
        stale[active] = (new_size > 0.05 * size[active]) | (shrink < 1.0)
        better = new_size < best[active]
        idle[active] = np.where(new_size < 0.5 * best[active], 0, idle[active] + 1)
        chosen = active[better]
        best_x[chosen], best[chosen] = moved[better], new_size[better]
        x[active], f[active], size[active] = moved, fx, new_size
        limit = np.where(best[active] < 1e-11, 2, np.where(best[active] < 1e-6, 6, 30))
        active = active[(best[active] > _FLOOR) & (idle[active] < limit)]
    return Roots(best_x, best, slope)


def jacobian(
    update: Update,
    x: FloatArray,
    index: NDArray[np.int_],
    f: FloatArray,
) -> FloatArray:
    """Of update(x) - x, given its value `f`, by difference quotients: shape (row, i, j)."""
    unit = np.eye(x.shape[1])
    slope = _differences(update, x, index, f + x, _STEP) - unit
    good = np.isfinite(slope).all(axis=(1, 2))
    soft = np.zeros(good.shape, dtype=bool)
    soft[good] = np.linalg.svd(slope[good], compute_uv=False)[:, -1] < _SOFT
    few = np.flatnonzero(soft)
    if few.size:  # a root that moves far for little
        slope[few] = central_differences(update, x[few], index[few]) - unit
    return slope


def central_differences(update: Update, x: FloatArray, index: NDArray[np.int_]) -> FloatArray:
    """The Jacobian of update(x) itself, by wider and central differences."""
    zero = np.zeros(())
    ahead = _differences(update, x, index, zero, _WIDE)
    return 0.5 * (ahead + _differences(update, x, index, zero, -_WIDE))


def _differences(
    update: Update, x: FloatArray, index: NDArray[np.int_], f: FloatArray, step: float
) -> FloatArray:
    rows, width = x.shape
    delta = np.where(np.abs(x) < 1.0, step * np.maximum(np.abs(x), 1e-2), step)
    shifted = np.repeat(x[None], width, axis=0)
    for j in range(width):
        shifted[j, :, j] += delta[:, j]
    exact = np.stack([shifted[j, :, j] - x[:, j] for j in range(width)], axis=1)
    flat = shifted.reshape(width * rows, width)
    values = update(flat, np.tile(index, width)).reshape(width, rows, -1)
    return np.moveaxis((values - f) / exact.T[:, :, None], 0, 2)


def _shortened(
    update: Update,
    x: FloatArray,
    f: FloatArray,
    size: FloatArray,
    step: FloatArray,
    active: NDArray[np.int_],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The steps that make the residual fall, or else a damped iteration."""
    scale = np.ones(active.size)
    moved = x[active] + step[active]
    fx = update(moved, active) - moved
    for attempt in range(5):
        new = _size(fx, moved)
        bad = ~(new < np.maximum(size[active], 1e-12))
        if not bad.any():
            break
        scale[bad] *= 0.3
        which = active[bad]
        if attempt == 4:
            moved[bad] = x[which] + _clipped(0.5 * f[which])
        else:
            moved[bad] = x[which] + scale[bad, None] * step[which]
        fx[bad] = update(moved[bad], which) - moved[bad]
    lost = ~np.isfinite(fx).all(axis=1)
    moved[lost] = x[active[lost]]
    fx[lost] = f[active[lost]]
    return moved, fx, scale


def _newton_step(slope: FloatArray, f: FloatArray) -> FloatArray:
    try:
        step = np.linalg.solve(slope, -f[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        step = np.stack(
            [np.linalg.lstsq(a, -b, rcond=None)[0] for a, b in zip(slope, f, strict=True)]
        )
    return _clipped(np.where(np.isfinite(step), step, f))


def _clipped(step: FloatArray) -> FloatArray:
    longest = np.abs(step).max(axis=1, keepdims=True)
    return step * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-300))


def _finite(f: FloatArray) -> FloatArray:
    return np.where(np.isfinite(f), f, 0.0)


def _size(f: FloatArray, x: FloatArray) -> FloatArray:
    """Largest relative error of the equations; the last variable can be near zero."""
    scaled = np.abs(f)
    if x.shape[1] > 2:
        scaled = scaled.copy()
        scaled[:, 2] /= np.clip(np.abs(x[:, 2]), 1e-6, 1.0)
    out = scaled.max(axis=1)
    return np.where(np.isfinite(f).all(axis=1), out, np.inf)
