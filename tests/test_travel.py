"""Results that travel: what they are written as, and that it is read back to the last digit."""

import csv
import io
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nishimori as nm
from nishimori.errors import BadArgument, OutputError, Status, UnknownName
from nishimori.export.reading import plain_cell
from nishimori.results import Curve, FixedPoints, State

SIGN = nm.GLM(nm.channels.Sign(noise=0.1))
BITS = nm.GLM(nm.channels.Sign(), prior=nm.priors.Rademacher())
RELU = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=1)


def sampled():
    rng = np.random.default_rng(1)
    inputs, weights = rng.standard_normal((60, 30)), rng.standard_normal(30)
    labels = inputs @ weights / np.sqrt(30.0)
    return inputs, labels, weights


def a_figure():
    from matplotlib.figure import Figure

    return Figure()


def gamp():
    inputs, labels, weights = sampled()
    return nm.simulate.gamp(nm.GLM(nm.channels.Linear(0.1)), inputs, labels, weights=weights)


def descent():
    inputs, labels, _ = sampled()
    network = nm.DeepNetwork.uniform(nm.activations.Tanh(), depth=1)
    return nm.simulate.train_network(network, inputs, labels, 0, steps=3).history


RESULTS = {
    "State": lambda: SIGN.solve(1.0),
    "Curve": lambda: SIGN.learning_curve([0.5, 1.0, 20.0]),
    "mean": lambda: RELU.learning_curve(nm.channels.Sign(), [0.5, 1.0]),
    "FixedPoints": lambda: BITS.fixed_points([1.35, 0.2]),
    "Trajectory": lambda: SIGN.trajectory(1.0, 5),
    "Transitions": lambda: BITS.transitions(),
    "Reduction": lambda: RELU.reduce(),
    "ErmState": lambda: nm.erm.Ridge().solve(nm.GLM(nm.channels.Linear(0.1)), 2.0),
    "ErmCurve": lambda: nm.erm.Logistic(regularization=0.1).learning_curve(SIGN, [0.5, 2.0]),
    "PhaseDiagram": lambda: nm.phase_diagram(
        "nm.GLM(nm.channels.Linear(noise=noise), prior=nm.priors.Rademacher())",
        0.05,
        0.06,
        parameter="noise",
        points=3,
    ),
    "Comparison": lambda: nm.simulate.judge(
        SIGN, {"alpha": [0.5, 2.0], "error": [0.34, 0.21], "se": [0.01, 0.01]}
    ),
    "Extrapolation": lambda: nm.simulate.extrapolate(
        nm.GLM(nm.channels.Linear(0.1)), nm.erm.Ridge(), 1.0, (20, 40, 80), repetitions=2
    ),
    "GampResult": gamp,
    "History": descent,
}
MADE = {}


def made(name):
    if name not in MADE:
        MADE[name] = RESULTS[name]()
    return MADE[name]


@pytest.fixture(params=RESULTS)
def result(request):
    return made(request.param)


def table(text):
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [{k: plain_cell(v) for k, v in row.items()} for row in csv.DictReader(lines)]


def same(read, meant):
    if isinstance(meant, float) and math.isnan(meant):
        return read is None or math.isnan(read)
    if meant in ("", None):
        return read is None
    return read == meant


def test_csv_has_every_number_to_the_last_digit(result, tmp_path):
    path = tmp_path / "x.csv"
    text = result.to_csv(path)
    assert path.read_text() == text or isinstance(result, nm.simulate.Comparison)
    rows, meant = table(path.read_text()), result.rows()
    assert len(rows) == len(meant) > 0
    for read, row in zip(rows, meant, strict=True):
        assert all(same(read[name], value) for name, value in row.items())


def test_json_has_every_finite_number(result, tmp_path):
    document = json.loads(result.to_json(tmp_path / "x.json"))
    assert document == json.loads((tmp_path / "x.json").read_text())
    assert document["nishimori"] == nm.__version__
    for read, row in zip(document["rows"], result.rows(), strict=True):
        for name, value in row.items():
            finite = not isinstance(value, float) or math.isfinite(value)
            assert read[name] == (value if finite else None)


