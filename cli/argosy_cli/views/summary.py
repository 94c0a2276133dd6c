"""Summarize a run that has ended: its state, its failures and its outputs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from argosy_cli.views.words import format_duration, format_reason, format_state
from argosy_runs.results import RunResult, find_own_failures, summarize_artifact
from argosy_runs.states import RunState
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.message_text import truncate
from argosy_schemas.values import to_json

LONGEST_VALUE = 200
"""Longer outputs are cut here; ``--output json`` prints them whole."""

_WORDS = (
    "succeeded",
    "cached",
    "failed",
    "skipped",
    "not run",
    "canceled",
    "running",
    "pending",
)
"""Counts are printed in this order."""


def format_summary(result: RunResult, go_on: str) -> str:
    """Return the lines about a run, without a final line break.

    Args:
        result: The run.
        go_on: The command that goes on with it.
    """
    lines = [f"run {result.run_id} {result.state} {_format_span(result)}{_format_counts(result)}"]
    if result.state is RunState.FAILED:
        lines += [f"  {line}" for line in _failures(result)]
    if result.state is RunState.CANCELED:
        lines.append(f"  go on with: {go_on}")
    lines += [
        f"  {name} = {truncate(to_json(value), most=LONGEST_VALUE)}"
        for name, value in sorted(result.outputs.parameters.items())
    ]
    lines += [
        f"  {name}: {summarize_artifact(artifact)['uri']}"
        for name, artifacts in sorted(result.outputs.artifacts.items())
        for artifact in artifacts
    ]
    return "\n".join(lines)


def _failures(result: RunResult) -> list[str]:
    """Return why each task failed, without the groups that failed because a task in them did."""
    lines = [
        f"{task.path}: {format_reason(task.path, str(task.error))}"
        f"{f'; log: {task.log}' if task.log else ''}"
        for task in find_own_failures(result.tasks)
    ]
    return lines or ([] if result.error is None else [result.error])


def _format_span(result: RunResult) -> str:
    if result.state.is_final:
        end = result.finished_at or result.started_at
        return f"in {format_duration(end - result.started_at)}"
    return f"for {format_duration(datetime.now(UTC) - result.started_at)}"


def _format_counts(result: RunResult) -> str:
    """Return e.g. `` (5 tasks: 3 succeeded, 1 cached, 1 failed)``; empty without tasks."""
    counts = Counter(
        format_state(task.state, cached=task.cached).lower().replace("_", " ")
        for task in result.tasks
        if task.kind in (TaskKind.CONTAINER, TaskKind.IMPORTER)
    )
    total = sum(counts.values())
    if total == 0:
        return ""
    states = ", ".join(f"{counts[word]:,} {word}" for word in _WORDS if counts[word])
    return f" ({total:,} task{'s' if total > 1 else ''}: {states})"
