"""The table of numbers beside a PGFPlots picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Table"]

FloatArray = NDArray[np.float64]


class Table:
    """Columns of one file, and the names they get in it."""

    def __init__(self) -> None:
        self.columns: dict[str, FloatArray] = {}
        self.count = 0

    def add(self, **columns: FloatArray) -> dict[str, str]:
        """Names for these columns, by theirs: x becomes x1, then x2."""
        self.count += 1
        names = {name: f"{name}{self.count}" for name in columns}
        self.columns |= {names[name]: np.asarray(values) for name, values in columns.items()}
        return names

    def text(self) -> str:
        """Aligned columns, the shorter ones filled up with nan."""
        rows = max((values.size for values in self.columns.values()), default=0)
        cells = [
            [name, *map(repr, values.tolist()), *["nan"] * (rows - values.size)]
            for name, values in self.columns.items()
        ]
        widths = [max(map(len, column)) for column in cells]
        lines = zip(*(map(str.rjust, c, [w] * len(c)) for c, w in zip(cells, widths, strict=True)),
                    strict=True)  # fmt: skip
        return "\n".join(" ".join(line) for line in lines) + "\n"
