"""Stores of sweeps: killed and resumed, of another sweep, unwritable, kept by another process."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

import nishimori as nm
from nishimori.sweeps import driver
from sweep_functions import failing, mixed, slow

GRID = {"a": range(40), "b": [0.5, 1.0, 2.0]}
SCRIPT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # also in the background of a shell
import nishimori as nm
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import sweep_functions
if __name__ == "__main__":
    grid = {grid}
    tell = lambda done, total: print(done, flush=True)
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn")) if {workers} > 1 else None
    nm.sweep({subject}, grid, pool, {path!r}, progress=tell)
    print("end", flush=True)
"""


def start(script, directory):
    script_path = Path(directory) / "script.py"
    script_path.write_text(script)
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, str(script_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )


def stop_after(process, points, number):
    """Send a signal once more `points` than at the start are done; returns how many were."""
    first = None
    for line in process.stdout:
        assert line != "end\n", "the sweep ended before it could be stopped"
        done = int(line)
        first = done if first is None else first
        if done >= first + points:
            break
    os.killpg(process.pid, number)
    process.communicate(timeout=60)
    return first


def rows_of(path):
    """All rows in the file, whatever the order and the layout of the columns."""
    with sqlite3.connect(path) as file:
        known = file.execute("SELECT name, number FROM quantities ORDER BY point, place, name")
        names, numbers = zip(*known, strict=True)
        columns = ", ".join(f"q{number}" for number in numbers)
        query = f"SELECT point, status, failed, error, {columns} FROM points ORDER BY point"
        return names, file.execute(query).fetchall()


def digest(path):
    return hashlib.sha256(repr(rows_of(path)).encode()).hexdigest()


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGKILL, 2),
        (signal.SIGINT, 1),
        pytest.param(signal.SIGKILL, 1, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.slow),
    ],
)
def test_stopped_twice_and_resumed(tmp_path, number, workers, monkeypatch):
    path = str(tmp_path / "sweep.sqlite")
    grid = GRID | {"seconds": 0.03}
    script = SCRIPT.format(grid=grid, subject="sweep_functions.slow", path=path, workers=workers)
    assert stop_after(start(script, tmp_path), 10, number) == 0
    seen = stop_after(start(script, tmp_path), 10, number)
    assert 10 <= seen < 120
    told = []
    found = nm.sweep(slow, grid, store=path, progress=lambda done, _: told.append(done))
    assert seen + 10 <= told[0] < 120
    monkeypatch.setattr(driver, "_SECONDS", 10.0)
    whole = nm.sweep(slow, grid, store=tmp_path / "whole.sqlite")
    assert found.to_csv() == whole.to_csv()
    assert digest(path) == digest(tmp_path / "whole.sqlite")
    assert sorted(os.listdir(tmp_path)) == ["script.py", "sweep.sqlite", "whole.sqlite"]


@pytest.mark.slow
def test_a_hundred_thousand_problems_killed_twice(tmp_path):
    path = str(tmp_path / "sweep.sqlite")
    noises = np.linspace(0.01, 2.0, 1000).tolist()
    grid = {"channel.noise": noises, "signal_variance": range(1, 101), "alpha": [1.0]}
    subject = "nm.GLM(nm.channels.Linear())"
    script = SCRIPT.format(grid=grid, subject=subject, path=path, workers=2)
    stop_after(start(script, tmp_path), 20_000, signal.SIGKILL)
    seen = stop_after(start(script, tmp_path), 20_000, signal.SIGKILL)
    assert 20_000 <= seen < 80_000
    problem = nm.GLM(nm.channels.Linear())
    nm.sweep(problem, grid, store=path)
    nm.sweep(problem, grid, store=tmp_path / "whole.sqlite")
    assert digest(path) == digest(tmp_path / "whole.sqlite")
    assert len(rows_of(path)[1]) == 100_000


CALLS = []
BROKEN = [False]


def counted(a, b):
    CALLS.append((a, b))
    if a == 2 and BROKEN[0]:
        raise OSError("not reachable")
    return 10 * a + b


