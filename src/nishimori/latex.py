"""Small pieces of LaTeX that the definitions write their formulas with.

Only ``amsmath`` and ``amssymb`` are needed to compile what is made of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Symbol", "call", "cases", "grouped", "number", "numbers", "polynomial", "times"]

_NAME = re.compile(r"(\\?[A-Za-z]+|[0-9.]+)(_(\w|\{\w+\}|\\[A-Za-z]+))?$")
_LONGEST_LIST = 8


class Symbol(NamedTuple):
    """A letter of a formula, what it means, and its value where it has one."""

    latex: str
    meaning: str
    value: float | str | None = None


def number(value: float, digits: int = 12) -> str:
    r"""`value` in decimal, as ``1.5\times 10^{-7}`` where that is shorter.

    Examples
    --------
    >>> print(number(0.1), number(-2.0), number(1.5e-7))
    0.1 -2 1.5\times 10^{-7}
    """
    text = f"{value:.{digits}g}"
    if "inf" in text:
        return text.replace("inf", r"\infty")
    mantissa, exponential, exponent = text.partition("e")
    if not exponential:
        return text
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa}\times {power}"


def numbers(values: Sequence[float], digits: int = 12) -> str:
    """The values, those in the middle of a long list left out."""
    shown = [number(value, digits) for value in values]
    if len(shown) > _LONGEST_LIST:
        shown = [*shown[:3], r"\dots", shown[-1]]
    return r",\allowbreak ".join(shown)


def grouped(argument: str) -> str:
    """`argument` in parentheses, unless it is a single letter or number."""
    return argument if _NAME.match(argument) else _parentheses(argument)


def call(name: str, argument: str) -> str:
    """A function of one argument."""
    return name + _parentheses(argument)


def times(factor: float, argument: str) -> str:
    """A number times `argument`; 1 and -1 are not written.

    Examples
    --------
    >>> print(times(1.0, "x"), times(-1.0, "x"), times(2.0, "x + b"))
    x -x 2(x + b)
    """
    inner = grouped(argument)
    if factor == 1.0:
        return argument
    if factor == -1.0:
        return f"-{inner}"
    text = number(factor)
    if text.endswith("}") or inner[0].isdigit():
        text += r"\cdot "
    return text + inner


def polynomial(coefficients: Sequence[float], argument: str) -> str:
    """A polynomial, highest power first.

    Examples
    --------
    >>> print(polynomial([0.0, -3.0, 0.0, 1.0], "x"))
    x^{3} - 3x
    """
    base = grouped(argument)
    text = ""
    for power in range(len(coefficients) - 1, -1, -1):
        coefficient = coefficients[power]
        if coefficient == 0.0:
            continue
        size = abs(coefficient)
        monomial = base if power == 1 else f"{base}^{{{power}}}"
        term = number(size) if power == 0 else _coefficient(size) + monomial
        if not text:
            text = f"-{term}" if coefficient < 0.0 else term
        else:
            text += f" {'-' if coefficient < 0.0 else '+'} {term}"
    return text or "0"


def cases(rows: Sequence[tuple[str, str]]) -> str:
    """A function by cases: rows of (value, condition), each in mathematical mode."""
    body = r" \\ ".join(f"{value} & {condition}" for value, condition in rows)
    return rf"\begin{{cases}} {body} \end{{cases}}"


def _coefficient(size: float) -> str:
    if size == 1.0:
        return ""
    text = number(size)
    return text + r"\cdot " if text.endswith("}") else text


def _parentheses(argument: str) -> str:
    tall = any(part in argument for part in ("frac", "sqrt", "(", "begin"))
    return rf"\left({argument}\right)" if tall else f"({argument})"
