"""Results on disk: killed and resumed, another specification, a full disk."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nishimori as nm
from nishimori.simulate import compare, runs
from nishimori.simulate import store as store_module
from nishimori.simulate.plan import Measurement
from nishimori.simulate.specification import describe
from plain_learners import Failing, PlainRidge, Scaled

RIDGE = PlainRidge(nm.erm.Ridge(regularization=0.3))
PROBLEM = nm.GLM(nm.channels.Linear(noise=0.1))
SPEC = {"format": 1, "nishimori": "x", "seed": 0}

SCRIPT = """
import nishimori as nm
from plain_learners import PlainRidge, Scaled
problem = nm.GLM(nm.channels.Linear(noise=0.1))
ridge = PlainRidge(nm.erm.Ridge(regularization=0.3))
slow = PlainRidge(nm.erm.Ridge(regularization=0.5), seconds={seconds})
table = nm.simulate.compare(problem, [ridge, Scaled(slow, 1.0, 0.1)], [0.5, 1.0], 20, 15,
                            store={path!r})
print(table.to_csv())
"""


def rows(table):
    return [repr(row) for row in table.rows()]


def count(path):
    if not os.path.exists(path):
        return 0
    try:
        with sqlite3.connect(path, timeout=10) as file:
            return file.execute("SELECT count(*) FROM measurements").fetchone()[0]
    except sqlite3.OperationalError:  # the tables are not there yet
        return 0


def python(script):
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_killed_in_the_middle_and_resumed_gives_the_identical_table(tmp_path):
    whole, killed = str(tmp_path / "whole.sqlite"), str(tmp_path / "killed.sqlite")
    run = python(SCRIPT.format(seconds=0.05, path=killed))
    deadline = time.monotonic() + 60.0
    while count(killed) < 10 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    assert run.returncode == -signal.SIGKILL
    kept = count(killed)
    assert 10 <= kept < 60
    resumed = python(SCRIPT.format(seconds=0.05, path=killed))
    again = resumed.communicate()[0]
    assert resumed.returncode == 0
    assert count(killed) == 60
    run = python(SCRIPT.format(seconds=0.05, path=whole))
    expected = run.communicate()[0]
    assert expected.startswith("estimator,alpha")
    assert again == expected


def test_an_interrupt_keeps_what_has_ended(tmp_path):
    path = tmp_path / "runs.sqlite"

    def interrupt(done, total):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(PROBLEM, RIDGE, [0.5, 1.0], 20, 10, store=path, progress=interrupt)
    assert count(path) == 7
    seen = []
    table = compare(
        PROBLEM, RIDGE, [0.5, 1.0], 20, 10, store=path, progress=lambda *pair: seen.append(pair)
    )
    assert seen[0] == (7, 20)  # what is there is not run again
    assert rows(table) == rows(compare(PROBLEM, RIDGE, [0.5, 1.0], 20, 10))


def test_what_is_there_is_not_run_again(tmp_path, monkeypatch):
    path = tmp_path / "runs.sqlite"
    table = compare(PROBLEM, RIDGE, 1.0, 20, 5, store=path)
    monkeypatch.setattr(runs, "simulate_repetition", None)
    assert rows(compare(PROBLEM, RIDGE, 1.0, 20, 5, store=path)) == rows(table)


def test_more_repetitions_go_on_with_the_same_file(tmp_path):
    path = tmp_path / "runs.sqlite"
    compare(PROBLEM, RIDGE, 1.0, 20, 3, store=path)
    more = compare(PROBLEM, RIDGE, 1.0, 20, 6, store=path)
    assert rows(more) == rows(compare(PROBLEM, RIDGE, 1.0, 20, 6))
    assert count(path) == 6


def test_failures_are_kept_and_tried_again(tmp_path):
    path = tmp_path / "runs.sqlite"
    table = compare(PROBLEM, [RIDGE, Failing()], 1.0, 20, 8, store=path)
    failed = table.points[1].failures
    assert failed > 0
    with sqlite3.connect(path) as file:
        query = "SELECT count(*), max(failure) FROM measurements WHERE test_error IS NULL"
        assert file.execute(query).fetchone() == (failed, "the learner broke")
    seen = []
    again = compare(
        PROBLEM, [RIDGE, Failing()], 1.0, 20, 8, store=path, progress=lambda d, t: seen.append(d)
    )
    assert seen == list(range(8 - failed, 9))
    assert rows(again) == rows(table)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, ["seed (0 there, 1 here)"]),
        ({"alpha": [0.5, 1.5]}, ["samples ([10, 20] there, [10, 30] here)"]),
        ({"width": 30}, ["widths", "samples"]),
        ({"test_samples": 77}, ["test samples"]),
        ({"dtype": "float32"}, ["dtype"]),
        ({"estimators": PlainRidge(nm.erm.Ridge(regularization=0.4))}, ["estimators"]),
        ({"problem": nm.GLM(nm.channels.Linear(noise=0.2))}, ["problem", "channel"]),
    ],
)
def test_a_file_of_another_specification_is_refused(tmp_path, change, words):
    path = tmp_path / "runs.sqlite"
    given = {"problem": PROBLEM, "estimators": RIDGE, "alpha": [0.5, 1.0], "width": 20}

    def go(**more):
        asked = {**given, **more}
        return compare(
            *(asked.pop(k) for k in ("problem", "estimators", "alpha", "width")),
            2,
            store=path,
            **asked,
        )

    go()
    before = path.read_bytes()
    with pytest.raises(nm.errors.BadArgument) as caught:
        go(**change)
    for word in [*words, "another specification"]:
        assert word in str(caught.value)
    assert path.read_bytes() == before


def test_a_file_of_another_version_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "runs.sqlite"
    compare(PROBLEM, RIDGE, 1.0, 20, 2, store=path)
    monkeypatch.setattr("nishimori.simulate.specification.__version__", "9.9.9")
    with pytest.raises(nm.errors.BadArgument, match=r"nishimori \(.* there, 9\.9\.9 here\)"):
        compare(PROBLEM, RIDGE, 1.0, 20, 2, store=path)


@pytest.mark.parametrize("content", [b"alpha,error\n1,2\n" * 100, b"\x00" * 4096])
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "runs.sqlite"
    path.write_bytes(content)
    with pytest.raises(nm.errors.BadArgument, match="not a results file"):
        compare(PROBLEM, RIDGE, 1.0, 20, 2, store=path)
    assert path.read_bytes() == content


def test_somebody_elses_database_is_refused(tmp_path):
    path = tmp_path / "photos.sqlite"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE photos (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(nm.errors.BadArgument, match="not one of results of nishimori"):
        compare(PROBLEM, RIDGE, 1.0, 20, 2, store=path)
    assert path.read_bytes() == before


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(nm.errors.OutputError, match="writable directory"):
        compare(PROBLEM, RIDGE, 1.0, 20, 2, store=tmp_path / "none" / "runs.sqlite")
    with pytest.raises(nm.errors.OutputError):
        compare(PROBLEM, RIDGE, 1.0, 20, 2, store=tmp_path)


FULL = """
import resource, sys
import nishimori as nm
from plain_learners import PlainRidge
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
problem = nm.GLM(nm.channels.Linear(noise=0.1))
try:
    nm.simulate.compare(problem, PlainRidge(nm.erm.Ridge()), 1.0, 8, 3000, store={path!r},
                        test_samples=2)
