"""Theory against scikit-learn on the same data: every loss, through the published mapping."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import nishimori as nm

SEEDS, DIMENSION = 6, 600
SIGN = nm.GLM(nm.channels.Sign(0.1, 0.05), signal_variance=0.7, noise_variance=0.3)
LINEAR = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
CLEAN = nm.GLM(nm.channels.Sign(), signal_variance=0.7, noise_variance=0.3)
SPARSE = nm.GLM(nm.channels.Linear(0.05), prior=nm.priors.GaussBernoulli(0.15))
SPARSE_SIGN = nm.GLM(nm.channels.Sign(0.05), prior=nm.priors.GaussBernoulli(0.15))
COUNTS = nm.GLM(nm.channels.Readout(nm.activations.ReLU(), 0.1))

CASES = {
    "ridge": (nm.erm.Ridge(regularization=0.3), LINEAR, 1.5, {}),
    "ridge-optimal": (nm.erm.Ridge(regularization="optimal"), LINEAR, 0.7, {}),
    "ridge-relu": (nm.erm.Ridge(regularization=0.3), COUNTS, 1.5, {}),
    "square": (nm.erm.SquareClassification(regularization=0.5), SIGN, 1.5, {}),
    "logistic": (nm.erm.Logistic(regularization=0.1), SIGN, 2.0, {"tol": 1e-8, "max_iter": 2000}),
    "hinge": (nm.erm.Hinge(regularization=0.5), SIGN, 1.5, {"tol": 1e-5, "max_iter": 20000}),
    "squared-hinge": (nm.erm.SquaredHinge(regularization=0.5), SIGN, 1.5, {"tol": 1e-7}),
    "max-margin": (nm.erm.MaxMargin(), CLEAN, 0.8, {"tol": 1e-5, "max_iter": 20000}),
    "absolute": (
        nm.erm.Absolute(regularization=0.5),
        LINEAR,
        1.5,
        {"tol": 1e-5, "max_iter": 20000},
    ),
    "epsilon": (
        nm.erm.EpsilonInsensitive(0.4, regularization=0.5),
        LINEAR,
        1.5,
        {"tol": 1e-5, "max_iter": 20000},
    ),
    "huber": (nm.erm.Huber(0.5, regularization=0.3), LINEAR, 2.0, {"tol": 1e-7, "max_iter": 5000}),
    "lasso": (nm.erm.Lasso(0.3), SPARSE, 0.8, {}),
    "elastic-net": (nm.erm.ElasticNet(0.2, regularization=0.1), SPARSE, 1.2, {}),
    "logistic-l1": (
        nm.erm.Logistic(regularization=0.1, l1=0.2),
        SPARSE_SIGN,
        1.2,
        {"tol": 1e-6, "max_iter": 5000},
    ),
}


def data(problem, samples, seed):
    """Inputs x/sqrt(d), labels, and the target's weights, of one GLM at random."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((samples, DIMENSION)) / math.sqrt(DIMENSION)
    a = rng.standard_normal(DIMENSION)
    density = getattr(problem.prior, "density", 1.0)
    a *= (rng.random(DIMENSION) < density) / math.sqrt(density)
    h = math.sqrt(problem.signal_variance) * (x @ a)
    h += math.sqrt(problem.noise_variance) * rng.standard_normal(samples)
    channel = problem.channel
    if isinstance(channel, nm.channels.Sign):
        y = np.sign(h + math.sqrt(channel.noise) * rng.standard_normal(samples))
        y *= np.where(rng.random(samples) < channel.flip, -1.0, 1.0)
    else:
        clean = h if isinstance(channel, nm.channels.Linear) else np.maximum(h, 0.0)
        y = clean + math.sqrt(channel.noise) * rng.standard_normal(samples)
    return x, y, a


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_scikit_learn_finds_the_same(name):
    estimator, problem, alpha, options = CASES[name]
    state = estimator.solve(problem, alpha)
    samples = round(alpha * DIMENSION)
    twin = estimator.to_scikit_learn(samples, state)
    found = []
    for seed in range(SEEDS):
        x, y, a = data(problem, samples, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of its own iterations
            w = twin.create(**options).fit(x, y).coef_.ravel()
        loss = 0.0 if estimator.separable_only else float(estimator.value(y, x @ w).mean())
        m = math.sqrt(problem.signal_variance) * (a @ w) / DIMENSION
        found.append([m, w @ w / DIMENSION, loss])
    mean = np.mean(found, axis=0)
    error = np.std(found, axis=0, ddof=1) / math.sqrt(SEEDS)
    theory = np.array([state.overlap, state.self_overlap, state.train_loss])
    assert (np.abs(mean - theory) <= 3.0 * error + 1e-12).all(), (
        mean,
        theory,
        (mean - theory) / np.maximum(error, 1e-300),
    )


def test_the_mapping():
    lasso = nm.erm.Lasso(0.3).to_scikit_learn(600)
    assert lasso.name == "sklearn.linear_model.Lasso"
    assert lasso.keywords == {"alpha": 0.0005, "fit_intercept": False}
    net = nm.erm.scikit_learn(nm.erm.ElasticNet(0.3, regularization=0.1), samples=100)
    assert net.keywords["alpha"] == pytest.approx(0.004)
    assert net.keywords["l1_ratio"] == pytest.approx(0.75)
    assert nm.erm.Hinge(regularization=0.5).to_scikit_learn(9).keywords["C"] == 2.0
    assert nm.erm.SquaredHinge(regularization=0.5).to_scikit_learn(9).keywords["C"] == 1.0
    assert nm.erm.MaxMargin().to_scikit_learn(9).keywords["C"] == 1e5
    huber = nm.erm.Huber(0.31369071641281493, regularization=0.11618174681956107)
    problem = nm.GLM(nm.channels.Linear(0.3), signal_variance=0.8, noise_variance=0.2)
    keywords = huber.to_scikit_learn(9, huber.solve(problem, 2.0)).keywords
    assert keywords["epsilon"] == pytest.approx(1.35, rel=1e-9)
    assert keywords["alpha"] == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize(
    ("estimator", "sentence"),
    [
        (nm.erm.Ridge(regularization="optimal"), "give state"),
        (nm.erm.Ridge(regularization=[1.0, 2.0]), "give state"),
        (nm.erm.Huber(1.0), "give state"),
        (nm.erm.Hinge(l1=0.1), "no Hinge with an l1"),
        (nm.erm.Logistic(regularization=0.0), "C = infinity"),
        (nm.erm.Custom(lambda y, z: (y - z) ** 2), "no Custom"),
    ],
)
def test_what_scikit_learn_has_not(estimator, sentence):
    with pytest.raises(nm.NishimoriError, match=sentence):
        estimator.to_scikit_learn(100)
    with pytest.raises(nm.NishimoriError, match="samples"):
        nm.erm.Ridge().to_scikit_learn(0)


def test_without_scikit_learn(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(nm.errors.OutputError, match="pip install scikit-learn"):
        nm.erm.Ridge().to_scikit_learn(10).create()
