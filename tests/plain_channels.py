"""Laws of labels written anew as plain Python, for tests of what labels tell."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln, ndtr

import nishimori as nm

A, C = nm.activations, nm.channels


def normal(x, mean, variance):
    return math.exp(-0.5 * (x - mean) ** 2 / variance) / math.sqrt(2.0 * math.pi * variance)


def kinked(y, h):
    return -np.abs(y - h) / 0.4 - math.log(0.8)


def softplus(h):
    return float(np.logaddexp(0.0, h))


def elu(h):
    return h if h > 0.0 else math.expm1(h)


WAVE = A.Custom(lambda x: np.sin(3.0 * x) + (x > 0.2), breakpoints=(0.2,))

# A channel, labels, P_out(y | h) written anew as plain Python, and where it is not smooth in h.
LAWS = {
    "linear": (C.Linear(0.1), (0.7, -3.0), lambda y, h: normal(y, h, 0.1), lambda y: []),
    "sign": (C.Sign(), (1.0, -1.0), lambda y, h: float(y * h > 0), lambda y: [0.0]),
    "flips": (
        C.Sign(0.2, 0.05),
        (1.0, -1.0),
        lambda y, h: 0.05 + 0.9 * ndtr(y * h / math.sqrt(0.2)),
        lambda y: [],
    ),
    "logistic": (
        C.Logistic(),
        (1.0, -1.0),
        lambda y, h: 1.0 / (1.0 + math.exp(-y * h)),
        lambda y: [],
    ),
    "door": (
        C.Door(0.7),
        (1.0, -1.0),
        lambda y, h: float((abs(h) < 0.7) == (y > 0)),
        lambda y: [-0.7, 0.7],
    ),
    "ordinal": (
        C.Ordinal((-0.5, 0.5, 0.6), 0.1),
        (0.0, 1.0, 2.0, 3.0),
        lambda y, h: (
            ndtr(([-0.5, 0.5, 0.6, math.inf][int(y)] - h) / math.sqrt(0.1))
            - ndtr(([-math.inf, -0.5, 0.5, 0.6][int(y)] - h) / math.sqrt(0.1))
        ),
        lambda y: [],
    ),
    "laplace": (
        C.Laplace(0.5),
        (1.3, -2.0),
        lambda y, h: math.exp(-abs(y - h) / 0.5),  # the scale is 0.5: no factor
        lambda y: [y],
    ),
    "poisson": (
        C.Poisson(),
        (0.0, 3.0, 11.0),
        lambda y, h: math.exp(y * h - math.exp(h) - gammaln(y + 1)),
        lambda y: [],
    ),
    "softplus": (
        C.Poisson("softplus"),
        (0.0, 2.0, 7.0),
        lambda y, h: softplus(h) ** y * math.exp(-softplus(h) - gammaln(y + 1)),
        lambda y: [],
    ),
    "relu": (
        C.Readout(A.ReLU(), 0.1),
        (0.2, 1.5, -0.4),
        lambda y, h: normal(y, max(h, 0.0), 0.1),
        lambda y: [0.0],
    ),
    "flat relu": (C.Readout(A.ReLU()), (0.0,), lambda y, h: float(h <= 0.0), lambda y: [0.0]),
    "abs": (
        C.Readout(A.Abs(), 0.002),
        (0.9, 0.01),
        lambda y, h: normal(y, abs(h), 0.002),
        lambda y: [0.0, y, -y],
    ),
    "outer sign": (
        C.Readout(A.Sign(), 0.3),
        (0.9, -2.0),
        lambda y, h: normal(y, math.copysign(1.0, h), 0.3),
        lambda y: [0.0],
    ),
    "tanh": (
        C.Readout(A.Tanh(gain=2.0), 0.05),
        (0.5, 1.2, -0.9),
        lambda y, h: normal(y, math.tanh(2.0 * h), 0.05),
        lambda y: [],
    ),
    "sharp tanh": (
        C.Readout(A.Tanh(gain=2.0), 1e-8),
        (0.5, -0.1),
        lambda y, h: normal(y, math.tanh(2.0 * h), 1e-8),
        lambda y: [math.atanh(y) / 2.0 + s for s in (-1e-3, 0.0, 1e-3)],
    ),
    "elu": (
        C.Readout(A.ELU(), 0.02),
        (0.3, -0.7),
        lambda y, h: normal(y, elu(h), 0.02),
        lambda y: [0.0],
    ),
    "square": (
        C.Readout(A.Polynomial((0.0, 0.0, 1.0)), 0.01),
        (1.2, 0.0),
        lambda y, h: normal(y, h * h, 0.01),
        lambda y: [0.0, math.sqrt(y), -math.sqrt(y)],
    ),
    "sine": (
        C.Readout(A.Sine(5.0), 0.05),
        (0.3, 1.1),
        lambda y, h: normal(y, math.sin(5.0 * h), 0.05),
        lambda y: list(np.linspace(-3.0, 3.0, 13)),
    ),
    "wave": (
        C.Readout(WAVE, 0.05),
        (0.3, 1.1),
        lambda y, h: normal(y, math.sin(3.0 * h) + (h > 0.2), 0.05),
        lambda y: [0.2],
    ),
    "custom labels": (
        C.Custom(lambda y, h: -np.logaddexp(0.0, -2.0 * y * h), outputs=(-1.0, 1.0)),
        (1.0, -1.0),
        lambda y, h: 1.0 / (1.0 + math.exp(-2.0 * y * h)),
        lambda y: [],
    ),
    "custom density": (
        C.Custom(kinked, support=(-np.inf, np.inf)),
        (0.3, -1.7),
        lambda y, h: math.exp(kinked(y, h)),
        lambda y: [y],
    ),
}
