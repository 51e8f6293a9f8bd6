"""The ordinal channel against signs, doors, plain sums and its own entropy."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nishimori as nm
from nishimori.channels import Door, Ordinal, Sign

THREE = (-1.0, 0.2, 1.5)


def arrays(*values: float) -> list[np.ndarray]:
    return [np.array([float(x)]) for x in values]


@pytest.mark.parametrize(
    ("signal", "variance", "offset"),
    [(0.5, 0.5, 0.0), (0.5, 0.5, 0.3), (1e-8, 1.0, 0.2), (1.0, 1e-6, 0.1), (0.9, 0.1, -2.0)],
)
def test_one_threshold_is_a_sign(signal: float, variance: float, offset: float) -> None:
    s2, v = arrays(signal, variance)
    ours, sign = Ordinal((0.3,), 0.01), Sign(noise=0.01)
    here, there = ours.evaluate(s2, v, offset + 0.3), sign.evaluate(s2, v, offset)
    assert here.fisher[0] == pytest.approx(there.fisher[0], rel=2e-14)
    assert here.entropy[0] == pytest.approx(there.entropy[0], rel=2e-14)
    assert ours.errors(s2, v, offset + 0.3, "misclassification")[0] == pytest.approx(
        sign.errors(s2, v, offset, "misclassification")[0], rel=1e-13
    )


@pytest.mark.parametrize("offset", [0.0, 0.4])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 1.0 - 1e-8])
def test_plain_sums(share: float, offset: float) -> None:
    """Fine grids and erfc; for a tiny variance around each threshold only."""
    signal, variance = share, 1.0 - share
    erfc = np.vectorize(math.erfc)
    if share < 0.999:
        w = offset + math.sqrt(signal) * np.linspace(-9.5, 9.5, 40_001)
    else:
        width = math.sqrt(variance)
        w = np.concatenate([t + width * np.linspace(-9.5, 9.5, 8_001) for t in THREE])
    x = (w - offset) / math.sqrt(signal)
    weight = np.exp(-0.5 * x * x) * (w[1] - w[0]) / math.sqrt(2.0 * math.pi * signal)
    edges = [-np.inf, *THREE, np.inf]
    fisher, entropy, gibbs = np.zeros(w.size), np.zeros(w.size), np.zeros(w.size)
    for t0, t1 in zip(edges, edges[1:], strict=False):
        low, high = (t0 - w) / math.sqrt(variance), (t1 - w) / math.sqrt(variance)
        up = 0.5 * (erfc(low / math.sqrt(2.0)) - erfc(high / math.sqrt(2.0)))
        down = 0.5 * (erfc(-high / math.sqrt(2.0)) - erfc(-low / math.sqrt(2.0)))
        z = np.maximum(np.where(low > 0.0, up, down), 1e-300)
        d = (np.exp(-0.5 * low**2) - np.exp(-0.5 * high**2)) / math.sqrt(2.0 * math.pi * variance)
        fisher += d * d / z
        entropy += z * np.log(z)
        gibbs += z * (1.0 - z)
    s2, v = arrays(signal, variance)
    at = Ordinal(THREE).evaluate(s2, v, offset)
    assert at.fisher[0] == pytest.approx(weight @ fisher, rel=1e-8 if share > 0.999 else 1e-11)
    assert at.entropy[0] == pytest.approx(weight @ entropy, rel=1e-7 if share > 0.999 else 1e-11)
    ours = Ordinal(THREE).errors(s2, v, offset, "gibbs")[0]
    assert ours == pytest.approx(weight @ gibbs, rel=1e-7 if share > 0.999 else 1e-11)
    assert at.error[0] < 1e-12


@pytest.mark.parametrize("offset", [0.0, 0.7, -3.0])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("thresholds", [THREE, (0.0, 1e-3), (-2.0, 0.0, 0.1, 0.2, 3.0)], ids=str)
def test_fisher_is_the_slope_of_the_entropy(
    thresholds: tuple[float, ...], offset: float, share: float
) -> None:
    channel = Ordinal(thresholds)
    h = 2e-4 * min(share, 1.0 - share)
    signal = share + h * np.array([-2.0, -1.0, 1.0, 2.0])
    _, entropy = channel.information(signal, 1.0 - signal, offset)
    slope = entropy @ np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * h)
    fisher, _ = channel.information(share, 1.0 - share, offset)
    assert 2.0 * slope == pytest.approx(fisher, rel=1e-7, abs=1e-10)


def test_more_classes_tell_more_than_a_door() -> None:
    """Thresholds (-K, K) tell the side as well, so more than a door."""
    signal = np.array([0.1, 0.5, 0.9])
    fine, _ = Ordinal((-1.0, 1.0)).information(signal, 1.0 - signal)
    door, _ = Door(1.0).information(signal, 1.0 - signal)
    assert (fine > door).all()


def test_misclassification_by_a_plain_sum() -> None:
    x = np.linspace(-9.0, 9.0, 20_001)
    weight = np.exp(-0.5 * x * x) * (x[1] - x[0]) / math.sqrt(2.0 * math.pi)
    w = 0.1 + math.sqrt(0.7) * x
    cdf = np.array([[0.5 * math.erfc((y - t) / math.sqrt(0.6)) for t in THREE] for y in w])
    z = np.diff(np.concatenate([np.zeros((w.size, 1)), cdf, np.ones((w.size, 1))], 1))
    ours = Ordinal(THREE).errors(*arrays(0.7, 0.3), 0.1, "misclassification")
    assert ours[0] == pytest.approx(weight @ (1.0 - z.max(axis=1)), rel=1e-6)


def test_limits() -> None:
    channel = Ordinal(THREE)
    fisher, entropy = channel.information([1.0, 0.0], 0.0)
    assert fisher[0] == math.inf
    assert entropy.tolist() == [0.0, 0.0]
    at = channel.evaluate(np.ones(41), np.geomspace(1e-20, 1e20, 41), 0.3)
    assert np.isfinite(at.fisher).all()
    assert (at.entropy < 0.0).all()
    assert (at.error < 1e-10).all()
    known = Ordinal((0.0,), 1.0).conditional_entropy(1.0, 0.0)
    assert known == pytest.approx(Sign(noise=1.0).conditional_entropy(1.0, 0.0), rel=1e-14)


def test_units_and_names() -> None:
    channel = Ordinal([-1, 2], noise=0.5)
    assert channel.thresholds == (-1.0, 2.0)
    assert channel.without_noise() == Ordinal((-1.0, 2.0))
    assert str(channel) == "ordinal:thresholds=-1/2:noise=0.5"
    assert nm.channels.parse(str(channel)) == channel
    assert nm.channels.parse("ordinal:thresholds=0.5") == Ordinal((0.5,))
    scaled = channel.in_units_of(4.0)
    assert scaled == Ordinal((-0.5, 1.0), noise=0.125)
    here, there = channel.information(1.0, 3.0, 0.5), scaled.information(0.25, 0.75, 0.25)
    assert there == (pytest.approx(4.0 * here[0], rel=1e-13), pytest.approx(here[1], rel=1e-13))


@pytest.mark.parametrize(
    ("thresholds", "noise", "words"),
    [
        ((1.0, 0.0), 0.0, "strictly ascending"),
        ((1.0, 1.0), 0.0, "strictly ascending"),
        ((), 0.0, "at least one"),
        ((math.nan,), 0.0, "finite"),
        (("a",), 0.0, "numbers"),
        ((0.0,), -1.0, "noise is a variance"),
    ],
)
def test_refusals(thresholds: tuple[float, ...], noise: float, words: str) -> None:
    with pytest.raises(nm.errors.BadArgument, match=words) as caught:
        Ordinal(thresholds, noise)
    assert "\n" not in str(caught.value)
