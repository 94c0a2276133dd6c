"""The rows of tasks and artifacts, from what a report says of a task."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from argosy_runs.input_sources import DEFAULT_SOURCE, InputKind, InputSource
from argosy_runs.results import TaskResult
from argosy_runs.states import TaskState
from argosy_schemas.formats.records import LARGE_VALUE_BYTES, Artifact
from argosy_schemas.values import JsonValue, to_json
from argosy_service.database.times import to_microseconds
from argosy_service.resources.runs.tasks import make_task_id

_OUTPUT: Final = "OUTPUT"

_ID_BITS: Final = 63

_STATES: Final = {
    TaskState.PENDING: "PENDING",
    TaskState.RUNNING: "RUNNING",
    TaskState.SUCCEEDED: "SUCCEEDED",
    TaskState.FAILED: "FAILED",
    TaskState.SKIPPED: "SKIPPED",
    TaskState.CANCELED: "CANCELED",
    # As KFP has it for a task that its upstream kept from running.
    TaskState.NOT_RUN: "RUNTIME_STATE_UNSPECIFIED",
}

_INPUT_TYPES: Final[Mapping[InputKind, str]] = {
    InputKind.DEFAULT: "COMPONENT_DEFAULT_INPUT",
    InputKind.CONSTANT: "RUNTIME_VALUE_INPUT",
    InputKind.COMPONENT_INPUT: "COMPONENT_INPUT",
    InputKind.TASK_OUTPUT: "TASK_OUTPUT_INPUT",
    InputKind.COLLECTED: "COLLECTED_INPUTS",
    InputKind.ITEM: "ITERATOR_INPUT",
    InputKind.RAW_ITEM: "ITERATOR_INPUT_RAW",
    InputKind.FINAL_STATUS: "TASK_FINAL_STATUS_OUTPUT",
}

_ARTIFACT_TYPES: Final = {
    "system.Artifact": "Artifact",
    "system.Model": "Model",
    "system.Dataset": "Dataset",
    "system.HTML": "HTML",
    "system.Markdown": "Markdown",
    "system.Metrics": "Metric",
    "system.ClassificationMetrics": "ClassificationMetric",
    "system.SlicedClassificationMetrics": "SlicedClassificationMetric",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRows:
    """The artifacts that tasks made and used, and which task did."""

    artifacts: Sequence[Mapping[str, Any]]
    links: Sequence[Mapping[str, Any]]


def make_mark(position: int, task: TaskResult) -> str:
    """Return what changes whenever the rows of a task have to.

    Values come with the end of a task, so that their number tells of them.
    """
    counts = [
        len(held)
        for values in (task.inputs, task.outputs)
        for held in (values.parameters, values.artifacts)
    ]
    what = (
        position,
        task.state,
        task.error,
        task.reason,
        task.cached,
        task.attempts,
        task.pod,
        task.started_at,
        task.finished_at,
        counts,
    )
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def make_task_row(run_id: str, position: int, task: TaskResult) -> dict[str, Any]:
    """Return the row of a task, without its history, its revision and when it was seen first."""
    error = task.error or ""
    outer = task.path.rpartition("/")[0]
    return {
        "run_id": run_id,
        "path": task.path,
        "id": make_task_id(run_id, task.path),
        "parent_id": make_task_id(run_id, outer) if outer else "",
        "position": position,
        "name": task.name,
        "name_key": task.name.casefold(),
        "display_name": task.display_name,
        "kind": task.kind.value,
        "state": _STATES[task.state],
        "is_cached": task.cached and task.state is TaskState.SUCCEEDED,
        "error": error or (task.reason or "" if task.state is TaskState.NOT_RUN else ""),
        "pod_name": task.pod or "",
        "inputs": _write_parameters(task.inputs.parameters, task.sources),
        "outputs": _write_parameters(task.outputs.parameters, None),
        "started_at": to_microseconds(task.started_at),
        "finished_at": to_microseconds(task.finished_at),
    }


def list_moves(row: Mapping[str, Any], before: str, now: int) -> Iterator[dict[str, Any]]:
    """Yield the lines that the history of a task gets.

    Args:
        row: Of the task.
        before: Its state so far; empty: it was not seen.
        now: Where the task has no time of its own.
    """
    state = row["state"]
    if state == before or state == _STATES[TaskState.NOT_RUN]:
        return
    if state not in ("PENDING", "RUNNING") and before != "RUNNING" and row["started_at"]:
        yield {"at": row["started_at"], "state": "RUNNING"}
    at = row["started_at"] if state == "RUNNING" else row["finished_at"]
    yield {"at": at or now, "state": state}


def make_artifact_rows(
    run_id: str, namespace: str, tasks: Sequence[TaskResult], now: int
) -> ArtifactRows:
    """Return the rows of what tasks made and used; those of one artifact once."""
    artifacts: dict[str, dict[str, Any]] = {}
    links: dict[str, dict[str, Any]] = {}
    for task in tasks:
        task_id = make_task_id(run_id, task.path)
        made = to_microseconds(task.finished_at) or now
        for type_, key, producer, at, artifact in _list_artifacts(task):
            row = _make_artifact_row(namespace, artifact, made)
            artifacts.setdefault(row["id"], row)
            link: dict[str, Any] = {
                "id": _make_link_id(task_id, type_ == _OUTPUT, key, at),
                "artifact_id": row["id"],
                "run_id": run_id,
                "task_id": task_id,
                "type": type_,
                "key": key,
                "position": at,
                "producer": producer,
                "created_at": made,
            }
            links[link["id"]] = link
    return ArtifactRows(artifacts=tuple(artifacts.values()), links=tuple(links.values()))


def _list_artifacts(task: TaskResult) -> Iterator[tuple[str, str, str, int, Artifact]]:
    """Yield type, key, producer, position and artifact of what a task made and used."""
    for key, held in task.inputs.artifacts.items():
        source = task.sources.get(key, DEFAULT_SOURCE)
        for at, artifact in enumerate(held):
            yield _INPUT_TYPES[source.kind], key, source.task, at, artifact
    for key, held in task.outputs.artifacts.items():
        for at, artifact in enumerate(held):
            yield _OUTPUT, key, "", at, artifact


def _make_artifact_row(namespace: str, artifact: Artifact, at: int) -> dict[str, Any]:
    metadata = to_json(_make_finite(dict(artifact.metadata)))
    title = artifact.type.schema_title
    content = artifact.content
    return {
        "id": _make_artifact_id(namespace, artifact.uri, artifact.name, title, metadata),
        "namespace": namespace,
        "name": artifact.name,
        "name_key": artifact.name.casefold(),
        "type": _ARTIFACT_TYPES.get(title, "Artifact"),
        "uri": artifact.uri,
        "metadata": metadata,
        "content": "" if content is None else content.kind.value,
        "size_bytes": 0 if content is None else content.size_bytes,
        "created_at": at,
    }


def _make_artifact_id(*what: str) -> str:
    """Return the id of an artifact: a positive number below 2^63, which old clients need."""
    digest = hashlib.sha256("\0".join(what).encode()).digest()
    return str(int.from_bytes(digest[:8]) >> (64 - _ID_BITS) or 1)


def _make_link_id(task_id: str, is_output: bool, key: str, position: int) -> str:
    what = f"{task_id}\0{is_output}\0{key}\0{position}"
    return hashlib.sha256(what.encode()).hexdigest()[:32]


def _write_parameters(
    parameters: Mapping[str, JsonValue], sources: Mapping[str, InputSource] | None
) -> str:
    """Return parameters as JSON; empty: there are none. Large values are left out."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        entry: dict[str, Any] = {"type": _OUTPUT}
        if sources is not None:
            source = sources.get(name, DEFAULT_SOURCE)
            entry = {"type": _INPUT_TYPES[source.kind]}
            if source.task:
                entry["task"] = source.task
        kept = _make_finite(value)
        if len(to_json(kept)) <= LARGE_VALUE_BYTES:
            entry["value"] = kept
        found[name] = entry
    return to_json(found) if found else ""


def _make_finite(value: JsonValue) -> JsonValue:
    """Return a value with texts for numbers that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {name: _make_finite(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_make_finite(inner) for inner in value]
    return value
