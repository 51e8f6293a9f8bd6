"""``nishimori sweep``: grids from a file and from the command line."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nishimori as nm
from nishimori.cli.main import main

CONFIG = """
activation = "tanh:gain=2"
channel = "sign"

[grid]
depth = [1, 2]
channel.noise = [0.0, 0.1]
alpha = "0.5:2:3:log"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments):
    status = main(["sweep", *arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_config(here, capsys):
    (here / "noise.toml").write_text(CONFIG)
    status, out, err = run(capsys, "--config", "noise.toml", "--format", "json")
    assert (status, err) == (0, "")
    assert sorted(os.listdir()) == ["noise.sqlite", "noise.toml"]
    document = json.loads(out)
    assert document["dims"] == ["depth", "channel.noise", "alpha"]
    assert document["fixed"] == {"activation": "tanh:gain=2.0", "channel": "sign"}
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), 2)
    curve = network.learning_curve(nm.channels.Sign(noise=0.1), [0.5, 1.0, 2.0])
    last = document["rows"][-3:]
    assert [row["mmse"] for row in last] == curve.mmse.tolist()
    assert [row["depth"] for row in last] == [2, 2, 2]
    began = os.stat("noise.sqlite").st_mtime_ns
    again = run(capsys, "--config", "noise.toml", "--format", "json", "--workers", "2")
    assert again == (0, out, "")
    assert os.stat("noise.sqlite").st_mtime_ns == began


def test_the_file_on_the_page_of_sweeps(here, capsys):
    page = (Path(__file__).resolve().parents[1] / "docs" / "sweeps.md").read_text()
    (here / "grid.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    status, out, err = run(capsys, "--config", "grid.toml", "--format", "csv")
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 1 + 2 * 3 * 20 * 2
    assert "grid.sqlite" in os.listdir()


def test_two_workers(here, capsys):
    (here / "a.toml").write_text(CONFIG)
    one = run(capsys, "--config", "a.toml", "--format", "csv")
    two = run(capsys, "--config", "a.toml", "--format", "csv", "--workers", "2", "--store", "2.db")
    assert one == two
    rows = list(csv.DictReader(one[1].splitlines()))
    assert len(rows) == 12
    assert {row["status"] for row in rows} == {"converged"}


def test_command_line(here, capsys):
    grid = "prior=gaussian,rademacher channel.noise=0,0.1 alpha=1,2"
    status, out, _ = run(capsys, "--grid", grid, "--channel", "linear:noise=1", "--format", "csv")
    assert status == 0
    assert os.listdir() == ["sweep.sqlite"]
    rows = list(csv.DictReader(out.splitlines()))
    problem = nm.GLM(nm.channels.Linear(noise=0.1), nm.priors.Rademacher())
    assert float(rows[-1]["mmse"]) == problem.learning_curve([1.0, 2.0]).mmse[1]
    status, out, err = run(
        capsys, "--grid", grid, "--channel", "linear:noise=1", "--output", "table.txt"
    )
    assert (status, out, err) == (0, "", "nishimori: result written to table.txt\n")
    lines = (here / "table.txt").read_text().splitlines()
    assert lines[0].split() == [
        *"prior channel.noise alpha overlap mmse".split(),
        "test",
        "error",
        "status",
    ]
    assert len([line for line in lines if not line.startswith("#")]) == 9
    assert lines[9:] == [f"# nishimori {nm.__version__}", lines[-1]]
    assert lines[-1].startswith("# command: nishimori sweep --grid 'prior=gaussian,rademacher")


def test_losses_zipped_with_their_regularization(here, capsys):
    (here / "a.toml").write_text(
        """
        signal_variance = 1
        channel = "sign:noise=0.1"
        alpha = "1,2"
        [grid.loss_and_penalty]
        loss = ["bayes", "ridge", "logistic:regularization=0.01"]
        loss.regularization = [1, "optimal", 0.5]
        """.replace("loss.regularization", "regularization")
    )
    status, out, _ = run(capsys, "--config", "a.toml", "--format", "csv")
    assert status == 0
    rows = list(csv.DictReader(out.splitlines()))
    assert [row["estimator"].partition(":")[0] for row in rows[::2]] == [
        "bayes",
        "squareclassification",
        "logistic",
    ]
    problem = nm.GLM(nm.channels.Sign(noise=0.1))
    direct = nm.erm.Logistic(regularization=0.5).learning_curve(problem, [1.0, 2.0])
    assert [float(row["test_error"]) for row in rows[-2:]] == direct.test_error.tolist()
    optimal = nm.erm.SquareClassification(regularization="optimal")
    direct = optimal.learning_curve(problem, [1.0, 2.0])
    assert [float(row["test_error"]) for row in rows[2:4]] == direct.test_error.tolist()


def test_a_network_has_gaussian_weights(here, capsys, refused):
    (here / "a.toml").write_text(CONFIG.replace("[grid]", 'prior = "gaussian"\n[grid]'))
    assert run(capsys, "--config", "a.toml")[0] == 0
    (here / "b.toml").write_text(CONFIG.replace("[grid]", 'prior = "rademacher"\n[grid]'))
    refused(["sweep", "--config", "b.toml"], "'prior' is of a GLM")


def test_networks_of_unlike_layers(here, capsys):
    (here / "a.toml").write_text(
        """
        channel = "linear:noise=0.1"
        bias_variance = 0.1
        [grid]
        layers = ["tanh,relu", "erf:weight_variance=2"]
        alpha = [1.0]
        """
    )
    status, out, _ = run(capsys, "--config", "a.toml", "--format", "csv")
    assert status == 0
    erf = nm.DeepNetwork([nm.Layer(nm.activations.Erf(), 2.0, 0.1)])
    direct = erf.learning_curve(nm.channels.Linear(noise=0.1), [1.0])
    last = list(csv.DictReader(out.splitlines()))[-1]
    assert float(last["mmse"]) == direct.mmse[0]


def test_a_failed_point_is_a_row(here, capsys):
    status, out, err = run(
        capsys,
        "--channel",
        "sign",
        "--signal-variance",
        "1",
        "--grid",
        "channel.noise=0.1,-0.1 alpha=1,2",
    )
    assert status == 1
    assert [line.split()[-1] for line in out.splitlines()[1:]] == ["converged"] * 2 + ["error"] * 2
    assert err.count("\n") == 1
    assert "2 failed (the first: Sign: noise is a variance" in err


PLAIN = ["sweep", "--signal-variance", "1", "--channel", "sign"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--grid is needed", "[grid]"]),
        (["--grid", "alpha"], ["--grid", "has 'alpha'"]),
        (["--grid", "alpha=1 alpha=2"], ["gives alpha twice"]),
        (["--grid", "alpha=x"], ["alpha", "must be a number"]),
        (["--grid", "alpha=1 channel=sign"], ["--channel and --grid both give channel"]),
        (["--grid", "alpha=1 chanel.noise=1"], ["unknown grid name 'chanel.noise'"]),
        (["--grid", "alpha=1 channel.noise=x"], ["channel.noise", "must be a number, got 'x'"]),
        (["--grid", "alpha=1 prior=gausian"], ["did you mean 'gaussian'"]),
        (["--grid", "alpha=1 loss=ridge regularization=big"], ["must be a number or optimal"]),
        (["--grid", "alpha=1 depth=1"], ["'depth' is of a DeepNetwork"]),
        (["--grid", "branch=best alpha=1"], ["unknown branch 'best'"]),
        (["--grid", "channel.noise=0.1"], ["needs alpha"]),
        (["--grid", "alpha=1", "--workers", "0"], ["--workers must be at least 1"]),
        (["--grid", "alpha=1", "--store", "no/such/a.sqlite"], ["writable directory"]),
        (
            ["--grid", "alpha=1", "--store", "a", "--output", "a"],
            ["may not be the file of --store"],
        ),
    ],
)
def test_bad_input(here, refused, arguments, words):
    refused([*PLAIN, *arguments], *words)


