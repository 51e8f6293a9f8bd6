"""What to cite for a computation, as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from nishimori._version import __version__
from nishimori.errors import BadArgument

__all__ = ["Citation", "bibliography", "citation"]

_KEY = re.compile(r"@\w+\{(\w+),")
_PACKAGE = f"""@misc{{nishimori,
  author = {{{{nishimori developers}}}},
  title = {{nishimori: Exact learning curves of deep random networks}},
  note = {{Python package, version {__version__}}}
}}"""


@dataclass(frozen=True)
class Citation:
    r"""A bibliography: ``str()`` is the content of a ``.bib`` file.

    Attributes
    ----------
    keys : tuple of str
        For ``\cite``: the package, then the results in the order of use.
    """

    keys: tuple[str, ...]

    @property
    def entries(self) -> dict[str, str]:
        """The BibTeX entry of every key."""
        known = bibliography()
        return {key: known[key] for key in self.keys}

    def __str__(self) -> str:
        return "\n\n".join(self.entries.values()) + "\n"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


@cache
def bibliography() -> dict[str, str]:
    """Every known entry by its key."""
    text = files("nishimori.paper").joinpath("references.bib").read_text(encoding="utf-8")
    entries = [
        _PACKAGE,
        *(f"@{part.strip()}" for part in re.split(r"^@", text, flags=re.M) if part),
    ]
    found = {}
    for entry in entries:
        match = _KEY.match(entry)
        assert match is not None
        found[match[1]] = entry
    return found


def citation(*subjects: Any) -> Citation:
    """What to cite for a network, problem, estimator, features, or a result.

    Parameters
    ----------
    *subjects : object
        Networks, reductions, problems, channels, priors, estimators, features, curves and other
        results, in any number. None at all: the package itself.

    Returns
    -------
    Citation

    Raises
    ------
    BadArgument
        If one of them is of another kind.

    Examples
    --------
    >>> import nishimori as nm
    >>> network = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=2)
    >>> nm.citation(network, nm.erm.Logistic()).keys
    ('nishimori', 'camilli2025', 'cui2023', 'barbier2019', 'aubin2020', 'loureiro2021')
    """
    keys = ["nishimori"]
    for subject in subjects:
        keys += _references(subject)
    return Citation(tuple(dict.fromkeys(keys)))


def _references(subject: Any) -> Iterable[str]:
    references = getattr(subject, "references", None)
    if isinstance(subject, type) or not isinstance(references, tuple):
        raise BadArgument(
            "citation: cites networks, reductions, problems, channels, priors, spectra, "
            f"estimators, features and results, got {subject!r:.60}"
        )
    yield from references
    origin = getattr(subject, "origin", None)  # the call that a result came from
    if origin is not None:
        for part in (origin.subject, *origin.arguments.values()):
            if isinstance(getattr(part, "references", None), tuple):
                yield from _references(part)
