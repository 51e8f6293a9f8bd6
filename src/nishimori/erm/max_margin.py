"""The maximum-margin classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nishimori.arguments import shown
from nishimori.erm.base import Estimator, FloatArray, Kinks, Regularization
from nishimori.errors import BadArgument
from nishimori.latex import cases

__all__ = ["MaxMargin"]


@dataclass(frozen=True, kw_only=True)
class MaxMargin(Estimator):
    r"""The w of least norm with y z >= 1 on every sample: the hinge loss as lambda_reg -> 0+.

    It exists where the data can be separated: below `separability_threshold`.

    Parameters
    ----------
    regularization : float
        Must be 0: the limit is of vanishing regularisation.
    l1 : float
        Must be 0.

    Notes
    -----
    The equations of a loss that is 0 for u >= 1 and infinite below, g(u) = max(1 - u, 0)/V, whose
    solution does not depend on lambda_reg once V and the conjugates are counted in its units: V
    itself is infinite and the conjugates 0, as reported. ``1/sqrt(self_overlap)`` is the margin
    min y z/abs(w) per sqrt(d).

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(nm.channels.Sign(), signal_variance=0.7, noise_variance=0.3)
    >>> state = nm.erm.MaxMargin().solve(problem, 0.8)
    >>> print(f"{state.test_error:.12f} {state.self_overlap**-0.5:.12f}")
    0.366790794849 0.816697726902
    >>> print(f"{nm.erm.MaxMargin().separability_threshold(problem):.7f}")
    3.4118566

    References
    ----------
    .. [1] Aubin, Krzakala, Lu, Zdeborova, NeurIPS 2020, arXiv:2006.06560.
    """

    regularization: Regularization = 0.0

    labels: ClassVar[Literal["real", "sign", "any"]] = "sign"
    separable_only: ClassVar[bool] = True
    sources: ClassVar[tuple[str, ...]] = ("aubin2020",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.regularization != 0.0:
            raise BadArgument(
                "MaxMargin: it is the limit of vanishing regularization and takes none; use Hinge "
                f"with a regularization, got {shown(self.regularization)}"
            )
        if self.l1 != 0.0:
            raise BadArgument(f"MaxMargin: l1 must be 0, got {self.l1:g}")

    def latex_loss(self, t: str = "t") -> str:
        return cases((("0", rf"{t} \ge 1"), (r"\infty", rf"{t} < 1")))

    def latex_score(self, t: str = "t") -> str:
        return rf"\frac{{\max(1 - {t}, 0)}}{{V}}"

    def reduced(self, t: FloatArray) -> FloatArray:
        return np.where(t >= 1.0, 0.0, np.inf)

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        inner = np.maximum(1.0 - t, 0.0) / susceptibility
        return inner, np.where(t <= 1.0, 1.0 / susceptibility, 0.0)

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return np.zeros_like(t)

    @property
    def kinks(self) -> Kinks:
        return ((1.0, 0.0, 0.0),)