def test_bad_files(here, refused):
    (here / "a.toml").write_text(CONFIG.replace("[1, 2]", "{ depth = [1, 2], offset = [0.0] }"))
    refused(["sweep", "--config", "a.toml"], "equally many: depth has 2, offset has 1")
    (here / "a.toml").write_text(CONFIG.replace("[grid]", "[gird]"))
    refused(["sweep", "--config", "a.toml"], "unknown key 'gird'; did you mean 'grid'")
    (here / "a.toml").write_text(CONFIG.replace("depth = [1, 2]", 'layers = ["tanh", "erf"]'))
    refused(["sweep", "--config", "a.toml"], "layers and activation both describe the network")
    (here / "a.toml").write_text("grid = 3\n")
    refused(["sweep", "--config", "a.toml"], "key 'grid' must be a table, got 3")


def test_the_store_of_another_grid(here, capsys, refused):
    assert main([*PLAIN, "--grid", "alpha=1,2", "--quiet"]) == 0
    capsys.readouterr()
    refused([*PLAIN, "--grid", "alpha=1,3"], "is of another sweep; it differs in grid alpha")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_interrupted(here, workers):
    grid = "prior=rademacher channel.noise=0.001:1:2000 alpha=0.1:10:50:log"
    command = (  # a test run in the background of a shell has its children ignore interrupts
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from nishimori.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", command, *PLAIN, "--grid", grid, "--workers", workers],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline and process.poll() is None:
        if os.path.exists("sweep.sqlite") and os.path.getsize("sweep.sqlite") > 60_000:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err == (
        "nishimori: what is done is kept in sweep.sqlite; the same command goes on from there\n"
        "nishimori: interrupted\n"
    )
