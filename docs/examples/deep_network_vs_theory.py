"""Real deep networks beside their theoretical learning curve.

Draws random tanh(2x) and ReLU networks of two and three hidden layers, labels Gaussian inputs with
their noisy output, trains ridge regression on the raw inputs at several sample ratios alpha = n/d,
and compares the measured test error with the Bayes-optimal curve that nishimori computes.

Why ridge: the network is as informative as y = sqrt(lambda) a.x/sqrt(d) + c_0 + N(0, eta + Delta)
with Gaussian weights a. The Bayes estimate of w = sqrt(lambda) a/sqrt(d), whose components have
variance lambda/d, maximises the posterior, that is minimises

    |y - X w - c_0|^2 / (eta + Delta) + |w|^2 d / lambda:

scikit-learn's Ridge (which minimises |y - X w - c_0|^2 + alpha |w|^2) with alpha = d (eta +
Delta)/lambda. Its intercept removes the random constant c_0 that non-odd networks add.

Run it with

    python docs/examples/deep_network_vs_theory.py --output deep_network_vs_theory.png

It needs scikit-learn and matplotlib. Exit status: 0 if every point agrees, 1 if one does not.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float32]

NOISE = 0.01
TEST_SAMPLES = 2000
READOUTS = 32  # networks that share their hidden layers; they count as one repetition

ALLOWANCE = 2.5


def finite_width_allowance(alpha: float, width: int) -> float:
    """How far the test error may be from the theory at a finite width, relative to the theory.

    The theory is a limit. At width d the intercept costs one of the n samples, 1/n = (1/alpha)/d;
    and the squared norms of inputs, layers and readouts fluctuate by O(1/sqrt(d)), which shifts
    the mean error by c/d, with abs(c) at most 2.1 for these networks (measured with --width 100
    and --width 200, where it shows; docs/real_networks.md has the numbers). Allowed: c = 2.5.
    """
    return (1.0 / alpha + ALLOWANCE) / width


@dataclass(frozen=True)
class Case:
    """A kind of network, once for the theory and once for NumPy."""

    name: str
    depth: int
    activation: nm.activations.Activation
    function: Callable[[FloatArray], FloatArray]
    color: str
    marker: str

    @property
    def network(self) -> nm.DeepNetwork:
        return nm.DeepNetwork.uniform(self.activation, self.depth)

    @property
    def label(self) -> str:
        return f"{self.name}, {self.depth} hidden layers"


def relu(x: FloatArray) -> FloatArray:
    return np.maximum(x, 0.0)


def tanh_2x(x: FloatArray) -> FloatArray:
    return np.tanh(2.0 * x)


CASES = (
    Case("tanh(2x)", 2, nm.activations.Tanh(gain=2.0), tanh_2x, "tab:blue", "o"),
    Case("tanh(2x)", 3, nm.activations.Tanh(gain=2.0), tanh_2x, "tab:red", "s"),
    Case("ReLU", 2, nm.activations.ReLU(), relu, "tab:blue", "o"),
    Case("ReLU", 3, nm.activations.ReLU(), relu, "tab:red", "s"),
)


@dataclass(frozen=True)
class Point:
    """Theory and simulation at one sample ratio of one case."""

    case: Case
    alpha: float
    theory: float
    simulation: float
    standard_error: float
    allowance: float

    @property
    def z_score(self) -> float:
        return (self.simulation - self.theory) / self.standard_error

    @property
    def agrees(self) -> bool:
        gap = abs(self.simulation - self.theory)
        return gap <= 3.0 * self.standard_error + self.allowance


def simulate(
    case: Case, alphas: Sequence[float], width: int, rng: np.random.Generator
) -> list[float]:
    """Test error of ridge at each alpha for one draw of the hidden layers.

    Input dimension and widths are all `width`. The sample ratios share the network, the test set
    and the first rows of the training set. The error is a mean over `READOUTS` readouts.
    """
    samples = [round(alpha * width) for alpha in alphas]
    rows = max(samples) + TEST_SAMPLES
    x = rng.standard_normal((rows, width), dtype=np.float32)
    features = x
    for _ in range(case.depth):
        weights = rng.standard_normal((width, width), dtype=np.float32)
        features = case.function(features @ weights / np.float32(math.sqrt(width)))
    readouts = rng.standard_normal((width, READOUTS), dtype=np.float32)
    y = features @ readouts / np.float32(math.sqrt(width))
    y += np.float32(math.sqrt(NOISE)) * rng.standard_normal(y.shape, dtype=np.float32)
    x_test, y_test = x[-TEST_SAMPLES:], y[-TEST_SAMPLES:]

    reduction = case.network.reduce()
    penalty = width * (reduction.noise_variance + NOISE) / reduction.signal_variance
    errors = []
    for n in samples:
        ridge = Ridge(alpha=penalty, solver="cholesky").fit(x[:n], y[:n])
        misses = y_test - ridge.predict(x_test)
        errors.append(float(np.mean(misses.astype(np.float64) ** 2)))
    return errors


def compare(
    case: Case, alphas: Sequence[float], width: int, repetitions: int, seed: int
) -> list[Point]:
    """Mean and standard error over independent networks, beside the theory."""
    streams = np.random.default_rng([seed, CASES.index(case), width]).spawn(repetitions)
    errors = np.array([simulate(case, alphas, width, rng) for rng in streams])
    means = errors.mean(axis=0)
    standard_errors = errors.std(axis=0, ddof=1) / math.sqrt(repetitions)
    # the sample ratio as it is after rounding n
    ratios = np.array([round(alpha * width) / width for alpha in alphas])
    theory = theory_curve(case, ratios)
    allowances = theory * np.array([finite_width_allowance(alpha, width) for alpha in ratios])
    columns = (ratios, theory, means, standard_errors, allowances)
    return [Point(case, *row) for row in np.stack(columns, axis=1).tolist()]


def theory_curve(case: Case, alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Bayes-optimal test error, label noise included."""
    return case.network.learning_curve(nm.channels.Linear(noise=NOISE), alpha).test_error


