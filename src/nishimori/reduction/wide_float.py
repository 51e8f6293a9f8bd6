"""A non-negative float whose exponent does not run out: for products over ten thousand layers."""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["ZERO", "WideFloat"]

_LN2_HIGH = 0.693147180369123816490
_LN2_LOW = 1.90821492927058770002e-10


class WideFloat(NamedTuple):
    """``mantissa * 2**exponent`` with the mantissa in [0.5, 1), or zero."""

    mantissa: float
    exponent: int

    @classmethod
    def of(cls, value: float) -> WideFloat:
        """From a finite non-negative float."""
        return cls(*math.frexp(value))

    @classmethod
    def from_log(cls, log: float) -> WideFloat:
        """exp(log), also where that is not a float; zero for -inf."""
        if log == -math.inf:
            return ZERO
        exponent = round(log / math.log(2.0))
        rest = (log - exponent * _LN2_HIGH) - exponent * _LN2_LOW
        mantissa, shift = math.frexp(math.exp(rest))
        return cls(mantissa, exponent + shift)

    def times(self, other: WideFloat) -> WideFloat:
        mantissa, shift = math.frexp(self.mantissa * other.mantissa)
        return WideFloat(mantissa, self.exponent + other.exponent + shift) if mantissa else ZERO

    def plus(self, other: WideFloat) -> WideFloat:
        big, small = (self, other) if _order(self) >= _order(other) else (other, self)
        if not small.mantissa:
            return big
        total = big.mantissa + math.ldexp(small.mantissa, max(small.exponent - big.exponent, -200))
        mantissa, shift = math.frexp(total)
        return WideFloat(mantissa, big.exponent + shift)

    def over(self, other: WideFloat) -> float:
        """The ratio as a float; 0 where it underflows."""
        if not self.mantissa:
            return 0.0
        shift = self.exponent - other.exponent
        return math.ldexp(self.mantissa / other.mantissa, max(shift, -2000))

    def log(self) -> float:
        """Natural logarithm; -inf for zero."""
        if not self.mantissa:
            return -math.inf
        return math.log(self.mantissa) + self.exponent * math.log(2.0)

    def __float__(self) -> float:
        try:
            return math.ldexp(self.mantissa, max(self.exponent, -2000))
        except OverflowError:
            return math.inf


def _order(number: WideFloat) -> float:
    return number.exponent if number.mantissa else -math.inf


ZERO = WideFloat(0.0, 0)
