"""The words, glyphs and numbers that all views share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from argosy_engine.events import TaskFinished
from argosy_runs.states import TaskState
from argosy_schemas.ir.task_kind import TaskKind

GLYPHS: Mapping[TaskState, str] = {
    TaskState.PENDING: "○",
    TaskState.RUNNING: "●",
    TaskState.SUCCEEDED: "✔",
    TaskState.FAILED: "✖",
    TaskState.SKIPPED: "⤼",
    TaskState.NOT_RUN: "◇",
    TaskState.CANCELED: "⊘",
}
RUNNING_GLYPH = GLYPHS[TaskState.RUNNING]
CACHED_GLYPH = "↺"

STYLES: Mapping[TaskState, str] = {
    TaskState.PENDING: "dim",
    TaskState.RUNNING: "cyan",
    TaskState.SUCCEEDED: "green",
    TaskState.FAILED: "red",
    TaskState.SKIPPED: "dim",
    TaskState.NOT_RUN: "dim",
    TaskState.CANCELED: "yellow",
}
"""Colour is never the only signal: glyph and word stand beside it."""


_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and movements of the cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles and links
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # images, and other strings for a device or an application
    r"|\x1b[ -/]*[0-~]"
)
_CONTROLS: Final = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 0x09}


def without_controls(line: str) -> str:
    """Return a line as plain text: what moves the cursor or colours is no text."""
    return _SEQUENCE.sub("", line).translate(_CONTROLS)


def last_written(line: str) -> str:
    """Return what is left of a line that was written over itself, as a bar of progress is."""
    return line.rstrip("\r").rpartition("\r")[2]


def duration(span: timedelta) -> str:
    """Return ``0.4s``, ``12s``, ``3m05s`` or ``2h07m``."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest}s"
    hours, minutes_rest = divmod(minutes, 60)
    return f"{minutes}m{rest:02d}s" if hours == 0 else f"{hours}h{minutes_rest:02d}m"


def is_told(event: TaskFinished) -> bool:
    """Return whether the end of a task is worth a line.

    That of a group is when it says why nothing in it ran. One in which a task failed has no error
    of its own: the task has told it.
    """
    if event.kind is TaskKind.CONTAINER:
        return True
    if event.state is TaskState.FAILED:
        return event.error is not None
    return event.state is not TaskState.SUCCEEDED


def why(path: str, told: str) -> str:
    """Return what is told of a task behind its path, which messages of drivers begin with.

    As plain text: the message of a task that failed may be the last line that it wrote.
    """
    return without_controls(told.removeprefix(f"task '{path}': "))


def state_word(state: TaskState, *, cached: bool) -> str:
    """Return the state as it is written for people."""
    return "CACHED" if cached and state is TaskState.SUCCEEDED else state.value


def glyph(state: TaskState, *, cached: bool) -> str:
    """Return the one character that stands for the state."""
    return CACHED_GLYPH if cached and state is TaskState.SUCCEEDED else GLYPHS[state]
