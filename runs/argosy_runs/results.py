"""The outcome of a run as a value, and its JSON.

The JSON is a promise to scripts: fields are added, never renamed. Times are RFC 3339 in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from argosy_runs.input_sources import InputSource
from argosy_runs.states import RunState, TaskState
from argosy_schemas.formats.records import Artifact, Failure, Values
from argosy_schemas.ir.task_kind import TaskKind
from argosy_schemas.names import RunId, TaskPath
from argosy_schemas.values import JsonValue

_LATEST = datetime.max.replace(tzinfo=UTC)

ENDED_AS = "the workflow ended as"
"""The beginning of the error of a run in which nothing failed by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What became of one task."""

    path: TaskPath
    kind: TaskKind
    name: str
    """The task's key in its DAG; an iteration's is its index."""
    display_name: str
    item: str | None = None
    """Of an iteration: the text of its item, or of the item's first member."""
    state: TaskState
    reason: str | None = None
    """One sentence: why it was skipped, did not run or was canceled; names the upstream."""
    cached: bool = False
    attempts: int = 0
    """How many times a pod was started for it, over all engines that worked on the run."""
    inputs: Values = field(default_factory=Values)
    outputs: Values = field(default_factory=Values)
    error: str | None = None
    failure: Failure | None = None
    """Of its last attempt, if that failed; not in the JSON, whose ``error`` says it."""
    log: str | None = None
    """Path of the stored output of the last attempt."""
    pod: str | None = None
    """Name of its last pod on a cluster; not in the JSON."""
    sources: Mapping[str, InputSource] = field(default_factory=dict[str, InputSource])
    """Where its inputs come from, by name; not in the JSON."""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the entry of ``tasks`` in the JSON of a run."""
        return {
            "path": self.path,
            "kind": self.kind.value,
            "name": self.name,
            "display_name": self.display_name,
            "item": self.item,
            "state": self.state.value,
            "reason": self.reason,
            "cached": self.cached,
            "attempts": self.attempts,
            "inputs": summarize_values(self.inputs),
            "outputs": summarize_values(self.outputs),
            "error": self.error,
            "log": self.log,
            "started_at": format_time_for_json(self.started_at),
            "finished_at": format_time_for_json(self.finished_at),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What became of a run and of each of its tasks."""

    run_id: RunId
    pipeline: str
    state: RunState
    started_at: datetime
    """When the last engine that worked on it began."""
    finished_at: datetime | None
    """``None`` while it lasts."""
    error: str | None = None
    """One sentence about the first failure; ``None`` when the run succeeded."""
    outputs: Values = field(default_factory=Values)
    tasks: tuple[TaskResult, ...] = ()
    """Of every kind, also those that did not run; by path, numeric segments as numbers."""
    notices: tuple[str, ...] = ()
    listener_failure: str | None = None
    """Why the listener got no more events from some moment on; ``None``: it got all."""

    def to_json(self) -> dict[str, JsonValue]:
        """Return what ``argosy run --output json`` prints."""
        return {
            "run_id": self.run_id,
            "pipeline": self.pipeline,
            "state": self.state.value,
            "started_at": format_time_for_json(self.started_at),
            "finished_at": format_time_for_json(self.finished_at),
            "error": self.error,
            "outputs": summarize_values(self.outputs),
            "tasks": [task.to_json() for task in self.tasks],
        }


def find_own_failures(tasks: Iterable[TaskResult]) -> tuple[TaskResult, ...]:
    """Return the tasks that failed by themselves, not by a task in them, first the first to end."""
    failed = [task for task in tasks if task.state is TaskState.FAILED]
    groups: set[str] = set()
    for task in failed:
        outer = task.path.rpartition("/")[0]
        while outer and outer not in groups:
            groups.add(outer)
            outer = outer.rpartition("/")[0]
    own = (task for task in failed if task.path not in groups)
    return tuple(sorted(own, key=lambda task: (task.finished_at or _LATEST, task.path)))


def format_failure(path: str, error: str | None) -> str:
    """Return the error of a run in which a task failed."""
    return f"'{path}' failed: {error}"


def summarize_values(values: Values) -> dict[str, JsonValue]:
    """Return parameters and artifacts as people read them.

    An artifact is always a list, a single one a list of one. A parameter value that was stored as
    an object of its own must have been loaded before; one that was not is left out.
    """
    parameters: Mapping[str, JsonValue] = values.parameters
    return {
        "parameters": {name: parameters[name] for name in sorted(parameters)},
        "artifacts": {
            name: [summarize_artifact(artifact) for artifact in values.artifacts[name]]
            for name in sorted(values.artifacts)
        },
    }


def summarize_artifact(artifact: Artifact) -> dict[str, JsonValue]:
    """Return where an artifact is, what it is, and what is known of it."""
    kind = artifact.type.schema_title or _title(artifact.type.instance_schema)
    return {"uri": artifact.uri, "type": kind, "metadata": dict(artifact.metadata)}


def make_path_key(path: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that orders paths by segment, numeric segments as numbers."""
    return tuple(
        (0, int(segment), "") if segment.isdecimal() else (1, 0, segment)
        for segment in path.split("/")
    )


def _title(instance_schema: str) -> str:
    """Return the ``title`` line of a schema of the author's own; it is YAML, and never parsed."""
    for line in instance_schema.splitlines():
        key, separator, value = line.partition(":")
        if separator and key.strip() == "title":
            return value.strip().strip("'\"")
    return ""


def format_time_for_json(at: datetime | None) -> str | None:
    """Return a time in UTC, as our JSON for scripts has it."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
