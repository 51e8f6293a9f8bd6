"""Simulations beside theory: tables, verdicts, executors, failures."""

from __future__ import annotations

import csv
import io
import json
import math
import sqlite3
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import nishimori as nm
from nishimori.simulate import compare
from nishimori.simulate.procedures import named_procedures
from nishimori.simulate.theory_values import Theory, natural_scale
from nishimori.simulate.verdict import allowance, verdict
from plain_learners import Failing, Fatal, Guess, PlainRidge, Scaled

RIDGE = PlainRidge(nm.erm.Ridge(regularization=0.3))
PROBLEM = nm.GLM(nm.channels.Linear(noise=0.1))
TANH = nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth=2)
RELU = nm.DeepNetwork.uniform(nm.activations.ReLU(), depth=2, bias_variance=0.2)


def same(one, other):
    return [repr(row) for row in one.rows()] == [repr(row) for row in other.rows()]


def test_ridge_agrees_with_its_theory_on_a_glm():
    table = compare(PROBLEM, RIDGE, [0.5, 2.0], 60, repetitions=30)
    assert [p.samples for p in table.points] == [30, 120]
    assert [p.verdict for p in table.points] == ["agrees", "agrees"]
    expected = nm.erm.Ridge(regularization=0.3).learning_curve(PROBLEM, [0.5, 2.0])
    assert [p.theory for p in table.points] == pytest.approx(list(expected.test_error))
    assert table.agrees
    assert 0.0 < table.rms_z <= table.largest_z < 4.0
    for point in table.points:
        assert point.z == pytest.approx((point.mean - point.theory) / point.standard_error)
        assert abs(point.z_after) <= abs(point.z)
        assert point.allowance == pytest.approx(allowance(point.samples, 60, 1.1))


def test_theory_is_asked_at_the_real_ratio():
    table = compare(PROBLEM, RIDGE, 0.337, 50, repetitions=2)
    (point,) = table.points
    assert (point.samples, point.alpha) == (17, 0.34)
    assert point.theory == pytest.approx(RIDGE.estimator.solve(PROBLEM, 0.34).test_error)


@pytest.mark.parametrize(
    ("network", "channel"),
    [
        (TANH, nm.channels.Linear(0.1)),
        (RELU, nm.channels.Linear(0.01)),
        (TANH, nm.channels.Readout(nm.activations.ReLU(), 0.05)),
    ],
    ids=str,
)
def test_real_networks_agree(network, channel):
    table = compare(network, RIDGE, [0.5, 2.0], 100, 20, channel=channel)
    assert table.agrees, str(table)
    assert all(p.width == 100 for p in table.points)


def test_signs_are_misclassified():
    ridge = PlainRidge(nm.erm.SquareClassification(regularization="optimal"))
    table = compare(TANH, {"mine": ridge}, [2.0], 100, 20, channel=nm.channels.Sign(0.1))
    assert table.metrics == {"mine": "misclassification"}
    assert table.agrees, str(table)
    assert 0.2 < table.points[0].mean < 0.4


def test_a_wrong_learner_is_found_out():
    table = compare(PROBLEM, Scaled(RIDGE, 0.7), 2.0, 60, repetitions=20)
    assert [p.verdict for p in table.points] == ["differs"]
    assert not table.agrees
    assert table.points[0].z_after > 4.0


def test_theory_of_another_problem_is_found_out():
    # the frozen means of a ReLU network ignored: the recursion of odd networks, applied to it
    points = compare(RELU, RIDGE, [0.5, 1.0, 2.0], 100, 20, channel=nm.channels.Linear(0.01))
    reduction = RELU.reduce()
    naive = nm.GLM(
        nm.channels.Linear(0.01),
        signal_variance=reduction.signal_variance,
        noise_variance=reduction.noise_variance + reduction.offset_variance,
    )
    wrong = nm.simulate.judge(naive, points, estimator=RIDGE)
    assert points.agrees
    assert all(p.verdict == "differs" and abs(p.z) > 10.0 for p in wrong.points), str(wrong)


def test_without_a_theory_the_optimum_is_a_bound():
    table = compare(PROBLEM, Guess(), 2.0, 50, repetitions=10)
    assert [p.verdict for p in table.points] == ["above the optimum"]
    assert table.agrees
    assert math.isnan(table.rms_z)  # a bound says nothing about the spread
    assert verdict(0.1, 0.2, 0.01, 0.001, bound=True) == "below the optimum: impossible"
    assert verdict(0.19, 0.2, 0.01, 0.001, bound=True) == "above the optimum"


