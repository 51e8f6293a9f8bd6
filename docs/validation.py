"""The table of docs/validation.md: simulations of real data beside theory, in one command.

    python docs/validation.py

Every configuration has a results file in the directory of --runs: stopped at any moment, the next
run goes on from there. The table goes between the markers of docs/validation.md. Exit status: 0 if
every point agrees and the wrong recursion is found out, 1 if not.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import nishimori as nm
from nishimori.simulate.verdict import LIMIT

PAGE = Path(__file__).with_name("validation.md")
ALPHA = (0.5, 1.0, 2.0)
WIDTH = 300
REPETITIONS = 24
FOUND_OUT = 10.0  # how large z has to be where the theory is known to be wrong

A, C, P, E = nm.activations, nm.channels, nm.priors, nm.erm
uniform = nm.DeepNetwork.uniform


@dataclass(frozen=True)
class Case:
    """One configuration: a teacher, its labels, and who learns from them."""

    name: str
    model: nm.GLM | nm.DeepNetwork
    estimators: dict[str, Any]
    channel: nm.channels.Channel | None = None
    alpha: tuple[float, ...] = ALPHA
    width: int = WIDTH
    repetitions: int = REPETITIONS
    width_ratios: tuple[float, ...] | None = None
    spectrum: nm.spectra.Spectrum | None = None

    def compare(self, runs: Path, executor: Any, seed: int) -> nm.simulate.Comparison:
        file = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")
        return nm.simulate.compare(
            self.model,
            self.estimators,
            self.alpha,
            self.width,
            self.repetitions,
            channel=self.channel,
            executor=executor,
            store=runs / f"{file}.sqlite",
            seed=seed,
            width_ratios=self.width_ratios,
            spectrum=self.spectrum,
        )


def ridge(regularization: Any = "optimal") -> nm.erm.Estimator:
    return E.Ridge(regularization=regularization)


def square(regularization: Any = "optimal") -> nm.erm.Estimator:
    return E.SquareClassification(regularization=regularization)


WRONG = "ReLU, depth 2, biases"  # the case that the naive recursion is held against


def cases() -> list[Case]:
    """The configurations, in the order of the table."""
    tanh2 = uniform(A.Tanh(gain=2.0), depth=2)
    features = nm.features.RandomFeatures(uniform(A.Tanh(gain=2.0), depth=1), [1.5])
    kernel = nm.features.Kernel.from_function(np.exp)
    trained = nm.simulate.Trained
    linear, sign = C.Linear(noise=0.1), C.Sign(noise=0.1)
    best = {"bayes": None, "ridge": ridge()}
    return [
        # networks below linear labels
        Case("tanh, depth 1", uniform(A.Tanh(gain=2.0), 1), best, linear),
        Case("erf, depth 2", uniform(A.Erf(), 2, weight_variance=2.0), best, linear),
        Case("sine, depth 3", uniform(A.Sine(), 3), {"ridge": ridge(0.5)}, linear),
        Case("tanh, depth 4", uniform(A.Tanh(gain=2.0), 4), best, linear),
        Case("ReLU, depth 1", uniform(A.ReLU(), 1), best, C.Linear(noise=0.01)),
        Case(
            WRONG,
            uniform(A.ReLU(), 2, weight_variance=1.5, bias_variance=0.1),
            {"ridge": ridge(0.5)},
            C.Linear(noise=0.01),
        ),
        Case("ReLU, depth 3", uniform(A.ReLU(), 3, weight_variance=2.0), best, linear),
        Case("GELU, depth 2", uniform(A.GELU(), 2, weight_variance=2.0), best, linear),
        Case(
            "leaky ReLU, depth 4, biases",
            uniform(A.LeakyReLU(slope=0.2), 4, weight_variance=2.0, bias_variance=0.1),
            best,
            linear,
        ),
        Case(
            "sigmoid, depth 2, biases",
            uniform(A.Sigmoid(gain=4.0), 2, weight_variance=4.0, bias_variance=0.5),
            best,
            C.Linear(noise=0.01),
        ),
        Case(
            "tanh, widths 1 : 2 : 0.5",
            tanh2,
            {"bayes": None, "huber": E.Huber(threshold=0.5, regularization=0.3)},
            linear,
            width_ratios=(2.0, 0.5),
        ),
        Case(
            "tanh, depth 2, power-law inputs",
            tanh2,
            best,
            linear,
            spectrum=nm.spectra.PowerLaw(1.0, 100),
        ),
        # networks below signs
        Case(
            "tanh, depth 1, signs",
            uniform(A.Tanh(gain=2.0), 1),
            {"bayes": None, "square": square(), "logistic": E.Logistic(regularization=0.1)},
            sign,
        ),
        Case(
            "tanh, depth 2, flipped signs",
            tanh2,
            {"logistic": E.Logistic(regularization=0.3), "hinge": E.Hinge(regularization=0.5)},
            C.Sign(noise=0.05, flip=0.05),
        ),
        Case(
            "erf, depth 3, signs",
            uniform(A.Erf(), 3, weight_variance=2.0),
            {"bayes": None, "squared hinge": E.SquaredHinge(regularization=0.3)},
            sign,
        ),
        Case(
            "ReLU, depth 2, signs",
            uniform(A.ReLU(), 2),
            {"bayes": None, "square": square(1.0)},
            sign,
            repetitions=2 * REPETITIONS,
        ),
        Case(
            "tanh, depth 2, logistic labels",
            uniform(A.Tanh(gain=2.0), 2, readout_variance=9.0),
            {"bayes": None, "logistic": E.Logistic(regularization=0.2)},
            C.Logistic(),
        ),
        # networks below nonlinear readouts
        Case(
            "tanh, depth 2, ReLU readout",
            tanh2,
            {"bayes": None, "ridge": ridge(0.3)},
            C.Readout(A.ReLU(), noise=0.05),
        ),
        Case(
            "tanh, depth 1, absolute readout",
            uniform(A.Tanh(gain=2.0), 1),
            {"bayes": None},
            C.Readout(A.Abs(), noise=0.05),
            alpha=(3.0, 5.0),
        ),
        Case(
            "tanh, depth 2, counts",
            tanh2,
            {"bayes": None, "ridge": ridge(1.0)},
            C.Poisson(link="softplus"),
        ),
        # what learners see
        Case("tanh, random features", tanh2, {"ridge": trained(ridge(0.1), features)}, linear),
        Case(
            "tanh, random features, signs",
            tanh2,
            {"logistic": trained(E.Logistic(regularization=0.1), features)},
            sign,
        ),
        Case(
            "tanh, exponential kernel",
            tanh2,
            {"kernel ridge": trained(ridge(0.1), kernel, np.exp)},
            linear,
        ),
        # plain GLMs
        Case("GLM, Rademacher weights", nm.GLM(linear, prior=P.Rademacher()), best),
        Case(
            "GLM, Rademacher weights, signs",
            nm.GLM(C.Sign(noise=0.2), prior=P.Rademacher()),
            {"bayes": None},
        ),
        Case(
            "GLM, signs",
            nm.GLM(C.Sign()),
            {"bayes": None, "margin": E.MaxMargin(), "logistic": E.Logistic(regularization=0.01)},
            alpha=(0.5, 1.0, 1.5),
        ),
        Case(
            "GLM, sparse weights",
            nm.GLM(C.Linear(noise=0.05), prior=P.GaussBernoulli(0.15)),
            {"bayes": None, "lasso": E.Lasso(0.3)},
        ),
        Case(
            "GLM, Laplace noise",
            nm.GLM(C.Laplace(scale=0.5)),
            {"bayes": None, "absolute": E.Absolute(regularization=0.5)},
        ),
        Case(
            "GLM, tube loss",
            nm.GLM(linear),
            {"epsilon insensitive": E.EpsilonInsensitive(epsilon=0.4, regularization=0.5)},
        ),
        Case("GLM, ordered classes", nm.GLM(C.Ordinal([-0.5, 0.5], noise=0.1)), {"bayes": None}),
    ]


def naive_glm(network: nm.DeepNetwork, channel: nm.channels.Channel) -> nm.GLM:
    """The recursion of odd networks applied to ReLU layers with biases: wrong, on purpose.

    sigma = E phi(sqrt(c) z)^2 = c/2 and rho = E phi' = 1/2 with c = weight_variance sigma +
    bias_variance: what the neurons' means hold of sigma is taken for noise.
    """
    sigma = signal = 1.0
    for layer in network.layers:
        c = layer.weight_variance * sigma + layer.bias_variance
        sigma, signal = 0.5 * c, 0.25 * layer.weight_variance * signal
    return nm.GLM(channel, signal_variance=signal, noise_variance=sigma - signal)


def table(rows: list[tuple[str, nm.simulate.ComparedPoint]]) -> str:
    lines = [
        "| configuration | learner | $d$ | $\\alpha$ | theory | simulated | standard error | z | "
        "allowance | z after | verdict |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, p in rows:
        width = "" if p.samples is None else round(p.samples / p.alpha)
        lines.append(
            f"| {name} | {p.estimator} | {width} | {p.alpha:g} | {p.theory:.5f} | {p.mean:.5f} | "
            f"{p.standard_error:.5f} | {p.z:+.2f} | {p.allowance:.5f} | {p.z_after:+.2f} | "
            f"{p.verdict} |"
        )
    return "\n".join(lines)


def summary(points: list[nm.simulate.ComparedPoint], configurations: int) -> str:
    z = np.array([p.z for p in points])
    after = np.array([p.z_after for p in points])
    agree = sum(p.agrees for p in points)
    return (
        f"{agree} of {len(points)} points of {configurations} configurations agree. "
        f"The raw z have mean {z.mean():+.2f} and root mean square {np.sqrt(np.mean(z**2)):.2f}; "
        f"the largest is {np.abs(z).max():.2f}, after the allowance {np.abs(after).max():.2f} "
        f"({LIMIT:g} are allowed)."
    )


def write(page: Path, text: str) -> None:
    """Put `text` between the markers of the page."""
    whole = page.read_text(encoding="utf-8")
    begin, end = "<!-- table begins -->\n", "<!-- table ends -->"
    before, _, rest = whole.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}{text}\n{end}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("validation-runs"))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="configurations whose name holds this text")
    parser.add_argument("--repetitions", type=int, help="instead of those of each configuration")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--dry", action="store_true", help="print, and leave the page as it is")
    given = parser.parse_args()
    given.runs.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, nm.simulate.ComparedPoint]] = []
    wrong: list[tuple[str, nm.simulate.ComparedPoint]] = []
    chosen = [case for case in cases() if given.only in case.name]
    started = time.monotonic()
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        for case in chosen:
            if given.repetitions:
                case = replace(case, repetitions=given.repetitions)
            found = case.compare(given.runs, pool, given.seed)
            rows += [(case.name, point) for point in found.points]
            seconds = time.monotonic() - started
            print(f"{seconds:6.0f} s  {case.name}: {found.summary}", file=sys.stderr, flush=True)
            if case.name == WRONG:
                naive = naive_glm(case.model, case.channel)
                learner = next(iter(case.estimators.values()))
                judged = nm.simulate.judge(naive, found, estimator=learner)
                wrong = [(f"{case.name}: frozen means ignored", p) for p in judged.points]
    agree = all(point.agrees for _, point in rows)
    found_out = all(abs(p.z) > FOUND_OUT for _, p in wrong)
    text = "\n\n".join(
        [
            summary([p for _, p in rows], len(chosen)),
            table(rows),
            "The same simulations beside a theory that is known to be wrong:",
            table(wrong),
        ]
    )
    if given.dry:
        print(text)
    else:
        write(given.page, text)
    return 0 if agree and found_out else 1


if __name__ == "__main__":
    sys.exit(main())
