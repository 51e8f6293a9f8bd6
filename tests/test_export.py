"""Text, files and pictures made from results."""

from __future__ import annotations

import json
import os
import stat
import sys

import numpy as np
import pytest

import nishimori as nm
from nishimori.errors import BadArgument, OutputError, UnknownName
from nishimori.export import files, plots, tables
from nishimori.results import Curve


def curve(alpha, quantiles=None, **changes):
    """A made-up curve of simple numbers."""
    alpha = np.asarray(alpha, dtype=float)
    values = {
        name: np.full(alpha.shape, 0.5)
        for name in Curve.__dataclass_fields__
        if name not in ("alpha", "branch", "stable", "status", "quantiles")
    }
    values["test_error"] = 0.4 / (1.0 + alpha)
    values["stable"] = np.ones(alpha.shape, dtype=bool)
    values["status"] = np.zeros(alpha.shape, dtype=int)
    values |= changes
    return Curve(alpha=alpha, branch="optimal", quantiles=quantiles, **values)


def banded(alpha):
    alpha = np.asarray(alpha, dtype=float)
    error = 0.4 / (1.0 + alpha)
    return curve(alpha, {p: error * (0.8 + 0.4 * p) for p in (0.05, 0.25, 0.5, 0.75, 0.95)})


# -- tables ----------------------------------------------------------------------------------


def test_json_round_trips_every_float():
    values = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0]
    assert json.loads(tables.to_json({"values": values}))["values"] == values


def test_json_has_no_words_for_what_is_not_finite():
    document = {"a": float("nan"), "b": [float("inf"), -np.inf], "c": {"d": np.float64("nan")}}
    assert json.loads(tables.to_json(document)) == {"a": None, "b": [None, None], "c": {"d": None}}


def test_json_takes_numpy():
    document = {"n": np.int64(3), "x": np.float64(0.1), "y": np.array([True, False]), "t": (1,)}
    expected = {"n": 3, "x": 0.1, "y": [True, False], "t": [1]}
    assert json.loads(tables.to_json(document)) == expected


def test_csv_quotes_and_fills():
    rows = [{"a": 0.1, "b": "x,y"}, {"a": np.float64("nan"), "c": None}]
    assert tables.to_csv(rows) == 'a,b,c\n0.1,"x,y",\nnan,,\n'
    assert tables.to_csv([]) == "\n"


def test_curve_table_is_aligned():
    reduction = {
        "description": "3 x tanh",
        "signal_variance": 0.25,
        "noise_variance": 0.125,
        "offset_variance": 0.0,
        "rigour": "theorem",
        "reasons": ["odd", "smooth"],
    }
    text = tables.curve_table(reduction, banded([0.1, 10.0]).rows(), {"channel": "sign"})
    assert text == (
        "network          3 x tanh\n"
        "channel          sign\n"
        "signal variance  0.25\n"
        "noise variance   0.125\n"
        "offset variance  0\n"
        "rigour           theorem: odd; smooth\n"
        "\n"
        "alpha  overlap  mmse     test error  0.05 quantile  0.25 quantile  0.5 quantile"
        "  0.75 quantile  0.95 quantile  information  residual     status\n"
        "  0.1      0.5   0.5   0.3636363636       0.298182       0.327273      0.363636"
        "            0.4       0.429091          0.5   5.0e-01  converged\n"
        "   10      0.5   0.5  0.03636363636      0.0298182      0.0327273     0.0363636"
        "           0.04      0.0429091          0.5   5.0e-01  converged\n"
    )


def test_curve_table_shows_what_underflows():
    reduction = {
        "signal_variance": 0.0,
        "log_signal_variance": -1234.5,
        "noise_variance": 0.0,
        "log_noise_variance": -np.inf,
        "offset_variance": 0.0,
    }
    lines = tables.curve_table(reduction, curve([1.0]).rows()).splitlines()
    assert lines[1] == "signal variance  exp(-1234.5)"
    assert lines[2] == "noise variance   0"


# -- files -----------------------------------------------------------------------------------


