"""Text with mathematics between dollar signs, for TeX."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["tex_text"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\u00d7": r"$\times$",
    "\u2212": r"$-$",
    "\u2013": "--",
    "\n": r"\\",
}


def tex_text(said: str) -> str:
    r"""`said` with the characters that mean something to TeX escaped, mathematics as it is.

    Mathematics is what stands between two dollar signs; one without a partner, or after a
    backslash, is a dollar sign.

    Examples
    --------
    >>> print(tex_text(r"50% of $\alpha_1$ & x_1, \$2"))
    50\% of $\alpha_1$ \& x\_1, \$2
    >>> print(tex_text("only 3 $"))
    only 3 \$
    """
    parts = re.split(r"(?<!\\)\$", said)
    if len(parts) % 2 == 0:
        return _plain(said)
    return "".join(_plain(p) if k % 2 == 0 else f"${p}$" for k, p in enumerate(parts))


def _plain(said: str) -> str:
    return "".join(_letter(letter) for letter in said.replace(r"\$", "$"))


def _letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if ord(letter) < 128:
        return letter if letter.isprintable() else " "
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER ([A-Z]+)", unicodedata.name(letter, ""))
    if greek is None:
        return letter
    name = greek[2].lower().replace("lamda", "lambda")
    return rf"$\{name if greek[1] == 'SMALL' else name.capitalize()}$"
