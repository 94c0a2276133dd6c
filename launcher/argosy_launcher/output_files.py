"""Read the files to which a command writes its output parameters."""

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
"""A larger file would need more memory than the launcher's container has."""


@dataclass(frozen=True, slots=True)
class LocatedPath:
    """The path in this process of a file or directory that the command wrote."""

    path: Path
    boundary: Path | None = None
    """The directory that links below ``path`` may not leave; ``None``: links are trusted."""


Locator = Callable[[str], LocatedPath]


def locate_here(path: str) -> LocatedPath:
    """Return the same path, for a command that ran on this file system as the same user."""
    return LocatedPath(Path(path))


def read_output_file(path: str, what: str, locate: Locator) -> bytes | None:
    """Return the content of an output file; ``None``: the command did not write it.

    Raises:
        TaskError: It is not a regular file, cannot be read, or is too long for a parameter.
    """
    found = locate(path).path
    try:
        # Opening a named pipe must not block.
        descriptor = os.open(found, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _make_error(path, what, f"cannot be read ({error.strerror})") from error
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            kind = "a directory" if stat.S_ISDIR(info.st_mode) else "no regular file"
            raise _make_error(path, what, f"is {kind}; write a file")
        if info.st_size > MAX_PARAMETER_BYTES:
            size = f"{info.st_size} of at most {MAX_PARAMETER_BYTES} bytes"
            raise _make_error(path, what, f"is too long for a parameter ({size}); use an artifact")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise _make_error(path, what, f"cannot be read ({error.strerror})") from error
    finally:
        os.close(descriptor)


def _make_error(path: str, what: str, problem: str) -> TaskError:
    return TaskError(f"{what}: '{path}' {problem}", reason=Reason.INVALID_OUTPUT)