@pytest.fixture
def calls():
    CALLS.clear()
    BROKEN[0] = False
    return CALLS


SMALL = {"a": [1, 2, 3], "b": [1, 2]}


def test_a_finished_sweep_computes_nothing(tmp_path, calls):
    first = nm.sweep(counted, SMALL, store=tmp_path / "a.sqlite")
    assert len(calls) == 6
    again = nm.sweep(counted, SMALL, store=tmp_path / "a.sqlite")
    assert len(calls) == 6
    assert again.to_csv() == first.to_csv()


def test_retry(tmp_path, calls):
    BROKEN[0] = True
    store = tmp_path / "a.sqlite"
    assert nm.sweep(counted, SMALL, store=store).failed.sum() == 2
    BROKEN[0] = False
    assert nm.sweep(counted, SMALL, store=store).failed.sum() == 2
    assert len(calls) == 6
    found = nm.sweep(counted, SMALL, store=store, retry=True)
    assert calls[6:] == [(2, 1), (2, 2)]
    assert found["value"].tolist() == [[11, 12], [21, 22], [31, 32]]
    assert not found.failed.any()
    assert list(found.rows())[2]["error"] == ""


def test_another_sweep(tmp_path):
    store = tmp_path / "a.sqlite"
    nm.sweep(mixed, GRID, store=store)
    before = store.read_bytes()
    with pytest.raises(nm.errors.BadArgument) as caught:
        nm.sweep(mixed, GRID | {"b": [0.5, 1.0, 3.0]}, store=store)
    assert str(caught.value) == (
        f"store: {str(store)!r} is of another sweep; it differs in grid b ([0.5, 1.0, 2.0] there, "
        "[0.5, 1.0, 3.0] here); give another file"
    )
    others = [
        (failing, GRID, "subject (function"),
        (mixed, {"b": GRID["b"], "a": GRID["a"]}, 'axes (["a", "b"] there, ["b", "a"] here)'),
        (mixed, GRID | {"c": 2.0}, "grid c (null there, 2.0 here)"),
        (mixed, GRID | {"a": np.arange(41)}, "grid a"),
    ]
    for function, grid, words in others:
        with pytest.raises(nm.errors.BadArgument) as caught:
            nm.sweep(function, grid, store=store)
        assert words in str(caught.value)
    problem = nm.GLM(nm.channels.Sign())
    with pytest.raises(nm.errors.BadArgument, match="is of another sweep"):
        nm.sweep(problem, {"alpha": [1.0]}, store=store)
    assert store.read_bytes() == before


def test_other_code_is_another_sweep(tmp_path):
    def made(power):
        return lambda a: a**power

    nm.sweep(made(2), {"a": [1, 2]}, store=tmp_path / "a.sqlite")
    nm.sweep(made(2), {"a": [1, 2]}, store=tmp_path / "a.sqlite")
    with pytest.raises(nm.errors.BadArgument, match="it differs in subject"):
        nm.sweep(made(3), {"a": [1, 2]}, store=tmp_path / "a.sqlite")


def test_files_that_cannot_be_stores(tmp_path):
    def refused(path, words):
        with pytest.raises(nm.errors.NishimoriError) as caught:
            nm.sweep(mixed, GRID, store=path)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)

    text = tmp_path / "notes.txt"
    text.write_text("something else altogether, and long enough to be no header of a file")
    refused(text, "is not a results file of nishimori")
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as file:
        file.execute("CREATE TABLE mine (x)")
    refused(other, "is a SQLite file, but not one of sweeps")
    refused(tmp_path / "missing" / "a.sqlite", "give a file in a writable directory")
    refused(tmp_path, "cannot be opened")
    for name in ("", ":memory:", 7, b"\xff\0"):
        refused(name, "expected the name of a file")
    problem = nm.GLM(nm.channels.Linear(noise=0.1))
    simulated = tmp_path / "simulated.sqlite"
    with sqlite3.connect(simulated) as file:
        file.execute("CREATE TABLE mine (x)")
        file.execute(f"PRAGMA application_id = {0x4E534D53}")
    with pytest.raises(nm.errors.BadArgument, match="not one of sweeps"):
        nm.sweep(problem, {"alpha": [1.0]}, store=simulated)
    with pytest.raises(nm.errors.BadArgument, match="a store needs to know what a is"):
        nm.sweep(mixed, {"a": [object()], "b": 1}, store=tmp_path / "new.sqlite")
    assert not (tmp_path / "new.sqlite").exists()


