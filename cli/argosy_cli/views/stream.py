"""The stream that views write to.

If the reader has ended (``argosy run … 2>&1 | head``), the terminal is closed or the disk is full,
only this output is lost: the run continues, and its result and exit status stay right.
"""

from __future__ import annotations

import io
from typing import TextIO


class ForgivingStream(io.TextIOBase):
    """Writes to a stream; after the first error it discards everything."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_broken = False

    def write(self, text: str, /) -> int:
        """Write ``text``, unless writing failed before."""
        if not self._is_broken:
            try:
                self._stream.write(text)
            except OSError:
                self._is_broken = True
        return len(text)

    def flush(self) -> None:
        """Flush the stream, unless writing failed before."""
        if not self._is_broken:
            try:
                self._stream.flush()
            except OSError:
                self._is_broken = True

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor of the stream."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute there
        """The encoding of the stream."""
        return self._stream.encoding
