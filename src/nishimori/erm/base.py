"""What every estimator knows about itself: its loss, and the questions it can be asked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_array, require_positive
from nishimori.erm.checks import require_cavity, require_regularization
from nishimori.errors import BadArgument
from nishimori.latex import Symbol
from nishimori.results import traced

if TYPE_CHECKING:
    from nishimori.channels import Channel
    from nishimori.erm.mapping import ScikitLearn
    from nishimori.features import Features
    from nishimori.glm import GLM, OnFailure
    from nishimori.paper import Equations
    from nishimori.results import ErmCurve, ErmState

__all__ = ["Estimator", "FloatArray", "Kinks", "Regularization"]

FloatArray = NDArray[np.float64]
Regularization = ArrayLike | Literal["optimal"]
Kinks = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Estimator:
    r"""Weights that minimise a convex loss on the training samples, plus a penalty.

    .. math:: w = \arg\min \sum_{\mu=1}^n \ell(y_\mu, z_\mu)
              + \tfrac12 \lambda_{reg} |w|^2 + \ell_1 |w|_1, \qquad z = w \cdot x/\sqrt d,

    a sum over samples, not a mean, and w of order one per component. With features v of dimension
    p in the place of x, z = w v/sqrt(p).

    A loss file gives the loss in one variable t: the margin y z for labels +-1, or the residual
    y - z for real ones. In t, `score` is minus the derivative of the loss at the proximal point
    (for residuals: the derivative), and its absolute slope.

    Parameters
    ----------
    regularization : float, array_like or "optimal", default 1
        lambda_reg >= 0; an array is broadcast with alpha. "optimal" minimises the test error.
    l1 : float, default 0
        Weight of the l1 norm; >= 0. Only for isotropic inputs seen by a linear student.
    """

    regularization: Regularization = 1.0
    l1: float = 0.0

    labels: ClassVar[Literal["real", "sign", "any"]] = "real"
    is_square: ClassVar[bool] = False
    separable_only: ClassVar[bool] = False
    sources: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        name = type(self).__name__
        object.__setattr__(
            self, "regularization", require_regularization(self.regularization, name)
        )
        object.__setattr__(self, "l1", require_positive("l1", self.l1, name, zero=True))

    @property
    def name(self) -> str:
        """What errors call it."""
        return type(self).__name__

    @property
    def references(self) -> tuple[str, ...]:
        """Keys of what `nishimori.citation` cites: those of the loss, and of the equations."""
        return *self.sources, "loureiro2021", *(("bayati2012",) if self.l1 > 0.0 else ())

    def latex_loss(self, t: str = "t") -> str | None:
        """`reduced` in LaTeX, a formula of `t`; None for a function the user gave."""
        return None

    def latex_score(self, t: str = "t") -> str | None:
        """`score` in LaTeX, a formula of `t` and V; None where it has no closed form."""
        return None

    def latex_symbols(self) -> tuple[Symbol, ...]:
        """The letters for the loss's own parameters."""
        return ()

    # The loss in its variable t.

    def reduced(self, t: FloatArray) -> FloatArray:
        """The loss of the margin y z, or of the residual y - z."""
        raise NotImplementedError

    def score(self, t: FloatArray, susceptibility: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(proximal - omega)/V and the absolute value of its slope in t."""
        raise NotImplementedError

    def minimum(self, t: FloatArray, susceptibility: FloatArray) -> FloatArray:
        """The loss at the proximal point."""
        raise NotImplementedError

    @property
    def kinks(self) -> Kinks:
        """Where the loss or its slope has a kink, ascending in t; the slopes on both sides.

        From t = kink + V slope of one side to that of the other the proximal point is the kink.
        """
        return ()

    def cuts(self, susceptibility: FloatArray) -> FloatArray:
        """Places in t where `score` is nearly singular otherwise; one more axis, the last."""
        return np.empty((*np.shape(susceptibility), 0))

    # The same, of labels and fields.

    def value(self, y: ArrayLike, z: ArrayLike) -> FloatArray:
        """The loss of predicting z where the label is y."""
        label, field = require_array("y", y, self.name), require_array("z", z, self.name)
        return self.reduced(label * field if self.labels == "sign" else label - field)

    def proximal(self, y: ArrayLike, omega: ArrayLike, susceptibility: ArrayLike) -> FloatArray:
        """The z that minimises loss(y, z) + (z - omega)^2/(2 V); 0 < V < infinity."""
        label, field, v = require_cavity(y, omega, susceptibility, self.name)
        margin = self.labels == "sign"
        t = label * field if margin else label - field
        g, _ = self.score(t, v)
        return field + v * (label * g if margin else g)

    def for_labels(self, channel: Channel) -> Estimator:
        """The same loss in the form that the labels of `channel` need."""
        return self

    def minimizers(self) -> tuple[float, float]:
        """The interval of t on which the loss is least; (inf, inf) where it has no minimum."""
        return 0.0, 0.0

    def refined(self) -> Estimator:
        """The same loss with other errors of its own, to see what they are worth."""
        return self

    # What the user asks.

    def equations(self, problem: GLM, features: Features | None = None) -> Equations:
        """The loss, the order parameters and the errors of this student, as LaTeX.

        Arguments as in `learning_curve`.
        """
        from nishimori.paper.estimators import estimator_equations

        return estimator_equations(self, problem, features)

    def learning_curve(
        self,
        problem: GLM,
        alpha: ArrayLike,
        features: Features | None = None,
        *,
        rtol: float = 1e-10,
        on_failure: OnFailure = "raise",
    ) -> ErmCurve:
        """The estimator's order parameters and errors at every sample ratio.

        Parameters
        ----------
        problem : GLM
            Where the labels come from.
        alpha : array_like
            Sample ratios n/d; > 0, finite. Any shape; broadcast with `regularization`.
        features : Features, optional
            What the student is linear in; the input itself by default.
        rtol : float, default 1e-10
            Largest relative residual of the equations; from 1e-3 to 1e-13.
        on_failure : {"raise", "warn", "return"}
            What a point does that misses `rtol`.

        Returns
        -------
        ErmCurve

        Raises
        ------
        BadArgument
            If an argument is out of its domain, or the loss cannot take the labels.
        ConvergenceError
            If a point fails and ``on_failure="raise"``; the curve is its ``result``.
        """
        from nishimori.erm.curve import learning_curve

        asked: dict[str, Any] = {"problem": problem, "alpha": alpha, "features": features}
        asked["rtol"] = rtol
        return traced(
            lambda: learning_curve(self, **asked, on_failure=on_failure),
            self,
            "learning_curve",
            asked,
        )

    def solve(
        self,
        problem: GLM,
        alpha: float,
        features: Features | None = None,
        *,
        rtol: float = 1e-10,
        on_failure: OnFailure = "raise",
    ) -> ErmState:
        """One point; arguments as in `learning_curve`."""
        from nishimori.erm.curve import solve

        asked: dict[str, Any] = {"problem": problem, "alpha": alpha, "features": features}
        asked["rtol"] = rtol
        return traced(lambda: solve(self, **asked, on_failure=on_failure), self, "solve", asked)

    def optimal_regularization(
        self, problem: GLM, alpha: ArrayLike, features: Features | None = None
    ) -> Any:
        """The regularisation of the smallest test error at every alpha, of its shape.

        A closed form where there is one, else a search between 1e-12 and 1e12. How flat the
        minimum is can be read off the ``flatness`` of ``learning_curve`` with
        ``regularization="optimal"``. The estimator's own number is not used.

        Raises
        ------
        BadArgument
            If an argument is out of its domain, the loss cannot take the labels, or the
            estimator's own regularization is an array.
        """
        if np.ndim(self.regularization) != 0:  # of what shape would the answer be?
            raise BadArgument(
                f"{self.name}: optimal_regularization looks for one number at each alpha, and the "
                "estimator holds an array of regularization; use one without"
            )
        from nishimori.erm.curve import optimal_regularization

        return optimal_regularization(self, problem, alpha, features)

    def test_error(
        self,
        problem: GLM,
        state: ErmState | ErmCurve,
        features: Features | None = None,
        *,
        label_noise: bool = True,
    ) -> Any:
        """Misclassification of a fresh label, or mean-square error, at a state or along a curve.

        Parameters
        ----------
        problem : GLM
            The one that `state` was solved for.
        state : ErmState or ErmCurve
        features : Features, optional
            Those that `state` was solved with.
        label_noise : bool, default True
            Whether the label is the noisy one, or what the channel would give without its noise.

        Raises
        ------
        BadArgument
            If `state` is not one of a trained estimator, or the problem, features and loss do
            not fit together.
        """
        from nishimori.erm.checks import check_solved
        from nishimori.erm.observables import test_error

        check_solved(self, problem, state, features, "test_error", curves=True)
        return test_error(self, problem, state, features, label_noise=label_noise)

    def margin_density(
        self,
        problem: GLM,
        state: ErmState,
        u: ArrayLike,
        features: Features | None = None,
        *,
        training: bool = False,
    ) -> FloatArray:
        """Density of the margin y z (labels +-1), or of the residual y - z, at `u`.

        Parameters
        ----------
        problem : GLM
            The one that `state` was solved for.
        state : ErmState
        u : array_like
            Where.
        features : Features, optional
            Those that `state` was solved with.
        training : bool, default False
            Of the training samples instead of fresh ones; without its atoms, such as the support
            vectors at margin 1 of the hinge loss.

        Raises
        ------
        BadArgument
            If `state` is not one of a trained estimator, the problem, features and loss do not
            fit together, `u` is not finite, or there is no density.
        """
        from nishimori.erm.density import margin_density

        return margin_density(self, problem, state, u, features, training=training)

    def separability_threshold(self, problem: GLM, features: Features | None = None) -> float:
        """The sample ratio up to which labels +-1 can be separated; may be infinite.

        Beyond it there is no maximum margin, and below it a loss of the margin that is not
        regularised has no minimum at finite weights.
        """
        from nishimori.erm.separability import separability_threshold

        return separability_threshold(self, problem, features)

    def to_scikit_learn(self, samples: int, state: ErmState | None = None) -> ScikitLearn:
        """See `scikit_learn`."""
        from nishimori.erm.mapping import scikit_learn

        return scikit_learn(self, samples, state)

    def __str__(self) -> str:
        settings = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value == field.default or callable(value):
                continue
            if isinstance(value, tuple):
                value = "array"
            settings.append(
                f"{field.name}={value:g}" if isinstance(value, float) else f"{field.name}={value}"
            )
        return ":".join([type(self).__name__.lower(), *settings])
