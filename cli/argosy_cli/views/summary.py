"""What is left on the screen when a run has ended: how it went, why not, and what came out."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path

from argosy_cli.arguments import DEFAULT_HOME
from argosy_cli.views.words import duration, state_word, why
from argosy_runs.results import RunResult, artifact_to_json
from argosy_runs.states import RunState, TaskState
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.message_text import truncate
from argosy_schemas.values import to_json

LONGEST_VALUE = 200
"""Characters of an output's text; the JSON of ``--output json`` has it whole."""

_WORDS = ("succeeded", "cached", "failed", "skipped", "not run", "canceled")
"""In this order."""


def summary(result: RunResult, home: Path) -> str:
    """Return the lines about the end of a run in ``home``, without a line break at the end."""
    lines = [f"run {result.run_id} {result.state} in {_span(result)}{_tasks(result)}"]
    if result.state is RunState.FAILED:
        lines += [f"  {line}" for line in _failures(result)]
    if result.state is RunState.CANCELED:
        lines.append(f"  go on with: {_resuming(result, home)}")
    lines += [
        f"  {name} = {truncate(to_json(value), most=LONGEST_VALUE)}"
        for name, value in sorted(result.outputs.parameters.items())
    ]
    lines += [
        f"  {name}: {artifact_to_json(artifact)['uri']}"
        for name, artifacts in sorted(result.outputs.artifacts.items())
        for artifact in artifacts
    ]
    return "\n".join(lines)


def _resuming(result: RunResult, home: Path) -> str:
    words = ["argosy", "run", "--resume", str(result.run_id)]
    if home != Path(DEFAULT_HOME):
        words += ["--home", str(home)]
    return shlex.join(words)


def _failures(result: RunResult) -> list[str]:
    """Return why each task failed, but for the groups in which one did: that one tells it."""
    failed = [task for task in result.tasks if task.state is TaskState.FAILED]
    # The tasks are in the order of their paths, what is in a group right behind it.
    paths = [*(str(task.path) for task in failed), ""]
    lines = [
        f"{task.path}: {why(task.path, str(task.error))}{f'; log: {task.log}' if task.log else ''}"
        for task, following in zip(failed, paths[1:], strict=True)
        if not following.startswith(f"{task.path}/")
    ]
    return lines or ([] if result.error is None else [result.error])


def _span(result: RunResult) -> str:
    return duration((result.finished_at or result.started_at) - result.started_at)


def _tasks(result: RunResult) -> str:
    """Return e.g. `` (5 tasks: 3 succeeded, 1 cached, 1 failed)``; empty without tasks."""
    counts = Counter(
        state_word(task.state, cached=task.cached).lower().replace("_", " ")
        for task in result.tasks
        if task.kind in (TaskKind.CONTAINER, TaskKind.IMPORTER)
    )
    total = sum(counts.values())
    if total == 0:
        return ""
    told = ", ".join(f"{counts[word]:,} {word}" for word in _WORDS if counts[word])
    return f" ({total:,} task{'s' if total > 1 else ''}: {told})"
