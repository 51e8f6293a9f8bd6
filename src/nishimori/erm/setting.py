"""Which equations an estimator, a problem and features lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nishimori.arguments import shown
from nishimori.channels import Sign
from nishimori.erm.base import Estimator
from nishimori.erm.equations import RegressionSystem, System
from nishimori.erm.general import GeneralSystem
from nishimori.erm.label_kinds import require_labels
from nishimori.erm.labelled import LabelledLoss, LabelledSystem
from nishimori.erm.margins import MarginSystem
from nishimori.errors import BadArgument
from nishimori.features import Features, Geometry, LinearStudent
from nishimori.glm import GLM
from nishimori.priors import GaussBernoulli, Gaussian
from nishimori.spectra import Isotropic

__all__ = ["Setting", "label_system", "prepare"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Setting:
    """An estimator on a problem: the geometry of its student, and its system of equations.

    ``closed`` tells that the square loss on isotropic inputs is solved in closed form;
    ``labels`` is the system of the labels themselves where ``system`` knows only their moments.
    """

    estimator: Estimator
    problem: GLM
    geometry: Geometry
    offset: float
    system: System
    closed: bool
    labels: System | None

    @property
    def moments(self) -> tuple[float, float]:
        """Slope of the labels in h, and their variance around that line."""
        return _line(self.problem, self.geometry, self.offset)

    def refined(self) -> System:
        """The system on finer grids, and with a loss of other errors."""
        loss = self.estimator.refined()
        if loss is self.estimator:
            return self.system.refined()
        return label_system(loss, self.problem, self.geometry, self.offset).refined()


def prepare(estimator: Estimator, problem: Any, features: Features | None) -> Setting:
    """Check that the three fit together, and choose the equations."""
    name = estimator.name
    if not isinstance(problem, GLM):
        raise BadArgument(f"{name}: problem must be a GLM, got {type(problem).__name__}")
    channel = problem.channel
    estimator = estimator.for_labels(channel)
    require_labels(estimator, channel)
    offset = 0.0 if channel.ignores_offset else problem.offset
    if estimator.l1 > 0.0:
        geometry = _sparse_geometry(estimator, problem, features)
    else:
        student = LinearStudent() if features is None else features
        if not isinstance(student, Features):
            raise BadArgument(
                f"{name}: features must be one of nishimori.features or None, got {shown(features)}"
            )
        geometry = student.geometry(problem)
    closed = False
    labels: System | None = None
    system: System
    if estimator.is_square:
        slope, rest = _line(problem, geometry, offset)
        system = RegressionSystem(estimator, geometry, slope, np.array([rest]), np.ones(1))
        linear = features is None or isinstance(features, LinearStudent)
        closed = linear and estimator.l1 == 0.0 and isinstance(problem.spectrum, Isotropic)
        if estimator.labels == "sign":
            labels = label_system(estimator, problem, geometry, offset)
    else:
        system = label_system(estimator, problem, geometry, offset)
    return Setting(estimator, problem, geometry, offset, system, closed, labels)


def label_system(estimator: Estimator, problem: GLM, geometry: Geometry, offset: float) -> System:
    """The equations for labels of the problem's channel."""
    channel = problem.channel
    if isinstance(estimator, LabelledLoss):
        return LabelledSystem(estimator, geometry, channel, offset)
    noise = channel.additive_noise()
    if estimator.labels == "real" and noise is not None:
        return RegressionSystem(estimator, geometry, 1.0, *noise)
    if estimator.labels == "sign" and isinstance(channel, Sign) and offset == 0.0:
        return MarginSystem(estimator, geometry, channel.noise, channel.flip)
    return GeneralSystem(estimator, geometry, channel, offset)


def _line(problem: GLM, geometry: Geometry, offset: float) -> tuple[float, float]:
    noise = problem.channel.additive_noise()
    if noise is not None:  # the offset, if any, is left to an intercept
        return 1.0, float(noise[0] @ noise[1])
    rho = geometry.target_variance
    moments = problem.channel.label_moments(rho, offset)
    return moments.slope, max(moments.mean_square - moments.slope**2 * rho, 0.0)


def _sparse_geometry(estimator: Estimator, problem: GLM, features: Features | None) -> Geometry:
    from nishimori.features.sparse import SparseGeometry

    name = estimator.name
    if features is not None and not isinstance(features, LinearStudent):
        raise BadArgument(
            f"{name}: l1 > 0 is known for a student that is linear in the input only, "
            f"got features={shown(features)}"
        )
    if not isinstance(problem.spectrum, Isotropic):
        raise BadArgument(
            f"{name}: l1 > 0 needs isotropic inputs (the l1 norm depends on the basis), "
            f"got {problem.spectrum}"
        )
    prior = problem.prior
    if not isinstance(prior, Gaussian | GaussBernoulli):
        raise BadArgument(f"{name}: l1 > 0 needs a gaussian or gaussbernoulli prior, got {prior}")
    density = prior.density if isinstance(prior, GaussBernoulli) else 1.0
    return SparseGeometry(estimator.l1, density, problem.signal_variance, problem.noise_variance)
