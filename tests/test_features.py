"""Features: certified fixed points, and bad input."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import nishimori as nm
from conftest import rows
from nishimori.errors import BadArgument
from plain_erm import solve, tanh

ROWS = rows("features")


def row_problem(row):
    """The problem and the student of a certified row (None: linear)."""
    student = row["student"]
    noise = row["label_noise"]
    channel = nm.channels.Sign() if row["channel"] == "sign" else nm.channels.Linear(noise=noise)
    spectrum = nm.spectra.Isotropic()
    features = None
    if student["kind"] == "linear":
        spectrum = nm.spectra.Eigenvalues(student["spectrum"], student["spectrum_weights"])
    elif student["kind"] == "random_features":
        ratios, shared = student["width_ratios"], student["shared_layers"]
        features = nm.features.RandomFeatures(tanh(len(ratios)), ratios, shared)
        return tanh(2).glm(channel, above_layer=shared), features
    elif student["kind"] == "kernel":
        if student["function"] == "exp":
            features = nm.features.Kernel.from_function(np.exp)
        else:
            network = nm.DeepNetwork.uniform(nm.activations.Erf(), 2)
            features = nm.features.Kernel.ntk(network)
        return tanh(2).glm(channel), features
    else:
        features = nm.features.GaussianCovariates(
            student["eigenvalues"], student["target_components"]
        )
    problem = nm.GLM(
        channel,
        signal_variance=row["signal_variance"],
        noise_variance=row["noise_variance"],
        spectrum=spectrum,
    )
    return problem, features


FEATURE_ROWS = [row for row in ROWS if row["student"]["kind"] != "linear"]


@pytest.mark.parametrize("row", FEATURE_ROWS, ids=lambda row: row["name"])
def test_certified_rows(row):
    problem, features = row_problem(row)
    geometry = features.geometry(problem)
    (v, q, m), (*_, norm) = solve(
        geometry, row["alpha"], row["regularization"], row["loss"], row["channel"],
        row["label_noise"],
    )  # fmt: skip
    assert v == pytest.approx(row["susceptibility"], rel=1e-11)
    assert q == pytest.approx(row["self_overlap"], rel=1e-11)
    assert m == pytest.approx(row["overlap"], rel=1e-11)
    assert norm == pytest.approx(row["norm"], rel=1e-11)


@pytest.mark.parametrize("row", FEATURE_ROWS, ids=lambda row: row["name"])
def test_geometry_at_certified_conjugates(row):
    problem, features = row_problem(row)
    out = features.geometry(problem).order_parameters(
        *(row[f"{name}_conjugate"] for name in ("susceptibility", "self_overlap", "overlap")),
        row["regularization"],
    )
    wanted = (row[name] for name in ("susceptibility", "self_overlap", "overlap", "norm"))
    for found, exact in zip(out, wanted, strict=True):
        assert found == pytest.approx(exact, rel=1e-13)


def test_layers_of_certified_rows():
    for row in ROWS:
        student = row["student"]
        if student["kind"] != "random_features":
            continue
        problem, features = row_problem(row)
        for k, layer in enumerate(features.geometry(problem).neurons):
            assert layer.slope == pytest.approx([student["slope_squares"][k]], rel=1e-13)
            assert layer.residual == pytest.approx([student["residuals"][k]], rel=1e-12)


NETWORK = tanh(2)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nm.features.RandomFeatures("tanh", 1.0), "network"),
        (lambda: nm.features.RandomFeatures(NETWORK, 1.0), "each of the 2 layers"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, 0.0)), "finite and positive"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, math.inf)), "finite and positive"),
        (lambda: nm.features.RandomFeatures(NETWORK, "wide"), "numbers"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, 1.0), 3), "at most 2"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, 1.0), 0.5), "at most 2"),
        (lambda: nm.features.RandomFeatures(NETWORK, (1.0, 1.0), True), "at most 2"),
        (lambda: nm.features.Kernel(-1.0, 1.0), "linear"),
        (lambda: nm.features.Kernel(1.0, math.nan), "residual"),
        (lambda: nm.features.Kernel(0.0, 0.0), "constant"),
        (lambda: nm.features.Kernel(1.0, 0.0, 0.0), "input_second_moment"),
        (lambda: nm.features.Kernel.nngp("tanh"), "network"),
        (lambda: nm.features.Kernel.ntk("tanh"), "network"),
        (lambda: nm.features.GaussianCovariates([1.0, 2.0], [0.1]), "as many"),
        (lambda: nm.features.GaussianCovariates([1.0, -2.0], [0.1, 0.1]), "position 1"),
        (lambda: nm.features.GaussianCovariates([0.0], [0.0]), "positive"),
        (lambda: nm.features.GaussianCovariates([], []), "at least one"),
        (lambda: nm.features.GaussianCovariates([1.0, 0.0], [0.1, 0.1]), "position 1"),
        (lambda: nm.features.GaussianCovariates("a", [0.1]), "numbers"),
        (lambda: nm.features.GaussianCovariates.from_data(np.ones((3, 3)), np.ones(3)), "more"),
        (lambda: nm.features.GaussianCovariates.from_data(np.ones(3), np.ones(3)), "matrix"),
        (lambda: nm.features.GaussianCovariates.from_data(np.eye(3)[:, :1], [1, 2]), "each of"),
        (
            lambda: nm.features.GaussianCovariates.from_data(
                np.eye(3)[:, :1], [0, 1, 1], kind="labels"
            ),
            "-1 and",
        ),
        (lambda: nm.features.GaussianCovariates.from_data(np.eye(3), np.ones(3), "x"), "kind"),
        (lambda: nm.spectra.from_data([[1.0, math.nan]] * 5), "finite"),
        (lambda: nm.spectra.from_data(np.zeros((5, 2))), "0 everywhere"),
        (lambda: nm.spectra.from_data("data"), "numbers"),
    ],
)
def test_bad_input_is_a_sentence(make, words):
    with pytest.raises(BadArgument, match=words) as error:
        make()
    assert "\n" not in str(error.value)


def test_students_that_do_not_fit_the_problem():
    spread = nm.GLM(nm.channels.Linear(), spectrum=nm.spectra.Eigenvalues([0.5, 1.5]))
    with pytest.raises(BadArgument, match="above_layer=1"):
        nm.features.RandomFeatures(NETWORK, (1.0, 1.0), 1).geometry(spread)
    with pytest.raises(BadArgument, match="explain"):
        nm.features.GaussianCovariates([1.0], [1.5]).geometry(nm.GLM(nm.channels.Linear()))
    with pytest.raises(BadArgument, match="predicts nothing"):
        nm.features.Kernel(0.0, 1.0).geometry(nm.GLM(nm.channels.Linear()))
    constant = nm.DeepNetwork([nm.Layer(nm.activations.Tanh(), weight_variance=0.0)])
    with pytest.raises(BadArgument, match="does not depend on the input"):
        nm.features.RandomFeatures(constant, 1.0).geometry(nm.GLM(nm.channels.Linear()))


def test_reprs_say_what_they_are():
    features = nm.features.RandomFeatures(NETWORK, [1.5, 0.8], shared_layers=1)
    assert repr(features) == (
        "RandomFeatures(2 x tanh:gain=2.0, width_ratios=(1.5, 0.8), shared_layers=1)"
    )
    assert features == nm.features.RandomFeatures(NETWORK, (1.5, 0.8), 1)
    assert replace(nm.features.Kernel(1.0, 0.5), residual=0.25) == nm.features.Kernel(1.0, 0.25)
    one, two = (nm.features.GaussianCovariates([1.0], [0.5]) for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)


def test_sums_of_squares_are_what_they_replace():
    problem = nm.GLM(nm.channels.Linear(), signal_variance=0.8, noise_variance=0.3)
    shared = nm.features.RandomFeatures(tanh(2), (1.5, 0.8), 1)
    students = (
        nm.features.RandomFeatures(tanh(2), (1.5, 0.8)),
        nm.features.RandomFeatures(nm.DeepNetwork.uniform(nm.activations.ReLU(), 2), (1.5, 0.8)),
        shared,
        nm.features.Kernel(0.7, 0.2),
        nm.features.GaussianCovariates([0.5, 1.5, 0.0], [0.2, 0.4, 0.0]),
    )
    v_hat, q_hat, slope, penalty = np.array([0.1, 0.7, 30.0]), 0.4, 0.9, 0.2
    for student in students:
        geometry = student.geometry(problem)
        rho = geometry.target_variance
        assert rho > 0.3
        _, q, m, _ = geometry.order_parameters(v_hat, q_hat, slope * v_hat, penalty)
        error = slope**2 * rho + q - 2.0 * slope * m
        found = geometry.mean_square(v_hat, q_hat, penalty, slope)
        assert found == pytest.approx(error, rel=1e-12)
        found = geometry.misalignment(v_hat, q_hat, slope * v_hat, penalty)
        assert found == pytest.approx(q * rho - m * m, rel=1e-12)


def test_target_variance_is_that_of_the_problem():
    spectrum = nm.spectra.Eigenvalues([0.4, 1.2])
    problem = nm.GLM(nm.channels.Linear(), noise_variance=0.3, spectrum=spectrum)
    for student in (
        nm.features.RandomFeatures(tanh(1), 1.0),
        nm.features.Kernel(0.7, 0.2, input_second_moment=0.8),
        nm.features.GaussianCovariates([0.5, 1.5], [0.2, 0.4]),
    ):
        assert student.geometry(problem).target_variance == pytest.approx(1.1, rel=1e-14)


def test_regularization_that_matches_the_target():
    problem = nm.GLM(nm.channels.Linear(noise=0.1), signal_variance=0.8, noise_variance=0.3)
    for kernel, best in (
        (nm.features.Kernel(0.7, 0.2), 0.7 * 0.5 - 0.2),
        (nm.features.Kernel(0.7, 0.4), 1e-12),
    ):
        assert kernel.geometry(problem).matched_regularization(0.5) == pytest.approx(best)
    shared = nm.features.RandomFeatures(tanh(1), 2.0, 1).geometry(problem)
    assert shared.matched_regularization(0.5) == 0.5
    other = nm.features.RandomFeatures(tanh(1), 2.0).geometry(problem)
    assert other.matched_regularization(0.5) is None
    covariates = nm.features.GaussianCovariates([1.0], [0.5])
    assert covariates.geometry(problem).matched_regularization(0.5) is None
