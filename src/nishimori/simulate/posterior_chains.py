"""Chains run in blocks, and what is made of their draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nishimori.channels import Channel, Laplace, Linear, Poisson, Readout
from nishimori.network import DeepNetwork
from nishimori.simulate.posterior_checks import Length, Start
from nishimori.simulate.posterior_result import PosteriorResult, agreement, mixing

if TYPE_CHECKING:
    from nishimori.simulate.jax_sampler import Sampler

__all__ = ["run"]

FloatArray = NDArray[np.float64]
Data = tuple[FloatArray, FloatArray, FloatArray]

_SEEN = ("field", "label", "log_density", "diverging", "steps")


def run(
    network: DeepNetwork,
    channel: Channel,
    widths: tuple[int, ...],
    data: Data,
    rng: np.random.Generator,
    *,
    length: Length,
    starts: Sequence[Start],
    accept: float,
    bounds: tuple[float, float],
    keep_weights: bool,
    progress: Callable[[int, int], None] | None,
) -> PosteriorResult:
    """Sample the posterior given (inputs, labels, test inputs); arguments are valid."""
    from threadpoolctl import threadpool_limits

    from nishimori.simulate import jax_networks, jax_sampler

    # on matrices so small, a second thread of the linear algebra costs ten times what it saves
    with jax_sampler.double_precision(), threadpool_limits(1, user_api="blas"):
        architecture = jax_networks.Architecture(network, widths, not isinstance(channel, Linear))
        sampler = jax_sampler.sampler(architecture, channel, length.warmup, length.chains, accept)
        positions = [
            rng.standard_normal(architecture.size)
            if isinstance(start, str)
            else architecture.position(start.weights, start.biases, start.readout)
            for start in starts
        ]
        names = (*_SEEN, "position", "readout") if keep_weights else _SEEN
        found = _iterate(sampler, np.stack(positions), data, length, names, rng, progress)
    return _result(sampler, found, bounds)


def _iterate(
    sampler: Sampler,
    positions: FloatArray,
    data: Data,
    length: Length,
    names: Sequence[str],
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None,
) -> dict[str, Any]:
    """All iterations; what is named, with (chains, draws) first, and the mean probabilities."""
    from jax import random

    inputs, labels, tests = data
    total = length.warmup + length.draws
    key, start = random.split(random.key(int(rng.integers(2**63))))
    states = sampler.begin(positions, random.split(start, length.chains), inputs, labels)
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    probabilities, done = np.zeros(0), 0
    while done < total:
        warm = done < length.warmup
        count = min(sampler.block, (length.warmup if warm else total) - done)
        states, draws = sampler.advance(states, count, inputs, labels)
        if not warm:
            key, fresh = random.split(key)
            seen = sampler.observe(draws.position, fresh, inputs, labels, tests)
            values = draws._asdict() | seen._asdict()
            for name in names:
                parts[name].append(np.asarray(values[name][:count]))
            sums = np.asarray(seen.probabilities[:count]).sum(axis=(0, 1))
            probabilities = probabilities + sums if probabilities.size else sums
        done += count
        if progress is not None:
            progress(done, total)
    found: dict[str, Any] = {
        name: np.ascontiguousarray(np.concatenate(blocks).swapaxes(0, 1))
        for name, blocks in parts.items()
    }
    found["probabilities"] = probabilities / (length.draws * length.chains)
    return found


def _result(
    sampler: Sampler, found: dict[str, Any], bounds: tuple[float, float]
) -> PosteriorResult:
    from nishimori.simulate.jax_likelihoods import classes

    channel, label, log_density = sampler.channel, found["label"], found["log_density"]
    rhat, size = agreement(np.concatenate([label, log_density[..., None]], axis=2))
    mean, spread = label.mean(axis=(0, 1)), label.std(axis=(0, 1))
    values = classes(channel)
    probabilities = None
    if values is not None:
        probabilities = found["probabilities"]
        predictions = values[np.argmax(probabilities, axis=0)]
        expected = 1.0 - probabilities.max(axis=0)
    else:
        predictions = mean
        # below Gaussian noise the means leave out what the readout adds
        whole = found["field"].var(axis=(0, 1)) if sampler.collapsed else np.square(spread)
        expected = whole + _label_variance(channel, mean)
    kept: dict[str, Any] = {}
    if "position" in found:
        kept = sampler.architecture.many(found["position"]) | {"readout": found["readout"]}
    return PosteriorResult(
        predictions=predictions,
        classes=values,
        probabilities=probabilities,
        label_means=label,
        fields=found["field"],
        expected_error=float(np.mean(expected)) if expected.size else math.nan,
        standard_errors=spread / np.sqrt(np.maximum(size[:-1], 1.0)),
        log_density=log_density,
        label_rhat=rhat[:-1],
        label_effective_sample_size=size[:-1],
        log_density_rhat=float(rhat[-1]),
        log_density_effective_sample_size=float(size[-1]),
        steps=float(found["steps"].mean()),
        mixing=mixing(rhat, size, int(found["diverging"].sum()), *bounds),
        **kept,
    )


def _label_variance(channel: Channel, mean: FloatArray) -> Any:
    """E[Var(y|h)] of labels that are not classes, from their posterior mean."""
    if isinstance(channel, Linear | Readout):
        return channel.noise
    if isinstance(channel, Laplace):
        return 2.0 * channel.scale**2
    assert isinstance(channel, Poisson)
    return mean
