"""Draw every figure of the gallery: ``python docs/gallery/draw_all.py`` (12 s)."""

from __future__ import annotations

import time
from importlib import import_module

from common import IMAGES

FIGURES = (
    "bayes_regression",
    "ridge",
    "random_features",
    "kernel",
    "bayes_classification",
    "logistic",
    "square_classification",
)


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    total = time.perf_counter()
    for name in FIGURES:
        start = time.perf_counter()
        import_module(name).draw().savefig(IMAGES / f"{name}.png", dpi=150)
        print(f"{name}: {time.perf_counter() - start:.1f} s")
    print(f"all: {time.perf_counter() - total:.1f} s")


if __name__ == "__main__":
    main()
