"""What a student can see of the input: the geometry of empirical risk minimisation."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import shown
from nishimori.errors import BadArgument
from nishimori.glm import GLM

__all__ = ["Features", "Geometry", "OrderParameters", "require_glm"]

FloatArray = NDArray[np.float64]


def require_glm(problem: Any, owner: str) -> None:
    """Refuse, in a sentence, what is not a `GLM`."""
    if not isinstance(problem, GLM):
        raise BadArgument(f"{owner}: problem must be a GLM, got {shown(problem)}")


class OrderParameters(NamedTuple):
    """V, q = E z^2, m = E h z and the mean square of the student's weights; arrays."""

    susceptibility: FloatArray
    self_overlap: FloatArray
    overlap: FloatArray
    norm: FloatArray


class Geometry(Protocol):
    """From conjugates to order parameters: everything that depends on the student's input.

    Attributes
    ----------
    ratio : float
        p/d, so that n/p = alpha/ratio; 1 for linear students and kernels.
    target_variance : float
        E h^2, label noise not counted.
    """

    @property
    def ratio(self) -> float: ...

    @property
    def target_variance(self) -> float: ...

    def order_parameters(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        overlap_conjugate: FloatArray,
        regularization: FloatArray,
    ) -> OrderParameters:
        """Order parameters at the conjugates; arrays of one shape, or that broadcast."""
        ...


class Features(Protocol):
    """A choice of what the student is linear in."""

    def geometry(self, problem: GLM) -> Geometry:
        """The geometry of this student beside the target of `problem`."""
        ...
