"""Show a run as a tree of its tasks and a summary, for ``argosy get``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from argosy_cli.views.summary import format_summary
from argosy_cli.views.words import choose_glyph, format_duration, format_reason, format_state
from argosy_runs.results import RunResult, TaskResult, make_path_key
from argosy_runs.states import TaskState
from argosy_schemas.names import TaskPath

_NEVER = datetime.max.replace(tzinfo=UTC)


def format_run(run: RunResult, go_on: str) -> str:
    """Return the lines about a run, without a final line break.

    Args:
        run: The run.
        go_on: The command that goes on with it.
    """
    started_at = run.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"{run.pipeline}  {started_at}"]
    lines += [f"  {_line(task)}" for task in _in_start_order(run.tasks)]
    return "\n".join([*lines, format_summary(run, go_on)])


def _in_start_order(tasks: Sequence[TaskResult]) -> list[TaskResult]:
    """Return tasks by start time, each group before its tasks, those that did not start last."""
    starts = {task.path: task.started_at or _NEVER for task in tasks}

    def key(task: TaskResult) -> list[tuple[datetime, tuple[object, ...]]]:
        segments = task.path.split("/")
        paths = (TaskPath("/".join(segments[: length + 1])) for length in range(len(segments)))
        return [(starts.get(path, _NEVER), make_path_key(path)) for path in paths]

    return sorted(tasks, key=key)


def _line(task: TaskResult) -> str:
    depth = task.path.count("/")
    mark = choose_glyph(task.state, cached=task.cached)
    words = [f"{'  ' * depth}{mark} {task.display_name}"]
    if task.item is not None:
        words.append(task.item)
    if task.state is not TaskState.SUCCEEDED or task.cached:
        words.append(format_state(task.state, cached=task.cached))
    if task.started_at is not None:
        words.append(format_duration((task.finished_at or datetime.now(UTC)) - task.started_at))
    if task.attempts > 1:
        words.append(f"({task.attempts} attempts)")
    line = " ".join(words)
    reason = task.error or task.reason
    return f"{line}: {format_reason(task.path, reason)}" if reason else line
