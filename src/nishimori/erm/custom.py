"""Any convex loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from nishimori.erm.base import Estimator, FloatArray
from nishimori.erm.tabulated import ConvexTable
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.channels import Channel

__all__ = ["Custom", "OneVariable"]

_PROBES = np.array([0.3, -0.7, 1.9, -2.6, 4.1])


@dataclass(frozen=True, eq=False)
class Custom(Estimator):
    r"""Any convex loss, given as a Python function; its proximal operator is found numerically.

    Parameters
    ----------
    loss : callable
        ``loss(y, z)`` returns the loss in the broadcast shape of its arguments. On labels +-1 it
        is symmetric, loss(-y, -z) = loss(y, z), so a function of the margin y z; on other labels
        it is a function of the residual y - z.
    breakpoints : sequence of float, default ()
        Kinks in the margin y z or the residual y - z. Others are found, a little less exactly.
    regularization : float, array_like or "optimal", default 1
    l1 : float, default 0

    Raises
    ------
    BadArgument
        If `loss` is not a function; when used, if it is NaN, not convex (says where), or not of
        the form that the labels need.

    Examples
    --------
    >>> import numpy as np
    >>> import nishimori as nm
    >>> mine = nm.erm.Custom(lambda y, z: np.logaddexp(0.0, -y * z), regularization=0.01)
    >>> print(f"{mine.solve(nm.GLM(nm.channels.Sign()), 1.0).test_error:.10f}")
    0.2550639312
    """

    loss: Callable[[Any, Any], ArrayLike]
    breakpoints: Sequence[float] = ()

    labels: ClassVar[Literal["real", "sign", "any"]] = "any"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.loss):
            raise BadArgument(
                f"Custom: loss must be a function of (y, z), got {type(self.loss).__name__}"
            )
        try:
            places = np.atleast_1d(np.asarray(self.breakpoints, dtype=np.float64))
        except (TypeError, ValueError):
            raise BadArgument(
                f"Custom: breakpoints must be numbers, got {self.breakpoints!r}"
            ) from None
        if not np.isfinite(places).all():
            raise BadArgument(f"Custom: breakpoints must be finite, got {self.breakpoints!r}")
        object.__setattr__(self, "breakpoints", tuple(places.tolist()))

    def value(self, y: ArrayLike, z: ArrayLike) -> FloatArray:
        return np.asarray(self.loss(np.asarray(y, float), np.asarray(z, float)), dtype=np.float64)

    def proximal(self, y: ArrayLike, omega: ArrayLike, susceptibility: ArrayLike) -> FloatArray:
        label = np.asarray(y, dtype=np.float64)
        return self._of(bool((np.abs(label) == 1.0).all())).proximal(y, omega, susceptibility)

    def for_labels(self, channel: Channel) -> OneVariable:
        """The loss as a function of the one variable that the labels of `channel` leave it."""
        return self._of(channel.binary)

    def _of(self, binary: bool) -> OneVariable:
        z = _PROBES
        if binary:
            self._compare(np.ones_like(z), z, -np.ones_like(z), -z, "loss(-1, -z) = loss(1, z)")
            return self._table("sign")
        for shift in (1.3, -3.7):
            y = z[::-1].copy()
            self._compare(y, z, y + shift, z + shift, "a function of y - z")
        return self._table("real")

    def _table(self, labels: Literal["real", "sign"]) -> OneVariable:
        def function(t: FloatArray) -> FloatArray:
            one, zero = np.ones_like(t), np.zeros_like(t)
            out = self.loss(one, t) if labels == "sign" else self.loss(t, zero)
            return np.asarray(out, dtype=np.float64)

        table = ConvexTable.of(function, tuple(self.breakpoints), "Custom")
        return OneVariable(table, labels, regularization=self.regularization, l1=self.l1)

    def _compare(
        self, y: FloatArray, z: FloatArray, other_y: FloatArray, other_z: FloatArray, form: str
    ) -> None:
        one, other = self.value(y, z), self.value(other_y, other_z)
        wrong = ~(np.abs(one - other) <= 1e-9 * (1.0 + np.abs(one)))
        if wrong.any():
            i = int(np.argmax(wrong))
            raise BadArgument(
                f"Custom: on labels of this kind loss must be of the form {form}, and it is "
                f"{np.ravel(one)[i]:g} at y = {y[i]:g}, z = {z[i]:g} but {np.ravel(other)[i]:g} "
                f"at y = {other_y[i]:g}, z = {other_z[i]:g}"
            )


@dataclass(frozen=True, eq=False)
class OneVariable(Estimator):
    """What is left of a custom loss when the kind of its labels is known."""

    table: ConvexTable
    kind: Literal["real", "sign"]

    @property
    def name(self) -> str:
        return "Custom"

    @property
    def labels(self) -> Literal["real", "sign"]:  # type: ignore[override]
        return self.kind

    def reduced(self, t: FloatArray) -> FloatArray:
        return self.table.value(t)

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        _, slope, soft = self.table.proximal(t, susceptibility)
        return (-slope if self.labels == "sign" else slope), soft

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return self.table.value(self.table.proximal(t, susceptibility)[0])

    def cuts(self, susceptibility: FloatArray) -> FloatArray:
        return self.table.images(susceptibility)
