"""The published numbers of arXiv:2302.00375, and the figures that show them."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nishimori as nm
from plain_erm import tanh

GALLERY = Path(__file__).resolve().parents[1] / "docs" / "gallery"
PUBLISHED = json.loads((GALLERY / "published.json").read_text(encoding="utf-8"))
FIGURES = sorted(
    path.stem for path in GALLERY.glob("*.py") if path.stem not in ("common", "draw_all")
)


def published(name):
    return np.array(PUBLISHED[name]["rows"]).T


def test_published_overlaps():
    # converged to 1e-15; at alpha = 0 there is nothing to compute
    alpha, overlap = published("overlap")[:, 1:]
    curve = tanh(2).glm(nm.channels.Linear()).learning_curve(alpha)
    assert alpha.size == 69
    assert np.abs(curve.overlap - overlap).max() < 1e-14


def test_published_best_penalties():
    alpha, regularization = published("best_ridge")
    ridge = nm.erm.Ridge(regularization="optimal")
    found = ridge.optimal_regularization(tanh(2).glm(nm.channels.Linear()), alpha)
    assert alpha.size == 69
    assert found == pytest.approx(regularization, rel=3e-7)
    assert np.mean(regularization / found) == pytest.approx(1.0, abs=5e-8)


@pytest.mark.parametrize(
    ("name", "estimator", "count"),
    [("square", nm.erm.SquareClassification, 19), ("logistic", nm.erm.Logistic, 3)],
)
def test_published_classification_errors(name, estimator, count):
    # converged to 1e-6, printed to as much
    alpha, error = published(name)
    problem = tanh(2).glm(nm.channels.Sign())
    curve = estimator(regularization=0.1).learning_curve(problem, alpha)
    assert alpha.size == count
    assert curve.test_error == pytest.approx(error, abs=1e-6)


@pytest.fixture
def gallery(monkeypatch):
    """Modules of the gallery, which import each other by name."""
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(GALLERY))
    loaded = []

    def load(name):
        spec = importlib.util.spec_from_file_location(name, GALLERY / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        loaded.append(name)
        return module

    yield load
    sys.modules.pop("common", None)


def test_every_figure_is_drawn_in_well_under_a_minute(gallery, tmp_path):
    start = time.process_time()
    for name in FIGURES:
        drawing = gallery(name).draw()
        for axes in drawing.axes:
            drawn = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]
            drawn = [values for values in drawn if values.size]  # keys of the legend have none
            assert drawn
            assert all(np.isfinite(values).any() for values in drawn)
        target = tmp_path / f"{name}.png"
        drawing.figure.savefig(target)
        assert target.read_bytes().startswith(b"\x89PNG")
    assert time.process_time() - start < 60.0


def test_page_shows_every_figure():
    page = (GALLERY.parent / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"images/gallery/(\w+)\.png", page)
    assert sorted(shown) == FIGURES
    for name in FIGURES:
        assert (GALLERY.parent / "images" / "gallery" / f"{name}.png").exists()
        assert f"gallery/{name}.py" in page


def test_all_figures_are_drawn_together(gallery):
    names = gallery("draw_all").FIGURES
    assert sorted(names) == FIGURES
    assert len(names) >= 14


def test_pictures_of_the_page_are_small():
    for path in (GALLERY.parent / "images" / "gallery").glob("*.png"):
        assert path.stat().st_size < 100_000, path.name
