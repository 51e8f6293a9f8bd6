"""A Gaussian readout integrated out: the evidence of the hidden layers, and its law given them.

Only imported when a posterior is sampled: JAX is part of the optional extra ``bayes``.
"""

from __future__ import annotations

import math
from typing import Any

import jax
from jax import numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular

__all__ = ["draw_readout", "log_evidence"]

Traced = Any


def log_evidence(hidden: Traced, labels: Traced, noise: float) -> Traced:
    """ln N(y; 0, hidden hidden^T + noise), through the smaller of its two Gram matrices.

    Parameters
    ----------
    hidden : array of shape (samples, width)
        The last hidden layer, in units in which the readout is N(0, I).
    labels : array of shape (samples,)
    noise : float
        > 0.
    """
    samples, width = hidden.shape
    if samples <= width:
        gram = hidden @ hidden.T + noise * jnp.eye(samples)
        inner = _form(gram, labels, -1.0)
        rest = 0.0
    else:
        gram = hidden.T @ hidden + noise * jnp.eye(width)
        inner = _form(gram, hidden.T @ labels, 1.0 / noise)
        rest = jnp.sum(jnp.square(labels)) / noise + (samples - width) * math.log(noise)
    return inner - 0.5 * (rest + samples * math.log(2.0 * math.pi))


def draw_readout(
    hidden: Traced, labels: Traced, noise: float, key: Traced
) -> tuple[Traced, Traced]:
    """Mean and one draw of the N(0, I) readout given the hidden layers and the labels."""
    width = hidden.shape[1]
    root = jnp.linalg.cholesky(hidden.T @ hidden + noise * jnp.eye(width))
    mean = cho_solve((root, True), hidden.T @ labels)
    normal = jax.random.normal(key, mean.shape, mean.dtype)
    return mean, mean + math.sqrt(noise) * solve_triangular(root, normal, lower=True, trans=1)


def _value(matrix: Traced, vector: Traced, scale: float) -> tuple[Traced, Any]:
    root = jnp.linalg.cholesky(matrix)
    inverse = cho_solve((root, True), jnp.eye(matrix.shape[0]))
    solved = inverse @ vector
    half_log_det = jnp.sum(jnp.log(jnp.diagonal(root)))
    return 0.5 * scale * (vector @ solved) - half_log_det, (inverse, solved)


def _gradient(scale: float, kept: Any, outer: Traced) -> tuple[Traced, Traced]:
    inverse, solved = kept
    by_matrix = -0.5 * (scale * jnp.outer(solved, solved) + inverse)
    return outer * by_matrix, outer * scale * solved


# scale v^T M^{-1} v/2 - ln det(M)/2: its derivatives cost one inverse, and no derivative of a root
_form = jax.custom_vjp(lambda m, v, scale: _value(m, v, scale)[0], nondiff_argnums=(2,))
_form.defvjp(_value, _gradient)
