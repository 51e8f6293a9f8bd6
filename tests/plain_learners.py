"""Learners in a few lines of NumPy, for the tests of comparisons; processes can import them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import nishimori as nm


@dataclass(frozen=True)
class PlainRidge:
    """Ridge regression by its normal equations."""

    estimator: Any
    seconds: float = 0.0

    @property
    def name(self):
        return "ridge"

    def check(self, problem, network):
        if isinstance(problem.channel, nm.channels.Poisson):
            raise nm.errors.BadArgument("PlainRidge: it does not take counts; use linear labels")

    def predict(self, task, rng):
        time.sleep(self.seconds)
        x, channel = task.train.scaled_inputs.astype(float), task.problem.channel
        offset = task.problem.offset if channel.ignores_offset else 0.0
        gram = x.T @ x + self.estimator.regularization * np.eye(x.shape[1])
        w = np.linalg.solve(gram, x.T @ (task.train.labels - offset))
        z = task.test_inputs @ w / np.sqrt(x.shape[1]) + offset
        return np.where(z >= 0.0, 1.0, -1.0) if channel.binary else z


@dataclass(frozen=True)
class Scaled:
    """Another learner whose predictions are multiplied: it is no longer what theory says."""

    learner: PlainRidge
    factor: float = 1.0
    noise: float = 0.0

    @property
    def name(self):
        return "scaled"

    @property
    def estimator(self):
        return self.learner.estimator

    def check(self, problem, network):
        pass

    def predict(self, task, rng):
        z = self.learner.predict(task, rng)
        return self.factor * z + self.noise * rng.standard_normal(z.shape)


@dataclass(frozen=True)
class Guess:
    """Has no theory: held against the optimum."""

    @property
    def name(self):
        return "guess"

    def check(self, problem, network):
        pass

    def predict(self, task, rng):
        return np.full(task.test_inputs.shape[0], task.train.labels.mean())


@dataclass(frozen=True)
class Fatal(PlainRidge):
    """Takes its process with it."""

    def predict(self, task, rng):
        if task.train.labels[0] > 0.0:
            os._exit(1)
        return super().predict(task, rng)


@dataclass(frozen=True)
class Failing:
    """Fails on about half of the data sets, or predicts nonsense."""

    how: str = "raises"
    estimator: Any = field(default_factory=nm.erm.Ridge)

    @property
    def name(self):
        return "failing"

    def check(self, problem, network):
        pass

    def predict(self, task, rng):
        if task.train.labels[0] > 0.0:
            return PlainRidge(self.estimator).predict(task, rng)
        if self.how == "raises":
            raise RuntimeError("the learner\nbroke")
        if self.how == "nan":
            return np.full(task.test_inputs.shape[0], np.nan)
        return np.zeros(3)
