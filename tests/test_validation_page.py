"""The script behind docs/validation.md."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import nishimori as nm

SCRIPT = Path(__file__).resolve().parents[1] / "docs" / "validation.py"


@pytest.fixture(scope="module")
def validation():
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("validation", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_there_are_many_configurations_of_different_names(validation):
    names = [case.name for case in validation.cases()]
    assert len(names) >= 24
    assert len(set(names)) == len(names)
    assert validation.WRONG in names


def test_the_naive_recursion_counts_what_is_frozen_as_noise(validation):
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), 1, bias_variance=0.3)
    reduction = network.reduce()
    naive = validation.naive_glm(network, nm.channels.Linear(0.1))
    total = reduction.signal_variance + reduction.noise_variance + reduction.offset_variance
    assert naive.signal_variance + naive.noise_variance == pytest.approx(total, rel=1e-12)
    assert naive.noise_variance > 2.0 * reduction.noise_variance


def test_one_configuration_is_run_resumed_and_found_wrong(validation, tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table begins -->\nold\n<!-- table ends -->\nafter\n")
    case = next(case for case in validation.cases() if case.name == validation.WRONG)
    small = validation.replace(case, width=60, repetitions=48)
    monkeypatch.setattr(validation, "cases", lambda: [small])
    arguments = ["x", "--runs", str(tmp_path / "runs"), "--page", str(page), "--workers", "1"]
    monkeypatch.setattr(sys, "argv", arguments)
    assert validation.main() == 0
    first = page.read_text()
    assert "old" not in first
    assert first.startswith("before\n")
    assert first.endswith("after\n")
    assert "3 of 3 points of 1 configurations agree" in first
    assert first.count("| differs |") == 3
    monkeypatch.setattr("nishimori.simulate.runs.simulate_repetition", None)
    assert validation.main() == 0
    assert page.read_text() == first
