"""From a file back to its numbers: what agrees, what was tampered with, what is not ours."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import nishimori as nm
from nishimori.cli.main import main
from nishimori.errors import BadArgument
from nishimori.expressions import read

SIGN = nm.GLM(nm.channels.Sign(noise=0.1))
BITS = nm.GLM(nm.channels.Sign(), prior=nm.priors.Rademacher())
RELU = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=1)
FEATURES = nm.features.Kernel(0.5, 0.2)
LINEAR = nm.GLM(nm.channels.Linear(noise=0.1))

RESULTS = {
    "linear": lambda: LINEAR.learning_curve([[0.5, 1.0], [2.0, 4.0]], rtol=1e-12),
    "state": lambda: SIGN.solve(1.0),
    "offset": lambda: RELU.learning_curve(nm.channels.Sign(), [0.5, 1.0], quantiles=(0.1, 0.9)),
    "features": lambda: nm.erm.Ridge(regularization="optimal").learning_curve(
        LINEAR, [0.5, 2.0], FEATURES
    ),
    "fixed points": lambda: BITS.fixed_points([1.35, 0.2]),
    "transitions": lambda: BITS.transitions(),
    "trajectory": lambda: SIGN.trajectory(1.0, 5, damping=0.3),
    "reduction": lambda: RELU.reduce(2.0),
    "diagram": lambda: nm.phase_diagram(
        lambda noise: nm.GLM(nm.channels.Linear(noise=noise), prior=nm.priors.Rademacher()),
        0.05,
        0.06,
        parameter="noise",
        points=3,
    ),
    "simulation": lambda: nm.simulate.compare(
        LINEAR, {"mine": nm.erm.Ridge()}, [1.0, 2.0], 20, repetitions=3, seed=5
    ),
    "judged": lambda: nm.simulate.judge(
        SIGN.learning_curve([0.4, 1.0, 3.0]),
        {"alpha": [0.5, 2.0], "error": [0.34, 0.21], "se": [0.01, 0.01]},
    ),
    "extrapolation": lambda: nm.simulate.extrapolate(
        LINEAR, nm.erm.Ridge(), 1.0, (20, 40, 80), repetitions=2
    ),
}
CURVE = SIGN.learning_curve([0.5, 1.0, 20.0])


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", RESULTS)
def test_what_was_written_is_found_again(name):
    from matplotlib.figure import Figure

    result = RESULTS[name]()
    result.to_csv("x.csv")
    result.to_json("x.json")
    figure = Figure()
    result.plot(figure.subplots())
    nm.export.save_figure(figure, "x.png")
    count = len(result.rows())
    for file in ("x.csv", "x.json", "x.png"):
        found = nm.export.reproduce(file, rtol=0.0)  # one machine: the same bits
        assert found.agrees, f"{file}: {found}"
        assert found.not_compared == ()
        assert max(column.count for column in found.columns) >= count
        assert nm.export.reproduce(file).agrees


@pytest.mark.parametrize("extension", ["png", "pdf", "svg", "eps"])
def test_pictures_of_every_format_carry_their_curves(extension, capsys):
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subfigures(1, 2)
    CURVE.plot(left.subplots())
    nm.erm.Ridge().learning_curve(LINEAR, [1.0, 2.0]).plot(ax=right.subplots())
    nm.export.save_figure(figure, f"x.{extension}")
    found = nm.export.reproduce(f"x.{extension}")
    assert found.agrees
    assert {c.name.partition(":")[0] for c in found.columns} == {"Curve", "ErmCurve"}
    content = Path(f"x.{extension}").read_bytes()
    Path(f"half.{extension}").write_bytes(content[: len(content) - 40])
    with pytest.raises(BadArgument, match="cut short"):
        nm.export.reproduce(f"half.{extension}")


@pytest.mark.parametrize("file", ["x.csv", "x.json"])
@pytest.mark.parametrize("name", ["mmse", "test_error", "log_loss", "overlap", "alpha"])
def test_a_number_that_was_changed_is_named(file, name, capsys):
    CURVE.to_csv("x.csv")
    CURVE.to_json("x.json")
    value = repr(float(getattr(CURVE, name)[1]))
    changed = repr(float(value) * (1.0 + 1e-8))
    path = Path(file)
    text = path.read_text()
    # the last one: alpha is in the expression too
    place = text.rfind(f"{value}," if file == "x.csv" else f'"{name}": {value}')
    if file == "x.csv":
        line = text.splitlines()[2].split(",")
        line[list(CURVE.rows()[0]).index(name)] = changed
        text = text.replace(text.splitlines()[2], ",".join(line))
    else:
        text = text[:place] + text[place:].replace(value, changed, 1)
    path.write_text(text)
    found = nm.export.reproduce(file)
    assert not found.agrees
    assert re.search(rf"differ: {name} at alpha = 1 is {changed}", found.verdict)
    assert nm.export.reproduce(file, rtol=1e-7).agrees
    assert main(["reproduce", file]) == 1
    assert "DIFFERS" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("true", "false", "stable at alpha = 0.5"),
        ("converged", "unresolved", "status at alpha = 0.5"),
        ("optimal,", "informed,", "branch at alpha = 0.5"),
        ("alpha=[0.5, 1.0", "alpha=[0.5, 1.1", "test_error|overlap|alpha"),
        ("noise=0.1", "noise=0.2", "the numbers differ"),
    ],
)
def test_words_and_the_expression_count_too(old, new, words):
    text = CURVE.to_csv()
    if old.startswith(("alpha", "noise")):
        head, mark, expression = text.partition("# expression")
        text = head + mark + expression.replace(old, new)
    Path("x.csv").write_text(text.replace(old, new, 1))
    found = nm.export.reproduce("x.csv")
    assert not found.agrees
    assert re.search(words, found.verdict)


def test_rows_that_are_missing_are_missed():
    lines = CURVE.to_csv().splitlines(keepends=True)
    Path("x.csv").write_text("".join([*lines[:2], *lines[3:]]))
    found = nm.export.reproduce("x.csv")
    assert not found.agrees
    assert "2 rows, and there are 3" in found.verdict


def test_what_it_does_not_know_is_said():
    lines = CURVE.to_csv().splitlines()
    Path("x.csv").write_text("\n".join(f"{x},9" if x[0] in "02" else x for x in lines))
    lines[0] += ",mine"
    Path("x.csv").write_text("\n".join([lines[0], *(f"{x},9" for x in lines[1:4]), *lines[4:]]))
    found = nm.export.reproduce("x.csv")
    assert found.agrees
    assert found.not_compared == ("mine",)
    assert "not compared: mine" in str(found)


def test_a_failed_point_is_found_to_fail_again():
    curve = nm.erm.MaxMargin().learning_curve(SIGN, [0.5, 9.0], on_failure="return")
    assert curve.failed.tolist() == [False, True]
    curve.to_json("x.json")
    curve.to_csv("x.csv")
    assert nm.export.reproduce("x.json").agrees
    assert nm.export.reproduce("x.csv").agrees


def custom(x):
    return np.tanh(x)


def test_functions_of_the_user_cannot_be_made_again(capsys):
    network = nm.DeepNetwork.uniform(nm.activations.Custom(custom), depth=1)
    curve = network.learning_curve(nm.channels.Linear(noise=0.1), [1.0])
    text = curve.to_csv("x.csv")
    assert "test_reproduce.custom" in text
    assert "# command" not in text
    with pytest.raises(BadArgument, match="is the user's own and cannot be made again from text"):
        nm.export.reproduce("x.csv")
    assert main(["reproduce", "x.csv"]) == 2
    diagram = nm.phase_diagram(
        lambda p: nm.GLM(nm.channels.Linear(noise=p**2), prior=nm.priors.Rademacher()),
        0.1,
        0.2,
        points=3,
    )
    diagram.to_json("diagram.json")
    with pytest.raises(BadArgument, match="the user's own"):
        nm.export.reproduce("diagram.json")


def test_data_is_not_in_the_file():
    rng = np.random.default_rng(1)
    found = nm.simulate.gamp(LINEAR, rng.standard_normal((20, 10)), rng.standard_normal(20))
    found.to_csv("x.csv")
    with pytest.raises(BadArgument, match="from data that the file does not hold"):
        nm.export.reproduce("x.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot read"),
        (b"", "is empty"),
        (b"alpha,mmse\n1,2\n", "does not say how it was made"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\xae\x42\x60\x82", "does not say how it was made"),
        (b"%PDF-1.4\nhello\n%%EOF", "does not say"),
        (b"<svg></svg>", "does not say"),
        (b"\xff\xfe\x00\x01", "does not say"),
        (b'{"rows": [1, 2]}', "does not say"),
        (b'{"nishimori": 1, "results": []}', "does not say"),
        (b'{"nishimori": "0.1.0", "results": [{}]}', "no call"),
        (b'{"nishimori": "0.1.0", "results": [{"expression": "nm.GLM("}]}', "expected an expr"),
        (b'{"nishimori": "0.1.0", "results": [{"expression": "1"}]}', "makes no result"),
        (b'{"nishimori": "0.1.0", "results": [{"expression": "os.system(1)"}]}', "may not call"),
        (
            b'{"nishimori": "0.1.0", "results": [{"expression": "nm.simulate.compare(store=1)"}]}',
            "may not write to a store",
        ),
        (
            b'{"nishimori": "0.1.0", "rows": 3, "results": '
            b'[{"expression": "nm.GLM(nm.channels.Sign()).solve(1.0)"}]}',
            "no rows of numbers",
        ),
        (b'{"nishimori": "0.1.0", "command": 1, "results": []}', "does not say"),
        (b'{"nishimori": "0.1.0", "results": [{"column": []}]}', "does not say"),
        (
            b'{"nishimori": "0.1.0", "reduction": {}, "results": '
            b'[{"at": "reduction", "expression": "nm.GLM(nm.channels.Sign()).solve(1.0)"}]}',
            "makes no reduction",
        ),
        (b"# nishimori 0.1.0\n# command: x\nnetwork  tanh\n", "a table for reading"),
    ],
)
def test_files_of_others_are_one_sentence(content, words, capsys):
    if content is not None:
        Path("x.csv").write_bytes(content)
    with pytest.raises(BadArgument, match=words) as caught:
        nm.export.reproduce("x.csv")
    assert "\n" not in str(caught.value)
    assert main(["reproduce", "x.csv"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("rtol", [-1.0, float("nan"), "x"])
def test_a_tolerance_is_a_number(rtol):
    CURVE.to_csv("x.csv")
    with pytest.raises(BadArgument, match="rtol"):
        nm.export.reproduce("x.csv", rtol=rtol)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("file", ["x.csv", "x.json"])
def test_a_file_that_was_cut_short_never_agrees(file, cut):
    CURVE.to_csv("x.csv")
    CURVE.to_json("x.json")
    content = Path(file).read_bytes()
    Path(file).write_bytes(content[: int(cut * len(content))])
    with pytest.raises(BadArgument):
        nm.export.reproduce(file)


# -- the command line --------------------------------------------------------------------------

NETWORK = "--activation tanh:gain=2 --depth 2 --channel sign"
COMMANDS = [
    f"curve {NETWORK} --alpha 0.5,1 --with ridge,logistic:regularization=0.01",
    "curve --activation relu --channel sign --alpha 0.5,1",
    "curve --signal-variance 1 --channel sign:flip=0.05 --prior rademacher --alpha 1 --offset -0.1",
    f"erm {NETWORK} --loss hinge --regularization optimal --alpha 0.5,1",
    "phases --prior rademacher --channel sign --signal-variance 1",
    "phases --prior rademacher --channel sign --signal-variance 1 --alpha 1.35,0.2",
    "reduce --activation relu --depth 2 --samples 100 --dimension 50",
    f"simulate {NETWORK} --estimators ridge --alpha 1,2 --width 20 --repetitions 3",
]


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("command", COMMANDS)
def test_files_of_the_command_line(command, form, capsys):
    arguments = [*shlex.split(command), "--format", form, "--output", "x", "--quiet"]
    assert main(arguments) in (0, 1)
    assert main(["reproduce", "x", "--rtol", "0", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["agrees"]
    assert found["command"] == shlex.join(["nishimori", *_sorted(arguments)])
    unknown = {"finite_size_rate"} if command.startswith("reduce") else set()
    assert set(found["not_compared"]) <= unknown
    # and the command makes the very same file
    again = [*shlex.split(found["command"])[1:], "--output", "x", "--force", "--quiet"]
    text = Path("x").read_text()
    assert main(again) in (0, 1)
    assert Path("x").read_text() == text


def _sorted(arguments):
    """In the order of the options, as files have it."""
    from nishimori.cli import curve, erm, phases, reduce, simulate

    verbs = {m.__name__.rpartition(".")[2]: m for m in (curve, erm, phases, reduce, simulate)}
    verb, *rest = arguments
    given = {}
    while rest:
        name = rest.pop(0)
        value = "" if name == "--quiet" else rest.pop(0)
        if name not in ("--quiet", "--output"):
            given[name] = [f"{name}={value}"] if value.startswith("-") else [name, value]
    flags = [option.flag for option in verbs[verb].OPTIONS if option.flag in given]
    return [verb, *(part for flag in flags for part in given[flag])]


@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[3], COMMANDS[4], COMMANDS[7]])
def test_pictures_of_the_command_line(command, capsys):
    assert main([*shlex.split(command), "--plot", "x.png", "--quiet"]) in (0, 1)
    assert main(["reproduce", "x.png"]) == 0
    assert "the numbers agree" in capsys.readouterr().out
    drawn = nm.export.reproduce("x.png").command
    assert drawn == shlex.join(["nishimori", *_sorted(shlex.split(command)), "--plot", "x.png"])


def test_options_of_a_file_are_written_out():
    Path("figure.toml").write_text(
        'channel = "sign:noise=0.1"\nalpha = [0.5, 1]\nwith = ["ridge", "kernel"]\nquiet = true\n'
        '[[layers]]\nactivation = "tanh:gain=2"\n'
        '[[layers]]\nactivation = "erf"\nweight_variance = 2.0\nbias_variance = 0.1\n'
    )
    asked = ["curve", "--config", "figure.toml", "--format", "csv", "--output", "x.csv"]
    assert main([*asked, "--offset", "0"]) == 0
    command = nm.export.reproduce("x.csv").command
    layers = "tanh:gain=2,erf:weight_variance=2.0:bias_variance=0.1"
    assert command == (
        f"nishimori curve --layers {layers} --channel sign:noise=0.1 --alpha 0.5,1.0 --offset 0 "
        "--with ridge,kernel --format csv"
    )
    text = Path("x.csv").read_text()
    Path("figure.toml").unlink()
    assert main([*shlex.split(command)[1:], "--output", "x.csv", "--force"]) == 0
    assert Path("x.csv").read_text() == text


@pytest.mark.parametrize(
    "command",
    [
        "curve",
        "erm --loss hinge",
        "phases",
        "simulate --width 10 --repetitions 2 --estimators ridge",
    ],
)
@pytest.mark.parametrize("option", ["--output", "--plot"])
def test_files_that_exist_are_refused_before_any_work(command, option, capsys, monkeypatch):
    Path("x.png").write_text("mine")
    grid = ["--alpha", "1"]
    arguments = [*shlex.split(command), *shlex.split(NETWORK), *grid, option, "x.png"]

    def never(*_args, **_more):
        raise AssertionError("it has begun to compute")

    with monkeypatch.context() as patch:
        patch.setattr(nm.DeepNetwork, "reduce", never)
        assert main(arguments) == 2
    assert capsys.readouterr().err == (
        "nishimori: error: 'x.png' exists; choose another name, or overwrite it with --force\n"
    )
    assert Path("x.png").read_text() == "mine"
    assert main([*arguments, "--force"]) in (0, 1)
    assert Path("x.png").read_bytes() != b"mine"


def test_what_is_no_file_is_never_refused():
    assert main(["reduce", "--activation", "tanh", "--output", "/dev/null"]) == 0


def test_standard_output_is_a_plain_table(capsys):
    assert main(shlex.split(f"curve {NETWORK} --alpha 1 --format csv")) == 0
    assert "#" not in capsys.readouterr().out
    assert main(shlex.split(f"curve {NETWORK} --alpha 1 --output x.txt")) == 0
    assert f"# nishimori {nm.__version__}\n# command: nishimori curve" in Path("x.txt").read_text()
    assert main(["reproduce", "x.txt"]) == 2
    assert "a table for reading" in capsys.readouterr().err


def test_reproduce_writes_and_refuses_like_the_others(capsys):
    CURVE.to_csv("x.csv")
    assert main(["reproduce"]) == 2
    assert "a file is needed" in capsys.readouterr().err
    assert main(["reproduce", "x.csv", "--output", "x.csv", "--force"]) == 2
    assert "same file" in capsys.readouterr().err
    assert main(["reproduce", "--file", "x.csv", "--format", "csv", "--output", "y.csv"]) == 0
    assert Path("y.csv").read_text().startswith("column,count,largest_difference")
    assert main(["reproduce", "x.csv", "--output", "y.csv"]) == 2
    assert main(["reproduce", "x.csv", "z.csv"]) == 2
    assert "unexpected argument 'z.csv'" in capsys.readouterr().err


SWEEPS = {
    "problem": (SIGN, {"channel.noise": [0.0, 0.1], "alpha": np.array([0.5, 1.0, 4.0])}),
    "zipped": (
        nm.DeepNetwork,
        {
            "pair": {
                "activation": [nm.activations.Tanh(), nm.activations.ReLU(), nm.activations.ReLU()],
                "depth": range(1, 4),
            },
            "estimator": [None, nm.erm.Ridge()],
            "channel": nm.channels.Linear(noise=0.1),
            "offset": 0.0,
            "alpha": 2.0,
            "rtol": 1e-9,
        },
    ),
    "failures": (LINEAR, {"estimator": nm.erm.Ridge(regularization=0.0), "alpha": [1.0, 2.0]}),
}


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_is_computed_again(name):
    subject, grid = SWEEPS[name]
    found = nm.sweep(subject, grid)
    found.to_csv("x.csv")
    found.to_json("x.json")
    document = json.loads(Path("x.json").read_text())
    assert document["specification"] == found.specification
    assert document["nishimori"] == nm.__version__
    for file in ("x.csv", "x.json"):
        again = nm.export.reproduce(file, rtol=0.0)
        assert again.agrees, again
        assert again.not_compared == ()
        assert again.made_with == nm.__version__
        assert again.command.startswith("python -c ")
        assert max(column.count for column in again.columns) == len(found)
        assert nm.export.reproduce(file).agrees
    value = repr(float(found["test_error"].flat[-1]))
    text = Path("x.csv").read_text()
    assert value in text
    Path("x.csv").write_text(text.replace(value, repr(float(value) * (1.0 + 1e-7))))
    assert "test_error at" in nm.export.reproduce("x.csv").verdict


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("how", ["line", "file"])
def test_the_file_of_nishimori_sweep_is_computed_again(form, how, capsys):
    given = ["--grid", "channel.noise=0,0.1 alpha=0.5:2:3:log"]
    if how == "file":
        Path("a.toml").write_text('[grid]\n"channel.noise" = [0, 0.1]\nalpha = "0.5:2:3:log"\n')
        given = ["--config", "a.toml"]
    line = ["sweep", "--signal-variance", "1", "--channel", "sign", *given]
    line += ["--format", form, "--output", "x.out", "--quiet"]
    assert main(line) == 0
    assert main(["reproduce", "x.out", "--rtol", "0"]) == 0
    assert "the numbers agree" in capsys.readouterr().out
    found = nm.export.reproduce("x.out")
    assert found.not_compared == ()
    assert found.command.startswith("nishimori sweep" if how == "line" else "python -c")


def test_a_sweep_of_the_users_function_is_recognised():
    nm.sweep(lambda a: a, {"a": [1, 2]}).to_csv("x.csv")
    with pytest.raises(BadArgument, match=r"the function .*lambda.* is the user's own"):
        nm.export.reproduce("x.csv")
    nm.sweep(lambda a: 1.0, {"a": [object()]}).to_json("x.json")
    with pytest.raises(BadArgument, match=r"'x.json' cannot be computed again: a object cannot be"):
        nm.export.reproduce("x.json")
    nm.sweep(lambda a: a, {"a": range(100_001)}).to_csv("y.csv")
    with pytest.raises(BadArgument, match="its grid has 100001 values, and a file spells out"):
        nm.export.reproduce("y.csv")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nm.sweep(nm.GLM(nm.channels.Sign()), {'alpha': [1.0]}, None, 'x.sqlite')", "a store"),
        ("nm.sweep(nm.GLM(nm.channels.Sign()), {'alpha': [1.0]}, store='x.sqlite')", "a store"),
        ("nm.simulate.judge(nm.GLM(nm.channels.Sign()), '/etc/passwd')", "points from a file"),
        ("nm.simulate.judge(nm.GLM(nm.channels.Sign()), points='x.csv')", "points from a file"),
        ("nm.GLM", "expected an expression"),
        ("nm.Layer", "calls and plain values"),
        ("nm.erm.Ridge", "calls and plain values"),
    ],
)
def test_an_expression_opens_no_file(text, why):
    Path("x.csv").write_text("alpha,error,se\n1.0,0.2,0.01\n")
    with pytest.raises(BadArgument, match=why):
        read(text)
    assert [path.name for path in Path().iterdir()] == ["x.csv"]


def test_the_rate_of_a_finite_network_is_compared(capsys):
    line = ["reduce", "--activation", "tanh", "--depth", "2", "--samples", "1000"]
    line += ["--dimension", "500", "--widths", "200,300", "--format", "json", "--output", "x.json"]
    assert main(line) == 0
    found = nm.export.reproduce("x.json", rtol=0.0)
    assert found.agrees
    assert found.not_compared == ()
    assert "finite_size_rate" in [column.name for column in found.columns]
    document = json.loads(Path("x.json").read_text())
    reduction = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=2).reduce()
    assert document["finite_size_rate"] == reduction.finite_size_rate(1000, [500, 200, 300])
    document["finite_size_rate"] *= 1.0 + 1e-8
    Path("x.json").write_text(json.dumps(document))
    assert "finite_size_rate" in nm.export.reproduce("x.json").verdict
    document["results"][-1]["expression"] = repr(document["finite_size_rate"])
    Path("x.json").write_text(json.dumps(document))
    with pytest.raises(BadArgument, match="its expression makes no result"):
        nm.export.reproduce("x.json")
