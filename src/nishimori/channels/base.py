"""What every output channel must know about itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_positive
from nishimori.channels.formulas import information_of, law_average
from nishimori.channels.laws import LabelLaw, LabelMoments, field_rule
from nishimori.errors import BadArgument
from nishimori.latex import Symbol

__all__ = ["Channel", "Information"]

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-15  # relative to the sum of its terms' sizes, of a sum that is none


class Information(NamedTuple):
    """What a channel's kernel returns: arrays of one shape."""

    fisher: FloatArray
    entropy: FloatArray
    error: FloatArray


@dataclass(frozen=True)
class Channel:
    """A law P_out(y | h) of a label y given a field h.

    A channel file gives `evaluate`, `conditional_entropy`, `errors` and `without_noise`, and
    states the class facts below; `information` is the public, checked form of `evaluate`.

    Attributes
    ----------
    metrics : tuple of str
        What `errors` can be asked for; the first is the default test error.
    ignores_offset : bool
        Whether a known constant added to h changes nothing.
    even_in_offset : bool
        Whether the constants c_0 and -c_0 are equally good.
    proven : bool
        Whether the equivalence of deep networks is a theorem for such labels: a smooth, odd
        function of h with bounded derivatives, plus Gaussian noise.
    binary : bool
        Whether the labels are +1 and -1.
    costly : bool
        Whether one evaluation takes so long (a fraction of a millisecond) that a curve is better
        read off its series, checked between the nodes, than evaluated at every point.
    references : tuple of str
        Keys of what `nishimori.citation` cites.
    """

    metrics: ClassVar[tuple[str, ...]] = ("mean_square", "log_loss")
    ignores_offset: ClassVar[bool] = False
    even_in_offset: ClassVar[bool] = False
    proven: ClassVar[bool] = False
    binary: ClassVar[bool] = False
    costly: ClassVar[bool] = False
    references: ClassVar[tuple[str, ...]] = ("barbier2019",)

    def latex_law(self) -> str:
        """How a label is made from the field h, in LaTeX."""
        return r"y &\sim P_{\mathrm{out}}(\cdot \mid h)"

    def latex_information(self, omega: str = r"\omega") -> tuple[str, ...]:
        """F and Psi_out in LaTeX, and what they are made of: one equation a line.

        Averages are over omega ~ N(0, s_2); the field is h = `omega` + sqrt(V) z.
        """
        law = law_average(r"P_{\mathrm{out}}(y \mid {h})", omega)
        return law, *information_of(r"\int \mathrm{d}y\,")

    def latex_error(self, omega: str = r"\omega") -> str:
        """The default test error in LaTeX, in the letters of `latex_information`."""
        if self.metrics[0] == "mean_square":
            return r"\mathbb{E}_\omega \operatorname{Var}(y \mid \omega)"
        if self.binary:
            return r"\mathbb{E}_\omega \min(Z_+, Z_-)"
        return r"1 - \mathbb{E}_\omega \max_y Z(y, \omega)"

    def latex_symbols(self) -> tuple[Symbol, ...]:
        """The letters for the channel's own parameters."""
        return ()

    def latex_gaussian(self) -> str | None:
        """The equation of the mmse under a Gaussian prior, where it is a closed one."""
        return None

    def evaluate(self, signal: FloatArray, variance: FloatArray, offset: float) -> Information:
        """`information` on flat, valid arrays, with a relative error estimate of the fisher."""
        raise NotImplementedError

    def conditional_entropy(self, variance: float, offset: float) -> float:
        """E_h of the integral of P_out ln P_out over y, h ~ N(offset, variance), in nats."""
        raise NotImplementedError

    def errors(
        self, signal: FloatArray, variance: FloatArray, offset: float, metric: str
    ) -> FloatArray:
        """Error of the Bayes predictor on a fresh noisy label, by one of `metrics`."""
        raise NotImplementedError

    def without_noise(self) -> Channel:
        """The same channel with its label noise switched off."""
        raise NotImplementedError

    def in_units_of(self, variance: float) -> Channel | None:
        """The channel of h/sqrt(variance) with the same labels; None where labels carry units."""
        return None

    def gaussian_conjugate(
        self, alpha: FloatArray, signal_variance: float, noise_variance: float
    ) -> FloatArray | None:
        """The conjugate at each alpha under a Gaussian prior, where it has a closed form."""
        return None

    def label_law(self, field: FloatArray) -> LabelLaw:
        """P_out(y | h) at an array of fields."""
        raise NotImplementedError

    def field_scales(self, variance: float, offset: float) -> tuple[tuple[float, float], ...]:
        """Places in h, and over what width `label_law` varies there (0 at a jump or a kink)."""
        return ()

    def additive_noise(self) -> tuple[FloatArray, FloatArray] | None:
        """Variances and weights of the Gaussian mixture y - h, where it does not depend on h."""
        return None

    def label_moments(self, variance: float, offset: float) -> LabelMoments:
        """Second moments of a label and its field h ~ N(offset, variance)."""
        scales = self.field_scales(variance, offset)
        h, w = field_rule(variance, offset, scales)
        law = self.label_law(h)
        mean = np.sum(law.values * law.weights, axis=1)
        square = np.sum((np.square(law.values) + law.variances) * law.weights, axis=1)
        terms = w * (mean * (h - offset))
        total = float(terms.sum())
        if not abs(total) > _ROUNDING * float(np.abs(terms).sum()):
            total = 0.0  # labels even in h - offset
        slope = total / variance if variance > 0.0 else 0.0
        return LabelMoments(float(w @ square), slope)

    def information(
        self, signal: ArrayLike, variance: ArrayLike, offset: float = 0.0
    ) -> tuple[FloatArray, FloatArray]:
        r"""Information that one label carries about the known part of its field.

        The field is :math:`h = c_0 + \omega + \sqrt{V} z`: omega ~ N(0, s2) is known, z is not.

        Parameters
        ----------
        signal : array_like
            s2 = signal_variance * overlap; >= 0.
        variance : array_like, broadcast against `signal`
            V = signal_variance * mmse + noise_variance; >= 0.
        offset : float, default 0
            c_0.

        Returns
        -------
        fisher, entropy : ndarray
            F in units of 1/h^2, and Psi_out = E ln Z in nats, of the broadcast shape.

        Raises
        ------
        BadArgument
            If an argument is negative or not finite.
        """
        s2, v = np.broadcast_arrays(
            np.asarray(signal, dtype=np.float64), np.asarray(variance, dtype=np.float64)
        )
        for name, values in (("signal", s2), ("variance", v)):
            if not (np.isfinite(values).all() and (values >= 0.0).all()):
                raise BadArgument(
                    f"{type(self).__name__}.information: {name} must be finite and at least 0"
                )
        if not math.isfinite(offset):
            raise BadArgument(
                f"{type(self).__name__}.information: offset must be finite, got {offset}"
            )
        flat = self.evaluate(np.ravel(s2).copy(), np.ravel(v).copy(), float(offset))
        return flat.fisher.reshape(s2.shape)[()], flat.entropy.reshape(s2.shape)[()]

    def __str__(self) -> str:
        settings = [
            f"{field.name}={getattr(self, field.name):g}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return ":".join([type(self).__name__.lower(), *settings])


def require_noise(name: str, value: Any, owner: str) -> float:
    """`value` as a finite variance of at least 0, or a sentence."""
    return require_positive(name, value, owner, zero=True, what="is a variance and ")
