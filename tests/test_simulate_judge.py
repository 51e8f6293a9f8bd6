"""Points of the user's own beside curves."""

from __future__ import annotations

import numpy as np
import pytest

import nishimori as nm
from nishimori.simulate import judge

PROBLEM = nm.GLM(nm.channels.Linear(noise=0.1))
ALPHA = np.array([0.5, 1.0, 2.0])
EXACT = PROBLEM.learning_curve(ALPHA).test_error
ERROR = EXACT + np.array([0.01, -0.02, 0.005])
SPREAD = np.array([0.01, 0.01, 0.01])


def scores(table):
    return [p.z for p in table.points]


def frame():
    """As much of a data frame as is used of one."""

    class Frame:
        def __init__(self, columns):
            self._columns = columns
            self.columns = list(columns)

        def keys(self):
            return self.columns

        def __getitem__(self, name):
            return self._columns[name]

    return Frame({"n": ALPHA * 50, "d": np.full(3, 50), "mse": ERROR, "stderr": SPREAD})


@pytest.mark.parametrize(
    "points",
    [
        {"alpha": ALPHA, "error": ERROR, "standard_error": SPREAD},
        {"Sample Ratio": ALPHA, "Test-Error": ERROR, "SE": SPREAD},
        {"n": [25, 50, 100], "d": [50] * 3, "mean": ERROR, "sem": SPREAD},
        [{"alpha": a, "error": e, "se": s} for a, e, s in zip(ALPHA, ERROR, SPREAD, strict=True)],
        np.stack([ALPHA, ERROR, SPREAD], axis=1),
        list(zip(ALPHA, ERROR, SPREAD, strict=True)),
        np.rec.fromarrays([ALPHA, ERROR, SPREAD], names="alpha,error,yerr"),
        frame(),
    ],
    ids=["dict", "aliases", "n and d", "rows", "array", "tuples", "records", "frame"],
)
def test_points_come_in_many_forms(points):
    assert scores(judge(PROBLEM, points)) == pytest.approx([1.0, -2.0, 0.5])


def test_points_from_a_file(tmp_path):
    path = tmp_path / "runs.csv"
    lines = [f"{a!r},{e!r},{s!r},100" for a, e, s in zip(ALPHA, ERROR, SPREAD, strict=True)]
    text = "\n".join(["# measured", "alpha,error,standard_error,width", *lines])
    path.write_text(text.replace("np.float64(", "").replace(")", ""), encoding="utf-8-sig")
    table = judge(PROBLEM, path)
    assert scores(table) == pytest.approx([1.0, -2.0, 0.5])
    assert all(p.width == 100 and p.allowance > 0.0 for p in table.points)
    assert judge(PROBLEM, str(path)).agrees


@pytest.mark.parametrize("library", ["pandas"])
def test_a_real_data_frame(library):
    pandas = pytest.importorskip(library)
    table = pandas.DataFrame({"alpha": ALPHA, "error": ERROR, "se": SPREAD})
    assert scores(judge(PROBLEM, table)) == pytest.approx([1.0, -2.0, 0.5])


def test_the_judge_can_fail():
    table = judge(PROBLEM, {"alpha": [1.0], "error": [EXACT[1] + 0.05], "se": [0.01]})
    assert [p.verdict for p in table.points] == ["differs"]
    assert not table.agrees
    noisy = judge(PROBLEM, {"alpha": [1.0], "error": [EXACT[1]], "se": [1.0]})
    assert [p.verdict for p in noisy.points] == ["too noisy"]


def test_an_infinite_theory_is_none():
    points = {"alpha": [1.0, 2.0], "error": [0.3, 0.2], "se": [0.01, 0.01], "width": [50, 50]}
    table = judge(lambda alpha: np.where(alpha > 1.0, np.inf, 0.3), points)
    assert [p.verdict for p in table.points] == ["agrees", "no theory"]
    assert not table.agrees
    assert table.largest_z == 0.0


