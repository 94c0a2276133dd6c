"""The stream that views write to, which may break under them.

A reader that went away (``argosy run … 2>&1 | head``), a terminal whose window was closed or a full
disk costs what would have been written there, and nothing else: the run goes on, and its result and
exit status stay true.
"""

from __future__ import annotations

import io
from typing import TextIO


class ForgivingStream(io.TextIOBase):
    """Writes to a stream until that fails, and from then on nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_broken = False

    def write(self, text: str, /) -> int:
        """Write ``text``, if that can still be done."""
        if not self._is_broken:
            try:
                self._stream.write(text)
            except OSError:
                self._is_broken = True
        return len(text)

    def flush(self) -> None:
        """Pass on what was written, if that can still be done."""
        if not self._is_broken:
            try:
                self._stream.flush()
            except OSError:
                self._is_broken = True

    def isatty(self) -> bool:
        """Return whether a person looks at it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the stream."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute there
        """What characters are written as."""
        return self._stream.encoding
