"""Kernel machines in the proportional regime: a linear kernel and a residual."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from nishimori.arguments import shown
from nishimori.errors import BadArgument
from nishimori.features.base import require_glm
from nishimori.features.diagonal import DiagonalGeometry
from nishimori.features.dot_product import linear_and_residual
from nishimori.features.tangent_kernel import tangent_kernel
from nishimori.network import DeepNetwork, require_variance

if TYPE_CHECKING:
    from nishimori.glm import GLM

__all__ = ["Kernel"]

_LITTLE = 1e-12  # stands for no regularization at all


@dataclass(frozen=True, repr=False)
class Kernel:
    r"""A dot-product kernel, the infinite-width limit of random features among them.

    The student minimises :math:`\sum_\mu \ell(y_\mu, f(x_\mu)) + \frac{\lambda_{reg}}{2} |f|^2`
    over the kernel's function space.

    Parameters
    ----------
    linear : float
        k_lin = k'(0) >= 0.
    residual : float
        k_res = k(1) - k(0) - k'(0) >= 0; not both 0.
    input_second_moment : float, default 1
        Mean of x^2 over the inputs' components, for which `residual` holds: that of the problem's
        spectrum.

    Raises
    ------
    BadArgument
        If a coefficient is negative or not finite, or both are 0.

    Notes
    -----
    On n = O(d) samples a kernel k(x.x'/d) is, in operator norm,

    .. math:: K = k_{lin} X X^T/d + k_{res} I + k(0) 1 1^T .

    The constant acts as an intercept that costs nothing; a target without offset does not use it.
    With the square loss the residual is an extra ridge: the student is linear ridge regression
    with regularization (lambda_reg + k_res)/k_lin. With other losses it is not.

    Examples
    --------
    >>> import numpy as np, nishimori as nm
    >>> nm.features.Kernel.from_function(np.exp)
    Kernel(linear=1, residual=0.718282)
    >>> network = nm.DeepNetwork.uniform(nm.activations.Erf(), depth=2)
    >>> kernel = nm.features.Kernel.ntk(network)
    >>> print(f"{kernel.linear:.12f} {kernel.residual:.12f}")
    0.840352351101 0.258253862370

    References
    ----------
    .. [1] El Karoui, Annals of Statistics 38, 2010.
    .. [2] Cui, Krzakala, Zdeborova, arXiv:2302.00375, eq. 24.
    """

    linear: float
    residual: float
    input_second_moment: float = 1.0

    references: ClassVar[tuple[str, ...]] = ("elkaroui2010", "cui2023")

    def __post_init__(self) -> None:
        for name in ("linear", "residual"):
            value = require_variance(name, getattr(self, name), "Kernel")
            object.__setattr__(self, name, value)
        moment = require_variance(
            "input_second_moment", self.input_second_moment, "Kernel", positive=True
        )
        object.__setattr__(self, "input_second_moment", moment)
        if self.linear == 0.0 and self.residual == 0.0:
            raise BadArgument("Kernel: linear and residual are both 0: the kernel is constant")

    @classmethod
    def from_function(
        cls, function: Callable[[Any], Any], input_second_moment: float = 1.0
    ) -> Kernel:
        """The kernel k(x.x'/d) of a plain callable k, analytic around 0.

        Parameters
        ----------
        function : callable
            k(c) for c in [-r, r], r the `input_second_moment`; floats or arrays.
        input_second_moment : float, default 1

        Raises
        ------
        BadArgument
            If k fails or is not finite there, k'(0) cannot be found to 1e-12 (a kink at 0, noise
            in the values), or k is not positive definite to this order (k'(0) or the residual is
            negative).
        """
        moment = require_variance(
            "input_second_moment", input_second_moment, "Kernel.from_function", positive=True
        )
        linear, residual = linear_and_residual(function, moment)
        return cls(linear, residual, moment)

    @classmethod
    def nngp(cls, network: DeepNetwork, input_second_moment: float = 1.0) -> Kernel:
        """Only the readout is trained, and the network is infinitely wide: E[f(x) f(x')].

        The linear coefficient is the network's signal variance per unit of the inputs' and the
        residual its noise variance, the readout variance included. Means (activations that are
        not odd, biases) are the kernel's constant, an intercept.
        """
        if not isinstance(network, DeepNetwork):
            raise BadArgument(f"Kernel.nngp: network must be a DeepNetwork, got {shown(network)}")
        reduction = network.reduce(input_second_moment)
        moment = reduction.input_second_moment
        return cls(reduction.signal_variance / moment, reduction.noise_variance, moment)

    @classmethod
    def ntk(cls, network: DeepNetwork, input_second_moment: float = 1.0) -> Kernel:
        """All layers are trained by small steps, and the network is infinitely wide.

        The tangent kernel in the parametrisation whose weights and readout are independent
        standard normals times their standard deviations; biases, where there are any, are trained
        too. Train from a zero-output initialisation, or the initial function is added to the
        predictor.

        Raises
        ------
        ActivationError
            If an activation jumps: its tangent kernel is infinite.
        """
        if not isinstance(network, DeepNetwork):
            raise BadArgument(f"Kernel.ntk: network must be a DeepNetwork, got {shown(network)}")
        reduction = network.reduce(input_second_moment)
        linear, residual = tangent_kernel(network, reduction)
        return cls(linear, residual, reduction.input_second_moment)

    def geometry(self, problem: GLM) -> DiagonalGeometry:
        """See `Features`."""
        require_glm(problem, "Kernel")
        spectrum = problem.spectrum
        if not math.isclose(spectrum.mean, self.input_second_moment, rel_tol=1e-9):
            raise BadArgument(
                f"Kernel: this kernel is for inputs of second moment {self.input_second_moment:g}, "
                f"and the problem's spectrum has mean {spectrum.mean:g}"
            )
        if self.linear == 0.0:
            raise BadArgument(
                "Kernel: a kernel without a linear part predicts nothing from n = O(d) samples; "
                "linear must be positive"
            )
        nodes, weights = spectrum.nodes, spectrum.weights
        signal = problem.signal_variance
        return DiagonalGeometry(
            eigenvalues=self.linear * nodes,
            weights=weights,
            places=self.linear * nodes,
            components=signal * self.linear * weights * nodes * nodes,
            unexplained=problem.noise_variance,
            residual=self.residual,
            match=self._match,
        )

    def _match(self, noise_to_signal: float) -> float:
        """Ridge on the inputs at noise/signal, where the residual does not exceed it already."""
        return max(self.linear * noise_to_signal - self.residual, _LITTLE)

    def __repr__(self) -> str:
        text = f"linear={self.linear:g}, residual={self.residual:g}"
        if self.input_second_moment != 1.0:
            text += f", input_second_moment={self.input_second_moment:g}"
        return f"Kernel({text})"
