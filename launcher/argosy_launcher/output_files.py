"""Read the small files in which a command leaves its output parameters."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason

MAX_PARAMETER_BYTES: Final = 256 * 1024 * 1024
"""Above it the launcher would need more memory than its container has."""


@dataclass(frozen=True, slots=True)
class LocatedPath:
    """Where this process finds what the command knows under a path of its own."""

    path: Path
    boundary: Path | None = None
    """A directory that no link below ``path`` may lead out of; ``None``: links are trusted."""


Locator = Callable[[str], LocatedPath]


def locate_here(path: str) -> LocatedPath:
    """Return the same path: the command ran on this file system, as the same user."""
    return LocatedPath(Path(path))


def read_output_file(path: str, what: str, locate: Locator) -> bytes | None:
    """Return the content of a file that the command may have written; ``None``: it did not.

    Raises:
        TaskError: It is not a regular file, cannot be read, or is longer than any parameter.
    """
    found = locate(path).path
    try:
        # A named pipe must not be waited for.
        descriptor = os.open(found, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, what, f"cannot be read ({error.strerror})") from error
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            kind = "a directory" if stat.S_ISDIR(info.st_mode) else "no regular file"
            raise _unreadable(path, what, f"is {kind}; write a file")
        if info.st_size > MAX_PARAMETER_BYTES:
            size = f"{info.st_size} of at most {MAX_PARAMETER_BYTES} bytes"
            raise _unreadable(path, what, f"is too long for a parameter ({size}); use an artifact")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise _unreadable(path, what, f"cannot be read ({error.strerror})") from error
    finally:
        os.close(descriptor)


def _unreadable(path: str, what: str, problem: str) -> TaskError:
    return TaskError(f"{what}: '{path}' {problem}", reason=Reason.INVALID_OUTPUT)
