"""Write files atomically: a reader sees the whole file or none.

A file is written under a temporary name beside its own, and renamed when it is complete. A failed
write leaves nothing behind. Argosy writes every file that another process or a later run reads in
this way.
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
    """Yield a temporary path to write to, and rename it to ``path`` when the block succeeds."""
    part = path.parent / make_part_name()
    try:
        yield part
        os.replace(part, path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and str(error.filename) == str(part):
            # The caller does not know the temporary name.
            error.filename = str(path)
        raise


def make_part_name() -> str:
    """Return a new temporary name."""
    # Not derived from the name of the file, which may already have the maximal length.
    return f".{os.urandom(8).hex()}{_PART_SUFFIX}"


def is_part_file(name: str) -> bool:
    """Return whether a file is being written under this name, or was left by a killed process."""
    return name.startswith(".") and name.endswith(_PART_SUFFIX)


def write_new_file(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet.

    Raises:
        OSError: The file exists, or cannot be written.
    """
    with open(path, "xb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]


def write_atomically(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write or replace a file atomically.

    Args:
        path: In a directory that exists.
        data: The content.
        mode: The permissions; ``None``: those by default.

    Raises:
        OSError: The file cannot be written.
    """
    with replace_atomically(path) as part:
        write_new_file(part, data)
        if mode is not None:
            part.chmod(mode)
