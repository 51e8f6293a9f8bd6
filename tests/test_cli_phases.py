"""``nishimori phases``, and spectra on the command line."""

from __future__ import annotations

import csv
import dataclasses
import io
import json

import numpy as np
import pytest

import nishimori as nm
from nishimori.cli.main import main

ONE_BIT = ["phases", "--prior", "rademacher", "--channel", "sign", "--signal-variance", "1"]
TANH = ["phases", "--activation", "tanh", "--channel", "sign"]
PROBLEM = nm.GLM(channel=nm.channels.Sign(), prior=nm.priors.Rademacher())


def test_json_is_what_the_library_finds(capsys):
    assert main([*ONE_BIT, "--alpha", "1.35,0.2", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    found = PROBLEM.transitions()
    written = document["transitions"]
    for name in ("weak_recovery", "information_theoretic", "algorithmic", "perfect_recovery"):
        assert written[name] == getattr(found, name)
    assert written["spinodals"] == found.spinodals.tolist()
    assert [row["alpha"] for row in document["rows"]] == [1.35] * 3 + [0.2] * 3
    for alpha in (1.35, 0.2):
        rows = [row for row in document["rows"] if row["alpha"] == alpha]
        states = PROBLEM.fixed_points(alpha)
        np.testing.assert_allclose(
            [row["mmse"] for row in rows], [state.mmse for state in states], rtol=1e-12
        )
        assert [row["stable"] for row in rows] == [state.stable for state in states]
    assert document["rows"][2]["conjugate"] is None  # infinite


def test_thresholds_that_do_not_exist_are_null(capsys):
    plain = ["phases", "--channel", "linear:noise=0.1", "--signal-variance", "1"]
    assert main([*plain, "--format", "json"]) == 0
    written = json.loads(capsys.readouterr().out)["transitions"]
    assert written["information_theoretic"] is None
    assert written["spinodals"] == []
    assert main(plain) == 0
    assert "none: the optimal branch never jumps" in capsys.readouterr().out


def test_csv_of_thresholds_and_of_states(capsys):
    assert main([*ONE_BIT, "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    (row,) = csv.DictReader(io.StringIO(out))
    assert float(row["algorithmic"]) == PROBLEM.transitions().algorithmic
    assert main([*ONE_BIT, "--format", "csv", "--alpha", "0.5"]) == 0
    out, err = capsys.readouterr()
    assert "holds the fixed points; the thresholds are in CSV without --alpha" in err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 3


def test_what_failed_is_printed_with_exit_status_one(capsys, monkeypatch):
    exact = nm.GLM.transitions

    def blurred(problem, **settings):
        found = exact(problem, **settings)
        return dataclasses.replace(found, status=nm.Status.UNRESOLVED)

    monkeypatch.setattr(nm.GLM, "transitions", blurred)
    assert main([*ONE_BIT, "--format", "json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["transitions"]["status"] == "unresolved"
    assert err.count("\n") == 1
    assert "grids disagree" in err


@pytest.mark.parametrize("quantity", ["overlap", "mmse", "test_error"])
def test_picture(capsys, tmp_path, quantity):
    target = tmp_path / "phases.png"
    assert main([*ONE_BIT, "--plot", str(target), "--quantity", quantity]) == 0
    assert target.read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().err.count("\n") == 1


def test_a_spectrum_is_that_of_the_inputs(capsys):
    arguments = ["curve", "--channel", "sign", "--alpha", "0.5,5", "--format", "json"]
    spectrum = nm.spectra.PowerLaw(exponent=1.5, dimension=100)
    named = ["--spectrum", "power_law:exponent=1.5:dimension=100"]
    assert main([*arguments, *named, "--signal-variance", "1"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    plain = nm.GLM(channel=nm.channels.Sign(), spectrum=spectrum)
    assert [row["mmse"] for row in rows] == plain.learning_curve([0.5, 5.0]).mmse.tolist()

    assert main([*arguments, *named, "--activation", "tanh", "--depth", "2"]) == 0
    document = json.loads(capsys.readouterr().out)
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=2)
    curve = network.learning_curve(nm.channels.Sign(), [0.5, 5.0], spectrum=spectrum)
    assert [row["mmse"] for row in document["rows"]] == curve.mmse.tolist()
    reasons = document["reduction"]["reasons_with_labels"]
    assert any("is not isotropic" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*ONE_BIT, "--quantity", "overlaps"], "must be one of overlap, mmse, test_error"),
        (["phases", "--signal-variance", "1"], "--channel is needed"),
        ([*ONE_BIT, "--alpha", "0"], "--alpha"),
        ([*ONE_BIT, "--spectrum", "marchenko_pastur:ratio=1"], "needs a Gaussian prior"),
        ([*ONE_BIT, "--spectrum", "eigenvalue:values=1"], "did you mean 'eigenvalues'?"),
        ([*ONE_BIT, "--spectrum", "eigenvalues:values=-1"], "at least 0"),
        (
            [*TANH, "--spectrum", "isotropic", "--input-second-moment", "2"],
            "--spectrum has a mean of its own",
        ),
    ],
)
def test_refusals_take_one_line(capsys, arguments, words):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
