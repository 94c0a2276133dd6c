"""Read the files to which a command writes its output parameters."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.untrusted_files import (
    UntrustedFileError,
    UntrustedPath,
    read_whole,
    refuse_special,
)

MAX_OUTPUT_BYTES: Final = 4 * 2**20
"""Of a parameter's file, and of the executor output. Parsed, JSON takes some twenty times its
bytes, and the launcher's container is small."""

LocatedPath: TypeAlias = Path | UntrustedPath
"""The path in this process of a file or directory that the command wrote."""

Locator = Callable[[str], LocatedPath]


def locate_here(path: str) -> LocatedPath:
    """Return the same path, for a command that ran on this file system as the same user."""
    return Path(path)


def read_output_file(path: str, what: str, locate: Locator) -> bytes | None:
    """Return the content of an output file; ``None``: the command did not write it.

    Raises:
        TaskError: It is not a regular file, cannot be read, or is too long for a parameter.
    """
    found = locate(path)
    try:
        with _open(found) if isinstance(found, Path) else found.open() as descriptor:
            return read_whole(descriptor, most=MAX_OUTPUT_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UntrustedFileError as error:
        problem = f"{error}; write a file, and large data as an artifact"
        raise _make_error(path, what, problem) from error
    except OSError as error:
        raise _make_error(path, what, f"cannot be read ({error.strerror})") from error


@contextmanager
def _open(path: Path) -> Generator[int]:
    # Opening a named pipe must not block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        refuse_special(os.fstat(descriptor).st_mode)
        yield descriptor
    finally:
        os.close(descriptor)


def _make_error(path: str, what: str, problem: str) -> TaskError:
    return TaskError(f"{what}: '{path}' {problem}", reason=Reason.INVALID_OUTPUT)
