"""Reading a TOML file, with one sentence for everything that can be wrong with it."""

from __future__ import annotations

from typing import Any

from nishimori.errors import ConfigError

__all__ = ["read_config"]


def read_config(path: str) -> dict[str, Any]:
    """The keys and values of the TOML file at `path`, not yet checked.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not TOML; names the file, and the line where it can.
    """
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            problem = f"cannot be read: {error.strerror}"
        elif isinstance(error, UnicodeDecodeError):
            problem = "is not valid TOML: not UTF-8 text"
        else:
            problem = f"is not valid TOML: {error}"
        raise ConfigError(f"{path!r} {problem}; expected a TOML file of options") from None
