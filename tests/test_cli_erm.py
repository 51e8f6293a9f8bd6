"""The command line of trained estimators."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nishimori as nm
from nishimori.cli.main import main


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


GLM = ["--signal-variance", "0.7", "--noise-variance", "0.3"]


def test_erm(capsys):
    arguments = ["erm", *GLM, "--channel", "sign:noise=0.2", "--loss", "hinge"]
    arguments += ["--regularization", "0.5", "--alpha", "1,2"]
    assert main([*arguments, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    problem = nm.GLM(nm.channels.Sign(0.2), signal_variance=0.7, noise_variance=0.3)
    curve = nm.erm.Hinge(regularization=0.5).learning_curve(problem, [1.0, 2.0])
    assert [row["test_error"] for row in rows] == curve.test_error.tolist()
    assert [row["susceptibility"] for row in rows] == curve.susceptibility.tolist()
    assert rows[0]["flatness"] is None
    assert main(arguments) == 0
    assert "hinge:regularization=0.5" in capsys.readouterr().out
    assert main([*arguments, "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("alpha,overlap,self_overlap,")


def test_erm_with_an_optimal_regularization_and_a_plot(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    arguments = ["erm", "--activation", "tanh:gain=2", "--depth", "2", "--channel", "linear"]
    arguments += ["--loss", "ridge", "--regularization", "optimal", "--alpha", "0.5,1"]
    assert main([*arguments, "--plot", "erm.png", "--quiet", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
    bayes = network.learning_curve(nm.channels.Linear(), [0.5, 1.0])
    np.testing.assert_allclose([r["test_error"] for r in rows], bayes.test_error, rtol=1e-12)
    assert (tmp_path / "erm.png").stat().st_size > 1000


def test_curve_with_estimators(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    arguments = ["curve", "--activation", "tanh:gain=2", "--depth", "2", "--channel", "sign"]
    arguments += ["--alpha", "0.5,2", "--with", "ridge,logistic:regularization=0.01"]
    assert main([*arguments, "--format", "json", "--plot", "with.png", "--quiet"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    for row in rows:
        assert row["test_error"] < row["test_error_ridge"] < row["test_error_logistic"]
    problem = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2).glm(nm.channels.Sign())
    square = nm.erm.SquareClassification(regularization="optimal")
    known = square.learning_curve(problem, [0.5, 2.0]).test_error
    assert [row["test_error_ridge"] for row in rows] == known.tolist()
    assert (tmp_path / "with.png").stat().st_size > 1000
    assert main(arguments) == 0
    assert "logistic" in capsys.readouterr().out


def test_erm_refusals(refused):
    linear = ["erm", *GLM, "--channel", "linear", "--alpha", "1"]
    refused(linear, "--loss is needed")
    refused([*linear, "--loss", "hinge"], "labels +1 and -1")
    refused([*linear, "--loss", "ridg"], "did you mean 'ridge'")
    refused([*linear, "--loss", "ridge", "--regularization", "-1"], "at least 0")
    refused([*linear, "--loss", "ridge", "--regularization", "best"], "regularization")
    refused([*linear, "--loss", "huber"], "huber needs threshold")
    relu = ["--activation", "relu", "--channel", "sign", "--alpha", "1"]
    refused(["erm", *relu, "--loss", "hinge"], "--offset")
    refused(["curve", *relu, "--with", "hinge"], "--offset")
    refused(["curve", *GLM, "--channel", "sign", "--alpha", "1", "--with", "ridge,"], "empty name")


def test_erm_failures_are_reported(capsys):
    arguments = ["erm", *GLM, "--channel", "sign", "--loss", "max_margin", "--alpha", "1,9"]
    assert main([*arguments, "--format", "json"]) == 1
    out, err = capsys.readouterr()
    assert [row["status"] for row in json.loads(out)["rows"]] == ["converged", "not separable"]
    assert "1 of 2 points failed" in err


def test_an_option_given_twice_or_to_nobody_is_refused(refused):
    linear = ["erm", *GLM, "--channel", "linear", "--alpha", "1"]
    given = ["--regularization", "0.5"]
    refused([*linear, "--loss", "ridge:regularization=0.1", *given], "both give regularization")
    refused([*linear, "--loss", "ridge:l1=0.1", "--l1", "0.1"], "both give l1")
    refused([*linear, "--loss", "lasso:l1=0.1", *given], "takes no regularization", "0.5")
    sign = ["erm", *GLM, "--channel", "sign", "--alpha", "1", "--loss", "max_margin"]
    refused([*sign, *given], "takes no regularization")
    refused([*sign, "--l1", "0.5"], "takes no l1")


@pytest.mark.parametrize("text", ["foo", "0.1,0.2", "0.1/0.2", "opt", "one"])
def test_a_penalty_is_a_number_or_optimal(refused, text):
    linear = ["erm", *GLM, "--channel", "linear", "--alpha", "1", "--loss", "ridge"]
    refused([*linear, "--regularization", text], f"must be a number or optimal, got '{text}'")
    linear[-1] += f":regularization={text}"
    refused(linear, "--loss", "number or optimal")


NETWORK = ["curve", "--activation", "tanh", "--depth", "2", "--channel", "sign", "--alpha", "0.5,2"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kernl", "did you mean 'kernel'"),
        ("ridge,Logistik", "did you mean 'logistic'"),
        ("kernel:foo=1", "of estimator kernel 'foo'; known: regularization"),
        ("kernel:l1=1", "known: regularization"),
        ("kernel:regularization=x", "must be a number or optimal"),
        ("ridge:regularization=1/2", "one number or optimal"),
        ("ridge,Ridge", "names Ridge twice"),
        ("huber:threshold=1", "--with huber:threshold=1: Huber: its loss is one of real labels"),
        ("max_margin:regularization=1", "takes none"),
    ],
)
def test_bad_lists_of_estimators(refused, text, words):
    refused([*NETWORK, "--with", text], "--with", words)


def test_the_kernel_of_infinite_width_is_ridge_at_its_best_and_not_elsewhere(capsys):
    names = "Ridge,KERNEL"
    assert main([*NETWORK, "--with", names, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    for row in rows:
        assert row["test_error_kernel"] == pytest.approx(row["test_error_ridge"], rel=1e-12)
    names = "ridge:regularization=0.1,kernel:regularization=0.1,max-margin"
    assert main([*NETWORK, "--with", names, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=2)
    problem = network.glm(nm.channels.Sign())
    machine = nm.erm.SquareClassification(regularization=0.1)
    kernel = nm.features.Kernel.nngp(network)
    known = machine.learning_curve(problem, [0.5, 2.0], features=kernel).test_error
    assert [row["test_error_kernel"] for row in rows] == pytest.approx(known, rel=1e-13)
    for row in rows:
        assert row["test_error_kernel"] < row["test_error_ridge"] < row["test_error_max_margin"]


# -- the same from a file ----------------------------------------------------------------------


def test_lists_of_estimators_in_a_file(capsys, figure):
    assert main([*NETWORK, "--with", "ridge,logistic:regularization=0.01"]) == 0
    expected = capsys.readouterr().out
    path = figure("with = ['ridge', 'logistic:regularization=0.01']")
    assert main([*NETWORK, "--config", path]) == 0
    assert capsys.readouterr().out == expected


MODEL = "activation = 'tanh'\nchannel = 'sign'\nalpha = 1\n"


@pytest.mark.parametrize(
    ("verb", "text", "words"),
    [
        ("curve", "depth = 0", ("key 'depth': ", "at least 1")),
        ("curve", "weight_variance = -1", ("key 'weight_variance': ",)),
        ("curve", "rtol = 1", ("key 'rtol': ",)),
        ("curve", "offset = inf", ("key 'offset': ", "finite")),
        ("curve", "input_second_moment = 0", ("key 'input_second_moment': ",)),
        ("curve", "prior = 'rademacher'", ("key 'prior': ", "gaussian")),
        ("curve", "prior = 'gausian'", ("key 'prior': ", "'gaussian'")),
        ("curve", "spectrum = 'flat'", ("key 'spectrum': ", "isotropic")),
        ("curve", "signal_variance = 1", ("keys 'activation', 'signal_variance': ",)),
        ("curve", "output = 'no/such'", ("key 'output': ",)),
        ("curve", "plot = 'curve.bmp'", ("key 'plot': ", ".png")),
        ("curve", 'plot = "\\u0000.png"', ("key 'plot' ", "null character")),
        ("curve", "with = ['ridge', 'kernl']", ("key 'with': ", "'kernel'")),
        ("curve", "with = ['ridge', 3]", ("key 'with' ", "got 3 in it")),
        ("curve", "with = []", ("key 'with' ", "empty list")),
        ("curve", "with = 3", ("key 'with' ", "list of strings")),
        ("erm", "loss = 'ridg'", ("key 'loss': ", "'ridge'")),
        ("erm", "loss = 'huber:threshold=1'", ("key 'loss': ", "real labels")),
        ("erm", "loss = 'ridge'\nregularization = -1", ("key 'regularization' ", "at least 0")),
        ("erm", "loss = 'ridge'\nregularization = [0.1]", ("key 'regularization' ", "list")),
        ("erm", "loss = 'ridge'\nregularization = true", ("key 'regularization' ", "True")),
        ("erm", "loss = 'ridge'\nl1 = -1", ("key 'l1' ", "at least 0")),
        (
            "erm",
            "loss = 'ridge:regularization=1'\nregularization = 2",
            ("keys 'loss', 'regularization': ", "both"),
        ),
    ],
)
def test_what_is_refused_late_names_the_file_and_the_key(refused, figure, verb, text, words):
    refused([verb, "--config", figure(MODEL + text)], "figure.toml: ", *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("activation = 'tahn'", ("key 'activation': ", "'tanh'")),
        ("layers = ['relu', 'tahn']", ("key 'layers': ", "layer 2", "'tanh'")),
        ("layers = ['relu:weight_variance=-1']", ("key 'layers': ", "layer 1", "-1")),
        ("layers = [{activation = 'relu', bias_variance = -1}]", ("key 'layers': ", "-1")),
    ],
)
def test_bad_networks_in_a_file(refused, figure, text, words):
    refused(["reduce", "--config", figure(text)], "figure.toml: ", *words)


def test_the_command_line_is_not_blamed_on_the_file(refused, capsys, figure):
    path = figure(MODEL + "loss = 'logistic'\ndepth = 2")
    assert main(["erm", "--config", path, "--regularization", "-1"]) == 2
    assert "figure.toml" not in capsys.readouterr().err
    assert main(["erm", "--config", path, "--depth", "0"]) == 2
    assert "figure.toml" not in capsys.readouterr().err
    refused(["erm", "--config", path, "--loss", "huber:threshold=1"], "error: --loss huber")
