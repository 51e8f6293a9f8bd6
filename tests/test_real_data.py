"""The example that predicts learning curves of real data."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).resolve().parents[1] / "docs" / "examples" / "real_data.py"


@pytest.fixture(scope="module")
def example():
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("real_data", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_ridge_on_raw_digits_is_predicted(example):
    (pixels, _), labels = example.views()
    samples = np.array([61.0, 300.0])
    errors = [example.measure(pixels, labels, int(n), runs=15, seed=0) for n in samples]
    for k, penalty in enumerate(example.PENALTIES):
        predicted = example.predict_ridge(pixels, labels, penalty, samples)
        for value, runs in zip(predicted, errors, strict=True):
            error = runs[:, k].std(ddof=1) / np.sqrt(len(runs))
            assert abs(runs[:, k].mean() - value) < 3.0 * error + 0.05 * value
    # the peak is there, and a penalty takes it away
    ridgeless, ridge = (
        example.predict_ridge(pixels, labels, penalty, samples) for penalty in example.PENALTIES
    )
    assert ridgeless[0] > 2.0 * ridge[0]


def test_two_clouds_are_exact_for_two_clouds(example):
    # where the assumption holds, so does the prediction
    rng = np.random.default_rng(0)
    labels = np.where(rng.random(8000) < 0.5, 1.0, -1.0)
    mean = rng.standard_normal(100) / 8.0
    scales = np.linspace(0.3, 1.5, 100)
    features = labels[:, None] * mean + scales * rng.standard_normal((8000, 100))
    view = example.View("clouds", features)
    samples = np.array([60.0, 200.0])
    predicted = example.predict_clouds(view, labels, samples)
    for n, value in zip(samples, predicted, strict=True):
        runs = example.measure(view, labels, int(n), runs=12, seed=0)[:, -1]
        error = runs.std(ddof=1) / np.sqrt(runs.size)
        assert abs(runs.mean() - value) < 3.0 * error + 0.02 * value


@pytest.mark.slow
def test_the_page_s_claims(example, tmp_path):
    # fewer runs than on the page, so a little more than its largest differences
    picture = tmp_path / "picture.png"
    points = []
    both, labels = example.views()
    for view in both:
        points += example.compare(view, labels, runs=15, seed=1)
    example.draw(points, both, labels, str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")

    def largest(estimator, view=None):
        own = [p for p in points if p.estimator == estimator and view in (None, p.view)]
        assert len(own) in (len(example.SAMPLES), 2 * len(example.SAMPLES))
        return max(abs(p.difference) for p in own)

    assert largest("ridge, penalty 0.1") < 0.09
    assert 0.06 < largest("ridge, penalty 0.001") < 0.22
    assert largest("logistic, clouds", both[1].name) < 0.13
    assert 0.09 < largest("logistic, clouds", both[0].name) < 0.17
    assert 0.6 < largest("logistic, signs", both[0].name) < 0.75
    assert 0.4 < largest("logistic, signs", both[1].name) < 0.5
    assert len(example.table(points).splitlines()) == len(points) + 1