def test_repetitions_make_the_limit_students(tmp_path):
    points = {"alpha": [1.0], "error": [EXACT[1] + 5e-3], "se": [1e-3]}
    (known,) = judge(PROBLEM, {**points, "repetitions": [10]}).points
    (unknown,) = judge(PROBLEM, points).points
    assert (known.verdict, known.repetitions) == ("agrees", 10)
    assert (unknown.verdict, unknown.repetitions) == ("differs", None)
    path = tmp_path / "runs.csv"
    for table in (judge(PROBLEM, points), judge(PROBLEM, {**points, "repetitions": [10]})):
        path.write_text(table.to_csv())  # a width or repetitions not known are blank cells
        again = judge(PROBLEM, path)
        assert [p.row() for p in again.points] == [p.row() for p in table.points]
    header, row, _ = str(judge(lambda alpha: 0.4 * alpha, points)).splitlines()
    assert "repetitions" in header
    begin = header.index("repetitions")
    assert row[begin : begin + 11].strip() == ""


def test_the_width_allows_for_a_bias():
    points = {"alpha": [1.0], "error": [EXACT[1] + 4.05e-3], "se": [1e-3]}
    assert judge(PROBLEM, points).points[0].allowance == 0.0
    assert not judge(PROBLEM, points).agrees
    assert judge(PROBLEM, points, width=50).agrees
    assert judge(PROBLEM, {**points, "width": [50]}).agrees


def test_an_estimators_theory():
    ridge = nm.erm.Ridge(regularization=2.0)
    errors = ridge.learning_curve(PROBLEM, ALPHA).test_error
    points = {"alpha": ALPHA, "error": errors, "se": SPREAD}
    curve = ridge.learning_curve(PROBLEM, ALPHA)
    assert scores(judge(curve, points)) == pytest.approx([0.0] * 3, abs=1e-6)
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=1)
    exact = network.learning_curve(nm.channels.Linear(0.1), ALPHA).test_error
    table = judge(network, {**points, "error": exact}, channel=nm.channels.Linear(0.1))
    assert scores(table) == pytest.approx([0.0] * 3, abs=1e-4)


def test_a_function_is_asked_at_the_points():
    table = judge(lambda alpha: 0.5 / alpha, {"alpha": [2.0], "error": [0.26], "se": [0.01]})
    assert scores(table) == pytest.approx([1.0])
    with pytest.raises(nm.errors.BadArgument, match="returned shape"):
        judge(lambda alpha: [1.0, 2.0], {"alpha": [2.0], "error": [0.26], "se": [0.01]})


def test_a_curve_is_interpolated_within_its_doubt():
    grid = np.geomspace(0.1, 10.0, 15)
    curve = PROBLEM.learning_curve(grid)
    at = np.geomspace(0.1, 10.0, 57)
    exact = PROBLEM.learning_curve(at).test_error
    table = judge(curve, {"alpha": at, "error": exact, "se": np.full(57, 1e-9)})
    gaps = np.abs([p.theory for p in table.points] - exact)
    doubts = np.array([p.allowance for p in table.points])
    assert np.all(gaps <= doubts + 1e-12)
    assert doubts.max() < 0.02
    assert table.agrees
    on_grid = judge(curve, {"alpha": grid, "error": curve.test_error, "se": np.full(15, 1e-9)})
    assert all(p.allowance == 0.0 and p.z == 0.0 for p in on_grid.points)


def test_a_jump_of_a_curve_is_no_place_to_interpolate():
    problem = nm.GLM(nm.channels.Sign(), prior=nm.priors.Rademacher())
    curve = problem.learning_curve(np.geomspace(0.8, 2.0, 12))  # jumps to 0 at 1.249
    (point,) = judge(curve, {"alpha": [1.22], "error": [0.1], "se": [1e-3]}).points
    low, high = sorted(curve.test_error[(curve.alpha > 1.1) & (curve.alpha < 1.4)])[:2]
    assert point.allowance >= 0.5 * abs(high - low)


