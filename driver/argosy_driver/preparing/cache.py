"""Look a fingerprint up, and believe what is found only if it is still true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy_schemas.errors import StoreError
from argosy_schemas.formats.records import AttemptRecord, Content, RecordReference, Values
from argosy_schemas.names import ArtifactUri
from argosy_store.cache_entries import CacheEntries, CacheMiss
from argosy_store.objects import ObjectStore
from argosy_store.parallel import for_each
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores
from argosy_store.transfer import is_unchanged

_CHECKS_AT_A_TIME = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheHit:
    """The work was done before."""

    record: RecordReference
    outputs: Values


def look_up(
    fingerprint: str, *, store: ObjectStore, stores: Stores, pipeline: str
) -> CacheHit | CacheMiss:
    """Return the outputs of an earlier task with this fingerprint, if all of them are still there.

    An entry or record that is damaged or of a newer release is a miss: the task runs.

    Args:
        fingerprint: Of the task.
        store: Holds the cache and the records.
        stores: Where artifacts are, by URI.
        pipeline: The name of the pipeline; results are not shared between pipelines.

    Raises:
        StoreError: A store did not answer; trying again may help.
    """
    entry = CacheEntries(store).get(fingerprint)
    if isinstance(entry, CacheMiss):
        return entry
    if entry.pipeline != pipeline:
        return CacheMiss(reason=f"the entry belongs to pipeline '{entry.pipeline}'")
    try:
        record = RunRecords(store, entry.record.run_id).read_success(entry.record.task_path)
    except StoreError as error:
        if error.retryable:
            raise
        return CacheMiss(reason=str(error))
    if record is None:
        return CacheMiss(reason=f"the record of run '{entry.record.run_id}' is gone")
    if record.attempt_id != entry.record.attempt_id and record.fingerprint != fingerprint:
        return CacheMiss(reason=f"run '{entry.record.run_id}' has done the task again since")
    missing = _missing(record, store, stores)
    if missing is not None:
        return CacheMiss(reason=missing)
    return CacheHit(
        record=record.reference,
        outputs=record.outputs,
    )


def _missing(record: AttemptRecord, store: ObjectStore, stores: Stores) -> str | None:
    """Return what of the outputs is not any more what the record says; ``None``: all is."""
    for key in record.outputs.large.values():
        if not store.exists(key):
            return f"the value '{key}' is gone"
    expected = _contents(record)
    gone: list[str] = []

    def check(uri: ArtifactUri) -> None:
        try:
            if not is_unchanged(stores, uri, expected[uri]):
                gone.append(uri)
        except StoreError as error:
            if error.retryable:
                raise
            gone.append(uri)

    for_each(check, expected, width=min(len(expected), _CHECKS_AT_A_TIME) if _remote(record) else 1)
    return f"'{min(gone)}' has changed or is gone" if gone else None


def _contents(record: AttemptRecord) -> Mapping[ArtifactUri, Content]:
    return {
        artifact.uri: artifact.content
        for artifacts in record.outputs.artifacts.values()
        for artifact in artifacts
        if artifact.content is not None
    }


def _remote(record: AttemptRecord) -> bool:
    return any(
        not artifact.uri.startswith(("file:", "memory:"))
        for artifacts in record.outputs.artifacts.values()
        for artifact in artifacts
    )
