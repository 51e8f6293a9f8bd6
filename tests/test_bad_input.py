"""What users mistype: one sentence that names the argument, never a raw exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nishimori as nm

A, C, P = nm.activations, nm.channels, nm.priors
NETWORK = nm.DeepNetwork.uniform(A.Tanh(), 2)
UNEVEN = nm.DeepNetwork.uniform(A.ReLU(), 2)
GLM = nm.GLM(channel=C.Sign())


def one_over(x: Any) -> Any:
    return 1 / 0


REFUSED = [
    (lambda: P.Discrete([1.0], [1.0]), "at least two values"),
    (lambda: P.Gaussian().denoise("a"), "conjugate must be a number"),
    (
        lambda: NETWORK.glm(C.Sign(), above_layer="a"),
        "above_layer must be an integer of at least 0 and at most 2",
    ),
    (lambda: NETWORK.glm(C.Sign(), above_layer=np.nan), "above_layer must be an integer"),
    (lambda: NETWORK.glm(C.Sign(), spectrum="flat"), "spectrum must be one of nishimori.spectra"),
    (lambda: NETWORK.learning_curve(C.Sign(), 1.0, spectrum="flat"), "spectrum must be one of"),
    (lambda: NETWORK.learning_curve("sign", 1.0), "channel must be one of nishimori.channels"),
    (lambda: UNEVEN.learning_curve(C.Sign(), 1.0, quantiles="a"), "quantiles must be a number"),
    (lambda: UNEVEN.learning_curve(C.Sign(), 1.0, quantiles=[1.5]), "between 0 and 1"),
    (lambda: nm.DeepNetwork.uniform(A.Tanh(), True), "depth must be an integer"),
    (lambda: A.Hermite(True), "n must be an integer"),
    (lambda: A.Tanh()("a"), "x must be a number or an array"),
    (lambda: A.Custom(one_over), "calling it failed: ZeroDivisionError"),
    (lambda: A.Custom(lambda x: 1j * x), "its value must be a number"),
    (lambda: GLM.trajectory(1.0, 5, damping="a"), "damping must be a number"),
    (lambda: GLM.trajectory(1.0, 5, damping=1), "damping must be smaller than 1"),
    (lambda: GLM.trajectory(1.0, True), "iterations must be an integer"),
    (lambda: GLM.trajectory(1.0, 5, initial_overlap="x"), "initial_overlap must be a number"),
    (lambda: GLM.solve(10**400), "alpha must be a number"),
    (lambda: GLM.solve(1j), "alpha must be a number"),
    (lambda: GLM.solve(1.0, branch=None), "branch must be one of optimal, algorithmic, informed"),
    (lambda: GLM.solve(1.0, branch="optimum"), "did you mean 'optimal'"),
    (lambda: GLM.solve(1.0, rtol="a"), "rtol must be a number"),
    (lambda: GLM.solve(1.0, rtol=1e-20), "rtol must lie between 1e-13 and 0.001"),
    (lambda: GLM.test_error(None), "state must be a State or a Curve"),
    (lambda: nm.phase_diagram(3, 0.0, 1.0), "family must be callable"),
    (lambda: nm.phase_diagram(lambda _: GLM, "a", 1.0), "low must be a number"),
    (lambda: nm.phase_diagram(lambda p: GLM if p < 0.5 else 3, 0.0, 1.0), "returned 3 at 0.5"),
    (lambda: C.parse("readout"), "readout needs activation$"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refused_in_one_sentence(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(nm.NishimoriError, match=words) as caught:
        call()
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("module", "name", "nearest"),
    [(A, "Tahn", "Tanh"), (C, "Sgin", "Sign"), (P, "Gausian", "Gaussian")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_misspelt_name_gets_the_nearest(module: Any, name: str, nearest: str) -> None:
    with pytest.raises(AttributeError, match=f"did you mean '{nearest}'"):
        getattr(module, name)


def test_numpy_scalars_are_numbers() -> None:
    assert GLM.solve(np.float32(1.0), rtol=np.float32(1e-5)).status is nm.Status.CONVERGED
    assert nm.DeepNetwork.uniform(A.Tanh(), np.int64(3)).depth == 3
    assert UNEVEN.learning_curve(C.Linear(0.1), 1.0, quantiles=0.5).quantiles is None


def test_an_activation_may_write_into_its_argument() -> None:
    def in_place(x: Any) -> Any:
        return np.maximum(x, 0.0, out=x)

    ours = nm.DeepNetwork.uniform(A.Custom(in_place, [0.0]), 2).reduce()
    exact = UNEVEN.reduce()
    assert ours.signal_variance == pytest.approx(exact.signal_variance, rel=1e-13)
