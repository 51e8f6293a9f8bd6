"""A set of equations in LaTeX, with the meaning of every letter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nishimori.latex import Symbol, number

__all__ = ["Equation", "Equations", "Symbol", "escaped", "lines", "where"]

_SPECIAL = {
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "^": r"\^{}",
    "~": r"\~{}",
    "<": "$<$",
    ">": "$>$",
}


class Equation(NamedTuple):
    r"""One equation, or a few that belong together.

    Attributes
    ----------
    label : str
        A short name; ``\label`` in `Equations.latex`.
    latex : str
        What goes between ``\begin{aligned}`` and ``\end{aligned}``.
    explanation : str
        A sentence on what it says, in LaTeX text.
    where : str
        Dotted name of the Python function that computes it.
    """

    label: str
    latex: str
    explanation: str
    where: str


@dataclass(frozen=True)
class Equations:
    r"""The equations that a problem leads to, with its own functions and parameters.

    ``str()`` is a fragment of LaTeX for a document with ``amsmath`` and ``amssymb``; a notebook
    shows it rendered.

    Attributes
    ----------
    title : str
        What they are the equations of.
    equations : tuple of Equation
        Each ``(label, latex, explanation, where)``.
    symbols : tuple of Symbol
        Each ``(latex, meaning, value)``, the value a float, LaTeX text or None.
    numeric : mapping of str to str
        By label, the equations that are written with numbers in ``latex(numbers=True)``.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Sign(noise=0.1), noise_variance=0.2)
    >>> equations = problem.equations()
    >>> for label, latex, explanation, where in equations.equations[:2]:
    ...     print(f"{label}: {latex}  [{where}]")
    field: h &= \sqrt{\lambda}\,\frac{a \cdot x}{\sqrt{d}} + \sqrt{\eta}\,\xi  [nishimori.glm.GLM]
    label: y &= \operatorname{sign}(h + \sqrt{\Delta}\,\zeta)  [nishimori.channels.sign.Sign]
    """

    title: str
    equations: tuple[Equation, ...]
    symbols: tuple[Symbol, ...]
    numeric: Mapping[str, str] = field(default_factory=dict)

    def latex(self, numbers: bool = False, prefix: str = "eq:") -> str:
        r"""A fragment of LaTeX: each equation after a sentence, then the meaning of the letters.

        Parameters
        ----------
        numbers : bool, default False
            Whether to give the values of this problem's parameters (12 digits).
        prefix : str, default "eq:"
            Of every ``\label``.
        """
        parts = []
        for equation in self.equations:
            body = self._body(equation, numbers)
            parts.append(
                f"{equation.explanation}\n"
                f"\\begin{{equation}} \\label{{{prefix}{equation.label}}}\n"
                f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n\\end{{equation}}"
            )
        return "\n".join([*parts, self.notation(numbers)])

    def notation(self, numbers: bool = False) -> str:
        """The meaning of the letters as one paragraph of LaTeX."""
        entries = "; ".join(_entry(symbol, numbers) for symbol in self.symbols)
        return f"Notation: {entries}." if entries else ""

    def __getitem__(self, label: str) -> Equation:
        """The equation of that label."""
        for equation in self.equations:
            if equation.label == label:
                return equation
        raise KeyError(label)

    def __add__(self, other: Equations) -> Equations:
        """Both, each letter explained once."""
        return Equations(
            f"{self.title}; {other.title}",
            (*self.equations, *other.equations),
            merged((*self.symbols, *other.symbols)),
            {**self.numeric, **other.numeric},
        )

    def __str__(self) -> str:
        return self.latex()

    def __repr__(self) -> str:
        labels = ", ".join(equation.label for equation in self.equations)
        return f"<Equations of {self.title}: {labels}>"

    def _repr_latex_(self) -> str:
        parts = []
        for equation in self.equations:
            body = self._body(equation, True)
            formula = f"$$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$$"
            parts.append(f"{equation.explanation}\n{formula}")
        return "\n".join([*parts, self.notation(True)])

    def _body(self, equation: Equation, numbers: bool) -> str:
        return self.numeric.get(equation.label, equation.latex) if numbers else equation.latex


def merged(symbols: Iterable[Symbol]) -> tuple[Symbol, ...]:
    """Each letter once, in order; the first meaning stays."""
    return tuple({symbol.latex: symbol for symbol in reversed(list(symbols))}.values())[::-1]


def lines(*equations: str) -> str:
    """Several lines of one ``aligned``."""
    return " \\\\\n".join(equations)


def where(function: Callable[..., Any]) -> str:
    """The dotted name of a function or class."""
    return f"{function.__module__}.{function.__qualname__}"


def escaped(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(_SPECIAL.get(mark, mark) for mark in text)


def _entry(symbol: Symbol, numbers: bool) -> str:
    formula = symbol.latex
    if numbers and symbol.value is not None:
        value = symbol.value if isinstance(symbol.value, str) else number(symbol.value)
        formula += f" = {value}"
    return f"${formula}$: {symbol.meaning}"
