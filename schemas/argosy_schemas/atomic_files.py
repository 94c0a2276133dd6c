"""Files that a reader sees all of or nothing.

They are written under a name that nobody looks for, and renamed when they are complete. What cannot
be written or renamed leaves nothing behind. All parts of Argosy write the files by which they talk
to one another, or to a later run, in this way.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_PART_SUFFIX: Final = ".argosy-part"


@contextmanager
def replace_atomically(path: Path) -> Generator[Path]:
    """Yield a path beside ``path`` to write to; it becomes ``path`` when the block ends well."""
    part = path.parent / make_part_name()
    try:
        yield part
        os.replace(part, path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and str(error.filename) == str(part):
            # Nobody knows the other name.
            error.filename = str(path)
        raise


def make_part_name() -> str:
    """Return a fresh name for a file that is being written."""
    # Not derived from the name of the file, which may already be as long as names can be.
    return f".{os.urandom(8).hex()}{_PART_SUFFIX}"


def is_part_file(name: str) -> bool:
    """Return whether a file of this name was being written, or was left by a killed process."""
    return name.startswith(".") and name.endswith(_PART_SUFFIX)


def write_new_file(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet.

    Raises:
        OSError: As the system has it.
    """
    with open(path, "xb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]


def write_atomically(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write or replace a file at once.

    Args:
        path: In a directory that exists.
        data: What it is to hold.
        mode: Its permissions; ``None``: as this process makes files.

    Raises:
        OSError: As the system has it.
    """
    with replace_atomically(path) as part:
        write_new_file(part, data)
        if mode is not None:
            part.chmod(mode)
