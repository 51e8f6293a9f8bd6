"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable
from typing import Any

from nishimori.arguments import shown
from nishimori.errors import BadArgument, OutputError

__all__ = ["check_writable", "file_name", "refuse_existing", "write_atomically", "write_new"]


def file_name(path: Any) -> str:
    """`path` as text.

    Raises
    ------
    BadArgument
        If it is neither text nor a path.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise BadArgument(f"path must be text or a pathlib.Path, got {shown(path)}")
    return os.fspath(path)


def check_writable(path: str) -> None:
    """Find out, by trying, whether `write_atomically` can write to `path`; leaves nothing behind.

    Raises
    ------
    OutputError
        If the directory does not exist or refuses new files, if `path` is a directory, or if it
        exists and is read-only.
    """
    try:
        if _is_special(path):
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            return
        _refuse_unwritable(path)
        temporary = _temporary_beside(path)
        os.unlink(temporary)
    except (OSError, ValueError) as error:
        raise _output_error(path, error) from None


def write_atomically(path: str, content: bytes | Iterable[bytes]) -> None:
    """Write `content` to a new file beside `path`, then put it in the place of `path`.

    The content may come in pieces. A file that exists keeps its permissions, and stays as it is if
    anything goes wrong. A link is followed. What is not a regular file, such as ``/dev/null`` or a
    pipe, is written to directly.

    Raises
    ------
    OutputError
        If it cannot be written; nothing half-written is left behind.
    """
    try:
        if _is_special(path):
            with open(path, "wb") as file:
                file.writelines([content] if isinstance(content, bytes) else content)
            return
        _refuse_unwritable(path)
        temporary = _temporary_beside(path)
        try:
            with open(temporary, "wb") as file:
                file.writelines([content] if isinstance(content, bytes) else content)
                file.flush()
                os.fsync(file.fileno())
            target = os.path.realpath(path)
            if os.path.exists(target):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except (OSError, ValueError) as error:
        raise _output_error(path, error) from None


def refuse_existing(path: str, force: bool, word: str = "force=True") -> None:
    """Refuse to overwrite a file, unless that is asked for.

    Raises
    ------
    BadArgument
        If `force` is neither True nor False.
    OutputError
        If there is a regular file at `path` and `force` is false; `word` is how to ask for it.
    """
    if not isinstance(force, bool):
        raise BadArgument(f"force must be True or False, got {shown(force)}")
    if not force and os.path.lexists(path) and not _is_special(path) and not os.path.isdir(path):
        raise OutputError(f"{path!r} exists; choose another name, or overwrite it with {word}")


def write_new(
    path: str | os.PathLike[str], content: bytes | Iterable[bytes], *, force: bool = False
) -> None:
    """`write_atomically`, but over a file that exists only with `force`."""
    path = file_name(path)
    refuse_existing(path, force)
    write_atomically(path, content)


def _is_special(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _refuse_unwritable(path: str) -> None:
    if os.path.isdir(path) or path.endswith(("/", os.sep)):
        raise IsADirectoryError(21, "it is a directory")
    if os.path.exists(path) and not os.access(path, os.W_OK):
        raise PermissionError(13, "it is read-only")


def _temporary_beside(path: str) -> str:
    """A new empty file in the directory of `path`, with the permissions that any new file gets."""
    directory = os.path.dirname(os.path.realpath(path))
    name = os.path.join(directory, f".nishimori-{secrets.token_hex(8)}.tmp")
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    return name


def _output_error(path: str, error: OSError | ValueError) -> OutputError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return OutputError(f"cannot write {path!r}: {reason}; give a file in a writable directory")
