"""Logistic regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nishimori.erm.base import Estimator, FloatArray

__all__ = ["Logistic"]

_GRADES = np.pi * np.array([-40.0, -12.0, -4.0, -1.3, 0.0, 1.3, 4.0, 12.0, 40.0])


@dataclass(frozen=True, kw_only=True)
class Logistic(Estimator):
    r"""Loss ln(1 + exp(-y z)) on labels +-1.

    Parameters
    ----------
    regularization : float, array_like or "optimal", default 1
        lambda_reg; scikit-learn's C is 1/lambda_reg.
    l1 : float, default 0

    Notes
    -----
    In the margin u = y omega the proximal point z solves z = u + V sigma(-z), and
    :math:`g(u) = \sigma(-z)`, :math:`-g' = \kappa/(1 + V\kappa)`,
    :math:`\kappa = \sigma(z)\sigma(-z)`.

    Examples
    --------
    >>> import nishimori as nm
    >>> state = nm.erm.Logistic(regularization=0.01).solve(nm.GLM(nm.channels.Sign()), 1.0)
    >>> print(f"{state.susceptibility:.10f} {state.self_overlap:.10f} {state.overlap:.10f}")
    46.6651886845 11.2680806264 2.3355532136
    >>> print(f"{state.test_error:.12f}")
    0.255063931234

    References
    ----------
    .. [1] Aubin, Krzakala, Lu, Zdeborova, NeurIPS 2020, arXiv:2006.06560.
    """

    labels: ClassVar[Literal["real", "sign", "any"]] = "sign"
    sources: ClassVar[tuple[str, ...]] = ("aubin2020",)

    def latex_loss(self, t: str = "t") -> str:
        return rf"\ln(1 + e^{{-{t}}})"

    def latex_score(self, t: str = "t") -> str:
        return rf"\frac{{1}}{{1 + e^{{z_*}}}}, \qquad z_* = {t} + \frac{{V}}{{1 + e^{{z_*}}}}"

    def reduced(self, t: FloatArray) -> FloatArray:
        return np.logaddexp(0.0, -np.asarray(t))

    def minimizers(self) -> tuple[float, float]:
        return np.inf, np.inf

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        shift, _, v = self._proximal(t, susceptibility)
        g = shift / v
        curvature = shift * (1.0 - g)  # V sigma(z) sigma(-z)
        return g, curvature / (v * (1.0 + curvature))

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return np.logaddexp(0.0, -self._proximal(t, susceptibility)[1])

    def cuts(self, susceptibility: FloatArray) -> FloatArray:
        # branch points of z(u), i pi away from the real axis
        v = np.asarray(susceptibility, dtype=np.float64)[..., None]
        log_v = np.log(np.maximum(v, 1.0))
        return np.concatenate([log_v + 1.0 + _GRADES, _GRADES - v - log_v], axis=-1)

    def _proximal(
        self, t: FloatArray, susceptibility: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        from nishimori._kernels import erm_logistic

        t, v = np.asarray(t, dtype=np.float64), np.asarray(susceptibility, dtype=np.float64)
        along = t.ndim > 0 and (v.ndim == 0 or v.shape[-1] == 1)  # one V for a row of nodes
        t, v = np.broadcast_arrays(t, v)
        rows = np.ascontiguousarray(t.reshape(-1, t.shape[-1] if along else 1))
        each = v.reshape(rows.shape)[:, 0].copy()
        shift, point = erm_logistic.proximal(rows, each)
        return shift.reshape(t.shape), point.reshape(t.shape), v
