"""Take over the log of the command, which ``exec`` has written in parts of a bounded length.

The launcher works on a copy on the private volume, since the parts are on a volume that the user's
code writes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from argosy_schemas.untrusted_files import UntrustedFileError, UntrustedPath

PART_BYTES: Final = 64 * 2**20
"""The most that ``exec`` writes to a part, see ``-l`` in ``docs/container-contract.md``."""

_MAX_NAMES: Final = 10_000
"""How many names are looked at to find the parts."""
_PART: Final = re.compile(r"log\.([1-9][0-9]{0,8})", re.ASCII)
_CHUNK_BYTES: Final = 1 << 20
_GAP: Final = b"\n[argosy: the log is longer than what was kept of it]\n"


def take_log(directory: Path, target: Path) -> Path | None:
    """Write all parts of the log to ``target``, and return it; ``None``: there is no log.

    A line stands where parts are missing. Whatever is no file is left out.

    Args:
        directory: The exchange volume.
        target: A file where the user's code cannot write.

    Raises:
        OSError: The target cannot be written.
    """
    taken = -1
    with target.open("wb") as whole:
        for number in _list_parts(directory):
            name = f"log.{number}" if number else "log"
            try:
                with UntrustedPath(directory, name).open() as part:
                    if number != taken + 1:
                        whole.write(_GAP)
                    _copy(part, whole)
                    taken = number
            except (UntrustedFileError, FileNotFoundError, PermissionError):
                continue
    return None if taken < 0 else target


def _list_parts(directory: Path) -> Iterator[int]:
    """Yield the numbers of the parts that ``exec`` keeps: the first, and the last two."""
    yield 0
    with os.scandir(directory) as entries:
        found = (_PART.fullmatch(entry.name) for entry in islice(entries, _MAX_NAMES))
        yield from sorted(int(match[1]) for match in found if match)[-2:]


def _copy(part: int, whole: BinaryIO) -> None:
    left = PART_BYTES
    while left and (chunk := os.read(part, min(_CHUNK_BYTES, left))):
        whole.write(chunk)
        left -= len(chunk)