def test_learners_of_this_package():
    pytest.importorskip("sklearn")
    learners = {
        "descent": nm.simulate.Descent(steps=100),
        "logistic": nm.erm.Logistic(regularization="optimal"),
        "features": nm.simulate.Trained(
            nm.erm.SquareClassification(regularization=0.5),
            nm.features.RandomFeatures(TANH, [1.5, 0.5]),
        ),
    }
    table = compare(TANH, learners, 2.0, 40, 12, channel=nm.channels.Sign(0.1))
    assert table.agrees, str(table)
    assert [p.verdict for p in table.points] == ["above the optimum", "agrees", "agrees"]
    assert table.metrics["logistic"] == "misclassification"


def test_the_random_offset_is_averaged_over():
    theory = Theory.of(
        PlainRidge(nm.erm.SquareClassification(regularization=0.5)),
        RELU.glm(nm.channels.Sign(0.1)),
        RELU,
    )
    (mean,), reasons = theory.errors(np.array([1.0]))
    x, w = np.polynomial.hermite_e.hermegauss(40)
    spread = math.sqrt(RELU.reduce().offset_variance)
    exact = 0.0
    for node, weight in zip(x, w / w.sum(), strict=True):
        problem = RELU.glm(nm.channels.Sign(0.1), offset=spread * node)
        exact += weight * float(theory.estimator.solve(problem, 1.0).test_error)
    assert mean == pytest.approx(exact, rel=1e-4)
    assert reasons == [""]


def test_the_best_regularization_under_a_random_offset():
    estimator = nm.erm.SquareClassification(regularization="optimal")
    theory = Theory.of(PlainRidge(estimator), RELU.glm(nm.channels.Sign(0.1)), RELU)
    alpha = np.array([1.0])
    best = theory.regularization(alpha)
    (least,), _ = theory.errors(alpha, best)
    for factor in (0.7, 1.4):
        assert theory.errors(alpha, factor * best)[0][0] > least


def test_an_optimal_regularization_reaches_the_learner_as_a_number():
    ridge = PlainRidge(nm.erm.Ridge(regularization="optimal"))
    table = compare(PROBLEM, ridge, [0.5, 2.0], 60, repetitions=20)
    fixed = compare(PROBLEM, PlainRidge(nm.erm.Ridge(regularization=0.1)), [0.5, 2.0], 60, 20)
    assert [p.mean for p in table.points] == pytest.approx([p.mean for p in fixed.points])
    each = PlainRidge(nm.erm.Ridge(regularization=[0.1, 3.0]))
    mixed = compare(PROBLEM, each, [0.5, 2.0], 60, repetitions=20)
    assert mixed.points[0].mean == pytest.approx(fixed.points[0].mean)
    assert mixed.points[1].mean > fixed.points[1].mean


def test_every_executor_gives_the_same_table():
    arguments = (TANH, {"one": RIDGE, "noisy": Scaled(RIDGE, 1.0, 0.1)}, [0.5, 1.0], 30, 4)
    channel = nm.channels.Linear(0.1)
    serial = compare(*arguments, channel=channel, seed=3)
    with ThreadPoolExecutor(3) as threads:
        assert same(serial, compare(*arguments, channel=channel, seed=3, executor=threads))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert same(serial, compare(*arguments, channel=channel, seed=3, executor=processes))
    assert not same(serial, compare(*arguments, channel=channel, seed=4))


def test_any_executor_will_do():
    class Inline(Executor):
        def submit(self, function, /, *arguments, **keywords):
            future = Future()
            future.set_result(function(*arguments, **keywords))
            return future

    arguments = (PROBLEM, RIDGE, [0.5, 1.0], 30, 4)
    assert same(compare(*arguments), compare(*arguments, executor=Inline()))


def test_an_executor_that_takes_no_work_is_a_sentence():
    closed = ThreadPoolExecutor(1)
    closed.shutdown()

    class Nothing(Executor):
        def submit(self, function, /, *arguments, **keywords):
            return None

    for executor, words in (
        (closed, "takes no work: .*shutdown"),
        (Nothing(), "Future from submit"),
    ):
        with pytest.raises(nm.errors.BadArgument, match=words):
            compare(PROBLEM, RIDGE, 1.0, 20, 2, executor=executor)


def test_a_process_that_dies_is_a_sentence_and_the_results_are_kept(tmp_path):
    fatal = Fatal(nm.erm.Ridge(regularization=0.3))
    path = tmp_path / "runs.sqlite"
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(nm.errors.OutputError, match=r"the executor stopped after \d+ of 40"),
    ):
        compare(PROBLEM, fatal, 1.0, 20, 40, executor=pool, store=path)
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT count(*) FROM measurements").fetchone()[0] < 40


