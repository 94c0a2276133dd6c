"""Why a run did not succeed, as lines or as JSON: what ``argosy why`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argosy_cli.views.words import duration, glyph, state_word, why, without_controls
from argosy_runs.causes import Cause, explain_run
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue, to_json


def explanation_text(
    run: RunResult,
    causes: Sequence[Cause],
    lines: Mapping[TaskPath, Sequence[str]],
    others: Sequence[TaskResult],
) -> str:
    """Return the lines about a run, without a line break at the end.

    Args:
        run: The run.
        causes: The tasks that failed by themselves, as they are to be shown.
        lines: What each of them wrote last.
        others: Further tasks that a person asked for.
    """
    shown = [f"run {run.run_id} of {run.pipeline}: {without_controls(explain_run(run))}"]
    for cause in causes:
        shown += ["", *_cause(run, cause, lines[cause.task.path])]
    own = {cause.task.path for cause in causes}
    shown += [_other(task) for task in others if task.path not in own]
    left_out = [task for task in run.tasks if task.state is TaskState.NOT_RUN]
    if causes and left_out:
        count = len(left_out)
        shown += ["", f"{count:,} task{'s' if count > 1 else ''} did not run because of that"]
    return "\n".join(shown)


def explanation_json(
    run: RunResult,
    causes: Sequence[Cause],
    lines: Mapping[TaskPath, Sequence[str]],
    others: Sequence[TaskResult],
) -> str:
    """Return the same as one object."""
    document: dict[str, JsonValue] = {
        "run_id": run.run_id,
        "pipeline": run.pipeline,
        "state": run.state.value,
        "explanation": explain_run(run),
        "causes": [
            {
                "path": cause.task.path,
                "error": cause.task.error,
                "attempts": cause.task.attempts,
                "last_lines": list(lines[cause.task.path]),
                "log": cause.task.log,
                "next_step": cause.next_step,
            }
            for cause in causes
        ],
        "tasks": [
            {
                "path": task.path,
                "state": task.state.value,
                "error": task.error,
                "reason": task.reason,
            }
            for task in others
        ],
    }
    return to_json(document)


def _cause(run: RunResult, cause: Cause, lines: Sequence[str]) -> list[str]:
    task = cause.task
    mark = glyph(task.state, cached=False)
    attempts = f" after {task.attempts} attempts" if task.attempts > 1 else ""
    span = ""
    if task.started_at is not None and task.finished_at is not None:
        span = f" in {duration(task.finished_at - task.started_at)}"
    error = why(task.path, str(task.error))
    shown = [f"{mark} {task.path} failed{attempts}{span}: {error}"]
    shown += [f"    | {without_controls(line)}" for line in lines]
    shown.append(f"  next: {cause.next_step}")
    if task.log is not None:
        shown.append(f"  log:  argosy logs {run.run_id[:8]} {task.path}")
    return shown


def _other(task: TaskResult) -> str:
    mark = glyph(task.state, cached=task.cached)
    line = f"{mark} {task.path} {state_word(task.state, cached=task.cached)}"
    reason = task.error or task.reason
    return f"{line}: {why(task.path, reason)}" if reason else line
