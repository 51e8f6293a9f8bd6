"""Deep random features: a random network whose last layer alone is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nishimori.arguments import require_array, require_integer, shown
from nishimori.errors import BadArgument
from nishimori.features.base import FloatArray, Geometry, OrderParameters, require_glm
from nishimori.features.neurons import Neurons, kinds_of_neurons, stacked
from nishimori.latex import Symbol
from nishimori.network import DeepNetwork
from nishimori.spectra import Isotropic

if TYPE_CHECKING:
    from nishimori.glm import GLM
    from nishimori.spectra import Spectrum

__all__ = ["LayeredGeometry", "RandomFeatures"]

# Below and above, the shift regularization/conjugate is as good as 0 and infinity.
_LOWEST, _HIGHEST = 1e-100, 1e100
_NO_SLOPE = 1e-60
_TOLERANCE = 1e-11


@dataclass(frozen=True, eq=False)
class LayeredGeometry(Geometry):
    r"""Order parameters of a student that sees the last of several random layers.

    Parameters
    ----------
    neurons : tuple of Neurons
        Of each layer, from the input.
    widths : tuple of float
        k_l/d of each layer.
    spectrum : Spectrum
        Of the inputs' covariance.
    signal_variance, noise_variance : float
        Of the target, linear in layer `shared_layers` (0: the input).
    shared_layers : int

    Notes
    -----
    With :math:`z = \lambda_{reg}/\hat V`, Omega the covariance of the features and c their
    covariance with the target,

    .. math:: V = \frac{1}{\hat V k} \mathrm{tr} \frac{\Omega}{\Omega + z}, \quad
              m = \frac{\hat m}{\hat V} c^T (\Omega + z)^{-1} c, \quad
              q = \frac{1}{\hat V^2} \Big[ \hat m^2 c^T \Omega (\Omega + z)^{-2} c
              + \frac{\hat q}{k} \mathrm{tr} \frac{\Omega^2}{(\Omega + z)^2} \Big] .

    The traces come from a chain with one scalar a layer; see `nishimori._kernels.resolvent`.
    """

    neurons: tuple[Neurons, ...]
    widths: tuple[float, ...]
    spectrum: Spectrum
    signal_variance: float
    noise_variance: float
    shared_layers: int = 0

    @property
    def ratio(self) -> float:
        """p/d, the relative width of the last layer."""
        return self.widths[-1]

    @property
    def target_variance(self) -> float:
        """E h^2."""
        return self.signal_variance * self._variance(self.shared_layers) + self.noise_variance

    def _variance(self, layer: int) -> float:
        """Variance of a neuron of a layer over the inputs; of an input for layer 0."""
        variance = self.spectrum.mean
        for neurons in self.neurons[:layer]:
            variance = float(neurons.share @ (neurons.slope * variance + neurons.residual))
        return variance

    @cached_property
    def _layers(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        slope, residual, share = stacked(self.neurons)
        # a layer without a linear part hides what is below: a slope that no digit can see
        hidden = np.sum(slope * share, axis=1) <= _NO_SLOPE
        slope[hidden] = _NO_SLOPE
        return slope, residual, share

    @cached_property
    def _sees_target(self) -> bool:
        slope = self._layers[0][self.shared_layers :]
        return bool(np.all(slope.max(axis=1, initial=0.0) > _NO_SLOPE))

    def traces(self, shift: FloatArray) -> FloatArray:
        """Rows of traces at each shift z > 0, NaN where the chain was not solved to 1e-11."""
        from nishimori._kernels import resolvent

        flat = np.ascontiguousarray(shift, dtype=np.float64).ravel()
        ratios = np.array([1.0, *self.widths])
        nodes, weights = self.spectrum.nodes.copy(), self.spectrum.weights.copy()
        valid = np.isfinite(flat)
        rows = resolvent.chain(
            np.where(valid, flat, 1.0), ratios, *self._layers, nodes, weights, self.shared_layers
        )
        rows[:, ~(valid & (rows[7] <= _TOLERANCE))] = np.nan
        if not self._sees_target:
            rows[3:6] *= 0.0
            rows[6] = self._variance(self.shared_layers) + 0.0 * rows[6]
        return rows.reshape(8, *np.shape(shift))

    def latex_order_parameters(self) -> tuple[str, ...]:
        """The equations of V, m and q in LaTeX."""
        return (
            r"\Omega_\ell &= K_\ell F_\ell \Omega_{\ell-1} F_\ell^{\top} K_\ell"
            r" + \operatorname{diag}(k_\ell), \qquad c_\ell = K_\ell F_\ell c_{\ell-1}",
            r"G &= (\Omega_L + \lambda_{\mathrm{reg}}/\hat V)^{-1}",
            r"V &= \frac{1}{\hat V d_v} \operatorname{tr} \Omega_L G",
            r"m &= \frac{\hat m}{\hat V}\, c_L^{\top} G\, c_L",
            r"q &= \frac{1}{\hat V^2} \left[ \hat m^2 c_L^{\top} \Omega_L G^2 c_L"
            r" + \frac{\hat q}{d_v} \operatorname{tr} \Omega_L^2 G^2 \right]",
        )

    def latex_symbols(self) -> tuple[Symbol, ...]:
        """The letters of these equations."""
        start = self.shared_layers
        seen = f"layer {start}, the last one shared" if start else "the inputs"
        weights = r"the weights of the features, independent $\mathcal{N}(0, 1/d_{\ell-1})$"
        return (
            Symbol("d_v/d", "the relative width of the last layer", self.ratio),
            Symbol(r"F_\ell", weights),
            Symbol(r"K_\ell, k_\ell", "linear coefficients and residual variances of the neurons"),
            Symbol(rf"c_{{{start}}}", f"the covariance of the target with {seen}"),
            Symbol(r"\Omega_0", "the covariance of the inputs"),
        )

    def order_parameters(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        overlap_conjugate: FloatArray,
        regularization: FloatArray,
    ) -> OrderParameters:
        """V, q, m and the mean square of the weights."""
        rows, inverse = self._at(susceptibility_conjugate, regularization)
        spent, square, soft, c, c_square, c_soft = rows[:6]
        known = self.signal_variance * np.square(overlap_conjugate)
        inverse_square = inverse * inverse
        return OrderParameters(
            spent * inverse,
            (known * c_square + self_overlap_conjugate * square) * inverse_square,
            self.signal_variance * overlap_conjugate * c * inverse,
            (known * c_soft + self_overlap_conjugate * soft) * inverse_square,
        )

    def mean_square(
        self,
        susceptibility_conjugate: FloatArray,
        self_overlap_conjugate: FloatArray,
        regularization: FloatArray,
        slope: float = 1.0,
    ) -> FloatArray:
        """E (slope h - z)^2 where the conjugate of m is `slope` times that of V, a sum."""
        rows, inverse = self._at(susceptibility_conjugate, regularization)
        signal = self.signal_variance * rows[6] + self.noise_variance
        noise = self_overlap_conjugate * rows[1] * inverse * inverse
        out: FloatArray = slope * slope * signal + noise
        return out

    def matched_regularization(self, noise_to_signal: float) -> float | None:
        """See `Geometry`: the square loss is the posterior mean if all layers are shared."""
        return noise_to_signal if self.shared_layers == len(self.widths) else None

    def _at(
        self, susceptibility_conjugate: FloatArray, regularization: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Traces at z = regularization/conjugate, and 1/conjugate; NaN where one is negative."""
        conjugate, penalty = np.broadcast_arrays(
            np.asarray(susceptibility_conjugate, dtype=np.float64),
            np.asarray(regularization, dtype=np.float64),
        )
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            valid = (conjugate >= 0.0) & (penalty >= 0.0)
            exact = np.where(valid, penalty / conjugate, np.nan)
            inverse = np.where(exact > _HIGHEST, _HIGHEST / penalty, 1.0 / conjugate)
        return self.traces(np.clip(exact, _LOWEST, _HIGHEST)), inverse


