"""Functions that sweeps call in other processes."""

from __future__ import annotations

import time


def mixed(a, b, c=1.0):
    return {"sum": a + b, "product": a * b * c, "large": a > b}


def failing(a, b):
    if a == b:
        raise ZeroDivisionError(f"a and b\nare both {a}")
    return 1.0 / (a - b)


def slow(a, b, seconds=0.0):
    time.sleep(seconds)
    return {"sum": a + 0.1 * b, "quotient": a / (b + 1.0)}
