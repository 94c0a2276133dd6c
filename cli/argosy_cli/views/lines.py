"""A run as plain lines: one per change, for logs and pipes; nothing is redrawn or coloured."""

from __future__ import annotations

from datetime import datetime
from typing import TextIO, assert_never

from argosy_cli.views.stream import ForgivingStream
from argosy_cli.views.words import (
    duration,
    is_told,
    last_written,
    state_word,
    why,
    without_controls,
)
from argosy_engine.events import (
    Event,
    Notice,
    RunFinished,
    RunStarted,
    Stopping,
    TaskFinished,
    TaskOutput,
    TaskRetrying,
    TaskStarted,
)


class LinesView:
    """Writes each event to ``stream``."""

    def __init__(self, stream: TextIO, *, output: bool = True) -> None:
        self._stream = ForgivingStream(stream)
        self._output = output
        """Whether what tasks write is shown."""

    def __enter__(self) -> LinesView:
        return self

    def __exit__(self, *_: object) -> None:
        self._write("")

    def __call__(self, event: Event) -> None:
        """Write the line of one event, if it has one."""
        line = self._line(event)
        if line is not None:
            self._write(f"{without_controls(line)}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _line(self, event: Event) -> str | None:
        match event:
            case RunStarted():
                verb = "resumed" if event.resumed else "started"
                return f"{_clock(event.at)} run {event.run_id} of {event.pipeline} {verb}"
            case TaskStarted():
                again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
                return f"{_clock(event.at)} RUNNING {event.path}{again}"
            case TaskRetrying():
                return f"{_clock(event.at)} RETRYING {event.path}: {why(event.path, event.error)}"
            case TaskFinished():
                return _finished(event)
            case TaskOutput():
                return f"{event.path} | {last_written(event.line)}" if self._output else None
            case Notice():
                return f"note: {event.message}"
            case Stopping():
                return f"{_clock(event.at)} stopping; press Ctrl-C again to kill"
            case RunFinished():
                return None
            case _:
                assert_never(event)


def _finished(event: TaskFinished) -> str | None:
    if not is_told(event):
        return None
    line = f"{_clock(event.at)} {state_word(event.state, cached=event.cached)} {event.path}"
    if event.started_at is not None:
        line = f"{line} {duration(event.at - event.started_at)}"
    told = event.error or event.reason
    return f"{line}: {why(event.path, told)}" if told else line


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")
