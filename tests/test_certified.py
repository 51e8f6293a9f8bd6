"""Every channel, prior, spectrum and branch against certified fixed points and thresholds."""

from __future__ import annotations

import json
from typing import Any

import pytest

import nishimori as nm
from conftest import DATA, relative

A, C, P = nm.activations, nm.channels, nm.priors
CERTIFIED = json.loads((DATA / "certified.json").read_text())
ROWS, TRANSITIONS = CERTIFIED["rows"], CERTIFIED["transitions"]

READOUTS: dict[str, A.Activation] = {
    "abs": A.Abs(),
    "relu": A.ReLU(),
    "hardtanh": A.HardTanh(),
    "tanh": A.Tanh(),
    "sin2": A.Sine(gain=2.0),
    "cubic": A.Hermite(3),
    "sign_gauss": A.Sign(),
}


def channel_of(row: dict[str, Any]) -> C.Channel:
    numbers = {name: float(value) for name, value in row["channel_parameters"].items()}
    noise = numbers.get("noise_var", 0.0)
    name = row["channel"]
    if name in READOUTS:
        return C.Readout(READOUTS[name], noise)
    if name in ("sign", "probit"):
        return C.Sign(noise, numbers.get("flip", 0.0))
    if name == "linear":
        return C.Linear(noise)
    if name == "logistic":
        return C.Logistic()
    if name == "laplace":
        return C.Laplace(numbers["b"])
    if name == "door":
        return C.Door(numbers["K"])
    return C.Poisson(name.removeprefix("poisson_"))


def prior_of(row: dict[str, Any]) -> P.Prior:
    numbers = {name: float(value) for name, value in row["prior_parameters"].items()}
    if row["prior"] == "gauss_bernoulli":
        return P.GaussBernoulli(numbers["rho"])
    if row["prior"] == "ternary":
        rho = numbers["rho"]
        return P.Discrete([-1.0, 0.0, 1.0], [rho / 2, 1.0 - rho, rho / 2])
    if row["prior"] == "gauss_mixture":
        mu = numbers["mu"]
        return P.GaussianMixture([mu, -mu], [1.0 - mu * mu] * 2, [0.5, 0.5])
    return P.parse(row["prior"])


def problem_of(row: dict[str, Any]) -> nm.GLM:
    values = CERTIFIED["spectra"].get(row.get("spectrum"))
    spectrum = nm.spectra.Eigenvalues([float(v) for v in values]) if values else None
    return nm.GLM(
        channel=channel_of(row),
        prior=prior_of(row),
        signal_variance=float(row["signal_variance"]),
        noise_variance=float(row["noise_variance"]),
        spectrum=spectrum or nm.spectra.Isotropic(),
    )


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_fixed_points(row: dict[str, Any]) -> None:
    problem = problem_of(row)
    state = problem.solve(float(row["alpha"]), row["branch"])
    gap = relative(state.mmse, row["mmse"])
    assert gap < max(1e-11, 2.0 * float(row["mmse_error"]))
    assert gap <= state.error_estimate + 2.0 * float(row["mmse_error"]) + 4e-16
    if row["free_entropy"] is not None:
        assert relative(state.free_entropy, row["free_entropy"]) < 1e-10
    for metric in ("mean_square", "misclassification"):
        if row[metric] is not None:
            scale = 4.0 if (row["channel"], metric) == ("logistic", "mean_square") else 1.0
            error = float(problem.test_error(state, metric)) / scale
            assert relative(error, row[metric]) < 1e-10, metric
            if metric == problem.channel.metrics[0]:
                assert state.test_error == pytest.approx(error, rel=1e-11)


@pytest.mark.parametrize("row", TRANSITIONS, ids=[row["id"] for row in TRANSITIONS])
def test_thresholds(row: dict[str, Any]) -> None:
    found = problem_of(row).transitions()
    alpha = float(row["alpha"])
    if row["threshold"].startswith("spinodal"):
        value = min(found.spinodals, key=lambda spinodal: abs(spinodal - alpha))
    else:
        value = getattr(found, row["threshold"])
    assert relative(value, row["alpha"]) < 1e-10