def test_write_new_and_replace(tmp_path):
    path = tmp_path / "result.txt"
    files.check_writable(str(path))
    assert os.listdir(tmp_path) == []
    files.write_atomically(str(path), b"one")
    assert path.read_bytes() == b"one"
    os.chmod(path, 0o640)
    files.write_atomically(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["result.txt"]


@pytest.mark.skipif(os.name != "posix", reason="needs a umask")
def test_new_files_get_the_usual_permissions(tmp_path):
    previous = os.umask(0o027)
    try:
        files.write_atomically(str(tmp_path / "result.txt"), b"one")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "result.txt").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_links_are_followed(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    files.write_atomically(str(tmp_path / "link.txt"), b"new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="needs /dev/null")
def test_devices_are_not_replaced():
    files.check_writable("/dev/null")
    files.write_atomically("/dev/null", b"gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_nothing_is_left_when_writing_fails(tmp_path, monkeypatch, step):
    path = tmp_path / "result.txt"
    path.write_text("old")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OutputError, match=r"result\.txt.*No space left"):
        files.write_atomically(str(path), b"new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["result.txt"]


def test_refusals(tmp_path, monkeypatch):
    for check in (files.check_writable, lambda path: files.write_atomically(path, b"x")):
        with pytest.raises(OutputError, match="No such file or directory"):
            check(str(tmp_path / "no" / "file.txt"))
        with pytest.raises(OutputError, match="it is a directory"):
            check(str(tmp_path))
        with pytest.raises(OutputError, match="it is a directory"):
            check(str(tmp_path / "file") + "/")
        with pytest.raises(OutputError, match="null byte"):
            check("a\0b")
    (tmp_path / "kept.txt").write_text("old")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="read-only"):
        files.check_writable(str(tmp_path / "kept.txt"))
    assert os.listdir(tmp_path) == ["kept.txt"]


# -- plots -----------------------------------------------------------------------------------


@pytest.fixture
def axes():
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_draw_curve(axes):
    drawn = curve([10.0, 0.1, 1.0])
    assert plots.draw_curve(drawn, axes, label="tanh", color="k") is axes
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), [0.1, 1.0, 10.0])
    np.testing.assert_array_equal(line.get_ydata(), np.sort(drawn.test_error)[::-1])
    assert line.get_label() == "tanh"
    assert line.get_color() == "k"
    assert axes.get_xscale() == "log"
    assert "n/d" in axes.get_xlabel()
    assert axes.get_ylabel() == "test error"
    assert len(axes.collections) == 0


def test_alpha_within_a_decade_is_linear(axes):
    plots.draw_curve(curve([1.0, 10.0]), axes, quantity="log_loss")
    assert axes.get_xscale() == "linear"
    assert axes.get_ylabel() == "log-loss per label (nats)"


def test_bands_are_the_quantiles(axes):
    drawn = banded([3.0, 0.1])
    plots.draw_curve(drawn, axes)
    outer, inner = axes.collections
    assert outer.get_label() == "5% to 95% of networks"
    assert inner.get_label() == "25% to 75% of networks"
    heights = outer.get_paths()[0].vertices[:, 1]
    assert heights.min() == drawn.quantiles[0.05].min()
    assert heights.max() == drawn.quantiles[0.95].max()
    axes.clear()
    plots.draw_curve(drawn, axes, quantity="overlap")
    assert len(axes.collections) == 0


def test_failed_points_are_not_drawn(axes):
    status = np.array([0, int(nm.Status.UNRESOLVED), 0])
    plots.draw_curve(curve([1.0, 2.0, 3.0], status=status), axes)
    np.testing.assert_array_equal(np.isnan(axes.lines[0].get_ydata()), [False, True, False])


def test_one_point_is_visible(axes):
    plots.draw_curve(curve(2.0), axes)
    assert axes.lines[0].get_marker() == "o"


def test_draw_refusals(axes):
    with pytest.raises(UnknownName, match="did you mean 'test_error'"):
        plots.draw_curve(curve([1.0]), axes, quantity="test_eror")
    with pytest.raises(BadArgument, match="without points"):
        plots.draw_curve(curve([]), axes)


def test_curve_plot_uses_pyplot(monkeypatch):
    import matplotlib as mpl
    from matplotlib import pyplot

    with mpl.rc_context():
        pyplot.switch_backend("agg")
        figure, axes = pyplot.subplots()
        assert curve([1.0, 2.0]).plot(quantity="mmse", linestyle=":") is axes
        assert axes.lines[0].get_linestyle() == ":"
        pyplot.close(figure)


@pytest.mark.parametrize(
    ("extension", "start"),
    [("png", b"\x89PNG"), ("PDF", b"%PDF"), ("svg", b"<?xml"), ("eps", b"%!PS")],
)
def test_plot_files(tmp_path, extension, start):
    path = tmp_path / f"curve.{extension}"
    plots.plot_curve_file(banded([0.1, 1.0, 10.0]), str(path), title="50 $ & x_1", metric="m")
    assert path.read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [path.name]


def test_plot_refusals(tmp_path, monkeypatch):
    with pytest.raises(OutputError, match=r"\.png, \.pdf"):
        plots.check_plot("curve.jpeg2000")
    with pytest.raises(OutputError, match="No such file"):
        plots.plot_curve_file(curve([1.0]), str(tmp_path / "no" / "curve.png"))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OutputError, match=r'pip install "nishimori\[plot\]"'):
        plots.check_plot("curve.png")
    with pytest.raises(OutputError, match=r'pip install "nishimori\[plot\]"'):
        curve([1.0]).plot()
