"""What a student can see of the input: the geometry of empirical risk minimisation."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

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

    A geometry inherits from this class and has `ratio`, `target_variance` and `order_parameters`;
    the rest follows from them, and is better where the geometry can avoid the differences.

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

    def misalignment(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        overlap_conjugate: FloatArray,
        regularization: FloatArray,
        order: OrderParameters | None = None,
    ) -> FloatArray:
        """Q E h^2 - m^2, which is not negative; `order` spares finding the order parameters."""
        if order is None:
            order = self.order_parameters(
                susceptibility_conjugate, self_overlap_conjugate, overlap_conjugate, regularization
            )
        total = order.self_overlap * self.target_variance
        return np.maximum(total - np.square(order.overlap), 1e-16 * total)

    def mean_square(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        regularization: FloatArray,
        slope: float = 1.0,
    ) -> FloatArray:
        """E (slope h - z)^2 where the conjugate of m is `slope` times that of V."""
        order = self.order_parameters(
            susceptibility_conjugate,
            self_overlap_conjugate,
            slope * susceptibility_conjugate,
            regularization,
        )
        clean = slope * slope * self.target_variance
        return clean + order.self_overlap - 2.0 * slope * order.overlap

    def matched_regularization(self, noise_to_signal: float) -> float | None:
        """Where the square loss is the posterior mean, from the target's noise over its signal.

        None where there is no such regularization, or it is not known.
        """
        return None


@runtime_checkable
class Features(Protocol):
    """A choice of what the student is linear in."""

    def geometry(self, problem: GLM) -> Geometry:
        """The geometry of this student beside the target of `problem`."""
        ...