def naive_relu_error(
    alpha: NDArray[np.float64] | float, depth: int, noise: float = NOISE
) -> NDArray[np.float64]:
    """What a recursion that ignores frozen means predicts for ReLU; wrong on purpose.

    The recursion of odd networks, sigma_l = E phi^2 and rho_l = E phi' at the pre-activation
    variance sigma_(l-1), counts the mean of each neuron as if it varied with the input. For ReLU
    sigma_l = sigma_(l-1)/2 and rho_l = 1/2.
    """
    signal = 0.25**depth
    rest = 0.5**depth - signal
    s = (rest + noise) / signal
    b = s + np.asarray(alpha, dtype=np.float64) - 1.0
    mmse = 2.0 * s / (np.sqrt(b * b + 4.0 * s) + b)
    return signal * mmse + rest + noise


def table(points: Sequence[Point]) -> str:
    """One line per point."""
    lines = [
        f"{'network':<26}{'alpha':>7}{'theory':>11}{'simulation':>12}{'std. error':>12}"
        f"{'z':>7}{'difference':>12}{'allowance':>11}  verdict"
    ]
    for p in points:
        relative = p.simulation / p.theory - 1.0
        lines.append(
            f"{p.case.label:<26}{p.alpha:>7.3g}{p.theory:>11.6f}{p.simulation:>12.6f}"
            f"{p.standard_error:>12.6f}{p.z_score:>7.2f}{relative:>+12.2%}"
            f"{p.allowance / p.theory:>11.2%}  {'agrees' if p.agrees else 'MISSES'}"
        )
    return "\n".join(lines)


