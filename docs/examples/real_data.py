"""Learning curves on real data, predicted from two averages of the data.

Ridge and logistic regression on scikit-learn's handwritten digits, odd against even, from raw
pixels and from random features of them. The prediction knows the covariance of the features and
their covariance with the label (``GaussianCovariates.from_data``) and takes everything else for
Gaussian; the measured points are training runs on random subsets, tested on the digits left out.

For ridge regression nothing more is needed. Logistic regression also asks how labels and features
depend on each other, and two answers are drawn: labels that are the sign of a Gaussian (the
package's ``Sign`` channel), and features that are two Gaussian clouds, one for each label, whose
equations are put together here from a geometry and a proximal operator of the package.

Run it with

    python docs/examples/real_data.py --output real_data.png

It needs scikit-learn and matplotlib.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, Ridge

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float64]

SAMPLES = (30, 45, 61, 90, 150, 220, 300, 450, 700, 1000)
PENALTIES = (0.001, 0.1)  # of ridge regression
LOGISTIC_PENALTY = 0.1
WIDTH = 300


@dataclass(frozen=True)
class View:
    """The digits as a linear student sees them: centred columns."""

    name: str
    features: FloatArray

    @property
    def dimension(self) -> int:
        return self.features.shape[1]


@dataclass(frozen=True)
class Point:
    """Prediction and measurement at one number of samples."""

    view: str
    estimator: str
    samples: int
    predicted: float
    measured: float
    standard_error: float

    @property
    def difference(self) -> float:
        return self.measured / self.predicted - 1.0


def views() -> tuple[list[View], FloatArray]:
    """Raw pixels and random features of all digits, and the labels: +1 odd, -1 even."""
    digits = load_digits()
    pixels = digits.data[:, digits.data.std(axis=0) > 0.0]
    pixels = (pixels - pixels.mean(axis=0)) / pixels.std()
    weights = np.random.default_rng(0).standard_normal((pixels.shape[1], WIDTH))
    hidden = np.tanh(2.0 * pixels @ weights / math.sqrt(pixels.shape[1]))
    labels = np.where(digits.target % 2 == 1, 1.0, -1.0)
    both = [
        View("raw pixels", pixels),
        View(f"{WIDTH} random features tanh(2Fx)", hidden - hidden.mean(axis=0)),
    ]
    return both, labels


def predict_ridge(
    view: View, labels: FloatArray, penalty: float, samples: FloatArray
) -> FloatArray:
    """Mean-square error of ridge regression on the centred labels."""
    covariates = nm.features.GaussianCovariates.from_data(view.features, labels - labels.mean())
    problem = covariates.glm(nm.channels.Linear())
    ridge = nm.erm.Ridge(regularization=penalty)
    return ridge.learning_curve(problem, samples / view.dimension, features=covariates).test_error


def predict_signs(view: View, labels: FloatArray, samples: FloatArray) -> FloatArray:
    """Misclassification of logistic regression, were the labels signs of a Gaussian."""
    with warnings.catch_warnings():
        # these labels are more linear in the features than that; see the docs
        warnings.simplefilter("ignore", nm.errors.NishimoriWarning)
        covariates = nm.features.GaussianCovariates.from_data(view.features, labels, kind="labels")
    problem = covariates.glm(nm.channels.Sign())
    logistic = nm.erm.Logistic(regularization=LOGISTIC_PENALTY)
    alpha = samples / view.dimension
    return logistic.learning_curve(problem, alpha, features=covariates).test_error


def clouds(view: View, labels: FloatArray) -> nm.features.GaussianCovariates:
    """Covariance within a class, and the class means +-mu in its eigenbasis.

    The noise in the measured mean is taken off its components and off their sum mu S^-1 mu.
    """
    count, dimension = view.features.shape
    mean = view.features.T @ labels / count
    within = view.features.T @ view.features / count - np.outer(mean, mean)
    values, vectors = np.linalg.eigh(within)
    components = np.square(vectors.T @ mean)
    distance = np.sum(components / values) * (count - dimension) / count - dimension / count
    components = np.maximum(components - values / count, 0.0)
    return nm.features.GaussianCovariates(
        values, components * (distance / np.sum(components / values))
    )


def predict_clouds(view: View, labels: FloatArray, samples: FloatArray) -> FloatArray:
    """Misclassification of logistic regression, were each class a Gaussian cloud.

    The margin of a fresh sample is u ~ N(m, q), with m = w.mu and q = w.S w: arXiv:2002.11544.
    """
    covariates, alpha = clouds(view, labels), samples / view.dimension
    # the geometry asks for a target that the features can explain; of it, only c = mu matters here
    problem = nm.GLM(nm.channels.Sign(), noise_variance=covariates.explained)
    geometry = covariates.geometry(problem)
    logistic = nm.erm.Logistic()
    t, weights = np.polynomial.hermite_e.hermegauss(64)
    weights /= weights.sum()
    v, q, m = np.ones_like(alpha), np.ones_like(alpha), np.full_like(alpha, 0.5)
    for _ in range(4000):
        margin = m[:, None] + np.sqrt(q)[:, None] * t
        trained = logistic.proximal(1.0, margin, v[:, None])
        score = (trained - margin) / v[:, None]
        curvature = score * (1.0 - score)  # of log(1 + exp(-u)), whose slope is -score
        hats = (
            alpha * ((curvature / (1.0 + v[:, None] * curvature)) @ weights),
            alpha * ((score * score) @ weights),
            alpha * (score @ weights),
        )
        new = geometry.order_parameters(*hats, LOGISTIC_PENALTY)
        gap = max(float(np.abs(a / b - 1.0).max()) for a, b in zip(new, (v, q, m), strict=False))
        if gap < 1e-10:
            return ndtr(-m / np.sqrt(q))
        v, q, m = (0.3 * old + 0.7 * fresh for old, fresh in zip((v, q, m), new, strict=False))
    raise RuntimeError(f"the equations of two clouds were not solved: residual {gap:.1e}")


def measure(view: View, labels: FloatArray, samples: int, runs: int, seed: int) -> FloatArray:
    """Errors of every run, the ridge penalties' first and then logistic regression's."""
    x, centred = view.features / math.sqrt(view.dimension), labels - labels.mean()
    errors = np.empty((runs, len(PENALTIES) + 1))
    for run in range(runs):
        order = np.random.default_rng((seed, samples, run)).permutation(labels.size)
        train, test = order[:samples], order[samples:]
        for k, penalty in enumerate(PENALTIES):
            ridge = Ridge(alpha=penalty, fit_intercept=False).fit(x[train], centred[train])
            errors[run, k] = np.mean((ridge.predict(x[test]) - centred[test]) ** 2)
        model = LogisticRegression(C=1.0 / LOGISTIC_PENALTY, fit_intercept=False, max_iter=5000)
        model.fit(x[train], labels[train])
        errors[run, -1] = np.mean(model.predict(x[test]) != labels[test])
    return errors


def compare(view: View, labels: FloatArray, runs: int, seed: int) -> list[Point]:
    """Prediction beside measurement for every estimator at every number of samples."""
    samples = np.array(SAMPLES, dtype=float)
    predicted = [predict_ridge(view, labels, penalty, samples) for penalty in PENALTIES]
    predicted += [predict_signs(view, labels, samples), predict_clouds(view, labels, samples)]
    names = [f"ridge, penalty {penalty:g}" for penalty in PENALTIES]
    names += ["logistic, signs", "logistic, clouds"]
    points = []
    for i, count in enumerate(SAMPLES):
        errors = measure(view, labels, count, runs, seed)
        means, spread = errors.mean(axis=0), errors.std(axis=0, ddof=1) / math.sqrt(runs)
        for k, name in enumerate(names):
            k_measured = min(k, len(PENALTIES))
            points.append(
                Point(
                    view.name,
                    name,
                    count,
                    float(predicted[k][i]),
                    float(means[k_measured]),
                    float(spread[k_measured]),
                )
            )
    return points


def table(points: Sequence[Point]) -> str:
    """One line per point."""
    lines = [
        f"{'estimator':<24}{'samples':>8}{'predicted':>11}{'measured':>10}{'std. error':>12}"
        f"{'difference':>12}"
    ]
    for p in points:
        lines.append(
            f"{p.estimator:<24}{p.samples:>8}{p.predicted:>11.4f}{p.measured:>10.4f}"
            f"{p.standard_error:>12.4f}{p.difference:>+12.1%}"
        )
    return "\n".join(lines)


def draw(points: Sequence[Point], both: Sequence[View], labels: FloatArray, path: str) -> None:
    """A column per view: ridge regression above, logistic regression below."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    fine = np.geomspace(SAMPLES[0], SAMPLES[-1], 60)
    for column, view in enumerate(both):
        own = [p for p in points if p.view == view.name]
        above, below = panels[:, column]
        above.set_title(view.name, fontsize="medium")
        for penalty, color in zip(PENALTIES, ("tab:red", "tab:blue"), strict=True):
            label = f"ridge, penalty {penalty:g}"
            above.plot(fine, predict_ridge(view, labels, penalty, fine), color=color, label=label)
            mark(above, [p for p in own if p.estimator == label], color)
        below.plot(fine, predict_clouds(view, labels, fine), color="tab:green",
                   label="logistic, two Gaussian clouds")  # fmt: skip
        below.plot(fine, predict_signs(view, labels, fine), color="0.5", linestyle="--",
                   label="logistic, signs of a Gaussian")  # fmt: skip
        mark(below, [p for p in own if p.estimator == "logistic, clouds"], "tab:green")
        above.set_ylim(0.15, 2.0)
        above.set_yscale("log")
        above.set_yticks((0.15, 0.3, 0.5, 1.0, 2.0), ("0.15", "0.3", "0.5", "1", "2"))
        above.set_yticks([], minor=True)
        below.set_ylim(0.0, 0.3)
        below.set_xlabel("training samples")
        below.set_xscale("log")
        below.set_xticks((30, 100, 300, 1000), ("30", "100", "300", "1000"))
        below.set_xticks([], minor=True)
        for axes in (above, below):
            axes.grid(alpha=0.25, linewidth=0.6)
            axes.spines[["top", "right"]].set_visible(False)
            axes.plot([], [], color="0.3", marker="o", markerfacecolor="white", markersize=4.0,
                      linestyle="none", label="training runs")  # fmt: skip
            axes.legend(frameon=False, fontsize="small")
    panels[0, 0].set_ylabel("mean-square error")
    panels[1, 0].set_ylabel("misclassification")
    figure.savefig(path, dpi=150)


def mark(axes: Axes, points: Sequence[Point], color: str) -> None:
    """Measured points with their standard errors."""
    axes.errorbar(
        [p.samples for p in points],
        [p.measured for p in points],
        [p.standard_error for p in points],
        fmt="o",
        color=color,
        markerfacecolor="white",
        markersize=4.0,
        zorder=3,
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Predicted learning curves beside real ones.")
    parser.add_argument("--output", metavar="FILE.png", help="draw the picture here")
    parser.add_argument("--runs", type=int, default=40, help="training runs a point (default 40)")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default 1)")
    options = parser.parse_args(argv)
    if options.runs < 2 or options.seed < 0:
        parser.error("--runs must be at least 2 and --seed 0")
    both, labels = views()
    points: list[Point] = []
    for view in both:
        covariates = nm.features.GaussianCovariates.from_data(view.features, labels)
        print(f"{view.name}: {covariates}")
        own = compare(view, labels, options.runs, options.seed)
        print(table(own) + "\n")
        points += own
    if options.output:
        draw(points, both, labels, options.output)
        print(f"picture written to {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
