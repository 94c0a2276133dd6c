"""Pass events to the caller's listener one at a time, and split output into lines."""

from __future__ import annotations

import threading

from argosy_runs.events import Event, Listener, TaskLogLine
from argosy_schemas.names import TaskPath

_LONGEST_LINE = 16 * 1024
"""A longer line is passed on in pieces of this many bytes, so that memory stays bounded."""


class Emitter:
    """Calls a listener for many threads, one call at a time, until it raises."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._lock = threading.Lock()
        self.failure: str | None = None
        """Why the listener is not called any more, for people; ``None``: it is."""

    def __call__(self, event: Event) -> None:
        """Pass on an event."""
        with self._lock:
            if self.failure is not None:
                return
            try:
                self._listener(event)
            except Exception as error:
                # A broken listener must neither fail a task nor end the run.
                self.failure = (
                    "progress is not shown any more, since showing it raised "
                    f"{type(error).__name__}: {error}"
                )


class LineWriter:
    """Splits the output of a process into lines and emits them."""

    def __init__(self, path: TaskPath, emit: Listener) -> None:
        self._path = path
        self._emit = emit
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Emit the lines that are complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        while len(self._rest) > _LONGEST_LINE:
            self._line(self._rest[:_LONGEST_LINE])
            self._rest = self._rest[_LONGEST_LINE:]

    def end(self) -> None:
        """Emit the last line, which has no line break."""
        if self._rest:
            self._line(self._rest)
            self._rest = b""

    def _line(self, line: bytes) -> None:
        text = line.decode(errors="replace").removesuffix("\r")
        self._emit(TaskLogLine(path=self._path, line=text))
