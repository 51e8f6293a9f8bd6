"""The example that puts real networks beside the theory, and the code on the pages of docs."""

import doctest
import importlib.util
import math
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import nishimori as nm
from nishimori.cli.main import VERBS, main

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "docs" / "examples" / "deep_network_vs_theory.py"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def fences(page):
    """The fenced blocks in order, each with its language, without the indentation of a list."""
    pattern = r"^( *)```(\w+)\n(.*?)^ *```$"
    found = re.findall(pattern, page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for indent, language, text in found:
        yield language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


def blocks(page, language):
    """The fenced blocks of one language."""
    return [text for kind, text in fences(page) if kind == language]


@pytest.fixture(scope="module")
def example():
    pytest.importorskip("sklearn")
    spec = importlib.util.spec_from_file_location("deep_network_vs_theory", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_ignoring_frozen_means_visibly_misses_for_relu(example):
    network = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=2)
    right = network.learning_curve(nm.channels.Linear(noise=0.01), 1.0).test_error
    wrong = example.naive_relu_error(1.0, depth=2, noise=0.01)
    assert f"{float(right):.5f}" == "0.10507"
    assert f"{float(wrong):.4f}" == "0.2474"


def test_naive_recursion_is_right_where_nothing_is_frozen(example):
    # one layer: the only mean is the output's offset, which the naive recursion counts as noise
    reduction = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=1).reduce()
    noise = reduction.noise_variance + reduction.offset_variance
    problem = nm.GLM(
        nm.channels.Linear(noise=0.01),
        signal_variance=reduction.signal_variance,
        noise_variance=noise,
    )
    naive = float(example.naive_relu_error(1.0, depth=1, noise=0.01))
    assert naive == pytest.approx(problem.solve(1.0).test_error, rel=1e-12)


def test_allowance_shrinks_with_the_width(example):
    narrow, wide = (example.finite_width_allowance(1.0, width) for width in (600, 1200))
    assert narrow == pytest.approx(2.0 * wide)
    assert narrow < 0.01


def test_a_wrong_theory_is_found_out(example):
    case = example.CASES[2]
    right = example.Point(case, 1.0, 0.10507, 0.1051, 0.0005, 0.0005)
    wrong = example.Point(case, 1.0, 0.24739, 0.1051, 0.0005, 0.0005)
    assert right.agrees
    assert not wrong.agrees
    assert "MISSES" in example.table([right, wrong])


def commands(language, block):
    """The commands of a block, each with the output that the page shows, if it does."""
    if language == "bash":
        return [(line, None) for line in block.splitlines() if line.startswith("nishimori")]
    if language != "console":
        return []
    sessions = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    parts = [session.replace("\\\n", "").partition("\n") for session in sessions]
    return [(command, output or None) for command, _, output in parts]


def same_text(shown, printed, loosely):
    """Word for word; numbers to what is shown of them, residuals to their smallness.

    Simulations depend on the last digit of the linear algebra: a label may tip over.
    """
    tolerance = {"rel_tol": 0.05, "abs_tol": 0.05} if loosely else {"rel_tol": 1e-8}
    ours, theirs = shown.split(), printed.split()
    for one, other in zip(ours, theirs, strict=True):
        try:
            x, y = float(one), float(other)
        except ValueError:
            assert one == other
        else:
            assert math.isclose(x, y, **tolerance) or max(abs(x), abs(y)) < 1e-12, (one, other)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_on_a_page_does_what_the_page_says(page, tmp_path, monkeypatch, capsys):
    """From top to bottom, in one folder and one Python session."""
    monkeypatch.chdir(tmp_path)
    session, report = {}, []
    runner = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    for file in blocks(page, "toml"):
        named = re.match(r"# (\w+\.toml)\n", file)
        if named:
            Path(named[1]).write_text(file, encoding="utf-8")
    for language, block in fences(page):
        for command, output in commands(language, block):
            name, *arguments = shlex.split(command)
            assert name == "nishimori"
            capsys.readouterr()
            assert main(arguments) == 0, command
            if output is not None:
                printed = capsys.readouterr().out
                same_text(output, printed, loosely=arguments[0] == "simulate")
        if language == "pycon":
            test = doctest.DocTestParser().get_doctest(block, session, page.name, str(page), 0)
            done = runner.run(test, out=report.append, clear_globs=False)
            assert done.failed == 0, "".join(report)
            session = test.globs
    if page.name == "command_line.md":
        assert Path("curve.png").read_bytes().startswith(b"\x89PNG")
        assert len(Path("figure.csv").read_text(encoding="utf-8").splitlines()) >= 51
    if page.name == "tutorial.md":
        assert Path("figure.pdf").read_bytes().startswith(b"%PDF")


def test_commands_and_their_verbs_are_all_shown():
    found = {page.name: [c for f in fences(page) for c, _ in commands(*f)] for page in PAGES}
    assert {"command_line.md", "phases.md", "tutorial.md"} <= {
        name for name in found if found[name]
    }
    assert {command.split()[1] for page in found.values() for command in page} == set(VERBS)


def test_outputs_that_differ_are_noticed():
    same_text("a 0.1 2e-16", "a  0.1 0.0e+00", loosely=False)
    for shown, printed in (("0.1", "0.10001"), ("agrees", "differs"), ("1 2", "1")):
        with pytest.raises((AssertionError, ValueError)):
            same_text(shown, printed, loosely=False)
    with pytest.raises(AssertionError):
        same_text("0.3", "0.4", loosely=True)


def test_readme_has_two_commands_of_one_line_each():
    commands = blocks(ROOT / "README.md", "bash")
    assert [command.count("\n") for command in commands] == [1, 1]
    compute, test = (command.strip().split(" && ") for command in commands)
    assert compute[0] == test[0] == "python3 -m venv .venv"
    assert compute[1].endswith('-m pip install ".[plot]"')
    assert test[2] == ".venv/bin/python -m pytest"
    assert compute[2].startswith(".venv/bin/nishimori curve --activation tanh --depth 3")
    # continuous integration installs and runs the same, in an environment of its own
    machine = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for words in ('-e ".[test,plot]"', "-m pytest"):
        assert words in test[1] + test[2]
        assert words in machine


def test_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


@pytest.mark.slow
def test_real_networks_agree_with_the_theory(tmp_path):
    picture = tmp_path / "picture.png"
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, EXAMPLE, "--quick", "--output", picture],
        capture_output=True,
        text=True,
        env={**os.environ, **one_thread},
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "8 of 8 points agree with the theory." in run.stdout
    assert "0.10507" in run.stdout
    assert "MISSES" not in run.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
