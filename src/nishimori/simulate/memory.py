"""Whether arrays will fit, asked before they are made."""

from __future__ import annotations

import os

from nishimori.errors import BadArgument

__all__ = ["available_memory", "require_memory"]


def available_memory() -> float:
    """Bytes that this process can still take; infinite where the system does not say."""
    free = [_free_on_machine(), _free_in_group()]
    return min(free)


def require_memory(owner: str, what: str, size: float, instead: str) -> None:
    """Refuse, in a sentence, what needs more than is there.

    Parameters
    ----------
    owner, what : str
        Who needs it, and for what.
    size : float
        Bytes.
    instead : str
        What would be accepted.
    """
    free = available_memory()
    if size > free:
        raise BadArgument(
            f"{owner}: {what} needs {_in_gib(size)} of memory and {_in_gib(free)} are available; "
            f"{instead}"
        )


def _in_gib(size: float) -> str:
    return f"{size / 2**30:.3g} GiB"


def _free_on_machine() -> float:
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                name, _, rest = line.partition(":")
                if name == "MemAvailable":
                    return float(rest.split()[0]) * 1024.0
    except (OSError, ValueError, IndexError):
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def _free_in_group() -> float:
    """What a container leaves to its processes."""
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as limit:
            most = float(limit.read())  # "max" is no number: no limit
        with open("/sys/fs/cgroup/memory.current", encoding="ascii") as usage:
            return max(most - float(usage.read()), 0.0)
    except (OSError, ValueError):
        return float("inf")
