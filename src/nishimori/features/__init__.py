"""What a student can see of the input: itself, random features, a kernel's, or given ones."""

from __future__ import annotations

from nishimori.features.base import Features, Geometry, OrderParameters
from nishimori.features.covariates import GaussianCovariates
from nishimori.features.kernel import Kernel
from nishimori.features.linear import LinearStudent
from nishimori.features.random_features import RandomFeatures

__all__ = [
    "Features",
    "GaussianCovariates",
    "Geometry",
    "Kernel",
    "LinearStudent",
    "OrderParameters",
    "RandomFeatures",
]
