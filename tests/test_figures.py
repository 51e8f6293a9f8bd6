"""Figures for papers: what is on them, what they look like, and the files they are written to."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import nishimori as nm
from nishimori.errors import BadArgument, OutputError, UnknownName
from nishimori.figures import layout, palette
from nishimori.figures.clipping import clipped
from nishimori.figures.description import DASHES, MARKERS
from nishimori.figures.sizes import WIDTHS
from nishimori.figures.tex_text import tex_text
from nishimori.simulate.compared import Comparison, compared_point

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure

PROBLEM = nm.GLM(nm.channels.Linear(noise=0.1))
ALPHA = np.array([3.0, 0.1, 1.0, 20.0])
CURVES = {
    "Bayes-optimal": PROBLEM.learning_curve(ALPHA),
    "ridge": nm.erm.Ridge(regularization=1.0).learning_curve(PROBLEM, ALPHA),
}
ONE_BIT = nm.GLM(nm.channels.Sign(), prior=nm.priors.Rademacher())
MEASURED = ([0.3, 3.0], [0.9, 0.25], [0.02, 0.01])


def table():
    points = [
        compared_point("ridge", alpha, 0.5 / alpha, mean, 0.01, width=500, repetitions=30)
        for alpha, mean in ((1.0, 0.505), (2.0, 0.25), (4.0, 0.5))
    ]
    return Comparison(tuple(points), {"ridge": "mean_square"}, "a title")


def diagram():
    line = np.array([[0.1, 0.2], [0.2, 0.35], [0.3, 0.5]])
    return nm.PhaseDiagram("density", (line,), line, line * [1.0, 1.2], line[:0], line[-1:])


@pytest.fixture(scope="module")
def kinds():
    """One figure of each kind, with everything that can be on it."""
    odd = nm.figures.Panel(
        [
            nm.figures.Band([1.0, 2.0, 3.0, np.nan, 4.0, 5.0], [1.0] * 6, [2.0] * 6, "band & #1"),
            nm.figures.Line([1.0, 2.0, np.nan, 4.0], [1.0, np.inf, 3.0, 1e30], "50% of_x ^ $ ~"),
            nm.figures.Points(
                [1.0, 2.0], [1.5, np.nan], [0.1, 0.1], r"$\alpha_1$ {a}", filled=True
            ),
            nm.figures.Threshold(1.5, "y", axis="y", dash="dashed"),
            nm.figures.Note(2.0, 1.2, "here\n(there)", "above"),
        ],
        "x\\y",
        "<y> | \N{GREEK SMALL LETTER ALPHA}",
        y_limits=(0.0, 4.0),
        y_scale="linear",
        legend_title="odd_",
    )
    return {
        "curves": nm.figures.learning_curves(CURVES, {"ridge": MEASURED, "other": MEASURED}),
        "phases": nm.figures.phases(ONE_BIT, np.linspace(0.6, 1.8, 30), title="$q$ & r"),
        "diagram": nm.figures.phase_diagram(diagram()),
        "comparison": nm.figures.comparison(table()),
        "odd": nm.figures.Drawing([odd, odd], columns=1, title="#"),
    }


# -- what is on them -------------------------------------------------------------------------


def lines_of(axes):
    """Those with data: keys of the legend have none."""
    return [line for line in axes.lines if np.size(line.get_xdata())]


def test_lines_are_the_data():
    (axes,) = nm.figures.learning_curves(CURVES).axes
    order = np.argsort(ALPHA)
    for line, curve in zip(lines_of(axes), CURVES.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), ALPHA[order])
        np.testing.assert_array_equal(line.get_ydata(), curve.test_error[order])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(CURVES)
    assert axes.get_xscale() == "log"
    assert "n/d" in axes.get_xlabel()


def test_failed_points_are_left_out():
    curve = CURVES["ridge"]
    status = np.array([0, int(nm.Status.UNRESOLVED), 0, 0])
    (axes,) = nm.figures.learning_curves(replace(curve, status=status)).axes
    shown = lines_of(axes)[0].get_ydata()
    np.testing.assert_array_equal(np.isnan(shown), [True, False, False, False])


STRENGTHS = [[0.01], [1.0]]
RATIOS = np.array([2.0, 0.5, 1.0])


@pytest.mark.parametrize("turned", [False, True])
def test_several_rows_are_several_lines_of_one_look(turned):
    ridge = nm.erm.Ridge(regularization=np.transpose(STRENGTHS) if turned else STRENGTHS)
    curve = ridge.learning_curve(PROBLEM, RATIOS[:, None] if turned else RATIOS)
    rows = curve.test_error.T if turned else curve.test_error
    order = np.argsort(RATIOS)
    (drawn,) = nm.figures.learning_curves({"r": curve}).axes
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == ["r"]
    own = Figure().subplots()
    curve.plot(own, label="r")
    assert [t.get_text() for t in own.legend().get_texts()] == ["r"]
    for axes in (drawn, own):
        lines = lines_of(axes)
        for line, row in zip(lines, rows, strict=True):
            np.testing.assert_array_equal(line.get_xdata(), RATIOS[order])
            np.testing.assert_array_equal(line.get_ydata(), row[order])
        assert len({line.get_color() for line in lines}) == 1
        assert len({line.get_linestyle() for line in lines}) == 1


def test_bands_of_several_rows():
    alpha = np.array([[1.0, 2.0], [3.0, 4.0]])
    curve = PROBLEM.learning_curve(alpha)
    quantiles = {p: curve.test_error * (0.5 + p) for p in (0.05, 0.95)}
    bands = nm.figures.learning_curves(replace(curve, quantiles=quantiles)).panels[0].items[:2]
    for band, x, high in zip(bands, alpha, quantiles[0.95], strict=True):
        np.testing.assert_array_equal(band.x, x)
        np.testing.assert_array_equal(band.high, high)
    assert [band.label for band in bands] == ["5% to 95% of networks", None]


def test_regularizations_at_one_alpha_are_the_abscissa():
    strengths = [10.0, 0.5, 1.0]
    curve = nm.erm.Ridge(regularization=strengths).learning_curve(PROBLEM, 1.0)
    optimal = PROBLEM.learning_curve(1.0)
    (drawn,) = nm.figures.learning_curves(
        {"optimal": optimal, "r": curve}, {"r": ([1.0], [0.5], [0.01])}
    ).axes
    own = Figure().subplots()
    curve.plot(own)
    for axes in (drawn, own):
        line = lines_of(axes)[1 if axes is drawn else 0]
        np.testing.assert_array_equal(line.get_xdata(), np.sort(strengths))
        np.testing.assert_array_equal(line.get_ydata(), curve.test_error[np.argsort(strengths)])
        assert axes.get_xscale() == "log"
        assert axes.get_xlabel() == nm.figures.curves.LABELS["regularization"]
    level = lines_of(drawn)[0]
    np.testing.assert_array_equal(level.get_xdata(), [0.5, 10.0])
    np.testing.assert_array_equal(level.get_ydata(), [float(optimal.test_error)] * 2)
    with pytest.raises(BadArgument, match="no axis in common"):
        nm.figures.learning_curves([curve, CURVES["ridge"]])
    with pytest.raises(BadArgument, match=r"give arrays \(regularization, mean"):
        nm.figures.learning_curves({"ridge": curve}, table())


def test_simulations_are_markers_with_bars_in_the_colour_of_their_curve():
    drawing = nm.figures.learning_curves(CURVES, {"ridge": MEASURED}, bars=3.0)
    (axes,) = drawing.axes
    (container,) = axes.containers
    marker, _, (bars,) = container.lines
    np.testing.assert_array_equal(marker.get_xydata(), np.array(MEASURED[:2]).T)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    mean, error = np.array(MEASURED[1]), np.array(MEASURED[2])
    np.testing.assert_allclose(ends, np.array([mean - 3 * error, mean + 3 * error]).T)
    assert marker.get_color() == lines_of(axes)[1].get_color()
    assert marker.get_linestyle() == "None"
    # the entry of the curve shows the marker; there is no entry of its own
    handle = axes.get_legend().legend_handles[1]
    assert handle.get_marker() == marker.get_marker()
    assert len(axes.get_legend().get_texts()) == 2


def test_comparisons_beside_curves():
    (axes,) = nm.figures.learning_curves({"ridge": CURVES["ridge"]}, table()).axes
    marker = axes.containers[0].lines[0]
    np.testing.assert_array_equal(marker.get_ydata(), [p.mean for p in table().points])
    assert marker.get_color() == lines_of(axes)[0].get_color()


def test_bands_are_the_quantiles():
    quantiles = {p: CURVES["Bayes-optimal"].test_error * (0.5 + p) for p in (0.05, 0.5, 0.95)}
    curve = replace(CURVES["Bayes-optimal"], quantiles=quantiles)
    (band, line) = nm.figures.learning_curves(curve).panels[0].items
    assert band.label == "5% to 95% of networks"
    np.testing.assert_array_equal(band.high, np.sort(quantiles[0.95])[::-1])
    assert line.label is None


def test_phases_are_every_branch(kinds):
    upper, lower = kinds["phases"].panels
    labels = {item.label: item for item in upper.items if isinstance(item, nm.figures.Line)}
    assert {"optimal", "metastable", "unstable"} <= set(labels)
    assert labels["optimal"].dash == labels["metastable"].dash == "solid"
    assert labels["unstable"].dash == "dotted"
    found = ONE_BIT.transitions()
    (shade,) = (item for item in upper.items if isinstance(item, nm.figures.Span))
    assert (shade.low, shade.high) == (found.information_theoretic, found.algorithmic)
    marks = [item.value for item in upper.items if isinstance(item, nm.figures.Threshold)]
    assert marks == [found.information_theoretic, found.algorithmic]
    # the optimal branch is where the free entropy is largest
    top = [i for i in lower.items if isinstance(i, nm.figures.Line) and i.color == palette.BLUE]
    assert max(np.nanmax(np.abs(item.y)) for item in top) < 0.1
    assert all(np.nanmin(np.abs(item.y)) == 0.0 for item in top)


PERFECT = nm.GLM(nm.channels.Readout(nm.activations.Abs(), noise=0.0))


def test_phases_where_the_free_entropy_is_infinite():
    upper, lower = nm.figures.phases(PERFECT, np.linspace(0.3, 2.0, 10)).panels
    lines = [item for item in lower.items if isinstance(item, nm.figures.Line)]
    shown = np.concatenate([line.y for line in lines])
    assert np.isfinite(shown).any()
    assert not np.isinf(shown).any()
    assert any(np.nanmax(item.y) == 1.0 for item in upper.items if hasattr(item, "y"))


def test_phases_at_one_alpha_are_marked():
    drawing = nm.figures.phases(ONE_BIT, [1.4])
    points = [item for item in drawing.panels[0].items if isinstance(item, nm.figures.Points)]
    lines = [item for item in drawing.panels[0].items if isinstance(item, nm.figures.Line)]
    assert [item.y.tolist() for item in points] == [item.y.tolist() for item in lines]
    assert len(points) == 3
    assert {item.color for item in points} == {item.color for item in lines}
    # a point that a line goes through has no mark
    dense = nm.figures.phases(ONE_BIT, np.linspace(1.3, 1.4, 5)).panels[0].items
    assert not any(isinstance(item, nm.figures.Points) for item in dense)


def test_transitions_know_their_problem(kinds):
    found = ONE_BIT.transitions()
    again = nm.figures.phases(found, np.linspace(0.6, 1.8, 30))
    for one, other in zip(again.panels[0].items, kinds["phases"].panels[0].items, strict=True):
        assert getattr(one, "label", None) == getattr(other, "label", None)
    with pytest.raises(BadArgument, match="do not know their problem"):
        nm.figures.phases(replace(found, origin=None))


def test_phase_diagram_shades_between_its_thresholds(kinds):
    items = kinds["diagram"].panels[0].items
    (band,) = (item for item in items if isinstance(item, nm.figures.Band))
    np.testing.assert_array_equal(band.low, diagram().information_theoretic[:, 1])
    np.testing.assert_array_equal(band.high, diagram().algorithmic[:, 1])
    assert kinds["diagram"].axes[0].get_xlabel() == "density"


def test_comparison_rings_what_differs(kinds):
    left, right = kinds["comparison"].panels
    (ring,) = (item for item in left.items if getattr(item, "marker", None) == "ring")
    assert (ring.x.tolist(), ring.y.tolist()) == ([4.0], [0.5])
    (points,) = (item for item in right.items if isinstance(item, nm.figures.Points))
    np.testing.assert_array_equal(points.y, [p.z for p in table().points])
    assert "mean square" in left.y_label


# -- what they look like ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "log"),
    [([1.0, 10.0], False), ([1.0, 10.1], True), ([0.0, 100.0], False), ([np.nan, 1.0], False)],
)
def test_a_decade_decides_on_the_scale(values, log):
    line = nm.figures.Line(values, values[::-1])
    (axes,) = nm.figures.Drawing([nm.figures.Panel([line])]).axes
    assert axes.get_xscale() == axes.get_yscale() == ("log" if log else "linear")


def test_error_bars_do_not_decide_on_the_scale():
    points = nm.figures.Points([1.0, 20.0], [1.0, 20.0], [2.0, 0.1])
    settled = layout.settle(nm.figures.Panel([points]), 3.0, 2.0)
    assert settled.y.log
    assert settled.y.low > 0.0


@pytest.mark.parametrize(("name", "width"), list(WIDTHS.items()))
def test_named_sizes(name, width):
    drawing = nm.figures.learning_curves(CURVES, size=name)
    assert drawing.figure.get_figwidth() == pytest.approx(width)
    assert 0.4 < drawing.figure.get_figheight() / width < 1.2


def test_sizes_by_hand():
    drawing = nm.figures.learning_curves(CURVES, size=(5.0, 2.0))
    assert tuple(drawing.figure.get_size_inches()) == (5.0, 2.0)
    assert nm.figures.learning_curves(CURVES, size=4).dimensions[0] == 4.0


@pytest.mark.parametrize(
    ("size", "count", "columns"),
    [("column", 2, 2), ("column", 3, 2), ("column", 6, 2), ("wide", 6, 3), (2.0, 6, 1)],
)
def test_panels_wrap_before_they_are_narrow(size, count, columns):
    panel = nm.figures.Panel([LINE], "x", "y")
    drawing = nm.figures.Drawing([panel] * count, size=size)
    across, up = drawing.dimensions
    assert drawing.columns == columns
    assert across / columns >= 1.5
    assert up * columns / count >= 1.2 - 1e-12
    assert len(drawing.axes) == count


def test_numbers_at_a_short_axis_are_few():
    line = nm.figures.Line([0.1, 20.0], [0.1, 20.0])
    wide, small = (
        layout.settle(nm.figures.Panel([line]), *size) for size in ((3.4, 2.4), (1.7, 1))
    )
    for axis in (wide.x, wide.y):
        assert axis.ticks == (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)[: len(axis.ticks)]
        assert len(axis.ticks) >= 7
    for axis in (small.x, small.y):
        assert axis.ticks == (0.1, 1.0, 10.0)


def test_the_smallest_size(tmp_path):
    panel = nm.figures.Panel([replace(LINE, label="a")], "x", "y")
    smallest = nm.figures.Drawing([panel], size=(1.2, 1.0))
    for extension in ("png", "tex"):
        smallest.save(tmp_path / f"a.{extension}")
    assert nm.figures.Drawing([panel, panel], columns=1, size=1.2).dimensions[1] >= 1.2


@pytest.mark.parametrize(
    "values", [[1e300, 1e-300], [-1e308, 1e308], [1e-310, 1e-312], [1e300, 1.0], [1e300, 1e300]]
)
def test_huge_ranges(values, tmp_path):
    for line in (nm.figures.Line([1.0, 2.0], values, "a"), nm.figures.Line(values, values, "a")):
        drawing = nm.figures.Drawing([nm.figures.Panel([line], "x", "y")])
        drawing.save(tmp_path / "a.png", force=True)
        drawing.save(tmp_path / "a.tex", force=True)
    if values[1] == 1e-300:
        low, high = drawing.axes[0].get_ylim()
        assert low < 1e-300 < 1e300 < high


def test_text_is_of_the_size_of_a_paper(kinds):
    for drawing in kinds.values():
        for axes in drawing.axes:
            sizes = [axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels()]
            sizes += axes.get_legend().get_texts() if axes.get_legend() else []
            assert {text.get_fontsize() for text in sizes} <= {8.0, 9.0}


def test_legend_covers_no_line():
    steep = nm.figures.Line([0.0, 1.0], [0.0, 1.0], "a")
    for label in ("a", "a line with such a long name that it needs half of the panel"):
        settled = layout.settle(nm.figures.Panel([replace(steep, label=label)]), 3.4, 2.4)
        assert settled.legend in ("upper left", "lower right", "above")
    both = [steep, nm.figures.Line([0.0, 1.0], [1.0, 0.0], "b")]
    assert layout.settle(nm.figures.Panel(both), 3.4, 2.4).legend == "above"


# Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), severity 1; for linear RGB.
BLIND = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip


def lab(code, matrix):
    """CIE L*a*b* of a colour as somebody sees it."""
    rgb = np.array([int(code[k : k + 2], 16) for k in (1, 3, 5)]) / 255.0
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(matrix @ linear, 0.0, 1.0)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ seen / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16.0 / 116.0)
    return np.array([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", list(BLIND))
def test_colours_are_told_apart(sight):
    seen = [lab(code, BLIND[sight]) for code in palette.CYCLE]
    apart = [math.dist(a, b) for k, a in enumerate(seen) for b in seen[:k]]
    assert min(apart) > 12.0  # a difference of 2.3 is just noticed
    first = [math.dist(a, b) for k, a in enumerate(seen[:4]) for b in seen[:k]]
    assert min(first) > 20.0


def test_no_two_lines_differ_by_colour_alone():
    items = [nm.figures.Line([1, 2], [1, 2]) for _ in range(7)]
    items += [nm.figures.Points([1], [1]) for _ in range(7)]
    settled = nm.figures.Panel(items).items
    assert len({line.dash for line in settled[:7]}) == len(DASHES) == 7
    assert len({points.marker for points in settled[7:]}) == len(MARKERS) == 7
    assert len({line.color for line in settled[:7]}) == len(palette.CYCLE) == 7


# -- manners ---------------------------------------------------------------------------------


def test_importing_and_describing_needs_no_matplotlib():
    code = (
        "import sys, nishimori as nm; "
        "nm.figures.Drawing([nm.figures.Panel([nm.figures.Line([1, 2], [1, 2])])]).dimensions; "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_style_and_pyplot_are_left_alone(tmp_path):
    code = (
        "import sys, matplotlib as mpl, nishimori as nm\n"
        "mpl.rcParams['font.size'] = 17.0\n"
        "keep = lambda: {k: mpl.rcParams._get(k) for k in mpl.rcParams}\n"
        "before = keep()\n"
        "line = nm.figures.Line([1, 2], [1, 2], 'a')\n"
        "drawing = nm.figures.Drawing([nm.figures.Panel([line], 'x')])\n"
        "for end in ('png', 'pdf', 'svg', 'eps', 'tex'): drawing.save(f'a.{end}')\n"
        "drawing._repr_png_()\n"
        "assert drawing.axes[0].xaxis.label.get_fontsize() == 9.0\n"
        "assert keep() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(tmp_path)) == ["a.dat", "a.eps", "a.pdf", "a.png", "a.svg", "a.tex"]


def test_missing_matplotlib_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OutputError, match=r'pip install "nishimori\[plot\]"'):
        _ = nm.figures.learning_curves(CURVES).figure


LINE = nm.figures.Line([1.0, 2.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nm.figures.learning_curves({}), "no curve and no simulation"),
        (lambda: nm.figures.learning_curves(3), "must be a Curve"),
        (lambda: nm.figures.learning_curves({"a": 1}), "expected labels and curves"),
        (lambda: nm.figures.learning_curves(CURVES, 3), "simulations must be"),
        (lambda: nm.figures.learning_curves(CURVES, {"a": 3}), "three arrays"),
        (lambda: nm.figures.learning_curves(CURVES, {"a": ([1], [1, 2], [1])}), "one length"),
        (lambda: nm.figures.learning_curves(CURVES, bars=-1), "bars must be"),
        (lambda: nm.figures.learning_curves(CURVES, size="huge"), "size must be one of 'column'"),
        (lambda: nm.figures.learning_curves(CURVES, size=(1, 2, 3)), "size must be one of"),
        (lambda: nm.figures.learning_curves(CURVES, size=True), "size must be one of"),
        (lambda: nm.figures.learning_curves(CURVES, size=(0.5, 0.5)), "at least 1.2 x 1 and"),
        (lambda: nm.figures.learning_curves(CURVES, size=1.1), r"at least 1\.2 x 1 inches"),
        (
            lambda: nm.figures.Drawing([nm.figures.Panel([LINE])] * 6, columns=6),
            "at least 6 x 1 inches for 6 panels, 6 in a row; got 3.375 x 1.2",
        ),
        (lambda: nm.figures.Panel([LINE], weight=0), "weight must be finite and positive"),
        (lambda: nm.figures.Points([1, 2], [1, 2], [-0.1, math.nan]), "at least 0.*got -0.1"),
        (
            lambda: nm.figures.learning_curves(CURVES, {"a": ([1], [1], [-1])}),
            "error must be at least 0",
        ),
        (lambda: nm.figures.learning_curves(CURVES).save(3), "path must be a str or a path, got 3"),
        (lambda: nm.figures.learning_curves(CURVES).save(None), "must be a str or a path, got No"),
        (lambda: nm.figures.learning_curves(CURVES).save(b"a.pdf"), "must be a str or a path"),
        (lambda: nm.figures.phases(3), "expected a GLM or Transitions"),
        (lambda: nm.figures.phases(ONE_BIT, quantity="x"), "quantity must be one of"),
        (lambda: nm.figures.phase_diagram(3), "expected a PhaseDiagram"),
        (lambda: nm.figures.comparison(3), "expected a Comparison"),
        (lambda: nm.figures.comparison(Comparison(())), "without points"),
        (lambda: nm.figures.Panel([3]), "items must be"),
        (lambda: nm.figures.Panel([LINE], legend="inside"), "legend must be one of"),
        (lambda: nm.figures.Panel([LINE], x_limits=(2, 1)), "x_limits must be finite and asc"),
        (lambda: nm.figures.Panel([LINE], x_limits=3), "x_limits must be two numbers"),
        (lambda: nm.figures.Drawing([]), "panels must be"),
        (lambda: nm.figures.Line([1, 2], [1]), "one length"),
        (lambda: nm.figures.Line("a", [1]), "must be an array of numbers"),
        (lambda: nm.figures.Line([1], [1], dash="wavy"), "dash must be one of"),
        (lambda: nm.figures.Points([1], [1], marker="dot"), "marker must be one of"),
        (lambda: nm.figures.Threshold(math.nan), "value must be finite"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(BadArgument, match=words):
        call()


def test_unknown_quantities_and_bad_mathematics():
    with pytest.raises(UnknownName, match="did you mean 'test_error'"):
        nm.figures.learning_curves(CURVES, quantity="test_eror")
    bad = nm.figures.learning_curves({r"$\nosuchthing$": CURVES["ridge"]})
    with pytest.raises(BadArgument, match="cannot be set"):
        _ = bad.figure


# -- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extension", "start"),
    [("png", b"\x89PNG"), ("PDF", b"%PDF"), ("svg", b"<?xml"), ("eps", b"%!PS"), ("tex", b"%")],
)
def test_files_are_written_once(kinds, tmp_path, extension, start):
    path = tmp_path / f"figure.{extension}"
    kinds["curves"].save(path)
    before = path.read_bytes()
    assert before.startswith(start)
    with pytest.raises(OutputError, match="exists"):
        kinds["odd"].save(path)
    assert path.read_bytes() == before
    kinds["odd"].save(path, force=True)
    assert path.read_bytes() != before


def test_neither_file_of_a_pair_is_overwritten(kinds, tmp_path):
    (tmp_path / "figure.dat").write_text("mine")
    with pytest.raises(OutputError, match=r"figure\.dat.*exists"):
        kinds["curves"].save(tmp_path / "figure.tex")
    assert os.listdir(tmp_path) == ["figure.dat"]
    with pytest.raises(OutputError, match=r"\.pdf, \.png, \.svg, \.eps, \.tex"):
        kinds["curves"].save(tmp_path / "figure.jpeg")
    with pytest.raises(OutputError, match=r"whose name holds '%'"):
        kinds["curves"].save(tmp_path / "50%.tex")


def test_pictures_say_how_they_were_made(kinds, tmp_path):
    from nishimori.export.provenance import read_document

    for extension in ("png", "pdf", "svg"):
        path = tmp_path / f"figure.{extension}"
        kinds["curves"].save(path)
        entries = {entry["name"]: entry for entry in read_document(str(path))["results"]}
        assert set(entries) == set(CURVES)
        assert "learning_curve" in entries["ridge"]["expression"]
    kinds["curves"].save(tmp_path / "figure.tex")
    assert "learning_curve" in (tmp_path / "figure.tex").read_text()


def test_eps_has_no_transparency_and_leaves_the_figure_as_it_is(tmp_path, caplog):
    items = [
        nm.figures.Band([1, 2], [1, 1], [2, 2], "b", palette.BLUE, 0.15),
        nm.figures.Line([1, 2], [1, 2], "a"),
    ]
    drawing = nm.figures.Drawing([nm.figures.Panel(items, "x", "y")])
    drawing.figure.set_layout_engine("none")  # it settles on other pixels every time
    drawing.save(tmp_path / "before.png")
    drawing.save(tmp_path / "a.eps")
    drawing.save(tmp_path / "after.png")
    assert "transparency" not in caplog.text
    assert (tmp_path / "before.png").read_bytes() == (tmp_path / "after.png").read_bytes()
    # the band is as pale as it is elsewhere: 15% of #0072B2 on white
    assert b"0.85 0.917 0.955 setrgbcolor" in (tmp_path / "a.eps").read_bytes()


def test_simulations_are_described_too(tmp_path):
    compared = nm.simulate.compare(
        PROBLEM, nm.erm.Ridge(), alpha=[1.0, 3.0], width=20, repetitions=4
    )
    curves = {"ridge": nm.erm.Ridge().learning_curve(PROBLEM, [1.0, 3.0])}
    for given, name in (({"ridge": compared}, "ridge (simulated)"), (compared, "(simulated)")):
        drawing = nm.figures.learning_curves(curves, given)
        assert list(drawing.results) == ["ridge", name]
    drawing.save(tmp_path / "a.pdf")
    found = nm.export.reproduce(tmp_path / "a.pdf")
    assert found.agrees
    assert found.simulated
    # one of data that the file does not hold would keep the curves from being made again
    assert list(nm.figures.learning_curves(curves, table()).results) == ["ridge"]


def test_text_of_a_pdf_is_embedded_as_truetype(kinds, tmp_path):
    kinds["curves"].save(tmp_path / "figure.pdf")
    content = (tmp_path / "figure.pdf").read_bytes()
    assert b"/Type3" not in content
    assert b"/FontFile2" in content or b"/CIDFontType2" in content


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("50% of $\\alpha_1$ & x_1", r"50\% of $\alpha_1$ \& x\_1"),
        (r"\$5", r"\$5"),
        ("5$", r"5\$"),
        ("a#b{c}^~", r"a\#b\{c\}\textasciicircum{}\textasciitilde{}"),
        (
            "\N{GREEK SMALL LETTER ALPHA} and \N{GREEK CAPITAL LETTER LAMDA}",
            r"$\alpha$ and $\Lambda$",
        ),
        ("a\\b", r"a\textbackslash{}b"),
    ],
)
def test_text_for_tex(said, expected):
    assert tex_text(said) == expected


def columns_of(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    names, *rows = (line.split() for line in lines)
    return dict(zip(names, np.array(rows, dtype=float).T, strict=True))


def test_the_table_of_a_pair_holds_the_same_numbers(kinds, tmp_path):
    kinds["curves"].save(tmp_path / "figure.tex")
    tex, columns = (tmp_path / "figure.tex").read_text(), columns_of(tmp_path / "figure.dat")
    order = np.argsort(ALPHA)
    for number, curve in enumerate(CURVES.values(), 1):
        np.testing.assert_array_equal(columns[f"x{number}"], ALPHA[order])
        np.testing.assert_array_equal(columns[f"y{number}"], curve.test_error[order])
    for name, values in zip("xye", MEASURED, strict=True):
        doubled = np.array(values) * (2.0 if name == "e" else 1.0)
        np.testing.assert_array_equal(columns[f"{name}3"], [*doubled, np.nan, np.nan])
    assert "xmode=log" in tex
    assert "ymode=log" not in tex or kinds["curves"].axes[0].get_yscale() == "log"
    assert r"\addlegendentry{Bayes-optimal}" in tex
    assert r"xlabel={$\alpha = n/d$}" in tex
    for code in re.findall(r"\{HTML\}\{(\w{6})\}", tex):
        assert f"#{code}" in (*palette.CYCLE, palette.GREY, palette.SHADE)


def test_lines_leave_the_neighbourhood_where_they_would():
    axis = layout.Axis("", False, 0.0, 1.0)
    x, y = clipped(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1e9, 0.0]), axis, axis)
    assert np.abs(y).max() <= 3.0
    slopes = np.diff(y) / np.where(np.diff(x) == 0.0, np.nan, np.diff(x))
    np.testing.assert_allclose(slopes[[0, -1]], [2e9, -2e9])
    log = layout.Axis("", True, 1.0, 10.0)
    _, y = clipped(np.array([1.0, 2.0, 3.0]), np.array([2.0, -1.0, 3.0]), axis, log)
    np.testing.assert_array_equal(np.isnan(y), [False, True, False])


def compiles(directory, name):
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
        cwd=directory, capture_output=True, text=True, errors="replace", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert (directory / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    return done.stdout


def has_pgfplots():
    if not (shutil.which("pdflatex") and shutil.which("kpsewhich")):
        return False
    found = subprocess.run(["kpsewhich", "pgfplots.sty"], capture_output=True, check=False)
    return bool(found.stdout.strip())


needs_tex = pytest.mark.skipif(not has_pgfplots(), reason="needs pdflatex and pgfplots")


@needs_tex
@pytest.mark.parametrize("kind", ["curves", "phases", "diagram", "comparison", "odd"])
def test_pairs_compile_by_themselves(kinds, tmp_path, kind):
    kinds[kind].save(tmp_path / "figure.tex")
    said = compiles(tmp_path, "figure")
    assert "Output written on figure.pdf (1 page" in said
    assert "Missing character" not in said
    assert "Overfull" not in said


LOST = [np.nan, np.nan]


@needs_tex
@pytest.mark.parametrize(
    "item",
    [
        nm.figures.Line([1, 2], LOST, "lost"),
        nm.figures.Line([1, 2], LOST, "lost", legend_marker="square"),
        nm.figures.Line([1, 2], LOST),
        nm.figures.Line([], [], "lost"),
        nm.figures.Points([1, 2], LOST, [0.1, 0.1], "lost"),
        nm.figures.Points([1, 2], [1, 2], LOST, "lost"),
        nm.figures.Band([1, 2], LOST, [1, 2], "lost"),
        nm.figures.Line([1, 2], [1e300, 1e-300], "lost"),
    ],
    ids=["line", "marked", "unnamed", "empty", "points", "bars", "band", "huge"],
)
def test_what_is_lost_compiles(item, tmp_path):
    nm.figures.Drawing([nm.figures.Panel([item])]).save(tmp_path / "a.tex")
    assert "no coordinates" not in compiles(tmp_path, "a")
    assert ("lost" in (tmp_path / "a.tex").read_text()) == (item.label is not None)


@needs_tex
def test_pairs_can_be_input_into_a_paper(kinds, tmp_path):
    figures = tmp_path / "figures"
    figures.mkdir()
    for kind in ("curves", "phases"):
        kinds[kind].save(figures / f"{kind}.tex")
    (tmp_path / "paper.tex").write_text(
        r"""\documentclass[twocolumn]{article}
\usepackage{pgfplots}\usepgfplotslibrary{groupplots}
\pgfplotsset{compat=1.16, table/search path={figures}}
\begin{document}
\begin{figure}\input{figures/curves}\caption{One.}\end{figure}
\begin{figure}\centering\input{figures/phases}\caption{Two.}\end{figure}
Text.
\end{document}
"""
    )
    said = compiles(tmp_path, "paper")
    assert "Output written on paper.pdf (1 page" in said


def test_notebooks_see_a_picture(kinds):
    assert kinds["diagram"]._repr_png_().startswith(b"\x89PNG")
    assert repr(kinds["diagram"]).startswith("<Drawing of 1 panel, 3.38 x ")
