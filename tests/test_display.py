"""How objects show themselves: short reprs, and HTML that notebooks can render."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import nishimori as nm
from nishimori.export.html import sparkline

NETWORK = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=3)
PROBLEM = nm.GLM(nm.channels.Sign(noise=0.1), noise_variance=0.2)
ALPHA = np.geomspace(0.1, 10.0, 30)


@pytest.fixture(scope="module")
def shown():
    abs_labels = nm.GLM(nm.channels.Readout(nm.activations.Abs()))

    linear = nm.GLM(nm.channels.Linear(noise=0.1))
    inputs = np.random.default_rng(1).standard_normal((40, 20))

    def family(noise):
        return nm.GLM(nm.channels.Sign(noise=noise), nm.priors.Rademacher())

    return {
        "network": NETWORK,
        "reduction": NETWORK.reduce(),
        "glm": PROBLEM,
        "curve": PROBLEM.learning_curve(ALPHA),
        "state": PROBLEM.solve(1.0),
        "erm curve": nm.erm.Hinge().learning_curve(PROBLEM, ALPHA),
        "erm state": nm.erm.Hinge().solve(PROBLEM, 1.0),
        "trajectory": PROBLEM.trajectory(1.0, 20),
        "transitions": abs_labels.transitions(),
        "diagram": nm.phase_diagram(family, 0.0, 0.05, parameter="noise <b>", points=3),
        "fixed points": nm.GLM(nm.channels.Sign(), nm.priors.Rademacher()).fixed_points(1.35),
        "comparison": nm.simulate.compare(linear, {"a<b": nm.erm.Ridge()}, [1.0, 2.0], 20),
        "extrapolation": nm.simulate.extrapolate(
            linear, nm.erm.Ridge(), 1.0, (20, 40, 80), repetitions=2
        ),
        "message passing": nm.simulate.gamp(linear, inputs, inputs[:, 0]),
        "history": nm.simulate.train_network(NETWORK, inputs, inputs[:, 0], 0, steps=3).history,
    }


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "name",
    [
        "network",
        "reduction",
        "glm",
        "curve",
        "state",
        "erm curve",
        "erm state",
        "trajectory",
        "transitions",
        "diagram",
        "fixed points",
        "comparison",
        "extrapolation",
        "message passing",
        "history",
    ],
)
def test_html_is_well_formed_and_brings_no_style_or_script(shown, name):
    text = shown[name]._repr_html_()
    parser = Balance()
    parser.feed(text)
    assert not parser.open
    assert "table" in parser.seen
    assert not {"style", "script", "link", "img"} & parser.seen
    assert "href" not in text
    ElementTree.fromstring(text)
    assert len(text) < 20_000


def test_html_shows_the_numbers(shown):
    state = shown["state"]
    assert f"{state.mmse:.6g}" in state._repr_html_()
    reduction = shown["reduction"]
    assert f"{reduction.noise_variance:.6g}" in reduction._repr_html_()
    assert "theorem" in reduction._repr_html_()
    curve = shown["curve"]
    assert "30 points, 30 converged" in curve._repr_html_()
    assert f"{curve.test_error[-1]:.6g}" in curve._repr_html_()
    assert curve._repr_html_().count("<tr>") == 12 + 1 + 2
    assert "sign:noise=0.1" in shown["glm"]._repr_html_()
    assert "1 to 3" in shown["network"]._repr_html_()
    assert "1.1284" in shown["transitions"]._repr_html_()
    states = shown["fixed points"]
    assert states._repr_html_().count("<tr>") == 1 + len(states) > 2
    for state in states:
        assert f"{state.overlap:.6g}" in states._repr_html_()
    for name in ("comparison", "extrapolation"):
        point = shown[name].points[0]
        assert f"{point.theory:.6g}" in shown[name]._repr_html_()
        assert point.verdict in shown[name]._repr_html_()
    found = shown["message passing"]
    assert f"{found.self_overlap[-1]:.6g}" in found._repr_html_()
    assert "svg" in found._repr_html_()
    assert ">overlap<" not in found._repr_html_()  # without weights it is not known


def test_what_users_name_is_escaped(shown):
    assert "noise &lt;b&gt;" in shown["diagram"]._repr_html_()
    assert "a&lt;b" in shown["comparison"]._repr_html_()
    network = nm.DeepNetwork([nm.Layer(nm.activations.Custom(lambda x: np.tanh(x)))])
    assert "custom:&lt;lambda&gt;" in network._repr_html_()
    assert "custom:&lt;lambda&gt;" in network.reduce()._repr_html_()


def test_long_networks_and_curves_show_some_of_their_rows():
    layers = [nm.Layer(nm.activations.Tanh(gain=1.0 + k)) for k in range(40)]
    text = nm.DeepNetwork(layers)._repr_html_()
    assert text.count("<tr>") == 13
    assert "29 more rows are not shown" in text


def test_curves_without_points_show_as_such(shown):
    curve = shown["curve"]
    values = {field.name: getattr(curve, field.name) for field in fields(curve)}
    none = {name: v[:0] for name, v in values.items() if isinstance(v, np.ndarray)}
    empty = replace(curve, **none)
    ElementTree.fromstring(empty._repr_html_())
    assert repr(empty).startswith("<Curve of 0 points")


def points(svg):
    (path,) = re.findall(r'points="([^"]*)"', svg)
    return np.array([[float(v) for v in pair.split(",")] for pair in path.split()])


def test_a_sparkline_rises_where_the_numbers_rise():
    line = points(sparkline(np.array([3.0, 1.0, 2.0]), np.array([9.0, 1.0, 4.0])))
    assert (np.diff(line[:, 0]) > 0).all()
    assert (np.diff(line[:, 1]) < 0).all()  # down the page is up in y
    assert line[:, 0].tolist() == [3.0, 110.0, 217.0]


def test_a_sparkline_of_powers_is_straight():
    x = np.geomspace(1.0, 1e4, 5)
    line = points(sparkline(x, x**2))
    assert np.allclose(np.diff(line, axis=0), np.diff(line, axis=0)[0], atol=0.11)


def test_a_sparkline_leaves_out_what_is_not_finite():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert len(points(sparkline(x, np.array([1.0, np.nan, np.inf, 2.0])))) == 2
    assert "circle" in sparkline(x[:1], x[:1])
    assert sparkline(x, np.full(4, np.nan)) == ""
    level = points(sparkline(x, np.full(4, 0.3)))
    assert (level[:, 1] == 24.0).all()
    huge = points(sparkline(x, np.array([-1e308, 1e308, 0.0, 1.0])))
    assert np.isfinite(huge).all()


def test_reprs_are_short(shown):
    for name in ("curve", "erm curve", "trajectory", "diagram", "reduction", "state", "erm state"):
        text = repr(shown[name])
        assert len(text) < 400, name
        assert "array(" not in text
        assert text.startswith("<")
        assert text.endswith(">")
    curve = shown["curve"]
    assert f"{curve.test_error[0]:.8g} to {curve.test_error[-1]:.8g}" in repr(curve)
    assert "none failed" in repr(curve)
    failed = replace(curve, status=np.full(curve.status.shape, int(nm.Status.NOT_FINITE)))
    assert "30 failed" in repr(failed)


def test_reprs_of_definitions_make_them_again(shown):
    names = {"Layer": nm.Layer, "Tanh": nm.activations.Tanh, "DeepNetwork": nm.DeepNetwork}
    assert eval(repr(NETWORK), names) == NETWORK
    names = {
        "GLM": nm.GLM,
        "Sign": nm.channels.Sign,
        "Gaussian": nm.priors.Gaussian,
        "Isotropic": nm.spectra.Isotropic,
    }
    assert eval(repr(PROBLEM), names) == PROBLEM
