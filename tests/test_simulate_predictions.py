"""What is predicted from fields, and what is known of weights: against quadrature and samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

import nishimori as nm
from nishimori.simulate.bayes_predictions import best_prediction, label_mean
from nishimori.simulate.denoisers import mixture_of, posterior_moments
from nishimori.simulate.labels import draw_labels
from plain_channels import LAWS, WAVE, normal

A, C, P = nm.activations, nm.channels, nm.priors

PRIORS = [
    P.Gaussian(),
    P.Rademacher(),
    P.GaussBernoulli(0.2),
    P.GaussBernoulli(1.0),
    P.Discrete([-1.0, 0.0, 2.0], [0.3, 0.5, 0.2]),
    P.Custom(np.linspace(-2, 2, 41), np.full(41, 1 / 41)),
    P.GaussianMixture([-1.0, 2.0, 0.0], [0.5, 0.1, 0.0], [0.5, 0.3, 0.2]),
]


@pytest.mark.parametrize("prior", PRIORS, ids=str)
@pytest.mark.parametrize(("linear", "precision"), [(0.7, 1.5), (-3.0, 0.2), (200.0, 150.0)])
def test_denoisers_average_over_the_prior(prior, linear, precision):
    """Against quad over the densities, and sums over the atoms, of the prior's own attributes."""
    atoms, gaussians = [], []
    if isinstance(prior, P.Gaussian):
        gaussians = [(0.0, 1.0, 1.0)]
    elif isinstance(prior, P.Rademacher):
        atoms = [(-1.0, 0.5), (1.0, 0.5)]
    elif isinstance(prior, P.GaussBernoulli):
        atoms, gaussians = [(0.0, 1 - prior.density)], [(0.0, 1 / prior.density, prior.density)]
    elif isinstance(prior, P.Discrete):
        atoms = list(zip(prior.values, prior.weights, strict=True))
    else:
        parts = list(zip(prior.means, prior.variances, prior.weights, strict=True))
        gaussians = [part for part in parts if part[1] > 0.0]
        atoms = [(m, w) for m, v, w in parts if v == 0.0]
    peak = linear / precision
    top = linear * peak - 0.5 * precision * peak**2

    def tilt(a):
        return math.exp(linear * a - 0.5 * precision * a * a - top)

    def moment(function):
        total = sum(w * function(a) * tilt(a) for a, w in atoms)
        for m, v, w in gaussians:
            centre, width = (m / v + linear) / (1 / v + precision), (1 / v + precision) ** -0.5
            total += quad(
                lambda a, m=m, v=v, w=w: w * function(a) * tilt(a) * normal(a, m, v),
                centre - 12 * width,
                centre + 12 * width,
                epsabs=0.0,
                epsrel=1e-12,
                points=[centre],
            )[0]
        return total

    mass = moment(lambda a: 1.0)
    mean = moment(lambda a: a) / mass
    variance = moment(lambda a: (a - mean) ** 2) / mass
    found = posterior_moments(mixture_of(prior), np.array([linear]), precision)
    assert found[0][0] == pytest.approx(mean, rel=1e-11)
    assert found[1][0] == pytest.approx(variance, rel=1e-9, abs=1e-30)


def test_denoisers_do_not_overflow():
    linear = np.array([-1e5, -800.0, 0.0, 800.0, 1e5])
    for prior in PRIORS:
        mean, variance = posterior_moments(mixture_of(prior), linear, 900.0)
        assert np.isfinite(mean).all()
        assert ((variance >= 0.0) & (variance < 10.0)).all()
    with pytest.raises(nm.errors.BadArgument, match="weights of Prior are not known"):
        mixture_of(P.Prior())


@pytest.mark.parametrize("name", LAWS)
def test_predictions_are_modes_or_means(name):
    channel = LAWS[name][0]
    omega, variance = np.array([-1.3, 0.1, 0.4, 2.0]), 0.3
    found = best_prediction(channel, omega, variance)
    rng = np.random.default_rng(0)
    count = 100_000 if name != "custom density" else 10_000
    for centre, guess in zip(omega, found, strict=True):
        field = centre + math.sqrt(variance) * rng.standard_normal(count)
        labels = draw_labels(channel, field, rng)
        if channel.metrics[0] == "misclassification":
            values, counts = np.unique(labels, return_counts=True)
            chance = dict(zip(values.tolist(), counts / count, strict=True))
            assert max(chance.values()) - chance[guess] < 0.01
        else:
            error = labels.std() / math.sqrt(count)
            assert abs(labels.mean() - guess) < 4.5 * error + 1e-12


def test_means_are_exact():
    omega = np.array([-1.3, 0.1, 2.0])
    width = math.sqrt(0.3)
    for activation in (A.Tanh(2.0), A.ELU(), A.HardTanh(), WAVE, A.Sine(5.0)):
        found = label_mean(C.Readout(activation, 0.1), omega, 0.3)
        for centre, value in zip(omega, found, strict=True):
            ends = sorted(
                {*np.linspace(centre - 9 * width, centre + 9 * width, 30), -1.0, 0.0, 0.2, 1.0}
            )
            exact = sum(
                quad(
                    lambda h, f=activation, c=centre: float(f(h)) * normal(h, c, 0.3),
                    a,
                    b,
                    epsabs=1e-14,
                    epsrel=1e-12,
                )[0]
                for a, b in zip(ends, ends[1:], strict=False)
            )
            assert value == pytest.approx(exact, abs=1e-11)
    users = C.Custom(lambda y, h: h - y * np.exp(h), support=(0.0, np.inf))  # mean exp(-h)
    assert label_mean(users, omega, 0.3) == pytest.approx(np.exp(0.15 - omega), rel=1e-7)