def test_a_curve_of_several_regularizations_is_ambiguous():
    ridge = nm.erm.Ridge(regularization=[0.1, 1.0])
    curve = ridge.learning_curve(PROBLEM, [[0.5, 0.5], [1.0, 1.0]])
    with pytest.raises(nm.errors.BadArgument, match="several test errors at one alpha"):
        judge(curve, {"alpha": [0.7], "error": [0.3], "se": [0.1]})


def test_outside_a_curve_nothing_is_known():
    curve = PROBLEM.learning_curve([0.5, 1.0])
    with pytest.raises(nm.errors.BadArgument, match="alpha = 2 lies outside the curve"):
        judge(curve, {"alpha": [2.0], "error": [0.3], "se": [0.1]})


GOOD = {"alpha": [1.0], "error": [0.3], "se": [0.1]}


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ({"alpha": [1.0], "error": [0.3]}, "no column standard_error"),
        ({"error": [1.0], "se": [0.3]}, "no column alpha"),
        ({**GOOD, "se": [-0.1]}, "standard_error must be finite and at least 0, got -0.1"),
        ({**GOOD, "se": [np.nan]}, "standard_error"),
        ({**GOOD, "error": [np.nan]}, "error must be finite, got nan in point 1"),
        ({**GOOD, "error": [np.inf]}, "error must be finite"),
        ({**GOOD, "error": ["x"]}, "must be a number, got 'x'"),
        ({**GOOD, "alpha": [0.0]}, "alpha must be finite and positive"),
        ({**GOOD, "alpha": [1.0, 2.0]}, "unequal lengths"),
        ({**GOOD, "width": [0.0]}, "width must be at least 1"),
        ({**GOOD, "mean": [0.3]}, "both are columns of error"),
        ({**GOOD, "repetitions": [1]}, "repetitions must be a whole number from 2 on"),
        ({**GOOD, "error": [[0.3, 0.2], [0.1]]}, "error must be one number for each point"),
        ({**GOOD, "error": [[0.3, 0.2], None]}, "error must be one number for each point"),
        ({**GOOD, "error": [10**400]}, "error is too large for a float"),
        ([(1.0, 10**400, 0.1)], "points must be a CSV file"),
        ({"n": [5], "d": [0], "mse": [0.3], "se": [0.1]}, "d must be finite and positive, got 0"),
        ({"alpha": [], "error": [], "se": []}, "no points"),
        (3, "points must be a CSV file"),
        (np.zeros((2, 2)), "points must be a CSV file"),
        ("none.csv", "cannot be read"),
    ],
)
def test_bad_points_are_refused_in_a_sentence(points, words):
    with pytest.raises(nm.errors.BadArgument) as caught:
        judge(PROBLEM, points)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_files(tmp_path):
    for content, words in (
        (b"", "is empty"),
        (b"alpha,error,se\n1,2\n", "line 2"),
        (b"\xff\xfe\x00", "not a text file"),
        (b"a,b\n1,2\n", "no column alpha"),
        (b"alpha,error,error,se\n1,2,2,3\n", "'error' twice"),
        (b"alpha,error,se\n1,,3\n", "error must be a number, got ''"),
        (b"n,d,error,se\n1,0,2,3\n", "d must be finite and positive"),
    ):
        path = tmp_path / "x.csv"
        path.write_bytes(content)
        with pytest.raises(nm.errors.BadArgument, match=words):
            judge(PROBLEM, path)


@pytest.mark.parametrize(
    ("curve", "options", "words"),
    [
        (3, {}, "curve must be"),
        (PROBLEM, {"estimator": np.zeros(2)}, "an estimator must be"),
        (PROBLEM, {"channel": nm.channels.Sign()}, "leave them out"),
        (PROBLEM.learning_curve([1.0]), {"channel": nm.channels.Sign()}, "leave it out"),
        (PROBLEM, {"width": -3}, "width must be an integer"),
        (nm.DeepNetwork.uniform(nm.activations.Tanh(), 1), {}, "needs channel="),
    ],
)
def test_bad_curves_are_refused(curve, options, words):
    with pytest.raises(nm.errors.BadArgument, match=words):
        judge(curve, GOOD, **options)