def test_more_repetitions_begin_with_the_same_ones():
    short = compare(PROBLEM, RIDGE, 1.0, 30, repetitions=2)
    from nishimori.simulate.comparison import prepare
    from nishimori.simulate.plan import make_points

    setup = prepare(PROBLEM, None, RIDGE, make_points(1.0, [(30,)], None), seed=0, dtype="float64")
    found = setup.measure(5)
    assert np.mean([found[0, r][0].error for r in range(2)]) == short.points[0].mean


@pytest.mark.parametrize("how", ["raises", "nan", "shape"])
def test_a_failure_is_a_sentence_and_the_rest_goes_on(how):
    table = compare(PROBLEM, [RIDGE, Failing(how)], 2.0, 40, repetitions=12)
    ridge, failing = table.points
    assert (ridge.failures, ridge.repetitions, ridge.verdict) == (0, 12, "agrees")
    assert failing.failures + failing.repetitions == 12
    assert 0 < failing.failures < 12
    words = {"raises": "the learner broke", "nan": "not finite", "shape": "shape (3,)"}[how]
    assert words in failing.reason
    assert failing.reason in table.summary
    assert not table.agrees


def test_progress_is_told():
    seen = []
    compare(PROBLEM, RIDGE, [1.0, 2.0], 20, 3, progress=lambda *pair: seen.append(pair))
    assert seen == [(done, 6) for done in range(7)]


def test_tables_and_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    table = compare(PROBLEM, [RIDGE, Scaled(RIDGE, 0.5)], [0.1, 0.5, 2.0], 60, 10)
    text = str(table)
    assert text.count("\n") == 1 + 1 + 6
    assert "differs" in text
    assert text.splitlines()[-1].startswith("6 points: ")
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert [float(row["mean"]) for row in rows] == [p.mean for p in table.points]
    assert len(json.loads(table.to_json())["rows"]) == 6
    axes = Figure().subplots()
    assert table.plot(axes) is axes
    assert axes.get_xscale() == "log"
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert set(names) >= {"ridge: theory", "ridge: simulated", "scaled: simulated"}
    from nishimori.export.comparisons import plot_comparison_file

    plot_comparison_file(table, str(tmp_path / "c.png"))
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_the_natural_scale_is_the_error_of_no_sample():
    problem = nm.GLM(nm.channels.Linear(0.1), signal_variance=0.5, noise_variance=0.3)
    assert natural_scale(problem, "mean_square") == pytest.approx(0.9)
    assert natural_scale(nm.GLM(nm.channels.Sign(0.1)), "misclassification") == pytest.approx(0.5)
    ordinal = nm.GLM(nm.channels.Ordinal([-0.5, 0.5]))
    assert natural_scale(ordinal, "mean_square") > 1.0  # of the classes 0, 1 and 2, about 0


