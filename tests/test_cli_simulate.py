"""``nishimori simulate``: what it prints, its files, its exit status."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import nishimori as nm
from nishimori.cli.main import main

GLM = ["--signal-variance", "1", "--channel", "linear:noise=0.1"]
SMALL = ["--alpha", "0.5,2", "--width", "40", "--repetitions", "20"]
RIDGE = ["--estimators", "ridge:regularization=0.3"]
RUN = ["simulate", *GLM, *SMALL, *RIDGE]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)


def measured(*lines):
    Path("runs.csv").write_text("\n".join(["alpha,error,se", *lines]), encoding="utf-8")
    return ["simulate", *GLM, "--points", "runs.csv"]


def test_csv_is_the_table_of_the_library(capsys):
    assert main([*RUN, "--format", "csv"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    problem = nm.GLM(nm.channels.Linear(noise=0.1))
    ridge = {"ridge": nm.erm.Ridge(regularization=0.3)}
    table = nm.simulate.compare(problem, ridge, [0.5, 2.0], 40, 20)
    assert out == table.to_csv()


def test_json_and_table(capsys):
    assert main([*RUN, "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["agrees"] is True
    assert [row["alpha"] for row in document["rows"]] == [0.5, 2.0]
    assert {row["verdict"] for row in document["rows"]} == {"agrees"}
    assert document["reduction"]["signal_variance"] == 1.0
    assert main(RUN) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[-1].startswith("2 points: 2 agrees; z: rms")


@pytest.mark.parametrize("spelling", ["bayes", "Ba-Yes", "BAY_ES"])
def test_procedures_are_known_in_the_spellings_of_losses(spelling, capsys):
    small = ["--alpha", "1", "--width", "40", "--repetitions", "20", "--format", "json"]
    assert main(["simulate", *GLM, *small, "--estimators", spelling]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["theory"] == pytest.approx(nm.GLM(nm.channels.Linear(0.1)).solve(1.0).test_error)


def test_a_network_and_estimators_by_name(capsys):
    network = ["--activation", "tanh:gain=2", "--depth", "2", "--channel", "linear:noise=0.1"]
    arguments = [*network, *SMALL, "--estimators", "ridge,kernel,ridge:regularization=2"]
    assert main(["simulate", *arguments, "--width-ratios", "2,0.5", "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    names = ["ridge", "kernel", "ridge:regularization=2"]
    assert [row["estimator"] for row in rows[::2]] == names
    assert {row["width"] for row in rows} == {"20"}


def test_the_seed_counts_and_workers_do_not(capsys):
    outputs = []
    for more in ([], ["--workers", "2"], ["--seed", "1"]):
        assert main([*RUN, *more, "--format", "csv"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] != outputs[2]


def test_the_store_is_used_again(capsys):
    assert main([*RUN, "--store", "runs.sqlite", "--format", "csv"]) == 0
    first = capsys.readouterr().out
    assert main([*RUN, "--store", "runs.sqlite", "--format", "csv"]) == 0
    assert capsys.readouterr().out == first
    assert main([*RUN, "--store", "runs.sqlite", "--seed", "5"]) == 2
    assert "seed (0 there, 5 here)" in capsys.readouterr().err


def test_points_that_agree_and_points_that_do_not(capsys):
    pytest.importorskip("matplotlib")
    assert main([*measured("0.5,0.675,0.004", "2,0.185,0.001"), "--plot", "p.png"]) == 0
    assert Path("p.png").read_bytes().startswith(b"\x89PNG")
    out, err = capsys.readouterr()
    assert "2 agrees" in out
    assert err == "nishimori: comparison drawn in p.png\n"
    assert main(measured("0.5,0.675,0.004", "2,0.190,0.001")) == 1
    out, err = capsys.readouterr()
    assert "differs" in out
    assert err.startswith("nishimori: not all points agree: 2 points: 1 agrees, 1 differs")


@pytest.mark.parametrize("name", ["runs.csv", "./runs.csv", "link.csv", "hard.csv"])
def test_the_points_are_never_written_over(name, capsys):
    arguments = measured("0.5,0.675,0.004")
    Path("link.csv").symlink_to("runs.csv")
    Path("hard.csv").hardlink_to("runs.csv")
    before = Path("runs.csv").read_bytes()
    assert main([*arguments, "--output", name]) == 2
    assert "may not be the file" in capsys.readouterr().err
    assert Path("runs.csv").read_bytes() == before


def test_points_that_tell_nothing(capsys):
    assert main(measured("0.5,0.675,0.4")) == 1
    assert "no point is precise enough to judge: 1 points: 1 too noisy" in capsys.readouterr().err


def test_points_of_an_estimator(capsys):
    problem = nm.GLM(nm.channels.Linear(noise=0.1))
    error = nm.erm.Ridge(regularization=2.0).solve(problem, 1.0).test_error
    line = f"1.0,{error!r},0.001"
    assert main([*measured(line), "--loss", "ridge:regularization=2"]) == 0
    assert main(measured(line)) == 1  # it is far from optimal
    assert main([*measured(line), "--width", "4"]) == 1
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulate", *GLM], "--alpha is needed"),
        (["simulate", "--signal-variance", "1", *SMALL], "--channel is needed"),
        (
            ["simulate", "--channel", "linear:noise=0.1", *SMALL],
            "or a plain GLM by --signal-variance 1",
        ),
        ([*RUN, "--estimators", "bayes:damping=.3"], "bayes takes no parameters"),
        ([*RUN, "--workers", "0"], "--workers must be at least 1"),
        ([*RUN, "--loss", "ridge"], "--loss goes with --points"),
        ([*RUN, "--estimators", "ridge,"], "empty name"),
        ([*RUN, "--estimators", "ridge,ridge"], "names ridge twice"),
        ([*RUN, "--estimators", "rigde"], "did you mean 'ridge'"),
        ([*RUN, "--estimators", "kernel"], "kernel needs a network"),
        ([*RUN, "--estimators", "hinge"], "one of the margin"),
        ([*RUN, "--store", "none/runs.sqlite"], "writable directory"),
        ([*RUN, "--store", "a.png", "--plot", "a.png"], "may not be the file"),
        ([*RUN, "--width", "1"], "width must be an integer"),
        ([*RUN, "--points", "runs.csv"], "is for a simulation"),
        (["simulate", *GLM, "--points", "runs.csv", "--alpha", "1"], "--alpha is for"),
        (["simulate", *GLM, "--points", "none.csv"], "cannot be read"),
        (
            ["simulate", "--activation", "tanh", "--channel", "sign", *SMALL, "--offset", "1"],
            "--offset is for a plain GLM",
        ),
    ],
)
def test_bad_arguments_are_one_line(arguments, words, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert words in err
