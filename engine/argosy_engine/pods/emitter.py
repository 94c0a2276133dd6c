"""Hands events to the caller's listener, one at a time, and lines of output piece by piece."""

from __future__ import annotations

import threading

from argosy_engine.events import Event, Listener, TaskOutput
from argosy_schemas.names import TaskPath

_LONGEST_LINE = 16 * 1024
"""Bytes without a line break are handed on at this length: memory stays bounded."""


class Emitter:
    """Calls a listener from many threads, one call at a time, until it raises."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self.failure: str | None = None
        """Why the listener is told nothing more, for people; ``None``: it is."""

    def __call__(self, event: Event) -> None:
        """Hand on an event."""
        with self._lock:
            if self.failure is not None:
                return
            try:
                self._listener(event)
            except Exception as error:
                # It is called in the midst of tasks and of the engine's own work, and neither has
                # any part in what is wrong with it.
                self.failure = (
                    "what happens was shown no further, since showing it raised "
                    f"{type(error).__name__}: {error}"
                )


class LineWriter:
    """Makes lines of the pieces that a process wrote."""

    def __init__(self, path: TaskPath, emit: Listener) -> None:
        self._path = path
        self._emit = emit
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Hand on the lines that are complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        while len(self._rest) > _LONGEST_LINE:
            self._line(self._rest[:_LONGEST_LINE])
            self._rest = self._rest[_LONGEST_LINE:]

    def end(self) -> None:
        """Hand on what is left when nothing more comes."""
        if self._rest:
            self._line(self._rest)
            self._rest = b""

    def _line(self, line: bytes) -> None:
        text = line.decode(errors="replace").removesuffix("\r")
        self._emit(TaskOutput(path=self._path, line=text))
