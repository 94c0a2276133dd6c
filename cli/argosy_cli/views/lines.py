"""Show a run as plain lines, one per event, for logs and pipes; without colours or redrawing."""

from __future__ import annotations

from datetime import datetime
from typing import TextIO, assert_never

from argosy_cli.views.stream import ForgivingStream
from argosy_cli.views.words import (
    format_duration,
    format_reason,
    format_state,
    has_line,
    keep_last_rewrite,
    label_path,
    strip_controls,
)
from argosy_runs.events import (
    Event,
    Notice,
    RunFinished,
    RunStarted,
    Stopping,
    TaskFinished,
    TaskLogLine,
    TaskRetrying,
    TaskStarted,
)


class LinesView:
    """Writes each event to ``stream``."""

    def __init__(self, stream: TextIO, *, output: bool = True) -> None:
        self._stream = ForgivingStream(stream)
        self._output = output
        """Whether to show the output of tasks."""

    def __enter__(self) -> LinesView:
        return self

    def __exit__(self, *_: object) -> None:
        self._write("")

    def __call__(self, event: Event) -> None:
        """Write the line of an event, if it has one."""
        line = self._format(event)
        if line is not None:
            self._write(f"{strip_controls(line)}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _format(self, event: Event) -> str | None:
        match event:
            case RunStarted():
                verb = "resumed" if event.resumed else "started"
                return f"{_format_time(event.at)} run {event.run_id} of {event.pipeline} {verb}"
            case TaskStarted():
                again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
                return (
                    f"{_format_time(event.at)} RUNNING {label_path(event.path, event.items)}{again}"
                )
            case TaskRetrying():
                reason = format_reason(event.path, event.error)
                return f"{_format_time(event.at)} RETRYING {event.path}: {reason}"
            case TaskFinished():
                return _format_finished(event)
            case TaskLogLine():
                return f"{event.path} | {keep_last_rewrite(event.line)}" if self._output else None
            case Notice():
                return f"note: {event.message}"
            case Stopping():
                return f"{_format_time(event.at)} stopping; press Ctrl-C again to kill"
            case RunFinished():
                return None
            case _:
                assert_never(event)


def _format_finished(event: TaskFinished) -> str | None:
    if not has_line(event):
        return None
    state = format_state(event.state, cached=event.cached)
    line = f"{_format_time(event.at)} {state} {label_path(event.path, event.items)}"
    if event.started_at is not None:
        line = f"{line} {format_duration(event.at - event.started_at)}"
    reason = event.error or event.reason
    return f"{line}: {format_reason(event.path, reason)}" if reason else line


def _format_time(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M:%S")
