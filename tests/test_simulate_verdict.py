"""Verdicts: scores, limits, and what is too noisy."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import scipy.stats

from nishimori.simulate.compared import Comparison, compared_point
from nishimori.simulate.verdict import (
    CONSTANT,
    LIMIT,
    allowance,
    limit_of,
    verdict,
    z_after,
    z_score,
)


def test_scores():
    assert z_score(1.2, 1.0, 0.1) == pytest.approx(2.0)
    assert z_after(1.2, 1.0, 0.1, 0.15) == pytest.approx(0.5)
    assert z_after(0.8, 1.0, 0.1, 0.15) == pytest.approx(-0.5)
    assert z_after(0.95, 1.0, 0.1, 0.15) == 0.0
    assert z_score(1.0, 1.0, 0.0) == 0.0
    assert z_score(1.1, 1.0, 0.0) == math.inf
    assert verdict(1.0, math.nan, 0.1, 0.0) == "no theory"
    assert verdict(math.nan, 1.0, 0.1, 0.0) == "no measurement"
    assert verdict(1.0, 1.0, 0.5, 0.0) == "too noisy"
    assert verdict(1.5, 1.0, 0.1, 0.0) == "differs"
    assert verdict(1.3, 1.0, 0.05, 0.2) == "agrees"
    assert verdict(1.0, math.inf, 0.1, 0.1) == "no theory"
    assert verdict(math.inf, 1.0, 0.1, 0.0) == "no measurement"
    assert verdict(1.0, 1.0, 0.1, math.nan) == "no measurement"
    # (1 + sqrt(a) + a)/sqrt(d) of Corollary 3
    assert allowance(400, 100, 2.0) == pytest.approx(CONSTANT * (1 + 2 + 4) / 10 * 2.0)


def test_noise_is_measured_against_the_natural_scale_and_hides_nothing():
    # theory of a perfect recovery is 0, of which any error bar is infinitely many times too large
    assert verdict(1e-3, 0.0, 1e-3, 0.0, scale=0.5) == "agrees"
    assert verdict(0.1465, 0.0, 0.04, 0.0, scale=0.5) == "too noisy"
    assert verdict(0.5, 0.0, 0.1, 0.0, scale=0.5) == "differs"
    assert verdict(0.2, 0.2, 0.1, 0.0, bound=True, scale=0.5) == "too noisy beside the optimum"
    assert verdict(0.9, 0.2, 0.1, 0.0, bound=True, scale=0.5) == "above the optimum"


def test_what_is_too_noisy_counts_neither_way():
    good, noisy, wrong = (
        compared_point("x", 1.0, 0.2, mean, spread, scale=0.5)
        for mean, spread in ((0.2, 0.01), (0.3, 0.1), (0.3, 0.01))
    )
    assert [p.verdict for p in (good, noisy, wrong)] == ["agrees", "too noisy", "differs"]
    assert not noisy.agrees
    assert Comparison((good, noisy)).agrees
    assert "1 agrees, 1 too noisy" in Comparison((good, noisy)).summary
    assert not Comparison((noisy,)).agrees
    assert not Comparison((good, noisy, wrong)).agrees
    assert not Comparison((good, replace(noisy, failures=1))).agrees


@pytest.mark.parametrize("repetitions", [2, 3, 5, 20])
def test_chance_differs_as_rarely_with_few_repetitions(repetitions):
    rate = 2.0 * scipy.stats.t.sf(limit_of(repetitions), repetitions - 1)
    assert rate == pytest.approx(math.erfc(LIMIT / math.sqrt(2.0)), rel=1e-9)
    point = compared_point("x", 1.0, 0.2, 0.2 + 4.5e-6, 1e-6, scale=0.5, repetitions=repetitions)
    assert point.verdict == "agrees"
    assert compared_point("x", 1.0, 0.2, 0.2 + 4.5e-6, 1e-6, scale=0.5).verdict == "differs"
