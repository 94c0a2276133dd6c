"""Which lines of the logs of a run a person wants, wherever it runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from argosy_runs.sdk_lines import SdkLines
from argosy_schemas.names import TaskPath


def matches_task(path: TaskPath, text: str) -> bool:
    """Return whether ``text`` stands for a task.

    It may be the task's path or some segments of it: a group stands for all that is in it, and the
    name of a task in a loop for all its iterations.
    """
    return f"/{text.strip('/')}/" in f"/{path}/"


def keep_last_lines(lines: Iterable[str], path: TaskPath, count: int) -> tuple[str, ...]:
    """Return the last lines that the command of a task wrote, without those of the KFP SDK."""
    sdk_lines = SdkLines()
    own = (line for line in lines if not sdk_lines.is_sdk_line(path, line))
    return tuple(deque(own, maxlen=count))