except nm.errors.OutputError as error:
    print(error)
    sys.exit(3)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs limits of POSIX")
def test_a_full_disk_is_a_sentence_and_nothing_is_lost(tmp_path):
    path = str(tmp_path / "runs.sqlite")
    run = python(FULL.format(size=25_000, path=path))
    text = run.communicate()[0]
    assert run.returncode == 3
    assert "cannot be written" in text
    assert "running again goes on from there" in text
    assert text.count("\n") == 1
    kept = count(path)
    assert 0 < kept < 3000
    ridge = PlainRidge(nm.erm.Ridge())
    seen = []
    resumed = compare(
        PROBLEM, ridge, 1.0, 8, kept + 5, store=path, test_samples=2,
        progress=lambda *pair: seen.append(pair),
    )  # fmt: skip
    assert seen[0] == (kept, kept + 5)
    assert rows(resumed) == rows(compare(PROBLEM, ridge, 1.0, 8, kept + 5, test_samples=2))


def test_a_full_disk_by_its_error(tmp_path, monkeypatch):
    with store_module.Store(tmp_path / "x.sqlite", SPEC) as store:
        store.save(0, 0, [Measurement(0.1)])
        # a page beyond the last allowed one is what SQLite calls a full disk
        (pages,) = store._file.execute("PRAGMA page_count").fetchone()
        store._file.execute(f"PRAGMA max_page_count = {pages}")

        def fill():
            for repetition in range(1, 10_000):
                store.save(0, repetition, [Measurement(0.1, "x" * 200)])

        with pytest.raises(nm.errors.OutputError, match="the disk is full; make room"):
            fill()
        kept = store.load()
    with store_module.Store(tmp_path / "x.sqlite", SPEC) as store:
        assert store.load() == kept
        assert kept[0, 0] == [Measurement(0.1)]


def test_a_half_written_repetition_does_not_count(tmp_path):
    path = tmp_path / "x.sqlite"
    with store_module.Store(path, SPEC) as store:
        store.save(0, 0, [Measurement(0.1), Measurement(0.2)])
        with pytest.raises(nm.errors.OutputError):
            store.save(0, 1, [Measurement(0.3), Measurement(0.4, None)])
        assert list(store.load()) == [(0, 0)]


def test_floats_come_back_to_the_last_bit(tmp_path):
    values = [0.1, 1e-300, 5e-324, np.nextafter(1.0, 2.0), 1.0 / 3.0, 1e300]
    with store_module.Store(tmp_path / "x.sqlite", SPEC) as store:
        store.save(2, 3, [Measurement(float(v)) for v in values])
        (found,) = store.load().values()
    assert [m.error.hex() for m in found] == [float(v).hex() for v in values]


def test_two_processes_may_open_one_file(tmp_path):
    path = tmp_path / "x.sqlite"
    with store_module.Store(path, SPEC) as one, store_module.Store(path, SPEC) as two:
        one.save(0, 0, [Measurement(0.1)])
        two.save(0, 1, [Measurement(0.2)])
        assert sorted(one.load()) == [(0, 0), (0, 1)]


def test_learners_of_ones_own_are_told_apart():
    @nm.simulate.procedures.dataclass(frozen=True)
    class Mine:
        gain: float

        def predict(self, task, rng):
            return self.gain * task.test_inputs[:, 0]

    one = describe(Mine(1.0))
    assert one == describe(Mine(1.0))
    assert one != describe(Mine(1.0 + 1e-15))
    assert "gain=1.0" in one
    assert describe(Scaled(RIDGE)) != describe(Scaled(PlainRidge(nm.erm.Ridge())))
    with pytest.raises(nm.errors.BadArgument, match="make it a dataclass"):
        describe(object())
