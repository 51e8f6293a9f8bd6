"""Any function of the field as label, with Gaussian noise or without."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np

from nishimori.activations.base import Activation, AffinePieces
from nishimori.channels.base import Channel, FloatArray, Information, require_noise
from nishimori.channels.formulas import information_of, law_average
from nishimori.channels.laws import LabelLaw
from nishimori.errors import BadArgument
from nishimori.latex import Symbol

__all__ = ["Readout"]

# below this share of the variance, an even function's F/signal is read off its first powers
_SMALL_SHARE = 5e-5
_SAMPLES = 5


class _Form(Protocol):
    """What the closed and the tabulated forms of the integrals have in common."""

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information: ...

    def spread(self, signal: FloatArray, variance: FloatArray, offset: float) -> FloatArray: ...


@dataclass(frozen=True)
class Readout(Channel):
    r"""y = f(h) + sqrt(noise) z, with any activation as f.

    Parameters
    ----------
    activation : Activation
        f; one of ``nishimori.activations``. Without noise it must be piecewise affine or known
        to be strictly monotone.
    noise : float, default 0
        Variance Delta of the label noise, added outside f; >= 0.

    Raises
    ------
    BadArgument
        If `activation` is not an activation or `noise` is negative; and when evaluated, if f
        needs noise and there is none.
    UnresolvedIntegral
        (a BadArgument) When evaluated, if f cannot be tabulated on so little noise; curves, states
        and thresholds have `Status.UNRESOLVED` instead.

    Notes
    -----
    With :math:`Z(y, \omega) = E_z N(y; f(c_0 + \omega + \sqrt{V} z), \Delta)`,

    .. math:: F = E_\omega \int dy \, \frac{(\partial_\omega Z)^2}{Z}, \qquad
              \Psi_{out} = E_\omega \int dy \, Z \ln Z.

    Piecewise affine f, :math:`a_k h + b_k` on :math:`(t_k, t_{k+1})`, has the closed form

    .. math:: Z = \sum_k N(y; a_k \omega + b_k, a_k^2 V + \Delta)
              [\Phi((t_{k+1} - \mu_k)/\tau_k) - \Phi((t_k - \mu_k)/\tau_k)],

    :math:`\tau_k^2 = V \Delta/(a_k^2 V + \Delta)`,
    :math:`\mu_k = (\omega \Delta + a_k V (y - b_k))/(a_k^2 V + \Delta)`; without noise flat
    pieces are atoms of the label (counting measure) and the others a density. A strictly
    monotone f without noise tells the field: F = 1/V and
    :math:`\Psi_{out} = -\tfrac12 \ln 2\pi e V - E \ln |f'(h)|`.

    Examples
    --------
    >>> import nishimori as nm
    >>> relu = nm.channels.Readout(nm.activations.ReLU(), noise=0.5)
    >>> print(f"{nm.GLM(channel=relu).solve(1.0).mmse:.9f}")
    0.728223628

    The absolute value tells nothing as long as nothing is known:

    >>> phaseless = nm.channels.Readout(nm.activations.Abs())
    >>> fisher, _ = phaseless.information([0.0, 0.5], [1.0, 0.5])
    >>> print(f"{fisher[0]:.12f} {fisher[1]:.12f}")
    0.000000000000 0.986346813191

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    activation: Activation
    noise: float = 0.0

    metrics: ClassVar[tuple[str, ...]] = ("mean_square", "log_loss", "gibbs")
    costly: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.activation, Activation):
            raise BadArgument(
                "Readout: activation must be one of nishimori.activations, like "
                f"activations.ReLU(), got {self.activation!r}"
            )
        object.__setattr__(self, "noise", require_noise("noise", self.noise, "Readout"))

    @property
    def even_in_offset(self) -> bool:  # type: ignore[override]
        return self.activation.parity != "none"

    @property
    def proven(self) -> bool:  # type: ignore[override]
        f = self.activation
        return self.noise > 0.0 and f.parity == "odd" and f.bounded_derivatives

    @property
    def _pieces(self) -> AffinePieces | None:
        if self.activation.polynomial_degree in (0, 1):
            intercept, slope = self.activation.taylor(np.zeros(1), 1)[0].tolist()
            return AffinePieces((), (slope,), (intercept,))
        return self.activation.pieces

    @cached_property
    def _form(self) -> _Form:
        pieces = self._pieces
        if pieces is not None:
            from nishimori.channels.readout_affine import AffineReadout

            return AffineReadout(pieces, self.noise, self.activation.parity != "none")
        if self.noise == 0.0:
            from nishimori.channels.readout_noiseless import NoiselessReadout

            return NoiselessReadout(self.activation)
        from nishimori.channels.readout_smooth import SmoothReadout

        return SmoothReadout(self.activation, self.noise)

    @property
    def _small_share(self) -> float:
        return float(getattr(self._form, "small_share", _SMALL_SHARE))

    def latex_law(self) -> str:
        noise = r" + \sqrt{\Delta}\,\zeta" if self.noise else ""
        return rf"y &= f(h){noise}, \qquad f(h) = {self.activation.latex('h')}"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        if self.noise == 0.0 and self._pieces is None:
            h = rf"{omega} + \sqrt{{V}}\,z"
            slope = rf"\mathbb{{E}} \ln \lvert f'({h}) \rvert"
            entropy = rf"-\tfrac12 \ln 2\pi e V - {slope}"
            return r"F &= \frac{1}{V}", rf"\Psi_{{\mathrm{{out}}}} &= {entropy}"
        if self.noise:
            law = law_average(r"\mathcal{N}(y;\, f({h}), \Delta)", omega)
        else:
            law = law_average(r"\,\delta(y - f({h}))", omega)
        return law, *information_of(r"\int \mathrm{d}y\,")

    def latex_error(self, omega: str = r"\omega") -> str:
        noise = r" + \Delta" if self.noise else ""
        return rf"\mathbb{{E}}_\omega \operatorname{{Var}}(f(h) \mid \omega){noise}"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        given = type(self.activation).latex is Activation.latex
        whose = r", with a user-given function $\varphi$" if given else ""
        symbols = [Symbol("f", f"the readout function{whose}")]
        if self.noise:
            symbols.append(Symbol(r"\Delta", "the variance of the label noise", self.noise))
        elif self._pieces is not None and 0.0 in self._pieces.slopes:
            symbols.append(Symbol(r"\int \mathrm{d}y", "with a sum over the atoms of $Z$"))
        return tuple(symbols)

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        form = self._form
        small = (signal > 0.0) & (signal < self._small_share * variance)
        if self.activation.parity != "even" or offset != 0.0 or not small.any():
            return form.evaluate(signal, variance, offset)
        # dZ is odd in omega and drowns in rounding; F/signal is a power series in signal/variance
        out = form.evaluate(np.where(small, 0.0, signal), variance, offset)
        where = np.flatnonzero(small)
        share = _SMALL_SHARE * np.arange(1.0, _SAMPLES + 1.0)
        grid = np.multiply.outer(variance[where], share)
        known = form.evaluate(grid.ravel(), np.repeat(variance[where], _SAMPLES), offset)
        weights = _lagrange(share, signal[where] / variance[where])
        scaled = known.fisher.reshape(grid.shape) / grid
        out.fisher[where] = signal[where] * (weights * scaled).sum(axis=1)
        errors = (np.abs(weights) * known.error.reshape(grid.shape)).sum(axis=1)
        out.error[where] = 3e-12 + errors
        gained = (known.entropy.reshape(grid.shape) - out.entropy[where][:, None]) / grid
        out.entropy[where] += signal[where] * (weights * gained).sum(axis=1)
        return out

    def conditional_entropy(self, variance: float, offset: float) -> float:
        if self.noise > 0.0:
            return -0.5 * math.log(2.0 * math.pi * math.e * self.noise)
        pieces = self._pieces
        return 0.0 if pieces is not None and not any(pieces.slopes) else math.inf

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        if metric == "log_loss":
            return -self.evaluate(signal, variance, offset).entropy
        spread = self._form.spread(signal, variance, offset)
        return (2.0 if metric == "gibbs" else 1.0) * spread + self.noise

    @property
    def binary(self) -> bool:  # type: ignore[override]
        pieces = self._pieces
        if self.noise > 0.0 or pieces is None or any(pieces.slopes):
            return False
        return set(pieces.intercepts) == {-1.0, 1.0}

    def label_law(self, field: FloatArray) -> LabelLaw:
        values = np.asarray(self.activation.value(field))[:, None]
        return LabelLaw(values, np.ones((1, 1)), np.full((1, 1), self.noise))

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        from nishimori.channels.readout_panels import panel_edges

        places = {*self.activation.breakpoints, *self.activation.knots}
        if self._pieces is None and variance > 0.0:
            reach = 9.0 * math.sqrt(variance)
            edges, _ = panel_edges(self.activation, offset - reach, offset + reach, math.inf)
            places.update(edges.tolist())
        return tuple((place, 0.0) for place in sorted(places))

    def without_noise(self) -> Readout:
        return Readout(self.activation)

    def __str__(self) -> str:
        inner = str(self.activation).replace(":", ",")
        noise = f":noise={self.noise:g}" if self.noise else ""
        return f"readout:activation={inner}{noise}"


def _lagrange(nodes: FloatArray, x: FloatArray) -> FloatArray:
    """Weights of the polynomial through values at `nodes`, at each x; shape (x, node)."""
    weights = np.ones((x.size, nodes.size))
    for i in range(nodes.size):
        for j in range(nodes.size):
            if i != j:
                weights[:, i] *= (x - nodes[j]) / (nodes[i] - nodes[j])
    return weights