@dataclass(frozen=True, init=False)
class RandomFeatures:
    r"""The last hidden layer of a random network, as the input of a linear student.

    Parameters
    ----------
    network : DeepNetwork
        The student's random layers. Its readout is what is trained, so the network's
        ``readout_variance`` plays no role.
    width_ratios : float or sequence of float
        k_l/d of each layer, > 0.
    shared_layers : int, default 0
        How many of the first layers are the target's own. The problem is then asked as
        ``teacher.glm(channel, above_layer=shared_layers)``; with 0 the student's layers are
        independent of the target.

    Raises
    ------
    BadArgument
        If there are not as many ratios as layers, one is not finite and positive, or
        `shared_layers` is not between 0 and the depth.

    Notes
    -----
    The features are equivalent to Gaussian ones of covariance

    .. math:: \Omega_\ell = K_\ell F_\ell \Omega_{\ell-1} F_\ell^T K_\ell + \mathrm{diag}(k_\ell),
              \quad c_\ell = K_\ell F_\ell c_{\ell-1},

    with the linear coefficients K and the residual variances k of each neuron. Where activations
    are odd and there are no biases, all neurons of a layer are alike. Otherwise a neuron's
    frozen mean decides on its coefficients, and their law enters. The features' own means act as
    a free intercept, which a target without offset does not use.

    Examples
    --------
    >>> import nishimori as nm
    >>> network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
    >>> features = nm.features.RandomFeatures(network, [1.5, 0.8])
    >>> features
    RandomFeatures(2 x tanh:gain=2.0, width_ratios=(1.5, 0.8))
    >>> geometry = features.geometry(network.glm(nm.channels.Linear()))
    >>> print(f"{geometry.ratio:g} {geometry.target_variance:.12f}")
    0.8 0.561600637194

    References
    ----------
    .. [1] Schroder, Cui, Dmitriev, Loureiro, arXiv:2302.00401.
    .. [2] Cui, Krzakala, Zdeborova, arXiv:2302.00375, eq. 23.
    """

    network: DeepNetwork
    width_ratios: tuple[float, ...]
    shared_layers: int = 0

    references: ClassVar[tuple[str, ...]] = ("gerace2020", "schroder2023", "cui2023")

    def __init__(
        self,
        network: DeepNetwork,
        width_ratios: float | Sequence[float],
        shared_layers: int = 0,
    ) -> None:
        if not isinstance(network, DeepNetwork):
            raise BadArgument(
                f"RandomFeatures: network must be a DeepNetwork, got {shown(network)}"
            )
        given = require_array("width_ratios", width_ratios, "RandomFeatures")
        ratios = tuple(given.ravel().tolist())
        if len(ratios) != network.depth:
            raise BadArgument(
                f"RandomFeatures: width_ratios must be one k_l/d for each of the {network.depth} "
                f"layers, got {len(ratios)}"
            )
        if not all(np.isfinite(r) and r > 0.0 for r in ratios):
            raise BadArgument(
                f"RandomFeatures: width_ratios must be finite and positive, got {list(ratios)}"
            )
        shared = require_integer("shared_layers", shared_layers, "RandomFeatures", 0, network.depth)
        object.__setattr__(self, "network", network)
        object.__setattr__(self, "width_ratios", ratios)
        object.__setattr__(self, "shared_layers", shared)

    def geometry(self, problem: GLM) -> LayeredGeometry:
        """See `Features`."""
        require_glm(problem, "RandomFeatures")
        if self.shared_layers and not isinstance(problem.spectrum, Isotropic):
            raise BadArgument(
                "RandomFeatures: features that share layers with the target need isotropic inputs "
                f"and a problem asked with above_layer={self.shared_layers}, got {problem.spectrum}"
            )
        reduction = self.network.reduce(problem.spectrum.mean)
        for layer in reduction.layers:
            if layer.variance == 0.0:
                raise BadArgument(
                    f"RandomFeatures: the output of layer {layer.index} does not depend on the "
                    "input; its weight_variance must be positive and its activation not constant"
                )
        return LayeredGeometry(
            kinds_of_neurons(self.network, reduction),
            self.width_ratios,
            problem.spectrum,
            problem.signal_variance,
            problem.noise_variance,
            self.shared_layers,
        )

    def __repr__(self) -> str:
        shared = f", shared_layers={self.shared_layers}" if self.shared_layers else ""
        return f"RandomFeatures({self.network}, width_ratios={self.width_ratios}{shared})"