def test_names():
    assert list(named_procedures(RIDGE)) == ["ridge"]
    assert list(named_procedures([RIDGE, RIDGE])) == ["ridge", "ridge (2)"]
    assert list(named_procedures({"a": RIDGE})) == ["a"]


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((TANH, RIDGE, 1.0, 30), {}, "a network needs channel="),
        ((PROBLEM, RIDGE, 1.0, 30), {"channel": nm.channels.Sign()}, "channel and a spectrum"),
        ((3, RIDGE, 1.0, 30), {}, "expected a GLM or a DeepNetwork"),
        ((PROBLEM, [], 1.0, 30), {}, "estimators is empty"),
        ((PROBLEM, "rigde", 1.0, 30), {}, "an estimator must be"),
        ((PROBLEM, RIDGE, [], 30), {}, "alpha is empty"),
        ((PROBLEM, RIDGE, [-1.0], 30), {}, "alpha must be finite and positive"),
        ((PROBLEM, RIDGE, 1e-3, 30), {}, "n = alpha width"),
        ((PROBLEM, RIDGE, 1.0, 1.5), {}, "width must be an integer"),
        ((PROBLEM, RIDGE, 1.0, 30), {"repetitions": 1}, "repetitions must be an integer"),
        ((PROBLEM, RIDGE, 1.0, 30), {"seed": -1}, "seed must be an integer"),
        ((PROBLEM, RIDGE, 1.0, 30), {"dtype": "float16"}, "dtype must be"),
        ((PROBLEM, RIDGE, 1.0, 30), {"dtype": np.zeros(2)}, "dtype must be"),
        ((PROBLEM, np.zeros(2), 1.0, 30), {}, "an estimator must be"),
        ((PROBLEM, {1: RIDGE, "1": RIDGE}, 1.0, 30), {}, "two estimators have the label '1'"),
        ((PROBLEM, RIDGE, 1.0, 30), {"executor": 3}, "executor must be"),
        ((PROBLEM, RIDGE, 1.0, 30), {"progress": "x"}, "progress must be a function"),
        ((PROBLEM, RIDGE, 1.0, 30), {"store": ""}, "store: expected the name of a file"),
        ((PROBLEM, RIDGE, 1.0, 30), {"store": ":memory:"}, "store: expected the name of a file"),
        ((PROBLEM, RIDGE, 1.0, 30), {"store": 5}, "store: expected the name of a file"),
        ((PROBLEM, RIDGE, 1.0, 30), {"store": "a\0b"}, "store: expected the name of a file"),
        ((PROBLEM, RIDGE, 1.0, 30), {"width_ratios": [1.0]}, "a GLM has no layers"),
        ((PROBLEM, RIDGE, 10.0, 10**6), {}, "of memory"),
        ((nm.GLM(nm.channels.Poisson()), RIDGE, 1.0, 30), {}, "does not take counts"),
        ((nm.GLM(nm.channels.Sign()), RIDGE, 1.0, 30), {}, "one of real labels"),
        (
            (PROBLEM, PlainRidge(nm.erm.Ridge(regularization=[1.0, 2.0])), 1.0, 30),
            {},
            "one for each of the 1 alphas",
        ),
    ],
)
def test_bad_arguments_are_refused_before_any_work(arguments, options, words):
    with pytest.raises(nm.errors.BadArgument) as caught:
        compare(*arguments, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_width_ratios_must_fit_the_network():
    with pytest.raises(nm.errors.BadArgument, match="width_ratios must be 2 positive numbers"):
        compare(TANH, RIDGE, 1.0, 30, channel=nm.channels.Linear(0.1), width_ratios=[1.0])
    table = compare(
        TANH, RIDGE, 1.0, 40, 4, channel=nm.channels.Linear(0.1), width_ratios=[2.0, 0.5]
    )
    assert table.points[0].width == 20


def test_what_processes_cannot_be_sent_is_said():
    network = nm.DeepNetwork.uniform(nm.activations.Custom(lambda x: np.tanh(x)), depth=1)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(nm.errors.BadArgument, match="cannot be sent to other processes"),
    ):
        compare(network, RIDGE, 1.0, 20, 2, channel=nm.channels.Linear(0.1), executor=pool)


def test_extrapolation_to_infinite_width():
    limit = nm.simulate.extrapolate(PROBLEM, RIDGE, [0.5, 1.0], (20, 40, 80), repetitions=200)
    assert [p.verdict for p in limit.points] == ["agrees", "agrees"]
    assert limit.agrees
    for point in limit.points:
        assert abs(point.limit - point.theory) < 4.0 * point.standard_error + abs(point.systematic)
        assert point.standard_error < 0.02
    assert len(limit.comparison.points) == 6
    assert str(limit).count("\n") == 2
    wrong = nm.simulate.extrapolate(PROBLEM, Scaled(RIDGE, 0.5), 2.0, (20, 40, 80))
    assert not wrong.agrees


@pytest.mark.parametrize("widths", [(10, 20), (10, 10, 20), 10, (10, 20, 0)])
def test_extrapolation_needs_three_widths(widths):
    with pytest.raises(nm.errors.BadArgument, match="widths"):
        nm.simulate.extrapolate(PROBLEM, RIDGE, 1.0, widths)


def test_a_line_through_exact_points_is_found():
    from nishimori.simulate.extrapolation import _line

    x = np.array([0.1, 0.05, 0.025])
    line = _line(x, 0.3 + 2.0 * x, np.array([0.01, 0.02, 0.03]))
    assert (line.start, line.slope) == (pytest.approx(0.3), pytest.approx(2.0))
    assert line.chi_square == pytest.approx(0.0, abs=1e-20)
    # the error of the intercept, against many noisy lines
    rng = np.random.default_rng(0)
    spread = np.array([0.01, 0.02, 0.03])
    starts = [_line(x, rng.standard_normal(3) * spread, spread).start for _ in range(4000)]
    assert np.std(starts) == pytest.approx(line.start_error, rel=0.05)
