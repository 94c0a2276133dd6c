"""Explain why a run did not succeed, as lines or as JSON, for ``argosy why``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argosy_cli.views.words import (
    choose_glyph,
    format_duration,
    format_reason,
    format_state,
    strip_controls,
)
from argosy_runs.causes import Cause, Explanation
from argosy_runs.results import TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.values import JsonValue, to_json

_VERBS: Mapping[TaskState, str] = {
    TaskState.PENDING: "does not start",
    TaskState.RUNNING: "does not end",
    TaskState.SUCCEEDED: "succeeded",
    TaskState.FAILED: "failed",
    TaskState.SKIPPED: "was skipped",
    TaskState.NOT_RUN: "did not run",
    TaskState.CANCELED: "was stopped",
}


def format_explanation(explanation: Explanation, others: Sequence[TaskResult]) -> str:
    """Return the lines about a run, without a final line break.

    Args:
        explanation: Of the run.
        others: Other tasks that the user asked for.
    """
    run, causes = explanation.run, explanation.causes
    shown = [f"run {run.run_id} of {run.pipeline}: {strip_controls(explanation.summary)}"]
    for cause in causes:
        shown += ["", *_format_cause(explanation, cause)]
    own = {cause.task.path for cause in causes}
    shown += [_format_task(task) for task in others if task.path not in own]
    left_out = [task for task in run.tasks if task.state is TaskState.NOT_RUN]
    if causes and left_out:
        count = len(left_out)
        shown += ["", f"{count:,} task{'s' if count > 1 else ''} did not run because of that"]
    return "\n".join(shown)


def explanation_to_json(explanation: Explanation, others: Sequence[TaskResult]) -> str:
    """Return the same as a JSON object."""
    run = explanation.run
    document: dict[str, JsonValue] = {
        "run_id": run.run_id,
        "pipeline": run.pipeline,
        "state": run.state.value,
        "explanation": explanation.summary,
        "causes": [
            {
                "path": cause.task.path,
                "state": cause.task.state.value,
                "error": cause.error,
                "attempts": cause.task.attempts,
                "last_lines": list(explanation.last_lines[cause.task.path]),
                "log": cause.task.log,
                "next_step": cause.next_step,
            }
            for cause in explanation.causes
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


def _format_cause(explanation: Explanation, cause: Cause) -> list[str]:
    task, lines = cause.task, explanation.last_lines[cause.task.path]
    mark = choose_glyph(task.state, cached=False)
    attempts = f" after {task.attempts} attempts" if task.attempts > 1 else ""
    span = ""
    if task.started_at is not None and task.finished_at is not None:
        span = f" in {format_duration(task.finished_at - task.started_at)}"
    error = format_reason(task.path, str(cause.error))
    shown = [f"{mark} {task.path} {_VERBS[task.state]}{attempts}{span}: {error}"]
    shown += [f"    | {strip_controls(line)}" for line in lines]
    shown.append(f"  next: {cause.next_step}")
    if task.log is not None:
        shown.append(f"  log:  {explanation.logs} {task.path}")
    return shown


def _format_task(task: TaskResult) -> str:
    mark = choose_glyph(task.state, cached=task.cached)
    line = f"{mark} {task.path} {format_state(task.state, cached=task.cached)}"
    reason = task.error or task.reason
    return f"{line}: {format_reason(task.path, reason)}" if reason else line
