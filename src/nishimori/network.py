"""A deep random network: its layers, and the doors to everything that is computed from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from numpy.typing import ArrayLike

from nishimori.activations import Activation
from nishimori.arguments import require_integer, require_positive
from nishimori.errors import BadArgument
from nishimori.results import traced

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.glm import GLM
    from nishimori.paper import Equations
    from nishimori.reduction import Reduction
    from nishimori.results import Curve
    from nishimori.spectra import Spectrum

__all__ = ["DeepNetwork", "Layer"]

_DEEPEST = 1_000_000


def require_variance(name: str, value: Any, owner: str, *, positive: bool = False) -> float:
    """`value` as a finite variance, or a sentence."""
    return require_positive(name, value, owner, zero=not positive, what="is a variance and ")


def require_spectrum(spectrum: Any) -> None:
    """Refuse, in a sentence, what is neither a spectrum nor None."""
    from nishimori.spectra import Spectrum

    if not (spectrum is None or isinstance(spectrum, Spectrum)):
        raise BadArgument(f"spectrum must be one of nishimori.spectra, got {spectrum!r}")


@dataclass(frozen=True)
class Layer:
    r"""One hidden layer, :math:`X^\ell = \phi(W X^{\ell-1}/\sqrt{d_{\ell-1}} + b)`.

    Parameters
    ----------
    activation : Activation
        phi.
    weight_variance : float, default 1
        Variance of each entry of W before the 1/sqrt(fan-in); >= 0.
    bias_variance : float, default 0
        Variance of each bias; >= 0.

    Raises
    ------
    BadArgument
        If a variance is negative or not finite, or `activation` is not an activation.
    """

    activation: Activation
    weight_variance: float = 1.0
    bias_variance: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.activation, Activation):
            raise BadArgument(
                "Layer: activation must be one of nishimori.activations (Custom takes any "
                f"callable), got {self.activation!r}"
            )
        for name in ("weight_variance", "bias_variance"):
            object.__setattr__(self, name, require_variance(name, getattr(self, name), "Layer"))

    def __str__(self) -> str:
        text = str(self.activation)
        if self.weight_variance != 1.0:
            text += f":weight_variance={self.weight_variance:g}"
        if self.bias_variance != 0.0:
            text += f":bias_variance={self.bias_variance:g}"
        return text


@dataclass(frozen=True)
class DeepNetwork:
    r"""A deep random network with a Gaussian linear readout.

    Inputs x ~ N(0, I_d); weights, biases and readout are independent Gaussians; the output is
    :math:`h = a \cdot X^L / \sqrt{d_L}`, :math:`a_i \sim N(0, \Delta_a)`. All widths grow in
    proportion to d; their ratios do not matter in the limit.

    Parameters
    ----------
    layers : sequence of Layer
        At least one.
    readout_variance : float, default 1
        Variance of the readout weights, Delta_a; >= 0.

    Raises
    ------
    BadArgument
        If there is no layer, an element is not a `Layer`, or a variance is out of its domain.

    Examples
    --------
    >>> import nishimori as nm
    >>> network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
    >>> print(f"{network.reduce().signal_variance:.12f}")
    0.409094517611

    References
    ----------
    .. [1] Camilli, Tieplova, Bergamin, Barbier, arXiv:2505.03577, eq. 1 and Theorem 1.
    """

    layers: tuple[Layer, ...]
    readout_variance: float = 1.0

    references: ClassVar[tuple[str, ...]] = ("camilli2025", "cui2023", "barbier2019")

    def __init__(self, layers: Sequence[Layer], readout_variance: float = 1.0) -> None:
        if isinstance(layers, Layer):
            layers = (layers,)
        try:
            items = tuple(layers)
        except TypeError:
            raise BadArgument(
                f"DeepNetwork: layers must be a sequence of Layer, got {layers!r}"
            ) from None
        if not items:
            raise BadArgument("DeepNetwork: layers is empty; at least one Layer is needed")
        for number, layer in enumerate(items, 1):
            if not isinstance(layer, Layer):
                raise BadArgument(
                    f"DeepNetwork: layer {number} must be a Layer, got {layer!r}; "
                    "write Layer(activation)"
                )
        object.__setattr__(self, "layers", items)
        variance = require_variance("readout_variance", readout_variance, "DeepNetwork")
        object.__setattr__(self, "readout_variance", variance)

    @classmethod
    def uniform(
        cls,
        activation: Activation,
        depth: int,
        *,
        weight_variance: float = 1.0,
        bias_variance: float = 0.0,
        readout_variance: float = 1.0,
    ) -> DeepNetwork:
        """`depth` equal hidden layers."""
        count = require_integer("depth", depth, "DeepNetwork", 1, _DEEPEST)
        layer = Layer(activation, weight_variance, bias_variance)
        return cls((layer,) * count, readout_variance)

    @property
    def depth(self) -> int:
        """Number of hidden layers."""
        return len(self.layers)

    def reduce(
        self,
        input_second_moment: float = 1.0,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Reduction:
        """The equivalent GLM's coefficients, layer by layer; see `nishimori.Reduction`.

        Parameters
        ----------
        input_second_moment : float, default 1
            r_0 = tr(Sigma)/d of the inputs; > 0.
        progress : callable, optional
            Called as ``progress(done, total)`` after each layer.

        Raises
        ------
        ActivationError, ReductionError
            If a layer has no finite Gaussian second moment.
        """
        from nishimori.reduction import reduce_network

        return reduce_network(self, input_second_moment, progress=progress)

    def glm(
        self,
        channel: Channel,
        *,
        offset: float = 0.0,
        above_layer: int = 0,
        spectrum: Spectrum | None = None,
    ) -> GLM:
        """The equivalent GLM, ``reduce().glm(channel, offset, above_layer)``.

        With a `spectrum` of the inputs, the network is reduced at its mean.
        """
        require_spectrum(spectrum)
        reduction = self.reduce(1.0 if spectrum is None else spectrum.mean)
        return reduction.glm(channel, offset=offset, above_layer=above_layer, spectrum=spectrum)

    def equations(
        self, channel: Channel | None = None, *, spectrum: Spectrum | None = None
    ) -> Equations:
        """The reduction, and with a `channel` the equivalent GLM's state evolution, as LaTeX.

        With a `spectrum` of the inputs, the network is reduced at its mean.
        """
        require_spectrum(spectrum)
        reduction = self.reduce(1.0 if spectrum is None else spectrum.mean)
        return reduction.equations(channel, spectrum=spectrum)

    def learning_curve(
        self,
        channel: Channel,
        alpha: ArrayLike,
        *,
        branch: str = "optimal",
        rtol: float = 1e-10,
        on_failure: Literal["raise", "warn", "return"] = "raise",
        input_second_moment: float | None = None,
        spectrum: Spectrum | None = None,
        quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
        progress: Callable[[int, int], None] | None = None,
    ) -> Curve:
        """The Bayes-optimal learning curve, averaged over the random output offset.

        A network that is not odd adds one random constant c_0 ~ N(0, offset_variance) to every
        label's field. It is learnt at no cost, but the error depends on its value; the curve is
        the mean over c_0, and ``curve.quantiles`` says how the test error varies with it. Where
        ``offset_variance`` is 0, or the channel ignores an offset, it is the GLM's own curve.

        Parameters
        ----------
        channel : Channel
        alpha : array_like
            Sample ratios n/d; > 0.
        branch, rtol, on_failure
            As in `GLM.learning_curve`.
        input_second_moment : float, optional
            1 by default, or the mean of `spectrum`.
        spectrum : Spectrum, optional
            Of the inputs' covariance.
        quantiles : sequence of float
            Probabilities in (0, 1).
        progress : callable, optional
            Called as ``progress(done, total)`` while the offsets are worked through.
        """
        from nishimori.observables import offset_average

        require_spectrum(spectrum)
        inputs = {"input_second_moment": input_second_moment, "spectrum": spectrum}
        if input_second_moment is None:
            input_second_moment = 1.0 if spectrum is None else spectrum.mean
        reduction = self.reduce(input_second_moment)
        settings: dict[str, Any] = {"branch": branch, "rtol": rtol, "quantiles": quantiles}
        return traced(
            lambda: offset_average(
                reduction.glm(channel, spectrum=spectrum),
                reduction.offset_variance,
                alpha,
                on_failure=on_failure,
                progress=progress,
                **settings,
            ),
            self,
            "learning_curve",
            {"channel": channel, "alpha": alpha, **settings, **inputs},
        )

    def _repr_html_(self) -> str:
        from nishimori.export.html import network_html

        return network_html(self)

    def __str__(self) -> str:
        texts = [str(layer) for layer in self.layers]
        if len(set(texts)) == 1:
            return f"{self.depth} x {texts[0]}"
        return ", ".join(texts)
