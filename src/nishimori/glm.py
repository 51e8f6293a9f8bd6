"""The generalized linear model: what a deep network is equivalent to, and a problem of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nishimori.arguments import require_number, shown
from nishimori.channels import Channel
from nishimori.errors import BadArgument
from nishimori.network import require_variance
from nishimori.priors import Gaussian, Prior
from nishimori.results import Origin, traced
from nishimori.spectra import Isotropic, Spectrum

if TYPE_CHECKING:
    from nishimori.paper import Equations
    from nishimori.results import Curve, FixedPoints, State, Trajectory
    from nishimori.transitions import Transitions

__all__ = ["GLM"]

OnFailure = Literal["raise", "warn", "return"]


@dataclass(frozen=True)
class GLM:
    r"""Labels of a noisy linear function of the input, through an output channel.

    .. math:: y \sim P_{out}(\cdot | \sqrt\lambda\, a \cdot x/\sqrt d + \sqrt\eta\,\xi + c_0),

    x ~ N(0, I_d); the weights a have a prior of unit second moment; n = alpha d samples.

    Parameters
    ----------
    channel : Channel
        P_out; label noise is a property of the channel.
    prior : Prior, default Gaussian()
    signal_variance : float, default 1
        lambda >= 0; at 0 nothing can be learnt.
    noise_variance : float, default 0
        eta >= 0, the structural noise.
    offset : float, default 0
        c_0, a known constant.
    spectrum : Spectrum, default Isotropic()
        Eigenvalues of the inputs' covariance, of mean tau; then overlap + mmse = tau. Any but
        `Isotropic` needs a Gaussian prior.
    variance_error : float, default 0
        How far the two variances may be off, relatively: a `Reduction` hands its own
        ``error_estimate`` on. It enters the error estimate of every state.

    Raises
    ------
    BadArgument
        If a variance is negative or not finite, or an argument is of another kind.

    Examples
    --------
    >>> import nishimori as nm
    >>> problem = nm.GLM(channel=nm.channels.Sign())
    >>> print(f"{problem.solve(1.0).mmse:.12f}")
    0.513736362984

    References
    ----------
    .. [1] Barbier, Krzakala, Macris, Miolane, Zdeborova, PNAS 2019, arXiv:1708.03395.
    """

    channel: Channel
    prior: Prior = field(default_factory=Gaussian)
    signal_variance: float = 1.0
    noise_variance: float = 0.0
    offset: float = 0.0
    spectrum: Spectrum = field(default_factory=Isotropic)
    variance_error: float = field(default=0.0, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, kind, where in (
            ("channel", Channel, "nishimori.channels"),
            ("prior", Prior, "nishimori.priors"),
            ("spectrum", Spectrum, "nishimori.spectra"),
        ):
            if not isinstance(getattr(self, name), kind):
                raise BadArgument(
                    f"GLM: {name} must be one of {where}, got {shown(getattr(self, name))}"
                )
        if not isinstance(self.spectrum, Isotropic) and not isinstance(self.prior, Gaussian):
            raise BadArgument(
                f"GLM: the spectrum {self.spectrum} needs a Gaussian prior, got {self.prior}"
            )
        for name in ("signal_variance", "noise_variance"):
            object.__setattr__(self, name, require_variance(name, getattr(self, name), "GLM"))
        object.__setattr__(self, "offset", require_number("offset", self.offset, "GLM"))

    def learning_curve(
        self,
        alpha: ArrayLike,
        branch: str = "optimal",
        *,
        rtol: float = 1e-10,
        on_failure: OnFailure = "raise",
    ) -> Curve:
        """The fixed point of state evolution at every sample ratio.

        Parameters
        ----------
        alpha : array_like
            Sample ratios n/d; > 0, finite. Any shape.
        branch : {"optimal", "algorithmic", "informed"}
            Largest free entropy; reached by message passing from no information; largest overlap.
        rtol : float, default 1e-10
            Largest relative residual of the equations; from 1e-3 to 1e-13.
        on_failure : {"raise", "warn", "return"}
            What a point does that misses `rtol`.

        Returns
        -------
        Curve
            Arrays of the shape of `alpha`.

        Raises
        ------
        BadArgument
            If an argument is out of its domain.
        ConvergenceError
            If a point fails and ``on_failure="raise"``; the curve is its ``result``.
        """
        from nishimori.observables import learning_curve

        return traced(
            lambda: learning_curve(self, alpha, branch=branch, rtol=rtol, on_failure=on_failure),
            self,
            "learning_curve",
            {"alpha": alpha, "branch": branch, "rtol": rtol},
        )

    def solve(
        self,
        alpha: float,
        branch: str = "optimal",
        *,
        rtol: float = 1e-10,
        on_failure: OnFailure = "raise",
    ) -> State:
        """The fixed point at one sample ratio; arguments as in `learning_curve`."""
        from nishimori.observables import solve

        return traced(
            lambda: solve(self, alpha, branch=branch, rtol=rtol, on_failure=on_failure),
            self,
            "solve",
            {"alpha": alpha, "branch": branch, "rtol": rtol},
        )

    def fixed_points(
        self, alpha: ArrayLike, *, rtol: float = 1e-10, on_failure: OnFailure = "raise"
    ) -> FixedPoints:
        """Every fixed point at each sample ratio, stable or not, sorted by conjugate.

        Parameters
        ----------
        alpha : array_like
            Sample ratios n/d; > 0, finite. One that is given twice counts once.
        rtol, on_failure
            As in `learning_curve`.

        Returns
        -------
        FixedPoints
            A list of `State`.
        """
        from nishimori.observables import fixed_points
        from nishimori.results import FixedPoints

        states = fixed_points(self, alpha, rtol=rtol, on_failure=on_failure)
        given = np.array(alpha, dtype=np.float64)
        origin = Origin(self, "fixed_points", {"alpha": given, "rtol": rtol})
        return FixedPoints(states, origin)

    def trajectory(
        self,
        alpha: float,
        iterations: int = 50,
        *,
        damping: float = 0.0,
        initial_overlap: float = 0.0,
        rtol: float = 1e-10,
        on_failure: OnFailure = "raise",
    ) -> Trajectory:
        """State evolution of Bayes-optimal message passing, iteration by iteration.

        Parameters
        ----------
        alpha : float
            Sample ratio n/d; > 0.
        iterations : int, default 50
            How many; a request, not a limit: the trajectory need not have converged.
        damping : float, default 0
            In [0, 1): the share of the old conjugate that is kept at each step.
        initial_overlap : float, default 0
            Of the first estimate; an even channel stays at 0 for ever without some.
        rtol : float, default 1e-10
            Largest relative error of the integral in a step; from 1e-3 to 1e-13.
        on_failure : {"raise", "warn", "return"}
            What a step does that misses `rtol` or is not a number.
        """
        from nishimori.observables import trajectory

        settings: dict[str, Any] = {
            "damping": damping,
            "initial_overlap": initial_overlap,
            "rtol": rtol,
        }
        return traced(
            lambda: trajectory(self, alpha, iterations, on_failure=on_failure, **settings),
            self,
            "trajectory",
            {"alpha": alpha, "iterations": iterations, **settings},
        )

    def transitions(self, *, rtol: float = 1e-10, on_failure: OnFailure = "raise") -> Transitions:
        """Weak recovery, spinodals and the thresholds of the optimal and the feasible.

        Parameters
        ----------
        rtol : float, default 1e-10
            Largest relative error of a threshold; from 1e-3 to 1e-13.
        on_failure : {"raise", "warn", "return"}
            What happens if a threshold misses `rtol` or the channel's information is no number.

        Raises
        ------
        ConvergenceError
            In that case, and ``on_failure="raise"``; the transitions are its ``result``.
        """
        from nishimori.transitions import find_transitions

        return traced(
            lambda: find_transitions(self, rtol=rtol, on_failure=on_failure),
            self,
            "transitions",
            {"rtol": rtol},
        )

    def _repr_html_(self) -> str:
        from nishimori.export.html import glm_html

        return glm_html(self)

    def equations(self) -> Equations:
        """State evolution of this problem and the errors read off it, as LaTeX."""
        from nishimori.paper.glm import glm_equations

        return glm_equations(self)

    @property
    def references(self) -> tuple[str, ...]:
        """Keys of what `nishimori.citation` cites."""
        parts = self.channel.references, self.prior.references, self.spectrum.references
        return tuple(dict.fromkeys(key for part in parts for key in part))

    def test_error(
        self, state: State | Curve, metric: str | None = None, *, label_noise: bool = True
    ) -> Any | NDArray[np.float64]:
        """Error of the Bayes predictor at a state or along a curve, by any of the metrics.

        Parameters
        ----------
        state : State or Curve
            Of this problem.
        metric : str, optional
            One of ``channel.metrics``; the channel's first by default.
        label_noise : bool, default True
            Whether the error is counted on a noisy label (as arXiv:2505.03577 does) or on the
            label that the channel would give without its noise (as arXiv:2302.00375 does for
            regression); the predictor is the best one for that label.
        """
        from nishimori.observables import test_error

        return test_error(self, state, metric, label_noise=label_noise)
