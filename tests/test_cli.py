"""The command line: what it prints, where, and with which exit status."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import nishimori as nm
from nishimori import progress as progress_module
from nishimori.cli import main as cli
from nishimori.cli.alpha_grammar import parse_alpha
from nishimori.cli.main import main
from nishimori.cli.progress import progress_bar

TANH = ["curve", "--activation", "tanh:gain=2", "--depth", "3", "--channel", "sign:noise=0.1"]
RELU = ["curve", "--activation", "relu", "--depth", "2", "--channel", "sign:noise=0.1"]


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "nishimori", *arguments], capture_output=True, text=True, **options
    )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# -- what it computes ------------------------------------------------------------------------


def test_json_is_the_curve_of_the_library(capsys):
    assert main([*TANH, "--alpha", "0.1,1,10", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=3)
    curve = network.learning_curve(nm.channels.Sign(noise=0.1), [0.1, 1.0, 10.0])
    assert [row["alpha"] for row in document["rows"]] == [0.1, 1.0, 10.0]
    for name in ("overlap", "mmse", "test_error", "mutual_information", "free_entropy"):
        assert [row[name] for row in document["rows"]] == list(getattr(curve, name))
    assert {row["status"] for row in document["rows"]} == {"converged"}
    reduction = network.reduce()
    assert document["reduction"]["signal_variance"] == reduction.signal_variance
    assert document["reduction"]["rigour"] == "theorem"
    assert document["reduction"]["rigour_with_labels"] == "conjecture"
    assert len(document["reduction"]["layers"]) == 3
    assert err == ""


def test_csv_keeps_every_digit(capsys):
    assert main([*TANH, "--alpha", "0.3", "--format", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=3)
    curve = network.learning_curve(nm.channels.Sign(noise=0.1), 0.3)
    assert float(row["alpha"]) == 0.3
    assert float(row["mmse"]) == float(curve.mmse)
    assert row["stable"] == "true"
    assert row["status"] == "converged"


def test_table_states_the_reduction_and_the_quantiles(capsys):
    assert main([*RELU, "--alpha", "1"]) == 0
    top, _, table = capsys.readouterr().out.partition("\n\n")
    heading = {line.split("  ")[0]: line.split("  ")[-1].strip() for line in top.splitlines()}
    assert heading["network"] == "2 x relu"
    assert heading["channel"] == "sign:noise=0.1"
    assert float(heading["signal variance"]) == pytest.approx(0.0753894060534, rel=1e-10)
    assert float(heading["offset variance"]) == pytest.approx(0.123432772550, rel=1e-10)
    assert heading["rigour"].startswith("conjecture: ")
    names, line = table.splitlines()
    assert "0.05 quantile" in names
    assert "0.95 quantile" in names
    assert line.split()[0] == "1"
    assert line.split()[-1] == "converged"


def test_options_reach_the_network(capsys):
    arguments = ["--weight-variance", "2", "--bias-variance", "0.1", "--readout-variance", "3"]
    arguments += ["--input-second-moment", "0.5", "--format", "json"]
    assert main(["reduce", "--activation", "relu", "--depth", "2", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)["reduction"]
    network = nm.DeepNetwork.uniform(
        nm.activations.ReLU(), 2, weight_variance=2.0, bias_variance=0.1, readout_variance=3.0
    )
    reduction = network.reduce(input_second_moment=0.5)
    for name in ("signal_variance", "noise_variance", "offset_variance"):
        assert found[name] == getattr(reduction, name)


def test_unlike_layers(capsys):
    layers = "tanh:gain=2,relu:weight_variance=2:bias_variance=0.1"
    assert main(["reduce", "--layers", layers, "--bias-variance", "0.3", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["reduction"]
    network = nm.DeepNetwork(
        [
            nm.Layer(nm.activations.Tanh(gain=2.0), bias_variance=0.3),
            nm.Layer(nm.activations.ReLU(), weight_variance=2.0, bias_variance=0.1),
        ]
    )
    assert found["signal_variance"] == network.reduce().signal_variance


def test_fixed_offset(capsys):
    assert main([*RELU, "--alpha", "2", "--offset", "-3e-1", "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=2)
    state = network.glm(nm.channels.Sign(noise=0.1), offset=-0.3).solve(2.0)
    assert row["test_error"] == pytest.approx(state.test_error, rel=1e-14)
    assert "test_error_quantile_0.5" not in row


def test_plain_glm(capsys):
    arguments = ["--signal-variance", "0.5", "--noise-variance", "0.2", "--alpha", "2"]
    arguments += ["--channel", "linear:noise=0.1", "--format", "json"]
    assert main(["curve", *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    problem = nm.GLM(channel=nm.channels.Linear(noise=0.1), signal_variance=0.5, noise_variance=0.2)
    assert document["rows"][0]["mmse"] == pytest.approx(problem.solve(2.0).mmse, rel=1e-14)
    assert document["reduction"]["signal_variance"] == 0.5
    assert document["reduction"]["offset_variance"] == 0.0


def test_branch_and_rtol(capsys):
    arguments = ["--alpha", "1", "--branch", "algorithmic", "--rtol", "1e-6", "--format", "json"]
    assert main([*TANH, *arguments]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["branch"] == "algorithmic"
    assert row["residual"] < 1e-6


def test_reduce_table_and_csv(capsys):
    network = ["--activation", "tanh:gain=2", "--depth", "3"]
    assert main(["reduce", *network]) == 0
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=3).reduce()
    assert capsys.readouterr().out == f"{reduction}\n"
    assert main(["reduce", *network, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["index"] for row in rows] == ["1", "2", "3"]
    assert float(rows[2]["signal_variance"]) == reduction.layers[2].signal_variance


def test_finite_size_rate(capsys):
    arguments = ["reduce", "--activation", "tanh", "--depth", "2", "--samples", "1000"]
    sizes = ["--dimension", "800", "--widths", "1000,2000"]
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=2).reduce()
    rate = reduction.finite_size_rate(samples=1000, widths=[800, 1000, 2000])
    assert main([*arguments, *sizes, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["finite_size_rate"] == rate
    assert main([*arguments, *sizes]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert float(line.split()[2]) == pytest.approx(rate, rel=1e-14)


# -- alpha -----------------------------------------------------------------------------------


def test_alpha_grammar():
    assert parse_alpha("1") == [1.0]
    assert parse_alpha(" 0.1, 1 ,1e1") == [0.1, 1.0, 10.0]
    assert parse_alpha("0.1:10:50:log") == list(np.geomspace(0.1, 10.0, 50))
    assert parse_alpha("10:1:4") == [10.0, 7.0, 4.0, 1.0]
    assert parse_alpha("2:3:1") == [2.0]
    assert parse_alpha("1e-6:1e9:2:log") == [1e-6, 1e9]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("abc", "'abc'"),
        ("0.1,,1", "''"),
        ("0.1,x", "'x'"),
        ("0", "positive"),
        ("-1", "positive"),
        ("-1,2", "positive"),
        ("nan", "finite"),
        ("inf", "finite"),
        ("1e400", "finite"),
        ("1:2", "2 parts"),
        ("1:2:3:log:4", "5 parts"),
        ("1:2:0", "count"),
        ("1:2:-3", "count"),
        ("1:2:2.5", "count must be an integer"),
        ("1:2:1000000000000", "count"),
        ("1:2:3:lin", "'lin'"),
        ("0:1:5:log", "start"),
        ("-1:1:5", "start"),
        ("1:nan:5", "stop"),
        ("1:2:3,4", "mixes"),
    ],
)
def test_bad_alpha(refused, text, words):
    refused([*TANH, "--alpha", text], "--alpha", words)


# -- other bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ("reduce, curve",)),
        (["curv"], ("'curv'", "did you mean 'curve'")),
        (["--verison"], ("--verison", "--version")),
        (["curve", "--channel", "sign", "--alpha", "1"], ("--activation", "--layers")),
        (["curve", "--depth", "3", "--channel", "sign", "--alpha", "1"], ("--activation",)),
        (["curve", "--activation", "tanh", "--alpha", "1"], ("--channel is needed",)),
        (["curve", "--activation", "tanh", "--channel", "sign"], ("--alpha is needed",)),
        ([*TANH, "--alpha"], ("--alpha needs a value",)),
        ([*TANH, "--alpha", "1", "--formt", "json"], ("--formt", "'--format'")),
        ([*TANH, "--alpha", "1", "--quiet=yes"], ("--quiet",)),
        ([*TANH, "--alpha", "1", "more"], ("'more'",)),
        ([*TANH, "--alpha", "1", "--format", "xml"], ("table, csv, json", "'xml'")),
        ([*TANH, "--alpha", "1", "--branch", "best"], ("optimal, algorithmic, informed",)),
        ([*TANH, "--alpha", "1", "--rtol", "small"], ("--rtol", "'small'")),
        ([*TANH, "--alpha", "1", "--rtol", "1"], ("rtol", "1e-13")),
        ([*TANH, "--alpha", "1", "--depth", "0"], ("depth", "at least 1")),
        ([*TANH, "--alpha", "1", "--depth", "1.5"], ("--depth", "integer")),
        ([*TANH, "--alpha", "1", "--activation", "tahn"], ("'tahn'", "'tanh'")),
        ([*TANH, "--alpha", "1", "--activation", "tanh:gian=2"], ("'gian'", "'gain'")),
        ([*TANH, "--alpha", "1", "--activation", ""], ("--activation", "empty")),
        ([*TANH, "--alpha", "1", "--channel", "sing"], ("'sing'", "'sign'")),
        ([*TANH, "--alpha", "1", "--channel", "sign:noise=-1"], ("noise", "-1")),
        ([*TANH, "--alpha", "1", "--prior", "gausian"], ("'gausian'", "'gaussian'")),
        ([*TANH, "--alpha", "1", "--weight-variance", "-2"], ("weight_variance", "-2")),
        ([*TANH, "--alpha", "1", "--bias-variance", "nan"], ("bias_variance", "nan")),
        ([*TANH, "--alpha", "1", "--readout-variance", "-1e-3"], ("readout_variance", "-0.001")),
        ([*TANH, "--alpha", "1", "--input-second-moment", "0"], ("input_second_moment",)),
        ([*TANH, "--alpha", "1", "--offset", "inf"], ("offset", "finite")),
        ([*TANH, "--alpha", "1", "--layers", "relu"], ("--layers", "--activation")),
        ([*TANH, "--alpha", "1", "--signal-variance", "1"], ("--signal-variance", "plain GLM")),
        (["reduce", "--layers", "tanh,,relu"], ("layer 2",)),
        (["reduce", "--layers", "relu:weight_varience=2"], ("did you mean 'weight_variance'",)),
        (["reduce", "--layers", "relu:weight_variance=x"], ("weight_variance", "'x'")),
        (["reduce", "--layers", "relu:bias_variance=1:bias_variance=2"], ("given twice",)),
        (["reduce", "--activation", "tanh", "--alpha", "1"], ("--alpha",)),
        (["reduce", "--activation", "tanh", "--widths", "10"], ("--samples",)),
        (["reduce", "--activation", "tanh", "--samples", "10"], ("--dimension",)),
        (["reduce", "--activation", "tanh", "--samples", "9", "--widths", "1,2"], ("2 integers",)),
        (["reduce", "--activation", "tanh", "--samples", "9", "--widths", "1,x"], ("'x'",)),
        (["reduce", "--activation", "polynomial:coefficients=a"], ("coefficients", "'a'")),
        ([*TANH, "--alpha", "1", "--output", "no/such/file"], ("no/such/file",)),
        ([*TANH, "--alpha", "1", "--output", "."], ("directory",)),
        ([*TANH, "--alpha", "1", "--plot", "no/such/file.png"], ("no/such/file.png",)),
        ([*TANH, "--alpha", "1", "--plot", "curve.bmp"], ("curve.bmp", ".png")),
        ([*TANH, "--alpha", "1", "--plot", "curve"], (".png",)),
        ([*TANH, "--alpha", "1", "--plot", "a.png", "--output", "./a.png"], ("same file",)),
    ],
)
def test_bad_arguments(refused, arguments, words):
    refused(arguments, *words)


def test_outputs_are_checked_before_the_work(refused, monkeypatch):
    def no_work(*arguments, **options):
        raise AssertionError("the curve was computed")

    monkeypatch.setattr(nm.DeepNetwork, "reduce", no_work)
    refused([*TANH, "--alpha", "1", "--output", "no/such/file"])
    refused([*TANH, "--alpha", "1", "--plot", "curve.bmp"])
    refused([*TANH, "--alpha", "1", "--output", "fine.txt", "--plot", "no/such/file.png"])


def test_missing_matplotlib_says_what_to_install(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    refused([*TANH, "--alpha", "1", "--plot", "curve.png"], 'pip install "nishimori[plot]"')


# -- TOML ------------------------------------------------------------------------------------


def test_toml_gives_what_the_command_line_gives(capsys, figure):
    assert main([*TANH, "--alpha", "0.1:10:5:log", "--format", "json"]) == 0
    expected = capsys.readouterr().out
    text = """
        activation = "tanh:gain=2"
        depth = 3
        channel = "sign:noise=0.1"
        alpha = "0.1:10:5:log"
        format = "json"
    """
    assert main(["curve", "--config", figure(text)]) == 0
    assert capsys.readouterr().out == expected


def test_toml_layers(capsys, figure):
    line = "tanh:gain=2,relu:weight_variance=2:bias_variance=0.1"
    assert main(["reduce", "--layers", line]) == 0
    expected = capsys.readouterr().out
    tables = """layers = [
        {activation = "tanh:gain=2"},
        {activation = "relu", weight_variance = 2, bias_variance = 0.1},
    ]"""
    texts = 'layers = ["tanh:gain=2", "relu:weight_variance=2:bias_variance=0.1"]'
    for text in (tables, texts, f'layers = "{line}"'):
        assert main(["reduce", "--config", figure(text)]) == 0
        assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    ("written", "alpha"),
    [("2", [2.0]), ("0.3", [0.3]), ("[0.1, 1, 10]", [0.1, 1.0, 10.0]), ("'1:2:3'", [1, 1.5, 2])],
)
def test_toml_alpha(capsys, figure, written, alpha):
    path = figure(f"alpha = {written}\nactivation = 'tanh'\nchannel = 'sign'\nformat = 'json'")
    assert main(["curve", "--config", path]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["alpha"] for row in rows] == alpha


def test_command_line_overrides_toml(capsys, figure):
    path = figure("layers = ['relu', 'relu']\nchannel = 'sign'\nalpha = 1\nformat = 'table'")
    assert main(["curve", "--config", path, "--alpha", "3", "--format", "json"]) == 0
    assert [row["alpha"] for row in json.loads(capsys.readouterr().out)["rows"]] == [3.0]
    overrides = ["--activation", "tanh", "--format", "json"]
    assert main(["curve", "--config", path, *overrides]) == 0
    reduction = json.loads(capsys.readouterr().out)["reduction"]
    assert len(reduction["layers"]) == 1
    assert main(["curve", "--config", path, "--signal-variance", "0.5", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["reduction"]["signal_variance"] == 0.5


def test_verbs_share_a_file(capsys, figure):
    path = figure("activation = 'tanh'\ndepth = 2\nchannel = 'sign'\nalpha = 1\nsamples = 5")
    assert main(["curve", "--config", path]) == 0
    assert main(["reduce", "--config", path, "--dimension", "7"]) == 0
    assert "finite-size rate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("activatoin = 'tanh'", ("'activatoin'", "'activation'")),
        ("weight-variance = 2", ("'weight-variance'", "'weight_variance'")),
        ("[network]\ndepth = 3", ("'network'",)),
        ("activation = 3", ("'activation'", "string")),
        ("depth = '3'", ("'depth'", "integer")),
        ("depth = 2.5", ("'depth'", "integer")),
        ("depth = true", ("'depth'", "integer")),
        ("weight_variance = '2'", ("'weight_variance'", "number")),
        ("weight_variance = true", ("'weight_variance'", "number")),
        ("rtol = 1979-05-27", ("'rtol'", "number")),
        ("quiet = 'yes'", ("'quiet'", "true or false")),
        ("format = 'xml'", ("'format'", "table, csv, json")),
        ("alpha = '1:2'", ("'alpha'", "2 parts")),
        ("alpha = []", ("'alpha'", "empty")),
        ("alpha = [1, nan]", ("'alpha'", "nan")),
        ("alpha = [1, '2']", ("'alpha'", "'2'")),
        ("alpha = [1, true]", ("'alpha'", "True")),
        ("alpha = 0", ("'alpha'", "positive")),
        ("alpha = true", ("'alpha'", "number")),
        ("layers = []", ("'layers'", "at least one")),
        ("layers = [3]", ("'layers'", "layer 1")),
        ("layers = [{}]", ("'layers'", "activation")),
        ("layers = [{activation = 3}]", ("'layers'", "activation")),
        ("layers = [{activation = 'relu', bias_varance = 1}]", ("bias_varance", "bias_variance")),
        ("layers = [{activation = 'relu', bias_variance = '1'}]", ("layer 1", "bias_variance")),
        ("depth = ", ("not valid TOML",)),
        ("depth = 1\ndepth = 2", ("not valid TOML",)),
        (b"channel = '\xff'", ("not UTF-8",)),
    ],
)
def test_bad_toml(refused, figure, text, words):
    refused(["curve", "--config", figure(text)], "figure.toml", *words)


def test_unreadable_toml(refused, figure):
    refused(["curve", "--config", "missing.toml"], "missing.toml", "cannot be read")
    refused(["curve", "--config", "."], "cannot be read")
    path = figure("activation = 'tanh'\nchannel = 'sign'\nalpha = 1")
    refused(["curve", "--config", path, "--output", path], "same file")


# -- where results go ------------------------------------------------------------------------


def test_output_file(capsys, tmp_path):
    assert main([*TANH, "--alpha", "1", "--format", "json"]) == 0
    expected = capsys.readouterr().out
    arguments = [*TANH, "--alpha", "1", "--format", "json", "--output", "curve.json"]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "nishimori: result written to curve.json\n"
    assert (tmp_path / "curve.json").read_text() == expected
    assert main([*arguments, "--quiet"]) == 2
    assert "overwrite it with --force" in capsys.readouterr().err
    assert main([*arguments, "--quiet", "--force"]) == 0
    assert capsys.readouterr() == ("", "")
    assert os.listdir(tmp_path) == ["curve.json"]


def test_plot_file(capsys, tmp_path):
    assert main([*RELU, "--alpha", "0.1:10:4:log", "--plot", "curve.png"]) == 0
    out, err = capsys.readouterr()
    assert "converged" in out
    assert err == "nishimori: curve drawn in curve.png\n"
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert os.listdir(tmp_path) == ["curve.png"]


def test_full_disk(capsys):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    assert main([*TANH, "--alpha", "1", "--output", "/dev/full"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "/dev/full" in err
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nishimori", *TANH, "--alpha", "1"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "standard output" in done.stderr


def test_failed_points_are_printed_and_counted(capsys, monkeypatch, tmp_path):
    compute = nm.DeepNetwork.learning_curve

    def with_a_failure(self, *arguments, **options):
        assert options["on_failure"] == "return"
        curve = compute(self, *arguments, **options)
        status = curve.status.copy()
        status[1] = nm.Status.NOT_FINITE
        mmse = curve.mmse.copy()
        mmse[1] = np.nan
        return dataclasses.replace(curve, status=status, mmse=mmse)

    monkeypatch.setattr(nm.DeepNetwork, "learning_curve", with_a_failure)
    arguments = [*TANH, "--alpha", "1,2,3", "--format", "json", "--plot", "curve.png", "--quiet"]
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    rows = json.loads(out)["rows"]
    assert [row["status"] for row in rows] == ["converged", "not finite", "converged"]
    assert rows[1]["mmse"] is None
    assert err.count("\n") == 1
    assert "1 of 3 points failed" in err
    assert nm.Status.NOT_FINITE.sentence in err
    assert "alpha = 2" in err
    assert (tmp_path / "curve.png").exists()


def test_interrupt(capsys, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(nm.DeepNetwork, "learning_curve", interrupted)
    assert main([*TANH, "--alpha", "1", "--output", "curve.txt"]) == 130
    assert capsys.readouterr() == ("", "nishimori: interrupted\n")
    assert os.listdir() == []


def test_warnings_take_one_line(capsys, monkeypatch):
    import warnings

    from nishimori.errors import NishimoriWarning

    compute = nm.DeepNetwork.reduce

    def warn(self, *arguments, **options):
        warnings.simplefilter("always")
        warnings.warn("mind the step", NishimoriWarning, stacklevel=2)
        return compute(self, *arguments, **options)

    monkeypatch.setattr(nm.DeepNetwork, "reduce", warn)
    assert main(["reduce", "--activation", "tanh"]) == 0
    assert capsys.readouterr().err == "nishimori: warning: mind the step\n"


def test_help_and_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nishimori {nm.__version__}\n"
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(verb in text for verb in cli.VERBS)
    for verb in cli.VERBS:
        assert main([verb, "--help"]) == 0
        text = capsys.readouterr().out
        assert ("--activation" in text) == (verb != "reproduce")
        assert "--config" in text


@pytest.mark.parametrize("verb", cli.VERBS)
def test_examples_of_the_help_work(verb, capsys):
    module = __import__(f"nishimori.cli.{verb}", fromlist=["EXAMPLE"])
    program, *arguments = module.EXAMPLE.split()
    assert program == "nishimori"
    if verb == "reproduce":  # a file of another verb
        assert main([*TANH, "--alpha", "1", "--plot", "curve.png", "--quiet"]) == 0
    assert main(arguments) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_progress_only_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    with progress_bar("curve") as progress:
        assert progress is None
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar("curve", quiet=True) as progress:
        assert progress is None
    with progress_bar("curve") as progress:
        progress(1, 4)
        progress(3, 4)
    assert sys.stderr.getvalue().strip() == ""  # less than a second of work draws nothing
    monkeypatch.setattr(progress_module, "DELAY", 1e-9)
    with progress_bar("curve") as progress:
        for done in range(5):
            time.sleep(0.12)
            progress(done, 4)
    assert "4/4" in sys.stderr.getvalue()


# -- as a process ----------------------------------------------------------------------------


def test_process_streams_and_status():
    done = command(*TANH, "--alpha", "1", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["rows"][0]["status"] == "converged"
    done = command("curve", "--activation", "tahn", "--channel", "sign", "--alpha", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("nishimori: error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="needs pipes that break")
def test_a_reader_that_leaves_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-m", "nishimori", *TANH, "--alpha", "0.1:1:5000", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline().startswith(b"alpha,")
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert err == b""


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_interrupted_process(tmp_path):
    waits = (
        "import nishimori.network as n, signal, sys, time\n"
        # a test run in the background of a shell has its children ignore interrupts
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def wait(*a, **k):\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "n.DeepNetwork.reduce = wait\n"
        "from nishimori.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", waits, "reduce", "--activation", "tanh", "--output", "x.txt"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (out, err) == (b"", b"nishimori: interrupted\n")
    assert os.listdir(tmp_path) == []


def test_csv_of_a_reduction_says_that_it_lacks_the_rate(capsys):
    line = ["reduce", "--activation", "tanh", "--depth", "1", "--format", "csv"]
    assert main(line) == 0
    assert capsys.readouterr().err == ""
    assert main([*line, "--samples", "100", "--dimension", "50"]) == 0
    assert "the finite-size rate is in the other formats" in capsys.readouterr().err
