"""Show a run on a terminal: the output of tasks scrolls by, the running tasks are drawn below it.

The drawing is never taller than the window, because lines that scroll out of it cannot be redrawn:
it counts finished tasks, and has one line for each of the newest running tasks.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime
from typing import TextIO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from argosy_cli.views.stream import ForgivingStream
from argosy_cli.views.words import (
    GLYPHS,
    RUNNING_GLYPH,
    STYLES,
    choose_glyph,
    format_duration,
    format_reason,
    format_state,
    has_line,
    label_path,
)
from argosy_runs.events import (
    Event,
    Notice,
    RunStarted,
    Stopping,
    TaskFinished,
    TaskLogLine,
    TaskRetrying,
    TaskStarted,
)
from argosy_runs.states import TaskState
from argosy_schemas.ir.task_kind import TaskKind

REFRESHES_PER_SECOND = 4
ROWS_BESIDE_RUNNING = 3
"""The header, the line of counts, and one spare row."""


class LiveView:
    """Draws a run on ``stream``, which is a terminal."""

    def __init__(self, stream: TextIO, *, output: bool = True) -> None:
        self._console = Console(file=cast("TextIO", ForgivingStream(stream)), highlight=False)
        self._output = output
        self._lock = threading.Lock()
        self._title = ""
        self._started_at = datetime.now(UTC)
        self._running: dict[str, TaskStarted] = {}
        self._finished: Counter[TaskState] = Counter()
        self._stopping = False
        # Last, because it draws at once.
        self._live = Live(
            console=self._console,
            refresh_per_second=REFRESHES_PER_SECOND,
            get_renderable=self._draw,
            transient=True,
        )

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Update the drawing, and print the line of an event above it."""
        line = self._update(event)
        if line is not None:
            self._console.print(line, soft_wrap=True)

    def _update(self, event: Event) -> Text | None:
        with self._lock:
            if isinstance(event, RunStarted):
                self._title = f"{event.pipeline}  run {event.run_id}"
                self._started_at = event.at
            elif isinstance(event, TaskStarted):
                self._running[event.path] = event
            elif isinstance(event, TaskFinished):
                return self._update_finished(event)
            elif isinstance(event, TaskLogLine):
                return _format_output(event) if self._output else None
            elif isinstance(event, TaskRetrying):
                self._running.pop(event.path, None)
                reason = format_reason(event.path, event.error)
                return Text(f"↻ {event.path}  attempt {event.attempt}: {reason}", "yellow")
            elif isinstance(event, Notice):
                return Text(f"note: {event.message}", "dim")
            elif isinstance(event, Stopping):
                self._stopping = True
        return None

    def _update_finished(self, event: TaskFinished) -> Text | None:
        self._running.pop(event.path, None)
        if event.kind is TaskKind.CONTAINER:
            self._finished[event.state] += 1
        elif not has_line(event):
            return None
        line = Text()
        line.append(f"{choose_glyph(event.state, cached=event.cached)} ", STYLES[event.state])
        line.append(label_path(event.path, event.items))
        if event.started_at is not None:
            line.append(f"  {format_duration(event.at - event.started_at)}", "dim")
        if event.state is not TaskState.SUCCEEDED or event.cached:
            word = format_state(event.state, cached=event.cached).lower().replace("_", " ")
            line.append(f"  {word}", STYLES[event.state])
        if reason := event.error or event.reason:
            line.append(f"  {format_reason(event.path, reason)}")
        return line

    def _draw(self) -> Group:
        now = datetime.now(UTC)
        with self._lock:
            state = "stopping" if self._stopping else format_duration(now - self._started_at)
            header = self._row(self._title, state, "bold", "dim")
            counts = Text(no_wrap=True, overflow="ellipsis")
            for state, number in sorted(self._finished.items()):
                counts.append(f"{GLYPHS[state]} {number}  ", STYLES[state])
            counts.append(f"{RUNNING_GLYPH} {len(self._running)}", "cyan")
            room = max(1, self._console.size.height - ROWS_BESIDE_RUNNING)
            shown = list(self._running.values())[-room:]
            rows = [
                self._row(
                    f"{RUNNING_GLYPH} {label_path(task.path, task.items)}",
                    format_duration(now - task.at),
                    "cyan",
                    "cyan",
                )
                for task in shown
            ]
        return Group(header, *rows, counts)

    def _row(self, name: str, status: str, style: str, status_style: str) -> Text:
        """Return one row; a name that does not fit is cut in the middle."""
        room = max(1, self._console.width - len(status) - 2)
        if len(name) > room:
            half = room // 2
            name = f"{name[: room - 1 - half]}…{name[len(name) - half :]}"
        row = Text(no_wrap=True, overflow="ellipsis")
        return row.append(f"{name}  ", style).append(status, status_style)


def _format_output(event: TaskLogLine) -> Text:
    line = Text(f"{event.path} │ ", "dim")
    # Colours of the task must not change the drawing below.
    line.append(Text.from_ansi(event.line))
    return line
