"""Draw every figure of the gallery: ``python docs/gallery/draw_all.py``."""

from __future__ import annotations

import time
from importlib import import_module

from common import IMAGES, save

FIGURES = (
    "bayes_regression",
    "ridge",
    "random_features",
    "kernel",
    "bayes_classification",
    "logistic",
    "square_classification",
    "depth",
    "infinite_depth",
    "mutual_information",
    "estimators",
    "double_descent",
    "scaling_laws",
    "simulations",
    "hard_phase",
    "slowing_down",
    "phase_retrieval",
    "sparsity",
)


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    total = time.perf_counter()
    for number, name in enumerate(FIGURES, 1):
        start = time.perf_counter()
        save(import_module(name).draw(), IMAGES / f"{name}.png")
        took = time.perf_counter() - start
        print(f"{number:>2} of {len(FIGURES)}  {name}: {took:.1f} s", flush=True)
    print(f"all: {time.perf_counter() - total:.1f} s")


if __name__ == "__main__":
    main()
