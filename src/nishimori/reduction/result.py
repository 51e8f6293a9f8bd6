"""What a reduction found, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from nishimori.arguments import require_integer
from nishimori.errors import BadArgument
from nishimori.reduction.rigour import Rigour
from nishimori.reduction.wide_float import ZERO, WideFloat
from nishimori.results import Origin
from nishimori.results.travel import Travels, one_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nishimori.channels import Channel
    from nishimori.glm import GLM
    from nishimori.network import DeepNetwork
    from nishimori.paper import Equations
    from nishimori.spectra import Spectrum

__all__ = ["LayerReduction", "Reduction"]


@dataclass(frozen=True)
class LayerReduction:
    """One layer of a reduction.

    Attributes
    ----------
    index : int
        Counts from 1.
    linear_coefficient : float
        kappa: E phi' where no frozen mean reaches the layer, else the root mean square of E_z phi'
        over neurons.
    signal_variance, noise_variance : float
        lambda and gamma up to this layer: the parts of the variance over inputs that are, and are
        not, linear in the input; their sum is V.
    log_signal_variance, log_noise_variance : float
        Their logarithms, right where the floats underflow.
    mean_square : float
        M, the variance over neurons of the frozen mean of the layer's output.
    second_moment : float
        E phi^2 = V + M.
    residual_variance : float
        epsilon, the part of V that this layer itself adds to the noise.
    equivalent_gain, equivalent_noise : float
        eta_k and gamma_k of the equivalent model that keeps the first k layers:
        ``eta_k a.X^k/sqrt(d_k) + sqrt(gamma_k) xi``.
    """

    index: int
    linear_coefficient: float
    signal_variance: float
    noise_variance: float
    log_signal_variance: float
    log_noise_variance: float
    mean_square: float
    second_moment: float
    weight_variance: float
    residual_variance: float
    slope_square: WideFloat = field(repr=False, default=ZERO)
    residual: WideFloat = field(repr=False, default=ZERO)
    equivalent_signal_variance: float = math.nan
    equivalent_noise: float = math.nan

    def with_equivalent(self, *, signal_variance: float, noise_variance: float) -> LayerReduction:
        """A copy that knows the model in this layer's features."""
        return replace(
            self, equivalent_signal_variance=signal_variance, equivalent_noise=noise_variance
        )

    @property
    def variance(self) -> float:
        """V, the variance of a neuron's output over inputs."""
        return self.signal_variance + self.noise_variance

    @property
    def equivalent_gain(self) -> float:
        """eta_k: the square root of ``equivalent_signal_variance``."""
        return math.sqrt(self.equivalent_signal_variance)

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, ready for JSON."""
        names = (
            "index linear_coefficient signal_variance noise_variance log_signal_variance "
            "log_noise_variance mean_square second_moment residual_variance equivalent_gain "
            "equivalent_noise"
        )
        return {name: getattr(self, name) for name in names.split()}


@dataclass(frozen=True)
class Reduction(Travels):
    r"""The GLM that a deep network is information-theoretically equivalent to.

    Labels of the network are as informative as those of
    :math:`y \sim P_{out}(\cdot | \sqrt\lambda\, a \cdot x/\sqrt d + \sqrt\eta\, \xi + c_0)`.

    Attributes
    ----------
    signal_variance : float
        lambda; 0 where it underflows (then see `log_signal_variance`).
    noise_variance : float
        eta, the structural noise: what the network does that no linear model of x can express.
    log_signal_variance, log_noise_variance : float
        Natural logarithms, right at any depth.
    offset_variance : float
        Variance of c_0, a random constant in every label; 0 for odd networks without biases.
    error_estimate : float
        Estimated relative error of lambda, eta and the offset variance, whichever is largest.
    rigour : {"theorem", "conjecture"}
    reasons : tuple of str
        Why.
    layers : tuple of LayerReduction
    network : DeepNetwork or None
        What was reduced.
    """

    signal_variance: float
    noise_variance: float
    log_signal_variance: float
    log_noise_variance: float
    offset_variance: float
    error_estimate: float
    rigour: Rigour
    reasons: tuple[str, ...]
    layers: tuple[LayerReduction, ...]
    readout_variance: float
    input_second_moment: float
    description: str
    network: DeepNetwork | None = field(default=None, repr=False, compare=False)

    references: ClassVar[tuple[str, ...]] = ("camilli2025", "cui2023", "barbier2019")
    index_name = "index"
    table_columns = (
        "index",
        "linear_coefficient",
        "signal_variance",
        "noise_variance",
        "mean_square",
        "second_moment",
    )

    @property
    def origin(self) -> Origin | None:
        """The call that made it, where the network is known."""
        if self.network is None:
            return None
        given = {"input_second_moment": self.input_second_moment}
        return Origin(self.network, "reduce", given)

    def rows(self) -> list[dict[str, Any]]:
        """One dict per layer."""
        return [layer.as_dict() for layer in self.layers]

    @property
    def more(self) -> dict[str, Any]:
        """Its JSON has the whole reduction beside the layers."""
        return {"reduction": self.as_dict()}

    def plot(self, ax: Axes | None = None, *, axes: Axes | None = None, **style: Any) -> Axes:
        """Draw signal and noise variance against the layer; returns the axes."""
        from nishimori.export.pictures import draw_layers

        return draw_layers(self, one_axes(ax, axes), **style)

    def glm(
        self,
        channel: Channel,
        *,
        offset: float = 0.0,
        above_layer: int = 0,
        spectrum: Spectrum | None = None,
    ) -> GLM:
        """The equivalent GLM with Gaussian weights, observed through `channel`.

        Parameters
        ----------
        channel : Channel
        offset : float, default 0
            A known value of the output offset c_0, whose variance is `offset_variance`.
        above_layer : int, default 0
            Keep the first k layers as features: signal and noise of the layers above them,
            per unit variance of a feature of layer k.
        spectrum : Spectrum, optional
            Of the inputs; its mean must be the `input_second_moment` of this reduction. The
            signal keeps the covariance (lambda / r_0) Sigma.
        """
        from nishimori.glm import GLM
        from nishimori.network import require_spectrum
        from nishimori.spectra import Isotropic

        depth = len(self.layers)
        above_layer = require_integer("above_layer", above_layer, "glm", 0, depth)
        signal, noise = self.signal_variance, self.noise_variance
        if above_layer:
            layer = self.layers[above_layer - 1]
            signal, noise = layer.equivalent_signal_variance, layer.equivalent_noise
        require_spectrum(spectrum)
        if spectrum is None:
            spectrum = Isotropic()
        else:
            signal = self._spread_over(spectrum, above_layer, signal)
        return GLM(
            channel=channel,
            signal_variance=signal,
            noise_variance=noise,
            offset=offset,
            spectrum=spectrum,
            variance_error=self.error_estimate,
        )

    def equations(
        self, channel: Channel | None = None, *, spectrum: Spectrum | None = None
    ) -> Equations:
        """The reduction, and with a `channel` the equivalent GLM's state evolution, as LaTeX.

        Arguments as in `glm`; the offset is the random one that curves are averaged over.
        """
        from nishimori.paper.reduction import reduction_equations

        return reduction_equations(self, channel, spectrum)

    def _spread_over(self, spectrum: Spectrum, above_layer: int, signal: float) -> float:
        """The signal variance per unit eigenvalue of the inputs' covariance."""
        if above_layer:
            raise BadArgument("glm: a spectrum is of the inputs; it needs above_layer=0")
        if not math.isclose(spectrum.mean, self.input_second_moment, rel_tol=1e-9):
            raise BadArgument(
                f"glm: the spectrum's mean {spectrum.mean:g} is not the reduction's "
                f"input_second_moment {self.input_second_moment:g}; reduce with that mean"
            )
        return signal / self.input_second_moment

    def rigour_with(
        self, channel: Channel, spectrum: Spectrum | None = None
    ) -> tuple[Rigour, tuple[str, ...]]:
        """`rigour` and `reasons` for the labels of a channel, and inputs of a spectrum."""
        from nishimori.spectra import Isotropic

        more = []
        if not channel.proven:
            more.append(
                f"labels: {channel} is not a smooth odd function of the output plus Gaussian noise"
            )
        if spectrum is not None and not isinstance(spectrum, Isotropic):
            more.append(f"inputs: {spectrum} is not isotropic")
        if not more:
            return self.rigour, self.reasons
        known = self.reasons if self.rigour == "conjecture" else ()
        return "conjecture", (*known, *more)

    def finite_size_rate(self, samples: int, widths: Sequence[int] | int) -> float:
        r"""The rate at which a finite network's information approaches the equivalent GLM's.

        Parameters
        ----------
        samples : int
            n.
        widths : int or sequence of int
            Input dimension and widths of the hidden layers; the smallest one, d_m, decides.

        Returns
        -------
        float
            :math:`(1 + \sqrt{n/d_m} + n/d_m)/\sqrt{d_m}`, to which the difference of the mutual
            informations per sample is at most proportional (arXiv:2505.03577, Corollary 3); the
            constant is not known. A theorem where `rigour` says so.

        Examples
        --------
        >>> import nishimori as nm
        >>> reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=2).reduce()
        >>> print(f"{reduction.finite_size_rate(samples=1000, widths=[1000, 2000]):.6f}")
        0.094868
        """
        try:
            sizes = [float(w) for w in ([widths] if isinstance(widths, int | float) else widths)]
            count = float(samples)
        except (TypeError, ValueError):
            raise BadArgument("finite_size_rate: samples and widths must be numbers") from None
        if not count > 0.0 or not math.isfinite(count):
            raise BadArgument(f"finite_size_rate: samples must be positive, got {samples!r}")
        if not sizes or not all(w >= 1.0 and math.isfinite(w) for w in sizes):
            raise BadArgument(
                f"finite_size_rate: widths must be one or more integers of at least 1, got {widths}"
            )
        smallest = min(sizes)
        ratio = count / smallest
        return (1.0 + math.sqrt(ratio) + ratio) / math.sqrt(smallest)

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name, layers included, ready for JSON."""
        names = (
            "description input_second_moment readout_variance signal_variance noise_variance "
            "log_signal_variance log_noise_variance offset_variance rigour reasons error_estimate"
        )
        out = {name: getattr(self, name) for name in names.split()}
        out["reasons"] = list(self.reasons)
        out["layers"] = [layer.as_dict() for layer in self.layers]
        return out

    def _repr_html_(self) -> str:
        from nishimori.export.html import reduction_html

        return reduction_html(self)

    def __repr__(self) -> str:
        signal = _number(self.signal_variance, self.log_signal_variance)
        noise = _number(self.noise_variance, self.log_noise_variance)
        return (
            f"<Reduction of {self.description}: signal variance {signal}, noise variance {noise}, "
            f"offset variance {self.offset_variance:.15g}, {self.rigour}>"
        )

    def __str__(self) -> str:
        lines = [
            f"network           {self.description}",
            f"signal variance   {_number(self.signal_variance, self.log_signal_variance)}",
            f"noise variance    {_number(self.noise_variance, self.log_noise_variance)}",
            f"offset variance   {self.offset_variance:.15g}",
            f"error estimate    {self.error_estimate:.1e} (relative)",
            f"rigour            {self.rigour}: {'; '.join(self.reasons)}",
            "",
            f"{'layer':>5}{'linear coefficient':>22}{'signal variance':>22}{'noise variance':>22}"
            f"{'mean square':>22}{'second moment':>22}",
        ]
        shown = self.layers
        if len(shown) > 24:
            shown = (*shown[:12], *shown[-12:])
        previous = 0
        for layer in shown:
            if layer.index != previous + 1:
                lines.append("  ...")
            previous = layer.index
            lines.append(
                f"{layer.index:>5}{layer.linear_coefficient:>22.15g}"
                f"{_number(layer.signal_variance, layer.log_signal_variance):>22}"
                f"{_number(layer.noise_variance, layer.log_noise_variance):>22}"
                f"{layer.mean_square:>22.15g}{layer.second_moment:>22.15g}"
            )
        return "\n".join(lines)


def _number(value: float, log: float) -> str:
    """The value, or exp(log) in decimal where a float underflows."""
    if value != 0.0 or log == -math.inf:
        return f"{value:.15g}"
    exponent = math.floor(log / math.log(10.0))
    return f"{math.exp(log - exponent * math.log(10.0)):.9f}e{exponent}"
