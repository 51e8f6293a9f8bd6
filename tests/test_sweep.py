"""Sweeps: every row is the direct call, however it was computed."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nishimori as nm
from nishimori.sweeps import driver
from nishimori.sweeps.grid import Grid
from sweep_functions import failing, mixed

PROBLEM = nm.GLM(nm.channels.Sign(), signal_variance=0.8)
ALPHA = [0.5, 1.0, 4.0]
WIDE = {
    "channel": [nm.channels.Sign(noise=0.1), nm.channels.Linear(noise=0.1)],
    "estimator": [None, nm.erm.Ridge(regularization=0.1)],
    "alpha": np.array(ALPHA),
    "pair": {
        "prior": [nm.priors.Gaussian(), nm.priors.Rademacher()],
        "signal_variance": [0.5, 1.5],
    },
}


def same(one, other):
    """Bit by bit, NaN as itself."""
    return one.to_json() == other.to_json() and one.to_csv() == other.to_csv()


# Rows are the direct calls.


def test_problem():
    found = nm.sweep(PROBLEM, {"channel.noise": [0.0, 0.2], "alpha": ALPHA})
    assert (found.dims, found.shape, len(found)) == (("channel.noise", "alpha"), (2, 3), 6)
    for k, noise in enumerate([0.0, 0.2]):
        problem = nm.GLM(nm.channels.Sign(noise=noise), signal_variance=0.8)
        curve = problem.learning_curve(ALPHA)
        for name in found.quantities:
            assert np.array_equal(found[name][k], getattr(curve, name)), name
        assert found["status"][k].tolist() == ["converged"] * 3
    assert found["stable"].dtype == bool
    assert not found.failed.any()


def test_alpha_need_not_be_the_last_axis():
    first = nm.sweep(PROBLEM, {"alpha": ALPHA, "channel.noise": [0.0, 0.2]})
    last = nm.sweep(PROBLEM, {"channel.noise": [0.0, 0.2], "alpha": ALPHA})
    assert np.array_equal(first["mmse"], last["mmse"].T)
    rows = list(first.rows())
    assert [row["alpha"] for row in rows] == [a for a in ALPHA for _ in range(2)]
    assert [row["mmse"] for row in rows] == first["mmse"].ravel().tolist()


def test_estimators_and_the_bayes_optimum():
    found = nm.sweep(
        nm.GLM,
        {
            "channel": nm.channels.Linear(noise=0.1),
            "estimator": [None, nm.erm.Ridge(), nm.erm.Huber(threshold=0.5)],
            "estimator.regularization": [0.1, "optimal"],
            "alpha": ALPHA,
        },
    )
    problem = nm.GLM(nm.channels.Linear(noise=0.1))
    assert found.coordinates["estimator"][1][0] == "bayes"
    for k, penalty in enumerate([0.1, "optimal"]):
        direct = nm.erm.Huber(threshold=0.5, regularization=penalty).learning_curve(problem, ALPHA)
        assert np.array_equal(found["test_error"][2, k], direct.test_error)
        assert np.array_equal(found["regularization"][2, k], direct.regularization)
        assert np.array_equal(found["mmse"][0, k], problem.learning_curve(ALPHA).mmse)
    assert np.isnan(found["mmse"][1]).all()
    assert np.isnan(found["norm"][0]).all()
    assert not found.failed.any()


def test_networks():
    found = nm.sweep(
        nm.DeepNetwork,
        {
            "activation": [nm.activations.Tanh(), nm.activations.ReLU()],
            "depth": [1, 3],
            "weight_variance": 2.0,
            "channel": nm.channels.Sign(noise=0.1),
            "alpha": ALPHA,
        },
    )
    for i, activation in enumerate([nm.activations.Tanh(), nm.activations.ReLU()]):
        for j, depth in enumerate([1, 3]):
            network = nm.DeepNetwork.uniform(activation, depth, weight_variance=2.0)
            curve = network.learning_curve(nm.channels.Sign(noise=0.1), ALPHA)
            assert np.array_equal(found["test_error"][i, j], curve.test_error)
    assert found["test_error_quantile_0.5"].shape == (2, 2, 3)
    assert np.isnan(found["test_error_quantile_0.5"][0]).all()  # tanh is odd: no random offset


def test_parts_of_a_network():
    base = nm.DeepNetwork([nm.Layer(nm.activations.Tanh()), nm.Layer(nm.activations.Erf())])
    channel = nm.channels.Linear(noise=0.1)
    grid = {"activation.gain": [1.0, 3.0], "readout_variance": [0.5], "channel": channel}
    found = nm.sweep(base, grid | {"alpha": 2.0})
    assert found.dims == ("activation.gain", "readout_variance")
    for k, gain in enumerate([1.0, 3.0]):
        layers = [nm.activations.Tanh(gain=gain), nm.activations.Erf(gain=gain)]
        network = nm.DeepNetwork([nm.Layer(a) for a in layers], 0.5)
        direct = network.learning_curve(channel, 2.0)
        assert found["mmse"][k, 0] == direct.mmse
    with_loss = nm.sweep(base, {"channel": channel, "estimator": nm.erm.Ridge(), "alpha": ALPHA})
    direct = nm.erm.Ridge().learning_curve(base.glm(channel), ALPHA)
    assert np.array_equal(with_loss["test_error"], direct.test_error)


def test_an_estimator_needs_the_offset_of_a_network():
    grid = {
        "channel": nm.channels.Sign(noise=0.1),
        "estimator": nm.erm.Logistic(),
        "activation": nm.activations.ReLU(),
        "alpha": ALPHA,
    }
    found = nm.sweep(nm.DeepNetwork, grid)
    assert found.failed.all()
    assert "give the grid an offset" in found["error"][0]
    fixed = nm.sweep(nm.DeepNetwork, grid | {"offset": [0.0, 0.3]})
    problem = nm.DeepNetwork.uniform(nm.activations.ReLU(), 1).glm(grid["channel"], offset=0.3)
    direct = nm.erm.Logistic().learning_curve(problem, ALPHA)
    assert np.array_equal(fixed["test_error"][:, 1], direct.test_error)


def test_features_and_zipped_alphas():
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), 1)
    problem = network.glm(nm.channels.Sign(noise=0.1))
    features = [None, nm.features.Kernel.nngp(network)]
    found = nm.sweep(
        problem,
        {
            "features": features,
            "estimator": nm.erm.Logistic(regularization=0.1),
            "pair": {"alpha": [1.0, 2.0], "offset": [0.0, 0.2]},
            "rtol": 1e-8,
        },
    )
    shifted = nm.GLM(
        problem.channel, problem.prior, problem.signal_variance, problem.noise_variance, 0.2
    )
    for k, seen in enumerate(features):
        direct = nm.erm.Logistic(regularization=0.1).solve(shifted, 2.0, seen, rtol=1e-8)
        assert found["test_error"][k, 1] == direct.test_error
    assert found.coordinates["alpha"] == ("pair", [1.0, 2.0])


def test_function_results():
    def transitions(density):
        problem = nm.GLM(nm.channels.Linear(noise=1e-3), nm.priors.GaussBernoulli(density))
        return problem.transitions()

    found = nm.sweep(transitions, {"density": [0.1, 0.4]})
    direct = nm.GLM(nm.channels.Linear(noise=1e-3), nm.priors.GaussBernoulli(0.4)).transitions()
    assert found["algorithmic"][1] == direct.algorithmic or np.isnan(direct.algorithmic)
    assert found["status"].tolist() == ["converged"] * 2

    states = nm.sweep(
        lambda alpha, branch: PROBLEM.solve(alpha, branch),
        {
            "alpha": ALPHA,
            "branch": ["optimal", "informed"],
        },
    )
    assert states["mmse"][1, 0] == PROBLEM.solve(1.0).mmse
    assert "alpha" not in states.quantities
    reductions = nm.sweep(
        lambda depth: nm.DeepNetwork.uniform(nm.activations.Tanh(), depth).reduce(),
        {"depth": range(1, 4)},
    )
    assert reductions["signal_variance"].shape == (3,)


NUMBERS = st.one_of(
    st.floats(allow_nan=False, width=64), st.integers(-(2**62), 2**62), st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_grid_has_the_rows_of_the_direct_calls(data):
    axes = data.draw(st.lists(st.integers(1, 4), max_size=4))
    zipped = data.draw(st.lists(st.booleans(), min_size=len(axes), max_size=len(axes)))
    grid, order = {"kept": 7}, []
    for k, (size, double) in enumerate(zip(axes, zipped, strict=True)):
        values = st.lists(NUMBERS, min_size=size, max_size=size)
        first = data.draw(values)
        if double:
            second = data.draw(values)
            grid[f"axis{k}"] = {f"x{k}": first, f"y{k}": second}
            order.append([{f"x{k}": a, f"y{k}": b} for a, b in zip(first, second, strict=True)])
        else:
            grid[f"x{k}"] = first
            order.append([{f"x{k}": a} for a in first])

    def function(**given):
        total = given.pop("kept")
        return {"count": len(given) + total, **{f"{name} ": v for name, v in given.items()}}

    found = list(nm.sweep(function, grid).rows())
    direct = [
        {k: v for part in parts for k, v in part.items()} for parts in itertools.product(*order)
    ]
    assert len(found) == len(direct)
    for row, arguments in zip(found, direct, strict=True):
        called = function(**arguments, kept=7)
        assert {name: row[name] for name in arguments} == arguments
        assert row["status"] == "done"
        for name, value in called.items():
            assert math.copysign(1.0, row[name]) == math.copysign(1.0, value)
            assert row[name] == value


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_part_of_the_cells_is_those_cells(data):
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    grid = Grid.of({f"x{k}": np.arange(n) + 10 * k for k, n in enumerate(sizes)})
    batched = data.draw(st.sampled_from([None, *(f"x{k}" for k in range(len(sizes)))]))
    cells = grid.cells(batched)
    first = data.draw(st.integers(0, cells.count - 1))
    stop = data.draw(st.integers(first + 1, cells.count))
    part = cells.part(first, stop)
    again = part.part(first, stop)
    seen = set()
    for cell in range(first, stop):
        assert part.settings(cell) == cells.settings(cell) == again.settings(cell)
        assert part.points(cell) == cells.points(cell)
        assert {cells.cell(point) for point in cells.points(cell)} == {cell}
        seen.update(cells.points(cell))
    assert len(seen) == (stop - first) * cells.points_each
    where = np.unravel_index(list(cells.points(first)), grid.shape)
    given = cells.settings(first)
    for k in range(len(sizes)):
        if f"x{k}" != batched:
            assert set((where[k] + 10 * k).tolist()) == {given[f"x{k}"]}


# Executors.


@pytest.fixture(scope="module")
def serial():
    return nm.sweep(PROBLEM, WIDE)


def test_threads(serial):
    with ThreadPoolExecutor(3) as executor:
        assert same(serial, nm.sweep(PROBLEM, WIDE, executor))


def test_processes(serial, tmp_path):
    grid = {"a": range(30), "b": np.linspace(0.0, 29.0, 30)}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        assert same(serial, nm.sweep(PROBLEM, WIDE, executor))
        for function in (mixed, failing):
            found = nm.sweep(function, grid, executor, tmp_path / f"{function.__name__}.sqlite")
            assert same(nm.sweep(function, grid, store=tmp_path / "serial.sqlite"), found)
            (tmp_path / "serial.sqlite").unlink()
    assert found.failed.sum() == 30


@pytest.mark.slow
def test_dask(serial, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            processes=True, n_workers=2, threads_per_worker=2, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        assert same(serial, nm.sweep(PROBLEM, WIDE, executor))
        grid = {"a": range(30), "b": np.linspace(0.0, 29.0, 30)}
        found = nm.sweep(mixed, grid, executor, tmp_path / "dask.sqlite")
    assert same(nm.sweep(mixed, grid, store=tmp_path / "serial.sqlite"), found)


def test_chunks_of_any_size(serial, monkeypatch):
    monkeypatch.setattr(driver, "_SECONDS", 0.0)  # one cell, however many were asked for
    assert same(serial, nm.sweep(PROBLEM, WIDE))
    monkeypatch.setattr(driver, "_SECONDS", 1e3)
    monkeypatch.setattr(driver, "_GROWTH", 1e9)
    assert same(serial, nm.sweep(PROBLEM, WIDE))


def test_few_futures_wait():
    class Counting(ThreadPoolExecutor):
        most, futures = 0, []

        def submit(self, *call):
            self.futures.append(super().submit(*call))
            waiting = sum(not future.done() for future in self.futures)
            self.most = max(self.most, waiting)
            return self.futures[-1]

    with Counting(1) as executor:
        nm.sweep(mixed, {"a": range(300), "b": range(300)}, executor)
        assert len(executor.futures) > 8
        assert executor.most <= 3


def test_progress(capsys):
    seen = []
    nm.sweep(mixed, {"a": range(4), "b": [1, 2]}, progress=lambda *given: seen.append(given))
    assert seen[0] == (0, 8)
    assert seen[-1] == (8, 8)
    assert seen == sorted(seen)
    nm.sweep(mixed, {"a": range(4), "b": [1, 2]})  # standard error is no terminal here
    assert capsys.readouterr() == ("", "")


# Failures.


def test_failures_are_rows():
    found = nm.sweep(failing, {"a": [1, 2, 3], "b": [1, 2]})
    assert found.failed.tolist() == [[True, False], [False, True], [False, False]]
    rows = list(found.rows(failed=True))
    assert [(row["a"], row["b"]) for row in rows] == [(1, 1), (2, 2)]
    assert rows[0]["error"] == "ZeroDivisionError: a and b are both 1"
    assert rows[0]["status"] == "error"
    assert math.isnan(rows[0]["value"])
    assert "2 failed (the first: ZeroDivisionError: a and b are both 1)" in found.summary
    assert "2 failed" in repr(found)


def test_statuses_are_kept():
    grid = {"estimator": nm.erm.MaxMargin(), "channel.noise": [0.0, 0.5], "alpha": [0.5, 50.0]}
    found = nm.sweep(PROBLEM, grid)
    assert found["status"].tolist()[1] == ["converged", "not separable"]
    assert found.failed.tolist()[1] == [False, True]
    assert found["error"][1, 1] == nm.Status.NOT_SEPARABLE.sentence
    wrong = nm.sweep(PROBLEM, {"channel.noise": [-1.0, 0.5], "alpha": ALPHA})
    assert wrong.failed.tolist() == [[True] * 3, [False] * 3]
    assert "noise is a variance" in wrong["error"][0, 0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "must return a number, a mapping"),
        ([1.0, 2.0], "must return a number, a mapping"),
        (np.ones(2), "must return a number, a mapping"),
        (1j, "must return a number, a mapping"),
        ({"x": [1.0]}, "x must be a number, got [1.0]"),
        ({"a": 1.0}, "quantity named 'a'"),
        ({"status": 1.0}, "quantity named 'status'"),
        ({1: 1.0}, "names of quantities are text, got 1"),
        (PROBLEM.learning_curve([1.0, 2.0]), "a curve of 2 points"),
        (PROBLEM, "signal_variance"),
    ],
)
def test_what_a_function_may_not_return(value, words):
    found = nm.sweep(lambda a: value, {"a": [1]})
    if value is PROBLEM:  # numbers of a definition are numbers
        assert words in found.quantities
        return
    assert found["status"][0] == "error"
    assert words in found["error"][0]


def test_numbers_of_many_kinds():
    values = [1, 2.5, np.float64(0.1), np.int64(3), np.bool_(True), float("inf"), -0.0, 10**30]
    values += [np.array(4.0), Fraction(1, 3), float("nan")]
    found = nm.sweep(lambda k: values[k], {"k": range(len(values))})["value"]
    assert found.dtype == np.float64
    assert np.array_equal(found, np.array([float(v) for v in values]), equal_nan=True)
    assert math.copysign(1.0, found[6]) == -1.0
    texts = nm.sweep(lambda k: {"name": "ab"[k], "n": k}, {"k": [0, 1]})
    assert texts["name"].tolist() == ["a", "b"]
    assert texts["n"].dtype == np.int64


def test_quantities_that_not_every_point_has():
    found = nm.sweep(lambda k: {"ab"[k]: 1, "c": True, "L": 1, "l": 2.0}, {"k": [0, 1]})
    assert found.quantities == ["a", "c", "L", "l", "b"]
    rows = list(found.rows())
    assert rows[0]["a"] == 1
    assert rows[0]["b"] is None
    assert found["c"].dtype == bool
    assert np.array_equal(found["b"], [np.nan, 1.0], equal_nan=True)
    with pytest.raises(nm.NishimoriError, match="unknown quantity 'd'"):
        found["d"]


# Bad input.

GLM = nm.GLM(nm.channels.Sign())
NETWORK = nm.DeepNetwork([nm.Layer(nm.activations.Tanh()), nm.Layer(nm.activations.Erf())])


@pytest.mark.parametrize(
    ("subject", "grid", "words"),
    [
        (mixed, [1, 2], "grid must be a mapping"),
        (mixed, {("a", "b"): [1, 2]}, "names in the grid are text"),
        (mixed, {"a": [1], "d": [2]}, "unknown argument of mixed 'd'; known: a, b, c"),
        (mixed, {"a": [1]}, "mixed needs 'b', which the grid does not give"),
        (mixed, {"a": [1], "b": []}, "b has no values"),
        (mixed, {"a": {1, 2}, "b": [1]}, "the values of a have no order in a set"),
        (mixed, {"a": np.ones((2, 2)), "b": 1}, "one of shape (2, 2)"),
        (mixed, {"p": {"a": [1, 2], "b": [1, 2, 3]}}, "equally many: a has 2, b has 3"),
        (mixed, {"p": {"a": [1, 2], "b": 3}}, "must be a sequence, got 3"),
        (mixed, {"a": [1], "b": [1], "error": [1]}, "a column 'error' of their own"),
        (mixed, {"p": {}}, "the zipped axis 'p' is empty"),
        (mixed, {"p": {"a": [1], "b": [1]}, "a": [1]}, "gives 'a' twice"),
        (mixed, {"c": {"a": [1], "b": [1]}, "p": {"c": [1]}}, "has the name of another entry"),
        (lambda: 1, {"a": [1]}, "takes no arguments by name"),
        (7, {"a": [1]}, "expected a function, a GLM, a DeepNetwork"),
        (mixed, {"a": range(10**7), "b": range(10**7)}, "at most 1e+12"),
        (GLM, {"noise": [0.1]}, "unknown grid name 'noise'"),
        (GLM, {"alhpa": [0.1]}, "did you mean 'alpha'"),
        (GLM, {"channel.noise": [0.1]}, "needs alpha"),
        (GLM, {"alpha": [-1.0]}, "must be positive"),
        (GLM, {"alpha": ["x"]}, "alpha must be a number"),
        (GLM, {"alpha": 1.0, "depth": [1]}, "'depth' is of a DeepNetwork"),
        (NETWORK, {"alpha": 1.0, "prior": [1]}, "'prior' is of a GLM"),
        (GLM, {"alpha": 1.0, "channel.nois": [1]}, "did you mean 'noise'"),
        (GLM, {"alpha": 1.0, "alpha.x": [1]}, "alpha has no parameters"),
        (GLM, {"alpha": 1.0, "prior.density": [1]}, "takes no parameters, got 'density'"),
        (GLM, {"alpha": 1.0, "channel": ["sign"]}, "must be one of nishimori.channels, got 'sign'"),
        (GLM, {"alpha": 1.0, "branch": ["best"]}, "unknown branch 'best'"),
        (GLM, {"alpha": 1.0, "features": [None]}, "'features' is of trained estimators"),
        (GLM, {"alpha": 1.0, "estimator.l1": [0.1]}, "is of trained estimators"),
        (GLM, {"alpha": 1.0, "estimator": nm.erm.Hinge(), "branch": "optimal"}, "every one is"),
        (GLM, {"alpha": 1.0, "estimator": nm.erm.Hinge(regularization=[1.0, 2.0])}, "array of reg"),
        (nm.GLM, {"alpha": 1.0}, "needs a channel"),
        (NETWORK, {"alpha": 1.0}, "needs a channel"),
        (NETWORK, {"alpha": 1.0, "channel": GLM.channel, "depth": [2]}, "unlike"),
        (nm.DeepNetwork, {"alpha": 1.0, "channel": GLM.channel}, "a network or an activation"),
        (nm.DeepNetwork, {"alpha": 1.0, "channel": GLM.channel, "activation": "tanh"}, "one of"),
        (
            nm.DeepNetwork,
            {"alpha": 1.0, "channel": GLM.channel, "network": NETWORK, "depth": [0]},
            "depth must be an integer of at least 1",
        ),
    ],
)
def test_bad_input(subject, grid, words):
    with pytest.raises(nm.errors.NishimoriError) as caught:
        nm.sweep(subject, grid)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_executors(tmp_path):
    grid = {"a": [1], "b": [2]}
    with pytest.raises(nm.errors.BadArgument, match=r"executor must be a concurrent\.futures"):
        nm.sweep(mixed, grid, "processes")
    with pytest.raises(nm.errors.BadArgument, match="progress must be a function"):
        nm.sweep(mixed, grid, progress=True)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(nm.errors.BadArgument, match="executor takes no work"):
        nm.sweep(mixed, grid, closed, tmp_path / "a.sqlite")
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(nm.errors.BadArgument, match="cannot be sent to other processes"),
    ):
        nm.sweep(lambda a: a, {"a": [1]}, executor)
    assert not list(tmp_path.glob("*-journal"))


# What a sweep shows and where it goes.


def test_xarray(serial):
    pytest.importorskip("xarray")
    data = serial.to_xarray()
    assert data.sizes == {"channel": 2, "estimator": 2, "alpha": 3, "pair": 2}
    assert data.channel.values.tolist() == ["sign:noise=0.1", "linear:noise=0.1"]
    assert data.prior.dims == ("pair",)
    point = data.sel(channel="sign:noise=0.1", estimator="bayes", alpha=4.0).isel(pair=1)
    direct = nm.GLM(nm.channels.Sign(noise=0.1), nm.priors.Rademacher(), 1.5)
    assert float(point.mmse) == direct.learning_curve(ALPHA).mmse[2]
    assert data.attrs["subject"].startswith("nm.GLM(")
    fixed = nm.sweep(mixed, {"a": [1.0], "b": 3.0}).to_xarray()
    assert float(fixed.coords["b"]) == 3.0


def test_pandas(serial):
    pytest.importorskip("pandas")
    frame = serial.to_pandas()
    assert frame.attrs["expression"].startswith("nm.sweep(subject=")
    assert len(frame) == 24
    assert frame["alpha"].tolist()[:6] == [0.5, 0.5, 1.0, 1.0, 4.0, 4.0]
    assert frame["test_error"].tolist()[:4] == serial["test_error"].ravel().tolist()[:4]


def test_csv_and_json(serial, tmp_path):
    read = list(csv.DictReader(io.StringIO(serial.to_csv())))
    assert [float(row["test_error"]) for row in read if row["status"] == "converged"] == [
        value for value in serial["test_error"].ravel().tolist() if not math.isnan(value)
    ]
    document = json.loads(serial.to_json())
    assert document["dims"] == ["channel", "estimator", "alpha", "pair"]
    assert len(document["rows"]) == 24
    assert serial.to_csv(tmp_path / "a.csv") is None
    assert (tmp_path / "a.csv").read_text() == serial.to_csv()
    with pytest.raises(nm.errors.OutputError, match="exists"):
        serial.to_csv(tmp_path / "a.csv")
    serial.to_json(tmp_path / "a.csv", force=True)
    assert (tmp_path / "a.csv").read_text() == serial.to_json()


def test_extras_that_are_missing(serial, monkeypatch):
    for name, export in (("xarray", serial.to_xarray), ("pandas", serial.to_pandas)):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(nm.errors.OutputError, match=f"this needs {name}: pip install"):
            export()


def test_labels_tell_values_apart():
    noises = [0.1, 0.1 + 1e-9]
    channels = [nm.channels.Sign(noise=noise) for noise in noises]
    found = nm.sweep(nm.GLM, {"channel": channels, "alpha": 1.0})
    labels = found.coordinates["channel"][1]
    assert labels == [f"nm.channels.Sign(noise={noise!r})" for noise in noises]
    customs = [nm.channels.Custom(lambda y, h: -np.logaddexp(0.0, -y * h), outputs=[-1, 1])] * 2
    twice = nm.sweep(nm.GLM, {"channel": customs, "alpha": 1.0})
    assert len(set(twice.coordinates["channel"][1])) == 2


def test_names_that_meet():
    found = nm.sweep(lambda value: 2 * value, {"value": [1, 2]})
    assert [(row["value"], row["result"]) for row in found.rows()] == [(1, 2), (2, 4)]
    pytest.importorskip("xarray")
    twice = nm.sweep(lambda a, b: {"pair": a + b}, {"pair": {"a": [1, 2], "b": [3, 4]}})
    assert twice.to_xarray()["pair"].dims == ("pair_axis",)
    assert twice.to_xarray()["pair"].sel(pair_axis=1) == 6


def test_html(serial):
    text = serial._repr_html_()
    assert "Sweep of 24 points" in text
    assert "sign:noise=0.1" in text


def interrupted_in_compiled_code(a):
    # what an interrupt during the call of a compiled function looks like
    raise SystemError("returned a result with an exception set") from KeyboardInterrupt()


def test_an_interrupt_is_no_failure_of_a_point():
    with pytest.raises(KeyboardInterrupt):
        nm.sweep(interrupted_in_compiled_code, {"a": [1, 2]})
