"""What is handed out: the source archive, the wheel, and the wheel alone in a new environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

import nishimori as nm

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
OFFLINE = re.compile("name resolution|NewConnectionError|ConnectTimeout|Network is unreachable")
CURVE = "curve --activation tanh --depth 3 --channel sign --alpha 0.1:50:60:log --format json"
JUNK = re.compile(r"__pycache__|\.py[co]$|\.nb[ci]$|\.sqlite|/_build/|\.egg-info|/\.git/|/\.mypy")
PROGRAM = """
import numpy as np
from numpy.typing import NDArray

import nishimori as nm


def errors(depth: int, alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=depth)
    curve: nm.Curve = network.learning_curve(nm.channels.Sign(noise=0.1), alpha)
    return np.asarray(curve.test_error)


def best_ridge(problem: nm.GLM) -> nm.ErmState:
    return nm.erm.Ridge(regularization="optimal").solve(problem, 1.0)


reduction: nm.Reduction = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=2).reduce()
problem: nm.GLM = reduction.glm(nm.channels.Linear(noise=0.1))
state: nm.State = problem.solve(1.0)
thresholds: nm.Transitions = problem.transitions()
citation: str = str(nm.citation(problem))
if state.status is not nm.Status.CONVERGED:
    raise nm.NishimoriError(state.status.sentence)
print(f"{errors(3, np.array([0.1, 1.0]))[1]:.12f} {best_ridge(problem).test_error:.12f}")
"""


def environment():
    """As outside of this checkout, with nothing that Python or Numba was told about it."""
    told = ("PYTHON", "NUMBA_", "COVERAGE_", "MYPYPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(told)}


def run(*command, cwd):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and OFFLINE.search(done.stdout + done.stderr):
        pytest.skip("no package index within reach")
    return done


def succeeds(*command, cwd):
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The source archive and, built from it, the wheel."""
    pytest.importorskip("build")
    target = tmp_path_factory.mktemp("dist")
    succeeds(sys.executable, "-m", "build", "--outdir", target, ROOT, cwd=target)
    (source,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return source, wheel


@pytest.fixture(scope="module")
def installed(archives, tmp_path_factory):
    """An environment with the wheel and what it requires, and its interpreter."""
    target = tmp_path_factory.mktemp("elsewhere")
    succeeds(sys.executable, "-m", "venv", target / "venv", cwd=target)
    python = target / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    succeeds(*pip, archives[1], cwd=target)
    return python


def contents(path):
    """Every file of an archive by its name in it."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {m.name.split("/", 1)[1]: archive.extractfile(m).read() for m in files}


def test_archives_hold_what_they_should_and_no_more(archives):
    source, wheel = map(contents, archives)
    package = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / "nishimori").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert "nishimori/py.typed" in package
    info = f"nishimori-{nm.__version__}.dist-info"
    added = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    assert set(wheel) == package | added | {f"{info}/licenses/LICENSE"}
    for name in ("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "pyproject.toml"):
        assert source[name] == (ROOT / name).read_bytes()
    for name in (".ci/run", "docs/conf.py", "benchmarks/README.md", "tests/data/certified.json"):
        assert name in source
    assert {f"tests/{path.name}" for path in Path(__file__).parent.glob("*.py")} <= set(source)
    for name, data in [*source.items(), *wheel.items()]:
        assert not JUNK.search(f"/{name}"), name
        assert os.fsencode(ROOT) not in data, name
        assert len(data) < 1_000_000, name
    if (ROOT / ".git").exists() and shutil.which("git"):
        known = ("--cached", "--others", "--exclude-standard")
        listed = succeeds("git", "ls-files", "-z", *known, cwd=ROOT)
        assert set(source) - {"PKG-INFO"} <= set(listed.split("\0"))


def test_metadata_says_what_is_true(archives):
    name = f"nishimori-{nm.__version__}.dist-info/METADATA"
    meta = HeaderParser().parsestr(contents(archives[1])[name].decode())
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    assert (meta["Name"], meta["Version"]) == ("nishimori", nm.__version__)
    assert meta["Summary"] == project["description"]
    assert meta["License-Expression"] == "MIT"
    assert meta["Requires-Python"] == project["requires-python"] == ">=3.11"
    assert set(meta.get_all("Classifier")) == set(project["classifiers"])
    assert "Typing :: Typed" in project["classifiers"]
    assert set(meta.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    needed = [line for line in meta.get_all("Requires-Dist") if "extra ==" not in line]
    assert sorted(needed) == sorted(project["dependencies"])
    assert meta["Home-page"] is None
    assert meta.get_all("Project-URL") is None  # there is no public address to give yet
    assert meta.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")


def compiled_code(python):
    site = python.parents[1] / "lib"
    return {path.name: path.stat().st_mtime_ns for path in site.rglob("nishimori/**/*.nb[ci]")}


def test_the_wheel_alone_does_the_main_job_and_keeps_its_compiled_code(installed, tmp_path):
    command = installed.with_name("nishimori")
    rows = json.loads(succeeds(command, *CURVE.split(), cwd=tmp_path))["rows"]
    assert len(rows) == 60
    assert {row["status"] for row in rows} == {"converged"}
    here = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=3).learning_curve(
        nm.channels.Sign(), [row["alpha"] for row in rows]
    )
    assert [row["mmse"] for row in rows] == pytest.approx(here.mmse.tolist(), rel=1e-13)
    code = compiled_code(installed)
    assert len(code) > 10
    again = json.loads(succeeds(command, *CURVE.split(), cwd=tmp_path))["rows"]
    assert again == rows
    assert compiled_code(installed) == code  # nothing was compiled anew
    version = succeeds(installed, "-m", "nishimori", "--version", cwd=tmp_path)
    assert nm.__version__ in version


def test_what_the_wheel_lacks_is_named(installed, tmp_path):
    command = installed.with_name("nishimori")
    done = run(command, *CURVE.split(), "--plot", "curve.png", cwd=tmp_path)
    assert done.returncode == 2
    assert 'pip install "nishimori[plot]"' in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_program_is_typed_strictly_against_the_wheel_and_runs(installed, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", installed]
    succeeds(*mypy, program, cwd=tmp_path)
    assert succeeds(installed, program, cwd=tmp_path) == "0.374006286184 0.206397509743\n"
    program.write_text(PROGRAM + 'nm.channels.Sign(flip="often")\n', encoding="utf-8")
    done = run(*mypy, program, cwd=tmp_path)
    assert done.returncode == 1
    assert '"flip" to "Sign" has incompatible type "str"' in done.stdout
