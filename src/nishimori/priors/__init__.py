"""Priors: the law of the weights, always rescaled to unit second moment."""

from __future__ import annotations

from nishimori.parsing import missing_name, parse_named
from nishimori.priors.base import Prior
from nishimori.priors.discrete import Custom, Discrete
from nishimori.priors.gauss_bernoulli import GaussBernoulli
from nishimori.priors.gaussian import Gaussian
from nishimori.priors.gaussian_mixture import GaussianMixture
from nishimori.priors.rademacher import Rademacher

__all__ = [
    "Custom",
    "Discrete",
    "GaussBernoulli",
    "Gaussian",
    "GaussianMixture",
    "Prior",
    "Rademacher",
    "parse",
]

_BY_NAME = {
    cls.__name__.lower(): cls
    for cls in (Discrete, GaussBernoulli, Gaussian, GaussianMixture, Rademacher)
}

__getattr__ = missing_name(__name__, __all__)


def parse(text: str) -> Prior:
    """The prior that `text` names, such as ``"gauss_bernoulli:density=0.1"``.

    Lists are separated by slashes: ``"discrete:values=-1/0/1:weights=0.1/0.8/0.1"``.

    Raises
    ------
    UnknownName
        If the name is not known; suggests the nearest.

    Examples
    --------
    >>> import nishimori as nm
    >>> nm.priors.parse("gaussian")
    Gaussian()
    """
    prior: Prior = parse_named(text, _BY_NAME, "prior")
    return prior
