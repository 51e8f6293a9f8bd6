"""One axis: its scale, limits and ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Axis", "axis_of", "beyond", "spans_a_decade", "ticks_of"]

FloatArray = NDArray[np.float64]

_FEW = 3.2  # decades that get ticks at 2 and 5 too
_HUGE = 1e300  # what is farther off is not looked for: programs that draw would overflow
_LARGEST = 307  # power of ten that a float holds


@dataclass(frozen=True)
class Axis:
    """One axis as it will be drawn; `ticks` are set by hand where it is logarithmic."""

    label: str
    log: bool
    low: float
    high: float
    ticks: tuple[float, ...] = ()

    def place(self, values: FloatArray | float) -> FloatArray:
        """Where `values` are, 0 at the lower end of the axis and 1 at the upper."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.log:
                start, end = math.log(self.low), math.log(self.high)
                return (np.log(np.asarray(values)) - start) / (end - start)
            return (np.asarray(values) - self.low) / (self.high - self.low)


def spans_a_decade(values: FloatArray) -> bool:
    """Whether finite `values` are positive and their extremes differ by more than a factor of 10.

    Examples
    --------
    >>> import numpy as np
    >>> spans_a_decade(np.array([0.1, np.nan, 2.0])), spans_a_decade(np.array([1.0, 10.0]))
    (True, False)
    """
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0.0 and finite.max() > 10.0 * finite.min())


def beyond(value: float, decades: float) -> float:
    """`value` moved by so many decades, as far as there are numbers.

    Examples
    --------
    >>> print(beyond(2.0, 1.0), beyond(1e300, 100.0))
    20.0 1e+307
    """
    power = math.log10(value) + decades
    return (
        value * 10.0**decades if abs(power) < _LARGEST else 10.0 ** math.copysign(_LARGEST, power)
    )


def axis_of(
    label: str,
    scale: str,
    limits: tuple[float, float] | None,
    values: FloatArray,
    reached: FloatArray,
    margin: float,
    room: float,
) -> Axis:
    """Limits and ticks where there is `room` for so many numbers.

    `values` decide on the scale, what is `reached` (by error bars too) on the limits.
    """
    log = spans_a_decade(values) if scale == "auto" else scale == "log"
    if limits is not None and limits[0] <= 0.0:
        log = False
    sizes = np.abs(reached)
    kept = reached[(sizes <= _HUGE) & (((reached > 0.0) & (sizes >= 1.0 / _HUGE)) | (not log))]
    if limits is None:
        low, high = (float(kept.min()), float(kept.max())) if kept.size else (0.1, 1.0)
        if not low < high:
            half = max(0.5, 1e-3 * abs(low))  # so that it is seen beside a large value
            low, high = (low / 2.0, high * 2.0) if log else (low - half, high + half)
        elif log:
            reach = margin * (math.log10(high) - math.log10(low))
            low, high = beyond(low, -reach), beyond(high, reach)
        else:
            low, high = low - margin * (high - low), high + margin * (high - low)
    else:
        low, high = limits
    return Axis(label, log, low, high, ticks_of(log, low, high, room))


def ticks_of(log: bool, low: float, high: float, room: float) -> tuple[float, ...]:
    """Decades, with 2 and 5 between few of them; () where the backend may choose."""
    if not log:
        return ()
    decades = math.log10(high) - math.log10(low)
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    crowded = math.log10(2.0) * room < decades and _decades_in(low, high) > 1
    if decades > _FEW or crowded:
        step = max(1, round(decades / min(6.0, max(2.0, room))))
        ticks = [float(f"1e{p}") for p in powers if p % step == 0]
    else:
        digits = (1, 2, 5) if decades > 0.8 else (1, 2, 3, 4, 5, 6, 7, 8, 9)
        ticks = [float(f"{digit}e{p}") for p in powers for digit in digits]
    edge = 1e-9 * decades
    return tuple(t for t in ticks if low * (1.0 - edge) <= t <= high * (1.0 + edge))


def _decades_in(low: float, high: float) -> int:
    return math.floor(math.log10(high) + 1e-9) - math.ceil(math.log10(low) - 1e-9) + 1
