"""What the figures share: the network, the published numbers, and how they are drawn.

Where it is not said otherwise, the target is that of arXiv:2302.00375, a random network of two
tanh(2x) layers, and the question is what can be learnt of it from alpha = n/d samples per input
dimension.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import nishimori as nm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HERE = Path(__file__).parent
IMAGES = HERE.parent / "images" / "gallery"
ALPHA = np.linspace(0.02, 7.1, 200)
BAYES = {"color": "black", "linewidth": 1.6}
BENEATH = {"color": "0.78", "linewidth": 5.0, "solid_capstyle": "butt"}
PUBLISHED = {
    "linestyle": "none", "marker": "o", "markersize": 4.0, "markerfacecolor": "white",
    "color": "#D55E00", "zorder": 3, "label": "published",
}  # fmt: skip


def in_turn(place: int, count: int = 2) -> dict[str, Any]:
    """Dashes for lines that nearly coincide: each shows in the gaps that the others leave."""
    return {"linestyle": (5.0 * place, (5.0, 5.0 * (count - 1))), "dash_capstyle": "butt"}


def network(depth: int = 2) -> nm.DeepNetwork:
    """Layers of tanh(2x), of unit-variance weights."""
    return nm.DeepNetwork.uniform(nm.activations.Tanh(gain=2.0), depth)


def published(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Columns of numbers printed by the paper's notebooks."""
    rows = json.loads((HERE / "published.json").read_text(encoding="utf-8"))[name]["rows"]
    alpha, values = np.array(rows).T
    return alpha, values


def figure(width: float = 4.6, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """Empty panels above each other, the last one labelled with alpha."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(width, 3.4 if rows == 1 else 4.6), layout="constrained")
    FigureCanvasAgg(drawing)
    ratios = [2.2] + [1.0] * (rows - 1)
    axes = drawing.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    for panel in axes:
        panel.grid(alpha=0.25, linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel(r"$\alpha = n/d$")
    axes[-1].set_xlim(0.0, ALPHA[-1])
    return drawing, list(axes)


def legend(axes: Axes, title: str | None = None) -> None:
    """Small, on white."""
    axes.legend(fontsize="small", title=title, title_fontsize="small", edgecolor="none",
                framealpha=0.9)  # fmt: skip


def save(drawing: nm.figures.Drawing | Figure, path: str | Path) -> None:
    """Write a picture for the page."""
    narrow = drawing.figure.get_figwidth() < 4.0
    drawing.figure.savefig(path, dpi=170 if narrow else 150)


def run(draw: Callable[[], nm.figures.Drawing | Figure], file: str) -> None:
    """Draw into docs/images/gallery, or where ``--output`` says."""
    parser = argparse.ArgumentParser(description=f"Draws {Path(file).stem}.png.")
    parser.add_argument("--output", default=str(IMAGES / f"{Path(file).stem}.png"))
    options = parser.parse_args()
    start = time.perf_counter()
    save(draw(), options.output)
    print(f"{options.output}: {time.perf_counter() - start:.1f} s")