def test_files_say_what_made_them(result, tmp_path):
    csv_file, json_file, (tex, dat) = tmp_path / "x.csv", tmp_path / "x.json", ("", "")
    result.to_csv(csv_file)
    result.to_json(json_file)
    tex, dat = result.to_pgfplots(tmp_path / "x")
    table_file = tmp_path / "t.tex"
    result.to_latex_table(table_file)
    texts = [Path(path).read_text() for path in (csv_file, json_file, tex, dat, table_file)]
    assert all(f"nishimori {nm.__version__}" in text or '"nishimori"' in text for text in texts)
    if result.origin is None:
        assert all("data that the file does not hold" in text for text in texts)
        return
    expression = result.origin.expression
    escaped = json.dumps(expression)[1:-1]
    assert all(expression in text or escaped in text for text in texts)
    assert all("python -c " in text for text in texts)


def test_frames_and_data_sets(result):
    frame, data = result.to_pandas(), result.to_xarray()
    assert len(frame) == len(result.rows())
    assert list(frame) == list(dict.fromkeys(name for row in result.rows() for name in row))
    for name in data.variables:
        if name in frame and frame[name].dtype.kind in "fi":
            np.testing.assert_array_equal(np.ravel(data[name].values), frame[name].to_numpy())
    for attributes in (frame.attrs, data.attrs):
        assert attributes["nishimori"] == nm.__version__
        origin = result.origin
        assert attributes["expression"] == ("" if origin is None else origin.expression)


def test_plots_take_and_return_axes_and_leave_the_style_alone(result):
    import matplotlib as mpl
    from matplotlib.figure import Figure

    before = dict(mpl.rcParams)
    axes = Figure().subplots()
    assert result.plot(axes) is axes
    assert result.plot(ax=axes) is axes
    assert result.plot(axes=axes) is axes
    assert dict(mpl.rcParams) == before
    assert axes.has_data()
    with pytest.raises(BadArgument, match="the same argument"):
        result.plot(axes, axes=axes)


@pytest.mark.parametrize("name", ["Curve", "mean", "ErmCurve"])
def test_rows_of_a_curve_are_those_of_its_states(name):
    curve = made(name)
    for row, state in zip(curve.rows(), curve, strict=True):
        assert repr({name: row[name] for name in state.row()}) == repr(state.row())


def test_pandas_and_numpy_read_the_csv(tmp_path):
    import pandas as pd

    curve, path = made("Curve"), tmp_path / "curve.csv"
    curve.to_csv(path)
    frame = pd.read_csv(path, comment="#")
    pd.testing.assert_frame_equal(frame, curve.to_pandas(), rtol=1e-14, check_dtype=False)
    array = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding=None)
    np.testing.assert_array_equal(array["test_error"], curve.test_error)
    np.testing.assert_array_equal(array["mmse"], curve.mmse)


def test_shapes_become_axes():
    ridge = nm.erm.Ridge(regularization=[[0.1], [1.0]])
    curve = ridge.learning_curve(nm.GLM(nm.channels.Linear(0.1)), [1.0, 2.0, 3.0])
    data = curve.to_xarray()
    assert data.test_error.dims == ("regularization", "alpha")
    np.testing.assert_array_equal(data.test_error, curve.test_error)
    assert float(data.test_error.sel(regularization=0.1, alpha=2.0)) == curve.test_error[0, 1]
    assert data.status.values.tolist() == [["converged"] * 3] * 2

    square = SIGN.learning_curve([[0.5, 1.0], [2.0, 4.0]]).to_xarray()
    assert square.mmse.shape == (2, 2)
    np.testing.assert_array_equal(square.alpha.values, [[0.5, 1.0], [2.0, 4.0]])

    assert SIGN.learning_curve(1.0).to_xarray().mmse.shape == ()
    empty = FixedPoints()
    assert empty.to_pandas().empty
    assert not empty.to_xarray().variables
    assert empty.to_csv().splitlines()[1].startswith("# nishimori")


