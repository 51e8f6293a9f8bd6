"""Spectra: eigenvalues of the covariance of the inputs."""

from __future__ import annotations

from nishimori.parsing import missing_name, parse_named
from nishimori.spectra.base import Spectrum
from nishimori.spectra.eigenvalues import Eigenvalues
from nishimori.spectra.from_data import from_data
from nishimori.spectra.isotropic import Isotropic
from nishimori.spectra.marchenko_pastur import MarchenkoPastur
from nishimori.spectra.power_law import PowerLaw

__all__ = [
    "Eigenvalues",
    "Isotropic",
    "MarchenkoPastur",
    "PowerLaw",
    "Spectrum",
    "from_data",
    "parse",
]

_BY_NAME = {
    cls.__name__.lower(): cls for cls in (Eigenvalues, Isotropic, MarchenkoPastur, PowerLaw)
}

__getattr__ = missing_name(__name__, __all__)


def parse(text: str) -> Spectrum:
    """The spectrum that `text` names, such as ``"power_law:exponent=1.5:dimension=64"``.

    Lists are separated by slashes: ``"eigenvalues:values=0.5/1.5:weights=0.25/0.75"``.

    Raises
    ------
    UnknownName
        If the name or a key is not known; suggests the nearest.
    BadArgument
        If a value is out of its domain.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.spectra.parse("marchenko_pastur:ratio=0.5")
    MarchenkoPastur(ratio=0.5)
    """
    spectrum: Spectrum = parse_named(text, _BY_NAME, "spectrum")
    return spectrum
