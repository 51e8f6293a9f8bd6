"""Files of LaTeX that compile by themselves and, as they are, can be a part of a paper."""

from __future__ import annotations

import os
from collections.abc import Sequence

from nishimori.errors import OutputError

__all__ = ["AXIS", "END", "head_of", "require_readable_name"]

_NOT_IN_TEX = "#%{}~\\$&^, "
AXIS = (
    "scale only axis",
    r"tick label style={font=\footnotesize}",
    r"label style={font=\small}",
    r"title style={font=\small}",
    r"legend style={font=\footnotesize, draw=none, fill opacity=0.85, text opacity=1, "
    r"inner sep=1.5pt, row sep=-1pt}",
    "legend cell align=left",
    "axis x line*=bottom",
    "axis y line*=left",
    "axis line style={line width=0.5pt}",
    "tick align=outside",
    "every tick/.style={line width=0.5pt, black}",
    "major tick length=2.5pt",
    "minor tick length=1.5pt",
    "grid=major",
    "major grid style={line width=0.3pt, black!12}",
    "scaled ticks=false",
    "unbounded coords=jump",
    "every axis label/.append style={align=center}",
)
"""Options of every axis."""
END = r"\nishimoriend"
"""The last line of such a file."""
_HEAD = r"""%% %(name)s.tex and %(name)s.dat: a figure for PGFPlots.
%% It compiles by itself. In a paper that says
%%     \usepackage{pgfplots}%(said)s
%% it is \input{%(name)s}; from another directory say also
%%     \pgfplotsset{table/search path={DIRECTORY}}
%(made)s\expandafter\ifx\csname @notprerr\endcsname\documentclass
  \def\nishimoriend{}%%
\else
  \documentclass{article}
  \usepackage{pgfplots}
%(loaded)s  \pgfplotsset{compat=1.16}
  \ifdefined\pdfpagewidth\else\let\pdfpagewidth\pagewidth\let\pdfpageheight\pageheight\fi
  \def\nishimoriend{\hskip2pt\egroup
    \hoffset=-1in \voffset=-1in \pdfpagewidth=\wd0
    \pdfpageheight=\dimexpr\ht0+\dp0+4pt\relax
    \shipout\vbox{\vskip2pt\box0}\end{document}}
  \begin{document}\setbox0\hbox\bgroup\hskip2pt%%
\fi
"""


def head_of(name: str, made: Sequence[str], libraries: Sequence[str]) -> str:
    """What stands before the picture: how to use it, what made it, and a document if it is alone.

    Parameters
    ----------
    name : str
        Of the files, without extension.
    made : sequence of str
        Lines of a comment that say how the numbers were made.
    libraries : sequence of str
        Of PGFPlots, that the picture needs.
    """
    uses = [rf"\usepgfplotslibrary{{{library}}}" for library in libraries]
    comments = [f"%{line.removeprefix('#')}".replace("\r", " ") for line in made]
    return _HEAD % {
        "name": name,
        "said": "".join(f" {use}" for use in uses),
        "made": "".join(f"{line}\n" for line in comments),
        "loaded": "".join(f"  {use}\n" for use in uses),
    }


def require_readable_name(path: str) -> None:
    """Refuse, in a sentence, the name of a file that LaTeX could not be told.

    Raises
    ------
    OutputError
    """
    name = os.path.basename(path)
    wrong = set(name) & set(_NOT_IN_TEX)
    if wrong or not name:
        what = f"whose name holds {min(wrong)!r}" if wrong else "without a name"
        raise OutputError(
            f"cannot write {path!r}: LaTeX cannot read a file {what}; use letters, digits, - and _"
        )
