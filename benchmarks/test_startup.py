"""New processes: what a user waits for before the first number, with Numba's cache warm.

Every job has an empty folder for compiled code (NUMBA_CACHE_DIR), so that its first process is cold
for certain and every file that a later one adds is seen. Bytecode is shared by the jobs of a run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROUNDS = 11
CURVE = "curve --activation tanh --depth 3 --channel sign --alpha 0.1:50:60:log"
FIRST_USE = "import nishimori as nm; nm.GLM(channel=nm.channels.Sign()).solve(1.0)"

Start = Callable[[list[str]], str]


@pytest.fixture(scope="module")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def start(bytecode: Path, tmp_path: Path) -> Start:
    """Run the interpreter on some arguments and return what it printed."""
    hidden = ("PYTHONDONTWRITEBYTECODE", "NUMBA_DISABLE_JIT")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    if "PYTHONPATH" in environment:  # the processes start in another folder
        entries = environment["PYTHONPATH"].split(os.pathsep)
        environment["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, entries))
    environment["NUMBA_CACHE_DIR"] = str(tmp_path / "numba")
    environment["PYTHONPYCACHEPREFIX"] = str(bytecode)

    def run(arguments: list[str]) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def compiled_code(folder: Path) -> dict[str, int]:
    """Numba's files and their sizes."""
    return {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("job", "arguments", "limit"),
    [
        pytest.param("`python -c pass`, to compare", ["-c", "pass"], None, id="python"),
        pytest.param("`import nishimori`", ["-c", "import nishimori"], 0.6, id="import"),
        pytest.param("`nishimori --help`", ["-m", "nishimori", "--help"], 0.2, id="help"),
        pytest.param(
            "`import nishimori`, then one point of a sign curve", ["-c", FIRST_USE], None, id="use"
        ),
        pytest.param(f"`nishimori {CURVE}`", ["-m", "nishimori", *CURVE.split()], 2.0, id="curve"),
    ],
)
def test_new_process(
    benchmark: Any,
    record: Callable[..., None],
    start: Start,
    tmp_path: Path,
    job: str,
    arguments: list[str],
    limit: float | None,
) -> None:
    began = time.perf_counter()
    start(arguments)
    first = time.perf_counter() - began
    left_behind = compiled_code(tmp_path / "numba")
    benchmark.pedantic(start, args=(arguments,), rounds=ROUNDS)
    grown = compiled_code(tmp_path / "numba")
    record(f"new process: {job}", limit=limit, first_process_seconds=first, cache_files=len(grown))
    assert grown == left_behind, sorted(grown.keys() - left_behind.keys())


def test_help_imports_nothing_heavy(benchmark: Any, start: Start) -> None:
    """`nishimori --help` and `import nishimori` leave NumPy, SciPy and Numba alone."""
    look = (
        "import sys, nishimori.cli.main as m; m.main(['--help']); "
        "print(*sorted({'numpy', 'scipy', 'numba', 'matplotlib', 'mpmath'} & sys.modules.keys()))"
    )
    printed = benchmark.pedantic(start, args=(["-c", look],), rounds=1)
    assert printed.splitlines()[-1] == ""
