"""Custom losses: their twins, the worth of their tables, kinks in the label, and bad functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nishimori as nm
from nishimori.erm.label_kinks import kinks_in_label

C = nm.channels
NOISY = nm.GLM(C.Sign(0.2, 0.05), signal_variance=0.7, noise_variance=0.3)
NOISELESS = nm.GLM(C.Sign())
LINEAR = nm.GLM(C.Linear(0.1), signal_variance=0.8, noise_variance=0.2)
NAMES = ("overlap", "self_overlap", "susceptibility", "test_error")


def huber(y: Any, z: Any) -> Any:
    r = abs(y - z)
    return np.where(r < 0.37, 0.5 * r * r, 0.37 * r - 0.06845)


TWINS = [
    (nm.erm.Logistic, lambda y, z: np.logaddexp(0.0, -y * z), NOISY, 3e-11),
    (nm.erm.Logistic, lambda y, z: np.logaddexp(0.0, -y * z), NOISELESS, 3e-11),
    (nm.erm.Hinge, lambda y, z: np.maximum(1.0 - y * z, 0.0), NOISY, 1e-13),
    (nm.erm.SquaredHinge, lambda y, z: 0.5 * np.maximum(1.0 - y * z, 0.0) ** 2, NOISY, 3e-13),
    (nm.erm.SquareClassification, lambda y, z: 0.5 * (1.0 - y * z) ** 2, NOISELESS, 1e-13),
    (nm.erm.Absolute, lambda y, z: np.abs(y - z), LINEAR, 1e-13),
    (lambda **k: nm.erm.Huber(0.37, **k), huber, LINEAR, 1e-13),
]


@pytest.mark.parametrize(("twin", "loss", "problem", "rtol"), TWINS)
@pytest.mark.parametrize("reg", [1e-3, 0.1, 1.0])
def test_custom_losses_agree_with_their_twins_as_well_as_they_say(
    twin: Any, loss: Any, problem: nm.GLM, rtol: float, reg: float
) -> None:
    alpha = [0.5, 2.0, 8.0]
    mine = nm.erm.Custom(loss, regularization=reg).learning_curve(problem, alpha)
    known = twin(regularization=reg).learning_curve(problem, alpha)
    for name in NAMES:
        one, two = getattr(mine, name), getattr(known, name)
        np.testing.assert_allclose(one, two, rtol=rtol)
        allowed = 10.0 * (mine.error_estimate + known.error_estimate)
        assert np.all(np.abs(one / two - 1.0) < allowed), name


def test_custom_losses_can_be_asked_for_separability():
    problem = nm.GLM(nm.channels.Sign(), signal_variance=0.7, noise_variance=0.3)
    mine = nm.erm.Custom(lambda y, z: np.exp(-y * z))
    assert mine.separability_threshold(problem) == pytest.approx(3.4118566, rel=1e-7)
    with pytest.raises(nm.NishimoriError, match="separability"):
        nm.erm.Custom(lambda y, z: abs(y - z)).separability_threshold(LINEAR)


def test_custom_proximal_operator():
    mine = nm.erm.Custom(lambda y, z: np.abs(y - z) ** 3 / 3.0)
    z = mine.proximal(0.0, 2.0, 0.5)  # z + z^2/2 = 2
    assert z == pytest.approx(math.sqrt(5.0) - 1.0, rel=1e-12)
    assert mine.value(0.0, 2.0) == pytest.approx(8.0 / 3.0)


def jump(y: Any, z: Any) -> Any:
    return np.where(y > 0.7, 3.0, 1.0) * (y - z) ** 2 / 2.0


def bend(y: Any, z: Any) -> Any:
    return (0.5 + abs(y - 0.3)) * (y - z) ** 2 / 2.0


def two_jumps(y: Any, z: Any) -> Any:
    return np.where(abs(y) > 1.0, 3.0, 1.0) * abs(y - z)


KINKED = [
    (jump, C.Readout(nm.activations.ReLU(), noise=0.0)),
    (bend, C.Linear(0.1)),
    (bend, C.Readout(nm.activations.ReLU(), noise=0.0)),
    (two_jumps, C.Linear(0.0)),
    (two_jumps, C.Readout(nm.activations.Tanh(gain=2.0), noise=0.05)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "channel"), KINKED)
def test_kinks_in_the_label_are_resolved(loss: Any, channel: C.Channel) -> None:
    state = nm.erm.Custom(loss).solve(nm.GLM(channel, noise_variance=0.1), 1.5)
    assert state.error_estimate < 1e-11


def test_kinks_in_the_label_are_found_where_they_are() -> None:
    def loss(y: Any, z: Any) -> Any:
        return abs(y - z) * (1.0 + np.maximum(y, -0.3)) + np.where(y > 1.7, z * z, 0.0)

    places = kinks_in_label(loss, -6.0, 6.0)
    np.testing.assert_allclose(places, [-0.3, 1.7], rtol=1e-12)
    for high in (6.6, 9.43094233865905, 9.4339):  # one of them puts it beside an end of a panel
        np.testing.assert_allclose(kinks_in_label(jump, 0.0, high), [0.7], rtol=1e-14)
    assert kinks_in_label(lambda y, z: np.log(y) * z, -1.0, 1.0).size == 0
    assert kinks_in_label(lambda y, z: (y - z) ** 2, -1.0, 1.0).size == 0


def refuse(y: Any, z: Any) -> Any:
    raise RuntimeError("not today")


FUNCTIONS = [
    (refuse, "vectorised function of .y, z.*; it raised RuntimeError: not today$"),
    (lambda y, z: "text", "vectorised function of .y, z.*; it returned text$"),
    (lambda y, z: None, "it returned nothing$"),
    (lambda y, z: 1j * (y - z), "it returned complex numbers$"),
    (lambda y, z: 1.0, r"broadcast shape \(5,\) it returned the shape \(\)$"),
    (lambda y, z: max(1.0 - y * z, 0.0), "np.maximum and np.where take arrays"),
    (lambda z: z, "TypeError: .* 1 positional argument but 2 were given$"),
    (lambda y, z: np.nan * (y - z), "loss is nan at y = "),
    (lambda y, z: -np.exp(-((y - z) ** 2)), "not convex: its slope falls near t = -?0.7"),
    (lambda y, z: np.minimum(abs(y - z), 1.0), "its slope falls at t = -?1$"),
    (lambda y, z: np.log1p((y - z) ** 2), "its slope falls near t = -?1$"),
    (lambda y, z: np.sqrt(1.0 + (abs(y - z) - 50.0) ** 2), "its slope falls at t = 0$"),
    (lambda y, z: 0.0 * y + np.minimum(abs(z), 3.0), "at y = .*, z = -?3$"),
    (lambda y, z: 0.0 * y + np.where(abs(z) < 1.0, np.inf, 0.0), "beyond .*z = -?1$"),
]


@pytest.mark.parametrize(("loss", "sentence"), FUNCTIONS)
def test_bad_functions_get_one_sentence(loss: Any, sentence: str) -> None:
    with pytest.raises(nm.errors.BadArgument, match=sentence):
        nm.erm.Custom(loss).solve(LINEAR, 1.0)


def test_bad_breakpoints() -> None:
    def loss(y: Any, z: Any) -> Any:
        return abs(y) * abs(y - z)

    for breakpoints in (lambda y: "x", lambda y: [np.inf], lambda: 0.0):
        with pytest.raises(nm.errors.BadArgument, match="breakpoints must be numbers, or a func"):
            nm.erm.Custom(loss, breakpoints=breakpoints).solve(LINEAR, 1.0)
    with pytest.raises(nm.NishimoriError, match="must be a function"):
        nm.erm.Custom(3.0)  # type: ignore[arg-type]
