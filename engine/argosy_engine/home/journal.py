"""Writes the journal of a run, see :mod:`argosy_runs.journal`."""

from __future__ import annotations

import os
from pathlib import Path

from argosy_runs.journal import JournalEntry, entry_to_json


class JournalWriter:
    """The journal of one run, open for writing.

    Raises:
        OSError: It cannot be opened or, on writing, written.
    """

    def __init__(self, path: Path) -> None:
        is_cut_off = _is_cut_off(path)
        self._file = path.open("ab", buffering=0)
        if is_cut_off:
            self._file.write(b"\n")

    def write(self, entry: JournalEntry) -> None:
        """Append an entry."""
        # One write for one line; unbuffered, so that it outlives this process.
        self._file.write(entry_to_json(entry).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _is_cut_off(path: Path) -> bool:
    """Return whether the last line has no end."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                return False
            file.seek(size - 1)
            return file.read(1) != b"\n"
    except FileNotFoundError:
        return False
