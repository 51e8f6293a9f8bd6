"""Any convex loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from nishimori.arguments import require_array
from nishimori.erm.base import Estimator, FloatArray, Kinks
from nishimori.erm.checks import require_cavity
from nishimori.erm.label_kinks import kinks_in_label
from nishimori.erm.labelled import LabelledLoss
from nishimori.erm.tabulated import ConvexTable
from nishimori.erm.user_function import evaluated, kinks_at
from nishimori.errors import BadArgument

if TYPE_CHECKING:
    from nishimori.channels import Channel

__all__ = ["Custom", "OneVariable"]

_PROBES = np.array([0.3, -0.7, 1.9, -2.6, 4.1])
_STRETCH = 0.77  # of the panels of a second table


@dataclass(frozen=True, eq=False)
class Custom(Estimator):
    r"""Any convex loss, given as a Python function; its proximal operator is found numerically.

    Parameters
    ----------
    loss : callable
        ``loss(y, z)`` takes NumPy arrays and returns the loss in their broadcast shape, convex in
        z at every label. A function of the margin y z on labels +-1, or of the residual y - z on
        others, is recognised and is faster.
    breakpoints : sequence of float or callable, default ()
        Kinks in the margin y z or the residual y - z; for any other loss, a function of the label
        that returns those in z. Others are found, a little less exactly, and so are the labels at
        which the loss has a kink or a jump.
    regularization : float, array_like or "optimal", default 1
    l1 : float, default 0

    Raises
    ------
    BadArgument
        If `loss` is not a function; when used, if it fails on arrays (says how), or is NaN or not
        convex (says where, nearest to 0).

    Examples
    --------
    >>> import numpy as np
    >>> import nishimori as nm
    >>> mine = nm.erm.Custom(lambda y, z: np.logaddexp(0.0, -y * z), regularization=0.01)
    >>> print(f"{mine.solve(nm.GLM(nm.channels.Sign()), 1.0).test_error:.10f}")
    0.2550639312
    """

    loss: Callable[[Any, Any], ArrayLike]
    breakpoints: Sequence[float] | Callable[[float], ArrayLike] = ()

    labels: ClassVar[Literal["real", "sign", "any"]] = "any"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.loss):
            raise BadArgument(
                f"Custom: loss must be a function of (y, z), got {type(self.loss).__name__}"
            )
        if callable(self.breakpoints):
            return
        places = np.atleast_1d(require_array("breakpoints", self.breakpoints, "Custom"))
        if not np.isfinite(places).all():
            raise BadArgument(f"Custom: breakpoints must be finite, got {self.breakpoints!r}")
        object.__setattr__(self, "breakpoints", tuple(places.tolist()))

    def value(self, y: ArrayLike, z: ArrayLike) -> FloatArray:
        label, field = (require_array(*pair, "Custom") for pair in (("y", y), ("z", z)))
        return evaluated(self.loss, label, field)

    def proximal(self, y: ArrayLike, omega: ArrayLike, susceptibility: ArrayLike) -> FloatArray:
        label, field, v = require_cavity(y, omega, susceptibility, "Custom")
        loss = self._of(np.unique(label), bool((np.abs(label) == 1.0).all()))
        if isinstance(loss, OneVariable):
            return loss.proximal(label, field, v)
        labels, which = np.unique(label.ravel(), return_inverse=True)
        stack, out = loss.stack(labels), np.empty(label.size)
        for width in np.unique(v):
            here = np.flatnonzero(v.ravel() == width)
            at = which.ravel()[here].astype(np.int64)
            out[here] = stack.proximal(field.ravel()[here], at, float(width))[0]
        return out.reshape(label.shape)

    def for_labels(self, channel: Channel) -> Estimator:
        """The loss as a function of one variable, where it is one on the labels of `channel`.

        That is the margin y z on labels +-1 and the residual y - z on others. Any other loss
        becomes a function of the output for each label.
        """
        if channel.binary:
            return self._of(np.array([-1.0, 1.0]), True)
        law = channel.label_law(_PROBES)
        values, weights = np.broadcast_arrays(law.values, law.weights)
        labels = np.unique(values[weights > 1e-6])
        return self._of(labels[np.unique(np.linspace(0, labels.size - 1, 12).astype(int))], False)

    def _of(self, labels: FloatArray, binary: bool) -> OneVariable | LabelledLoss:
        given: dict[str, Any] = {"regularization": self.regularization, "l1": self.l1}
        kind: Literal["real", "sign"] = "sign" if binary else "real"
        if not self._has_one_variable(labels, binary):
            return LabelledLoss(
                self._table_of_label(binary), partial(kinks_in_label, self.value), kind, **given
            )

        y = 1.0 if binary else float(labels[0])

        def function(t: FloatArray) -> FloatArray:
            return self.value(np.full_like(t, y), t if binary else y - t)

        tabulate = partial(ConvexTable.of, function, self._places(), "Custom")
        return OneVariable(tabulate(), tabulate, kind, **given)

    def _has_one_variable(self, labels: FloatArray, binary: bool) -> bool:
        if callable(self.breakpoints):
            return False
        z = _PROBES
        with np.errstate(all="ignore"):
            for one, two in zip(labels[:-1], labels[1:], strict=True):
                first = self.value(np.full_like(z, one), z)
                second = self.value(np.full_like(z, two), -z if binary else z + (two - one))
                if not (np.abs(first - second) <= 1e-9 * (1.0 + np.abs(first))).all():
                    return False
        return True

    def _places(self) -> tuple[float, ...]:
        return () if callable(self.breakpoints) else tuple(self.breakpoints)

    def _table_of_label(self, binary: bool) -> Callable[[float], ConvexTable]:
        def table(y: float) -> ConvexTable:
            def function(z: FloatArray) -> FloatArray:
                return self.value(np.full_like(z, y), z)

            if callable(self.breakpoints):
                places = kinks_at(self.breakpoints, y)
            else:
                # z = y is where losses of real labels turn, most of them
                t = np.array(self._places())
                places = y * t if binary else y - np.append(t, 0.0)
            return ConvexTable.of(function, tuple(places.tolist()), "Custom", f"y = {y:.6g}, z =")

        return table


@dataclass(frozen=True, eq=False)
class OneVariable(Estimator):
    """What is left of a custom loss when the kind of its labels is known."""

    table: ConvexTable
    tabulate: Callable[..., ConvexTable]
    kind: Literal["real", "sign"]

    @property
    def name(self) -> str:
        return "Custom"

    @property
    def labels(self) -> Literal["real", "sign"]:  # type: ignore[override]
        return self.kind

    def minimizers(self) -> tuple[float, float]:
        return self.table.minimizers()

    def refined(self) -> OneVariable:
        """See `Estimator`: with the loss tabulated on other panels."""
        return replace(self, table=self.tabulate(stretch=_STRETCH))

    def reduced(self, t: FloatArray) -> FloatArray:
        return self.table.value(t)

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        _, slope, soft = self.table.proximal(t, susceptibility)
        return (-slope if self.labels == "sign" else slope), soft

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        return self.table.value(self.table.proximal(t, susceptibility)[0])

    @property
    def kinks(self) -> Kinks:
        table = self.table
        sides = np.stack([table.edges, table.below, table.above], axis=1)
        return tuple(map(tuple, sides[table.above > table.below].tolist()))

    def cuts(self, susceptibility: FloatArray) -> FloatArray:
        return self.table.images(susceptibility)
