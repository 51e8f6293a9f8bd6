"""The recursion over layers: a deep network's equivalent GLM."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nishimori.activations.base import LayerMoments
from nishimori.arguments import as_float
from nishimori.errors import BadArgument, ReductionError
from nishimori.network import DeepNetwork, Layer
from nishimori.reduction.moments import LayerIntegrator
from nishimori.reduction.result import LayerReduction, Reduction
from nishimori.reduction.rigour import judge
from nishimori.reduction.wide_float import ZERO, WideFloat

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["reduce_network"]

# Where both variances, or their ratio c/m, are below the floor the moments are pure powers of
# them, and are continued as such.
_LOG_FLOOR = math.log(1e-150)
_LOG_STEP = math.log(1e5)
_LOG_CEILING = math.log(1e300)


class _WideMoments:
    """`LayerMoments` without the range of a float: each continued as a power where needed."""

    def __init__(self, moments: LayerMoments) -> None:
        self.slope_square = WideFloat.of(moments.slope_square)
        self.residual = WideFloat.of(moments.residual)
        self.mean_square = WideFloat.of(moments.mean_square)
        self.sign = math.copysign(1.0, moments.slope)
        self.slope_error = moments.slope_error
        self.residual_error = moments.residual_error
        self.gain_error = moments.gain_error
        self.mean_error = moments.mean_error

    def continued(self, other: _WideMoments, steps: float) -> _WideMoments:
        """Extrapolate `steps` steps below self, `other` lying one step above."""
        out = object.__new__(_WideMoments)
        for name in ("slope_square", "residual", "mean_square"):
            here, above = getattr(self, name).log(), getattr(other, name).log()
            if here == -math.inf:
                setattr(out, name, ZERO)
                continue
            power = (above - here) / _LOG_STEP
            quarter = round(4.0 * power) / 4.0
            power = quarter if abs(power - quarter) < 1e-6 else power
            drop = WideFloat.from_log(-power * steps * _LOG_STEP)
            setattr(out, name, getattr(self, name).times(drop))
        out.sign = self.sign
        for name in ("slope_error", "residual_error", "gain_error", "mean_error"):
            setattr(out, name, max(getattr(self, name), getattr(other, name)))
        return out


@dataclass(frozen=True)
class _Errors:
    """Estimated relative errors of lambda, gamma, V and M, carried from layer to layer.

    To a layer's own error comes what it was given: V and M pass their error on at most once (their
    recursion does not expand), and the slope feels it in proportion to the layer's nonlinear share.
    """

    signal: float = 0.0
    noise: float = 0.0
    variance: float = 0.0
    mean: float = 0.0

    def after(self, moments: _WideMoments, residual: WideFloat, kept: WideFloat) -> _Errors:
        """The errors behind a layer that adds `residual` to the `kept` part of the noise."""
        gain = moments.slope_square.plus(moments.residual)
        nonlinear = moments.residual.over(gain) if gain.mantissa else 0.0
        given = max(self.variance, self.mean)
        slope = moments.slope_error + nonlinear * given
        own = residual.over(residual.plus(kept)) if residual.mantissa else 0.0
        return _Errors(
            signal=self.signal + slope,
            noise=own * (moments.residual_error + given) + (1.0 - own) * (self.noise + slope),
            variance=self.variance + moments.gain_error,
            mean=given + moments.mean_error if moments.mean_square.mantissa else 0.0,
        )

    @property
    def largest(self) -> float:
        """The worst of signal, noise and mean square."""
        return max(self.signal, self.noise, self.mean)


def _wide_moments(
    moments: Callable[[float, float], LayerMoments], c: WideFloat, m: WideFloat
) -> _WideMoments:
    log_c, log_m = c.log(), m.log()
    top = max(log_c, log_m)
    if top > _LOG_CEILING:
        raise OverflowError
    if top < _LOG_FLOOR:
        lift = _LOG_FLOOR - top
        here = _wide_moments(moments, _lifted(c, lift), _lifted(m, lift))
        above = _wide_moments(moments, _lifted(c, lift + _LOG_STEP), _lifted(m, lift + _LOG_STEP))
        return here.continued(above, lift / _LOG_STEP)
    if log_c < log_m + _LOG_FLOOR - 1.0:
        lift = log_m + _LOG_FLOOR - log_c
        here = _wide_moments(moments, _lifted(c, lift), m)
        above = _wide_moments(moments, _lifted(c, lift + _LOG_STEP), m)
        return here.continued(above, lift / _LOG_STEP)
    return _WideMoments(moments(float(c), float(m)))


def _lifted(value: WideFloat, log: float) -> WideFloat:
    return value.times(WideFloat.from_log(log))


def reduce_network(
    network: DeepNetwork,
    input_second_moment: float = 1.0,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Reduction:
    r"""The equivalent GLM of `network`, layer by layer.

    With :math:`c = \Delta V_{\ell-1}` (variance over inputs of a pre-activation) and
    :math:`m = \Delta M_{\ell-1} + \beta` (variance over neurons of its frozen mean),

    .. math:: \lambda_\ell = \kappa_\ell^2 \Delta_\ell \lambda_{\ell-1}, \quad
              \gamma_\ell = \epsilon_\ell + \kappa_\ell^2 \Delta_\ell \gamma_{\ell-1}, \quad
              V_\ell = \lambda_\ell + \gamma_\ell,

    a sum of non-negative terms at every step, carried with an exponent that does not run out.
    """
    second_moment = as_float("input_second_moment", input_second_moment, "reduce")
    if not (math.isfinite(second_moment) and second_moment > 0.0):
        raise BadArgument(
            "input_second_moment must be finite and positive (tr Sigma / d of the inputs), got "
            f"{input_second_moment!r}"
        )
    signal, noise, mean = WideFloat.of(second_moment), ZERO, ZERO
    integrators: dict[Layer, LayerIntegrator] = {}
    layers: list[LayerReduction] = []
    errors = _Errors()
    for number, layer in enumerate(network.layers, 1):
        weight = WideFloat.of(layer.weight_variance)
        c = weight.times(signal.plus(noise))
        m = weight.times(mean).plus(WideFloat.of(layer.bias_variance))
        integrator = integrators.get(layer)
        if integrator is None:
            integrator = integrators[layer] = LayerIntegrator(layer.activation)
        try:
            moments = _layer_moments(integrator, c, m)
            signal = moments.slope_square.times(weight).times(signal)
            residual = moments.residual.times(c)
            kept = moments.slope_square.times(weight).times(noise)
            errors = errors.after(moments, residual, kept)
            noise = residual.plus(kept)
            mean = moments.mean_square
            second = float(signal.plus(noise).plus(mean))
        except OverflowError:
            second = math.inf
        if not second < 1e300:
            raise ReductionError(
                f"layer {number} ({layer}): the second moment of its output overflows; a smaller "
                "weight_variance or a bounded activation would keep it finite"
            )
        slope = math.sqrt(float(moments.slope_square))
        layers.append(
            LayerReduction(
                index=number,
                linear_coefficient=slope * moments.sign if not m.mantissa else slope,
                signal_variance=float(signal),
                noise_variance=float(noise),
                log_signal_variance=signal.log(),
                log_noise_variance=noise.log(),
                mean_square=float(mean),
                second_moment=second,
                weight_variance=layer.weight_variance,
                residual_variance=float(residual),
                slope_square=moments.slope_square,
                residual=residual,
            )
        )
        if progress is not None:
            progress(number, network.depth)
    readout = WideFloat.of(network.readout_variance)
    rigour, reasons = judge(network)
    return Reduction(
        signal_variance=float(readout.times(signal)),
        noise_variance=float(readout.times(noise)),
        log_signal_variance=readout.times(signal).log(),
        log_noise_variance=readout.times(noise).log(),
        offset_variance=float(readout.times(mean)),
        error_estimate=errors.largest,
        rigour=rigour,
        reasons=reasons,
        layers=tuple(_with_equivalents(layers, readout)),
        readout_variance=network.readout_variance,
        input_second_moment=second_moment,
        description=str(network),
        network=network,
    )


def _layer_moments(integrator: LayerIntegrator, c: WideFloat, m: WideFloat) -> _WideMoments:
    if not c.mantissa:
        # Nothing varies with the input any more; only the frozen mean goes on.
        smallest = WideFloat.from_log(_LOG_FLOOR)
        return _wide_moments(integrator.moments, smallest, m)
    return _wide_moments(integrator.moments, c, m)


def _with_equivalents(layers: list[LayerReduction], readout: WideFloat) -> list[LayerReduction]:
    """Add to each layer k the equivalent model in its features: eta_k and gamma_k."""
    gain, noise = readout, ZERO  # eta_L^2 and gamma_L: only the readout is left
    out: list[LayerReduction] = []
    for layer in reversed(layers):
        out.append(layer.with_equivalent(signal_variance=float(gain), noise_variance=float(noise)))
        noise = noise.plus(gain.times(layer.residual))
        gain = gain.times(layer.slope_square).times(WideFloat.of(layer.weight_variance))
    return out[::-1]