def test_a_store_that_another_process_keeps(tmp_path, monkeypatch):
    monkeypatch.setattr("nishimori.sweeps.store._PATIENCE", 0.1)
    store = str(tmp_path / "a.sqlite")
    grid = GRID | {"seconds": 0.05}
    process = start(
        SCRIPT.format(grid=grid, subject="sweep_functions.slow", path=store, workers=1), tmp_path
    )
    try:
        for line in process.stdout:
            if int(line) > 2:
                break
        with pytest.raises(nm.errors.OutputError, match="another process keeps it; wait for it"):
            nm.sweep(slow, grid, store=store)
    finally:
        process.kill()
        process.communicate()
    assert len(nm.sweep(slow, grid, store=store)) == 120


def test_a_full_disk_keeps_what_was_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "_SECONDS", 0.0)
    store = tmp_path / "a.sqlite"
    saves = []
    save = driver.Store.save

    def full(self, first, stop, block):
        saves.append(first)
        if len(saves) > 5:
            self._file.execute("PRAGMA max_page_count = 1")
            block.rows = [(*row[:3], "x" * 10**6, *row[4:]) for row in block.rows]
        save(self, first, stop, block)

    monkeypatch.setattr(driver.Store, "save", full)
    with pytest.raises(
        nm.errors.OutputError, match=r"the disk is full; make room\. What was saved"
    ):
        nm.sweep(mixed, GRID, store=store)
    monkeypatch.setattr(driver.Store, "save", save)
    told = []
    found = nm.sweep(mixed, GRID, store=store, progress=lambda done, _: told.append(done))
    assert told[0] == 5
    assert found.to_csv() == nm.sweep(mixed, GRID).to_csv()


def test_an_executor_that_breaks(tmp_path):
    class Breaking(ProcessPoolExecutor):
        def __init__(self):
            self.calls = 0
            self._max_workers = 1

        def submit(self, function, *arguments):
            self.calls += 1
            future = Future()
            if self.calls > 4:
                future.set_exception(BrokenProcessPool("a worker\ndied"))
            else:
                future.set_result(function(*arguments))
            return future

        def shutdown(self, **_):
            return

    store = tmp_path / "a.sqlite"
    with pytest.raises(nm.errors.OutputError, match=r"the executor failed after \d chunks"):
        nm.sweep(mixed, GRID, Breaking(), store)
    told = []
    nm.sweep(mixed, GRID, store=store, progress=lambda done, _: told.append(done))
    assert 0 < told[0] < 120


def test_rows_of_a_store_are_there_as_long_as_the_file(tmp_path):
    store = tmp_path / "a #1%?.sqlite"
    found = nm.sweep(mixed, GRID, store=store)
    assert found.to_csv() == nm.sweep(mixed, GRID).to_csv()
    assert os.listdir(tmp_path) == [store.name]
    store.unlink()
    with pytest.raises(nm.errors.OutputError, match="cannot be read"):
        found.to_csv()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_grid(tmp_path):
    script = """
import resource, sys
import numpy as np
import nishimori as nm

def function(a, b):
    return a + b

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

few, many = np.arange(300.0), np.arange(1000.0)
nm.sweep(function, {"a": few, "b": few}, store=sys.argv[1] + "/0.sqlite")
before = peak()
nm.sweep(function, {"a": many, "b": many}, store=sys.argv[1] + "/1.sqlite")
print(peak() - before)
"""
    began = time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert float(answer.stdout) < 16.0, f"megabytes, in {time.monotonic() - began:.0f} s"
