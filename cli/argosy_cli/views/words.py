"""Words, glyphs, colours and number formats that all views share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from argosy_runs.events import TaskFinished
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
"""Colour is never the only signal: a glyph or word says the same."""


_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and movements of the cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles and links
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # images, and other strings for a device or an application
    r"|\x1b[ -/]*[0-~]"
)
_CONTROLS: Final = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 0x09}


def strip_controls(line: str) -> str:
    """Return a line without control characters and escape sequences."""
    return _SEQUENCE.sub("", line).translate(_CONTROLS)


def keep_last_rewrite(line: str) -> str:
    """Return what is visible of a line that rewrites itself, such as a progress bar."""
    return line.rstrip("\r").rpartition("\r")[2]


def format_duration(span: timedelta) -> str:
    """Return ``0.4s``, ``12s``, ``3m05s`` or ``2h07m``."""
    seconds = max(0.0, span.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{rest}s"
    hours, minutes_rest = divmod(minutes, 60)
    return f"{minutes}m{rest:02d}s" if hours == 0 else f"{hours}h{minutes_rest:02d}m"


def has_line(event: TaskFinished) -> bool:
    """Return whether the end of a task gets a line.

    A group gets one only if it says why none of its tasks ran; if one of them failed, the line of
    that task says so.
    """
    if event.kind is TaskKind.CONTAINER:
        return True
    if event.state is TaskState.FAILED:
        return event.error is not None
    return event.state is not TaskState.SUCCEEDED


def label_path(path: str, items: Sequence[str]) -> str:
    """Return the path of a task, with what the iterations that it is in are for behind it."""
    return f"{path} [{', '.join(items)}]" if items else path


def format_reason(path: str, message: str) -> str:
    """Return the message about a task as plain text, without the path that drivers put before it.

    The message of a failed task may be the last line of its output, with control characters.
    """
    return strip_controls(message.removeprefix(f"task '{path}': "))


def format_state(state: TaskState, *, cached: bool) -> str:
    """Return the state, or ``CACHED``."""
    return "CACHED" if cached and state is TaskState.SUCCEEDED else state.value


def choose_glyph(state: TaskState, *, cached: bool) -> str:
    """Return the character for the state."""
    return CACHED_GLYPH if cached and state is TaskState.SUCCEEDED else GLYPHS[state]
