"""The no-U-turn sampler over all weights of a network, several chains side by side.

Only imported when a posterior is sampled: NumPyro and JAX are the optional extra ``bayes``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from numpy.typing import NDArray
from numpyro.infer.hmc import hmc

from nishimori.channels import Channel, Linear
from nishimori.simulate.jax_evidence import draw_readout, log_evidence
from nishimori.simulate.jax_likelihoods import classes, log_likelihood, mean_label
from nishimori.simulate.jax_networks import Architecture

__all__ = ["Draws", "Observed", "Sampler", "double_precision", "sampler"]

Traced = Any
FloatArray = NDArray[np.float64]

_BLOCK = 2**22  # numbers of the positions that are held at a time
_LONGEST_BLOCK = 50  # draws


class Draws(NamedTuple):
    """What every iteration of every chain leaves; iterations first, then chains."""

    position: Traced
    log_density: Traced
    diverging: Traced
    steps: Traced


class Observed(NamedTuple):
    """What one draw of the weights says at the test inputs."""

    readout: Traced
    field: Traced
    label: Traced
    probabilities: Traced


def double_precision() -> AbstractContextManager[Any]:
    """JAX in double precision inside, as it was before outside."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    from jax.experimental import enable_x64

    return enable_x64()


class Sampler:
    """Compiled once for a network, a channel and settings; data come as arguments.

    The readout below Gaussian noise is integrated out: the chain moves the hidden weights, with
    y ~ N(0, C), C = readout_variance Phi Phi^T/d_L + noise, and the readout is drawn after it from
    its Gaussian law given them.
    """

    def __init__(
        self, architecture: Architecture, channel: Channel, warmup: int, chains: int, accept: float
    ) -> None:
        self.architecture, self.channel, self.chains = architecture, channel, chains
        self.block = max(min(_LONGEST_BLOCK, _BLOCK // (architecture.size * chains)), 1)
        init, step = hmc(potential_fn_gen=self._potential, algo="NUTS")

        def begin(position: Traced, key: Traced, inputs: Traced, labels: Traced) -> Traced:
            return init(
                position,
                warmup,
                target_accept_prob=accept,
                adapt_mass_matrix=False,  # the prior's own units; few draws would know no better
                model_args=(inputs, labels),
                rng_key=key,
            )

        def advance(states: Traced, count: Traced, inputs: Traced, labels: Traced) -> Traced:
            def one(number: Traced, carry: Traced) -> Traced:
                states, draws = carry
                states = jax.lax.map(lambda state: step(state, (inputs, labels)), states)
                new = _record(states)
                return states, jax.tree.map(lambda d, v: d.at[number].set(v), draws, new)

            empty = jax.tree.map(
                lambda v: jnp.zeros((self.block, *v.shape), v.dtype), _record(states)
            )
            return jax.lax.fori_loop(0, count, one, (states, empty))

        def observe(positions: Traced, key: Traced, *data: Traced) -> Traced:
            flat = positions.reshape(-1, architecture.size)
            keys = jax.random.split(key, len(flat))
            seen = jax.lax.map(lambda draw: self._observe(*draw, *data), (flat, keys))
            return jax.tree.map(lambda v: v.reshape(self.block, chains, *v.shape[1:]), seen)

        self.begin = jax.jit(
            lambda positions, keys, *data: jax.lax.map(
                lambda start: begin(*start, *data), (positions, keys)
            )
        )
        self.advance = jax.jit(advance)
        self.observe = jax.jit(observe)

    @property
    def collapsed(self) -> bool:
        """Whether the readout is integrated out."""
        return not self.architecture.with_readout

    def log_density(self, position: Traced, inputs: Traced, labels: Traced) -> Traced:
        """Log posterior density of the whitened vector, up to a constant."""
        prior = -0.5 * jnp.sum(jnp.square(position))
        if self.collapsed:
            hidden = self._scaled_hidden(position, inputs)
            return prior + log_evidence(hidden, labels, self._noise())
        field = self.architecture.field(position, inputs)
        return prior + jnp.sum(log_likelihood(self.channel, labels, field))

    def _potential(self, inputs: Traced, labels: Traced) -> Callable[[Traced], Traced]:
        return lambda position: -self.log_density(position, inputs, labels)

    def _scaled_hidden(self, position: Traced, inputs: Traced) -> Traced:
        """The last hidden layer in units in which the readout is N(0, I)."""
        unit = math.sqrt(self.architecture.network.readout_variance / self.architecture.widths[-1])
        return self.architecture.hidden(position, inputs) * unit

    def _noise(self) -> float:
        assert isinstance(self.channel, Linear)
        return self.channel.noise

    def _observe(
        self, position: Traced, key: Traced, inputs: Traced, labels: Traced, tests: Traced
    ) -> Observed:
        if self.collapsed:
            learnt = self._scaled_hidden(position, inputs)
            mean, draw = draw_readout(learnt, labels, self._noise(), key)
            hidden = self._scaled_hidden(position, tests)
            readout = draw * math.sqrt(self.architecture.network.readout_variance)
            return Observed(readout, hidden @ draw, hidden @ mean, jnp.zeros((0, len(tests))))
        field = self.architecture.field(position, tests)
        readout = self.architecture.readout(position)
        values = classes(self.channel)
        if values is None:
            nothing = jnp.zeros((0, len(tests)))
            return Observed(readout, field, mean_label(self.channel, field), nothing)
        rows = [log_likelihood(self.channel, jnp.full_like(field, y), field) for y in values]
        probabilities = jnp.exp(jnp.stack(rows))
        return Observed(readout, field, jnp.asarray(values) @ probabilities, probabilities)


@lru_cache(maxsize=8)
def sampler(
    architecture: Architecture, channel: Channel, warmup: int, chains: int, accept: float
) -> Sampler:
    """A `Sampler`; an equal one that was made before is compiled already."""
    return Sampler(architecture, channel, warmup, chains, accept)


def _record(states: Traced) -> Draws:
    return Draws(states.z, -states.potential_energy, states.diverging, states.num_steps)