def draw(points: Sequence[Point], width: int, path: str) -> None:
    """The picture: one column per activation, the curves above and what is left of them below."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2, sharex=True, height_ratios=(3, 1.2))
    for column, name in enumerate(("tanh(2x)", "ReLU")):
        cases = [case for case in CASES if case.name == name]
        draw_curves(panels[0, column], [p for p in points if p.case in cases], cases)
        draw_differences(panels[1, column], [p for p in points if p.case in cases], cases, width)
        panels[0, column].set_title(f"{name} networks of width {width}", fontsize="medium")
        panels[1, column].set_xlabel(r"$\alpha = n/d$ (samples per input dimension)")
        for axes in panels[:, column]:
            axes.grid(alpha=0.25, linewidth=0.6)
            axes.spines[["top", "right"]].set_visible(False)
    panels[1, 1].sharey(panels[1, 0])
    panels[1, 0].autoscale(axis="y")
    panels[0, 0].set_ylabel("test mean-square error")
    panels[1, 0].set_ylabel("difference (%)")
    figure.savefig(path, dpi=150)


def draw_curves(axes: Axes, points: Sequence[Point], cases: Sequence[Case]) -> None:
    """Theory as lines, simulation as points, and the wrong recursion for ReLU."""
    alpha = np.geomspace(0.2, 6.0, 200)
    for case in cases:
        axes.plot(alpha, theory_curve(case, alpha), color=case.color, linewidth=1.3)
        axes.errorbar(
            [p.alpha for p in points if p.case is case],
            [p.simulation for p in points if p.case is case],
            [p.standard_error for p in points if p.case is case],
            fmt=case.marker,
            markersize=4.5,
            color=case.color,
            markerfacecolor="white",
            label=f"{case.depth} hidden layers",
            zorder=3,
        )
    axes.plot([], [], color="black", linewidth=1.3, label="theory")
    if cases[0].name == "ReLU":
        naive = naive_relu_error(alpha, depth=2)
        axes.plot(alpha, naive, color="0.55", linestyle="--", linewidth=1.3)
        text = "2 layers, frozen means ignored"
        axes.annotate(text, (0.3, 0.235), color="0.4", fontsize="small", va="top")
    axes.set_ylim(bottom=0.0)
    axes.set_xscale("log")
    axes.set_xlim(alpha[0], alpha[-1])
    ratios = (0.3, 1.0, 3.0)
    axes.set_xticks(ratios, [f"{ratio:g}" for ratio in ratios])
    axes.set_xticks([], minor=True)
    anchor = (1.0, 0.82) if cases[0].name == "ReLU" else (1.0, 1.0)
    axes.legend(frameon=False, fontsize="small", loc="upper right", bbox_to_anchor=anchor)


def draw_differences(
    axes: Axes, points: Sequence[Point], cases: Sequence[Case], width: int
) -> None:
    """Relative differences with standard errors, on the finite-width allowance."""
    alpha = np.geomspace(0.2, 6.0, 200)
    band = [100.0 * finite_width_allowance(ratio, width) for ratio in alpha]
    axes.fill_between(alpha, np.negative(band), band, color="0.9", linewidth=0)
    axes.axhline(0.0, color="black", linewidth=0.8)
    for case, shift in zip(cases, (0.97, 1.03), strict=True):
        axes.errorbar(
            [shift * p.alpha for p in points if p.case is case],
            [100.0 * (p.simulation / p.theory - 1.0) for p in points if p.case is case],
            [100.0 * p.standard_error / p.theory for p in points if p.case is case],
            fmt=case.marker,
            markersize=3.5,
            color=case.color,
            capsize=2.0,
            linewidth=1.0,
        )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Real deep networks beside their theory.")
    parser.add_argument("--output", metavar="FILE.png", help="draw the picture here")
    parser.add_argument("--quick", action="store_true", help="two sample ratios, few networks")
    parser.add_argument("--width", type=int, help="input dimension and widths (default 800)")
    parser.add_argument("--repetitions", type=int, help="independent networks (default 24)")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default 1)")
    options = parser.parse_args(argv)
    alphas = (0.5, 2.0) if options.quick else (0.3, 0.7, 1.0, 2.0, 4.0)
    width = options.width or (600 if options.quick else 800)
    repetitions = options.repetitions or (8 if options.quick else 24)
    if width < 20 or repetitions < 2 or options.seed < 0:
        parser.error("--width must be at least 20, --repetitions 2 and --seed 0")

    points: list[Point] = []
    for case in CASES:
        start = time.perf_counter()
        points += compare(case, alphas, width, repetitions, options.seed)
        print(f"{case.label}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    print(
        f"Ridge at the optimal penalty on real networks: input dimension and widths {width}, "
        f"{repetitions} networks\nof {READOUTS} readouts each, label noise {NOISE}. A point agrees "
        "within 3 standard errors plus the\nallowance for the finite width, "
        f"(1/alpha + {ALLOWANCE:g})/{width} of the theory.\n"
    )
    print(table(points))
    right = float(theory_curve(CASES[2], np.array([1.0]))[0])
    wrong = float(naive_relu_error(1.0, depth=2))
    print(
        f"\nTwo ReLU layers at alpha = 1: {right:.5f}; a recursion that ignores frozen means "
        f"would say {wrong:.5f}."
    )
    if options.output:
        draw(points, width, options.output)
        print(f"picture written to {options.output}", file=sys.stderr)
    missed = sum(not p.agrees for p in points)
    print(f"{len(points) - missed} of {len(points)} points agree with the theory.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
