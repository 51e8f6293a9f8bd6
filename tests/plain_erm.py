"""State evolution of empirical risk minimisation, written to be read: a damped loop and a polish.

Takes any geometry of `nishimori.features`, and works out by itself what a loss does: the square
loss in closed form, logistic and square loss on labels by quadrature over the margin u = y omega.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import root
from scipy.special import expit, log_ndtr

import nishimori as nm

Hats = Callable[[float, float, float], tuple[float, float, float]]

EXTREMES = (1e-12, 1e-6, 1.0, 1e6, 1e12)
_X, _W = np.polynomial.legendre.leggauss(40)


def tanh(depth: int) -> nm.DeepNetwork:
    """The network of arXiv:2302.00375's figures."""
    return nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth)


def square_hats(alpha_p: float, total: float) -> Hats:
    """Square loss on real labels of total variance `total` (label noise included)."""

    def hats(v: float, q: float, m: float) -> tuple[float, float, float]:
        error = total + q - 2.0 * m
        return alpha_p / (1.0 + v), alpha_p * error / (1.0 + v) ** 2, alpha_p / (1.0 + v)

    return hats


def logistic_proximal(u: np.ndarray, v: float) -> np.ndarray:
    """The z of z = u + v sigma(-z), by bisection and then Newton."""
    low, high = u.copy(), u + v
    for _ in range(30):
        z = 0.5 * (low + high)
        below = z - u - v * expit(-z) < 0.0
        low, high = np.where(below, z, low), np.where(below, high, z)
    z = 0.5 * (low + high)
    for _ in range(6):
        z = z - (z - u - v * expit(-z)) / (1.0 + v * expit(z) * expit(-z))
    return z


def label_hats(alpha_p: float, total: float, loss: str) -> Hats:
    """A margin loss on noiseless-inside labels sign(h), E h^2 = `total`."""

    def hats(v: float, q: float, m: float) -> tuple[float, float, float]:
        tau = math.sqrt(q - m * m / total)
        a = m / math.sqrt(q * (q * total - m * m))

        def mean(density: Callable[[np.ndarray], np.ndarray], width: float, kind: str) -> float:
            scale = math.sqrt(q)
            near = min(tau, scale) * np.array([-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0])
            far = scale * np.linspace(-9.0, 9.0, 37)
            edges = np.unique(np.concatenate([near, far]))
            middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
            u = (middle[:, None] + half[:, None] * _X).ravel()
            weight = (half[:, None] * _W).ravel() * density(u)
            if loss == "logistic":
                z = logistic_proximal(u, v)
                kappa = expit(z) * expit(-z)
                g, slope = expit(-z), kappa / (1.0 + v * kappa)
            else:
                g, slope = (1.0 - u) / (1.0 + v), np.full(u.shape, 1.0 / (1.0 + v))
            values = {"slope": slope, "square": g * g, "value": g}[kind]
            return float(weight @ values)

        def margin(u: np.ndarray) -> np.ndarray:
            return 2.0 * np.exp(-0.5 * u * u / q + log_ndtr(a * u)) / math.sqrt(2.0 * math.pi * q)

        def free(u: np.ndarray) -> np.ndarray:
            return np.exp(-0.5 * (u / tau) ** 2) / (math.sqrt(2.0 * math.pi) * tau)

        scale = math.sqrt(q)
        slope = math.sqrt(2.0 / (math.pi * total))
        return (
            alpha_p * mean(margin, scale, "slope"),
            alpha_p * mean(margin, scale, "square"),
            alpha_p * slope * mean(free, tau, "value"),
        )

    return hats


def solve(geometry, alpha, regularization, loss="square", channel="linear", noise=0.0):
    """(V, q, m) and (V^, q^, m^, norm) at the fixed point; the residual must be at rounding."""
    total = geometry.target_variance + noise
    alpha_p = alpha / geometry.ratio
    hats = square_hats(alpha_p, total) if channel == "linear" else label_hats(alpha_p, total, loss)

    def step(v: float, q: float, m: float) -> np.ndarray:
        conjugates = (np.array([x]) for x in hats(v, q, m))
        out = geometry.order_parameters(*conjugates, np.array([regularization]))
        return np.array([out[k][0] for k in range(3)])

    x = np.array([1.0, 0.5 * total, 0.1 * total])
    for _ in range(400):
        x = 0.4 * x + 0.6 * step(*x)

    def gap(y: np.ndarray) -> np.ndarray:
        v, q, m = math.exp(y[0]), math.exp(y[1]), y[2]
        new = step(v, q, m)
        return np.array([new[0] / v - 1.0, new[1] / q - 1.0, new[2] / m - 1.0])

    y = root(gap, [math.log(x[0]), math.log(x[1]), x[2]], method="hybr", tol=1e-15).x
    v, q, m = math.exp(y[0]), math.exp(y[1]), float(y[2])
    assert np.abs(gap(y)).max() < 1e-11
    conjugates = hats(v, q, m)
    arrays = (np.array([c]) for c in conjugates)
    norm = float(geometry.order_parameters(*arrays, np.array([regularization])).norm[0])
    return (v, q, m), (*conjugates, norm)
