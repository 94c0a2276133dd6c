"""Records in the store: attempt records, success records, cache entries.

An attempt record belongs to one attempt and holds what that attempt saw. A success record is
written when all outputs are complete, in place of the record of the attempt that completed them;
readers take data from success records only. The engine
decides the state of a *task*, never a record: an evicted pod leaves none.

The keys, below the root of a store:

* ``runs/<run>/tasks/<task path>/<attempt>.json``  an attempt record
* ``runs/<run>/tasks/<task path>/<attempt>.log``   the output of that attempt
* ``runs/<run>/tasks/<task path>/success.json``    the success record: of the attempt that succeeded
* ``runs/<run>/workflow.json``                     what ``argosy submit`` made, to retry the run
* ``runs/<run>/values/<sha256>``                   a parameter value above 64 KiB, as JSON
* ``runs/<run>/collected/<loop path>/<name>.json`` a list collected over many iterations
* ``cache/<fingerprint>.json``                     a cache entry
* ``ir/<sha256>``                                  a packed IR
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from argosy_schemas.errors import Reason as Reason  # part of a record
from argosy_schemas.ir.known import RecordReference as RecordReference  # likewise
from argosy_schemas.ir.model import ArtifactType
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_schemas.values import JsonValue

RECORD_VERSION = "1.1"
"""Major and minor; a reader refuses a newer major by name."""

LARGE_VALUE_BYTES = 64 * 1024
"""A parameter with longer JSON is stored as a separate object."""


class AttemptState(StrEnum):
    """How an attempt ended, from its own point of view."""

    RUNNING = "RUNNING"
    """Started; the record of an attempt that was killed, or has the success record, keeps this
    state."""
    SUCCEEDED = "SUCCEEDED"
    CACHED = "CACHED"
    """Succeeded without running: the outputs are those of ``cached_from``."""
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt failed."""

    reason: Reason
    message: str
    """One line: what is wrong and what to do next."""
    exit_code: int | None = None
    """Of the user's command; minus the number of the signal that ended it."""
    final: bool = False
    """No retry can help. Never true of a stopped pod, which may have been evicted."""


class ContentKind(StrEnum):
    """The kind of content at the path of an output artifact."""

    FILE = "file"
    DIRECTORY = "directory"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of an artifact.

    It is compared with what the store says of it before a cache hit is used, and with what arrives
    when it is downloaded.
    """

    kind: ContentKind
    files: int = 0
    """1 for a file, the number of files below a directory, 0 when absent."""
    size_bytes: int = 0
    etag: str | None = None
    """The etag of a file as its store had it; of a directory, the SHA-256 of the sorted paths,
    sizes and etags of its files, as JSON. ``None``: not known, in records of version 1.0."""
    digest: str | None = None
    """Of a file, the SHA-256 of the SHA-256 digests of its blocks of 8 MiB, in hex; of a directory,
    the SHA-256 of the sorted paths, sizes and digests of its files, as JSON. ``None``: not known,
    for local files and in records of version 1.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One stored artifact."""

    name: str
    """The value of ``artifact.name``: the name of the output, or one that the component chose."""
    uri: ArtifactUri
    type: ArtifactType = field(default_factory=ArtifactType)
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    custom_path: str = ""
    content: Content | None = None
    """``None``: unknown, for imported artifacts and for URIs that the task chose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """The inputs or outputs of an attempt, by name."""

    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    artifacts: Mapping[str, tuple[Artifact, ...]] = field(
        default_factory=dict[str, tuple[Artifact, ...]]
    )
    """A single artifact is a tuple of one."""
    large: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameter to the key of the object with its JSON; it is not in ``parameters`` then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """The record of one attempt of a task."""

    run_id: RunId
    pipeline: str
    task_path: TaskPath
    attempt_id: AttemptId
    state: AttemptState
    started_at: datetime
    """Aware, UTC."""
    finished_at: datetime | None = None
    inputs: Values = field(default_factory=Values)
    outputs: Values = field(default_factory=Values)
    log: str | None = None
    """Key of the log below the store's root."""
    fingerprint: str | None = None
    """``None`` when the attempt could not be reused."""
    cached_from: RecordReference | None = None
    basis: str | None = None
    """Digest of the resolved inputs and of the upstream statuses; ``None``: it was not recorded, so
    that a success record is valid whatever they are."""
    failure: Failure | None = None
    version: str = RECORD_VERSION

    @property
    def reference(self) -> RecordReference:
        """A reference to this record, once it is a success record."""
        return RecordReference(
            run_id=self.run_id, task_path=self.task_path, attempt_id=self.attempt_id
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """The tasks at a path and below it that have records."""

    succeeded: frozenset[TaskPath] = frozenset()
    """The tasks with a success record."""
    unfinished: tuple[tuple[TaskPath, AttemptId], ...] = ()
    """The attempts of all other tasks, by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """The newest success record with a fingerprint."""

    fingerprint: str
    pipeline: str
    record: RecordReference
    created_at: datetime
    version: str = RECORD_VERSION
