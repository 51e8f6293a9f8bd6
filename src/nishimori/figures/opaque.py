"""Figures without transparency, which PostScript does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

__all__ = ["opaque"]


@contextmanager
def opaque(figure: Figure) -> Iterator[None]:
    """Inside, what is partly transparent has the colour that it shows on white."""
    with ExitStack() as undo:
        for artist in figure.findobj():
            _blend(artist, undo)
        yield


def _blend(artist: Artist, undo: ExitStack) -> None:
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    alpha: Any = artist.get_alpha()
    share = alpha
    if isinstance(artist, Collection | Patch):
        names, share = ["facecolor", "edgecolor"], None  # these colours hold it
    elif isinstance(artist, Line2D):
        names = ["color", "markerfacecolor", "markeredgecolor"]
    else:
        names = ["color"] if isinstance(artist, Text) else []
    old = {name: getattr(artist, f"get_{name}")() for name in names}
    new = {name: _on_white(color, share) for name, color in old.items()}
    if all(color is None for color in new.values()):
        return
    setters: dict[str, Callable[[Any], None]] = {
        name: getattr(artist, f"set_{name}") for name in names
    }
    artist.set_alpha(None)
    undo.callback(artist.set_alpha, alpha)
    for name, color in new.items():
        if color is not None:
            setters[name](color)
            undo.callback(setters[name], old[name])


def _on_white(color: Any, alpha: Any) -> NDArray[np.float64] | None:
    """The opaque colours that are seen, or None where nothing is partly transparent."""
    from matplotlib.colors import to_rgba_array

    rgba = to_rgba_array(color, alpha)
    share = rgba[:, 3:]
    if ((share == 0.0) | (share == 1.0)).all():
        return None
    seen = np.where(share > 0.0, share * rgba[:, :3] + 1.0 - share, rgba[:, :3])
    blended = np.hstack([seen, np.where(share > 0.0, 1.0, 0.0)])
    return blended if np.ndim(color) == 2 else blended[0]
