"""The one decorator that owns every Numba option of the package."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numba

from nishimori.errors import NishimoriWarning

__all__ = ["compiled"]

_OPTIONS = {"nogil": True, "error_model": "numpy"}
_warned = False


def compiled(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for one explicit signature and keep the code on disk.

    With an explicit signature nothing compiles at the first call, and a new process loads the
    stored code. Where no folder for the cache can be written, the function is compiled anew in
    each process and one warning names the variable ``NUMBA_CACHE_DIR``. No kernel relaxes IEEE
    arithmetic: NaN and infinities mean what they say.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            kernel = numba.njit(signature, cache=True, **_OPTIONS)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            _warn_once(error)
            kernel = numba.njit(signature, **_OPTIONS)(function)
        return kernel  # type: ignore[no-any-return]

    return decorate


def _warn_once(error: RuntimeError) -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            "compiled code cannot be kept on disk, so every new process compiles it again "
            f"(some seconds); set NUMBA_CACHE_DIR to a folder that can be written ({error})",
            NishimoriWarning,
            stacklevel=4,
        )