def test_quantiles_are_one_variable_with_a_dimension():
    curve = made("mean")
    quantiles = curve.to_xarray().test_error_quantiles
    assert quantiles.dims == ("alpha", "probability")
    for probability, values in curve.quantiles.items():
        np.testing.assert_array_equal(quantiles.sel(probability=probability), values)
    assert "test_error_quantile_0.05" in curve.to_pandas()


def test_fixed_points_are_still_a_list():
    states = BITS.fixed_points(1.35)
    assert isinstance(states, list)
    assert isinstance(states, FixedPoints)
    assert states == list(states)
    assert [s.conjugate for s in states] == sorted(s.conjugate for s in states)
    both = BITS.fixed_points([1.35, 0.2, 1.35])
    again = [*states, *BITS.fixed_points(0.2)]
    assert [s.stable for s in both] == [s.stable for s in again]
    np.testing.assert_allclose([s.mmse for s in both], [s.mmse for s in again], rtol=1e-10)


def test_the_command_prints_the_same_table(tmp_path):
    curve = SIGN.learning_curve([1.0], branch="informed")
    text = curve.to_csv(tmp_path / "x.csv")
    (command,) = [
        line.removeprefix("# command: ") for line in text.splitlines() if "command" in line
    ]
    command = command.replace("python", sys.executable, 1)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == text


def test_points_that_failed_say_so_and_are_not_drawn(tmp_path):
    good = SIGN.learning_curve([0.5, 1.0])
    values = {name: getattr(good, name) for name in Curve.__dataclass_fields__}
    status = np.array([Status.CONVERGED, Status.UNRESOLVED])
    curve = Curve(**{**values, "status": status})
    assert curve.to_pandas().status.tolist() == ["converged", "unresolved"]
    assert "on_failure='return'" in curve.to_json()
    _, dat = curve.to_pgfplots(tmp_path / "x", quantity="mmse")
    read = np.genfromtxt(dat, names=True)
    assert read["mmse"][0] == good.mmse[0]
    assert np.isnan(read["mmse"][1])


