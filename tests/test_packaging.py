"""The project itself: its public names, what importing it costs, and the rules of its source."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import nishimori as nm

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [name for name in ("src", "tests", "benchmarks", "docs") if (ROOT / name).exists()]

HEAVY = ("numpy", "numba", "scipy", "mpmath", "matplotlib", "tqdm", "jax", "numpyro")
HEAVY += ("pandas", "xarray")

NAMES = [
    "Curve",
    "DeepNetwork",
    "ErmCurve",
    "ErmState",
    "GLM",
    "Layer",
    "NishimoriError",
    "PhaseDiagram",
    "Reduction",
    "State",
    "Status",
    "Sweep",
    "Trajectory",
    "Transitions",
    "__version__",
    "activations",
    "channels",
    "citation",
    "erm",
    "errors",
    "export",
    "features",
    "figures",
    "paper",
    "phase_diagram",
    "priors",
    "reference",
    "simulate",
    "spectra",
    "sweep",
]


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    "tool",
    [
        pytest.param(["-m", "ruff", "check", "--no-cache", *SOURCES], id="ruff-check"),
        pytest.param(["-m", "ruff", "format", "--no-cache", "--check", *SOURCES], id="ruff-format"),
        pytest.param(["-m", "mypy"], id="mypy"),
        pytest.param(
            [
                "-c",
                "from importlinter.cli import lint_imports_command as lint; lint()",
                "--no-cache",
            ],
            id="import-linter",
        ),
    ],
)
def test_house_rules(tool):
    done = run(*tool)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import nishimori",
        "import nishimori; dir(nishimori); nishimori.Status",
        "from nishimori.cli.main import main; main(['--help'])",
        "from nishimori.cli.main import main; main(['--version'])",
        "from nishimori.cli.main import main; main(['curve', '--help'])",
        "from nishimori.cli.main import main; main(['curve', '--alpha', '1:2'])",
    ],
)
def test_light_things_import_nothing_heavy(code):
    loaded = f"import sys; sys.exit(', '.join(sorted(set({HEAVY!r}) & set(sys.modules))) or None)"
    done = run("-c", f"{code}\n{loaded}")
    assert done.returncode == 0, done.stdout


def test_public_names():
    assert sorted(nm.__all__) == NAMES
    assert dir(nm) == NAMES
    for name in NAMES:
        assert getattr(nm, name) is getattr(nm, name)
    assert nm.DeepNetwork.__module__ == "nishimori.network"
    assert nm.channels.__name__ == "nishimori.channels"


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'DeepNetwork'"):
        nm.DeepNetwrk  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'GLM'"):
        nm.glm_  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute '__wrapped__'$"):
        nm.__wrapped__  # noqa: B018


def test_modules_state_what_they_offer():
    for module in (nm.activations, nm.channels, nm.priors, nm.spectra, nm.errors, nm.export):
        assert module.__doc__
        assert all(hasattr(module, name) for name in module.__all__)


def test_the_version_is_stated_once():
    with open(ROOT / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)
    assert project["project"]["dynamic"] == ["version"]
    assert "version" not in project["project"]
    assert f"version: {nm.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## [{nm.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
