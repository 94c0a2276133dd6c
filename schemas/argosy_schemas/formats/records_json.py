"""Convert records and cache entries to deterministic JSON, and back.

``schemas/argosy_schemas/json`` describes the formats; field names are lowerCamelCase. Fields with
their default are left out, except ``final`` of a failure. A reader accepts any minor version of its
own major version, and ignores unknown fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from argosy_schemas.errors import ArgosyError
from argosy_schemas.formats.records import (
    RECORD_VERSION,
    Artifact,
    AttemptRecord,
    AttemptState,
    CacheEntry,
    Content,
    ContentKind,
    Failure,
    Reason,
    RecordReference,
    Values,
)
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_schemas.values import to_json

Json = Mapping[str, Any]

_FINAL_BY_THEMSELVES: Final = frozenset(
    {
        Reason.ARGUMENT_TOO_LONG,
        Reason.COMMAND_NOT_FOUND,
        Reason.CONDITION_FAILED,
        Reason.INVALID_INPUT,
        Reason.UNSUPPORTED,
    }
)


class FormatError(ArgosyError):
    """A stored document is damaged, or of a newer major version."""


def record_to_json(record: AttemptRecord) -> str:
    """Return the text of an attempt or success record."""
    return to_json(
        _drop_defaults(
            {
                "version": record.version,
                "runId": record.run_id,
                "pipeline": record.pipeline,
                "taskPath": record.task_path,
                "attemptId": record.attempt_id,
                "state": record.state.value,
                "startedAt": time_to_json(record.started_at),
                "finishedAt": None
                if record.finished_at is None
                else time_to_json(record.finished_at),
                "inputs": values_to_json(record.inputs),
                "outputs": values_to_json(record.outputs),
                "log": record.log,
                "fingerprint": record.fingerprint,
                "cachedFrom": None
                if record.cached_from is None
                else reference_to_json(record.cached_from),
                "basis": record.basis,
                "failure": None if record.failure is None else failure_to_json(record.failure),
            },
            keep=("runId", "pipeline", "taskPath", "attemptId"),
        )
    )


def record_from_json(text: str | bytes) -> AttemptRecord:
    """Return the record in ``text``.

    Raises:
        FormatError: It is damaged, or of a newer major version.
    """
    document = load_document(text, what="The record", newest=RECORD_VERSION)
    try:
        return AttemptRecord(
            version=document["version"],
            run_id=RunId(document["runId"]),
            pipeline=document["pipeline"],
            task_path=TaskPath(document["taskPath"]),
            attempt_id=AttemptId(document["attemptId"]),
            state=AttemptState(document["state"]),
            started_at=time_from_json(document["startedAt"]),
            finished_at=time_from_json(document["finishedAt"])
            if "finishedAt" in document
            else None,
            inputs=values_from_json(document.get("inputs", {})),
            outputs=values_from_json(document.get("outputs", {})),
            log=document.get("log"),
            fingerprint=document.get("fingerprint"),
            cached_from=reference_from_json(document["cachedFrom"])
            if "cachedFrom" in document
            else None,
            basis=document.get("basis"),
            failure=failure_from_json(document["failure"]) if "failure" in document else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"The record is damaged: {error!r}; delete it") from error


def cache_entry_to_json(entry: CacheEntry) -> str:
    """Return the text of a cache entry."""
    return to_json(
        {
            "version": entry.version,
            "fingerprint": entry.fingerprint,
            "pipeline": entry.pipeline,
            "record": reference_to_json(entry.record),
            "createdAt": time_to_json(entry.created_at),
        }
    )


def cache_entry_from_json(text: str | bytes) -> CacheEntry:
    """Return the cache entry in ``text``.

    Raises:
        FormatError: It is damaged, or of a newer major version.
    """
    document = load_document(text, what="The cache entry", newest=RECORD_VERSION)
    try:
        return CacheEntry(
            version=document["version"],
            fingerprint=document["fingerprint"],
            pipeline=document["pipeline"],
            record=reference_from_json(document["record"]),
            created_at=time_from_json(document["createdAt"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"The cache entry is damaged: {error!r}; delete it") from error


def load_document(text: str | bytes, *, what: str, newest: str) -> Json:
    """Return the JSON object in ``text``, after a check of its version.

    Args:
        text: UTF-8.
        what: Names the document in messages, e.g. ``The record``.
        newest: The version that this release writes.

    Raises:
        FormatError: It is not a JSON object with a version, or its major version is newer.
    """
    try:
        document = json.loads(text)
        version = str(document["version"])
        major = int(version.partition(".")[0])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(f"{what} is damaged: {error!r}; delete it") from error
    if major > int(newest.partition(".")[0]):
        raise FormatError(
            f"{what} has format version {version}, this release reads up to {newest}; "
            "use the release that wrote it, or a newer one"
        )
    loaded: Json = document
    return loaded


def values_to_json(values: Values) -> dict[str, Any]:
    """Return inputs or outputs; empty fields are left out."""
    return _drop_defaults(
        {
            "parameters": dict(values.parameters),
            "artifacts": {
                name: [artifact_to_json(artifact) for artifact in artifacts]
                for name, artifacts in values.artifacts.items()
            },
            "large": dict(values.large),
        }
    )


def values_from_json(document: Json) -> Values:
    """Return inputs or outputs."""
    return Values(
        parameters=_read_object(document, "parameters"),
        artifacts={
            name: tuple(artifact_from_json(artifact) for artifact in artifacts)
            for name, artifacts in document.get("artifacts", {}).items()
        },
        large=_read_object(document, "large"),
    )


def artifact_to_json(artifact: Artifact) -> dict[str, Any]:
    """Return one artifact."""
    content = artifact.content
    return _drop_defaults(
        {
            "name": artifact.name,
            "uri": artifact.uri,
            "type": artifact_type_to_json(artifact.type),
            "metadata": dict(artifact.metadata),
            "customPath": artifact.custom_path,
            "content": None
            if content is None
            else {
                "kind": content.kind.value,
                "files": content.files,
                "sizeBytes": content.size_bytes,
            },
        },
        keep=("name", "uri"),
    )


def artifact_from_json(document: Json) -> Artifact:
    """Return one artifact."""
    content: Json | None = document.get("content")
    return Artifact(
        name=document["name"],
        uri=ArtifactUri(document["uri"]),
        type=artifact_type_from_json(document.get("type", {})),
        metadata=_read_object(document, "metadata"),
        custom_path=document.get("customPath", ""),
        content=None
        if content is None
        else Content(
            kind=ContentKind(content["kind"]),
            files=content["files"],
            size_bytes=content["sizeBytes"],
        ),
    )


def artifact_type_to_json(kind: ArtifactType) -> dict[str, Any]:
    """Return the type of an artifact, as the IR writes it."""
    return _drop_defaults(
        {
            "schemaTitle": kind.schema_title,
            "instanceSchema": kind.instance_schema,
            "schemaVersion": kind.schema_version,
        }
    )


def artifact_type_from_json(document: Json) -> ArtifactType:
    """Return the type of an artifact."""
    return ArtifactType(
        schema_title=document.get("schemaTitle", ""),
        instance_schema=document.get("instanceSchema", ""),
        schema_version=document.get("schemaVersion", ""),
    )


def reference_to_json(reference: RecordReference) -> dict[str, Any]:
    """Return a reference to a success record."""
    return {
        "runId": reference.run_id,
        "taskPath": reference.task_path,
        "attemptId": reference.attempt_id,
    }


def reference_from_json(document: Json) -> RecordReference:
    """Return a reference to a success record."""
    return RecordReference(
        run_id=RunId(document["runId"]),
        task_path=TaskPath(document["taskPath"]),
        attempt_id=AttemptId(document["attemptId"]),
    )


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """Return why an attempt failed."""
    document: dict[str, Any] = {
        "reason": failure.reason.value,
        "message": failure.message,
        "final": failure.final,
    }
    if failure.exit_code is not None:
        document["exitCode"] = failure.exit_code
    return document


def failure_from_json(document: Json) -> Failure:
    """Return why an attempt failed."""
    reason = Reason(document["reason"])
    return Failure(
        reason=reason,
        message=document["message"],
        exit_code=document.get("exitCode"),
        # Records of earlier releases lack the field.
        final=document.get("final", reason in _FINAL_BY_THEMSELVES),
    )


def time_to_json(at: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds; the texts sort as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def time_from_json(text: str) -> datetime:
    """Return an aware time."""
    return datetime.fromisoformat(text)


def _read_object(document: Json, name: str) -> dict[str, Any]:
    members: dict[str, Any] = document.get(name, {})
    if not isinstance(members, dict):  # pyright: ignore[reportUnnecessaryIsInstance]  # JSON
        raise TypeError(f"'{name}' is no object")
    return members


def _drop_defaults(document: dict[str, Any], keep: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        name: value
        for name, value in document.items()
        if name in keep or (value is not None and value != {} and value != "")
    }