def test_latex_tables():
    text = made("Curve").to_latex_table(columns=["alpha", "stable", "branch"], digits=3)
    assert [line for line in text.splitlines() if not line.startswith("%")] == [
        r"\begin{tabular}{rll}",
        r"\toprule",
        r"$\alpha$ & stable & branch \\",
        r"\midrule",
        r"$0.5$ & yes & optimal \\",
        r"$1$ & yes & optimal \\",
        r"$20$ & yes & optimal \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    plain = made("Transitions").to_latex_table(booktabs=False)
    assert "toprule" not in plain
    assert r"weak recovery & $0$ & -- \\" in plain
    small = SIGN.learning_curve(1e-9).to_latex_table(columns=["overlap"], digits=2)
    assert r"\times 10^{-10}$" in small


def test_pgfplots_of_a_family_lifts_the_pen(tmp_path):
    ridge = nm.erm.Ridge(regularization=[[0.1], [1.0]])
    curve = ridge.learning_curve(nm.GLM(nm.channels.Linear(0.1)), [3.0, 1.0, 2.0])
    tex, dat = curve.to_pgfplots(f"{tmp_path}/x.tex", quantity=["test_error", "train_loss"])
    assert (tex, dat) == (f"{tmp_path}/x.tex", f"{tmp_path}/x.dat")
    blocks = Path(dat).read_text().split("#")[0].strip().split("\n\n")
    assert len(blocks) == 2
    read = np.genfromtxt(dat, names=True)
    assert read["alpha"].tolist() == [1.0, 2.0, 3.0] * 2
    picture = Path(tex).read_text()
    assert picture.count(r"\addplot") == 2
    assert picture.count(r"\addlegendentry") == 2
    band = Path(made("mean").to_pgfplots(tmp_path / "band")[0]).read_text()
    assert "fill between" in band


@pytest.mark.parametrize(
    ("write", "error", "words"),
    [
        (lambda r: r.to_csv("there.csv"), OutputError, "'there.csv' exists"),
        (lambda r: r.to_json("there.csv"), OutputError, "overwrite it with force=True"),
        (lambda r: r.to_latex_table("there.csv"), OutputError, "exists"),
        (lambda r: r.to_pgfplots("half"), OutputError, "'half.dat' exists"),
        (lambda r: r.to_csv("no/such/file.csv"), OutputError, "cannot write"),
        (lambda r: r.to_csv("."), OutputError, "directory"),
        (lambda r: r.to_pgfplots("a#b"), OutputError, "LaTeX cannot read a file"),
        (lambda r: r.to_pgfplots("x", quantity="mse"), UnknownName, "did you mean 'mmse'"),
        (lambda r: r.to_pgfplots("x", quantity="status"), BadArgument, "no numbers"),
        (lambda r: r.to_latex_table(columns=["mse"]), UnknownName, "did you mean 'mmse'"),
        (lambda r: r.to_latex_table(columns=[]), BadArgument, "columns is empty"),
        (lambda r: r.to_latex_table(digits=0), BadArgument, "digits must be"),
        (lambda r: r.to_csv(3), BadArgument, "path must be text or a pathlib.Path, got 3"),
        (lambda r: r.to_csv(b"x"), BadArgument, "path must be text or a pathlib.Path, got b'x'"),
        (lambda r: r.to_pgfplots(None), BadArgument, "path must be text or a pathlib.Path"),
        (lambda r: r.to_pgfplots("x", quantity=3), BadArgument, "quantity must be a name or a"),
        (lambda r: r.to_pgfplots("x", quantity=None), BadArgument, "quantity must be a name or a"),
        (lambda r: r.to_pgfplots("x", quantity=[]), BadArgument, "quantity is empty; name"),
        (lambda r: r.to_latex_table(columns=3), BadArgument, "columns must be a name or a seq"),
        (lambda r: r.to_csv("x.csv", force="no"), BadArgument, "force must be True or False"),
        (lambda r: r.plot(3), BadArgument, "ax must be matplotlib axes, got 3"),
        (lambda r: r.plot(axes=a_figure()), BadArgument, "axes must be matplotlib axes, got"),
        (
            lambda r: nm.export.save_figure(None, "g.png"),
            BadArgument,
            "figure must be a matplotlib figure, got None",
        ),
        (lambda r: nm.export.save_figure(a_figure(), 3), BadArgument, "path must be text"),
        (
            lambda r: nm.sweep(SIGN, {"alpha": [1.0]}).to_csv(3),
            BadArgument,
            "path must be text or a pathlib.Path",
        ),
    ],
)
def test_bad_input_is_one_sentence(write, error, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("there.csv").write_text("mine")
    Path("half.dat").write_text("mine")
    with pytest.raises(error, match=words) as caught:
        write(made("Curve"))
    assert "\n" not in str(caught.value)
    assert Path("there.csv").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["half.dat", "there.csv"]


def test_force_overwrites(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("mine")
    text = made("Curve").to_csv(path, force=True)
    assert path.read_text() == text
    made("Curve").to_csv("/dev/null")


@pytest.mark.parametrize(
    ("module", "method"),
    [("pandas", "to_pandas"), ("xarray", "to_xarray"), ("matplotlib", "plot")],
)
def test_what_is_not_installed_is_named_with_its_extra(module, method, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    extra = "plot" if module == "matplotlib" else "data"
    with pytest.raises(OutputError, match=rf"{module}.*pip install .*nishimori\[{extra}\]"):
        getattr(made("Curve"), method)()


numbers = st.floats(allow_nan=True, allow_infinity=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[numbers] * 5, st.booleans(), st.sampled_from(Status)), max_size=5))
def test_any_numbers_survive(points):
    states = FixedPoints(
        State(
            alpha=alpha,
            overlap=overlap,
            mmse=mmse,
            conjugate=conjugate,
            free_entropy=entropy,
            mutual_information=alpha,
            signal_mutual_information=mmse,
            test_error=overlap,
            log_loss=entropy,
            branch="all",
            stable=stable,
            status=status,
            residual=mmse,
            error_estimate=alpha,
        )
        for alpha, overlap, mmse, conjugate, entropy, stable, status in points
    )
    read = table(states.to_csv())
    assert repr(read) == repr(states.rows())
    data = states.to_xarray()
    frame = states.to_pandas()
    for k, row in enumerate(states.rows()):
        assert repr(float(data.mmse[k])) == repr(row["mmse"]) == repr(float(frame.mmse[k]))
        assert data.status.values[k] == row["status"]
    plain = json.loads(states.to_json())["rows"]
    for old, row in zip(plain, states.rows(), strict=True):
        for name, value in row.items():
            lost = isinstance(value, float) and not math.isfinite(value)
            assert repr(old[name]) == repr(None if lost else value)
    assert csv.reader(io.StringIO(states.to_csv()))


@pytest.mark.parametrize(
    ("alpha", "strengths"), [(1.0, [0.1, 1.0]), ([1.0], [0.1, 1.0, 10.0]), ([[1.0]], [0.1, 1.0])]
)
def test_at_one_alpha_an_estimator_is_a_function_of_its_regularization(alpha, strengths, tmp_path):
    ridge = nm.erm.Ridge(regularization=strengths)
    curve = ridge.learning_curve(nm.GLM(nm.channels.Linear(0.1)), alpha)
    assert curve.index_name == "regularization"
    data = curve.to_xarray()
    assert data.sizes["regularization"] == len(strengths)
    assert "alpha" not in data.sizes
    at = data.sel(regularization=1.0)["test_error"].item()
    assert at == curve.test_error.flat[1]
    tex, _ = curve.to_pgfplots(tmp_path / "g")
    assert "xlabel={regularization}" in Path(tex).read_text()
    assert "table[x=regularization, y=test_error" in Path(tex).read_text()


def test_else_alpha_is_what_an_estimator_is_a_function_of():
    problem = nm.GLM(nm.channels.Linear(0.1))
    for strengths, alpha in (([0.1, 1.0], [1.0, 2.0]), (1.0, [1.0, 2.0]), (1.0, 1.0)):
        curve = nm.erm.Ridge(regularization=strengths).learning_curve(problem, alpha)
        assert curve.index_name == "alpha"
    same = nm.erm.Ridge(regularization=[[0.1, 1.0], [2.0, 3.0]]).learning_curve(problem, 1.0)
    assert "alpha" not in same.to_xarray().dims


def test_message_passing_without_weights_shows_what_is_known(tmp_path):
    inputs, labels, _ = sampled()
    found = nm.simulate.gamp(nm.GLM(nm.channels.Linear(0.1)), inputs, labels)
    assert np.isnan(found.overlap).all()
    axes = found.plot(a_figure().subplots())
    assert axes.get_ylabel() == "self overlap"
    assert np.array_equal(axes.lines[0].get_ydata(), found.self_overlap)
    tex, _ = found.to_pgfplots(tmp_path / "g")
    assert "y=self_overlap" in Path(tex).read_text()
    assert r"iteration & self overlap & residual \\" in found.to_latex_table()
    assert gamp().plot(a_figure().subplots()).get_ylabel() == "overlap"


def test_fixed_points_at_one_alpha_are_not_joined(tmp_path):
    tex, _ = made("FixedPoints").to_pgfplots(tmp_path / "g", quantity="overlap")
    (drawn,) = [line for line in Path(tex).read_text().splitlines() if r"\addplot" in line]
    assert "only marks" in drawn
    assert "line join" not in drawn


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PhaseDiagram", ("information-theoretic", "algorithmic", "spinodals")),
        ("Comparison", ("theory", "simulated", "standard errors")),
        ("Extrapolation", ("infinite width", "theory")),
    ],
)
def test_pictures_of_several_quantities_name_each(name, words, tmp_path):
    result = made(name)
    tex, dat = result.to_pgfplots(tmp_path / "g")
    picture = Path(tex).read_text()
    for word in words:
        assert word in picture
    assert "error bars" in picture or name == "PhaseDiagram"
    assert result.origin.expression in Path(dat).read_text()
    with pytest.raises(OutputError, match="exists"):
        result.to_pgfplots(tmp_path / "g")
